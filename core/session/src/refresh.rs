//! One refresh, from the lease to the judged ID token. Runs beside the keeper, detached from every caller.
//!
//! ```text
//!  background time ─► lease ─► read again ─► intent sealed ─► request ─► response ─► kept ─► ID token judged ─► done
//!        │ none        │ busy    │ renewed       │ failed       │ lost     │ refused   │ late, ended   │ another person
//!        ▼             ▼         ▼               ▼              ▼          ▼           ▼               ▼
//!   Retry later      waits     adopted       as before      intent      adopted,   adopted,        revoked, ended
//!                                                           stays open  or ended   or revoked
//! ```
//!
//! **Invariants.** One request at a time, over all processes of the app: what is sent was read under the lease. The
//! answer is sealed before anybody sees or judges it. Who lost the lease on the way writes nothing over its successor.
//! An intent whose answer never came stays open, and the next unlock tries it again at once: within the provider's
//! grace nothing is lost.

use std::sync::{Arc, Weak};

use pforte_oauth::id_token::{self, PreviousSignIn};
use pforte_oauth::token::RefreshOptions;
use pforte_oauth::{Jwks, OauthError, TokenResponse};
use pforte_vault::{GatedKey, Inbox, IntentKey, Lease, Vault, VaultError};
use tokio::sync::{mpsc, oneshot};
use zeroize::Zeroizing;

use crate::content::GatedContent;
use crate::context::Context;
use crate::keeper::Command;
use crate::provider::TokenGrant;
use crate::{SessionError, Token, lease};

/// How often a sibling process may come in between before the refresh gives up for now.
const MOST_TRIES: usize = 4;

/// An access token that somebody waits for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Wanted {
    /// What it is for.
    pub options: RefreshOptions,
    /// For how long it has to last, in milliseconds; a renewed one is handed out however short it lasts.
    pub lasting_ms: i64,
}

/// What one refresh works with.
pub(crate) struct Work {
    pub context: Arc<Context>,
    pub keeper: mpsc::WeakUnboundedSender<Command>,
    pub session: u64,
    /// The lock's epoch in which it began.
    pub epoch: u64,
    pub content: GatedContent,
    /// What the new access token is for, and for how long it has to last.
    pub asked: Wanted,
    /// A token that a server has refused: not good enough, even where it looks alive.
    pub rejected: Option<Token>,
    /// Whether this is the second try of a refresh whose answer never came.
    pub unfinished: bool,
    /// The vault's key; none while the session is in memory only. Locking takes it away, also from here.
    pub key: Option<Weak<GatedKey>>,
}

/// New tokens, and what they can be sealed with.
pub(crate) struct Rotation {
    pub content: GatedContent,
    /// The one-time key for the case that the session was locked meanwhile; none while it is in memory only, or where
    /// the intent is over.
    pub intent: Option<Arc<IntentKey>>,
    /// None while the session is in memory only.
    pub lease: Option<Lease>,
}

/// What became of a rotation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Keeping {
    /// It is sealed, or in memory where the session is.
    Kept,
    /// Somebody else took the lease since; nothing was written.
    Late,
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
    if work.key.is_none() {
        let (tokens, content) = exchange(work, &work.content).await?;
        keep(work, Rotation { content: content.clone(), intent: None, lease: None }).await?;
        return judge(work, &work.content, &tokens, &content).await;
    }
    for _ in 0..MOST_TRIES {
        let lease = lease::wait(&work.context).await?;
        let tried = under_lease(work, &lease).await;
        lease::release(&work.context, lease).await;
        if tried? == Tried::Settled {
            return Ok(());
        }
    }
    Err(SessionError::Unreachable {
        reason: "other processes of this app kept changing the session".to_owned(),
        after_seconds: 1,
    })
}

/// What came of one try.
#[derive(PartialEq, Eq)]
enum Tried {
    /// The tokens are renewed, by whomever.
    Settled,
    /// A sibling came in between: to be tried again, under a lease of its own.
    Again,
}

async fn under_lease(work: &Work, lease: &Lease) -> Result<Tried, SessionError> {
    let newest = newest(work).await?;
    if is_settled(work, &newest).await? {
        return Ok(Tried::Settled);
    }
    let Some(intent) = open_intent(work, lease).await? else { return Ok(Tried::Again) };
    // Suspended since: the successor's request is the one that counts.
    if !still_held(work, lease).await? {
        return Ok(Tried::Again);
    }
    match lease::hold(&work.context, lease, exchange(work, &newest)).await {
        Ok((tokens, content)) => {
            let rotation = Rotation {
                content: content.clone(),
                intent: Some(Arc::new(intent)),
                lease: Some(lease.clone()),
            };
            match keep(work, rotation).await? {
                Keeping::Kept => judge(work, &newest, &tokens, &content).await?,
                Keeping::Late => come_late(work, &newest, content).await?,
            }
            Ok(Tried::Settled)
        }
        // A sibling may have renewed the tokens while this process was suspended: then its are good.
        Err(SessionError::Ended { reason }) => {
            let stored = self::newest(work).await?;
            let ended = stored.has_the_tokens_of(&newest);
            if ended {
                Err(SessionError::Ended { reason: with_cause(work, reason) })
            } else {
                Ok(Tried::Again)
            }
        }
        Err(error) => Err(error),
    }
}

/// Why a second try was refused, where that is known.
fn with_cause(work: &Work, reason: String) -> String {
    if !work.unfinished {
        return reason;
    }
    match work.context.settings.provider.refresh_grace_s {
        0 => format!("{reason}; an earlier renewal was cut off, and this provider accepts no second try"),
        grace_s => {
            format!("{reason}; an earlier renewal was cut off more than the provider's {grace_s} seconds ago")
        }
    }
}

/// What lies in the vault at this moment, a rotation from the inbox taken in. The keeper is told.
async fn newest(work: &Work) -> Result<GatedContent, SessionError> {
    let key = key(work)?;
    let stored = work.context.vault(move |vault| newest_bytes(vault, &key)).await?;
    let content = GatedContent::from_bytes(&stored)?;
    tell(
        work,
        Command::Adopted { session: work.session, epoch: work.epoch, content: Box::new(content.clone()) },
    )?;
    Ok(content)
}

/// The same in the vault's own terms.
pub(crate) fn newest_bytes(vault: &Vault, key: &GatedKey) -> Result<Zeroizing<Vec<u8>>, VaultError> {
    let stored = vault.read_gated(key)?;
    Ok(match vault.take_inbox(key)? {
        Inbox::Arrived { intent, content } => {
            vault.close_intent(key, &intent, &content)?;
            content
        }
        Inbox::Empty | Inbox::Refused => stored,
    })
}

/// Whether somebody else has done already what this refresh is for.
async fn is_settled(work: &Work, newest: &GatedContent) -> Result<bool, SessionError> {
    if work.unfinished {
        return Ok(!work.context.vault(|vault| vault.intent_is_open()).await?);
    }
    let token = newest.token_for(&work.asked, &*work.context.host.clock);
    Ok(token.is_some_and(|(token, is_live)| is_live && work.rejected.as_ref() != Some(&token)))
}

/// Journals the refresh; nothing where a sibling wrote, or took the lease, in between.
async fn open_intent(work: &Work, lease: &Lease) -> Result<Option<IntentKey>, SessionError> {
    let (key, lease) = (key(work)?, lease.clone());
    work.context
        .blocking(move |context| match context.opened()?.open_intent_fenced(&key, &lease) {
            Ok(intent) => Ok(Some(intent)),
            Err(VaultError::Stale) => Ok(None),
            // The session lives as long as it can be read.
            Err(VaultError::Superseded) => Ok(context.opened()?.read_gated(&key).map(|_| None)?),
            Err(error) => Err(error.into()),
        })
        .await
}

/// Whether nobody took the lease since.
async fn still_held(work: &Work, lease: &Lease) -> Result<bool, SessionError> {
    let (key, lease) = (key(work)?, lease.clone());
    work.context
        .blocking(move |context| match context.opened()?.check_lease(&lease) {
            Ok(()) => Ok(true),
            Err(VaultError::Superseded) => Ok(context.opened()?.read_gated(&key).map(|_| false)?),
            Err(error) => Err(error.into()),
        })
        .await
}

/// The request; nothing is held that locking should take away.
async fn exchange(
    work: &Work,
    content: &GatedContent,
) -> Result<(TokenResponse, GatedContent), SessionError> {
    let context = &work.context;
    let refresh_token = content.refresh_token.as_ref().ok_or_else(|| SessionError::Ended {
        reason: "the access token has expired and the provider gave no refresh token; \
                 ask for the scope offline_access"
            .to_owned(),
    })?;
    let grant = TokenGrant::Refresh {
        refresh_token: refresh_token.as_secret(),
        bound: content.token().is_bound(),
        options: &work.asked.options,
    };
    let tokens = context.provider.token(grant).await?;
    let rotated = content.rotated_for(&work.asked.options, &tokens, &*context.host.clock);
    Ok((tokens, rotated))
}

/// The keeper seals the new tokens; only then is anything else looked at. Where the session ended meanwhile they are
/// revoked.
async fn keep(work: &Work, rotation: Rotation) -> Result<Keeping, SessionError> {
    let content = rotation.content.clone();
    let (reply, kept) = oneshot::channel();
    tell(work, Command::Rotated { session: work.session, rotation: Box::new(rotation), reply })?;
    let kept = kept.await.map_err(|_| SessionError::Closed)?;
    if kept == Err(SessionError::SignedOut) {
        work.context.revoke(&content).await;
    }
    kept
}

/// This process was suspended, and somebody took the lease since. What the successor stored counts; only where nobody
/// renewed the tokens since are these kept, under a lease of their own.
async fn come_late(work: &Work, sent: &GatedContent, rotated: GatedContent) -> Result<(), SessionError> {
    let lease = lease::wait(&work.context).await?;
    let result = async {
        let stored = newest(work).await?;
        if !stored.has_the_tokens_of(sent) {
            return Ok(());
        }
        let rotation = Rotation { content: rotated, intent: None, lease: Some(lease.clone()) };
        match keep(work, rotation).await? {
            Keeping::Kept => Ok(()),
            Keeping::Late => Err(SessionError::Unreachable {
                reason: "this process is suspended again and again".to_owned(),
                after_seconds: 1,
            }),
        }
    }
    .await;
    lease::release(&work.context, lease).await;
    result
}

fn key(work: &Work) -> Result<Arc<GatedKey>, SessionError> {
    work.key.as_ref().and_then(Weak::upgrade).ok_or(SessionError::Locked)
}

fn tell(work: &Work, command: Command) -> Result<(), SessionError> {
    let keeper = work.keeper.upgrade().ok_or(SessionError::Closed)?;
    keeper.send(command).map_err(|_| SessionError::Closed)
}

/// A refreshed ID token that speaks of another issuer, person or client ends the session; any other fault leaves the
/// tokens in force (OIDC Core 1.0, section 12.2).
async fn judge(
    work: &Work,
    before: &GatedContent,
    tokens: &TokenResponse,
    content: &GatedContent,
) -> Result<(), SessionError> {
    if tokens.id_token.is_none() {
        return Ok(());
    }
    let context = &work.context;
    let now_s = content.time.now_ms(&*context.host.clock) / 1000;
    let previous = PreviousSignIn { subject: &content.subject, auth_time_s: before.auth_time_s };
    let settings = &context.settings.provider;
    let judge = |keys: &Jwks| id_token::verify_refreshed(settings, keys, previous, tokens, now_s);
    match context.provider.identity(judge).await {
        Err(OauthError::IdToken(fault)) if fault.ends_session() => {
            context.revoke(content).await;
            Err(SessionError::Ended { reason: format!("the renewed ID token was refused: {fault}") })
        }
        _ => Ok(()),
    }
}
