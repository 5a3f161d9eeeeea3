//! A fresh provider and a fresh device.

use std::sync::Arc;

use pforte_client::{Client, Config, Error, PolicyFolder, Provider};
use pforte_host::FileStore;
use pforte_platform::FolderFiles;
use pforte_provider::{Control, Running, Settings};
use pforte_testing::ScriptedHost;

use crate::{answers, policy};

/// What one walk happens in.
pub struct World {
    /// The device.
    pub device: ScriptedHost,
    /// The folder its sealed files are in.
    pub folder: tempfile::TempDir,
    provider: Running,
}

impl World {
    /// Starts a provider that signs `alice` in without a page, and takes a new device out of its box.
    pub async fn new() -> Self {
        Self::with(Settings { automatic: Some("alice".to_owned()), ..Settings::default() }).await
    }

    /// The same with other settings of the provider.
    pub async fn with(settings: Settings) -> Self {
        let provider = pforte_provider::Provider::start(settings)
            .await
            .unwrap_or_else(|error| panic!("the provider did not start: {error}"));
        let device = ScriptedHost::new();
        device.asks.answer_with(|ask| Ok(answers(ask)));
        let folder = tempfile::tempdir().unwrap_or_else(|error| panic!("no temporary folder: {error}"));
        Self { device, folder, provider }
    }

    /// Where the provider is.
    pub fn issuer(&self) -> &str {
        self.provider.issuer()
    }

    /// What only a test may do to the provider.
    pub fn control(&self) -> Control {
        self.provider.control()
    }

    /// The configuration of the journey.
    pub fn config(&self) -> Config {
        let provider = Provider::development(self.issuer(), "portal-app");
        let config = Config::new(policy(), provider, "com.example.portal:/callback");
        Config { api_origins: vec![self.issuer().to_owned()], ..config }
    }

    /// Opens a client over this device; opening another one is a restart of the app.
    pub async fn open(&self) -> Result<Arc<Client>, Error> {
        self.open_with(self.config()).await
    }

    /// The same with another policy.
    pub async fn open_with_policy(&self, policy: PolicyFolder) -> Result<Arc<Client>, Error> {
        self.open_with(Config { policy, ..self.config() }).await
    }

    /// The same with another configuration.
    pub async fn open_with(&self, config: Config) -> Result<Arc<Client>, Error> {
        Client::open(config, self.device.host_with_files(self.files())).await
    }

    /// The folder's files as the client sees them.
    pub fn files(&self) -> Arc<dyn FileStore> {
        let files = FolderFiles::open(self.folder.path());
        Arc::new(files.unwrap_or_else(|error| panic!("no folder for the sealed files: {error}")))
    }

    /// Every sealed file's bytes, one after the other, in the order of their names.
    pub fn file_bytes(&self) -> Vec<u8> {
        let files = self.files();
        let mut names = files.names().unwrap_or_default();
        names.sort();
        let read = |name: &String| files.read(name, u64::MAX - 1).ok().flatten().unwrap_or_default();
        names.iter().flat_map(read).collect()
    }

    /// Ends the provider.
    pub async fn end(self) {
        self.provider.stop().await;
    }
}
