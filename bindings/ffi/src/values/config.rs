//! What an app says once.

use pforte_client::{Config, LocaleTexts, PolicyFolder, Provider, ProviderKind};

/// Everything a client needs to know about the app, the provider and the policy.
#[uniffi::remote(Record)]
pub struct Config {
    /// The policy folder, read by the app.
    pub policy: PolicyFolder,
    /// Who signs people in.
    pub provider: Provider,
    /// Where the browser comes back to, exactly as registered at the provider (RFC 8252, section 7).
    pub redirect_uri: String,
    /// The person's language (BCP 47); falls back to the policy's default language.
    #[uniffi(default = "en")]
    pub locale: String,
    /// The origins (`https://host[:port]`) that may receive the access token. A call to any other is refused.
    #[uniffi(default = [])]
    pub api_origins: Vec<String>,
    /// Names the account's vault on this device; `main` where the app has only one.
    #[uniffi(default = "main")]
    pub account: String,
}

/// The text of a policy folder: `policy.toml` and `texts/LOCALE.toml`.
#[uniffi::remote(Record)]
pub struct PolicyFolder {
    /// The content of `policy.toml`.
    pub policy_toml: String,
    /// The content of each `texts/LOCALE.toml`.
    pub texts: Vec<LocaleTexts>,
}

/// The texts in one language.
#[uniffi::remote(Record)]
pub struct LocaleTexts {
    /// The language (BCP 47), which is the file's name without `.toml`.
    pub locale: String,
    /// The file's content.
    pub toml: String,
}

/// Which provider's habits to expect.
#[uniffi::remote(Enum)]
pub enum ProviderKind {
    /// Any OpenID provider.
    Oidc,
    /// Auth0.
    Auth0,
}

/// The identity provider. Made by `oidcProvider`, `auth0Provider` or `developmentProvider`, then changed where needed.
#[uniffi::remote(Record)]
pub struct Provider {
    /// The policy's name for it: which table maps its `acr` values onto levels.
    pub name: String,
    /// Whose habits.
    pub kind: ProviderKind,
    /// The issuer identifier, compared byte by byte (OIDC Discovery 1.0, section 4.3).
    pub issuer: String,
    /// The client identifier registered for this app (RFC 6749, section 2.2).
    pub client_id: String,
    /// The scopes asked for; `openid` is always among them.
    pub scopes: Vec<String>,
    /// Auth0's `audience`: the API the access token is for.
    pub audience: Option<String>,
    /// For how many seconds the provider accepts a refresh token again after rotation. 0 where unknown.
    pub refresh_grace_seconds: u32,
    /// Whether `http://127.0.0.1` and `http://localhost` are accepted. For development only.
    pub allow_loopback_http: bool,
}

/// An OpenID provider by its issuer.
#[uniffi::export]
pub fn oidc_provider(issuer: String, client_id: String) -> Provider {
    Provider::oidc(issuer, client_id)
}

/// An Auth0 tenant by its domain, such as `portal.eu.auth0.com`.
#[uniffi::export]
pub fn auth0_provider(domain: String, client_id: String) -> Provider {
    Provider::auth0(domain, client_id)
}

/// A provider on this machine, reached without TLS. For development only.
#[uniffi::export]
pub fn development_provider(issuer: String, client_id: String) -> Provider {
    Provider::development(issuer, client_id)
}
