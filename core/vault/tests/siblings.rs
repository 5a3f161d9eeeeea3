//! Two processes on one account: each sees what the other wrote, nobody overwrites what they have not read, and the
//! gate is turned on, off and upgraded under the lease.
#![allow(clippy::unwrap_used, reason = "a test ends where something is missing")]

mod support;

use std::sync::Arc;

use pforte_vault::{GateState, GatedKey, Inbox, Log, NewSlot, SlotInfo, SlotKind, Vault, VaultError};
use support::{Device, at, lease, open, seal, slots, unlock, unwrap, wrap};

fn siblings(kind: SlotKind) -> (Arc<Device>, (Vault, GatedKey), (Vault, GatedKey)) {
    let device = Device::new();
    let (first, second) = (open(&device), open(&device));
    let key = seal(&first, kind, b"old");
    let (second_key, _) = unlock(&second).unwrap();
    (device, (first, key), (second, second_key))
}

fn prepared(vault: &Vault, kind: SlotKind) -> (NewSlot, Option<Vec<u8>>) {
    let slot = vault.prepare_slot(kind).unwrap();
    let wrapped = slot.secret().map(wrap);
    (slot, wrapped)
}

#[test]
fn a_sibling_sees_everything_on_its_next_call() {
    let (_, (first, key), (second, second_key)) = siblings(SlotKind::DeviceOnly);
    for content in [b"one".as_slice(), b"two"] {
        first.write_open(content).unwrap();
        assert_eq!(second.read_open().unwrap().unwrap().as_slice(), content);
        first.write_gated(&key, content).unwrap();
        assert_eq!(second.read_gated(&second_key).unwrap().as_slice(), content);
        for log in [Log::Ledger, Log::Outbox] {
            first.append(log, content).unwrap();
            second.append(log, b"from the sibling").unwrap();
            let head = second.log_head(log).unwrap();
            assert_eq!(first.log_head(log).unwrap(), head);
            assert_eq!(first.read_log(log).unwrap(), second.read_log(log).unwrap());
        }
    }
    assert_eq!(first.read_log(Log::Ledger).unwrap().len(), 4);
    second.destroy().unwrap();
    assert_eq!(first.read_open().unwrap(), None);
    assert_eq!(first.gate().unwrap(), GateState::None);
    assert_eq!(first.read_gated(&key).unwrap_err(), VaultError::Superseded);
}

#[test]
fn a_write_is_made_over_what_was_read_only() {
    let (_, (first, key), (second, second_key)) = siblings(SlotKind::DeviceOnly);
    let seen = first.gated_generation().unwrap();
    second.write_gated(&second_key, b"newer").unwrap();
    assert!(first.gated_generation().unwrap() > seen, "it can be seen cheaply");
    assert_eq!(first.write_gated(&key, b"blind").unwrap_err(), VaultError::Stale);
    assert_eq!(first.open_intent(&key).unwrap_err(), VaultError::Stale);
    let held = lease(&first, at(0, "boot"));
    assert_eq!(first.write_gated_fenced(&key, &held, b"blind").unwrap_err(), VaultError::Stale);
    assert_eq!(first.open_intent_fenced(&key, &held).unwrap_err(), VaultError::Stale);
    let (slot, wrapped) = prepared(&first, SlotKind::Biometric);
    assert_eq!(first.rekey_gated(&key, &held, slot, wrapped).unwrap_err(), VaultError::Stale);
    assert_eq!(first.read_gated(&key).unwrap().as_slice(), b"newer");
    first.write_gated_fenced(&key, &held, b"newest").unwrap();
    assert_eq!(second.read_gated(&second_key).unwrap().as_slice(), b"newest");
}

#[test]
fn there_is_no_generation_without_a_gated_file() {
    let device = Device::new();
    let vault = open(&device);
    assert_eq!(vault.gated_generation().unwrap(), None);
    seal(&vault, SlotKind::DeviceOnly, b"tokens");
    assert_eq!(vault.gated_generation().unwrap(), Some(1));
    device.put("a.gated", b"rubbish".to_vec());
    assert_eq!(vault.gated_generation().unwrap(), None, "a hint, that judges nothing");
    assert!(!device.is_set_aside("a.gated"));
}

/// A sibling that holds no lease saves a profile while the refresh is under way: neither of the two is lost.
#[test]
fn what_a_sibling_wrote_during_a_refresh_is_not_lost() {
    let (_, (first, key), (second, second_key)) = siblings(SlotKind::DeviceOnly);
    let held = lease(&first, at(0, "boot"));
    let intent = first.open_intent_fenced(&key, &held).unwrap();
    second.read_gated(&second_key).unwrap();
    second.write_gated(&second_key, b"profile").unwrap();
    let blind = first.close_intent_fenced(&key, &held, &intent, b"rotated");
    assert_eq!(blind.unwrap_err(), VaultError::Stale);
    let profile = first.read_gated(&key).unwrap().to_vec();
    let both = [profile.as_slice(), b" and rotated"].concat();
    first.close_intent_fenced(&key, &held, &intent, &both).unwrap();
    assert_eq!(second.read_gated(&second_key).unwrap().as_slice(), b"profile and rotated");
}

/// The loop of a caller that does it right, in two processes at once: every write is there.
#[test]
fn no_write_is_lost_among_threads_that_read_again() {
    const WRITES: usize = 40;
    let (_, first, second) = siblings(SlotKind::DeviceOnly);
    first.0.write_gated(&first.1, b"").unwrap();
    std::thread::scope(|scope| {
        for (vault, key) in [&first, &second] {
            scope.spawn(move || {
                for _ in 0..WRITES {
                    loop {
                        let longer = [vault.read_gated(key).unwrap().as_slice(), b"x"].concat();
                        match vault.write_gated(key, &longer) {
                            Ok(()) => break,
                            Err(VaultError::Stale) => {}
                            Err(error) => panic!("{error}"),
                        }
                    }
                }
            });
        }
    });
    assert_eq!(first.0.read_gated(&first.1).unwrap().len(), 2 * WRITES);
}

#[test]
fn the_gate_is_turned_on_and_off_with_everything_new() {
    let (device, (first, mut key), (second, second_key)) = siblings(SlotKind::DeviceOnly);
    let mut seen = Vec::new();
    for (kind, elapsed_ms) in [(SlotKind::Biometric, 0), (SlotKind::DeviceOnly, 1), (SlotKind::Biometric, 2)]
    {
        let before = (device.file("a.gated"), slots(&first)[0].clone());
        let held = lease(&first, at(elapsed_ms, "boot"));
        let (slot, wrapped) = prepared(&first, kind);
        let new_key = first.rekey_gated(&key, &held, slot, wrapped).unwrap();
        first.release_lease(&held).unwrap();
        assert_eq!(first.write_gated(&key, b"late").unwrap_err(), VaultError::Superseded);
        key = new_key;
        assert_eq!(first.read_gated(&key).unwrap().as_slice(), b"old", "the content stays");
        assert_eq!(slots(&first).iter().map(|slot| slot.kind).collect::<Vec<_>>(), [kind]);
        assert_eq!(unlock(&second).unwrap().1, b"old");

        let (vault_id, device_secret) =
            (device.file("a.gated")[24..40].to_vec(), device.disk().secrets["a.keys"][66..98].to_vec());
        assert!(!seen.contains(&vault_id) && !seen.contains(&device_secret));
        seen.extend([vault_id, device_secret]);

        // The file from before, put back, opens nothing: its device secret is gone.
        let now = device.file("a.gated");
        device.put("a.gated", before.0);
        let refused = second.unlock(&before.1.id, unwrap(&before.1)).unwrap_err();
        assert!(matches!(refused, VaultError::Corrupt { .. }), "{refused}");
        device.put("a.gated", now);
    }
    assert_eq!(second.read_gated(&second_key).unwrap_err(), VaultError::Superseded);
}

/// The gate turned on between a refresh that was killed and the one that tries again: that it is to be tried is not
/// forgotten, and the killed one's key writes nothing any more.
#[test]
fn an_open_intent_outlives_a_change_of_the_gate() {
    let (device, (first, key), _) = siblings(SlotKind::DeviceOnly);
    let killed = lease(&first, at(0, "before"));
    let intent = first.open_intent_fenced(&key, &killed).unwrap();
    let held = lease(&first, at(0, "after"));
    let (slot, wrapped) = prepared(&first, SlotKind::Biometric);
    let key = first.rekey_gated(&key, &held, slot, wrapped).unwrap();
    assert!(first.intent_is_open().unwrap());
    assert_eq!(first.put_inbox(&intent, b"late").unwrap_err(), VaultError::Superseded);
    assert!(matches!(first.take_inbox(&key).unwrap(), Inbox::Empty));
    assert!(!device.is_set_aside("a.inbox"));
}

#[test]
fn a_rotation_that_waits_is_taken_before_the_gate_is_changed() {
    let (_, (first, key), _) = siblings(SlotKind::DeviceOnly);
    let held = lease(&first, at(0, "boot"));
    let intent = first.open_intent_fenced(&key, &held).unwrap();
    first.put_inbox_fenced(&held, &intent, b"rotated").unwrap();
    let (slot, wrapped) = prepared(&first, SlotKind::Biometric);
    assert_eq!(first.rekey_gated(&key, &held, slot, wrapped).unwrap_err(), VaultError::Stale);
    let Inbox::Arrived { intent, content } = first.take_inbox(&key).unwrap() else { panic!("nothing there") };
    first.close_intent_fenced(&key, &held, &intent, &content).unwrap();
    let (slot, wrapped) = prepared(&first, SlotKind::Biometric);
    first.rekey_gated(&key, &held, slot, wrapped).unwrap();
    assert_eq!(unlock(&first).unwrap().1, b"rotated");
}

/// Somebody without biometrics went on with a device-only slot and enrols later. A copy of the storage from before,
/// with all its secrets, opens nothing that was written after.
#[test]
fn a_device_only_slot_is_upgraded_to_a_gate_key() {
    let (device, (first, key), _) = siblings(SlotKind::DeviceOnly);
    let copied_before = device.disk();
    let held = lease(&first, at(0, "boot"));
    let (slot, wrapped) = prepared(&first, SlotKind::Biometric);
    let key = first.rekey_gated(&key, &held, slot, wrapped).unwrap();
    first.write_gated(&key, b"written behind the gate").unwrap();

    let thief = Device::with(copied_before.clone());
    assert_eq!(unlock(&open(&thief)).unwrap().1, b"old", "what was not gated then was readable then");
    let mut both = copied_before;
    both.files.insert("a.gated".to_owned(), device.file("a.gated"));
    let thief = Device::with(both.clone());
    assert!(matches!(open(&thief).gate(), Err(VaultError::Corrupt { .. })), "with the secrets from before");
    both.secrets = device.disk().secrets;
    let thief = Device::with(both);
    let vault = open(&thief);
    let slot = slots(&vault)[0].clone();
    assert_eq!(vault.unlock(&slot.id, None).unwrap_err(), VaultError::WrongSecret, "with all of them");
}

/// A second slot that survives a new enrolment: each opens the same content, and losing one costs nothing.
#[test]
fn the_devices_own_credential_is_an_opt_in_second_way_in() {
    let (_, (first, key), (second, _)) = siblings(SlotKind::Biometric);
    let (slot, wrapped) = prepared(&first, SlotKind::DeviceCredential);
    first.add_slot(&key, slot, wrapped).unwrap();
    let [biometric, credential]: [SlotInfo; 2] = slots(&second).try_into().unwrap();
    assert_eq!([biometric.kind, credential.kind], [SlotKind::Biometric, SlotKind::DeviceCredential]);
    assert_ne!(biometric.alias, credential.alias);
    assert_ne!(unwrap(&biometric).unwrap().expose(), unwrap(&credential).unwrap().expose());
    let wrong = second.unlock(&credential.id, unwrap(&biometric));
    assert_eq!(wrong.unwrap_err(), VaultError::WrongSecret);

    // The finger's key is lost: in by the credential, and a new finger takes the place of the old one.
    let (key, content) = second.unlock(&credential.id, unwrap(&credential)).unwrap();
    assert_eq!(content.as_slice(), b"old");
    let (slot, wrapped) = prepared(&second, SlotKind::Biometric);
    second.replace_slot(&key, &biometric.id, slot, wrapped).unwrap();
    assert_eq!(
        slots(&first).iter().map(|slot| slot.kind).collect::<Vec<_>>(),
        [SlotKind::Biometric, SlotKind::DeviceCredential]
    );
    for slot in slots(&first) {
        assert_eq!(first.unlock(&slot.id, unwrap(&slot)).unwrap().1.as_slice(), b"old");
    }
    second.remove_slot(&key, &credential.id).unwrap();
    assert_eq!(slots(&first).len(), 1);
}

/// While one process makes a new gated file, another unlocks the old one: it leaves the successor's secret alone.
#[test]
fn an_unlock_beside_a_change_of_the_gate_costs_no_secret() {
    let device = Device::new();
    let vault = open(&device);
    let key = seal(&vault, SlotKind::Biometric, b"tokens");
    let held = lease(&vault, at(0, "boot"));
    let (old_file, old_keys) = (device.file("a.gated"), device.disk().secrets["a.keys"].clone());
    let (slot, wrapped) = prepared(&vault, SlotKind::Biometric);
    vault.rekey_gated(&key, &held, slot, wrapped).unwrap();
    let (new_file, new_keys) = (device.file("a.gated"), device.disk().secrets["a.keys"].clone());

    // As it lies there in the middle: both secrets, and the file from before. The anchor is not raised yet.
    let mut both = old_keys.clone();
    both[49] = 2;
    both.extend_from_slice(&new_keys[50..98]);
    device.change(|disk| {
        disk.secrets.insert("a.keys".to_owned(), both.clone());
        disk.secrets.remove("a.anchor");
        disk.files.insert("a.gated".to_owned(), old_file);
    });
    unlock(&open(&device)).unwrap();
    assert_eq!(device.disk().secrets["a.keys"], both);
    device.put("a.gated", new_file);
    assert_eq!(unlock(&open(&device)).unwrap().1, b"tokens");
    assert_eq!(device.disk().secrets["a.keys"], new_keys, "and the old one is gone");
}
