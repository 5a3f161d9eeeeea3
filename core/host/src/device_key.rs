//! Signing keys that prompt nobody.

/// P-256 signing keys in the device's hardware, without a prompt; one for each account and purpose, so that the key
/// of a token and the key of a consent ledger never link two accounts.
///
/// Called on a thread that may block: a hardware signature takes tens of milliseconds.
pub trait DeviceKey: Send + Sync {
    /// The public key under `alias`, made on first use: 65 bytes, uncompressed SEC1 (`04 || x || y`).
    fn public_key(&self, alias: String) -> Result<Vec<u8>, DeviceKeyError>;

    /// ES256 over `data`: 64 bytes, `r || s` (RFC 7518, section 3.4). The data is hashed by the host.
    fn sign_es256(&self, alias: String, data: Vec<u8>) -> Result<Vec<u8>, DeviceKeyError>;

    /// Removes the key; nothing happens where there is none.
    fn delete_key(&self, alias: String) -> Result<(), DeviceKeyError>;
}

/// Why a signing key could not be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DeviceKeyError {
    /// Not at this moment, for instance before the first unlock since start.
    #[error("not possible at this moment: {reason}")]
    NotNow {
        /// What the platform said.
        reason: String,
    },
    /// The key is gone or was invalidated.
    #[error("the key is gone or was invalidated")]
    KeyLost,
    /// Anything else the platform said.
    #[error("the platform refused: {reason}")]
    Failed {
        /// What the platform said.
        reason: String,
    },
}
