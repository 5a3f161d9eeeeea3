//! A real keyring that the test run has started, and how it is locked.
#![allow(dead_code, reason = "each test binary uses its part")]

use std::io::Write;
use std::process::{Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use pforte_host::{SecretStore, StoreError};
use pforte_platform::{Keyring, KeyringStore};

/// Which one. Never a person's own: tests lock it and empty it.
pub fn keyring() -> Keyring {
    let own_home = std::env::var_os("XDG_DATA_HOME").is_some();
    match std::env::var("PFORTE_KEYRING").as_deref() {
        Ok("secret-service") if own_home => Keyring::SecretService,
        Ok("keyutils") => Keyring::Keyutils,
        other => {
            panic!(
                "PFORTE_KEYRING is {other:?}; run `cargo xtask test keyring`, which starts a keyring of its own"
            )
        }
    }
}

/// One test at a time: some of them lock the keyring.
pub fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The keyring is locked as long as this lives.
pub struct Locked;

impl Locked {
    /// Locks it: the Secret Service its collection; of the kernel's keyring, every right but the one to give them back
    /// is taken away.
    pub fn now() -> Self {
        match keyring() {
            Keyring::SecretService => {
                let collection = "array:objpath:/org/freedesktop/secrets/collection/login";
                let service = ["--dest=org.freedesktop.secrets", "/org/freedesktop/secrets"];
                let lock = ["org.freedesktop.Secret.Service.Lock", collection];
                run(Command::new("dbus-send").args(["--session", "--print-reply"]).args(service).args(lock));
            }
            Keyring::Keyutils => run(Command::new("keyctl").args(["setperm", "@s", "0x20000000"])),
        }
        Self
    }
}

impl Drop for Locked {
    fn drop(&mut self) {
        match keyring() {
            Keyring::SecretService => start_secret_service_anew(),
            Keyring::Keyutils => run(Command::new("keyctl").args(["setperm", "@s", "0x3f3f0000"])),
        }
    }
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
    let answers = || -> Result<(), StoreError> {
        KeyringStore::open("pforte-test", Keyring::SecretService)?.read("kept".into()).map(drop)
    };
    // The daemon answers when it has taken the bus's name over from the one before.
    let until = Instant::now() + Duration::from_secs(10);
    while answers().is_err() {
        assert!(Instant::now() < until, "the keyring does not come back");
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn run(command: &mut Command) {
    let done = command.output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
}
