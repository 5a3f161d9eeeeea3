//! The lease: one holder at a time, a fence that never falls, and a holder that wakes too late changes nothing.
#![allow(clippy::unwrap_used, reason = "a test ends where something is missing")]
#![allow(clippy::print_stdout, reason = "the number of cut points is shown")]

mod support;

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use pforte_host::StoreError;
use pforte_vault::{
    AccountId, GatedKey, Inbox, LeaseNow, LeaseOutcome, MAX_TERM_MS, SlotKind, Vault, VaultError,
};
use support::{Cut, Device, Disk, Then, at, lease, open, seal, unlock};

/// Two processes of one account, both unlocked.
fn siblings() -> (Arc<Device>, (Vault, GatedKey), (Vault, GatedKey)) {
    let device = Device::new();
    let (first, second) = (open(&device), open(&device));
    let key = seal(&first, SlotKind::DeviceOnly, b"old");
    let (second_key, _) = unlock(&second).unwrap();
    (device, (first, key), (second, second_key))
}

fn busy_for(vault: &Vault, now: LeaseNow) -> u64 {
    match vault.take_lease(now, 1_000).unwrap() {
        LeaseOutcome::Busy { retry_after_ms } => retry_after_ms,
        LeaseOutcome::Held(lease) => panic!("free: {lease:?}"),
    }
}

#[test]
fn one_holds_it_until_it_is_given_back() {
    let (_, (first, _), (second, _)) = siblings();
    let held = lease(&first, at(1_000, "boot"));
    assert_eq!(held.ends_elapsed_ms, 31_000);
    first.check_lease(&held).unwrap();
    assert_eq!(busy_for(&second, at(1_500, "boot")), 29_500);
    assert_eq!(busy_for(&first, at(1_500, "boot")), 29_500, "nor is it taken twice by one process");
    first.release_lease(&held).unwrap();
    assert_eq!(first.check_lease(&held).unwrap_err(), VaultError::Superseded);
    let next = lease(&second, at(1_500, "boot"));
    assert!(next.fence > held.fence);
    first.release_lease(&held).unwrap();
    second.check_lease(&next).unwrap();
}

#[test]
fn a_killed_holder_delays_by_no_more_than_the_term() {
    let (_, (first, _), (second, _)) = siblings();
    for (asked_ms, term_ms) in [(0, 0), (1, 1), (30_000, 30_000), (u64::MAX, MAX_TERM_MS)] {
        let boot = format!("boot {asked_ms}");
        let LeaseOutcome::Held(killed) = first.take_lease(at(5_000, &boot), asked_ms).unwrap() else {
            panic!("it was free");
        };
        assert_eq!(killed.ends_elapsed_ms, 5_000 + term_ms);
        if term_ms > 0 {
            assert_eq!(busy_for(&second, at(5_000, &boot)), term_ms);
            assert_eq!(busy_for(&second, at(5_000 + term_ms - 1, &boot)), 1);
        }
        let successor = lease(&second, at(5_000 + term_ms, &boot));
        assert!(successor.fence > killed.fence);
    }
}

#[test]
fn a_holder_that_waits_puts_the_end_off_until_somebody_took_it() {
    let (_, (first, _), (second, _)) = siblings();
    let LeaseOutcome::Held(held) = first.take_lease(at(1_000, "boot"), 10_000).unwrap() else { panic!() };
    first.renew_lease(&held, at(9_000, "boot"), 10_000).unwrap();
    assert_eq!(busy_for(&second, at(12_000, "boot")), 7_000, "longer than its first term");
    first.renew_lease(&held, at(12_000, "boot"), u64::MAX).unwrap();
    assert_eq!(busy_for(&second, at(12_000, "boot")), MAX_TERM_MS, "and never for longer than a term may be");
    let successor = lease(&second, at(12_000 + MAX_TERM_MS, "boot"));
    assert!(successor.fence > held.fence);
    let late = first.renew_lease(&held, at(12_000 + MAX_TERM_MS, "boot"), 10_000);
    assert_eq!(late.unwrap_err(), VaultError::Superseded);
    second.check_lease(&successor).unwrap();
}

#[test]
fn a_holder_of_another_boot_is_gone() {
    let (_, (first, _), (second, _)) = siblings();
    let before = lease(&first, at(9_000_000, "before"));
    let after = lease(&second, at(10, "after"));
    assert!(after.fence > before.fence);
    assert_eq!(first.check_lease(&before).unwrap_err(), VaultError::Superseded);
}

/// Suspended under the lease, woken after somebody else has taken it.
#[test]
fn a_suspended_holder_can_not_overwrite_its_successor() {
    let (device, (first, key), (second, second_key)) = siblings();
    let suspended = lease(&first, at(1_000, "boot"));
    let intent = first.open_intent_fenced(&key, &suspended).unwrap();

    let successor = lease(&second, at(31_000, "boot"));
    let refused_everywhere = || {
        let before = device.disk();
        let late = [
            first.check_lease(&suspended).err(),
            first.write_gated_fenced(&key, &suspended, b"late").err(),
            first.open_intent_fenced(&key, &suspended).err(),
            first.close_intent_fenced(&key, &suspended, &intent, b"late").err(),
            first.put_inbox_fenced(&suspended, &intent, b"late").err(),
            first
                .rekey_gated(&key, &suspended, first.prepare_slot(SlotKind::DeviceOnly).unwrap(), None)
                .err(),
        ];
        assert_eq!(late, [const { Some(VaultError::Superseded) }; 6]);
        first.release_lease(&suspended).unwrap();
        assert_eq!(device.disk().files, before.files, "nothing was changed");
        assert_eq!(device.disk().secrets["a.anchor"], before.secrets["a.anchor"]);
    };
    refused_everywhere();
    second.read_gated(&second_key).unwrap();
    let newer = second.open_intent_fenced(&second_key, &successor).unwrap();
    refused_everywhere();
    second.close_intent_fenced(&second_key, &successor, &newer, b"newest").unwrap();
    refused_everywhere();
    second.release_lease(&successor).unwrap();
    refused_everywhere();
    assert_eq!(unlock(&second).unwrap().1, b"newest");
}

/// The term decides who may try, the fence who may write: what a slow refresh brought is kept if nobody else began one.
#[test]
fn a_holder_whose_term_is_over_still_writes_while_nobody_took_it() {
    let (_, (first, key), (second, _)) = siblings();
    let LeaseOutcome::Held(over) = first.take_lease(at(1_000, "boot"), 0).unwrap() else {
        panic!("it was free");
    };
    let intent = first.open_intent_fenced(&key, &over).unwrap();
    first.close_intent_fenced(&key, &over, &intent, b"rotated").unwrap();
    assert_eq!(unlock(&second).unwrap().1, b"rotated");
}

#[test]
fn a_lost_lease_file_costs_no_token_and_lowers_no_fence() {
    let (device, (first, key), (second, second_key)) = siblings();
    for damage in [None, Some(Vec::new()), Some(vec![7; 120]), Some(vec![7; 1 << 20])] {
        first.read_gated(&key).unwrap();
        let held = lease(&first, at(1_000, "boot"));
        let lose = || match damage.clone() {
            None => device.change(|disk| drop(disk.files.remove("a.lease"))),
            Some(bytes) => device.put("a.lease", bytes),
        };
        lose();
        first.write_gated_fenced(&key, &held, b"kept").unwrap();
        assert_eq!(unlock(&second).unwrap().1, b"kept");

        // The number comes from the anchor; without it, from the gated header.
        lose();
        let by_anchor = lease(&second, at(1_000, "boot"));
        assert!(by_anchor.fence > held.fence);
        assert_eq!(first.write_gated_fenced(&key, &held, b"late").unwrap_err(), VaultError::Superseded);
        second.read_gated(&second_key).unwrap();
        second.write_gated_fenced(&second_key, &by_anchor, b"newer").unwrap();
        lose();
        device.change(|disk| drop(disk.secrets.remove("a.anchor")));
        let by_header = lease(&second, at(1_000, "boot"));
        assert!(by_header.fence > by_anchor.fence, "{} {}", by_header.fence, by_anchor.fence);
        second.release_lease(&by_header).unwrap();
    }
    assert_eq!(
        device.disk().files.keys().filter(|name| name.starts_with("a.lease.damaged-")).count(),
        9,
        "what was damaged is set aside each time"
    );
}

/// Whatever is cut while leases are taken, given back and written under, and whatever becomes of the lease file: no
/// fencing number is handed out twice or falls.
#[test]
fn the_fence_rises_whatever_is_cut() {
    type Loss = fn(&mut Disk);
    let losses: [Loss; 4] = [
        |_| {},
        |disk| drop(disk.files.remove("a.lease")),
        |disk| drop(disk.files.insert("a.lease".to_owned(), b"damaged".to_vec())),
        |disk| drop(disk.secrets.remove("a.anchor")),
    ];
    let mut cuts = 0;
    for (loss, then, cut) in losses
        .into_iter()
        .flat_map(|loss| [Then::Death, Then::Recovery].map(|then| (loss, then)))
        .flat_map(|(loss, then)| Cut::ALL.map(|cut| (loss, then, cut)))
    {
        for operation in 0.. {
            let (device, (vault, key), _) = siblings();
            let mut handed_out = vec![lease(&vault, at(0, "boot 0")).fence];
            device.cut_at(operation, cut, then);
            let mut go_on = || -> Result<(), VaultError> {
                for boot in ["boot 1", "boot 2"] {
                    if let LeaseOutcome::Held(held) = vault.take_lease(at(0, boot), 1_000)? {
                        handed_out.push(held.fence);
                        vault.write_gated_fenced(&key, &held, b"new")?;
                        vault.release_lease(&held)?;
                    }
                }
                Ok(())
            };
            let answer = go_on();
            if !device.was_cut() {
                break;
            }
            cuts += 1;
            let mut disk = device.after_power_loss();
            loss(&mut disk);
            let restarted = Device::with(disk);
            handed_out.push(lease(&open(&restarted), at(0, "boot 3")).fence);
            assert!(
                handed_out.is_sorted_by(|a, b| a < b),
                "{then:?} {cut:?} {operation}: {answer:?} {handed_out:?}"
            );
        }
    }
    println!("{cuts:5} cut points of the lease");
}

#[test]
fn holders_are_told_apart_even_if_a_number_came_twice() {
    let (device, (first, key), (second, _)) = siblings();
    let before = device.disk();
    let held = lease(&first, at(1_000, "boot"));
    device.change(|disk| *disk = before);
    let twin = lease(&second, at(1_000, "boot"));
    assert_eq!(held.fence, twin.fence, "everything was put back");
    assert_eq!(first.check_lease(&held).unwrap_err(), VaultError::Superseded);
    assert_eq!(first.write_gated_fenced(&key, &held, b"late").unwrap_err(), VaultError::Superseded);
}

#[test]
fn a_lease_of_another_account_is_not_taken_for_one() {
    let (device, (first, key), _) = siblings();
    let other = Vault::open(&AccountId::new("b").unwrap(), device.clone(), device.clone()).unwrap();
    other.write_open(b"there").unwrap();
    let foreign = lease(&other, at(1_000, "boot"));
    let held = lease(&first, at(1_000, "boot"));
    assert_eq!(first.write_gated_fenced(&key, &foreign, b"x").unwrap_err(), VaultError::Superseded);
    device.put("a.lease", device.file("b.lease"));
    first.check_lease(&held).unwrap();
    assert!(device.is_set_aside("a.lease"), "a file from elsewhere hands out nothing");
}

#[test]
fn a_newer_lease_file_is_left_untouched() {
    let (device, (first, key), _) = siblings();
    let held = lease(&first, at(1_000, "boot"));
    device.change(|disk| disk.files.get_mut("a.lease").unwrap()[6] = 2);
    let newer = device.disk();
    let unknown = |error| matches!(error, VaultError::UnknownVersion { version: 2, .. });
    assert!(unknown(first.take_lease(at(9_000_000, "boot"), 1).unwrap_err()));
    assert!(unknown(first.check_lease(&held).unwrap_err()));
    assert!(unknown(first.release_lease(&held).unwrap_err()));
    assert!(unknown(first.write_gated_fenced(&key, &held, b"x").unwrap_err()));
    assert_eq!(device.disk(), newer);
}

#[test]
fn a_number_that_can_not_be_noted_is_not_handed_out() {
    let (device, (first, key), (second, _)) = siblings();
    device.make_store_read_only(true);
    assert!(matches!(first.take_lease(at(1_000, "boot"), 1_000), Err(VaultError::Storage { .. })));
    device.make_store_read_only(false);
    let next = lease(&second, at(1_000, "boot"));
    second.release_lease(&next).unwrap();
    device.fail_store(Some(StoreError::NotNow { reason: "locked".to_owned() }));
    assert!(matches!(first.take_lease(at(1_000, "boot"), 1_000), Err(VaultError::NotNow { .. })));
    assert!(matches!(first.check_lease(&next), Err(VaultError::NotNow { .. })));
    assert!(matches!(first.write_gated_fenced(&key, &next, b"x"), Err(VaultError::NotNow { .. })));
    device.fail_store(None);
    lease(&first, at(1_000, "boot"));
}

#[test]
fn a_lease_does_not_outlive_its_account() {
    let (_, (first, key), (second, _)) = siblings();
    let held = lease(&first, at(1_000, "boot"));
    let intent = first.open_intent_fenced(&key, &held).unwrap();
    second.destroy().unwrap();
    assert_eq!(first.check_lease(&held).unwrap_err(), VaultError::Superseded);
    assert_eq!(first.take_lease(at(1_000, "boot"), 1).unwrap_err(), VaultError::Superseded);
    assert_eq!(first.put_inbox_fenced(&held, &intent, b"late").unwrap_err(), VaultError::Superseded);
    first.release_lease(&held).unwrap();

    let key = seal(&second, SlotKind::DeviceOnly, b"somebody new");
    assert_eq!(first.write_gated_fenced(&key, &held, b"late").unwrap_err(), VaultError::Superseded);
    assert_eq!(unlock(&second).unwrap().1, b"somebody new");
}

/// Logged out while the refresh was under way: what it brings comes too late, whoever holds the lease.
#[test]
fn logout_wins_over_a_holder() {
    let (_, (first, key), (second, _)) = siblings();
    let held = lease(&first, at(1_000, "boot"));
    let intent = first.open_intent_fenced(&key, &held).unwrap();
    second.drop_gated().unwrap();
    first.check_lease(&held).unwrap();
    let late = first.close_intent_fenced(&key, &held, &intent, b"late");
    assert_eq!(late.unwrap_err(), VaultError::Superseded);
    assert_eq!(first.put_inbox_fenced(&held, &intent, b"late").unwrap_err(), VaultError::Superseded);
}

#[test]
fn a_rotation_under_the_lease_waits_in_the_inbox() {
    let (_, (first, key), (second, second_key)) = siblings();
    let held = lease(&first, at(1_000, "boot"));
    let intent = first.open_intent_fenced(&key, &held).unwrap();
    drop(key);
    first.put_inbox_fenced(&held, &intent, b"rotated").unwrap();
    first.release_lease(&held).unwrap();

    let next = lease(&second, at(2_000, "boot"));
    second.read_gated(&second_key).unwrap();
    assert_eq!(
        second.open_intent_fenced(&second_key, &next).unwrap_err(),
        VaultError::Stale,
        "take it first"
    );
    let Inbox::Arrived { intent, content } = second.take_inbox(&second_key).unwrap() else {
        panic!("nothing arrived");
    };
    second.close_intent_fenced(&second_key, &next, &intent, &content).unwrap();
    assert_eq!(unlock(&second).unwrap().1, b"rotated");
}

/// Two processes with fifty threads each. Whoever holds the lease is alone, and every number is given out once.
#[test]
fn among_a_hundred_threads_one_holds_it() {
    const THREADS: usize = 50;
    let (_, (first, _), (second, _)) = siblings();
    let (inside, turns) = (AtomicBool::new(false), AtomicUsize::new(0));
    let fences = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for vault in [&first, &second] {
            for _ in 0..THREADS {
                scope.spawn(|| {
                    loop {
                        match vault.take_lease(at(1_000, "boot"), 1_000).unwrap() {
                            LeaseOutcome::Busy { .. } => std::thread::yield_now(),
                            LeaseOutcome::Held(held) => {
                                assert!(!inside.swap(true, Ordering::SeqCst), "two are inside");
                                fences.lock().unwrap().push(held.fence);
                                turns.fetch_add(1, Ordering::SeqCst);
                                vault.check_lease(&held).unwrap();
                                assert!(inside.swap(false, Ordering::SeqCst));
                                vault.release_lease(&held).unwrap();
                                break;
                            }
                        }
                    }
                });
            }
        }
    });
    assert_eq!(turns.into_inner(), 2 * THREADS);
    let fences = fences.into_inner().unwrap();
    assert!(fences.is_sorted_by(|a, b| a < b), "{fences:?}");
}
