//! Sign-ins without a page.

use std::sync::Arc;

use pforte_client::host::SecretText;
use pforte_client::{ConfirmationChannel, DirectAsk, DirectSignIn, SocialProvider};

use crate::core::PforteCore;
use crate::engine::Engine;
use crate::values::Error;

/// How somebody signs in without a page. Auth0 has the first five, Okta the last two; each needs its grant turned on for
/// the app at the provider.
#[derive(uniffi::Enum)]
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
        token: String,
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

impl From<DirectRoute> for pforte_client::DirectRoute {
    fn from(route: DirectRoute) -> Self {
        match route {
            DirectRoute::EmailCode { address } => Self::EmailCode { address },
            DirectRoute::SmsCode { phone_number } => Self::SmsCode { phone_number },
            DirectRoute::Passkey => Self::Passkey,
            DirectRoute::NewPasskey { email, name } => Self::NewPasskey { email, name },
            DirectRoute::NativeSocial { provider, token } => {
                Self::NativeSocial { provider, token: SecretText::new(token) }
            }
            DirectRoute::AuthenticatorCode { login_hint } => Self::AuthenticatorCode { login_hint },
            DirectRoute::Confirmation { login_hint, channel } => Self::Confirmation { login_hint, channel },
        }
    }
}

/// A social provider whose own SDK can sign people in.
#[uniffi::remote(Enum)]
pub enum SocialProvider {
    /// Sign in with Apple.
    Apple,
    /// Google.
    Google,
    /// Facebook.
    Facebook,
}

/// How a confirmation is asked for.
#[uniffi::remote(Enum)]
pub enum ConfirmationChannel {
    /// By a push message to the vendor's app.
    Push,
    /// By a code in an SMS.
    Sms,
    /// By a code in a call.
    Voice,
}

/// What the person or the device has to do next.
#[uniffi::remote(Enum)]
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
#[derive(uniffi::Enum)]
pub enum DirectAnswer {
    /// The code.
    Code {
        /// As it was typed in.
        code: String,
    },
    /// The passkey's answer.
    Passkey {
        /// As JSON (WebAuthn Level 3, section 5.1, `toJSON`).
        response_json: String,
    },
    /// The time to wait is over: ask whether the person has confirmed.
    Confirmed,
}

impl From<DirectAnswer> for pforte_client::DirectAnswer {
    fn from(answer: DirectAnswer) -> Self {
        match answer {
            DirectAnswer::Code { code } => Self::Code(SecretText::new(code)),
            DirectAnswer::Passkey { response_json } => Self::Passkey(SecretText::new(response_json)),
            DirectAnswer::Confirmed => Self::Confirmed,
        }
    }
}

/// A sign-in without a page that is under way. It lives in memory: after the end of the process it begins anew.
#[derive(uniffi::Object)]
pub struct DirectSteps {
    engine: Engine,
    sign_in: Arc<DirectSignIn>,
}

#[uniffi::export]
impl DirectSteps {
    /// What is to be done first.
    pub fn first(&self) -> DirectAsk {
        self.sign_in.first.clone()
    }

    /// Takes an answer in. What to do next; with `SignedIn` it is settled how the session is kept, too. `Cancelled` names a
    /// wrong code: ask for it again. One answer is judged at a time.
    pub async fn answer(&self, answer: DirectAnswer) -> Result<DirectAsk, Error> {
        let sign_in = self.sign_in.clone();
        self.engine.run(async move { sign_in.answer(answer.into()).await }).await
    }
}

#[uniffi::export]
impl PforteCore {
    /// Signs in without a page, in Auth0's or Okta's own steps.
    pub async fn sign_in_directly(&self, route: DirectRoute) -> Result<Arc<DirectSteps>, Error> {
        let client = self.client();
        let sign_in = self.engine().run(async move { client.sign_in_directly(route.into()).await }).await?;
        Ok(Arc::new(DirectSteps { engine: self.engine().clone(), sign_in: Arc::new(sign_in) }))
    }
}
