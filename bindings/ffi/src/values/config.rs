//! What an app says once.

use std::collections::HashMap;

use pforte_client::{
    Api, Config, ConsentService, Controller, LocaleTexts, Pin, PolicyFolder, Protocol, Provider,
    ProviderKind, Use,
};

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
    /// Where a known person's consents are kept beside this device; nothing where they stay here.
    #[uniffi(default = None)]
    pub consent_service: Option<ConsentService>,
    /// Who is responsible for the data, for exports; nothing where they name the client's identifier.
    #[uniffi(default = None)]
    pub controller: Option<Controller>,
}

/// The account service's part for consent (`core/consent/openapi.yaml`).
#[uniffi::remote(Record)]
pub struct ConsentService {
    /// The address that the paths of its API follow. Its origin must be among the `api_origins`.
    pub url: String,
    /// The keys with which it certifies devices and signs receipts: each 65 bytes, uncompressed SEC1, in hex. No other key
    /// is believed.
    pub keys: Vec<String>,
}

/// Who is responsible for the data (GDPR, Art. 4(7)), as the privacy notice has it. A Kantara receipt needs all of it.
#[uniffi::remote(Record)]
pub struct Controller {
    /// The company's name.
    pub name: String,
    /// Whom to turn to, such as the data protection officer.
    pub contact: String,
    /// The postal address, in one line.
    pub address: String,
    /// An e-mail address.
    pub email: String,
    /// A telephone number.
    pub phone: String,
    /// Where the privacy notice is.
    pub policy_url: String,
    /// Whose law applies, such as `AT` (ISO 3166-1) or `EU`.
    pub jurisdiction: String,
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
    /// Keycloak.
    Keycloak,
    /// Okta.
    Okta,
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
    /// How the policy's routes beside `page` are reached at this provider: from a route such as `social:google` to the
    /// provider's own name for it (Auth0's `connection`, Keycloak's `kc_idp_hint`). A route without one is not offered.
    pub connections: HashMap<String, String>,
    /// Whether `http://127.0.0.1` and `http://localhost` are accepted. For development only.
    pub allow_loopback_http: bool,
    /// How the protocol is used beyond its defaults: bound tokens, pushed requests, pins, the FAPI profile.
    pub protocol: Protocol,
}

/// When a part of the protocol that a provider may offer is used.
#[uniffi::remote(Enum)]
pub enum Use {
    /// Not at all.
    Never,
    /// Where the provider's metadata offers it.
    WhenOffered,
    /// Always; a provider that does not offer it is refused.
    Always,
}

/// How the protocol is used at a provider. The defaults work everywhere.
#[uniffi::remote(Record)]
pub struct Protocol {
    /// Pushed authorization requests (RFC 9126).
    pub par: Use,
    /// Tokens that are bound to this device's key (RFC 9449). The app's API must know the scheme `DPoP`: so it is off
    /// until it is turned on.
    pub dpop: Use,
    /// Keeps to the FAPI 2.0 Security Profile and refuses a provider that can't, naming what is missing.
    pub fapi: bool,
    /// The APIs the tokens are for (RFC 8707).
    pub resources: Vec<String>,
    /// The listed origins that take an access token of their own. Every other one gets the sign-in's.
    pub apis: Vec<Api>,
    /// The name (`kid`) under which this installation's key is registered for `private_key_jwt`. Nothing for a public
    /// client.
    pub client_key_id: Option<String>,
    /// The keys hosts must show, each with its backup.
    pub pins: Vec<Pin>,
}

/// An API whose access token is another than the sign-in's: got with the same refresh token (RFC 8707, section 2.2), and
/// kept until it ends.
#[uniffi::remote(Record)]
pub struct Api {
    /// The origin that takes it, also listed in the configuration's API origins.
    pub origin: String,
    /// The provider's name for the API: its resource indicator, or its `audience` at Auth0, whose tenant must then have
    /// multi-resource refresh tokens.
    pub resource: String,
    /// Fewer scopes than the sign-in asked for; empty for all of them.
    pub scopes: Vec<String>,
}

/// The keys a host may show in its certificate, each as the SHA-256 of its SubjectPublicKeyInfo in base64
/// (RFC 7469, section 2.4).
#[uniffi::remote(Record)]
pub struct Pin {
    /// The host name, in lower case, without a port.
    pub host: String,
    /// The key in use.
    pub current: String,
    /// The key that will follow it.
    pub backup: String,
}

/// An OpenID provider by its issuer.
#[uniffi::export]
pub fn oidc_provider(issuer: String, client_id: String) -> Provider {
    Provider::oidc(issuer, client_id)
}

/// An Auth0 tenant by its domain, such as `portal.eu.auth0.com`; `audience` is the API the access token is for.
#[uniffi::export]
pub fn auth0_provider(domain: String, client_id: String, audience: Option<String>) -> Provider {
    Provider { audience, ..Provider::auth0(domain, client_id) }
}

/// A Keycloak realm by the server's base URL, such as `https://id.example.com`, and the realm's name.
#[uniffi::export]
pub fn keycloak_provider(base: String, realm: String, client_id: String) -> Provider {
    Provider::keycloak(base, realm, client_id)
}

/// An Okta authorization server by its issuer, such as `https://example.okta.com/oauth2/default`.
#[uniffi::export]
pub fn okta_provider(issuer: String, client_id: String) -> Provider {
    Provider::okta(issuer, client_id)
}

/// A provider on this machine, reached without TLS. For development only.
#[uniffi::export]
pub fn development_provider(issuer: String, client_id: String) -> Provider {
    Provider::development(issuer, client_id)
}
