//! The small device-bound secret store.

use crate::Secret;

/// A store for a few small secrets, bound to this device and app, readable without a prompt after the first unlock
/// since start. Called on a thread that may block.
pub trait SecretStore: Send + Sync {
    /// The secret under `name`, or nothing. Nothing means: certainly not there; "could not look" is an error.
    fn read(&self, name: String) -> Result<Option<Secret>, StoreError>;

    /// Stores `secret` under `name`, replacing what was there.
    fn write(&self, name: String, secret: Secret) -> Result<(), StoreError>;

    /// Removes what is under `name`; nothing happens where there is nothing.
    fn remove(&self, name: String) -> Result<(), StoreError>;
}

/// Why the store did not answer. The two first must never be mistaken for each other: one waits, one starts anew.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// Not at this moment: device locked since start, keyring locked, service not running.
    #[error("the secret store is not available at this moment: {reason}")]
    NotNow {
        /// What the platform said, without the secret.
        reason: String,
    },
    /// What was stored can't be read again, for good: its key is gone.
    #[error("the stored secret can no longer be read")]
    Lost,
    /// Anything else the platform said.
    #[error("the secret store failed: {reason}")]
    Failed {
        /// What the platform said, without the secret.
        reason: String,
    },
}
