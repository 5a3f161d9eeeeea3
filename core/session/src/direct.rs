//! Sign-ins without a page: a code, a passkey or a confirmation, in the steps of a vendor that offers them.
//!
//! ```text
//!           ┌─ Code ─────────┐
//!  begin ─► ├─ Passkey ──────┼─ answer ─┬──────────────────────────────► SignedIn
//!           ├─ Confirmation ─┤          │                                   ▲
//!           └─ (a token) ────┘          └─ second factor ─► Code, or ──── answer
//!                                                           Confirmation
//! ```
//!
//! A wrong code, a confirmation that is not there yet and a lost connection leave it where it was, to be answered again.
//! A passkey's answer is good once. Nothing of it is stored: after the end of the process it begins anew, because a code
//! lives for minutes.

use std::sync::{Arc, Mutex, PoisonError};

use http::{Request, Response};
use pforte_host::SecretText;
use pforte_oauth::auth0::{self, MfaChallenge, MfaToken, NativeSocial};
use pforte_oauth::okta::{self, Oob};
use pforte_oauth::{Metadata, OauthError, ProviderSettings, Vendor};
use pforte_passkey::{CreationOptions, InspectionError, RequestOptions};
use tokio::sync::mpsc;
use url::Url;

use crate::SessionError;
use crate::context::Context;
use crate::keeper::Command;
use crate::other_ways::arrive;
use crate::provider::DirectTokens;
use crate::session::detached;

/// How somebody signs in without a page. Auth0 has the first five, Okta the last two; each needs its grant turned on for
/// the app at the provider.
#[derive(Debug, Clone)]
pub enum DirectRoute {
    /// A one-time code by e-mail.
    EmailCode {
        /// Where to.
        address: String,
    },
    /// A one-time code by SMS.
    SmsCode {
        /// The number with its country code, such as `+431234567`.
        phone_number: String,
    },
    /// A passkey of this device or its account.
    Passkey,
    /// Signs up with a new passkey.
    NewPasskey {
        /// The person's e-mail address.
        email: String,
        /// What the person is called, where they said.
        name: Option<String>,
    },
    /// What a social provider's own SDK gave.
    NativeSocial {
        /// Whose.
        provider: SocialProvider,
        /// Apple's authorization code, Google's ID token, Facebook's session access token.
        token: SecretText,
    },
    /// A code of an authenticator app.
    AuthenticatorCode {
        /// The name the person signs in with.
        login_hint: String,
    },
    /// A confirmation on another device.
    Confirmation {
        /// The name the person signs in with.
        login_hint: String,
        /// How they are asked.
        channel: ConfirmationChannel,
    },
}

/// A social provider whose own SDK can sign people in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SocialProvider {
    /// Sign in with Apple.
    Apple,
    /// Google.
    Google,
    /// Facebook.
    Facebook,
}

/// How a confirmation is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConfirmationChannel {
    /// By a push message to the vendor's app.
    Push,
    /// By a code in an SMS.
    Sms,
    /// By a code in a call.
    Voice,
}

/// What the person or the device has to do next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DirectAsk {
    /// The person types a code in.
    Code,
    /// The device's passkey API is called with these options.
    Passkey {
        /// The public-key options as JSON (WebAuthn Level 3, section 5.1), inspected: for this provider, with a fresh
        /// challenge.
        options_json: String,
    },
    /// The person confirms on another device.
    Confirmation {
        /// What the person has to find there; nothing where they only confirm.
        shows: Option<String>,
        /// How long to wait before asking, in seconds.
        wait_seconds: u64,
    },
    /// Nothing more: the person is signed in.
    SignedIn,
}

/// What the person or the device answered.
#[derive(Debug, Clone)]
pub enum DirectAnswer {
    /// The code.
    Code(SecretText),
    /// The passkey's answer as JSON (WebAuthn Level 3, section 5.1, `toJSON`).
    Passkey(SecretText),
    /// The time to wait is over: ask whether the person has confirmed.
    Confirmed,
}

/// A sign-in without a page that is under way.
pub struct DirectSignIn {
    context: Arc<Context>,
    keeper: mpsc::UnboundedSender<Command>,
    /// Taken out while an answer is judged.
    waiting: Mutex<Option<Waiting>>,
}

/// What an answer is waited for with.
#[derive(Clone)]
enum Waiting {
    SentCode { route: DirectRoute },
    Passkey { passkey: auth0::Passkey, inspected: Inspected },
    AuthenticatorCode { login_hint: String },
    Confirmation { oob: Oob },
    SecondFactor { mfa: MfaToken, challenge: MfaChallenge },
}

#[derive(Clone)]
enum Inspected {
    Request(RequestOptions),
    Creation(CreationOptions),
}

impl DirectSignIn {
    /// Begins one: has the code sent, or the challenge made.
    pub(crate) async fn begin(
        context: Arc<Context>,
        keeper: mpsc::UnboundedSender<Command>,
        route: DirectRoute,
    ) -> Result<(Arc<Self>, DirectAsk), SessionError> {
        offered(&route, context.provider.settings().vendor)?;
        let sign_in = Arc::new(Self { context, keeper, waiting: Mutex::default() });
        let ask = sign_in.first(route).await?;
        Ok((sign_in, ask))
    }

    async fn first(&self, route: DirectRoute) -> Result<DirectAsk, SessionError> {
        let provider = &self.context.provider;
        let settings = provider.settings();
        let metadata = provider.metadata().await?;
        Ok(match route {
            DirectRoute::EmailCode { .. } | DirectRoute::SmsCode { .. } => {
                let request = auth0::start_passwordless(settings, channel(&route)?)?;
                auth0::passwordless_started(&self.send(request).await?)?;
                self.waits(Waiting::SentCode { route })
            }
            DirectRoute::Passkey => {
                let passkey = auth0::passkey_started(&self.send(auth0::start_passkey(settings)?).await?)?;
                let rp_id = relying_party(&passkey.options_json, settings)?;
                let inspected = pforte_passkey::inspect_request(&passkey.options_json, &rp_id);
                let inspected = Inspected::Request(inspected.map_err(not_ours)?);
                self.waits(Waiting::Passkey { passkey, inspected })
            }
            DirectRoute::NewPasskey { email, name } => {
                let request = auth0::start_passkey_sign_up(settings, &email, name.as_deref())?;
                let passkey = auth0::passkey_started(&self.send(request).await?)?;
                let rp_id = relying_party(&passkey.options_json, settings)?;
                let inspected = pforte_passkey::inspect_creation(&passkey.options_json, &rp_id);
                let inspected = Inspected::Creation(inspected.map_err(not_ours)?);
                self.waits(Waiting::Passkey { passkey, inspected })
            }
            DirectRoute::NativeSocial { provider, token } => {
                let kind = match provider {
                    SocialProvider::Apple => NativeSocial::Apple,
                    SocialProvider::Google => NativeSocial::Google,
                    SocialProvider::Facebook => NativeSocial::Facebook,
                };
                let request = auth0::native_social_grant(settings, &metadata, kind, &token)?;
                self.redeem(request).await?.ok_or_else(not_yet)?
            }
            DirectRoute::AuthenticatorCode { login_hint } => {
                self.waits(Waiting::AuthenticatorCode { login_hint })
            }
            DirectRoute::Confirmation { login_hint, channel } => {
                let channel = match channel {
                    ConfirmationChannel::Push => okta::Channel::Push,
                    ConfirmationChannel::Sms => okta::Channel::Sms,
                    ConfirmationChannel::Voice => okta::Channel::Voice,
                };
                let request = okta::start_oob(settings, &metadata, &login_hint, channel)?;
                let oob = okta::oob_started(&self.send(request).await?)?;
                self.waits(Waiting::Confirmation { oob })
            }
        })
    }

    /// Takes an answer in. What to do next, or that the person is signed in: in memory, to be sealed.
    ///
    /// [`SessionError::NotAccepted`] names a wrong code; the next answer may be right. One answer is judged at a time, to its
    /// end, also where the caller has gone away.
    pub async fn answer(self: &Arc<Self>, answer: DirectAnswer) -> Result<DirectAsk, SessionError> {
        let sign_in = self.clone();
        detached(async move { sign_in.judge(answer).await }).await
    }

    async fn judge(&self, answer: DirectAnswer) -> Result<DirectAsk, SessionError> {
        let Some(waiting) = self.held().take() else {
            return Err(SessionError::NotAccepted {
                reason: "no answer is waited for; it has ended, or another answer is being judged".to_owned(),
            });
        };
        let metadata = match self.context.provider.metadata().await {
            Ok(metadata) => metadata,
            Err(error) => return Err(self.still(waiting, error)),
        };
        let request = match request(self.context.provider.settings(), &metadata, &waiting, &answer) {
            Ok(request) => request,
            Err(error) => return Err(self.still(waiting, error)),
        };
        match self.redeem(request).await {
            Ok(Some(ask)) => Ok(ask),
            Ok(None) => Ok(self.waits(waiting)),
            Err(SessionError::Ended { .. }) if !matches!(waiting, Waiting::Passkey { .. }) => {
                let reason =
                    "the code is wrong, or its time is over; ask for it again, or begin anew".to_owned();
                Err(self.still(waiting, SessionError::NotAccepted { reason }))
            }
            Err(SessionError::Ended { .. }) => Err(SessionError::NotAccepted {
                reason: "the provider does not know this passkey; offer another way to sign in".to_owned(),
            }),
            Err(error @ SessionError::Unreachable { .. }) if !matches!(waiting, Waiting::Passkey { .. }) => {
                Err(self.still(waiting, error))
            }
            Err(error) => Err(error),
        }
    }

    /// Redeems a request at the token endpoint; nothing where the person has not confirmed.
    async fn redeem(&self, request: Request<Vec<u8>>) -> Result<Option<DirectAsk>, SessionError> {
        match self.context.provider.direct_token(request).await? {
            DirectTokens::Pending => Ok(None),
            DirectTokens::Tokens(tokens) => {
                arrive(&self.context, &self.keeper, &tokens).await?;
                Ok(Some(DirectAsk::SignedIn))
            }
            DirectTokens::SecondFactor(mfa) => {
                let request = auth0::start_challenge(self.context.provider.settings(), &mfa)?;
                let challenge = auth0::challenge_started(&self.send(request).await?)?;
                Ok(Some(self.waits(Waiting::SecondFactor { mfa, challenge })))
            }
        }
    }

    async fn send(&self, request: Request<Vec<u8>>) -> Result<Response<Vec<u8>>, SessionError> {
        self.context.provider.direct_step(request).await
    }

    fn waits(&self, waiting: Waiting) -> DirectAsk {
        let ask = waiting.ask();
        *self.held() = Some(waiting);
        ask
    }

    fn still(&self, waiting: Waiting, error: SessionError) -> SessionError {
        *self.held() = Some(waiting);
        error
    }

    fn held(&self) -> std::sync::MutexGuard<'_, Option<Waiting>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for DirectSignIn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("DirectSignIn(..)")
    }
}

impl Waiting {
    fn ask(&self) -> DirectAsk {
        let seconds = |seconds: i64| u64::try_from(seconds).unwrap_or_default();
        match self {
            Self::SentCode { .. } | Self::AuthenticatorCode { .. } => DirectAsk::Code,
            Self::Passkey { passkey, .. } => {
                DirectAsk::Passkey { options_json: passkey.options_json.clone() }
            }
            Self::Confirmation { oob } if oob.asks_for_code => DirectAsk::Code,
            Self::Confirmation { oob } => DirectAsk::Confirmation {
                shows: oob.shows.clone(),
                wait_seconds: seconds(oob.interval_seconds),
            },
            Self::SecondFactor { challenge, .. } => match challenge {
                MfaChallenge::Otp | MfaChallenge::Oob { asks_for_code: true, .. } => DirectAsk::Code,
                MfaChallenge::Oob { .. } => {
                    DirectAsk::Confirmation { shows: None, wait_seconds: SECOND_FACTOR_PAUSE_S }
                }
            },
        }
    }
}

/// How long to wait between two asks for a second factor, in seconds; Auth0 sends no interval.
const SECOND_FACTOR_PAUSE_S: u64 = 5;

/// The token request for an answer; an answer of another kind than what was asked for is refused.
fn request(
    settings: &ProviderSettings,
    metadata: &Metadata,
    waiting: &Waiting,
    answer: &DirectAnswer,
) -> Result<Request<Vec<u8>>, SessionError> {
    let nothing = SecretText::default();
    Ok(match (waiting, answer) {
        (Waiting::SentCode { route }, DirectAnswer::Code(code)) => {
            auth0::passwordless_grant(settings, metadata, channel(route)?, code)?
        }
        (Waiting::AuthenticatorCode { login_hint }, DirectAnswer::Code(code)) => {
            okta::otp_grant(settings, metadata, login_hint, code)?
        }
        (Waiting::Passkey { passkey, inspected }, DirectAnswer::Passkey(credential)) => {
            match inspected {
                Inspected::Request(options) => options.inspect_response(credential.expose()),
                Inspected::Creation(options) => options.inspect_response(credential.expose()),
            }
            .map_err(not_ours)?;
            auth0::passkey_grant(settings, metadata, passkey, credential.expose())?
        }
        (Waiting::Confirmation { oob }, DirectAnswer::Code(code)) if oob.asks_for_code => {
            okta::oob_grant(settings, metadata, oob, Some(code))?
        }
        (Waiting::Confirmation { oob }, DirectAnswer::Confirmed) if !oob.asks_for_code => {
            okta::oob_grant(settings, metadata, oob, None)?
        }
        (Waiting::SecondFactor { mfa, challenge }, DirectAnswer::Code(code)) => {
            auth0::mfa_grant(settings, metadata, mfa, challenge, code)?
        }
        (
            Waiting::SecondFactor {
                mfa,
                challenge: challenge @ MfaChallenge::Oob { asks_for_code: false, .. },
            },
            DirectAnswer::Confirmed,
        ) => auth0::mfa_grant(settings, metadata, mfa, challenge, &nothing)?,
        _ => {
            return Err(SessionError::NotAccepted {
                reason: "that answers something else than what was asked".to_owned(),
            });
        }
    })
}

fn offered(route: &DirectRoute, vendor: Vendor) -> Result<(), SessionError> {
    let of_okta = matches!(route, DirectRoute::AuthenticatorCode { .. } | DirectRoute::Confirmation { .. });
    let whose = if of_okta { Vendor::Okta } else { Vendor::Auth0 };
    if vendor == whose {
        return Ok(());
    }
    Err(SessionError::Configuration {
        hint: format!(
            "this way to sign in without a page is {whose:?}'s own; set the provider up with its kind, or sign in with the \
             page"
        ),
    })
}

fn channel(route: &DirectRoute) -> Result<auth0::Channel<'_>, SessionError> {
    match route {
        DirectRoute::EmailCode { address } => Ok(auth0::Channel::Email(address)),
        DirectRoute::SmsCode { phone_number } => Ok(auth0::Channel::Sms(phone_number)),
        _ => Err(SessionError::Internal { what: "the way a code is sent" }),
    }
}

/// The relying party the options name, where it may be this provider's: its own host, or a domain above it (WebAuthn
/// Level 3, section 5.1.3).
fn relying_party(options_json: &str, settings: &ProviderSettings) -> Result<String, SessionError> {
    let options: serde_json::Value = serde_json::from_str(options_json).unwrap_or_default();
    let named = options["rpId"].as_str().or_else(|| options["rp"]["id"].as_str()).unwrap_or_default();
    let host = Url::parse(&settings.issuer).ok().and_then(|issuer| issuer.host_str().map(str::to_owned));
    let ours = host.is_some_and(|host| {
        host == named
            || (named.contains('.') && host.strip_suffix(named).is_some_and(|above| above.ends_with('.')))
    });
    if ours { Ok(named.to_owned()) } else { Err(not_ours(InspectionError::OtherRelyingParty)) }
}

fn not_ours(error: InspectionError) -> SessionError {
    SessionError::NotAccepted { reason: error.to_string() }
}

fn not_yet() -> SessionError {
    OauthError::Protocol { what: "the token endpoint wants to wait for nobody" }.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_relying_party_is_the_providers_host_or_above_it() {
        let settings = ProviderSettings::auth0("login.portal.example", "app");
        let named = |json: &str| relying_party(json, &settings);
        for ours in [r#"{"rpId":"login.portal.example"}"#, r#"{"rp":{"id":"portal.example"}}"#] {
            assert!(named(ours).is_ok(), "{ours}");
        }
        for other in [
            r#"{"rpId":"example"}"#,
            r#"{"rpId":"tal.example"}"#,
            r#"{"rpId":".portal.example"}"#,
            r#"{"rpId":"evil.example"}"#,
            r#"{"rpId":"www.login.portal.example"}"#,
            r#"{"rpId":""}"#,
            r#"{"rpId":5}"#,
            "{}",
            "no json",
        ] {
            assert!(matches!(named(other), Err(SessionError::NotAccepted { .. })), "{other}");
        }
    }
}
