//! A real keyring, started by the test run: `PFORTE_KEYRING` says which. `cargo xtask test keyring` runs both.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]

mod support;

use pforte_host::{Secret, SecretStore, StoreError};
use pforte_platform::{Keyring, KeyringStore};
use support::{Locked, alone, keyring};

/// How large a secret it takes, in bytes.
fn largest() -> usize {
    match keyring() {
        Keyring::SecretService => 64 * 1024,
        Keyring::Keyutils => 20 * 1024,
    }
}

fn store() -> KeyringStore {
    KeyringStore::open("pforte-test", keyring()).unwrap()
}

#[test]
fn a_secret_comes_back_is_replaced_and_goes() {
    let _alone = alone();
    let store = store();
    let name = "main/anchor".to_owned();
    store.remove(name.clone()).unwrap();
    assert!(store.read(name.clone()).unwrap().is_none());
    store.write(name.clone(), Secret::new(b"first".to_vec())).unwrap();
    store.write(name.clone(), Secret::new(vec![0, 255, 10, 13])).unwrap();
    assert_eq!(store.read(name.clone()).unwrap().unwrap().expose(), [0, 255, 10, 13]);
    store.remove(name.clone()).unwrap();
    store.remove(name.clone()).unwrap();
    assert!(store.read(name).unwrap().is_none());
}

#[test]
fn names_are_kept_apart() {
    let _alone = alone();
    let store = store();
    store.write("a/anchor".into(), Secret::new(vec![1])).unwrap();
    store.write("b/anchor".into(), Secret::new(vec![2])).unwrap();
    assert_eq!(store.read("a/anchor".into()).unwrap().unwrap().expose(), [1]);
    store.remove("a/anchor".into()).unwrap();
    assert_eq!(store.read("b/anchor".into()).unwrap().unwrap().expose(), [2]);
    store.remove("b/anchor".into()).unwrap();
}

#[test]
fn a_large_secret_comes_back_whole() {
    let _alone = alone();
    let store = store();
    let large: Vec<u8> = (0..largest()).map(|n| u8::try_from(n % 251).unwrap()).collect();
    store.write("large".into(), Secret::new(large.clone())).unwrap();
    assert_eq!(store.read("large".into()).unwrap().unwrap().expose(), large);
    // The kernel's keyring has a limit: what goes over it replaces nothing.
    if keyring() == Keyring::Keyutils {
        assert!(store.write("large".into(), Secret::new(vec![2; 64 * 1024])).is_err());
        assert_eq!(store.read("large".into()).unwrap().unwrap().expose(), large);
    }
    store.remove("large".into()).unwrap();
}

/// "Could not look" must never be taken for "nothing there": one waits, the other starts anew.
#[test]
fn a_locked_keyring_is_not_now_and_loses_nothing() {
    let _alone = alone();
    let store = store();
    store.write("kept".into(), Secret::new(vec![1])).unwrap();
    let locked = Locked::now();
    assert!(matches!(store.read("kept".into()), Err(StoreError::NotNow { .. })));
    assert!(matches!(store.remove("kept".into()), Err(StoreError::NotNow { .. })));
    let written = store.write("kept".into(), Secret::new(vec![2]));
    assert!(matches!(written, Err(StoreError::NotNow { .. })));
    drop(locked);
    let store = self::store();
    assert_eq!(store.read("kept".into()).unwrap().unwrap().expose(), [1]);
    store.remove("kept".into()).unwrap();
    assert!(store.read("kept".into()).unwrap().is_none(), "and gone is gone");
}
