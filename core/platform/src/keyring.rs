//! Small secrets in the platform's keyring.

use std::fmt;
use std::sync::Arc;

use keyring_core::{CredentialStore, Entry, Error};
use pforte_host::{Secret, SecretStore, StoreError};

/// Which of a platform's keyrings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keyring {
    /// Linux: the Secret Service (GNOME Keyring, KWallet) over D-Bus; survives a restart.
    #[cfg(target_os = "linux")]
    SecretService,
    /// Linux: the kernel's keyutils; gone after a restart, at most 32 KB a secret.
    #[cfg(target_os = "linux")]
    Keyutils,
    /// macOS and iOS: the protected keychain.
    #[cfg(any(target_os = "macos", target_os = "ios"))]
    Keychain,
    /// Windows: the Credential Manager.
    #[cfg(windows)]
    CredentialManager,
}

/// A secret store in a keyring. Its calls may block for about a second where the keyring is locked.
pub struct KeyringStore {
    service: String,
    store: Arc<CredentialStore>,
}

impl KeyringStore {
    /// Opens the keyring; `service` names the app in it.
    ///
    /// Errors: [`StoreError::NotNow`] where no such service runs or it is locked.
    pub fn open(service: &str, keyring: Keyring) -> Result<Self, StoreError> {
        let store = open_store(keyring).map_err(store_error)?;
        Ok(Self { service: service.to_owned(), store })
    }

    fn entry(&self, name: &str) -> Result<Entry, StoreError> {
        self.store.build(&self.service, name, None).map_err(store_error)
    }
}

#[cfg(target_os = "linux")]
fn open_store(keyring: Keyring) -> keyring_core::Result<Arc<CredentialStore>> {
    Ok(match keyring {
        Keyring::SecretService => zbus_secret_service_keyring_store::Store::new()?,
        Keyring::Keyutils => linux_keyutils_keyring_store::Store::new()?,
    })
}

#[cfg(any(target_os = "macos", target_os = "ios"))]
fn open_store(keyring: Keyring) -> keyring_core::Result<Arc<CredentialStore>> {
    Ok(match keyring {
        Keyring::Keychain => apple_native_keyring_store::protected::Store::new()?,
    })
}

#[cfg(windows)]
fn open_store(keyring: Keyring) -> keyring_core::Result<Arc<CredentialStore>> {
    Ok(match keyring {
        Keyring::CredentialManager => windows_native_keyring_store::Store::new()?,
    })
}

#[cfg(not(any(target_os = "linux", target_os = "macos", target_os = "ios", windows)))]
fn open_store(keyring: Keyring) -> keyring_core::Result<Arc<CredentialStore>> {
    match keyring {}
}

impl SecretStore for KeyringStore {
    fn read(&self, name: String) -> Result<Option<Secret>, StoreError> {
        match self.entry(&name)?.get_secret() {
            Ok(secret) => Ok(Some(Secret::new(secret))),
            Err(Error::NoEntry) => Ok(None),
            Err(error) => Err(store_error(error)),
        }
    }

    fn write(&self, name: String, secret: Secret) -> Result<(), StoreError> {
        self.entry(&name)?.set_secret(secret.expose()).map_err(store_error)
    }

    fn remove(&self, name: String) -> Result<(), StoreError> {
        match self.entry(&name)?.delete_credential() {
            Ok(()) | Err(Error::NoEntry) => Ok(()),
            Err(error) => Err(store_error(error)),
        }
    }
}

impl fmt::Debug for KeyringStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyringStore").field("service", &self.service).finish_non_exhaustive()
    }
}

/// Two of the errors carry the secret's bytes: those are never printed.
fn store_error(error: Error) -> StoreError {
    match error {
        Error::NoStorageAccess(reason) | Error::PlatformFailure(reason) => {
            StoreError::NotNow { reason: reason.to_string() }
        }
        Error::BadEncoding(_) | Error::BadDataFormat(..) => StoreError::Lost,
        Error::TooLong(what, limit) => {
            StoreError::Failed { reason: format!("{what} is longer than {limit}") }
        }
        Error::Invalid(what, why) => StoreError::Failed { reason: format!("{what}: {why}") },
        Error::Ambiguous(_) => {
            StoreError::Failed { reason: "the keyring holds several such secrets".to_owned() }
        }
        _ => StoreError::Failed { reason: "the keyring does not support this".to_owned() },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_that_carries_the_secret_does_not_print_it() {
        let error = store_error(Error::BadEncoding(b"canary".to_vec()));
        assert_eq!(error, StoreError::Lost);
        assert!(!format!("{error:?} {error}").contains("canary"));
    }
}
