//! What can go wrong in a vault, named by what to do about it.

use pforte_host::{FileError, StoreError};

/// Why a vault operation did not happen. No variant carries a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VaultError {
    /// Not at this moment: the device has not been unlocked since it started, the keyring is locked. Nothing is lost
    /// and nothing was changed; try again later.
    #[error("not possible at this moment: {reason}; nothing is lost, try again later")]
    NotNow {
        /// What the platform said.
        reason: String,
    },
    /// The device-bound secret is gone for good, or was never here: the files come from another device, or the
    /// platform lost its key. Nothing can open them; [`Vault::start_anew`](crate::Vault::start_anew) sets them aside.
    #[error("{what} was sealed with a secret that is not on this device; start anew")]
    Lost {
        /// What can't be opened.
        what: &'static str,
    },
    /// The bytes are not what was written. The file was renamed, so that the next read finds none.
    #[error("{what} is damaged and was set aside")]
    Corrupt {
        /// What is damaged.
        what: &'static str,
    },
    /// An older state than the last one known here; it was left as it is, and is not read.
    #[error("{what} is older than the last one that was written on this device; it is not read")]
    Rollback {
        /// What is too old.
        what: &'static str,
    },
    /// Written by a newer version of this library; left untouched.
    #[error("{what} has format version {version}, which this version does not know; update the app")]
    UnknownVersion {
        /// What is too new.
        what: &'static str,
        /// The version found.
        version: u8,
    },
    /// The slot's secret is not the one under which the key was sealed. The file is whole.
    #[error("the slot's secret does not open the vault")]
    WrongSecret,
    /// The key or intent belongs to a session that ended or was sealed anew in between. Revoke what was to be written.
    #[error("the session was ended or sealed anew in between; revoke what was to be written")]
    Superseded,
    /// Somebody else wrote the gated file since this key last read it;
    /// [`Vault::read_gated`](crate::Vault::read_gated) first, then decide again.
    #[error("the session was changed by another process in between; read it again")]
    Stale,
    /// An argument is outside the limits.
    #[error("refused: {what}")]
    Invalid {
        /// Which limit.
        what: &'static str,
    },
    /// The device's storage failed, or is full. What was stored before is still there.
    #[error("the device's storage failed: {reason}")]
    Storage {
        /// What the platform said.
        reason: String,
    },
    /// The device's cryptography failed; nothing was changed.
    #[error("the device's cryptography failed: {what}")]
    Crypto {
        /// Which part.
        what: &'static str,
    },
}

impl From<FileError> for VaultError {
    fn from(error: FileError) -> Self {
        match error {
            FileError::NotNow { reason } => Self::NotNow { reason },
            other => Self::Storage { reason: other.to_string() },
        }
    }
}

impl From<StoreError> for VaultError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::NotNow { reason } => Self::NotNow { reason },
            StoreError::Lost => Self::Lost { what: "the account" },
            StoreError::Failed { reason } => Self::Storage { reason },
        }
    }
}
