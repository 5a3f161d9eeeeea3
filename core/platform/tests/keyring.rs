//! A real keyring, started by the test run: `PFORTE_KEYRING` says which. `cargo xtask test keyring` runs both.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]

use std::io::Write;
use std::process::{Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use pforte_host::{Secret, SecretStore, StoreError};
use pforte_platform::{Keyring, KeyringStore};

/// Which one, and how large a secret it takes, in bytes. One of the tests locks the Secret Service: never a person's own.
fn keyring() -> (Keyring, usize) {
    let own_home = std::env::var_os("XDG_DATA_HOME").is_some();
    match std::env::var("PFORTE_KEYRING").as_deref() {
        Ok("secret-service") if own_home => (Keyring::SecretService, 64 * 1024),
        Ok("keyutils") => (Keyring::Keyutils, 20 * 1024),
        other => {
            panic!(
                "PFORTE_KEYRING is {other:?}; run `cargo xtask test keyring`, which starts a keyring of its own"
            )
        }
    }
}

/// One test at a time: one of them locks the keyring.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

fn store() -> KeyringStore {
    KeyringStore::open("pforte-test", keyring().0).unwrap()
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
    let large: Vec<u8> = (0..keyring().1).map(|n| u8::try_from(n % 251).unwrap()).collect();
    store.write("large".into(), Secret::new(large.clone())).unwrap();
    assert_eq!(store.read("large".into()).unwrap().unwrap().expose(), large);
    store.remove("large".into()).unwrap();
}

/// "Could not look" must never be taken for "nothing there": one waits, the other starts anew.
#[test]
fn what_can_not_be_done_now_is_an_error_and_loses_nothing() {
    let _alone = alone();
    let store = store();
    store.write("kept".into(), Secret::new(vec![1])).unwrap();
    match keyring().0 {
        Keyring::SecretService => {
            lock_secret_service();
            assert!(matches!(store.read("kept".into()), Err(StoreError::NotNow { .. })));
            assert!(matches!(store.remove("kept".into()), Err(StoreError::NotNow { .. })));
            let written = store.write("kept".into(), Secret::new(vec![2]));
            assert!(matches!(written, Err(StoreError::NotNow { .. })));
            start_secret_service_anew();
        }
        Keyring::Keyutils => {
            assert!(store.write("kept".into(), Secret::new(vec![2; 64 * 1024])).is_err());
        }
    }
    let store = self::store();
    assert_eq!(store.read("kept".into()).unwrap().unwrap().expose(), [1]);
    store.remove("kept".into()).unwrap();
}

fn lock_secret_service() {
    let locked = Command::new("dbus-send")
        .args(["--session", "--print-reply", "--dest=org.freedesktop.secrets", "/org/freedesktop/secrets"])
        .arg("org.freedesktop.Secret.Service.Lock")
        .arg("array:objpath:/org/freedesktop/secrets/collection/login")
        .output()
        .unwrap();
    assert!(locked.status.success(), "{}", String::from_utf8_lossy(&locked.stderr));
}

/// Unlocked with the password that the test run made the keyring with. It ends with the test run's bus.
fn start_secret_service_anew() {
    let mut daemon = Command::new("gnome-keyring-daemon")
        .args(["--replace", "--unlock", "--components=secrets"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    daemon.stdin.take().unwrap().write_all(b"password").unwrap();
    assert!(daemon.wait().unwrap().success());
    let until = Instant::now() + Duration::from_secs(5);
    while store().read("kept".into()).is_err() && Instant::now() < until {
        std::thread::sleep(Duration::from_millis(50));
    }
}
