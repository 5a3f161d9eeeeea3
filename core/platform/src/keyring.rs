//! Small secrets in the platform's keyring.

use std::collections::HashMap;
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
    /// Android: encrypted preferences under a key of the Keystore, with the feature `android-native`. The app has given
    /// `ndk-context` its application context before.
    #[cfg(all(target_os = "android", feature = "android-native"))]
    AndroidKeystore,
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
        let bound: HashMap<&str, &str> = BOUND_TO_THIS_DEVICE.iter().copied().collect();
        self.store.build(&self.service, name, Some(&bound)).map_err(store_error)
    }
}

/// By default an item moves on with backups and can't be read while the screen is locked.
#[cfg(any(target_os = "macos", target_os = "ios"))]
const BOUND_TO_THIS_DEVICE: &[(&str, &str)] = &[("access-policy", "after-first-unlock-this-device-only")];

/// By default a credential roams with the person's account.
#[cfg(windows)]
const BOUND_TO_THIS_DEVICE: &[(&str, &str)] = &[("persistence", "local")];

/// The other keyrings know nothing else.
#[cfg(not(any(target_os = "macos", target_os = "ios", windows)))]
const BOUND_TO_THIS_DEVICE: &[(&str, &str)] = &[];

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

#[cfg(all(target_os = "android", feature = "android-native"))]
fn open_store(keyring: Keyring) -> keyring_core::Result<Arc<CredentialStore>> {
    Ok(match keyring {
        Keyring::AndroidKeystore => android_native_keyring_store::Store::new()?,
    })
}

#[cfg(not(any(
    target_os = "linux",
    target_os = "macos",
    target_os = "ios",
    windows,
    all(target_os = "android", feature = "android-native")
)))]
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

/// Two of the errors carry the secret's bytes: those are never printed. A failure of the platform is "not now", because
/// it can't be told from a locked keychain (-25308 on Apple) or a service that is not running, and waiting loses nothing.
fn store_error(error: Error) -> StoreError {
    match error {
        Error::NoStorageAccess(reason) | Error::PlatformFailure(reason) => {
            StoreError::NotNow { reason: reason.to_string() }
        }
        Error::BadEncoding(_) | Error::BadDataFormat(..) => StoreError::Lost,
        Error::TooLong(what, limit) => {
            StoreError::Failed { reason: format!("the keyring takes at most {limit} bytes as {what}") }
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

    fn store() -> KeyringStore {
        KeyringStore { service: "test".to_owned(), store: keyring_core::mock::Store::new().unwrap() }
    }

    #[test]
    fn a_secret_comes_back_is_replaced_and_goes() {
        let store = store();
        assert!(store.read("a".into()).unwrap().is_none());
        store.remove("a".into()).unwrap();
        store.write("a".into(), Secret::new(vec![1])).unwrap();
        store.write("a".into(), Secret::new(vec![0, 255])).unwrap();
        assert_eq!(store.read("a".into()).unwrap().unwrap().expose(), [0, 255]);
        store.remove("a".into()).unwrap();
        assert!(store.read("a".into()).unwrap().is_none());
    }

    #[test]
    fn a_locked_keyring_is_not_now_and_never_nothing_there() {
        let store = store();
        store.write("a".into(), Secret::new(vec![1])).unwrap();
        let lock = || {
            let entry = store.entry("a").unwrap();
            let mock: &keyring_core::mock::Cred = entry.as_any().downcast_ref().unwrap();
            mock.set_error(Error::NoStorageAccess("locked".into()));
        };
        lock();
        assert!(matches!(store.read("a".into()), Err(StoreError::NotNow { .. })));
        lock();
        assert!(matches!(store.remove("a".into()), Err(StoreError::NotNow { .. })));
        lock();
        assert!(matches!(store.write("a".into(), Secret::new(vec![2])), Err(StoreError::NotNow { .. })));
        assert_eq!(store.read("a".into()).unwrap().unwrap().expose(), [1]);
    }

    #[test]
    fn an_error_that_carries_the_secret_does_not_print_it() {
        let errors = [
            Error::BadEncoding(b"canary".to_vec()),
            Error::BadDataFormat(b"canary".to_vec(), "canary".into()),
        ];
        for error in errors {
            let error = store_error(error);
            assert_eq!(error, StoreError::Lost);
            assert!(!format!("{error:?} {error}").contains("canary"));
        }
    }

    #[test]
    fn what_a_platform_can_not_do_now_is_told_from_what_it_never_does() {
        assert!(matches!(store_error(Error::PlatformFailure("-25308".into())), StoreError::NotNow { .. }));
        for error in
            [Error::TooLong("secret".into(), 2560), Error::Ambiguous(Vec::new()), Error::NoDefaultStore]
        {
            assert!(matches!(store_error(error), StoreError::Failed { .. }));
        }
    }
}
