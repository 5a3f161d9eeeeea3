//! What ports speak of.

use pforte_client::host::{GateAvailability, GateKind, GateReadiness, Grant, Prompt};

/// What opens the gate.
#[uniffi::remote(Enum)]
pub enum GateKind {
    /// A strong biometric enrolled now; a newly enrolled finger makes the key unusable.
    Biometric,
    /// The device's PIN, pattern or password; survives new enrolments (Android 11 and later).
    DeviceCredential,
}

/// What a device can offer as a gate.
#[uniffi::remote(Record)]
pub struct GateAvailability {
    /// Whether a strong biometric can be used now.
    pub biometric: GateReadiness,
    /// Whether wrapping shows a prompt, too (Android: yes, Apple: no).
    pub wrap_prompts: bool,
    /// Whether keys of the kind `DeviceCredential` can be made.
    pub device_credential: bool,
}

/// How ready the biometric is.
#[uniffi::remote(Enum)]
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
#[uniffi::remote(Record)]
pub struct Prompt {
    /// The headline.
    pub title: String,
    /// Why the finger is asked for, in one sentence.
    pub reason: String,
    /// The label of the button that closes the prompt.
    pub cancel: String,
}

/// Names one grant of background time.
#[uniffi::remote(Record)]
pub struct Grant {
    /// The host's own number for it.
    pub id: u64,
}
