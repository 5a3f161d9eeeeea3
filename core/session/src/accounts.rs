//! Several accounts on one device, each with its own vault, keys and lock.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use pforte_host::{FileStore, Host};
use pforte_transport::Transport;
use pforte_vault::AccountId;
use tokio::sync::OnceCell;

use crate::{Session, SessionError, SessionSettings, SignOutReport};

/// The accounts of one app on this device. Each has files, secrets and device keys of its own, under its own name, so that
/// opening, locking, losing or removing one says nothing about another.
///
/// An account that was opened stays open in this sense until it is closed or removed: opening it again gives the same
/// session. That it has one keeper in a process is what makes its answers consistent.
#[derive(Clone)]
pub struct Accounts {
    host: Host,
    transport: Transport,
    opened: Arc<Mutex<BTreeMap<String, Arc<OnceCell<Session>>>>>,
}

impl Accounts {
    /// Over the app's ports. Reads nothing yet.
    pub fn new(host: Host, transport: Transport) -> Self {
        Self { host, transport, opened: Arc::default() }
    }

    /// The accounts that keep something on this device, in the order of their names. Opens none of them.
    ///
    /// # Errors
    /// [`SessionError::NotNow`] and [`SessionError::Storage`].
    pub async fn list(&self) -> Result<Vec<String>, SessionError> {
        accounts_in(self.host.files.clone()).await
    }

    /// Opens an account, as [`Session::open`] does; one that is open already comes back as it is, whatever else the
    /// settings say.
    ///
    /// # Errors
    /// As [`Session::open`].
    pub async fn open(&self, settings: SessionSettings) -> Result<Session, SessionError> {
        let cell = self.with(|opened| opened.entry(settings.account.clone()).or_default().clone());
        let open = || Session::open(settings, self.host.clone(), self.transport.clone());
        Ok(cell.get_or_try_init(open).await?.clone())
    }

    /// Locks an account and lets go of it. What other parts of the app still hold of it goes on working.
    ///
    /// # Errors
    /// As [`Session::lock`].
    pub async fn close(&self, account: &str) -> Result<(), SessionError> {
        match self.with(|opened| opened.remove(account)).and_then(|cell| cell.get().cloned()) {
            Some(session) => session.lock().await,
            None => Ok(()),
        }
    }

    /// Signs the account out and removes everything of it from this device: secrets, files, device keys, and the consent
    /// ledger, which is evidence: export it before. The other accounts stay as they are.
    ///
    /// # Errors
    /// As [`Session::sign_out`]; then it can be called again.
    pub async fn remove(&self, settings: SessionSettings) -> Result<SignOutReport, SessionError> {
        let account = settings.account.clone();
        let report = self.open(settings).await?.remove().await?;
        self.with(|opened| opened.remove(&account));
        Ok(report)
    }

    fn with<T>(&self, work: impl FnOnce(&mut BTreeMap<String, Arc<OnceCell<Session>>>) -> T) -> T {
        work(&mut self.opened.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// The accounts that keep something in `files`, in the order of their names. Opens none of them.
///
/// # Errors
/// [`SessionError::NotNow`] and [`SessionError::Storage`].
pub async fn accounts_in(files: Arc<dyn FileStore>) -> Result<Vec<String>, SessionError> {
    let names = tokio::task::spawn_blocking(move || files.names())
        .await
        .map_err(|_| SessionError::Internal { what: "a port panicked" })??;
    let accounts: BTreeSet<String> = names
        .iter()
        .filter_map(|name| Some(name.split_once('.')?.0))
        .filter(|account| AccountId::new(account).is_ok())
        .map(str::to_owned)
        .collect();
    Ok(accounts.into_iter().collect())
}

impl fmt::Debug for Accounts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Accounts(..)")
    }
}
