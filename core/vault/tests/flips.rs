//! Every single-bit flip of every kind of file is refused: exhaustively, over all bits of a device that has them all.
#![allow(clippy::unwrap_used, reason = "a test ends where something is missing")]
#![allow(clippy::print_stdout, reason = "the number of bits is shown")]

mod support;

use pforte_vault::{GateState, Inbox, Lease, Log, SlotKind, Vault, VaultError};
use support::{Device, Disk, at, lease, open, seal, unlock};

/// One of everything, and the lease that is held on it.
fn device_with_everything() -> (Disk, Lease) {
    let device = Device::new();
    let vault = open(&device);
    vault.write_open(b"content").unwrap();
    let key = seal(&vault, SlotKind::Biometric, b"tokens");
    vault.add_slot(&key, vault.prepare_slot(SlotKind::DeviceOnly).unwrap(), None).unwrap();
    let held = lease(&vault, at(1_000, "boot"));
    let intent = vault.open_intent_fenced(&key, &held).unwrap();
    vault.put_inbox_fenced(&held, &intent, b"rotated").unwrap();
    for log in [Log::Ledger, Log::Outbox] {
        vault.append(log, b"first").unwrap();
        vault.append(log, b"second").unwrap();
    }
    (device.disk(), held)
}

/// What reading a file came to.
#[derive(Debug, PartialEq, Eq)]
enum Read {
    /// As if nothing had happened.
    Accepted,
    /// Set aside; nothing of it was believed.
    SetAside,
    /// Refused and left as it is.
    LeftAlone,
}

fn read(device: &Device, vault: &Vault, name: &str, held: &Lease) -> Read {
    let error = match name {
        "a.open" => vault.read_open().err(),
        "a.gated" => unlock(vault).err(),
        "a.ledger" => vault.read_log(Log::Ledger).err(),
        "a.outbox" => vault.read_log(Log::Outbox).err(),
        "a.inbox" => {
            let (key, _) = unlock(vault).unwrap();
            match vault.take_inbox(&key) {
                Ok(Inbox::Arrived { .. } | Inbox::Empty) => None,
                // Refused: the rest of the session goes on.
                Ok(Inbox::Refused) => Some(VaultError::Corrupt { what: "the inbox" }),
                Err(error) => Some(error),
            }
        }
        // Nobody is blocked by it, and no number is taken from it: the next one is higher than the one handed out.
        "a.lease" => match vault.check_lease(held) {
            Ok(()) if !device.is_set_aside(name) => None,
            Ok(()) => {
                assert_eq!(lease(vault, at(1_000, "boot")).fence, held.fence + 1);
                Some(VaultError::Corrupt { what: "the lease" })
            }
            Err(error) => Some(error),
        },
        other => panic!("{other} is not covered"),
    };
    match error {
        None => Read::Accepted,
        Some(VaultError::Corrupt { .. }) => {
            assert!(device.is_set_aside(name), "{name}");
            Read::SetAside
        }
        Some(VaultError::UnknownVersion { .. } | VaultError::Rollback { .. }) => Read::LeftAlone,
        Some(error) => panic!("{name}: {error}"),
    }
}

#[test]
fn every_flipped_bit_of_every_kind_of_file_is_refused() {
    let (good, held) = device_with_everything();
    let names: Vec<&String> = good.files.keys().filter(|name| *name != "a.installed").collect();
    assert_eq!(names, ["a.gated", "a.inbox", "a.lease", "a.ledger", "a.open", "a.outbox"]);
    for name in names {
        let device = Device::with(good.clone());
        assert_eq!(read(&device, &open(&device), name, &held), Read::Accepted, "{name} as it was written");
        let bits = good.files[name].len() * 8;
        let mut aside = 0;
        for bit in 0..bits {
            let device = Device::with(good.clone());
            device.change(|disk| disk.files.get_mut(name).unwrap()[bit / 8] ^= 1 << (bit % 8));
            let flipped = device.file(name);
            match read(&device, &open(&device), name, &held) {
                Read::Accepted => panic!("{name}, bit {bit} is accepted"),
                Read::SetAside => {
                    assert_ne!(bit / 8, 6, "{name}: a newer version is no damage");
                    aside += 1;
                }
                Read::LeftAlone => {
                    // The version, or a length in a log that points past the end and so looks like a cut.
                    let is_log = name == "a.ledger" || name == "a.outbox";
                    assert!(bit / 8 == 6 || is_log, "{name}, bit {bit}");
                    assert_eq!(device.file(name), flipped, "{name}, bit {bit}: untouched");
                }
            }
        }
        println!("{bits:6} bits of {name}: all refused, {aside} of them set aside");
    }
}

/// The mark of an installation says something by being there; its content is not read.
#[test]
fn a_damaged_mark_of_the_installation_is_still_a_mark() {
    let device = Device::new();
    open(&device).write_open(b"content").unwrap();
    let good = device.disk();
    for bit in 0..good.files["a.installed"].len() * 8 {
        let device = Device::with(good.clone());
        device.change(|disk| disk.files.get_mut("a.installed").unwrap()[bit / 8] ^= 1 << (bit % 8));
        let vault = open(&device);
        assert!(!vault.reinstalled());
        assert_eq!(vault.read_open().unwrap().unwrap().as_slice(), b"content");
    }
}

/// A flipped bit in the secret store may cost content, and never yields other content.
#[test]
fn a_flipped_bit_in_the_secret_store_never_yields_other_content() {
    let (good, _) = device_with_everything();
    let mut lost = 0;
    for name in ["a.keys", "a.anchor"] {
        for bit in 0..good.secrets[name].len() * 8 {
            let device = Device::with(good.clone());
            device.change(|disk| disk.secrets.get_mut(name).unwrap()[bit / 8] ^= 1 << (bit % 8));
            let before = device.disk();
            // The flag that finishes a destruction is one of the bits.
            let destroys = name == "a.anchor" && bit == 8;
            let Ok(vault) = Vault::open(&support::account(), device.clone(), device.clone()) else {
                lost += 1;
                assert_eq!(device.disk(), before, "{name}, bit {bit}: refused and untouched");
                continue;
            };
            let open = vault.read_open();
            assert!(open.is_err() || open.unwrap().is_none_or(|content| *content == b"content".to_vec()));
            match unlock(&vault) {
                Ok((_, content)) => assert_eq!(content, b"tokens"),
                Err(_) if destroys => assert_eq!(vault.gate().unwrap(), GateState::None),
                Err(error) => {
                    lost += 1;
                    let refused = matches!(
                        error,
                        VaultError::Corrupt { .. }
                            | VaultError::Rollback { .. }
                            | VaultError::UnknownVersion { .. }
                            | VaultError::WrongSecret
                            | VaultError::Lost { .. }
                    );
                    assert!(refused, "{name}, bit {bit}: {error}");
                }
            }
        }
    }
    println!("{lost:6} flipped bits in the secret store cost the session, none yields another");
}

/// Each length that a file claims is compared with the bytes that are there before anything is allocated for it.
#[test]
fn a_length_is_not_believed_before_its_bytes_are_seen() {
    let (good, held) = device_with_everything();
    for name in ["a.gated", "a.inbox", "a.open", "a.ledger", "a.outbox", "a.lease"] {
        let length = good.files[name].len();
        for from in (8..length.saturating_sub(4)).step_by(1) {
            let device = Device::with(good.clone());
            device.change(|disk| disk.files.get_mut(name).unwrap()[from..from + 4].fill(0xFF));
            let read = read(&device, &open(&device), name, &held);
            assert_ne!(read, Read::Accepted, "{name}, 4 GiB claimed at {from}");
        }
        for longer in [1, 120, 3 << 20, 17 << 20] {
            let device = Device::with(good.clone());
            device.change(|disk| disk.files.get_mut(name).unwrap().resize(length + longer, 0xFF));
            let read = read(&device, &open(&device), name, &held);
            // What follows a log's last whole record is a torn append, up to the longest log.
            let torn = matches!(name, "a.ledger" | "a.outbox") && longer < 17 << 20;
            assert_eq!(read == Read::Accepted, torn, "{name}, {longer} bytes longer");
        }
    }
}
