//! The ports, as traits that Kotlin and Swift implement.
//!
//! They are the ports of `pforte-host` with owned parameters. Files are not among them: those are written in Rust, in
//! the folder the app names. A port must not call back into the library.

use std::sync::Arc;

use pforte_client::host::{Answer, Ask, GateAvailability, GateKind, Grant, Prompt};

use crate::port_errors::{
    BackgroundError, ClockError, DeviceKeyError, GateError, PasskeyError, PresenterError, StoreError,
    UserAgentError,
};

/// Every port of one app, handed over once when the client is started.
#[derive(uniffi::Record)]
pub struct Ports {
    /// A key that needs a fresh finger or face for each use.
    pub gate_key: Arc<dyn GateKey>,
    /// Signing keys without a prompt, one for each account and purpose.
    pub device_key: Arc<dyn DeviceKey>,
    /// The small device-bound secret store.
    pub secret_store: Arc<dyn SecretStore>,
    /// The browser that shows the provider's pages.
    pub user_agent: Arc<dyn UserAgent>,
    /// The screens that ask.
    pub presenter: Arc<dyn Presenter>,
    /// Time to finish work after the app left the front.
    pub background_time: Arc<dyn BackgroundTime>,
    /// The platform's passkeys; nothing where it has none.
    #[uniffi(default = None)]
    pub passkeys: Option<Arc<dyn PasskeyProvider>>,
    /// Wall clock and elapsed time; nothing for the machine's own.
    #[uniffi(default = None)]
    pub clock: Option<Arc<dyn Clock>>,
}

/// A hardware key that needs a fresh biometric, or the device credential, for each use.
///
/// Only a 32-byte secret ever passes through it. The adapter wipes its copy.
#[uniffi::export(foreign)]
#[async_trait::async_trait]
pub trait GateKey: Send + Sync {
    /// What this device can do now. Asks nobody anything.
    async fn availability(&self) -> Result<GateAvailability, GateError>;

    /// Makes a key under `alias`; a key that is there already is replaced.
    async fn create_key(&self, alias: String, kind: GateKind) -> Result<(), GateError>;

    /// Encrypts `secret` under the key. Prompts where `GateAvailability` says so.
    async fn wrap_secret(&self, alias: String, secret: Vec<u8>, prompt: Prompt)
    -> Result<Vec<u8>, GateError>;

    /// Decrypts what `wrapSecret` returned. Always prompts.
    async fn unwrap_secret(
        &self,
        alias: String,
        wrapped: Vec<u8>,
        prompt: Prompt,
    ) -> Result<Vec<u8>, GateError>;

    /// Removes the key; nothing happens where there is none.
    async fn delete_key(&self, alias: String) -> Result<(), GateError>;

    /// Takes a prompt off the screen; the call that showed it ends with `Cancelled`.
    fn dismiss_prompt(&self) -> Result<(), GateError>;
}

/// P-256 signing keys in the device's hardware, without a prompt. Called on a thread that may block.
#[uniffi::export(foreign)]
pub trait DeviceKey: Send + Sync {
    /// The public key under `alias`, made on first use: 65 bytes, uncompressed SEC1 (`04 || x || y`).
    fn public_key(&self, alias: String) -> Result<Vec<u8>, DeviceKeyError>;

    /// ES256 over `data`: 64 bytes, `r || s` (RFC 7518, section 3.4). The adapter hashes the data.
    fn sign_es256(&self, alias: String, data: Vec<u8>) -> Result<Vec<u8>, DeviceKeyError>;

    /// Removes the key; nothing happens where there is none.
    fn delete_key(&self, alias: String) -> Result<(), DeviceKeyError>;
}

/// A store for a few small secrets, bound to this device and app, readable without a prompt after the first unlock
/// since start. Called on a thread that may block. The adapter wipes its copies.
#[uniffi::export(foreign)]
pub trait SecretStore: Send + Sync {
    /// The secret under `name`, or nothing. Nothing means: certainly not there; "could not look" is an error.
    fn read(&self, name: String) -> Result<Option<Vec<u8>>, StoreError>;

    /// Stores `secret` under `name`, replacing what was there.
    fn write(&self, name: String, secret: Vec<u8>) -> Result<(), StoreError>;

    /// Removes what is under `name`; nothing happens where there is nothing.
    fn remove(&self, name: String) -> Result<(), StoreError>;
}

/// Opens the provider's page in the system browser and waits for the redirect back (RFC 8252, section 4).
#[uniffi::export(foreign)]
#[async_trait::async_trait]
pub trait UserAgent: Send + Sync {
    /// Shows `url` and returns the whole URL the browser was sent to, which starts with `redirectUri`.
    async fn browse(&self, url: String, redirect_uri: String) -> Result<String, UserAgentError>;
}

/// The platform's passkey ceremonies. The server's JSON goes in verbatim and the authenticator's comes out verbatim.
#[uniffi::export(foreign)]
#[async_trait::async_trait]
pub trait PasskeyProvider: Send + Sync {
    /// Makes a passkey: creation options in, registration response out (WebAuthn Level 3, section 5.1).
    async fn register_passkey(&self, options_json: String) -> Result<String, PasskeyError>;

    /// Uses a passkey: request options in, authentication response out.
    async fn use_passkey(&self, options_json: String) -> Result<String, PasskeyError>;
}

/// Shows one ask and returns what the person did. Only one ask is shown at a time.
#[uniffi::export(foreign)]
#[async_trait::async_trait]
pub trait Presenter: Send + Sync {
    /// Shows `ask` until the person answers, skips or closes it. There is no time limit.
    async fn present(&self, ask: Ask) -> Result<Answer, PresenterError>;

    /// Takes the ask off the screen: the caller went away. The ask is not answered by that.
    fn withdraw_ask(&self) -> Result<(), PresenterError>;
}

/// A grant of time from the system. No token refresh starts without one: a rotated token must not be lost because the
/// app was frozen in between.
#[uniffi::export(foreign)]
pub trait BackgroundTime: Send + Sync {
    /// Asks for time to finish `task`; the grant is given back with `finish`.
    fn begin(&self, task: String) -> Result<Grant, BackgroundError>;

    /// Gives a grant back.
    fn finish(&self, grant: Grant) -> Result<(), BackgroundError>;
}

/// The device's clocks: the wall clock can be set by the person, elapsed time can't. Cheap, from any thread.
#[uniffi::export(foreign)]
pub trait Clock: Send + Sync {
    /// Milliseconds since 1970-01-01T00:00:00Z, as the device believes.
    fn wall_ms(&self) -> Result<i64, ClockError>;

    /// Milliseconds since the device was started, including sleep.
    fn elapsed_ms(&self) -> Result<u64, ClockError>;

    /// Names this boot: elapsed times of two boots can't be compared.
    fn boot_id(&self) -> Result<String, ClockError>;
}
