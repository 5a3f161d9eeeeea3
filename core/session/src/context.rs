//! What every task of one account shares: settings, ports, network, vault, and what the provider says about itself.

use std::sync::{Arc, Mutex, PoisonError};

use http::{Request, Response};
use pforte_host::{Host, SecretText};
use pforte_oauth::{Jwks, Metadata, OauthError, ProviderSettings, discovery, jwks, revocation};
use pforte_transport::{TlsFailure, Transport, TransportError};
use pforte_vault::{Vault, VaultError};

use crate::SessionError;
use crate::content::GatedContent;

/// What a session is told once, when it is opened.
#[derive(Debug, Clone)]
pub struct SessionSettings {
    /// Names the account on this device.
    pub account: String,
    /// The provider, and this client at it.
    pub provider: ProviderSettings,
}

pub(crate) struct Context {
    pub settings: SessionSettings,
    pub host: Host,
    pub transport: Transport,
    pub vault: Vault,
    /// Fetched once a process; judged each time it is fetched.
    metadata: Mutex<Option<Arc<Metadata>>>,
}

impl Context {
    pub fn new(settings: SessionSettings, host: Host, transport: Transport, vault: Vault) -> Self {
        Self { settings, host, transport, vault, metadata: Mutex::new(None) }
    }

    /// The device's time in seconds since 1970: for what begins and ends on this device.
    pub fn now_s(&self) -> i64 {
        self.host.clock.wall_ms() / 1000
    }

    /// The alias of the account's ledger key.
    pub fn ledger_alias(&self) -> String {
        format!("{}/ledger", self.settings.account)
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
        self.blocking(move |context| Ok(work(&context.vault)?)).await
    }

    /// What the provider says about itself (OIDC Discovery 1.0).
    pub async fn metadata(&self) -> Result<Arc<Metadata>, SessionError> {
        if let Some(metadata) = &*self.metadata.lock().unwrap_or_else(PoisonError::into_inner) {
            return Ok(metadata.clone());
        }
        let request = discovery::request(&self.settings.provider)?;
        let metadata = Arc::new(discovery::response(&self.settings.provider, &self.send(request).await?)?);
        *self.metadata.lock().unwrap_or_else(PoisonError::into_inner) = Some(metadata.clone());
        Ok(metadata)
    }

    /// The provider's keys, fetched for each ID token: they may have been renewed since.
    pub async fn jwks(&self) -> Result<Jwks, SessionError> {
        let request = jwks::request(&*self.metadata().await?)?;
        Ok(jwks::response(&self.send(request).await?)?)
    }

    /// Sends one request; nothing is retried.
    pub async fn send(&self, request: Request<Vec<u8>>) -> Result<Response<Vec<u8>>, SessionError> {
        Ok(self.transport.send(request).await?)
    }

    /// Tells the provider that the session is over. Whether it was told.
    pub async fn revoke(&self, content: &GatedContent) -> bool {
        match &content.refresh_token {
            Some(token) => self.revoke_token(token.as_secret()).await,
            None => true,
        }
    }

    /// Revokes one refresh token (RFC 7009). Whether the provider confirmed it.
    pub async fn revoke_token(&self, token: &SecretText) -> bool {
        let revoked = async {
            let metadata = self.metadata().await?;
            let request = revocation::request(&self.settings.provider, &metadata, token)?
                .ok_or(SessionError::Refused { reason: "the provider offers no revocation".to_owned() })?;
            Ok::<_, SessionError>(revocation::response(&self.send(request).await?)?)
        };
        revoked.await.is_ok()
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
