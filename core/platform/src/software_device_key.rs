//! Signing keys in software. **For development only**: who can read the secret store has the keys.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use pforte_host::{DeviceKey, DeviceKeyError, Secret, SecretStore, StoreError};

/// P-256 signing keys in software, kept as PKCS#8. **For development only.**
pub struct SoftwareDeviceKey {
    secrets: Arc<dyn SecretStore>,
    /// Two threads that use a key for the first time must not make two.
    making: Mutex<()>,
}

impl SoftwareDeviceKey {
    /// Keeps its keys in `secrets`.
    pub fn new(secrets: Arc<dyn SecretStore>) -> Self {
        Self { secrets, making: Mutex::new(()) }
    }

    fn key(&self, alias: &str) -> Result<EcdsaKeyPair, DeviceKeyError> {
        let _alone = self.making.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(secret) = self.secrets.read(name(alias)).map_err(device_error)? {
            return EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, secret.expose())
                .map_err(|_| DeviceKeyError::KeyLost);
        }
        let made = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING)
            .and_then(|key| Ok((key.to_pkcs8v1()?, key)))
            .map_err(|_| failed("the key could not be made"))?;
        let (document, key) = made;
        self.secrets.write(name(alias), Secret::new(document.as_ref().to_vec())).map_err(device_error)?;
        Ok(key)
    }
}

impl DeviceKey for SoftwareDeviceKey {
    fn public_key(&self, alias: String) -> Result<Vec<u8>, DeviceKeyError> {
        Ok(self.key(&alias)?.public_key().as_ref().to_vec())
    }

    fn sign_es256(&self, alias: String, data: Vec<u8>) -> Result<Vec<u8>, DeviceKeyError> {
        let signature = self.key(&alias)?.sign(&SystemRandom::new(), &data);
        Ok(signature.map_err(|_| failed("the key could not sign"))?.as_ref().to_vec())
    }

    fn delete_key(&self, alias: String) -> Result<(), DeviceKeyError> {
        self.secrets.remove(name(&alias)).map_err(device_error)
    }
}

impl fmt::Debug for SoftwareDeviceKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SoftwareDeviceKey(..)")
    }
}

fn name(alias: &str) -> String {
    format!("{alias}/device-key")
}

fn failed(reason: &str) -> DeviceKeyError {
    DeviceKeyError::Failed { reason: reason.to_owned() }
}

fn device_error(error: StoreError) -> DeviceKeyError {
    match error {
        StoreError::NotNow { reason } => DeviceKeyError::NotNow { reason },
        StoreError::Lost => DeviceKeyError::KeyLost,
        StoreError::Failed { reason } => DeviceKeyError::Failed { reason },
    }
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};

    use super::*;
    use crate::FolderSecrets;

    fn keys() -> (tempfile::TempDir, Arc<dyn SecretStore>, SoftwareDeviceKey) {
        let folder = tempfile::tempdir().unwrap();
        let secrets: Arc<dyn SecretStore> = Arc::new(FolderSecrets::open(folder.path()).unwrap());
        (folder, secrets.clone(), SoftwareDeviceKey::new(secrets))
    }

    #[test]
    fn a_signature_verifies_under_the_public_key_also_after_a_restart() {
        let (_folder, secrets, keys) = keys();
        let public = keys.public_key("main/ledger".into()).unwrap();
        assert_eq!((public.len(), public.first()), (65, Some(&4)));
        let keys = SoftwareDeviceKey::new(secrets);
        let signature = keys.sign_es256("main/ledger".into(), b"data".to_vec()).unwrap();
        assert_eq!(signature.len(), 64);
        let verifier = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, &public);
        verifier.verify(b"data", &signature).unwrap();
        assert!(verifier.verify(b"other", &signature).is_err());
    }

    #[test]
    fn each_alias_has_its_key_and_a_deleted_one_does_not_come_back() {
        let (_folder, _, keys) = keys();
        let first = keys.public_key("a".into()).unwrap();
        assert_ne!(first, keys.public_key("b".into()).unwrap());
        keys.delete_key("a".into()).unwrap();
        keys.delete_key("a".into()).unwrap();
        assert_ne!(first, keys.public_key("a".into()).unwrap());
    }

    #[test]
    fn what_is_not_a_key_any_more_is_lost() {
        let (_folder, secrets, keys) = keys();
        secrets.write("a/device-key".into(), Secret::new(vec![1, 2, 3])).unwrap();
        assert_eq!(keys.public_key("a".into()), Err(DeviceKeyError::KeyLost));
    }

    #[test]
    fn threads_that_come_first_together_see_one_key() {
        let (_folder, _, keys) = keys();
        let seen = std::thread::scope(|scope| {
            let threads: Vec<_> =
                (0..4).map(|_| scope.spawn(|| keys.public_key("a".into()).unwrap())).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect::<Vec<_>>()
        });
        assert!(seen.windows(2).all(|pair| pair.first() == pair.last()));
    }
}
