//! Small secrets in memory.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use pforte_host::{Secret, SecretStore, StoreError};

use crate::PortLog;
use crate::log::last_segment;

#[derive(Default)]
struct State {
    secrets: BTreeMap<String, Secret>,
    failing: Option<StoreError>,
}

/// A secret store for tests. Clones are the same store: it outlives a client, as the real one outlives a process.
#[derive(Clone)]
pub struct MemorySecrets {
    state: Arc<Mutex<State>>,
    log: PortLog,
}

impl MemorySecrets {
    /// An empty store.
    pub fn new(log: PortLog) -> Self {
        Self { state: Arc::default(), log }
    }

    /// From now on every call fails so; `None` ends it.
    pub fn fail(&self, error: Option<StoreError>) {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).failing = error;
    }

    fn with<T>(&self, work: impl FnOnce(&mut BTreeMap<String, Secret>) -> T) -> Result<T, StoreError> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        match &state.failing {
            Some(error) => Err(error.clone()),
            None => Ok(work(&mut state.secrets)),
        }
    }
}

impl SecretStore for MemorySecrets {
    fn read(&self, name: String) -> Result<Option<Secret>, StoreError> {
        self.log.note("secret_store.read", last_segment(&name));
        self.with(|secrets| secrets.get(&name).cloned())
    }

    fn write(&self, name: String, secret: Secret) -> Result<(), StoreError> {
        self.log.note("secret_store.write", last_segment(&name));
        self.with(|secrets| drop(secrets.insert(name, secret)))
    }

    fn remove(&self, name: String) -> Result<(), StoreError> {
        self.log.note("secret_store.remove", last_segment(&name));
        self.with(|secrets| drop(secrets.remove(&name)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_store_that_fails_keeps_what_it_has() {
        let log = PortLog::default();
        let secrets = MemorySecrets::new(log.clone());
        secrets.write("main/anchor".into(), Secret::new(vec![1])).unwrap();
        let locked = StoreError::NotNow { reason: "locked".to_owned() };
        secrets.fail(Some(locked.clone()));
        assert_eq!(secrets.read("main/anchor".into()).unwrap_err(), locked);
        assert_eq!(secrets.write("main/anchor".into(), Secret::new(vec![2])), Err(locked.clone()));
        assert_eq!(secrets.remove("main/anchor".into()), Err(locked));
        secrets.fail(None);
        assert_eq!(secrets.clone().read("main/anchor".into()).unwrap().unwrap().expose(), [1]);
        secrets.remove("main/anchor".into()).unwrap();
        assert!(secrets.read("main/anchor".into()).unwrap().is_none());
        assert_eq!(log.lines().len(), 7);
        assert!(log.lines().iter().all(|line| line.ends_with("(anchor)")));
    }
}
