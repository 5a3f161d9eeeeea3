//! Errors, told apart by what the caller should do.

/// Why a step did not succeed. No variant ever holds a token, a code, `state` or a whole URL.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OauthError {
    /// Passing trouble at the provider (429, 5xx, `temporarily_unavailable`): send the same again later. Nothing changed.
    #[error("the provider can't answer now ({what}); try again later")]
    Temporary {
        /// The status or code that said so.
        what: String,
        /// The earliest sensible moment, in seconds from now, where the provider named one (RFC 9110, section 10.2.3).
        retry_after_seconds: Option<u64>,
    },
    /// The code or refresh token is not accepted any more (`invalid_grant`, RFC 6749, section 5.2): sign in again.
    #[error("the provider no longer accepts this grant; sign in again")]
    InvalidGrant {
        /// The provider's own words, cut and cleaned.
        description: Option<String>,
    },
    /// The access token is not accepted (RFC 6750, section 3.1): refresh, then send once more. The session stands.
    #[error("the access token is not accepted; refresh it and send once more")]
    AccessTokenRefused,
    /// A setting is wrong here or at the provider. The hint names it; trying again does not help.
    #[error("{hint}")]
    Configuration {
        /// Which setting, and where to change it.
        hint: String,
    },
    /// The person, or the provider on their behalf, said no (`access_denied`).
    #[error("the sign-in was declined at the provider")]
    Declined {
        /// The provider's own words, cut and cleaned.
        description: Option<String>,
    },
    /// `prompt=none` did not do: show the provider's page (OIDC Core 1.0, section 3.1.2.6), or more assurance is needed
    /// (`insufficient_user_authentication`, `unmet_authentication_requirements`).
    #[error("the provider needs the person: {code}")]
    InteractionNeeded {
        /// The error code, such as `login_required`.
        code: String,
    },
    /// The server wants a DPoP proof with its nonce: make a fresh proof and send once more (RFC 9449, section 8).
    #[error("the server wants its own nonce in the DPoP proof; send once more with a fresh proof")]
    DpopNonceNeeded {
        /// The nonce to put into the proof.
        nonce: String,
    },
    /// The URL the browser came back with is not an answer to this sign-in.
    #[error("the answer from the browser was refused: {0}")]
    Callback(#[from] CallbackError),
    /// The ID token is not to be believed.
    #[error("the ID token was refused: {0}")]
    IdToken(#[from] IdTokenError),
    /// The other side broke the protocol. Nothing of its answer was used.
    #[error("the provider broke the protocol: {what}")]
    Protocol {
        /// What was wrong, and the rule it breaks.
        what: &'static str,
    },
    /// The system gave no random bytes, or a key of this device gave a wrong signature.
    #[error("this device failed: {what}")]
    Device {
        /// What failed.
        what: &'static str,
    },
}

/// Why the browser's answer was refused (RFC 6749, section 4.1.2; RFC 9207; RFC 8252).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CallbackError {
    /// Not a URL, or longer than [`crate::callback::MAX_CALLBACK_BYTES`].
    #[error("it is not a URL, or too long")]
    Malformed,
    /// Scheme, host, port or path differ from the redirect URI, or it carries userinfo, a fragment or an encoded slash.
    #[error("it did not come to the redirect URI exactly")]
    OtherRedirect,
    /// A parameter came twice.
    #[error("a parameter came twice")]
    DuplicateParameter,
    /// `state` is missing or is not this sign-in's.
    #[error("state is missing or belongs to another sign-in")]
    State,
    /// `iss` is missing though the provider announces it.
    #[error("iss is missing though the provider announces it")]
    IssuerMissing,
    /// `iss` names another issuer: a mix-up attack, or two providers behind one redirect URI.
    #[error("iss names another issuer")]
    OtherIssuer,
    /// Neither `code` nor `error`, or both, or an empty `code`.
    #[error("it carries neither a code nor an error, or both")]
    NoCode,
    /// The sign-in took longer than its ten minutes; start a new one.
    #[error("the sign-in took too long; start a new one")]
    Expired,
}

/// Why an ID token was refused (OIDC Core 1.0, sections 2, 3.1.3.7 and 12.2; RFC 7515; RFC 7519).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum IdTokenError {
    /// The token response held none although `openid` was asked for.
    #[error("there is none")]
    Missing,
    /// Not three base64url parts of JSON, too long, nested too deep, or a key came twice.
    #[error("it is malformed")]
    Malformed,
    /// The header holds `crit`, `b64` or a `typ` that is not `JWT`.
    #[error("its header holds something that must not be there")]
    Header,
    /// `alg` is not accepted here, or is not the key's.
    #[error("its algorithm is not accepted")]
    Algorithm,
    /// No key in the set fits. The key set may be old: fetch it again, once per cool-down.
    #[error("no key of the provider fits")]
    UnknownKey,
    /// The signature is wrong.
    #[error("its signature is wrong")]
    Signature,
    /// `iss` is missing, mistyped or another issuer.
    #[error("iss is wrong")]
    Issuer,
    /// `sub` is missing, mistyped, empty, longer than 255 characters, or another person.
    #[error("sub is wrong")]
    Subject,
    /// `aud` does not hold this client, or holds others without a right `azp`.
    #[error("aud or azp is wrong")]
    Audience,
    /// `exp` is missing, mistyped or passed.
    #[error("exp is missing, mistyped or passed")]
    Expired,
    /// `iat` or `nbf` is missing, mistyped or in the future.
    #[error("iat or nbf is missing, mistyped or in the future")]
    NotYetValid,
    /// `nonce` is missing or another sign-in's.
    #[error("nonce is wrong")]
    Nonce,
    /// `at_hash` does not fit the access token.
    #[error("at_hash does not fit the access token")]
    AccessTokenHash,
    /// `auth_time` is missing, mistyped, or older than `max_age` allows; after a refresh: newer than the sign-in.
    #[error("auth_time is missing, mistyped or does not do")]
    AuthTime,
    /// `acr` is missing or none of those that were essential.
    #[error("acr is not the level that was asked for")]
    Acr,
    /// Another claim has the wrong type.
    #[error("a claim has the wrong type")]
    Claim,
}

impl IdTokenError {
    /// Whether the token speaks of another issuer, person or client: then the tokens beside it are revoked and the
    /// session ends. After every other error a session that is there stays.
    pub fn ends_session(self) -> bool {
        matches!(self, Self::Issuer | Self::Subject | Self::Audience)
    }
}
