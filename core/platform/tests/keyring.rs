//! A real keyring, started by the test run: `PFORTE_KEYRING` says which. `cargo xtask test keyring` runs both.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]

use pforte_host::{Secret, SecretStore};
use pforte_platform::{Keyring, KeyringStore};

fn keyring() -> (Keyring, usize) {
    match std::env::var("PFORTE_KEYRING").as_deref() {
        Ok("secret-service") => (Keyring::SecretService, 64 * 1024),
        Ok("keyutils") => (Keyring::Keyutils, 20 * 1024),
        other => {
            panic!("PFORTE_KEYRING is {other:?}; run `cargo xtask test keyring`, which starts a keyring")
        }
    }
}

fn store() -> KeyringStore {
    KeyringStore::open("pforte-test", keyring().0).unwrap()
}

#[test]
fn a_secret_comes_back_is_replaced_and_goes() {
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
    let store = store();
    let large: Vec<u8> = (0..keyring().1).map(|n| u8::try_from(n % 251).unwrap()).collect();
    store.write("large".into(), Secret::new(large.clone())).unwrap();
    assert_eq!(store.read("large".into()).unwrap().unwrap().expose(), large);
    store.remove("large".into()).unwrap();
}
