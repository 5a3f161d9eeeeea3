//! A scripted finger in front of a key.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use pforte_host::{GateAvailability, GateError, GateKey, GateKind, GateReadiness, Prompt, Secret};

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
    /// The prompt stays on the screen until it is dismissed.
    Hesitates,
}

#[derive(Default)]
struct State {
    finger: Finger,
    readiness: Option<GateReadiness>,
    /// By alias: the kind, and what was wrapped, by handle.
    keys: BTreeMap<String, (GateKind, Vec<Secret>)>,
    dismissed: u64,
}

/// A gate key for tests. Clones are the same device.
#[derive(Clone)]
pub struct ScriptedFinger {
    state: Arc<Mutex<State>>,
    log: PortLog,
}

impl ScriptedFinger {
    /// A device with a finger enrolled, the right one.
    pub fn new(log: PortLog) -> Self {
        Self { state: Arc::default(), log }
    }

    /// What the finger does from now on.
    pub fn will(&self, finger: Finger) {
        self.with(|state| state.finger = finger);
    }

    /// How ready the sensor is from now on.
    pub fn is(&self, readiness: GateReadiness) {
        self.with(|state| state.readiness = Some(readiness));
    }

    /// Somebody enrols another finger: every biometric key becomes unusable.
    pub fn enrol_another(&self) {
        self.with(|state| state.keys.retain(|_, (kind, _)| *kind != GateKind::Biometric));
    }

    fn with<T>(&self, work: impl FnOnce(&mut State) -> T) -> T {
        work(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn note(&self, call: &str, alias: &str) {
        let kind = self.with(|state| state.keys.get(alias).map(|(kind, _)| word(*kind)));
        self.log.note(call, kind.unwrap_or("missing"));
    }

    async fn prompt(&self) -> Result<(), GateError> {
        match self.with(|state| state.finger) {
            Finger::Right | Finger::RightButBroken => Ok(()),
            Finger::Wrong => Err(GateError::NotRecognised),
            Finger::Closes => Err(GateError::Cancelled),
            Finger::LockedOut => Err(GateError::LockedOut),
            Finger::Hesitates => {
                let before = self.with(|state| state.dismissed);
                std::future::poll_fn(|context| {
                    if self.with(|state| state.dismissed) > before {
                        return std::task::Poll::Ready(());
                    }
                    let waker = context.waker().clone();
                    std::thread::spawn(move || {
                        std::thread::sleep(std::time::Duration::from_millis(2));
                        waker.wake();
                    });
                    std::task::Poll::Pending
                })
                .await;
                Err(GateError::Cancelled)
            }
        }
    }
}

fn word(kind: GateKind) -> &'static str {
    match kind {
        GateKind::Biometric => "biometric",
        GateKind::DeviceCredential => "device-credential",
    }
}

#[async_trait]
impl GateKey for ScriptedFinger {
    async fn availability(&self) -> Result<GateAvailability, GateError> {
        self.log.note("gate_key.availability", "");
        let biometric = self.with(|state| state.readiness).unwrap_or(GateReadiness::Ready);
        Ok(GateAvailability { biometric, wrap_prompts: true, device_credential: false })
    }

    async fn create_key(&self, alias: String, kind: GateKind) -> Result<(), GateError> {
        self.log.note("gate_key.create_key", word(kind));
        self.with(|state| drop(state.keys.insert(alias, (kind, Vec::new()))));
        Ok(())
    }

    async fn wrap_secret(
        &self,
        alias: String,
        secret: Secret,
        _prompt: Prompt,
    ) -> Result<Vec<u8>, GateError> {
        self.note("gate_key.wrap_secret", &alias);
        self.prompt().await?;
        self.with(|state| {
            let (_, wrapped) = state.keys.get_mut(&alias).ok_or(GateError::KeyLost)?;
            wrapped.push(secret);
            // The handle stands for a ciphertext: without this device's key it says nothing.
            Ok(u64::try_from(wrapped.len()).unwrap_or(u64::MAX).to_be_bytes().to_vec())
        })
    }

    async fn unwrap_secret(
        &self,
        alias: String,
        wrapped: Vec<u8>,
        _prompt: Prompt,
    ) -> Result<Secret, GateError> {
        self.note("gate_key.unwrap_secret", &alias);
        self.prompt().await?;
        self.with(|state| {
            let (_, secrets) = state.keys.get(&alias).ok_or(GateError::KeyLost)?;
            let handle =
                wrapped.try_into().ok().map(u64::from_be_bytes).and_then(|n| usize::try_from(n).ok());
            let secret = handle.and_then(|n| secrets.get(n.checked_sub(1)?)).ok_or(GateError::KeyLost)?;
            if state.finger == Finger::RightButBroken {
                return Ok(Secret::new(secret.expose().iter().rev().copied().collect()));
            }
            Ok(secret.clone())
        })
    }

    async fn delete_key(&self, alias: String) -> Result<(), GateError> {
        self.note("gate_key.delete_key", &alias);
        self.with(|state| drop(state.keys.remove(&alias)));
        Ok(())
    }

    fn dismiss_prompt(&self) -> Result<(), GateError> {
        self.log.note("gate_key.dismiss_prompt", "");
        self.with(|state| state.dismissed += 1);
        Ok(())
    }
}
