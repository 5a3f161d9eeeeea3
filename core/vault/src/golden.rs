//! The golden vectors of FORMAT.md, in both directions: fixed randomness writes exactly these bytes, and these bytes
//! are read with the device's own.

#[path = "../tests/support/mod.rs"]
mod support;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use pforte_host::Secret;

use self::support::{Device, Disk};
use crate::crypto::Random;
use crate::format::hex;
use crate::{AccountId, GateState, Inbox, LeaseNow, LeaseOutcome, Log, SlotKind, Vault, VaultError};

const VECTORS: &str = include_str!("../tests/data/v1.txt");

/// The first draw is all 01, the second all 02, and so on.
struct Counted(AtomicU8);

impl Random for Counted {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), VaultError> {
        bytes.fill(self.0.fetch_add(1, Ordering::Relaxed) + 1);
        Ok(())
    }
}

fn account() -> AccountId {
    AccountId::new("golden").unwrap()
}

#[test]
fn fixed_randomness_writes_the_vectors() {
    let device = Device::new();
    let random = Arc::new(Counted(AtomicU8::new(0)));
    let vault = Vault::with_random(&account(), device.clone(), device.clone(), random).unwrap();
    vault.write_open(b"open content").unwrap();
    let slot = vault.prepare_slot(SlotKind::Biometric).unwrap();
    let slot_secret = hex(slot.secret().unwrap().expose());
    let key = vault.create_gated(slot, Some(vec![0xEE; 60]), b"gated content").unwrap();
    vault.add_slot(&key, vault.prepare_slot(SlotKind::DeviceOnly).unwrap(), None).unwrap();
    let intent = vault.open_intent(&key).unwrap();
    vault.put_inbox(&intent, b"rotated content").unwrap();
    vault.append(Log::Ledger, b"first record").unwrap();
    vault.append(Log::Ledger, b"second record").unwrap();
    vault.append(Log::Outbox, b"event").unwrap();
    let now = LeaseNow { elapsed_ms: 1_000, boot_id: "boot".to_owned() };
    let taken = vault.take_lease(now, 30_000).unwrap();
    assert!(
        matches!(taken, LeaseOutcome::Held(lease) if (lease.fence, lease.ends_elapsed_ms) == (1, 31_000))
    );

    let Disk { files, secrets } = device.disk();
    let mut written = format!("slot-secret {slot_secret}\n");
    for (what, entries) in [("file", files), ("secret", secrets)] {
        for (name, bytes) in entries {
            written += &format!("{what} {name} {}\n", hex(&bytes));
        }
    }
    let expected: String =
        VECTORS.lines().filter(|line| !line.starts_with('#')).map(|line| format!("{line}\n")).collect();
    assert_eq!(written, expected);
}

#[test]
fn the_vectors_are_read() {
    let mut disk = Disk::default();
    let mut slot_secret = Vec::new();
    for line in VECTORS.lines().filter(|line| !line.starts_with('#')) {
        match line.split(' ').collect::<Vec<_>>()[..] {
            ["slot-secret", bytes] => slot_secret = unhex(bytes),
            ["file", name, bytes] => drop(disk.files.insert(name.to_owned(), unhex(bytes))),
            ["secret", name, bytes] => drop(disk.secrets.insert(name.to_owned(), unhex(bytes))),
            _ => panic!("{line}"),
        }
    }
    let device = Device::with(disk.clone());
    let vault = Vault::open(&account(), device.clone(), device.clone()).unwrap();
    assert_eq!(vault.read_open().unwrap().unwrap().as_slice(), b"open content");
    let GateState::Sealed { slots } = vault.gate().unwrap() else { panic!("nothing is sealed") };
    let kinds: Vec<SlotKind> = slots.iter().map(|slot| slot.kind).collect();
    assert_eq!(kinds, [SlotKind::Biometric, SlotKind::DeviceOnly]);
    assert_eq!(slots[0].wrapped.as_deref(), Some([0xEE; 60].as_slice()));
    let secrets: BTreeMap<_, _> = [(0, Some(Secret::new(slot_secret))), (1, None)].into();
    for (at, secret) in secrets {
        let (key, content) = vault.unlock(&slots[at].id, secret).unwrap();
        assert_eq!(content.as_slice(), b"gated content");
        let Inbox::Arrived { content, .. } = vault.take_inbox(&key).unwrap() else {
            panic!("nothing arrived")
        };
        assert_eq!(content.as_slice(), b"rotated content");
    }
    assert_eq!(vault.read_log(Log::Ledger).unwrap(), [b"first record".to_vec(), b"second record".to_vec()]);
    assert_eq!(vault.read_log(Log::Outbox).unwrap(), [b"event"]);
    let now = |elapsed_ms| LeaseNow { elapsed_ms, boot_id: "boot".to_owned() };
    let busy = vault.take_lease(now(2_000), 1).unwrap();
    assert_eq!(busy, LeaseOutcome::Busy { retry_after_ms: 29_000 });
    assert_eq!(device.disk(), disk, "reading changed nothing");
    let next = vault.take_lease(now(31_000), 1).unwrap();
    assert!(matches!(next, LeaseOutcome::Held(lease) if lease.fence == 2));
}

fn unhex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> =
        text.chars().map(|digit| u8::try_from(digit.to_digit(16).unwrap()).unwrap()).collect();
    digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect()
}
