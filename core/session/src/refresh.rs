//! One refresh, from the journalled intent to the judged ID token. Runs beside the keeper, detached from every caller.
//!
//! ```text
//!  background time ─► intent sealed ─► request ─► response ─► kept by the keeper ─► ID token judged ─► handed out
//!        │ none            │ failed       │ lost      │ refused        │ signed out        │ another person
//!        ▼                 ▼              ▼           ▼                ▼                   ▼
//!     Retry later       as before     as before    as before        revoked             revoked, ended
//! ```

use std::sync::Arc;

use pforte_oauth::id_token::{self, PreviousSignIn};
use pforte_oauth::token::{self, RefreshOptions};
use pforte_oauth::{OauthError, TokenResponse, TokenType};
use pforte_vault::{GatedKey, IntentKey};
use tokio::sync::{mpsc, oneshot};

use crate::SessionError;
use crate::content::GatedContent;
use crate::context::Context;
use crate::keeper::Command;

/// What one refresh works with.
pub(crate) struct Work {
    pub context: Arc<Context>,
    pub keeper: mpsc::WeakUnboundedSender<Command>,
    pub session: u64,
    pub content: GatedContent,
    /// The vault's key; none while the session is in memory only.
    pub key: Option<Arc<GatedKey>>,
}

/// New tokens, and the one-time key under which they can be sealed if the session was locked meanwhile.
pub(crate) struct Rotation {
    pub content: GatedContent,
    pub intent: Option<IntentKey>,
}

/// Runs the refresh and tells the keeper how it ended.
pub(crate) async fn run(work: Work) {
    let grant = {
        let begun = work
            .context
            .blocking(|context| Ok(context.host.background_time.begin("refresh".to_owned())))
            .await;
        match begun {
            Ok(Ok(grant)) => Ok(grant),
            Ok(Err(error)) => Err(SessionError::NotNow { reason: error.to_string() }),
            Err(error) => Err(error),
        }
    };
    let result = match &grant {
        Ok(_) => refresh(&work).await,
        Err(error) => Err(error.clone()),
    };
    if let Some(keeper) = work.keeper.upgrade() {
        drop(keeper.send(Command::RefreshEnded { session: work.session, result }));
    }
    if let Ok(grant) = grant {
        // A grant that can't be given back is taken back by the system.
        drop(work.context.blocking(move |context| Ok(context.host.background_time.finish(grant))).await);
    }
}

async fn refresh(work: &Work) -> Result<(), SessionError> {
    let context = &work.context;
    let provider = &context.settings.provider;
    let refresh_token = work.content.refresh_token.as_ref().ok_or_else(|| SessionError::Ended {
        reason: "the access token has expired and the provider gave no refresh token; \
                 ask for the scope offline_access"
            .to_owned(),
    })?;
    let metadata = context.metadata().await?;
    let request =
        token::refresh_request(provider, &metadata, refresh_token.as_secret(), &RefreshOptions::default())?;
    let intent = match work.key.clone() {
        Some(key) => Some(context.vault(move |vault| vault.open_intent(&key)).await?),
        None => None,
    };
    let tokens = token::response(&context.send(request).await?, TokenType::Bearer)?;
    let content = work.content.rotated(&tokens, &*context.host.clock);
    if let Err(error) = keep(work, content.clone(), intent).await {
        if error == SessionError::SignedOut {
            context.revoke(&content).await;
        }
        return Err(error);
    }
    judge(work, &tokens, &content).await
}

/// The keeper seals the new tokens; only then is anything else looked at.
async fn keep(work: &Work, content: GatedContent, intent: Option<IntentKey>) -> Result<(), SessionError> {
    let (reply, kept) = oneshot::channel();
    let rotation = Box::new(Rotation { content, intent });
    let keeper = work.keeper.upgrade().ok_or(SessionError::Closed)?;
    keeper
        .send(Command::Rotated { session: work.session, rotation, reply })
        .map_err(|_| SessionError::Closed)?;
    drop(keeper);
    kept.await.map_err(|_| SessionError::Closed)?
}

/// A refreshed ID token that speaks of another issuer, person or client ends the session; any other fault leaves the
/// tokens in force (OIDC Core 1.0, section 12.2).
async fn judge(work: &Work, tokens: &TokenResponse, content: &GatedContent) -> Result<(), SessionError> {
    if tokens.id_token.is_none() {
        return Ok(());
    }
    let context = &work.context;
    let now_s = content.time.now_ms(&*context.host.clock) / 1000;
    let previous = PreviousSignIn { subject: &content.subject, auth_time_s: work.content.auth_time_s };
    let Ok(jwks) = context.jwks().await else { return Ok(()) };
    match id_token::verify_refreshed(&context.settings.provider, &jwks, previous, tokens, now_s) {
        Err(OauthError::IdToken(fault)) if fault.ends_session() => {
            context.revoke(content).await;
            Err(SessionError::Ended { reason: format!("the renewed ID token was refused: {fault}") })
        }
        _ => Ok(()),
    }
}
