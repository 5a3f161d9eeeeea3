//! A scripted finger in front of a key.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use aws_lc_rs::aead::{AES_256_GCM, Aad, MAX_TAG_LEN, NONCE_LEN, Nonce, RandomizedNonceKey};
use pforte_host::{GateAvailability, GateError, GateKey, GateKind, GateReadiness, Prompt, Secret};
use tokio::sync::watch;

use crate::PortLog;

/// What the finger does at the next prompts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Finger {
    /// The right one.
    #[default]
    Right,
    /// The wrong one, until the prompt ends.
    Wrong,
    /// The person closes the prompt.
    Closes,
    /// Too many wrong ones.
    LockedOut,
    /// The right one, and the key hands out other bytes than it was given: a broken adapter.
    RightButBroken,
    /// The prompt stays on the screen until it is dismissed, or until the script says what the finger does.
    Hesitates,
}

/// What happens at the sensor while a prompt is on the screen.
#[derive(Clone, Copy, Default)]
struct Scene {
    finger: Finger,
    dismissed: u64,
}

struct Device {
    readiness: GateReadiness,
    wrap_prompts: bool,
    device_credential: bool,
    keys: BTreeMap<String, (GateKind, Arc<RandomizedNonceKey>)>,
}

/// A gate key for tests: AES-256-GCM keys in memory, and a finger that does what the script says. Clones are the same
/// device.
#[derive(Clone)]
pub struct ScriptedFinger {
    device: Arc<Mutex<Device>>,
    scene: Arc<watch::Sender<Scene>>,
    log: PortLog,
}

impl ScriptedFinger {
    /// A device with a finger enrolled, the right one. It prompts when wrapping, as Android does, and makes no
    /// device-credential keys.
    pub fn new(log: PortLog) -> Self {
        let device = Device {
            readiness: GateReadiness::Ready,
            wrap_prompts: true,
            device_credential: false,
            keys: BTreeMap::new(),
        };
        let (scene, _) = watch::channel(Scene::default());
        Self { device: Arc::new(Mutex::new(device)), scene: Arc::new(scene), log }
    }

    /// What the finger does from now on, also at a prompt that is on the screen.
    pub fn will(&self, finger: Finger) {
        self.scene.send_modify(|scene| scene.finger = finger);
    }

    /// How ready the sensor is from now on. A biometric key is not made and does not open while it is not ready.
    pub fn is(&self, readiness: GateReadiness) {
        self.with(|device| device.readiness = readiness);
    }

    /// Whether wrapping prompts from now on (Android: yes, Apple: no).
    pub fn prompts_to_wrap(&self, prompts: bool) {
        self.with(|device| device.wrap_prompts = prompts);
    }

    /// Whether keys behind the device's own credential can be made from now on.
    pub fn offers_device_credential(&self, offers: bool) {
        self.with(|device| device.device_credential = offers);
    }

    /// Somebody enrols another finger: every biometric key is gone for good. Device-credential keys stay.
    pub fn enrol_another(&self) {
        self.with(|device| device.keys.retain(|_, (kind, _)| *kind != GateKind::Biometric));
    }

    fn with<T>(&self, work: impl FnOnce(&mut Device) -> T) -> T {
        work(&mut self.device.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn note(&self, call: &str, alias: &str) {
        let kind = self.with(|device| device.keys.get(alias).map(|(kind, _)| word(*kind)));
        self.log.note(call, kind.unwrap_or("missing"));
    }

    /// The key, if it is there and can be used; found out before any prompt, as a platform does.
    fn usable_key(&self, alias: &str) -> Result<Arc<RandomizedNonceKey>, GateError> {
        self.with(|device| {
            let (kind, key) = device.keys.get(alias).ok_or(GateError::KeyLost)?;
            usable(device, *kind)?;
            Ok(key.clone())
        })
    }

    async fn prompt(&self) -> Result<Finger, GateError> {
        let mut scenes = self.scene.subscribe();
        let dismissed = scenes.borrow_and_update().dismissed;
        loop {
            let scene = *scenes.borrow_and_update();
            if scene.dismissed != dismissed {
                return Err(GateError::Cancelled);
            }
            match scene.finger {
                Finger::Right | Finger::RightButBroken => return Ok(scene.finger),
                Finger::Wrong => return Err(GateError::NotRecognised),
                Finger::Closes => return Err(GateError::Cancelled),
                Finger::LockedOut => return Err(GateError::LockedOut),
                Finger::Hesitates => scenes.changed().await.map_err(|_| GateError::Cancelled)?,
            }
        }
    }
}

#[async_trait]
impl GateKey for ScriptedFinger {
    async fn availability(&self) -> Result<GateAvailability, GateError> {
        self.log.note("gate_key.availability", "");
        Ok(self.with(|device| GateAvailability {
            biometric: device.readiness,
            wrap_prompts: device.wrap_prompts,
            device_credential: device.device_credential,
        }))
    }

    async fn create_key(&self, alias: String, kind: GateKind) -> Result<(), GateError> {
        self.log.note("gate_key.create_key", word(kind));
        let mut bytes = [0; 32];
        aws_lc_rs::rand::fill(&mut bytes).map_err(|_| failed("no random bytes"))?;
        let key = RandomizedNonceKey::new(&AES_256_GCM, &bytes).map_err(|_| failed("no key was made"))?;
        self.with(|device| {
            usable(device, kind)?;
            device.keys.insert(alias, (kind, Arc::new(key)));
            Ok(())
        })
    }

    async fn wrap_secret(
        &self,
        alias: String,
        secret: Secret,
        _prompt: Prompt,
    ) -> Result<Vec<u8>, GateError> {
        self.note("gate_key.wrap_secret", &alias);
        let key = self.usable_key(&alias)?;
        if self.with(|device| device.wrap_prompts) {
            self.prompt().await?;
        }
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
        _prompt: Prompt,
    ) -> Result<Secret, GateError> {
        self.note("gate_key.unwrap_secret", &alias);
        let key = self.usable_key(&alias)?;
        let finger = self.prompt().await?;
        let foreign = || failed("this was not wrapped with this key");
        let at = wrapped.len().checked_sub(NONCE_LEN).ok_or_else(foreign)?;
        let (sealed, nonce) = wrapped.split_at(at);
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| foreign())?;
        let mut secret = sealed.to_vec();
        let aad = Aad::from(alias.as_bytes());
        let length = key.open_in_place(nonce, aad, &mut secret).map_err(|_| foreign())?.len();
        secret.truncate(length);
        if finger == Finger::RightButBroken {
            secret.iter_mut().for_each(|byte| *byte ^= 1);
        }
        Ok(Secret::new(secret))
    }

    async fn delete_key(&self, alias: String) -> Result<(), GateError> {
        self.note("gate_key.delete_key", &alias);
        self.with(|device| drop(device.keys.remove(&alias)));
        Ok(())
    }

    fn dismiss_prompt(&self) -> Result<(), GateError> {
        self.log.note("gate_key.dismiss_prompt", "");
        self.scene.send_modify(|scene| scene.dismissed = scene.dismissed.wrapping_add(1));
        Ok(())
    }
}

fn usable(device: &Device, kind: GateKind) -> Result<(), GateError> {
    match (kind, device.readiness) {
        (GateKind::DeviceCredential, _) if device.device_credential => Ok(()),
        (GateKind::DeviceCredential, _) => Err(failed("this device makes no device-credential keys")),
        (GateKind::Biometric, GateReadiness::Ready) => Ok(()),
        (GateKind::Biometric, GateReadiness::NotEnrolled) => Err(GateError::NotEnrolled),
        (GateKind::Biometric, GateReadiness::NoHardware) => Err(GateError::NoHardware),
        (GateKind::Biometric, GateReadiness::NotNow) => {
            Err(GateError::NotNow { reason: "the script says so".to_owned() })
        }
    }
}

fn word(kind: GateKind) -> &'static str {
    match kind {
        GateKind::Biometric => "biometric",
        GateKind::DeviceCredential => "device-credential",
    }
}

fn failed(reason: &str) -> GateError {
    GateError::Failed { reason: reason.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prompt() -> Prompt {
        Prompt { title: String::new(), reason: String::new(), cancel: String::new() }
    }

    fn secret() -> Secret {
        Secret::new((0..32).collect())
    }

    async fn wrapped(finger: &ScriptedFinger) -> Vec<u8> {
        finger.create_key("main/gate/1".into(), GateKind::Biometric).await.unwrap();
        finger.wrap_secret("main/gate/1".into(), secret(), prompt()).await.unwrap()
    }

    async fn unwrap(finger: &ScriptedFinger, wrapped: &[u8]) -> Result<Vec<u8>, GateError> {
        let secret = finger.unwrap_secret("main/gate/1".into(), wrapped.to_vec(), prompt()).await?;
        Ok(secret.expose().to_vec())
    }

    #[tokio::test]
    async fn each_finger_does_what_its_name_says() {
        let finger = ScriptedFinger::new(PortLog::default());
        let wrapped = wrapped(&finger).await;
        for (does, comes) in [
            (Finger::Right, Ok(secret().expose().to_vec())),
            (Finger::Wrong, Err(GateError::NotRecognised)),
            (Finger::Closes, Err(GateError::Cancelled)),
            (Finger::LockedOut, Err(GateError::LockedOut)),
            (Finger::RightButBroken, Ok(secret().expose().iter().map(|byte| byte ^ 1).collect())),
        ] {
            finger.will(does);
            assert_eq!(unwrap(&finger, &wrapped).await, comes, "{does:?}");
        }
    }

    #[tokio::test]
    async fn a_hesitating_finger_waits_for_the_script_or_for_being_dismissed() {
        let finger = ScriptedFinger::new(PortLog::default());
        let wrapped = wrapped(&finger).await;
        for (ends, comes) in [(true, Err(GateError::Cancelled)), (false, Ok(secret().expose().to_vec()))] {
            finger.will(Finger::Hesitates);
            let (waits, held) = (finger.clone(), wrapped.clone());
            let waiting = tokio::spawn(async move { unwrap(&waits, &held).await });
            tokio::time::sleep(std::time::Duration::from_millis(30)).await;
            assert!(!waiting.is_finished());
            if ends {
                finger.dismiss_prompt().unwrap()
            } else {
                finger.will(Finger::Right)
            }
            assert_eq!(waiting.await.unwrap(), comes);
        }
    }

    #[tokio::test]
    async fn a_newly_enrolled_finger_ends_biometric_keys_only() {
        let finger = ScriptedFinger::new(PortLog::default());
        finger.offers_device_credential(true);
        let biometric = wrapped(&finger).await;
        finger.create_key("pin".into(), GateKind::DeviceCredential).await.unwrap();
        let by_pin = finger.wrap_secret("pin".into(), secret(), prompt()).await.unwrap();
        finger.enrol_another();
        assert_eq!(unwrap(&finger, &biometric).await, Err(GateError::KeyLost));
        let opened = finger.unwrap_secret("pin".into(), by_pin, prompt()).await.unwrap();
        assert_eq!(opened.expose(), secret().expose());
    }

    #[tokio::test]
    async fn a_new_key_of_the_same_name_does_not_open_the_old_secret() {
        let finger = ScriptedFinger::new(PortLog::default());
        let before = wrapped(&finger).await;
        let after = wrapped(&finger).await;
        assert!(matches!(unwrap(&finger, &before).await, Err(GateError::Failed { .. })));
        assert!(unwrap(&finger, &after).await.is_ok());
        for length in [0, NONCE_LEN, NONCE_LEN + MAX_TAG_LEN] {
            assert!(matches!(unwrap(&finger, &vec![7; length]).await, Err(GateError::Failed { .. })));
        }
    }

    #[tokio::test]
    async fn a_sensor_that_is_not_ready_makes_and_opens_no_key() {
        let finger = ScriptedFinger::new(PortLog::default());
        let held = wrapped(&finger).await;
        for (readiness, error) in [
            (GateReadiness::NotEnrolled, GateError::NotEnrolled),
            (GateReadiness::NoHardware, GateError::NoHardware),
        ] {
            finger.is(readiness);
            assert_eq!(finger.availability().await.unwrap().biometric, readiness);
            assert_eq!(finger.create_key("a".into(), GateKind::Biometric).await, Err(error.clone()));
            assert_eq!(unwrap(&finger, &held).await, Err(error));
        }
        finger.is(GateReadiness::NotNow);
        assert!(matches!(unwrap(&finger, &held).await, Err(GateError::NotNow { .. })));
        finger.is(GateReadiness::Ready);
        assert!(unwrap(&finger, &held).await.is_ok());
    }

    #[tokio::test]
    async fn wrapping_asks_only_where_the_device_does() {
        let finger = ScriptedFinger::new(PortLog::default());
        wrapped(&finger).await;
        finger.will(Finger::Wrong);
        let refused = finger.wrap_secret("main/gate/1".into(), secret(), prompt()).await;
        assert_eq!(refused, Err(GateError::NotRecognised));
        finger.prompts_to_wrap(false);
        assert!(!finger.availability().await.unwrap().wrap_prompts);
        assert!(finger.wrap_secret("main/gate/1".into(), secret(), prompt()).await.is_ok());
    }

    #[tokio::test]
    async fn the_log_names_the_kind_of_key_and_nothing_random() {
        let log = PortLog::default();
        let finger = ScriptedFinger::new(log.clone());
        let wrapped = wrapped(&finger).await;
        unwrap(&finger, &wrapped).await.unwrap();
        finger.delete_key("main/gate/1".into()).await.unwrap();
        finger.delete_key("main/gate/1".into()).await.unwrap();
        finger.dismiss_prompt().unwrap();
        assert_eq!(
            log.lines(),
            [
                "gate_key.create_key(biometric)",
                "gate_key.wrap_secret(biometric)",
                "gate_key.unwrap_secret(biometric)",
                "gate_key.delete_key(biometric)",
                "gate_key.delete_key(missing)",
                "gate_key.dismiss_prompt()",
            ]
        );
    }
}
