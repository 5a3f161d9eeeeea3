//! Background time that is always granted, and passkeys that are never there.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use pforte_host::{BackgroundError, BackgroundTime, Grant, PasskeyError, PasskeyProvider};

use crate::PortLog;

/// Grants every wish for time, until it is told not to. Clones are the same system.
#[derive(Clone)]
pub struct GrantedBackground {
    state: Arc<Mutex<State>>,
    log: PortLog,
}

#[derive(Default)]
struct State {
    refuses: bool,
    granted: u64,
    open: BTreeSet<u64>,
}

impl GrantedBackground {
    /// Grants from now on.
    pub fn new(log: PortLog) -> Self {
        Self { state: Arc::default(), log }
    }

    /// Whether the system gives no time from now on.
    pub fn refuses(&self, refuses: bool) {
        self.with(|state| state.refuses = refuses);
    }

    /// How many grants were not given back yet.
    pub fn outstanding(&self) -> usize {
        self.with(|state| state.open.len())
    }

    fn with<T>(&self, work: impl FnOnce(&mut State) -> T) -> T {
        work(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl BackgroundTime for GrantedBackground {
    fn begin(&self, task: String) -> Result<Grant, BackgroundError> {
        self.log.note("background_time.begin", &task);
        self.with(|state| {
            if state.refuses {
                return Err(BackgroundError::NotGranted);
            }
            state.granted = state.granted.saturating_add(1);
            state.open.insert(state.granted);
            Ok(Grant { id: state.granted })
        })
    }

    fn finish(&self, grant: Grant) -> Result<(), BackgroundError> {
        self.log.note("background_time.finish", "");
        if self.with(|state| state.open.remove(&grant.id)) {
            return Ok(());
        }
        Err(BackgroundError::Failed { reason: "this was not granted, or was given back before".to_owned() })
    }
}

/// A device without passkeys.
#[derive(Debug, Clone, Copy, Default)]
pub struct WithoutPasskeys;

#[async_trait]
impl PasskeyProvider for WithoutPasskeys {
    async fn register_passkey(&self, _options_json: String) -> Result<String, PasskeyError> {
        Err(PasskeyError::NotSupported { reason: "this test device has no passkeys".to_owned() })
    }

    async fn use_passkey(&self, _options_json: String) -> Result<String, PasskeyError> {
        Err(PasskeyError::NotSupported { reason: "this test device has no passkeys".to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_is_granted_given_back_once_and_refused() {
        let log = PortLog::default();
        let time = GrantedBackground::new(log.clone());
        let grant = time.clone().begin("refresh".into()).unwrap();
        assert_eq!(time.outstanding(), 1);
        time.finish(grant).unwrap();
        assert_eq!(time.outstanding(), 0);
        assert!(matches!(time.finish(grant), Err(BackgroundError::Failed { .. })));
        time.refuses(true);
        assert_eq!(time.begin("refresh".into()), Err(BackgroundError::NotGranted));
        time.refuses(false);
        assert_ne!(time.begin("refresh".into()), Ok(grant));
        let (begun, finished) = ("background_time.begin(refresh)", "background_time.finish()");
        assert_eq!(log.lines(), [begun, finished, finished, begun, begun]);
    }
}
