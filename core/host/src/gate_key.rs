//! The key behind a finger or a face.

use async_trait::async_trait;

use crate::Secret;

/// A hardware key that needs a fresh biometric, or the device credential, **for each use**.
///
/// Only a 32-byte secret ever passes through it. The host wipes its copy.
#[async_trait]
pub trait GateKey: Send + Sync {
    /// What this device can do now. Asks nobody anything.
    async fn availability(&self) -> Result<GateAvailability, GateError>;

    /// Makes a key under `alias`; a key that is there already is replaced.
    async fn create_key(&self, alias: String, kind: GateKind) -> Result<(), GateError>;

    /// Encrypts `secret` under the key. Prompts where [`GateAvailability::wrap_prompts`] says so.
    async fn wrap_secret(&self, alias: String, secret: Secret, prompt: Prompt) -> Result<Vec<u8>, GateError>;

    /// Decrypts what [`GateKey::wrap_secret`] returned. Always prompts.
    async fn unwrap_secret(
        &self,
        alias: String,
        wrapped: Vec<u8>,
        prompt: Prompt,
    ) -> Result<Secret, GateError>;

    /// Removes the key; nothing happens where there is none.
    async fn delete_key(&self, alias: String) -> Result<(), GateError>;

    /// Takes a prompt off the screen; the call that showed it ends with [`GateError::Cancelled`].
    fn dismiss_prompt(&self) -> Result<(), GateError>;
}

/// What opens the gate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GateKind {
    /// A strong biometric enrolled now; a newly enrolled finger makes the key unusable.
    Biometric,
    /// The device's PIN, pattern or password; survives new enrolments (Android 11 and later).
    DeviceCredential,
}

/// What a device can offer as a gate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GateAvailability {
    /// Whether a strong biometric can be used now.
    pub biometric: GateReadiness,
    /// Whether wrapping shows a prompt, too (Android: yes, Apple: no).
    pub wrap_prompts: bool,
    /// Whether [`GateKind::DeviceCredential`] keys can be made.
    pub device_credential: bool,
}

/// How ready the biometric is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GateReadiness {
    /// Enrolled and usable.
    Ready,
    /// The hardware is there, nobody's finger or face is enrolled.
    NotEnrolled,
    /// There is no hardware strong enough.
    NoHardware,
    /// Usable later: locked out, or the device has not been unlocked since it started.
    NotNow,
}

/// What a prompt says, in the person's language.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prompt {
    /// The headline.
    pub title: String,
    /// Why the finger is asked for, in one sentence.
    pub reason: String,
    /// The label of the button that closes the prompt.
    pub cancel: String,
}

/// Why a gate operation did not happen.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GateError {
    /// The person closed the prompt, or it was dismissed. The key is intact.
    #[error("the prompt was closed")]
    Cancelled,
    /// The finger or face was not recognised, and the prompt has ended. The key is intact.
    #[error("the finger or face was not recognised")]
    NotRecognised,
    /// Too many failed attempts; the device's own credential, or time, ends it. The key is intact.
    #[error("too many attempts")]
    LockedOut,
    /// Nobody's finger or face is enrolled.
    #[error("no finger or face is enrolled")]
    NotEnrolled,
    /// The device has no hardware for this.
    #[error("the device has no biometric hardware for this")]
    NoHardware,
    /// Not at this moment: before the first unlock since start, app not in front, system busy. The key is intact.
    #[error("not possible at this moment: {reason}")]
    NotNow {
        /// What the platform said, without personal data.
        reason: String,
    },
    /// The key is gone or was invalidated, for instance by a newly enrolled finger. It can't come back.
    #[error("the key is gone or was invalidated")]
    KeyLost,
    /// Anything else the platform said.
    #[error("the platform refused: {reason}")]
    Failed {
        /// What the platform said, without personal data.
        reason: String,
    },
}
