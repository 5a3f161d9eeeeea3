//! Sign-ins without a browser on this device: another device (RFC 8628), another token (RFC 8693), or a session that
//! another library began. Each runs detached from its caller and ends like every sign-in: in memory, to be sealed.

use std::sync::Arc;
use std::time::Duration;

use pforte_host::SecretText;
use pforte_oauth::device::{Grant, Poll};
use pforte_oauth::exchange::Exchange;
use pforte_oauth::{Jwks, OauthError, TokenResponse, id_token};
use tokio::sync::mpsc;

use crate::SessionError;
use crate::content::GatedContent;
use crate::context::Context;
use crate::keeper::Command;
use crate::provider::TokenGrant;
use crate::sign_in::ask;

/// What the person types on another device. Its `Debug` does not tell the code.
#[derive(Clone, PartialEq, Eq)]
pub struct OtherDevice {
    /// What the person types.
    pub user_code: String,
    /// Where.
    pub verification_uri: String,
    /// The same with the code in it, for a QR code.
    pub verification_uri_complete: Option<String>,
    /// When the code ends, in seconds since 1970 by the device's clock.
    pub expires_s: i64,
}

impl std::fmt::Debug for OtherDevice {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OtherDevice")
            .field("verification_uri", &self.verification_uri)
            .field("expires_s", &self.expires_s)
            .finish_non_exhaustive()
    }
}

impl From<&Grant> for OtherDevice {
    fn from(grant: &Grant) -> Self {
        Self {
            user_code: grant.user_code.clone(),
            verification_uri: grant.verification_uri.to_string(),
            verification_uri_complete: grant.verification_uri_complete.as_ref().map(ToString::to_string),
            expires_s: grant.expires_s,
        }
    }
}

/// What asking once for the other device's answer said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OtherDeviceAnswer {
    /// The person has confirmed, and is signed in.
    SignedIn,
    /// Not yet.
    Pending {
        /// How long to wait before asking again, in seconds.
        wait_seconds: u64,
    },
}

type Keeper = mpsc::UnboundedSender<Command>;

/// Gives the code for another device out, once it is kept: it survives the end of the process.
pub(crate) async fn begin_on_other_device(
    context: Arc<Context>,
    keeper: Keeper,
) -> Result<OtherDevice, SessionError> {
    let grant = context.provider.device_grant().await?;
    let shown = OtherDevice::from(&grant);
    keep_grant(&keeper, Some(grant)).await?;
    Ok(shown)
}

/// Asks once. A grant that came to nothing is forgotten.
pub(crate) async fn ask_other_device(
    context: Arc<Context>,
    keeper: Keeper,
) -> Result<OtherDeviceAnswer, SessionError> {
    let Some(mut grant) = ask(&keeper, |reply| Command::DeviceGrant { reply }).await? else {
        return Err(SessionError::Refused { reason: "no sign-in on another device is under way".to_owned() });
    };
    match context.provider.device_poll(&mut grant).await {
        Ok(Poll::Pending) => {
            let wait_seconds = u64::try_from(grant.interval_s).unwrap_or_default();
            keep_grant(&keeper, Some(grant)).await?;
            Ok(OtherDeviceAnswer::Pending { wait_seconds })
        }
        Ok(Poll::Tokens(tokens)) => {
            let arrived = arrive(&context, &keeper, &tokens).await;
            keep_grant(&keeper, None).await?;
            arrived.map(|()| OtherDeviceAnswer::SignedIn)
        }
        // The network came and went: the code is still good, and the next pause is longer (RFC 8628, section 3.5).
        Err(error @ SessionError::Unreachable { .. }) => {
            grant.back_off();
            keep_grant(&keeper, Some(grant)).await?;
            Err(error)
        }
        Err(error) => {
            keep_grant(&keeper, None).await?;
            Err(match error {
                SessionError::Ended { .. } => SessionError::Refused {
                    reason: "the code was not confirmed on the other device in time; ask for a new one"
                        .to_owned(),
                },
                other => other,
            })
        }
    }
}

/// Asks until the person has confirmed or declined, or the code has ended.
pub(crate) async fn wait_for_other_device(context: Arc<Context>, keeper: Keeper) -> Result<(), SessionError> {
    loop {
        let wait_seconds = match ask_other_device(context.clone(), keeper.clone()).await {
            Ok(OtherDeviceAnswer::SignedIn) => return Ok(()),
            Ok(OtherDeviceAnswer::Pending { wait_seconds }) => wait_seconds,
            Err(error @ SessionError::Unreachable { .. }) => {
                let Some(grant) = ask(&keeper, |reply| Command::DeviceGrant { reply }).await? else {
                    return Err(error);
                };
                if context.now_s() >= grant.expires_s {
                    keep_grant(&keeper, None).await?;
                    return Err(error);
                }
                u64::try_from(grant.interval_s).unwrap_or_default()
            }
            Err(error) => return Err(error),
        };
        tokio::time::sleep(Duration::from_secs(wait_seconds)).await;
    }
}

/// The code that is still to be typed in, also after the end of the process.
pub(crate) async fn kept_on_other_device(keeper: &Keeper) -> Result<Option<OtherDevice>, SessionError> {
    let grant = ask(keeper, |reply| Command::DeviceGrant { reply }).await?;
    Ok(grant.as_ref().map(OtherDevice::from))
}

/// Signs in with another token, such as the ID token of a native social sign-in.
pub(crate) async fn by_exchange(
    context: Arc<Context>,
    keeper: Keeper,
    mut exchange: Exchange,
) -> Result<(), SessionError> {
    let settings = context.provider.settings();
    if exchange.scopes.is_empty() {
        exchange.scopes.clone_from(&settings.scopes);
    }
    if exchange.scopes.iter().all(|scope| scope != "openid") {
        exchange.scopes.insert(0, "openid".to_owned());
    }
    if exchange.resources.is_empty() {
        exchange.resources.clone_from(&settings.resources);
    }
    let tokens = context.provider.token(TokenGrant::Exchange(&exchange)).await?;
    arrive(&context, &keeper, &tokens).await
}

/// Takes over a session that another library began.
pub(crate) async fn adopt(
    context: Arc<Context>,
    keeper: Keeper,
    refresh_token: SecretText,
) -> Result<(), SessionError> {
    // The keys first: after the refresh token is spent, nothing but the provider's answer may decide.
    context.provider.prepare().await?;
    let grant = TokenGrant::Adopted { refresh_token: &refresh_token };
    let mut tokens = context.provider.token(grant).await.map_err(not_adopted)?;
    // Without rotation the old token stays in force (RFC 6749, section 6).
    tokens.refresh_token.get_or_insert(refresh_token);
    let arrived = arrive(&context, &keeper, &tokens).await;
    if let (Err(SessionError::Refused { .. }), Some(refresh_token)) = (&arrived, &tokens.refresh_token) {
        context.provider.revoke(refresh_token).await;
    }
    arrived
}

fn not_adopted(error: SessionError) -> SessionError {
    match error {
        SessionError::Ended { .. } => SessionError::NotAdopted {
            reason: "the provider does not accept it: it has expired, was used already, belongs to another client, or is \
                     bound to a key of the library that got it"
                .to_owned(),
        },
        other => other,
    }
}

/// Judges who signed in, and hands the session to the keeper: in memory, to be sealed.
pub(crate) async fn arrive(
    context: &Context,
    keeper: &Keeper,
    tokens: &TokenResponse,
) -> Result<(), SessionError> {
    let now_s = tokens.server_time_s.unwrap_or_else(|| context.now_s());
    let settings = context.provider.settings();
    let judge = |keys: &Jwks| id_token::verify_without_browser(settings, keys, tokens, now_s);
    let identity = context.provider.identity(judge).await.map_err(|error| match error {
        OauthError::IdToken(pforte_oauth::IdTokenError::Missing) => SessionError::Configuration {
            hint: "the provider gave no ID token, so nobody knows who signed in; add openid to the scopes"
                .to_owned(),
        },
        other => other.into(),
    })?;
    let content = GatedContent::arrived(&identity, tokens, &*context.host.clock);
    ask(keeper, |reply| Command::Arrive { content: Box::new(content), reply }).await
}

async fn keep_grant(keeper: &Keeper, grant: Option<Grant>) -> Result<(), SessionError> {
    ask(keeper, |reply| Command::KeepDeviceGrant { grant: grant.map(Box::new), reply }).await
}
