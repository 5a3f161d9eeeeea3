//! The ports an app fills, and the plain types they speak.
//!
//! **What it is.** Small traits for everything that only the platform can do: a key behind a finger, a signing key
//! in hardware, a small secret store, files, a browser, the screen that asks, the clock, time in the background.
//!
//! **What it promises.** Every method returns a `Result` with a closed error type, takes owned or borrowed plain
//! values, and can be implemented from Kotlin and Swift: no method is named like a keyword of either language.
//! Secrets are wiped on drop and never printed.
//!
//! **What it never does.** It holds no logic of sign-in, storage or policy, performs no I/O, and knows no other room.
//!
//! **How ports are called.** Never while a lock is held, never from inside another port. Synchronous ports are called
//! on a thread that may block; asynchronous ones may wait for a person. A port must not call back into the library.
//!
//! | Port | Filled on Android by | on Apple by | on a desktop by |
//! |---|---|---|---|
//! | [`GateKey`] | Keystore AES key + `BiometricPrompt` | Secure Enclave key + `LAContext` | a software key and a terminal prompt |
//! | [`DeviceKey`] | Keystore P-256 | Secure Enclave P-256 | a software key |
//! | [`SecretStore`] | a Keystore-wrapped file | the keychain | Secret Service, keyutils, Keychain, Credential Manager |
//! | [`UserAgent`] | Custom Tab | `ASWebAuthenticationSession` | the system browser |
//! | [`Presenter`] | the ready-made screens, or the app's | the same | the terminal |

mod ask;
mod background_time;
mod clock;
mod device_key;
mod file_store;
mod gate_key;
mod passkey_provider;
mod presenter;
mod secret;
mod secret_store;
mod user_agent;

use std::sync::Arc;

pub use ask::{
    Act, Answer, Ask, AskKind, ConsentChoice, ConsentQuestion, FieldKind, FieldQuestion, FieldValue, Notice,
    Route,
};
pub use background_time::{BackgroundError, BackgroundTime, Grant};
pub use clock::{Clock, Moment};
pub use device_key::{DeviceKey, DeviceKeyError};
pub use file_store::{FileError, FileStore};
pub use gate_key::{GateAvailability, GateError, GateKey, GateKind, GateReadiness, Prompt};
pub use passkey_provider::{PasskeyError, PasskeyProvider};
pub use presenter::{Presenter, PresenterError};
pub use secret::{Secret, SecretText};
pub use secret_store::{SecretStore, StoreError};
pub use user_agent::{UserAgent, UserAgentError};

/// Every port of one app, handed over once when the client is opened.
#[derive(Clone)]
pub struct Host {
    /// A key that needs a fresh finger or face for each use.
    pub gate_key: Arc<dyn GateKey>,
    /// Signing keys without a prompt, one for each account and purpose.
    pub device_key: Arc<dyn DeviceKey>,
    /// The small device-bound secret store.
    pub secret_store: Arc<dyn SecretStore>,
    /// The folder that holds the sealed files.
    pub files: Arc<dyn FileStore>,
    /// The browser that shows the provider's pages.
    pub user_agent: Arc<dyn UserAgent>,
    /// The platform's passkeys.
    pub passkeys: Arc<dyn PasskeyProvider>,
    /// The screens that ask.
    pub presenter: Arc<dyn Presenter>,
    /// Wall clock and elapsed time.
    pub clock: Arc<dyn Clock>,
    /// Time to finish work after the app left the front.
    pub background_time: Arc<dyn BackgroundTime>,
}

impl std::fmt::Debug for Host {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Host { .. }")
    }
}
