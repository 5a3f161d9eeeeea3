//! Signing keys in memory.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use pforte_host::{DeviceKey, DeviceKeyError};

use crate::PortLog;
use crate::log::last_segment;

/// Real P-256 keys, in memory. Clones are the same device.
#[derive(Clone)]
pub struct MemoryDeviceKey {
    keys: Arc<Mutex<BTreeMap<String, EcdsaKeyPair>>>,
    log: PortLog,
}

impl MemoryDeviceKey {
    /// A device without keys.
    pub fn new(log: PortLog) -> Self {
        Self { keys: Arc::default(), log }
    }

    fn with<T>(
        &self,
        alias: String,
        work: impl FnOnce(&EcdsaKeyPair) -> Option<T>,
    ) -> Result<T, DeviceKeyError> {
        let failed = || DeviceKeyError::Failed { reason: "the software key failed".to_owned() };
        let mut keys = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
        if !keys.contains_key(&alias) {
            let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).map_err(|_| failed())?;
            keys.insert(alias.clone(), key);
        }
        keys.get(&alias).and_then(work).ok_or_else(failed)
    }
}

impl DeviceKey for MemoryDeviceKey {
    fn public_key(&self, alias: String) -> Result<Vec<u8>, DeviceKeyError> {
        self.log.note("device_key.public_key", last_segment(&alias));
        self.with(alias, |key| Some(key.public_key().as_ref().to_vec()))
    }

    fn sign_es256(&self, alias: String, data: Vec<u8>) -> Result<Vec<u8>, DeviceKeyError> {
        self.log.note("device_key.sign_es256", last_segment(&alias));
        self.with(alias, |key| Some(key.sign(&SystemRandom::new(), &data).ok()?.as_ref().to_vec()))
    }

    fn delete_key(&self, alias: String) -> Result<(), DeviceKeyError> {
        self.log.note("device_key.delete_key", last_segment(&alias));
        self.keys.lock().unwrap_or_else(PoisonError::into_inner).remove(&alias);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};

    use super::*;

    #[test]
    fn a_signature_verifies_under_the_key_of_its_alias_only() {
        let log = PortLog::default();
        let keys = MemoryDeviceKey::new(log.clone());
        let public = keys.public_key("main/ledger".into()).unwrap();
        assert_eq!((public.len(), public.first()), (65, Some(&4)));
        let signature = keys.clone().sign_es256("main/ledger".into(), b"data".to_vec()).unwrap();
        UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, &public).verify(b"data", &signature).unwrap();
        let other = keys.public_key("main/dpop".into()).unwrap();
        assert!(
            UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, &other).verify(b"data", &signature).is_err()
        );
        keys.delete_key("main/ledger".into()).unwrap();
        assert_ne!(keys.public_key("main/ledger".into()).unwrap(), public);
        assert_eq!(
            log.lines(),
            [
                "device_key.public_key(ledger)",
                "device_key.sign_es256(ledger)",
                "device_key.public_key(dpop)",
                "device_key.delete_key(ledger)",
                "device_key.public_key(ledger)",
            ]
        );
    }
}
