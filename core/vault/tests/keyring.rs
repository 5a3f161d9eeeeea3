//! The vault's whole life over real stores: a folder on disk and a real keyring, started by the test run.
//! `PFORTE_KEYRING` says which; `cargo xtask test keyring` runs both. The gate alone is a fake: it turns each byte over.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]

#[path = "../../platform/tests/support/mod.rs"]
mod support;

use std::fs;
use std::path::Path;
use std::sync::Arc;

use pforte_host::{Secret, SecretStore};
use pforte_platform::{FolderFiles, KeyringStore, SystemClock};
use pforte_vault::{
    AccountId, GateState, GatedKey, Inbox, Lease, LeaseNow, LeaseOutcome, Log, NewSlot, SlotInfo, SlotKind,
    Vault, VaultError,
};
use support::{Locked, alone, keyring};

fn account() -> AccountId {
    AccountId::new("a").unwrap()
}

/// `device` names the app in the keyring, so that another name is another device.
fn stores(folder: &Path, device: &str) -> (Arc<FolderFiles>, Arc<KeyringStore>) {
    let service = format!("pforte-vault-test-{device}");
    let secrets = KeyringStore::open(&service, keyring()).unwrap();
    (Arc::new(FolderFiles::open(folder).unwrap()), Arc::new(secrets))
}

fn try_open(folder: &Path, device: &str) -> Result<Vault, VaultError> {
    let (files, secrets) = stores(folder, device);
    Vault::open(&account(), files, secrets)
}

/// A new handle on new stores, as after a start.
fn open(folder: &Path, device: &str) -> Vault {
    try_open(folder, device).unwrap()
}

fn secret_names(folder: &Path, device: &str) -> Vec<&'static str> {
    let (_, secrets) = stores(folder, device);
    let there = |name: &&str| secrets.read(format!("a.{name}")).unwrap().is_some();
    ["keys", "anchor"].into_iter().filter(there).collect()
}

fn turned(bytes: &[u8]) -> Vec<u8> {
    bytes.iter().map(|byte| !byte).collect()
}

fn prepared(vault: &Vault, kind: SlotKind) -> (NewSlot, Option<Vec<u8>>) {
    let slot = vault.prepare_slot(kind).unwrap();
    let wrapped = slot.secret().map(|secret| turned(secret.expose()));
    (slot, wrapped)
}

fn slots(vault: &Vault) -> Vec<SlotInfo> {
    match vault.gate().unwrap() {
        GateState::Sealed { slots } => slots,
        GateState::None => Vec::new(),
    }
}

fn unlock(vault: &Vault) -> (GatedKey, Vec<u8>) {
    let slot = slots(vault).remove(0);
    let secret = slot.wrapped.map(|wrapped| Secret::new(turned(&wrapped)));
    let (key, content) = vault.unlock(&slot.id, secret).unwrap();
    (key, content.to_vec())
}

fn lease(vault: &Vault) -> Lease {
    match vault.take_lease(LeaseNow::read(&SystemClock), 30_000).unwrap() {
        LeaseOutcome::Held(lease) => lease,
        LeaseOutcome::Busy { retry_after_ms } => panic!("busy for {retry_after_ms} ms"),
    }
}

/// Signed in on a new device, with everything on it.
fn signed_in(device: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let vault = open(folder.path(), device);
    // Left over by a run that was ended.
    vault.destroy().unwrap();
    vault.write_open(b"hint").unwrap();
    vault.append(Log::Ledger, b"grant").unwrap();
    let (slot, wrapped) = prepared(&vault, SlotKind::Biometric);
    vault.create_gated(slot, wrapped, b"tokens").unwrap();
    folder
}

#[test]
fn a_vault_lives_from_its_first_file_to_its_destruction() {
    let _alone = alone();
    let folder = signed_in("life");
    let start = || open(folder.path(), "life");
    assert_eq!(secret_names(folder.path(), "life"), ["keys", "anchor"]);

    // A start, an unlock, a refresh while unlocked.
    let vault = start();
    assert!(!vault.reinstalled());
    assert_eq!(vault.read_open().unwrap().unwrap().as_slice(), b"hint");
    let (key, content) = unlock(&vault);
    assert_eq!(content, b"tokens");
    let first = lease(&vault);
    let busy = start().take_lease(LeaseNow::read(&SystemClock), 30_000).unwrap();
    assert!(matches!(busy, LeaseOutcome::Busy { .. }), "a sibling waits");
    let intent = vault.open_intent_fenced(&key, &first).unwrap();
    vault.close_intent_fenced(&key, &first, &intent, b"rotated").unwrap();
    vault.release_lease(&first).unwrap();

    // A refresh that ends after the lock, and the merge after the next start.
    let second = lease(&vault);
    assert!(second.fence > first.fence);
    let intent = vault.open_intent_fenced(&key, &second).unwrap();
    drop(key);
    vault.put_inbox_fenced(&second, &intent, b"rotated again").unwrap();
    vault.release_lease(&second).unwrap();
    let vault = start();
    let (key, content) = unlock(&vault);
    assert_eq!(content, b"rotated");
    let Inbox::Arrived { intent, content } = vault.take_inbox(&key).unwrap() else { panic!("nothing there") };
    vault.close_intent(&key, &intent, &content).unwrap();
    assert_eq!(unlock(&start()).1, b"rotated again");

    // The gate key rotated, the gate off and on, a second way in.
    let old = slots(&vault).remove(0);
    let (slot, wrapped) = prepared(&vault, SlotKind::Biometric);
    vault.replace_slot(&key, &old.id, slot, wrapped).unwrap();
    vault.read_gated(&key).unwrap();
    let held = lease(&vault);
    let (slot, wrapped) = prepared(&vault, SlotKind::DeviceOnly);
    let key = vault.rekey_gated(&key, &held, slot, wrapped).unwrap();
    let (slot, wrapped) = prepared(&vault, SlotKind::Biometric);
    let key = vault.rekey_gated(&key, &held, slot, wrapped).unwrap();
    let (slot, wrapped) = prepared(&vault, SlotKind::DeviceCredential);
    vault.add_slot(&key, slot, wrapped).unwrap();
    vault.release_lease(&held).unwrap();
    assert_eq!(slots(&start()).len(), 2);
    assert_eq!(unlock(&start()).1, b"rotated again");

    // The ledger grows, is read by a sibling, and is begun anew.
    for _ in 0..20 {
        vault.append(Log::Ledger, b"more").unwrap();
    }
    start().append(Log::Ledger, b"from a sibling").unwrap();
    vault.append(Log::Ledger, b"last").unwrap();
    assert_eq!(start().read_log(Log::Ledger).unwrap().len(), 23);
    vault.rewrite_log(Log::Ledger, &[b"folded".to_vec()]).unwrap();
    assert_eq!(start().read_log(Log::Ledger).unwrap(), [b"folded"]);

    vault.destroy().unwrap();
    assert_eq!(secret_names(folder.path(), "life"), Vec::<&str>::new());
    let left: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, [".lock"]);
}

#[test]
fn what_was_put_back_from_before_is_refused() {
    let _alone = alone();
    let folder = signed_in("rollback");
    let names = ["a.open", "a.gated", "a.ledger"].map(|name| folder.path().join(name));
    let before = names.each_ref().map(|path| fs::read(path).unwrap());
    let vault = open(folder.path(), "rollback");
    let (key, _) = unlock(&vault);
    vault.write_open(b"newer").unwrap();
    vault.write_gated(&key, b"newer").unwrap();
    vault.append(Log::Ledger, b"withdrawal").unwrap();
    names.iter().zip(before).for_each(|(path, bytes)| fs::write(path, bytes).unwrap());
    let vault = open(folder.path(), "rollback");
    let is_rollback = |error| matches!(error, VaultError::Rollback { .. });
    assert!(is_rollback(vault.read_open().unwrap_err()));
    assert!(is_rollback(vault.gate().unwrap_err()));
    assert!(is_rollback(vault.read_log(Log::Ledger).unwrap_err()));
    vault.destroy().unwrap();
}

/// The backup of one phone, restored on another: lost for good, which is not "later", and the other phone goes on.
#[test]
fn a_backup_restored_on_another_device_opens_nothing() {
    let _alone = alone();
    let (one, other) = (signed_in("one"), signed_in("other"));
    for name in ["a.installed", "a.open", "a.gated", "a.ledger"] {
        fs::copy(one.path().join(name), other.path().join(name)).unwrap();
    }
    let vault = open(other.path(), "other");
    assert!(matches!(vault.read_open(), Err(VaultError::Corrupt { .. })), "sealed by another device");
    assert!(matches!(vault.gate(), Err(VaultError::Corrupt { .. })));
    assert!(matches!(vault.read_log(Log::Ledger), Err(VaultError::Corrupt { .. })));
    assert_eq!(unlock(&open(one.path(), "one")).1, b"tokens", "the first phone goes on");
    vault.destroy().unwrap();

    // And where the app was never used: no secrets at all.
    assert!(matches!(try_open(one.path(), "third"), Err(VaultError::Lost { .. })));
    let (files, secrets) = stores(one.path(), "third");
    let anew = Vault::start_anew(&account(), files, secrets).unwrap();
    assert_eq!(anew.read_open().unwrap(), None);
    anew.write_open(b"somebody new").unwrap();
    assert_eq!(open(one.path(), "third").read_open().unwrap().unwrap().as_slice(), b"somebody new");
    anew.destroy().unwrap();
}

#[test]
fn an_installation_over_secrets_that_stayed_is_noticed() {
    let _alone = alone();
    let folder = signed_in("again");
    for entry in fs::read_dir(folder.path()).unwrap() {
        fs::remove_file(entry.unwrap().path()).unwrap();
    }
    let vault = open(folder.path(), "again");
    assert!(vault.reinstalled());
    assert_eq!(secret_names(folder.path(), "again"), Vec::<&str>::new());
    assert!(!open(folder.path(), "again").reinstalled(), "once");
}

/// The secret itself is gone from the keyring: lost, at once and for good. The files are there until somebody says so.
#[test]
fn a_secret_that_is_gone_is_lost() {
    let _alone = alone();
    let folder = signed_in("gone");
    let (_, secrets) = stores(folder.path(), "gone");
    secrets.remove("a.keys".to_owned()).unwrap();
    assert!(matches!(try_open(folder.path(), "gone"), Err(VaultError::Lost { .. })));
    assert!(folder.path().join("a.gated").exists());
    let (files, secrets) = stores(folder.path(), "gone");
    Vault::start_anew(&account(), files, secrets).unwrap().destroy().unwrap();
}

/// A locked keyring is "not now" everywhere, is taken neither for a loss nor for a new installation, and costs nothing.
#[test]
fn a_locked_keyring_is_not_now_and_no_installation() {
    let _alone = alone();
    let folder = signed_in("locked");
    let vault = open(folder.path(), "locked");
    let (key, _) = unlock(&vault);
    let locked = Locked::now();
    let is_not_now = |error: Option<VaultError>| matches!(error, Some(VaultError::NotNow { .. }));
    let before = listing(folder.path());
    assert!(is_not_now(try_open_locked(folder.path(), "locked").err()));
    assert!(is_not_now(vault.read_open().err()));
    assert!(is_not_now(vault.write_open(b"x").err()));
    assert!(is_not_now(vault.gate().err()));
    assert!(is_not_now(vault.write_gated(&key, b"x").err()));
    assert!(is_not_now(vault.append(Log::Ledger, b"x").err()));
    assert!(is_not_now(vault.take_lease(LeaseNow::read(&SystemClock), 1_000).err()));
    assert!(is_not_now(vault.destroy().err()));
    assert_eq!(listing(folder.path()), before, "nothing was changed or set aside");

    // All of it away, too: still not an installation.
    let elsewhere = tempfile::tempdir().unwrap();
    assert!(is_not_now(try_open_locked(elsewhere.path(), "locked").err()));
    drop(locked);

    let vault = open(folder.path(), "locked");
    assert!(!vault.reinstalled());
    assert_eq!(vault.read_open().unwrap().unwrap().as_slice(), b"hint");
    assert_eq!(unlock(&vault).1, b"tokens");
    vault.destroy().unwrap();
}

/// The store may refuse to be opened at all, which is the same answer.
fn try_open_locked(folder: &Path, device: &str) -> Result<Vault, VaultError> {
    let service = format!("pforte-vault-test-{device}");
    let secrets = KeyringStore::open(&service, keyring())?;
    Vault::open(&account(), Arc::new(FolderFiles::open(folder).unwrap()), Arc::new(secrets))
}

fn listing(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut files: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| (path.file_name().unwrap().to_str().unwrap().to_owned(), fs::read(&path).unwrap()))
        .collect();
    files.sort();
    files
}
