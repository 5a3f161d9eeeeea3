//! OAuth 2, OpenID Connect and JOSE as steps without I/O.
//!
//! **What it is.** Each step of a sign-in is a pair of pure functions: `request` makes an [`http::Request`], `response`
//! judges the [`http::Response`] that came back. Who sends it, when, and where results are kept is the caller's business.
//!
//! **What it promises.** Everything a server, a browser or a disk says is judged before it is believed: the issuer byte
//! by byte, the redirect exactly, `state` in constant time, the ID token's header, signature and claims by rules of
//! our own. Bad input is an [`OauthError`] that says what to do, never a panic. Secrets are wiped on drop and appear in
//! no error and no `Debug`.
//!
//! **What it never does.** No network, no storage, no clock, no UI. Time is passed in as `now_s`, seconds since
//! 1970-01-01T00:00:00Z; random values are passed in as [`Entropy`]. No key or certificate a token points at
//! (`jku`, `x5u`, `jwk`, `x5c`) is ever looked at.
//!
//! **What it follows.** RFC 6749, 7636, 8252, 9700 (the flow); RFC 9207 (`iss`); RFC 9126 (PAR); RFC 9449 (DPoP);
//! RFC 8707 (resource indicators); RFC 8628 (device grant); RFC 8693 (token exchange); RFC 7009 (revocation);
//! RFC 6750 and 9470 (challenges); OpenID Connect Core, Discovery and RP-Initiated Logout 1.0.
//!
//! ```text
//! discovery ─> jwks ─> authorize ─(browser)─> callback ─> token ─> id_token ─> userinfo
//!                                                           ^  │
//!                                                           └──┘ refresh      revocation, logout
//! ```
//!
//! ```
//! use pforte_oauth::{AuthorizeOptions, Entropy, ProviderSettings, authorize, callback, discovery};
//!
//! # fn send(_: http::Request<Vec<u8>>) -> http::Response<Vec<u8>> {
//! #     http::Response::new(br#"{"issuer":"https://id.example.com","authorization_endpoint":"https://id.example.com/a",
//! #         "token_endpoint":"https://id.example.com/t","jwks_uri":"https://id.example.com/j"}"#.to_vec())
//! # }
//! # let now_s = 1_800_000_000;
//! let settings = ProviderSettings {
//!     redirect_uri: "com.example.portal:/callback".into(),
//!     ..ProviderSettings::oidc("https://id.example.com", "portal-app")
//! };
//! let metadata = discovery::response(&settings, &send(discovery::request(&settings)?))?;
//!
//! let options = AuthorizeOptions { login_hint: Some("alice@example.com".into()), ..Default::default() };
//! let sign_in = authorize::start(&settings, &metadata, &options, Entropy::fresh()?, now_s)?;
//! // Store sign_in.transaction, sealed; then open the browser.
//! let url = sign_in.url(&metadata)?;
//! assert!(url.starts_with("https://id.example.com/a?response_type=code&"));
//!
//! // The browser comes back: an answer that is not this sign-in's is refused.
//! let answer = "com.example.portal:/callback?code=c&state=of-another-sign-in";
//! assert!(callback::judge(&sign_in.transaction, answer, now_s).is_err());
//! # Ok::<(), pforte_oauth::OauthError>(())
//! ```

pub mod auth0;
pub mod authorize;
pub mod callback;
pub mod challenge;
pub mod client_assertion;
pub mod device;
pub mod discovery;
pub mod dpop;
pub mod exchange;
pub mod fapi;
pub mod id_token;
pub mod jwks;
pub mod keycloak;
pub mod logout;
pub mod okta;
pub mod par;
pub mod revocation;
pub mod token;
pub mod userinfo;

mod endpoint;
mod entropy;
mod error;
#[cfg(test)]
mod fixture;
mod http_date;
mod json;
mod provider_error;
mod reply;
mod settings;
mod transaction;

pub use authorize::{Authorization, AuthorizeOptions};
pub use callback::AuthorizationCode;
pub use discovery::Metadata;
pub use entropy::{Entropy, random_token};
pub use error::{CallbackError, IdTokenError, OauthError};
pub use id_token::Identity;
pub use jwks::Jwks;
pub use settings::{Algorithm, ProviderSettings, Use, Vendor};
pub use token::{TokenResponse, TokenType};
pub use transaction::{LIFETIME_S, Transaction};
