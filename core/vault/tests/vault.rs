//! The vault as its callers see it: round trips, slots, intents and the inbox.
#![allow(clippy::unwrap_used, reason = "a test ends where something is missing")]

mod support;

use pforte_host::Secret;
use pforte_vault::{AccountId, GateState, GatedKey, Inbox, Log, SlotKind, Vault, VaultError};
use support::{Device, Disk, open, seal, slots, unlock, unwrap, wrap};

fn arrived(vault: &Vault, key: &GatedKey) -> Option<Vec<u8>> {
    match vault.take_inbox(key).unwrap() {
        Inbox::Arrived { content, .. } => Some(content.to_vec()),
        Inbox::Empty | Inbox::Refused => None,
    }
}

// Round trips.

#[test]
fn nothing_is_written_before_there_is_something_to_keep() {
    let device = Device::new();
    let vault = open(&device);
    assert_eq!(vault.read_open().unwrap(), None);
    assert_eq!(vault.gate().unwrap(), GateState::None);
    assert!(vault.read_log(Log::Ledger).unwrap().is_empty());
    assert_eq!(vault.log_head(Log::Outbox).unwrap().seq, 0);
    assert!(!vault.intent_is_open().unwrap());
    vault.clear_log(Log::Ledger).unwrap();
    vault.drop_gated().unwrap();
    assert_eq!(device.disk(), Disk::default());
}

#[test]
fn the_open_file_comes_back() {
    let device = Device::new();
    for content in [b"one".as_slice(), b"", &[7; 100_000]] {
        open(&device).write_open(content).unwrap();
        assert_eq!(open(&device).read_open().unwrap().unwrap().as_slice(), content);
    }
    let too_long = vec![0; (1 << 20) + 1];
    assert!(matches!(open(&device).write_open(&too_long), Err(VaultError::Invalid { .. })));
    assert_eq!(open(&device).read_open().unwrap().unwrap().len(), 100_000);
}

#[test]
fn the_gated_file_comes_back_through_each_kind_of_slot() {
    for kind in [SlotKind::Biometric, SlotKind::DeviceOnly, SlotKind::DeviceCredential] {
        let device = Device::new();
        let vault = open(&device);
        let key = seal(&vault, kind, b"tokens");
        assert_eq!(vault.read_gated(&key).unwrap().as_slice(), b"tokens");
        vault.write_gated(&key, b"newer tokens").unwrap();
        let vault = open(&device);
        assert_eq!(slots(&vault)[0].kind, kind);
        assert_eq!(vault.aliases().len(), usize::from(kind != SlotKind::DeviceOnly));
        let (key, content) = unlock(&vault).unwrap();
        assert_eq!(content, b"newer tokens");
        vault.write_gated(&key, b"").unwrap();
        assert_eq!(unlock(&vault).unwrap().1, b"");
    }
}

#[test]
fn no_content_or_key_lies_readable_on_the_device() {
    let device = Device::new();
    let vault = open(&device);
    vault.write_open(b"canary-open").unwrap();
    let key = seal(&vault, SlotKind::Biometric, b"canary-gated");
    let intent = vault.open_intent(&key).unwrap();
    vault.put_inbox(&intent, b"canary-inbox").unwrap();
    vault.append(Log::Ledger, b"canary-ledger").unwrap();
    let Disk { files, secrets } = device.disk();
    let secret = unwrap(&slots(&vault)[0]).unwrap();
    for bytes in files.values().chain(secrets.values()) {
        assert!(!bytes.windows(6).any(|window| window == b"canary"));
        assert!(!bytes.windows(32).any(|window| window == secret.expose()));
    }
    let printed = format!("{vault:?} {key:?} {intent:?} {:?}", vault.take_inbox(&key).unwrap());
    assert_eq!(printed, "Vault { account: AccountId(\"a\"), .. } GatedKey(..) IntentKey(..) Arrived { .. }");
}

#[test]
fn each_write_looks_different() {
    let device = Device::new();
    let vault = open(&device);
    let mut seen = std::collections::BTreeSet::new();
    for _ in 0..5 {
        vault.write_open(b"same").unwrap();
        assert!(seen.insert(device.file("a.open")[32..].to_vec()));
    }
}

// Slots.

#[test]
fn slots_are_added_replaced_and_removed() {
    let device = Device::new();
    let vault = open(&device);
    let key = seal(&vault, SlotKind::Biometric, b"tokens");
    let first = slots(&vault)[0].clone();

    let slot = vault.prepare_slot(SlotKind::DeviceCredential).unwrap();
    let (second, wrapped) = (slot.id(), slot.secret().map(wrap));
    assert_eq!(slot.alias().unwrap(), format!("a/gate/{second}"));
    vault.add_slot(&key, slot, wrapped).unwrap();
    for slot in slots(&vault) {
        assert_eq!(vault.unlock(&slot.id, unwrap(&slot)).unwrap().1.as_slice(), b"tokens");
    }

    let slot = vault.prepare_slot(SlotKind::Biometric).unwrap();
    let (third, wrapped) = (slot.id(), slot.secret().map(wrap));
    vault.replace_slot(&key, &first.id, slot, wrapped).unwrap();
    let ids: Vec<String> = slots(&vault).into_iter().map(|slot| slot.id).collect();
    assert_eq!(ids, [third.clone(), second.clone()]);
    assert_eq!(vault.unlock(&first.id, unwrap(&first)).unwrap_err(), VaultError::Superseded);
    assert_eq!(unlock(&vault).unwrap().1, b"tokens");

    vault.remove_slot(&key, &second).unwrap();
    assert!(matches!(vault.remove_slot(&key, &second), Err(VaultError::Invalid { .. })));
    assert!(matches!(vault.remove_slot(&key, &third), Err(VaultError::Invalid { .. })), "the last stays");
    vault.write_gated(&key, b"still writes").unwrap();
    assert_eq!(unlock(&vault).unwrap().1, b"still writes");

    for _ in 0..3 {
        vault.add_slot(&key, vault.prepare_slot(SlotKind::DeviceOnly).unwrap(), None).unwrap();
    }
    let fifth = vault.prepare_slot(SlotKind::DeviceOnly).unwrap();
    assert!(matches!(vault.add_slot(&key, fifth, None), Err(VaultError::Invalid { .. })));
}

#[test]
fn a_wrapped_secret_belongs_to_a_gate_and_only_there() {
    let device = Device::new();
    let vault = open(&device);
    for (kind, wrapped) in [
        (SlotKind::Biometric, None),
        (SlotKind::Biometric, Some(Vec::new())),
        (SlotKind::Biometric, Some(vec![0; 1025])),
        (SlotKind::DeviceOnly, Some(vec![0; 32])),
    ] {
        let slot = vault.prepare_slot(kind).unwrap();
        assert!(matches!(vault.create_gated(slot, wrapped, b""), Err(VaultError::Invalid { .. })));
    }
    assert_eq!(vault.gate().unwrap(), GateState::None);
}

#[test]
fn other_bytes_from_the_gate_open_nothing_and_cost_nothing() {
    let device = Device::new();
    let vault = open(&device);
    seal(&vault, SlotKind::Biometric, b"tokens");
    let slot = slots(&vault)[0].clone();
    let right = unwrap(&slot).unwrap();
    let mut flipped = right.expose().to_vec();
    flipped[31] ^= 1;
    let too_long = [right.expose(), &[0]].concat();
    for wrong in [None, Some(vec![]), Some(vec![0; 32]), Some(flipped), Some(too_long)] {
        let answer = vault.unlock(&slot.id, wrong.map(Secret::new));
        assert_eq!(answer.unwrap_err(), VaultError::WrongSecret);
    }
    assert_eq!(vault.unlock(&slot.id, Some(right)).unwrap().1.as_slice(), b"tokens");
    assert_eq!(vault.unlock("00", None).unwrap_err(), VaultError::Superseded);
}

#[test]
fn turning_the_gate_off_makes_old_headers_open_nothing() {
    let device = Device::new();
    let vault = open(&device);
    vault.write_open(b"stays").unwrap();
    vault.append(Log::Ledger, b"stays, too").unwrap();
    let old_key = seal(&vault, SlotKind::Biometric, b"tokens");
    let (old_file, old_slot) = (device.file("a.gated"), slots(&vault)[0].clone());
    let old_secret = device.disk().secrets["a.keys"][50..].to_vec();

    seal(&vault, SlotKind::DeviceOnly, b"tokens, ungated");
    assert_eq!(unlock(&vault).unwrap().1, b"tokens, ungated");
    assert_eq!(vault.write_gated(&old_key, b"late").unwrap_err(), VaultError::Superseded);
    assert_eq!(vault.read_gated(&old_key).unwrap_err(), VaultError::Superseded);
    assert!(!device.disk().secrets["a.keys"].windows(old_secret.len()).any(|window| window == old_secret));

    device.put("a.gated", old_file);
    let refused = vault.unlock(&old_slot.id, unwrap(&old_slot)).unwrap_err();
    assert!(matches!(refused, VaultError::Corrupt { .. }), "{refused}");
    assert_eq!(vault.read_open().unwrap().unwrap().as_slice(), b"stays");
    assert_eq!(vault.read_log(Log::Ledger).unwrap(), [b"stays, too"]);
}

#[test]
fn dropping_the_gated_file_leaves_the_rest() {
    let device = Device::new();
    let vault = open(&device);
    vault.write_open(b"hint").unwrap();
    vault.append(Log::Ledger, b"grant").unwrap();
    let key = seal(&vault, SlotKind::Biometric, b"tokens");
    let intent = vault.open_intent(&key).unwrap();
    vault.put_inbox(&intent, b"rotated").unwrap();
    let gated = device.file("a.gated");

    vault.drop_gated().unwrap();
    assert_eq!(vault.gate().unwrap(), GateState::None);
    assert_eq!(vault.put_inbox(&intent, b"late").unwrap_err(), VaultError::Superseded);
    assert_eq!(vault.write_gated(&key, b"late").unwrap_err(), VaultError::Superseded);
    assert!(!device.disk().files.contains_key("a.inbox"));
    assert_eq!(device.disk().secrets["a.keys"].len(), 50, "the device secret is gone");
    device.put("a.gated", gated);
    assert!(matches!(vault.gate(), Err(VaultError::Corrupt { .. })), "put back, it opens nothing");

    let vault = open(&device);
    assert_eq!(vault.read_open().unwrap().unwrap().as_slice(), b"hint");
    assert_eq!(vault.read_log(Log::Ledger).unwrap(), [b"grant"]);
    seal(&vault, SlotKind::Biometric, b"signed in again");
    assert_eq!(unlock(&vault).unwrap().1, b"signed in again");
}

// Intents and the inbox.

#[test]
fn a_rotation_that_arrives_after_lock_is_merged_at_unlock() {
    let device = Device::new();
    let vault = open(&device);
    let key = seal(&vault, SlotKind::Biometric, b"old");
    let intent = vault.open_intent(&key).unwrap();
    vault.write_gated(&key, b"old, and a name").unwrap();
    assert!(vault.intent_is_open().unwrap(), "another write leaves it open");
    drop(key);
    vault.put_inbox(&intent, b"rotated").unwrap();
    drop((vault, intent));

    let vault = open(&device);
    let (key, content) = unlock(&vault).unwrap();
    assert_eq!(content, b"old, and a name");
    let Inbox::Arrived { intent, content } = vault.take_inbox(&key).unwrap() else {
        panic!("nothing arrived")
    };
    assert_eq!(content.as_slice(), b"rotated");
    assert_eq!(arrived(&vault, &key).unwrap(), b"rotated", "it stays until it is merged");
    assert_eq!(vault.open_intent(&key).unwrap_err(), VaultError::Stale, "nor does a new refresh discard it");
    vault.close_intent(&key, &intent, b"rotated, and a name").unwrap();
    assert!(matches!(vault.take_inbox(&key).unwrap(), Inbox::Empty));
    assert!(!vault.intent_is_open().unwrap());
    assert_eq!(unlock(&vault).unwrap().1, b"rotated, and a name");
    assert_eq!(vault.close_intent(&key, &intent, b"twice").unwrap_err(), VaultError::Superseded);
}

#[test]
fn a_leftover_inbox_is_not_merged_twice() {
    let device = Device::new();
    let vault = open(&device);
    let key = seal(&vault, SlotKind::DeviceOnly, b"old");
    let intent = vault.open_intent(&key).unwrap();
    vault.put_inbox(&intent, b"rotated").unwrap();
    let inbox = device.file("a.inbox");
    vault.close_intent(&key, &intent, b"rotated").unwrap();
    vault.write_gated(&key, b"newest").unwrap();
    device.put("a.inbox", inbox);
    assert!(matches!(vault.take_inbox(&key).unwrap(), Inbox::Empty));
    assert!(!device.disk().files.contains_key("a.inbox"));
    assert_eq!(unlock(&vault).unwrap().1, b"newest");
}

#[test]
fn a_late_holder_can_not_overwrite_its_successor() {
    let device = Device::new();
    let (first, second) = (open(&device), open(&device));
    let key = seal(&first, SlotKind::DeviceOnly, b"old");
    let late = first.open_intent(&key).unwrap();
    let (successor_key, _) = unlock(&second).unwrap();
    let successor = second.open_intent(&successor_key).unwrap();
    assert_eq!(first.put_inbox(&late, b"late").unwrap_err(), VaultError::Superseded);
    assert_eq!(first.close_intent(&key, &late, b"late").unwrap_err(), VaultError::Superseded);
    second.close_intent(&successor_key, &successor, b"newest").unwrap();

    assert_eq!(first.write_gated(&key, b"from old content").unwrap_err(), VaultError::Stale);
    assert_eq!(first.open_intent(&key).unwrap_err(), VaultError::Stale);
    assert_eq!(first.read_gated(&key).unwrap().as_slice(), b"newest", "adopted");
    first.write_gated(&key, b"from newest").unwrap();
    assert_eq!(unlock(&second).unwrap().1, b"from newest");
}

#[test]
fn adding_a_slot_does_not_hide_what_another_process_wrote() {
    let device = Device::new();
    let vault = open(&device);
    let key = seal(&vault, SlotKind::DeviceOnly, b"old");
    let (other, _) = unlock(&vault).unwrap();
    vault.write_gated(&other, b"newest").unwrap();
    vault.add_slot(&key, vault.prepare_slot(SlotKind::DeviceOnly).unwrap(), None).unwrap();
    assert_eq!(vault.write_gated(&key, b"from old content").unwrap_err(), VaultError::Stale);
    assert_eq!(unlock(&vault).unwrap().1, b"newest");
}

#[test]
fn a_foreign_file_in_the_inbox_is_refused_and_set_aside() {
    let device = Device::new();
    let vault = open(&device);
    let key = seal(&vault, SlotKind::DeviceOnly, b"tokens");

    // Another account's inbox, random bytes, none at all, one of an intent from before, one with a changed bit.
    let other = Vault::open(&AccountId::new("b").unwrap(), device.clone(), device.clone()).unwrap();
    let other_key = seal(&other, SlotKind::DeviceOnly, b"");
    other.put_inbox(&other.open_intent(&other_key).unwrap(), b"evil").unwrap();
    let before = vault.open_intent(&key).unwrap();
    vault.put_inbox(&before, b"old").unwrap();
    let from_before = device.file("a.inbox");
    device.change(|disk| drop(disk.files.remove("a.inbox")));
    let now = vault.open_intent(&key).unwrap();
    vault.put_inbox(&now, b"true").unwrap();
    let mut flipped = device.file("a.inbox");
    *flipped.last_mut().unwrap() ^= 1;

    for foreign in [device.file("b.inbox"), vec![7; 300], Vec::new(), from_before, flipped, vec![0; 2 << 20]]
    {
        let length = foreign.len();
        device.put("a.inbox", foreign);
        assert!(matches!(vault.take_inbox(&key).unwrap(), Inbox::Refused), "{length}");
        assert!(device.is_set_aside("a.inbox"));
        assert!(matches!(vault.take_inbox(&key).unwrap(), Inbox::Empty));
    }
    vault.put_inbox(&now, b"true").unwrap();
    assert_eq!(arrived(&vault, &key).unwrap(), b"true");
}
