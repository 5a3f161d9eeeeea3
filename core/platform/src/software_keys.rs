//! Keys in software. **For development only**: who can read the secret store has the keys.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use pforte_host::{
    DeviceKey, DeviceKeyError, GateAvailability, GateError, GateKey, GateKind, GateReadiness, Prompt, Secret,
    SecretStore, StoreError,
};

/// Asks the person in place of a fingerprint sensor.
pub trait Confirm: Send + Sync {
    /// Shows `prompt`; an error stands for a wrong finger or a closed prompt.
    fn confirm(&self, prompt: &Prompt) -> Result<(), GateError>;
}

/// A gate key in software, with a question in place of a finger. **For development only.**
pub struct SoftwareGateKey {
    secrets: Arc<dyn SecretStore>,
    confirm: Arc<dyn Confirm>,
}

impl SoftwareGateKey {
    /// Keeps its keys in `secrets` and asks through `confirm`.
    pub fn new(secrets: Arc<dyn SecretStore>, confirm: Arc<dyn Confirm>) -> Self {
        Self { secrets, confirm }
    }

    fn key(&self, alias: &str) -> Result<RandomizedNonceKey, GateError> {
        let secret = self.secrets.read(name(alias)).map_err(gate_error)?.ok_or(GateError::KeyLost)?;
        RandomizedNonceKey::new(&AES_256_GCM, secret.expose()).map_err(|_| GateError::KeyLost)
    }
}

fn name(alias: &str) -> String {
    format!("{alias}/gate-key")
}

#[async_trait]
impl GateKey for SoftwareGateKey {
    async fn availability(&self) -> Result<GateAvailability, GateError> {
        Ok(GateAvailability { biometric: GateReadiness::Ready, wrap_prompts: true, device_credential: false })
    }

    async fn create_key(&self, alias: String, _kind: GateKind) -> Result<(), GateError> {
        let mut key = vec![0; 32];
        SystemRandom::new()
            .fill(&mut key)
            .map_err(|_| GateError::Failed { reason: "no random bytes".to_owned() })?;
        self.secrets.write(name(&alias), Secret::new(key)).map_err(gate_error)
    }

    async fn wrap_secret(&self, alias: String, secret: Secret, prompt: Prompt) -> Result<Vec<u8>, GateError> {
        self.confirm.confirm(&prompt)?;
        let mut wrapped = secret.expose().to_vec();
        let nonce = self
            .key(&alias)?
            .seal_in_place_append_tag(Aad::from(alias.as_bytes()), &mut wrapped)
            .map_err(|_| GateError::Failed { reason: "AES-GCM".to_owned() })?;
        wrapped.extend_from_slice(nonce.as_ref());
        Ok(wrapped)
    }

    async fn unwrap_secret(
        &self,
        alias: String,
        wrapped: Vec<u8>,
        prompt: Prompt,
    ) -> Result<Secret, GateError> {
        self.confirm.confirm(&prompt)?;
        let broken = || GateError::Failed { reason: "this was not wrapped here".to_owned() };
        let at = wrapped.len().checked_sub(NONCE_LEN).ok_or_else(broken)?;
        let (sealed, nonce) = wrapped.split_at(at);
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| broken())?;
        let mut secret = sealed.to_vec();
        let length = self
            .key(&alias)?
            .open_in_place(nonce, Aad::from(alias.as_bytes()), &mut secret)
            .map_err(|_| broken())?
            .len();
        secret.truncate(length);
        Ok(Secret::new(secret))
    }

    async fn delete_key(&self, alias: String) -> Result<(), GateError> {
        self.secrets.remove(name(&alias)).map_err(gate_error)
    }

    fn dismiss_prompt(&self) -> Result<(), GateError> {
        Ok(())
    }
}

impl fmt::Debug for SoftwareGateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SoftwareGateKey(..)")
    }
}

/// P-256 signing keys in software. **For development only.**
pub struct SoftwareDeviceKey {
    secrets: Arc<dyn SecretStore>,
}

impl SoftwareDeviceKey {
    /// Keeps its keys in `secrets`.
    pub fn new(secrets: Arc<dyn SecretStore>) -> Self {
        Self { secrets }
    }

    fn key(&self, alias: &str) -> Result<EcdsaKeyPair, DeviceKeyError> {
        let algorithm = &ECDSA_P256_SHA256_FIXED_SIGNING;
        let failed = || DeviceKeyError::Failed { reason: "the key could not be made".to_owned() };
        let name = format!("{alias}/device-key");
        match self.secrets.read(name.clone()).map_err(device_error)? {
            Some(secret) => {
                EcdsaKeyPair::from_pkcs8(algorithm, secret.expose()).map_err(|_| DeviceKeyError::KeyLost)
            }
            None => {
                let document =
                    EcdsaKeyPair::generate_pkcs8(algorithm, &SystemRandom::new()).map_err(|_| failed())?;
                self.secrets.write(name, Secret::new(document.as_ref().to_vec())).map_err(device_error)?;
                EcdsaKeyPair::from_pkcs8(algorithm, document.as_ref()).map_err(|_| failed())
            }
        }
    }
}

impl DeviceKey for SoftwareDeviceKey {
    fn public_key(&self, alias: String) -> Result<Vec<u8>, DeviceKeyError> {
        Ok(self.key(&alias)?.public_key().as_ref().to_vec())
    }

    fn sign_es256(&self, alias: String, data: Vec<u8>) -> Result<Vec<u8>, DeviceKeyError> {
        let signature = self.key(&alias)?.sign(&SystemRandom::new(), &data);
        let failed = |_| DeviceKeyError::Failed { reason: "the key could not sign".to_owned() };
        Ok(signature.map_err(failed)?.as_ref().to_vec())
    }

    fn delete_key(&self, alias: String) -> Result<(), DeviceKeyError> {
        self.secrets.remove(format!("{alias}/device-key")).map_err(device_error)
    }
}

impl fmt::Debug for SoftwareDeviceKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SoftwareDeviceKey(..)")
    }
}

fn gate_error(error: StoreError) -> GateError {
    match error {
        StoreError::NotNow { reason } => GateError::NotNow { reason },
        StoreError::Lost => GateError::KeyLost,
        StoreError::Failed { reason } => GateError::Failed { reason },
    }
}

fn device_error(error: StoreError) -> DeviceKeyError {
    match error {
        StoreError::NotNow { reason } => DeviceKeyError::NotNow { reason },
        StoreError::Lost => DeviceKeyError::KeyLost,
        StoreError::Failed { reason } => DeviceKeyError::Failed { reason },
    }
}
