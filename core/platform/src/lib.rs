//! Ports filled in Rust: files and clock for every platform, keyrings, and what a desktop has for browser and prompt.
//!
//! **What it is.** [`FolderFiles`] and [`SystemClock`] are what apps use everywhere. [`KeyringStore`] keeps small
//! secrets in the platform's keyring. [`LoopbackBrowser`] is a desktop's browser. [`SoftwareGateKey`],
//! [`SoftwareDeviceKey`] and [`FolderSecrets`] are **for development only**: they protect against nobody who can read
//! this machine's files.
//!
//! **What it promises.** A replaced file is the old or the new one after a crash. A locked keyring is "not now", never
//! "nothing there". What a keyring keeps stays on this device. No secret is in an error.
//!
//! **What it never does.** It knows no protocol and no policy, and prints nothing.
//!
//! **What it follows.** RFC 8252, section 7.3 (loopback redirect).

mod aside;
mod clock;
mod folder_files;
mod folder_secrets;
mod keyring;
#[cfg(not(any(target_os = "android", target_os = "ios")))]
mod loopback_browser;
mod nothing;
mod software_device_key;
mod software_gate_key;

pub use clock::SystemClock;
pub use folder_files::FolderFiles;
pub use folder_secrets::FolderSecrets;
pub use keyring::{Keyring, KeyringStore};
#[cfg(not(any(target_os = "android", target_os = "ios")))]
pub use loopback_browser::LoopbackBrowser;
pub use nothing::{NoBackgroundLimits, NoPasskeys};
pub use software_device_key::SoftwareDeviceKey;
pub use software_gate_key::{Confirm, SoftwareGateKey};
