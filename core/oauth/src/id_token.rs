//! ID tokens (OIDC Core 1.0, sections 2, 3.1.3.7 and 12.2).
//!
//! ```text
//! text ─> header (strict) ─> key (alg, kid) ─> signature ─> claims (typed) ─> Identity
//! ```
//!
//! The signature is `jsonwebtoken`'s to check and nothing else: its claim rules accept mistyped and missing claims.

pub(crate) use claims::email_verified;

mod claims;
mod header;

use serde::{Deserialize, Serialize};

use crate::{IdTokenError, Jwks, OauthError, ProviderSettings, TokenResponse, Transaction};

/// How far clocks may differ, in seconds.
pub const LEEWAY_S: i64 = 60;

/// Who signed in, by an ID token that was judged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// The issuer.
    pub issuer: String,
    /// The person's identifier at the issuer (`sub`).
    pub subject: String,
    /// The level of assurance (`acr`).
    pub acr: Option<String>,
    /// When the person signed in, in seconds since 1970 by the provider's time (`auth_time`).
    pub auth_time_s: Option<i64>,
    /// The full name (`name`).
    pub name: Option<String>,
    /// The e-mail address (`email`).
    pub email: Option<String>,
    /// Whether the provider checked the address (`email_verified`).
    pub email_verified: Option<bool>,
}

/// The sign-in a refreshed ID token must continue.
#[derive(Debug, Clone, Copy)]
pub struct PreviousSignIn<'a> {
    /// The person.
    pub subject: &'a str,
    /// When they signed in, where the provider said.
    pub auth_time_s: Option<i64>,
}

/// Judges the ID token of a new sign-in.
///
/// After [`IdTokenError::UnknownKey`] the key set may be fetched again ([`crate::jwks::may_fetch_again`]) and the same
/// token judged once more.
pub fn verify(
    settings: &ProviderSettings,
    jwks: &Jwks,
    transaction: &Transaction,
    tokens: &TokenResponse,
    now_s: i64,
) -> Result<Identity, OauthError> {
    if transaction.issuer != settings.issuer || transaction.client_id != settings.client_id {
        return Err(OauthError::Protocol {
            what: "the tokens belong to a sign-in at another provider or client",
        });
    }
    judge(settings, jwks, claims::Occasion::SignIn(transaction), tokens, now_s)
}

/// Judges the ID token of a refresh (OIDC Core 1.0, section 12.2): no nonce is demanded; issuer, person and client stay.
/// `acr` and the profile are nothing where the new token leaves them out: what was known before still holds.
///
/// Seal the rotated refresh token first. An error ends the session only where [`IdTokenError::ends_session`] says so.
pub fn verify_refreshed(
    settings: &ProviderSettings,
    jwks: &Jwks,
    previous: PreviousSignIn<'_>,
    tokens: &TokenResponse,
    now_s: i64,
) -> Result<Identity, OauthError> {
    judge(settings, jwks, claims::Occasion::Refresh(previous), tokens, now_s)
}

/// Judges the ID token of a sign-in without a browser of ours: the device grant, a token exchange, or a session that
/// another library began. There is no nonce to compare; the token came straight from the token endpoint over TLS.
pub fn verify_without_browser(
    settings: &ProviderSettings,
    jwks: &Jwks,
    tokens: &TokenResponse,
    now_s: i64,
) -> Result<Identity, OauthError> {
    judge(settings, jwks, claims::Occasion::Direct, tokens, now_s)
}

fn judge(
    settings: &ProviderSettings,
    jwks: &Jwks,
    occasion: claims::Occasion<'_>,
    tokens: &TokenResponse,
    now_s: i64,
) -> Result<Identity, OauthError> {
    let text = tokens.id_token.as_ref().ok_or(IdTokenError::Missing)?.expose();
    let token = header::parse(text)?;
    if !settings.accepted_algorithms().contains(&token.algorithm) {
        return Err(IdTokenError::Algorithm.into());
    }
    let key = jwks.select(token.algorithm, token.key_id.as_deref())?;
    token.check_signature(key)?;
    let rules = claims::Rules {
        issuer: &settings.issuer,
        client_id: &settings.client_id,
        occasion,
        algorithm: token.algorithm,
        access_token: tokens.access_token.expose(),
        now_s,
    };
    Ok(rules.judge(&token.claims()?)?)
}

#[cfg(test)]
mod tests;
