//! The platform's passkeys (WebAuthn Level 3).

use async_trait::async_trait;

/// The platform's passkey ceremonies. The server's JSON goes in verbatim and the authenticator's comes out verbatim.
#[async_trait]
pub trait PasskeyProvider: Send + Sync {
    /// Makes a passkey: `PublicKeyCredentialCreationOptionsJSON` in, `RegistrationResponseJSON` out
    /// (WebAuthn Level 3, section 5.1).
    async fn register_passkey(&self, options_json: String) -> Result<String, PasskeyError>;

    /// Uses a passkey: `PublicKeyCredentialRequestOptionsJSON` in, `AuthenticationResponseJSON` out.
    async fn use_passkey(&self, options_json: String) -> Result<String, PasskeyError>;
}

/// Why there was no passkey.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PasskeyError {
    /// The person closed the sheet.
    #[error("the passkey sheet was closed")]
    Cancelled,
    /// The person has no passkey for this site on this device.
    #[error("there is no passkey for this site")]
    NoCredential,
    /// The device or app can't use passkeys; the route is left out.
    #[error("passkeys can't be used here: {reason}")]
    NotSupported {
        /// What is missing.
        reason: String,
    },
    /// Anything else the platform said.
    #[error("the passkey ceremony failed: {reason}")]
    Failed {
        /// What the platform said.
        reason: String,
    },
}
