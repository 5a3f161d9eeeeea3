//! The whole host.

use std::sync::Arc;

use pforte_host::{FileStore, Host};

use crate::{
    GrantedBackground, MemoryDeviceKey, MemoryFiles, MemorySecrets, PortLog, RedirectingBrowser,
    ScriptedAsks, ScriptedFinger, SettableClock, WithoutPasskeys,
};

/// Every port in memory, each of them to be scripted. What is kept outlives a client, so that opening another client
/// over the same host is a restart of the app.
///
/// ```
/// use pforte_testing::{Finger, ScriptedHost};
///
/// let device = ScriptedHost::new();
/// device.finger.will(Finger::Wrong);
/// let host = device.host();
/// assert!(device.log.lines().is_empty());
/// # drop(host);
/// ```
#[derive(Clone)]
pub struct ScriptedHost {
    /// What was asked of the ports.
    pub log: PortLog,
    /// The gate key.
    pub finger: ScriptedFinger,
    /// The signing keys.
    pub device_key: MemoryDeviceKey,
    /// The secret store.
    pub secrets: MemorySecrets,
    /// The folder.
    pub files: MemoryFiles,
    /// The browser.
    pub browser: RedirectingBrowser,
    /// The answers.
    pub asks: ScriptedAsks,
    /// The clock: it stands until it is moved.
    pub clock: SettableClock,
    /// Time in the background.
    pub background: GrantedBackground,
}

impl ScriptedHost {
    /// A new device, at the present time.
    pub fn new() -> Self {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        let log = PortLog::default();
        Self {
            finger: ScriptedFinger::new(log.clone()),
            device_key: MemoryDeviceKey::new(log.clone()),
            secrets: MemorySecrets::new(log.clone()),
            files: MemoryFiles::default(),
            browser: RedirectingBrowser::new(log.clone()),
            asks: ScriptedAsks::new(log.clone()),
            background: GrantedBackground::new(log.clone()),
            clock: SettableClock::at(i64::try_from(now.as_millis()).unwrap_or(i64::MAX)),
            log,
        }
    }

    /// The ports, for a client.
    pub fn host(&self) -> Host {
        self.host_with_files(Arc::new(self.files.clone()))
    }

    /// The ports with other files, such as a real folder.
    pub fn host_with_files(&self, files: Arc<dyn FileStore>) -> Host {
        Host {
            gate_key: Arc::new(self.finger.clone()),
            device_key: Arc::new(self.device_key.clone()),
            secret_store: Arc::new(self.secrets.clone()),
            files,
            user_agent: Arc::new(self.browser.clone()),
            passkeys: Arc::new(WithoutPasskeys),
            presenter: Arc::new(self.asks.clone()),
            clock: Arc::new(self.clock.clone()),
            background_time: Arc::new(self.background.clone()),
        }
    }
}

impl Default for ScriptedHost {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_writes_the_one_log_and_outlives_a_client() {
        let device = ScriptedHost::new();
        let host = device.host();
        host.secret_store.write("main/anchor".into(), vec![1].into()).unwrap();
        host.device_key.public_key("main/ledger".into()).unwrap();
        let grant = host.background_time.begin("refresh".into()).unwrap();
        host.background_time.finish(grant).unwrap();
        host.presenter.withdraw_ask().unwrap();
        host.gate_key.dismiss_prompt().unwrap();
        host.files.replace("main.open", b"sealed").unwrap();
        let read_at = host.clock.now();
        drop(host);
        assert_eq!(
            device.log.lines(),
            [
                "secret_store.write(anchor)",
                "device_key.public_key(ledger)",
                "background_time.begin(refresh)",
                "background_time.finish()",
                "presenter.withdraw_ask()",
                "gate_key.dismiss_prompt()",
            ]
        );
        let again = device.host();
        assert_eq!(again.secret_store.read("main/anchor".into()).unwrap().unwrap().expose(), [1]);
        assert_eq!(again.files.read("main.open", 10), Ok(Some(b"sealed".to_vec())));
        assert_eq!(again.clock.now(), read_at);
    }
}
