//! An account in a real folder: sealed files, software keys, and a clock that can be moved.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use pforte_host::{Clock, GateError, Host, Prompt};
use pforte_oauth::{ProviderSettings, Use};
use pforte_platform::{
    Confirm, FolderFiles, FolderSecrets, NoBackgroundLimits, NoPasskeys, SoftwareDeviceKey, SoftwareGateKey,
    SystemClock,
};
use pforte_session::SessionSettings;
use pforte_testing::{PortLog, RedirectingBrowser, ScriptedAsks};
use pforte_transport::{Transport, TransportError, TransportSettings};

/// The account's name.
pub const ACCOUNT: &str = "main";

/// The machine's clocks, moved forward. Clones are the same clock.
#[derive(Debug, Clone, Default)]
pub struct MovedClock(Arc<AtomicU64>);

impl MovedClock {
    /// Moves both clocks forward.
    pub fn advance(&self, by: Duration) {
        self.0.fetch_add(u64::try_from(by.as_millis()).unwrap_or(u64::MAX), Ordering::SeqCst);
    }

    fn ahead_ms(&self) -> u64 {
        self.0.load(Ordering::SeqCst)
    }
}

impl Clock for MovedClock {
    fn wall_ms(&self) -> i64 {
        SystemClock.wall_ms().saturating_add(i64::try_from(self.ahead_ms()).unwrap_or(i64::MAX))
    }

    fn elapsed_ms(&self) -> u64 {
        SystemClock.elapsed_ms().saturating_add(self.ahead_ms())
    }

    fn boot_id(&self) -> String {
        SystemClock.boot_id()
    }
}

/// A person whose finger is always right.
struct RightFinger;

impl Confirm for RightFinger {
    fn confirm(&self, _prompt: &Prompt) -> Result<(), GateError> {
        Ok(())
    }
}

/// The ports over `folder`: real files, secrets and keys in files, a finger that is always right, a browser without a
/// window.
///
/// # Errors
/// In words, where the folder can't be made or read.
pub fn host(folder: &Path, clock: MovedClock) -> Result<Host, String> {
    let files = FolderFiles::open(folder.join("sealed")).map_err(|error| error.to_string())?;
    let secrets = Arc::new(FolderSecrets::open(folder.join("secrets")).map_err(|error| error.to_string())?);
    let log = PortLog::default();
    Ok(Host {
        gate_key: Arc::new(SoftwareGateKey::new(secrets.clone(), Arc::new(RightFinger))),
        device_key: Arc::new(SoftwareDeviceKey::new(secrets.clone())),
        secret_store: secrets,
        files: Arc::new(files),
        user_agent: Arc::new(RedirectingBrowser::new(log.clone())),
        passkeys: Arc::new(NoPasskeys),
        presenter: Arc::new(ScriptedAsks::new(log)),
        clock: Arc::new(clock),
        background_time: Arc::new(NoBackgroundLimits::default()),
    })
}

/// What the session is told about the development provider, which accepts a replaced token again for so many seconds.
pub fn settings(issuer: &str, grace_seconds: u32) -> SessionSettings {
    let provider = ProviderSettings {
        redirect_uri: "com.example.portal:/callback".to_owned(),
        refresh_grace_s: grace_seconds,
        allow_loopback_http: true,
        dpop: Use::WhenOffered,
        ..ProviderSettings::oidc(issuer, "portal-app")
    };
    SessionSettings { account: ACCOUNT.to_owned(), provider, consent_service: None }
}

/// The network, this machine included.
///
/// # Errors
/// As [`Transport::new`].
pub fn transport() -> Result<Transport, TransportError> {
    Transport::new(TransportSettings { allow_loopback_http: true, ..TransportSettings::default() })
}

/// What the prompts say; nobody reads it.
pub fn prompt() -> Prompt {
    Prompt { title: "Open".to_owned(), reason: "To go on.".to_owned(), cancel: "Cancel".to_owned() }
}
