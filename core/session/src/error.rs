//! What can go wrong in a session, named by what happened.

use pforte_host::{DeviceKeyError, FileError, GateError, StoreError, UserAgentError};
use pforte_vault::VaultError;

/// What happened. `pforte-client` turns it into what the app should do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SessionError {
    /// Nobody is signed in.
    #[error("nobody is signed in")]
    SignedOut,
    /// The session is locked.
    #[error("the session is locked")]
    Locked,
    /// The provider ended the session.
    #[error("the provider ended the session: {reason}")]
    Ended {
        /// What the provider said, in its own code.
        reason: String,
    },
    /// The gate's key is gone; the person signs in again.
    #[error("the key behind finger or face is gone")]
    KeyLost,
    /// The gate opened and handed out other bytes than it was given.
    #[error("the gate handed out other bytes than it was given")]
    WrongSecret,
    /// The person closed the browser or the prompt, or the app locked in between.
    #[error("ended by the person: {what}")]
    Cancelled {
        /// What was closed.
        what: &'static str,
    },
    /// The gate did not open; the session stays locked and whole.
    #[error("the gate did not open: {0}")]
    Gate(GateError),
    /// The browser gave no redirect.
    #[error("no redirect came back: {0}")]
    Browser(UserAgentError),
    /// A setting is wrong.
    #[error("{hint}")]
    Configuration {
        /// Which setting, and the place to change it.
        hint: String,
    },
    /// Passing trouble on the way to the provider.
    #[error("the provider can't be reached: {reason}")]
    Unreachable {
        /// What happened, without the query of a URL.
        reason: String,
        /// The earliest sensible moment to try again, in seconds.
        after_seconds: u64,
    },
    /// The provider's answer broke a rule of the protocol; nothing was taken from it.
    #[error("the provider's answer was refused: {reason}")]
    Refused {
        /// Which rule.
        reason: String,
    },
    /// What the person or the device answered was not accepted; another answer may be.
    #[error("not accepted: {reason}")]
    NotAccepted {
        /// Why, and what to do.
        reason: String,
    },
    /// A session of another library can't be taken over; the person signs in again.
    #[error("the session can't be taken over: {reason}")]
    NotAdopted {
        /// Why.
        reason: String,
    },
    /// The device can't do this at the moment.
    #[error("not possible at this moment: {reason}")]
    NotNow {
        /// What the platform said.
        reason: String,
    },
    /// What was kept on the device can't be read; it was set aside, not deleted.
    #[error("{what} on this device can't be read")]
    Corrupt {
        /// What can't be read.
        what: &'static str,
    },
    /// The device's storage failed.
    #[error("the device's storage failed: {reason}")]
    Storage {
        /// What the platform said.
        reason: String,
    },
    /// A consent was refused by the ledger's rules.
    #[error("not recorded: {reason}")]
    NotRecorded {
        /// Which rule.
        reason: String,
    },
    /// The client was closed.
    #[error("the client is closed")]
    Closed,
    /// A mistake of this library.
    #[error("a mistake of this library: {what}")]
    Internal {
        /// Where.
        what: &'static str,
    },
}

impl From<FileError> for SessionError {
    fn from(error: FileError) -> Self {
        match error {
            FileError::NotNow { reason } => Self::NotNow { reason },
            other => Self::Storage { reason: other.to_string() },
        }
    }
}

impl From<StoreError> for SessionError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::NotNow { reason } => Self::NotNow { reason },
            StoreError::Lost => Self::KeyLost,
            StoreError::Failed { reason } => Self::Storage { reason },
        }
    }
}

impl From<DeviceKeyError> for SessionError {
    fn from(error: DeviceKeyError) -> Self {
        match error {
            DeviceKeyError::NotNow { reason } => Self::NotNow { reason },
            DeviceKeyError::KeyLost => Self::KeyLost,
            DeviceKeyError::Failed { reason } => Self::Storage { reason },
        }
    }
}

impl From<VaultError> for SessionError {
    fn from(error: VaultError) -> Self {
        match error {
            VaultError::NotNow { reason } => Self::NotNow { reason },
            VaultError::WrongSecret => Self::WrongSecret,
            VaultError::Lost { what } | VaultError::Corrupt { what } => Self::Corrupt { what },
            VaultError::Rollback { .. } | VaultError::UnknownVersion { .. } => {
                Self::NotNow { reason: error.to_string() }
            }
            VaultError::Superseded => Self::SignedOut,
            VaultError::Stale
            | VaultError::Invalid { .. }
            | VaultError::Storage { .. }
            | VaultError::Crypto { .. } => Self::Storage { reason: error.to_string() },
        }
    }
}
