//! What is refused, and how: damage, newer versions, roll-back, copies from another device, a store that is not there.
#![allow(clippy::unwrap_used, reason = "a test ends where something is missing")]

mod support;

use pforte_host::StoreError;
use pforte_vault::{AccountId, Log, SlotKind, Vault, VaultError};
use support::{Device, Disk, account, open, seal, slots, unlock, unwrap};

// Damage, versions, roll-back.

#[test]
fn every_truncation_is_refused() {
    let device = Device::new();
    let vault = open(&device);
    vault.write_open(b"content").unwrap();
    seal(&vault, SlotKind::DeviceOnly, b"tokens");
    let good = device.disk();
    for name in ["a.open", "a.gated"] {
        for length in 0..good.files[name].len() {
            let device = Device::with(good.clone());
            device.change(|disk| disk.files.get_mut(name).unwrap().truncate(length));
            let vault = open(&device);
            let error = if name == "a.open" { vault.read_open().err() } else { unlock(&vault).err() };
            assert!(matches!(error, Some(VaultError::Corrupt { .. })), "{name} {length}: {error:?}");
            assert!(device.is_set_aside(name));
        }
        let device = Device::with(good.clone());
        device.change(|disk| disk.files.get_mut(name).unwrap().push(0));
        let vault = open(&device);
        let error = if name == "a.open" { vault.read_open().err() } else { unlock(&vault).err() };
        assert!(matches!(error, Some(VaultError::Corrupt { .. })), "{name}, longer: {error:?}");
    }
}

#[test]
fn a_damaged_file_is_set_aside_whole_and_a_new_one_takes_its_place() {
    let device = Device::new();
    let vault = open(&device);
    vault.write_open(b"content").unwrap();
    device.put("a.open", b"rubbish".to_vec());
    assert!(matches!(vault.read_open(), Err(VaultError::Corrupt { .. })));
    assert_eq!(vault.read_open().unwrap(), None);
    let aside = device.disk().files.into_iter().find(|(name, _)| name.starts_with("a.open.damaged-"));
    assert_eq!(aside.unwrap().1, b"rubbish");

    device.put("a.open", vec![0; 3 << 20]);
    vault.write_open(b"written over damage").unwrap();
    assert_eq!(vault.read_open().unwrap().unwrap().as_slice(), b"written over damage");
    device.put("a.gated", b"rubbish".to_vec());
    seal(&vault, SlotKind::DeviceOnly, b"sealed over damage");
    assert_eq!(unlock(&vault).unwrap().1, b"sealed over damage");
    assert_eq!(device.disk().files.keys().filter(|name| name.contains(".damaged-")).count(), 3);
}

#[test]
fn a_newer_version_is_left_untouched() {
    let device = Device::new();
    let vault = open(&device);
    vault.write_open(b"content").unwrap();
    let key = seal(&vault, SlotKind::DeviceOnly, b"tokens");
    vault.append(Log::Ledger, b"grant").unwrap();
    vault.put_inbox(&vault.open_intent(&key).unwrap(), b"rotated").unwrap();
    device.change(|disk| {
        for (name, file) in &mut disk.files {
            file[6] = if name == "a.inbox" { 1 } else { 2 };
        }
    });
    let before = device.disk();
    let slot = vault.prepare_slot(SlotKind::DeviceOnly).unwrap();
    let answers = [
        vault.read_open().err(),
        vault.write_open(b"").err(),
        vault.gate().err(),
        vault.write_gated(&key, b"").err(),
        vault.take_inbox(&key).err(),
        vault.read_log(Log::Ledger).err(),
        vault.append(Log::Ledger, b"").err(),
        vault.rewrite_log(Log::Ledger, &[]).err(),
        vault.create_gated(slot, None, b"").err(),
    ];
    for (at, answer) in answers.into_iter().enumerate() {
        assert!(matches!(answer, Some(VaultError::UnknownVersion { version: 2, .. })), "{at}: {answer:?}");
    }
    assert_eq!(device.disk().files, before.files);
}

#[test]
fn an_older_file_is_refused_and_a_newer_one_repairs_the_anchor() {
    let device = Device::new();
    let vault = open(&device);
    vault.write_open(b"one").unwrap();
    let key = seal(&vault, SlotKind::DeviceOnly, b"one");
    let old = device.disk();
    vault.write_open(b"two").unwrap();
    vault.write_gated(&key, b"two").unwrap();
    let new = device.disk();

    device.change(|disk| disk.files = old.files.clone());
    assert!(matches!(vault.read_open(), Err(VaultError::Rollback { .. })));
    assert!(matches!(vault.gate(), Err(VaultError::Rollback { .. })), "before anybody is prompted");
    assert!(matches!(vault.write_gated(&key, b""), Err(VaultError::Rollback { .. })));
    assert_eq!(device.disk().files, old.files, "left as it is");
    vault.write_open(b"three").unwrap();
    seal(&vault, SlotKind::DeviceOnly, b"three");
    assert_eq!(vault.read_open().unwrap().unwrap().as_slice(), b"three");
    assert_eq!(unlock(&vault).unwrap().1, b"three");

    // The anchor of before with the files of after: a write whose note was lost.
    let device = Device::with(new.clone());
    device.change(|disk| drop(disk.secrets.insert("a.anchor".to_owned(), old.secrets["a.anchor"].clone())));
    let vault = open(&device);
    assert_eq!(vault.read_open().unwrap().unwrap().as_slice(), b"two");
    assert_eq!(unlock(&vault).unwrap().1, b"two");
    assert_eq!(device.disk().secrets, new.secrets, "repaired");
}

#[test]
fn a_failing_anchor_withholds_nothing_and_is_made_good() {
    let device = Device::new();
    let vault = open(&device);
    vault.write_open(b"one").unwrap();
    let key = seal(&vault, SlotKind::DeviceOnly, b"one");
    vault.append(Log::Ledger, b"one").unwrap();
    assert!(!vault.anchor_is_behind());
    device.make_store_read_only(true);
    vault.write_open(b"two").unwrap();
    vault.write_gated(&key, b"two").unwrap();
    vault.append(Log::Ledger, b"two").unwrap();
    assert!(vault.anchor_is_behind());
    assert_eq!(vault.read_open().unwrap().unwrap().as_slice(), b"two");
    assert_eq!(unlock(&vault).unwrap().1, b"two");
    assert_eq!(vault.read_log(Log::Ledger).unwrap().len(), 2);
    assert!(vault.anchor_is_behind());
    let before = device.disk();

    device.make_store_read_only(false);
    vault.read_open().unwrap();
    assert!(vault.anchor_is_behind(), "each file is noted by itself");
    vault.gate().unwrap();
    vault.read_log(Log::Ledger).unwrap();
    assert!(!vault.anchor_is_behind());
    assert_ne!(device.disk().secrets, before.secrets);
}

// This device, this installation.

#[test]
fn files_copied_to_another_device_open_nothing() {
    let device = Device::new();
    let vault = open(&device);
    vault.write_open(b"content").unwrap();
    seal(&vault, SlotKind::DeviceOnly, b"tokens");
    vault.append(Log::Ledger, b"grant").unwrap();
    let files = device.disk().files;

    // A device that never had this account.
    let restored = Device::with(Disk { files: files.clone(), ..Disk::default() });
    let refused = Vault::open(&account(), restored.clone(), restored.clone()).unwrap_err();
    assert!(matches!(refused, VaultError::Lost { .. }), "{refused}");
    assert_eq!(restored.disk().files, files, "nothing is touched before somebody decides");
    let vault = Vault::start_anew(&account(), restored.clone(), restored.clone()).unwrap();
    assert_eq!(vault.read_open().unwrap(), None);
    vault.write_open(b"anew").unwrap();
    assert_eq!(open(&restored).read_open().unwrap().unwrap().as_slice(), b"anew");
    assert_eq!(restored.disk().files.keys().filter(|name| name.contains(".lost-")).count(), 3);

    // A device with an account of its own.
    let other = Device::new();
    let vault = open(&other);
    vault.write_open(b"other").unwrap();
    vault.append(Log::Ledger, b"other").unwrap();
    seal(&vault, SlotKind::DeviceOnly, b"other");
    other.change(|disk| disk.files = files);
    let vault = open(&other);
    assert!(matches!(vault.read_open(), Err(VaultError::Corrupt { .. })));
    assert!(matches!(vault.gate(), Err(VaultError::Corrupt { .. })));
    assert!(matches!(vault.read_log(Log::Ledger), Err(VaultError::Corrupt { .. })));
}

#[test]
fn another_device_secret_opens_nothing() {
    let device = Device::new();
    let vault = open(&device);
    seal(&vault, SlotKind::Biometric, b"tokens");
    let slot = slots(&vault)[0].clone();
    device.change(|disk| *disk.secrets.get_mut("a.keys").unwrap().last_mut().unwrap() ^= 1);
    let refused = vault.unlock(&slot.id, unwrap(&slot)).unwrap_err();
    assert!(matches!(refused, VaultError::Corrupt { .. }), "{refused}");
}

#[test]
fn a_re_installation_is_noticed_and_a_locked_device_is_not_taken_for_one() {
    let device = Device::new();
    open(&device).write_open(b"content").unwrap();
    let kept = device.disk();
    let not_now = StoreError::NotNow { reason: "locked".to_owned() };

    // Locked since start, files listed or not: nothing is concluded.
    device.fail_store(Some(not_now.clone()));
    let refused = Vault::open(&account(), device.clone(), device.clone()).unwrap_err();
    assert!(matches!(refused, VaultError::NotNow { .. }));
    device.fail_store(None);
    device.protect_files(true);
    let refused = Vault::open(&account(), device.clone(), device.clone()).unwrap_err();
    assert!(matches!(refused, VaultError::NotNow { .. }));
    device.protect_files(false);
    assert_eq!(device.disk(), kept);
    assert!(!open(&device).reinstalled());

    // The app's folder is gone, the keychain is not.
    device.change(|disk| disk.files.clear());
    device.fail_store(Some(not_now));
    assert!(Vault::open(&account(), device.clone(), device.clone()).is_err());
    assert_eq!(device.disk().secrets, kept.secrets, "a locked device forgets nothing");
    device.fail_store(None);
    let vault = open(&device);
    assert!(vault.reinstalled());
    assert_eq!(device.disk(), Disk::default());
    vault.write_open(b"first run").unwrap();
    assert!(!open(&device).reinstalled());
}

#[test]
fn lost_and_not_now_are_told_apart_everywhere() {
    let device = Device::new();
    let vault = open(&device);
    vault.write_open(b"content").unwrap();
    let key = seal(&vault, SlotKind::DeviceOnly, b"tokens");
    vault.append(Log::Ledger, b"grant").unwrap();
    let kept = device.disk();
    for (fault, lost) in
        [(StoreError::NotNow { reason: "locked".to_owned() }, false), (StoreError::Lost, true)]
    {
        device.fail_store(Some(fault));
        let answers = [
            Vault::open(&account(), device.clone(), device.clone()).err(),
            vault.read_open().err(),
            vault.write_open(b"").err(),
            vault.gate().err(),
            vault.write_gated(&key, b"").err(),
            vault.read_log(Log::Ledger).err(),
            vault.append(Log::Ledger, b"").err(),
        ];
        for (at, answer) in answers.into_iter().enumerate() {
            let right = match answer {
                Some(VaultError::NotNow { .. }) => !lost,
                Some(VaultError::Lost { .. }) => lost,
                _ => false,
            };
            assert!(right, "{at}");
        }
    }
    device.fail_store(None);
    assert_eq!(device.disk(), kept);
}

#[test]
fn two_accounts_are_independent() {
    let device = Device::new();
    let a = open(&device);
    let b = Vault::open(&AccountId::new("a-b").unwrap(), device.clone(), device.clone()).unwrap();
    for (vault, content) in [(&a, b"of a"), (&b, b"of b")] {
        vault.write_open(content).unwrap();
        vault.append(Log::Ledger, content).unwrap();
        seal(vault, SlotKind::DeviceOnly, content);
    }
    assert_ne!(a.log_head(Log::Ledger).unwrap().hash, b.log_head(Log::Ledger).unwrap().hash);
    for part in ["open", "gated", "ledger"] {
        let device = Device::with(device.disk());
        device.put(&format!("a.{part}"), device.file(&format!("a-b.{part}")));
        let a = open(&device);
        let error = match part {
            "open" => a.read_open().err(),
            "gated" => a.gate().err(),
            _ => a.read_log(Log::Ledger).err(),
        };
        assert!(matches!(error, Some(VaultError::Corrupt { .. })), "{part}");
    }
    a.destroy().unwrap();
    assert!(
        device.disk().files.keys().chain(device.disk().secrets.keys()).all(|name| name.starts_with("a-b."))
    );
    assert_eq!(b.read_open().unwrap().unwrap().as_slice(), b"of b");
    assert_eq!(unlock(&b).unwrap().1, b"of b");
    assert_eq!(b.read_log(Log::Ledger).unwrap(), [b"of b"]);
    assert_eq!(open(&device).read_open().unwrap(), None);
}

#[test]
fn many_threads_lose_no_record_and_no_write() {
    let device = Device::new();
    let vault = open(&device);
    let key = seal(&vault, SlotKind::DeviceOnly, b"start");
    std::thread::scope(|scope| {
        for thread in 0..8_u8 {
            let (vault, other, key) = (&vault, open(&device), &key);
            scope.spawn(move || {
                for record in 0..10 {
                    other.append(Log::Ledger, &[thread, record]).unwrap();
                    other.write_open(&[thread, record]).unwrap();
                    vault.write_gated(key, &[thread, record]).unwrap();
                    other.gate().unwrap();
                }
            });
        }
    });
    let mut records = vault.read_log(Log::Ledger).unwrap();
    for thread in 0..8 {
        let of_thread: Vec<u8> =
            records.iter().filter(|record| record[0] == thread).map(|record| record[1]).collect();
        assert_eq!(of_thread, (0..10).collect::<Vec<u8>>());
    }
    records.dedup();
    assert_eq!(records.len(), 80);
    assert!(vault.read_open().unwrap().is_some_and(|content| content[1] == 9));
    assert!(!device.is_set_aside("a.gated"));
    assert_eq!(unlock(&vault).unwrap().1[1], 9);
}
