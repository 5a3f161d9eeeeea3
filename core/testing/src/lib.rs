//! An in-memory host: a scripted finger, scripted asks, a settable clock. Made for apps' own tests, too.
//!
//! **What it is.** [`ScriptedHost`] fills every port in memory and hands out a `pforte_host::Host`. Its parts can be
//! scripted while the client runs, and everything the client asks of a port is written to the [`PortLog`].
//!
//! **What it promises.** The finger is a key operation, as on a device: a secret that was wrapped under a key that is
//! gone does not come back. The log holds no secret and no random value, so that two runs, and two languages, can be
//! compared line by line.
//!
//! **What it never does.** It asks no real person and protects nothing.
//!
//! # The port log
//!
//! One line a call, `port.method(summary)`, written when the call comes in, whatever comes of it. A name is cut to what
//! follows its last `/`; a gate key's alias ends in something random, so its kind stands in its place, or `missing` where
//! there is no such key.
//!
//! | Call | Line |
//! |---|---|
//! | `GateKey::availability` | `gate_key.availability()` |
//! | `GateKey::create_key` | `gate_key.create_key(biometric)` or `(device-credential)` |
//! | `GateKey::wrap_secret`, `unwrap_secret`, `delete_key` | `gate_key.wrap_secret(biometric)` … |
//! | `GateKey::dismiss_prompt` | `gate_key.dismiss_prompt()` |
//! | `DeviceKey::public_key`, `sign_es256`, `delete_key` | `device_key.sign_es256(ledger)` … |
//! | `SecretStore::read`, `write`, `remove` | `secret_store.read(anchor)` … |
//! | `UserAgent::browse` | `user_agent.browse(/authorize)`: the URL's path |
//! | `Presenter::present` | `presenter.present(consent profile.store crm.link)`: see below |
//! | `Presenter::withdraw_ask` | `presenter.withdraw_ask()` |
//! | `BackgroundTime::begin`, `finish` | `background_time.begin(refresh)`, `background_time.finish()` |
//!
//! An ask is its kind, then what it is about, in the order of the ask and with single spaces: `inform` and `consent`
//! with purposes, `sign-in` with route ids, `step-up` with the level, `profile` with field names; `unlock`,
//! `enrol-biometrics` and `enrol-passkey` alone ([`ask_summary`]).
//!
//! Reads of a clock are not written: how many there are depends on timing. Neither are files: that port is filled in
//! Rust in every language.

mod ask_summary;
mod browser;
mod clock;
mod device_key;
mod files;
mod finger;
mod host;
mod log;
mod presenter;
mod secrets;
mod time;

pub use ask_summary::ask_summary;
pub use browser::{BrowserHabit, RedirectingBrowser};
pub use clock::SettableClock;
pub use device_key::MemoryDeviceKey;
pub use files::MemoryFiles;
pub use finger::{Finger, ScriptedFinger};
pub use host::ScriptedHost;
pub use log::PortLog;
pub use presenter::ScriptedAsks;
pub use secrets::MemorySecrets;
pub use time::{GrantedBackground, WithoutPasskeys};
