//! One sign-in by the browser: prepare, keep, browse, judge, redeem, verify. Runs detached from its caller.

use std::sync::Arc;

use pforte_host::UserAgentError;
use pforte_oauth::{AuthorizeOptions, Entropy, Jwks, Transaction, authorize, callback, id_token};
use tokio::sync::{mpsc, oneshot};

use crate::SessionError;
use crate::content::GatedContent;
use crate::context::Context;
use crate::keeper::{Command, Reply};
use crate::provider::TokenGrant;

/// A sign-in that ended in another process than it began in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TakenUp {
    /// The touchpoint it was for; nothing for a plain sign-in.
    pub touchpoint: Option<String>,
    /// Whether more than a plain sign-in was asked for: a level, or a recent one.
    pub stepped_up: bool,
}

/// Sends a command and waits for the keeper's reply.
pub(crate) async fn ask<T>(
    keeper: &mpsc::UnboundedSender<Command>,
    command: impl FnOnce(Reply<T>) -> Command,
) -> Result<T, SessionError> {
    let (reply, answer) = oneshot::channel();
    keeper.send(command(reply)).map_err(|_| SessionError::Closed)?;
    answer.await.map_err(|_| SessionError::Closed)?
}

/// Signs in; the session is then in memory, to be sealed.
pub(crate) async fn run(
    context: Arc<Context>,
    keeper: mpsc::UnboundedSender<Command>,
    options: AuthorizeOptions,
) -> Result<(), SessionError> {
    let provider = &context.settings.provider;
    let metadata = context.provider.metadata().await?;
    let options = AuthorizeOptions { dpop_jkt: context.provider.thumbprint_for_sign_in().await?, ..options };
    let started = authorize::start(provider, &metadata, &options, Entropy::fresh()?, context.now_s())?;
    let url = context.provider.authorization_url(&started).await?;
    let transaction = started.transaction;
    ask(&keeper, |reply| Command::KeepTransaction { transaction: Box::new(transaction.clone()), reply })
        .await?;

    let came_back = context.host.user_agent.browse(url, provider.redirect_uri.clone()).await;
    let result = match came_back {
        Ok(callback_url) => redeem(&context, &keeper, &transaction, &callback_url).await,
        Err(UserAgentError::Closed) => Err(SessionError::Cancelled { what: "the browser" }),
        Err(UserAgentError::Failed { reason }) => Err(SessionError::Browser(UserAgentError::Failed {
            reason: format!(
                "{reason}; where the provider shows an error page, check that client `{}` and redirect URI `{}` are \
                 registered at {}",
                provider.client_id, provider.redirect_uri, provider.issuer
            ),
        })),
        Err(error) => Err(SessionError::Browser(error)),
    };
    // Used or not, a sign-in is used up once its browser is closed.
    ask(&keeper, |reply| Command::EndTransaction { transaction: Box::new(transaction), reply }).await?;
    result
}

/// Takes up a sign-in whose redirect reached the app after the process had ended.
pub(crate) async fn resume(
    context: Arc<Context>,
    keeper: mpsc::UnboundedSender<Command>,
    callback_url: String,
) -> Result<TakenUp, SessionError> {
    let for_keeper = callback_url.clone();
    let transaction =
        ask(&keeper, |reply| Command::TakeTransaction { callback_url: for_keeper, reply }).await?;
    redeem(&context, &keeper, &transaction, &callback_url).await?;
    let stepped_up = !transaction.acr_values.is_empty() || transaction.max_age_seconds.is_some();
    Ok(TakenUp { touchpoint: transaction.touchpoint, stepped_up })
}

async fn redeem(
    context: &Context,
    keeper: &mpsc::UnboundedSender<Command>,
    transaction: &Transaction,
    callback_url: &str,
) -> Result<(), SessionError> {
    let provider = &context.settings.provider;
    let code = callback::judge(transaction, callback_url, context.now_s())?;
    let tokens = context.provider.token(TokenGrant::Code { transaction, code: &code }).await?;
    let now_s = tokens.server_time_s.unwrap_or_else(|| context.now_s());
    let judge = |keys: &Jwks| id_token::verify(provider, keys, transaction, &tokens, now_s);
    let identity = context.provider.identity(judge).await?;
    let content = GatedContent::arrived(&identity, &tokens, &*context.host.clock);
    ask(keeper, |reply| Command::Arrive { content: Box::new(content), reply }).await
}
