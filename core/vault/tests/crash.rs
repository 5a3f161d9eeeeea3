//! The process ends, or one operation fails, at every step of every call: what is found afterwards is the old state or
//! the new one.
#![allow(clippy::unwrap_used, reason = "a test ends where something is missing")]
#![allow(clippy::print_stdout, reason = "the number of cut points is shown")]

mod support;

use std::sync::Arc;

use pforte_vault::{
    GateState, GatedKey, Inbox, IntentKey, Lease, LeaseOutcome, Log, SlotKind, Vault, VaultError,
};
use support::{Cut, Device, Disk, Then, account, at, lease, open, seal, slots, unlock, unwrap, wrap};

/// All a person would find after the next start: the gated content with what waited in the inbox merged.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Found {
    open: Option<Vec<u8>>,
    gated: Option<Vec<u8>>,
    /// What opens it: nothing that was behind a gate is ever found without one.
    slots: Vec<SlotKind>,
    ledger: Vec<Vec<u8>>,
}

fn found(disk: Disk) -> Found {
    let device = Device::with(disk);
    let vault = open(&device);
    let slots = slots(&vault);
    let mut gated = None;
    for slot in &slots {
        if slot.kind != SlotKind::DeviceOnly {
            assert_eq!(vault.unlock(&slot.id, None).unwrap_err(), VaultError::WrongSecret);
        }
        let (key, content) = vault.unlock(&slot.id, unwrap(slot)).unwrap();
        gated = Some(match vault.take_inbox(&key).unwrap() {
            Inbox::Arrived { content, .. } => content.to_vec(),
            Inbox::Empty => content.to_vec(),
            Inbox::Refused => panic!("nobody else wrote here"),
        });
    }
    let aside = device.disk().files.into_keys().find(|name| name.contains("damaged"));
    assert_eq!(aside, None, "a crash never looks like damage");
    Found {
        open: vault.read_open().unwrap().map(|content| content.to_vec()),
        gated,
        slots: slots.iter().map(|slot| slot.kind).collect(),
        ledger: vault.read_log(Log::Ledger).unwrap(),
    }
}

/// What was in memory before the call.
struct Memory {
    vault: Vault,
    key: Option<GatedKey>,
    intent: Option<IntentKey>,
    lease: Option<Lease>,
}

type Prepare = fn(Vault) -> Memory;
type Step = fn(&Memory) -> Result<(), VaultError>;
type Case = (&'static str, Prepare, Step, Found);

/// Cuts `step` at every operation in every way. `prepare` brings the device to the state before.
fn cut_everywhere(prepare: Prepare, step: Step, new: &Found) -> usize {
    let prepared = || {
        let device = Device::new();
        let memory = prepare(open(&device));
        (device, memory)
    };
    let (device, memory) = prepared();
    let old = found(device.disk());
    step(&memory).unwrap();
    assert_eq!(found(device.disk()), *new);

    let mut cuts = 0;
    for then in [Then::Death, Then::Recovery] {
        for cut in Cut::ALL {
            for operation in 0.. {
                let (device, memory) = prepared();
                device.cut_at(operation, cut, then);
                let answer = step(&memory);
                if !device.was_cut() {
                    break;
                }
                cuts += 1;
                let after = found(device.after_power_loss());
                let place = format!("{then:?}, {cut:?}, operation {operation}: {answer:?}");
                if answer.is_ok() {
                    assert_eq!(after, *new, "{place}: what was confirmed is there");
                } else {
                    assert!(after == old || after == *new, "{place}: {after:?}");
                }
            }
        }
    }
    cuts
}

/// The state of somebody signed in, with everything on the device.
fn signed_in(vault: Vault) -> Memory {
    vault.write_open(b"open").unwrap();
    vault.append(Log::Ledger, b"grant").unwrap();
    let key = seal(&vault, SlotKind::Biometric, b"tokens");
    Memory { vault, key: Some(key), intent: None, lease: None }
}

fn refreshing(vault: Vault) -> Memory {
    let memory = signed_in(vault);
    let intent = memory.vault.open_intent(memory.key.as_ref().unwrap()).unwrap();
    Memory { intent: Some(intent), ..memory }
}

fn arrived_while_locked(vault: Vault) -> Memory {
    let memory = refreshing(vault);
    memory.vault.put_inbox(memory.intent.as_ref().unwrap(), b"rotated").unwrap();
    memory
}

/// Somebody who went on without a gate, and holds the lease.
fn on_device(vault: Vault) -> Memory {
    vault.write_open(b"open").unwrap();
    vault.append(Log::Ledger, b"grant").unwrap();
    let key = seal(&vault, SlotKind::DeviceOnly, b"tokens");
    let held = lease(&vault, at(1_000, "boot"));
    Memory { vault, key: Some(key), intent: None, lease: Some(held) }
}

/// A refresh before this one was killed: its intent is still open.
fn on_device_after_a_kill(vault: Vault) -> Memory {
    let memory = on_device(vault);
    let intent = memory.vault.open_intent_fenced(memory.key(), memory.lease()).unwrap();
    Memory { intent: Some(intent), ..memory }
}

fn refreshing_under_a_lease(vault: Vault) -> Memory {
    let memory = signed_in(vault);
    let held = lease(&memory.vault, at(1_000, "boot"));
    let intent = memory.vault.open_intent_fenced(memory.key(), &held).unwrap();
    Memory { intent: Some(intent), lease: Some(held), ..memory }
}

fn nobody(vault: Vault) -> Memory {
    Memory { vault, key: None, intent: None, lease: None }
}

impl Memory {
    fn key(&self) -> &GatedKey {
        self.key.as_ref().unwrap()
    }

    fn intent(&self) -> &IntentKey {
        self.intent.as_ref().unwrap()
    }

    fn lease(&self) -> &Lease {
        self.lease.as_ref().unwrap()
    }

    fn take_lease(&self) -> Result<Lease, VaultError> {
        match self.vault.take_lease(at(1_000, "boot"), 30_000)? {
            LeaseOutcome::Held(lease) => Ok(lease),
            LeaseOutcome::Busy { .. } => Err(VaultError::Stale),
        }
    }

    fn rekey(&self, kind: SlotKind) -> Result<(), VaultError> {
        let slot = self.vault.prepare_slot(kind)?;
        let wrapped = slot.secret().map(wrap);
        self.vault.rekey_gated(self.key(), self.lease(), slot, wrapped).map(drop)
    }

    /// As `seal`, but with an error instead of a panic.
    fn create(&self, kind: SlotKind, content: &[u8]) -> Result<(), VaultError> {
        let slot = self.vault.prepare_slot(kind)?;
        let wrapped = slot.secret().map(wrap);
        self.vault.create_gated(slot, wrapped, content).map(drop)
    }
}

#[test]
fn old_or_new_whatever_is_cut() {
    let nothing = Found { open: None, gated: None, slots: Vec::new(), ledger: Vec::new() };
    let all = Found {
        open: Some(b"open".to_vec()),
        gated: Some(b"tokens".to_vec()),
        slots: vec![SlotKind::Biometric],
        ledger: vec![b"grant".to_vec()],
    };
    let gated = |content: &[u8]| Found { gated: Some(content.to_vec()), ..all.clone() };
    let ledger = |records: &[&[u8]]| Found {
        ledger: records.iter().map(|record| record.to_vec()).collect(),
        ..all.clone()
    };
    let cases: [Case; 28] = [
        (
            "the first open file",
            nobody,
            |at| at.vault.write_open(b"open"),
            Found { open: Some(b"open".to_vec()), ..nothing.clone() },
        ),
        (
            "the first sealing",
            nobody,
            |at| at.create(SlotKind::Biometric, b"tokens"),
            Found { gated: Some(b"tokens".to_vec()), slots: vec![SlotKind::Biometric], ..nothing.clone() },
        ),
        (
            "the first record",
            nobody,
            |at| at.vault.append(Log::Ledger, b"grant"),
            Found { ledger: vec![b"grant".to_vec()], ..nothing.clone() },
        ),
        (
            "the open file",
            signed_in,
            |at| at.vault.write_open(b"new"),
            Found { open: Some(b"new".to_vec()), ..all.clone() },
        ),
        ("the gated file", signed_in, |at| at.vault.write_gated(at.key(), b"new"), gated(b"new")),
        (
            "another session, without a gate",
            signed_in,
            |at| at.create(SlotKind::DeviceOnly, b"new"),
            Found { slots: vec![SlotKind::DeviceOnly], ..gated(b"new") },
        ),
        ("an unlock", signed_in, |at| unlock(&at.vault).map(drop), all.clone()),
        (
            "another slot",
            signed_in,
            |at| at.vault.add_slot(at.key(), at.vault.prepare_slot(SlotKind::DeviceOnly)?, None),
            Found { slots: vec![SlotKind::Biometric, SlotKind::DeviceOnly], ..all.clone() },
        ),
        (
            "a rotated slot",
            signed_in,
            |at| {
                let GateState::Sealed { slots } = at.vault.gate()? else {
                    return Err(VaultError::Superseded);
                };
                let slot = at.vault.prepare_slot(SlotKind::Biometric)?;
                let wrapped = slot.secret().map(wrap);
                at.vault.replace_slot(at.key(), &slots[0].id, slot, wrapped)
            },
            all.clone(),
        ),
        ("an intent", signed_in, |at| at.vault.open_intent(at.key()).map(drop), all.clone()),
        (
            "a rotation while unlocked",
            refreshing,
            |at| at.vault.close_intent(at.key(), at.intent(), b"rotated"),
            gated(b"rotated"),
        ),
        (
            "a rotation while locked",
            refreshing,
            |at| at.vault.put_inbox(at.intent(), b"rotated"),
            gated(b"rotated"),
        ),
        ("a lease taken", signed_in, |at| at.take_lease().map(drop), all.clone()),
        (
            "a lease given back",
            refreshing_under_a_lease,
            |at| at.vault.release_lease(at.lease()),
            all.clone(),
        ),
        (
            "a write under a lease",
            refreshing_under_a_lease,
            |at| at.vault.write_gated_fenced(at.key(), at.lease(), b"new"),
            gated(b"new"),
        ),
        (
            "a whole refresh while unlocked",
            signed_in,
            |at| {
                let held = at.take_lease()?;
                let intent = at.vault.open_intent_fenced(at.key(), &held)?;
                at.vault.close_intent_fenced(at.key(), &held, &intent, b"rotated")?;
                at.vault.release_lease(&held)
            },
            gated(b"rotated"),
        ),
        (
            "a whole refresh that ends while locked",
            signed_in,
            |at| {
                let held = at.take_lease()?;
                let intent = at.vault.open_intent_fenced(at.key(), &held)?;
                at.vault.put_inbox_fenced(&held, &intent, b"rotated")?;
                at.vault.release_lease(&held)
            },
            gated(b"rotated"),
        ),
        ("the gate turned on", on_device, |at| at.rekey(SlotKind::Biometric), all.clone()),
        (
            "the keys made anew without a gate",
            on_device,
            |at| at.rekey(SlotKind::DeviceOnly),
            Found { slots: vec![SlotKind::DeviceOnly], ..all.clone() },
        ),
        (
            "the gate turned on while an intent is open",
            on_device_after_a_kill,
            |at| at.rekey(SlotKind::Biometric),
            all.clone(),
        ),
        (
            "an opt-in slot for the device's own credential",
            signed_in,
            |at| {
                let slot = at.vault.prepare_slot(SlotKind::DeviceCredential)?;
                let wrapped = slot.secret().map(wrap);
                at.vault.add_slot(at.key(), slot, wrapped)
            },
            Found { slots: vec![SlotKind::Biometric, SlotKind::DeviceCredential], ..all.clone() },
        ),
        ("a log cleared", signed_in, |at| at.vault.clear_log(Log::Ledger), ledger(&[])),
        (
            "the first record of the other log",
            signed_in,
            |at| at.vault.append(Log::Outbox, b"event"),
            all.clone(),
        ),
        (
            "the merge at unlock",
            arrived_while_locked,
            |at| {
                let (key, _) = unlock(&at.vault)?;
                match at.vault.take_inbox(&key)? {
                    Inbox::Arrived { intent, content } => at.vault.close_intent(&key, &intent, &content),
                    Inbox::Empty | Inbox::Refused => Err(VaultError::Superseded),
                }
            },
            gated(b"rotated"),
        ),
        (
            "a record",
            signed_in,
            |at| at.vault.append(Log::Ledger, b"withdrawal"),
            ledger(&[b"grant", b"withdrawal"]),
        ),
        (
            "a log begun anew",
            signed_in,
            |at| at.vault.rewrite_log(Log::Ledger, &[b"a".to_vec(), b"b".to_vec()]),
            ledger(&[b"a", b"b"]),
        ),
        (
            "a dropped gated file",
            arrived_while_locked,
            |at| at.vault.drop_gated(),
            Found { gated: None, slots: Vec::new(), ..all.clone() },
        ),
        ("a destroyed account", arrived_while_locked, |at| at.vault.destroy(), nothing.clone()),
    ];
    let mut cuts = 0;
    for (name, prepare, step, new) in cases {
        let here = cut_everywhere(prepare, step, &new);
        assert!(here >= 12, "{name}: {here} cuts only");
        println!("{here:5} cut points: {name}");
        cuts += here;
    }
    println!(
        "{cuts:5} cut points in all: each before, after, short and un-synced, followed by death or recovery"
    );
    assert!(cuts > 2500, "{cuts} cuts only");
}

/// A new sign-in while a rotation of the session from before waits in the inbox.
#[test]
fn a_session_begun_over_a_waiting_inbox_is_the_old_or_the_new_one() {
    for (then, cut) in
        [Then::Death, Then::Recovery].into_iter().flat_map(|then| Cut::ALL.map(|cut| (then, cut)))
    {
        for operation in 0.. {
            let device = Device::new();
            let memory = arrived_while_locked(open(&device));
            device.cut_at(operation, cut, then);
            let answer = memory.create(SlotKind::Biometric, b"new");
            if !device.was_cut() {
                break;
            }
            let restarted = Device::with(device.after_power_loss());
            let vault = open(&restarted);
            let (key, content) = unlock(&vault).unwrap();
            let content = match vault.take_inbox(&key).unwrap() {
                Inbox::Arrived { content, .. } => content.to_vec(),
                Inbox::Empty | Inbox::Refused => content,
            };
            let place = format!("{then:?} {cut:?} {operation}: {answer:?}");
            assert!(content == b"new" || answer.is_err() && content == b"rotated", "{place}: {content:?}");
        }
    }
}

/// After a failed call, the same call succeeds: nothing is stuck half-way.
#[test]
fn a_failed_call_can_be_made_again() {
    let steps: [(Prepare, Step); 6] = [
        (nobody, |at| at.vault.write_open(b"open")),
        (signed_in, |at| at.vault.write_gated(at.key(), b"new")),
        (signed_in, |at| at.create(SlotKind::DeviceOnly, b"new")),
        (refreshing, |at| at.vault.put_inbox(at.intent(), b"rotated")),
        (arrived_while_locked, |at| at.vault.drop_gated()),
        (arrived_while_locked, |at| at.vault.destroy()),
    ];
    for (prepare, step) in steps {
        for cut in Cut::ALL {
            for operation in 0.. {
                let device = Device::new();
                let memory = prepare(open(&device));
                device.cut_at(operation, cut, Then::Recovery);
                let failed = step(&memory).is_err();
                if !device.was_cut() {
                    break;
                }
                if failed {
                    step(&memory).unwrap();
                }
            }
        }
    }
}

#[test]
fn an_interrupted_destruction_is_finished_by_the_next_start() {
    for operation in 0..20 {
        let device = Device::new();
        let memory = arrived_while_locked(open(&device));
        device.put("a.open.damaged-00", b"set aside before".to_vec());
        device.cut_at(operation, Cut::After, Then::Death);
        let answer = memory.vault.destroy();
        let restarted = Device::with(device.disk());
        let vault = open(&restarted);
        assert_eq!(restarted.disk(), Disk::default(), "operation {operation}: {answer:?}");
        assert!(!vault.reinstalled());
    }
}

#[test]
fn files_without_secrets_are_set_aside_even_if_interrupted() {
    let device = Device::new();
    signed_in(open(&device));
    device.change(|disk| disk.secrets.clear());
    let copied = device.disk();
    for operation in 0..12 {
        let device = Device::with(copied.clone());
        device.cut_at(operation, Cut::After, Then::Death);
        drop(Vault::start_anew(&account(), device.clone(), device.clone()));
        let restarted: Arc<Device> = Device::with(device.disk());
        if matches!(
            Vault::open(&account(), restarted.clone(), restarted.clone()),
            Err(VaultError::Lost { .. })
        ) {
            Vault::start_anew(&account(), restarted.clone(), restarted.clone()).unwrap();
        }
        assert_eq!(open(&restarted).read_open().unwrap(), None);
        let aside = restarted.disk().files.keys().filter(|name| name.contains(".lost-")).count();
        assert_eq!(aside, 3, "operation {operation}");
    }
}

/// What opened the file from before is gone after the next unlock at the latest, and what came to nothing with the next
/// change of the gate.
#[test]
fn an_interrupted_change_of_the_gate_leaves_no_secret_that_opens_what_was_before() {
    for cut in Cut::ALL {
        for operation in 0.. {
            let device = Device::new();
            let memory = signed_in(open(&device));
            let before = device.disk();
            device.cut_at(operation, cut, Then::Death);
            drop(memory.create(SlotKind::DeviceOnly, b"new"));
            if !device.was_cut() {
                break;
            }
            let restarted = Device::with(device.after_power_loss());
            let changed = restarted.file("a.gated") != before.files["a.gated"];
            let vault = open(&restarted);
            let (key, _) = unlock(&vault).unwrap();
            let old_secret = &before.secrets["a.keys"][66..98];
            let keys = restarted.disk().secrets["a.keys"].clone();
            let is_kept = keys.windows(32).any(|window| window == old_secret);
            assert_eq!(is_kept, !changed, "{cut:?} at {operation}");

            let held = lease(&vault, at(0, "boot"));
            let slot = vault.prepare_slot(SlotKind::DeviceOnly).unwrap();
            vault.rekey_gated(&key, &held, slot, None).unwrap();
            let keys = restarted.disk().secrets["a.keys"].clone();
            assert_eq!(keys.len(), 98, "{cut:?} at {operation}: one secret");
        }
    }
}
