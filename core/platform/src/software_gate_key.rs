//! A gate key in software. **For development only**: who can read the secret store has the key.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use aws_lc_rs::aead::{AES_256_GCM, Aad, MAX_TAG_LEN, NONCE_LEN, Nonce, RandomizedNonceKey};
use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use pforte_host::{
    GateAvailability, GateError, GateKey, GateKind, GateReadiness, Prompt, Secret, SecretStore, StoreError,
};
use tokio::sync::watch;

use crate::aside::aside;

/// Asks the person in place of a fingerprint sensor.
pub trait Confirm: Send + Sync {
    /// Shows `prompt` and waits, on a thread that may block; an error stands for a wrong finger or a closed prompt.
    /// Where the prompt is dismissed meanwhile, what comes back is not looked at.
    fn confirm(&self, prompt: &Prompt) -> Result<(), GateError>;
}

/// A gate key in software (AES-256-GCM), with a question in place of a finger. **For development only.**
///
/// ```
/// use std::sync::Arc;
/// use pforte_host::{GateError, Prompt};
/// use pforte_platform::{Confirm, FolderSecrets, SoftwareGateKey};
///
/// struct AlwaysRight;
/// impl Confirm for AlwaysRight {
///     fn confirm(&self, _prompt: &Prompt) -> Result<(), GateError> {
///         Ok(())
///     }
/// }
///
/// # let folder = tempfile::tempdir()?;
/// let secrets = Arc::new(FolderSecrets::open(folder.path())?);
/// let like_android = SoftwareGateKey::new(secrets.clone(), Arc::new(AlwaysRight));
/// let like_apple = SoftwareGateKey::new(secrets, Arc::new(AlwaysRight)).wrapping_silently();
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct SoftwareGateKey {
    secrets: Arc<dyn SecretStore>,
    confirm: Arc<dyn Confirm>,
    wrap_prompts: bool,
    /// How many prompts were dismissed.
    dismissed: watch::Sender<u64>,
    /// One prompt is on the screen at a time.
    screen: Arc<Mutex<()>>,
}

impl SoftwareGateKey {
    /// Keeps its keys in `secrets` and asks through `confirm`, when wrapping, too, as Android does.
    pub fn new(secrets: Arc<dyn SecretStore>, confirm: Arc<dyn Confirm>) -> Self {
        let (dismissed, _) = watch::channel(0);
        Self { secrets, confirm, wrap_prompts: true, dismissed, screen: Arc::default() }
    }

    /// Asks nobody when wrapping, as on Apple's systems.
    pub fn wrapping_silently(self) -> Self {
        Self { wrap_prompts: false, ..self }
    }

    /// Before any prompt: a key that is gone asks for no finger.
    async fn key(&self, alias: &str) -> Result<RandomizedNonceKey, GateError> {
        let (secrets, name) = (self.secrets.clone(), name(alias));
        let secret = aside(move || secrets.read(name)).await.ok_or_else(no_thread)?.map_err(gate_error)?;
        let secret = secret.ok_or(GateError::KeyLost)?;
        RandomizedNonceKey::new(&AES_256_GCM, secret.expose()).map_err(|_| GateError::KeyLost)
    }

    async fn prompt(&self, prompt: Prompt) -> Result<(), GateError> {
        let mut dismissed = self.dismissed.subscribe();
        let (confirm, screen) = (self.confirm.clone(), self.screen.clone());
        let confirmed = aside(move || {
            let _shown = screen.lock().unwrap_or_else(PoisonError::into_inner);
            confirm.confirm(&prompt)
        });
        tokio::select! {
            biased;
            _ = dismissed.changed() => Err(GateError::Cancelled),
            confirmed = confirmed => confirmed.ok_or_else(no_thread)?,
        }
    }
}

#[async_trait]
impl GateKey for SoftwareGateKey {
    async fn availability(&self) -> Result<GateAvailability, GateError> {
        Ok(GateAvailability {
            biometric: GateReadiness::Ready,
            wrap_prompts: self.wrap_prompts,
            device_credential: false,
        })
    }

    async fn create_key(&self, alias: String, kind: GateKind) -> Result<(), GateError> {
        if kind == GateKind::DeviceCredential {
            return Err(failed("there is no device credential here"));
        }
        let mut key = vec![0; 32];
        SystemRandom::new().fill(&mut key).map_err(|_| failed("no random bytes"))?;
        let (secrets, key) = (self.secrets.clone(), Secret::new(key));
        aside(move || secrets.write(name(&alias), key)).await.ok_or_else(no_thread)?.map_err(gate_error)
    }

    async fn wrap_secret(&self, alias: String, secret: Secret, prompt: Prompt) -> Result<Vec<u8>, GateError> {
        let key = self.key(&alias).await?;
        if self.wrap_prompts {
            self.prompt(prompt).await?;
        }
        // Room for all of it from the start: a buffer that moves would leave a copy of the secret behind.
        let mut wrapped = Vec::with_capacity(secret.len() + MAX_TAG_LEN + NONCE_LEN);
        wrapped.extend_from_slice(secret.expose());
        let nonce = key
            .seal_in_place_append_tag(Aad::from(alias.as_bytes()), &mut wrapped)
            .map_err(|_| failed("AES-GCM did not encrypt"))?;
        wrapped.extend_from_slice(nonce.as_ref());
        Ok(wrapped)
    }

    async fn unwrap_secret(
        &self,
        alias: String,
        wrapped: Vec<u8>,
        prompt: Prompt,
    ) -> Result<Secret, GateError> {
        let key = self.key(&alias).await?;
        self.prompt(prompt).await?;
        let foreign = || failed("this was not wrapped with this key");
        let at = wrapped.len().checked_sub(NONCE_LEN).ok_or_else(foreign)?;
        let (sealed, nonce) = wrapped.split_at(at);
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| foreign())?;
        let mut secret = sealed.to_vec();
        let length =
            key.open_in_place(nonce, Aad::from(alias.as_bytes()), &mut secret).map_err(|_| foreign())?.len();
        secret.truncate(length);
        Ok(Secret::new(secret))
    }

    async fn delete_key(&self, alias: String) -> Result<(), GateError> {
        let secrets = self.secrets.clone();
        aside(move || secrets.remove(name(&alias))).await.ok_or_else(no_thread)?.map_err(gate_error)
    }

    fn dismiss_prompt(&self) -> Result<(), GateError> {
        self.dismissed.send_modify(|count| *count = count.wrapping_add(1));
        Ok(())
    }
}

impl fmt::Debug for SoftwareGateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SoftwareGateKey(..)")
    }
}

fn name(alias: &str) -> String {
    format!("{alias}/gate-key")
}

fn failed(reason: &str) -> GateError {
    GateError::Failed { reason: reason.to_owned() }
}

fn no_thread() -> GateError {
    failed("the thread for it did not start, or panicked")
}

fn gate_error(error: StoreError) -> GateError {
    match error {
        StoreError::NotNow { reason } => GateError::NotNow { reason },
        StoreError::Lost => GateError::KeyLost,
        StoreError::Failed { reason } => GateError::Failed { reason },
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;
    use std::sync::mpsc;
    use std::time::Duration;

    use super::*;
    use crate::FolderSecrets;

    /// Each prompt takes the next answer; without one it stays on the screen for a second.
    struct Script(Mutex<VecDeque<Result<(), GateError>>>, Mutex<mpsc::Sender<String>>);

    impl Confirm for Script {
        fn confirm(&self, prompt: &Prompt) -> Result<(), GateError> {
            self.1.lock().unwrap().send(prompt.title.clone()).unwrap();
            let answer = self.0.lock().unwrap().pop_front();
            answer.unwrap_or_else(|| {
                std::thread::sleep(Duration::from_secs(1));
                Ok(())
            })
        }
    }

    struct Device {
        _folder: tempfile::TempDir,
        secrets: Arc<dyn SecretStore>,
        key: SoftwareGateKey,
        shown: mpsc::Receiver<String>,
    }

    fn device<const N: usize>(answers: [Result<(), GateError>; N]) -> Device {
        let folder = tempfile::tempdir().unwrap();
        let secrets: Arc<dyn SecretStore> = Arc::new(FolderSecrets::open(folder.path()).unwrap());
        let (show, shown) = mpsc::channel();
        let confirm = Arc::new(Script(Mutex::new(answers.into()), Mutex::new(show)));
        Device {
            _folder: folder,
            secrets: secrets.clone(),
            key: SoftwareGateKey::new(secrets, confirm),
            shown,
        }
    }

    fn prompt(title: &str) -> Prompt {
        Prompt { title: title.to_owned(), reason: String::new(), cancel: String::new() }
    }

    fn secret() -> Secret {
        Secret::new((0..32).collect())
    }

    #[tokio::test]
    async fn a_secret_comes_back_through_the_right_finger() {
        let device = device([Ok(()), Ok(())]);
        device.key.create_key("a".into(), GateKind::Biometric).await.unwrap();
        let wrapped = device.key.wrap_secret("a".into(), secret(), prompt("wrap")).await.unwrap();
        assert!(!wrapped.windows(8).any(|part| secret().expose().windows(8).any(|plain| plain == part)));
        let unwrapped = device.key.unwrap_secret("a".into(), wrapped, prompt("unwrap")).await.unwrap();
        assert_eq!(unwrapped.expose(), secret().expose());
        assert_eq!(device.shown.try_iter().collect::<Vec<_>>(), ["wrap", "unwrap"]);
    }

    #[tokio::test]
    async fn wrapping_silently_asks_only_to_unwrap() {
        let Device { key, shown, _folder, .. } = device([Ok(())]);
        let key = key.wrapping_silently();
        assert!(!key.availability().await.unwrap().wrap_prompts);
        key.create_key("a".into(), GateKind::Biometric).await.unwrap();
        let wrapped = key.wrap_secret("a".into(), secret(), prompt("wrap")).await.unwrap();
        key.unwrap_secret("a".into(), wrapped, prompt("unwrap")).await.unwrap();
        assert_eq!(shown.try_iter().collect::<Vec<_>>(), ["unwrap"]);
    }

    #[tokio::test]
    async fn a_wrong_finger_opens_nothing_and_the_key_stays() {
        let device = device([Ok(()), Err(GateError::NotRecognised), Err(GateError::Cancelled), Ok(())]);
        device.key.create_key("a".into(), GateKind::Biometric).await.unwrap();
        let wrapped = device.key.wrap_secret("a".into(), secret(), prompt("")).await.unwrap();
        for error in [GateError::NotRecognised, GateError::Cancelled] {
            let refused = device.key.unwrap_secret("a".into(), wrapped.clone(), prompt("")).await;
            assert_eq!(refused.unwrap_err(), error);
        }
        assert!(device.key.unwrap_secret("a".into(), wrapped, prompt("")).await.is_ok());
    }

    #[tokio::test]
    async fn a_key_that_is_gone_or_new_opens_nothing() {
        let device = device([Ok(()), Ok(()), Ok(()), Ok(())]);
        let lost = device.key.wrap_secret("a".into(), secret(), prompt("")).await;
        assert_eq!(lost.unwrap_err(), GateError::KeyLost);
        assert_eq!(device.shown.try_iter().count(), 0, "no finger is asked for without a key");
        device.key.create_key("a".into(), GateKind::Biometric).await.unwrap();
        device.key.create_key("b".into(), GateKind::Biometric).await.unwrap();
        let wrapped = device.key.wrap_secret("a".into(), secret(), prompt("")).await.unwrap();
        let foreign = device.key.unwrap_secret("b".into(), wrapped.clone(), prompt("")).await;
        assert!(matches!(foreign, Err(GateError::Failed { .. })));
        device.key.create_key("a".into(), GateKind::Biometric).await.unwrap();
        let replaced = device.key.unwrap_secret("a".into(), wrapped.clone(), prompt("")).await;
        assert!(matches!(replaced, Err(GateError::Failed { .. })));
        device.key.delete_key("a".into()).await.unwrap();
        let deleted = device.key.unwrap_secret("a".into(), wrapped, prompt("")).await;
        assert_eq!(deleted.unwrap_err(), GateError::KeyLost);
        assert!(device.secrets.read(name("a")).unwrap().is_none());
    }

    #[tokio::test]
    async fn any_bytes_are_an_error_and_no_panic() {
        let device = device([Ok(()), Ok(()), Ok(()), Ok(())]);
        device.key.create_key("a".into(), GateKind::Biometric).await.unwrap();
        for length in [0, NONCE_LEN - 1, NONCE_LEN, NONCE_LEN + MAX_TAG_LEN] {
            let opened = device.key.unwrap_secret("a".into(), vec![7; length], prompt("")).await;
            assert!(matches!(opened, Err(GateError::Failed { .. })), "{length} bytes");
        }
    }

    #[tokio::test]
    async fn a_dismissed_prompt_ends_as_cancelled_at_once() {
        let Device { key, shown, _folder, .. } = device([]);
        let key = Arc::new(key);
        key.create_key("a".into(), GateKind::Biometric).await.unwrap();
        let began = std::time::Instant::now();
        let waiting = tokio::spawn({
            let key = key.clone();
            async move { key.wrap_secret("a".into(), secret(), prompt("")).await }
        });
        tokio::task::spawn_blocking(move || shown.recv().unwrap()).await.unwrap();
        key.dismiss_prompt().unwrap();
        assert_eq!(waiting.await.unwrap().unwrap_err(), GateError::Cancelled);
        assert!(began.elapsed() < Duration::from_millis(900));
    }

    #[test]
    fn a_locked_store_is_not_now() {
        assert!(matches!(gate_error(StoreError::NotNow { reason: String::new() }), GateError::NotNow { .. }));
        assert_eq!(gate_error(StoreError::Lost), GateError::KeyLost);
    }
}
