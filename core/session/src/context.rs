//! What every task of one account shares: settings, ports, network, vault, and what the provider says about itself.

use std::sync::{Arc, OnceLock};

use pforte_host::Host;
use pforte_oauth::{OauthError, ProviderSettings};
use pforte_transport::{TlsFailure, Transport, TransportError};
use pforte_vault::{AccountId, Vault, VaultError};

use crate::SessionError;
use crate::consent_sync::ConsentService;
use crate::content::GatedContent;
use crate::provider::Provider;

/// What a session is told once, when it is opened.
#[derive(Debug, Clone)]
pub struct SessionSettings {
    /// Names the account on this device.
    pub account: String,
    /// The provider, and this client at it.
    pub provider: ProviderSettings,
    /// Where consents are synced for a known person; nothing where they stay on this device.
    pub consent_service: Option<ConsentService>,
}

pub(crate) struct Context {
    pub settings: SessionSettings,
    pub host: Host,
    /// Opened once the device's storage answers.
    vault: OnceLock<OpenedVault>,
    /// Everything that is said to the provider.
    pub provider: Provider,
}

struct OpenedVault {
    vault: Vault,
    /// Files of another device or installation were set aside.
    started_anew: bool,
}

impl Context {
    pub fn new(settings: SessionSettings, host: Host, transport: Transport) -> Self {
        let provider =
            Provider::new(settings.provider.clone(), settings.account.clone(), host.clone(), transport);
        Self { settings, host, vault: OnceLock::new(), provider }
    }

    /// The vault. It is opened at the first call for which the device's storage answers; until then each call says
    /// what the storage said. May block.
    pub fn opened(&self) -> Result<&Vault, SessionError> {
        if let Some(opened) = self.vault.get() {
            return Ok(&opened.vault);
        }
        let account = AccountId::new(&self.settings.account)
            .map_err(|error| SessionError::Configuration { hint: error.to_string() })?;
        let (files, secrets) = (self.host.files.clone(), self.host.secret_store.clone());
        let opened = match Vault::open(&account, files.clone(), secrets.clone()) {
            Err(VaultError::Lost { .. }) => {
                OpenedVault { vault: Vault::start_anew(&account, files, secrets)?, started_anew: true }
            }
            vault => OpenedVault { vault: vault?, started_anew: false },
        };
        Ok(&self.vault.get_or_init(|| opened).vault)
    }

    /// Whether opening the vault had to set files of another device or installation aside.
    pub fn started_anew(&self) -> bool {
        self.vault.get().is_some_and(|opened| opened.started_anew)
    }

    /// The device's time in seconds since 1970: for what begins and ends on this device.
    pub fn now_s(&self) -> i64 {
        self.host.clock.wall_ms() / 1000
    }

    /// Runs `work` on a thread that may block.
    pub async fn blocking<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&Self) -> Result<T, SessionError> + Send + 'static,
    ) -> Result<T, SessionError> {
        let context = self.clone();
        tokio::task::spawn_blocking(move || work(&context))
            .await
            .map_err(|_| SessionError::Internal { what: "a port panicked" })?
    }

    /// Runs `work` with the vault on a thread that may block.
    pub async fn vault<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&Vault) -> Result<T, VaultError> + Send + 'static,
    ) -> Result<T, SessionError> {
        self.blocking(move |context| Ok(work(context.opened()?)?)).await
    }

    /// Tells the provider that the session is over. Whether it was told.
    pub async fn revoke(&self, content: &GatedContent) -> bool {
        match &content.refresh_token {
            Some(token) => self.provider.revoke(token.as_secret()).await,
            None => true,
        }
    }
}

impl From<OauthError> for SessionError {
    fn from(error: OauthError) -> Self {
        match error {
            OauthError::Temporary { what, retry_after_seconds } => {
                Self::Unreachable { reason: what, after_seconds: retry_after_seconds.unwrap_or(5) }
            }
            OauthError::InvalidGrant { .. } => Self::Ended { reason: "invalid_grant".to_owned() },
            OauthError::Configuration { hint } => Self::Configuration { hint },
            OauthError::Declined { .. } => Self::Cancelled { what: "the sign-in, at the provider" },
            other => Self::Refused { reason: other.to_string() },
        }
    }
}

impl From<TransportError> for SessionError {
    fn from(error: TransportError) -> Self {
        match error {
            TransportError::NotAllowed { why } => Self::Configuration { hint: why.to_owned() },
            TransportError::TooLarge { .. } => Self::Refused { reason: error.to_string() },
            TransportError::Tls { why: TlsFailure::NoVerifier } => {
                Self::Configuration { hint: error.to_string() }
            }
            TransportError::Offline
            | TransportError::TimedOut { .. }
            | TransportError::Interrupted
            | TransportError::Tls { .. } => Self::Unreachable { reason: error.to_string(), after_seconds: 5 },
        }
    }
}
