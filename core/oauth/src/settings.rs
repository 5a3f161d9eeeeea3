//! What is known about a provider and this client before anything is sent.

use crate::{auth0, keycloak, okta};

/// A signature algorithm for ID tokens (RFC 7518, section 3.1; RFC 8037). Symmetric ones and `none` don't exist here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Algorithm {
    /// ECDSA with P-256 and SHA-256.
    Es256,
    /// ECDSA with P-384 and SHA-384.
    Es384,
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    Rs256,
    /// RSASSA-PSS with SHA-256.
    Ps256,
    /// Ed25519.
    EdDsa,
}

impl Algorithm {
    /// The registered name, such as `ES256`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Es256 => "ES256",
            Self::Es384 => "ES384",
            Self::Rs256 => "RS256",
            Self::Ps256 => "PS256",
            Self::EdDsa => "EdDSA",
        }
    }
}

/// Whose habits the provider has, where they differ from the specifications.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Vendor {
    /// None in particular.
    #[default]
    Generic,
    /// Auth0.
    Auth0,
    /// Keycloak.
    Keycloak,
    /// Okta.
    Okta,
}

impl Vendor {
    /// The authorization parameter that sends the person straight to a social or enterprise provider.
    pub fn identity_provider_parameter(self) -> &'static str {
        match self {
            Self::Auth0 => auth0::IDENTITY_PROVIDER,
            Self::Okta => okta::IDENTITY_PROVIDER,
            Self::Keycloak | Self::Generic => keycloak::IDENTITY_PROVIDER,
        }
    }
}

/// One client at one provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProviderSettings {
    /// The issuer identifier, compared byte by byte, trailing slash included (OIDC Discovery 1.0, section 4.3).
    pub issuer: String,
    /// The client identifier (RFC 6749, section 2.2).
    pub client_id: String,
    /// Where the browser comes back to, exactly as registered (RFC 8252, section 7).
    pub redirect_uri: String,
    /// The scopes asked for; `openid` is added where it is missing.
    pub scopes: Vec<String>,
    /// Auth0's `audience`: the API the access token is for. Other providers: see [`crate::AuthorizeOptions::resources`].
    pub audience: Option<String>,
    /// Further parameters of every authorization request. They can't replace one that this crate sets.
    pub extra_parameters: Vec<(String, String)>,
    /// The algorithms an ID token may be signed with.
    pub algorithms: Vec<Algorithm>,
    /// For how many seconds the provider accepts a refresh token again after rotation. 0 where unknown.
    pub refresh_grace_s: u32,
    /// Whether `http://127.0.0.1`, `http://[::1]` and `http://localhost` are accepted. For development only.
    pub allow_loopback_http: bool,
    /// Whose habits.
    pub vendor: Vendor,
}

impl ProviderSettings {
    /// Any OpenID provider. Set [`ProviderSettings::redirect_uri`] before use.
    pub fn oidc(issuer: impl Into<String>, client_id: impl Into<String>) -> Self {
        Self {
            issuer: issuer.into(),
            client_id: client_id.into(),
            redirect_uri: String::new(),
            scopes: ["openid", "profile", "email", "offline_access"].map(str::to_owned).to_vec(),
            audience: None,
            extra_parameters: Vec::new(),
            algorithms: vec![Algorithm::Es256, Algorithm::Rs256, Algorithm::Ps256, Algorithm::EdDsa],
            refresh_grace_s: 0,
            allow_loopback_http: false,
            vendor: Vendor::Generic,
        }
    }
}
