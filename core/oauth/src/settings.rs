//! What is known about a provider and this client before anything is sent.

use crate::{Metadata, OauthError, auth0, fapi, keycloak, okta};

/// When a part of the protocol that a provider may offer is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Use {
    /// Not at all.
    Never,
    /// Where the provider's metadata offers it.
    WhenOffered,
    /// Always; a provider that does not offer it is refused.
    Always,
}

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
    /// The APIs the tokens are for (RFC 8707), where one sign-in names none itself.
    pub resources: Vec<String>,
    /// APIs that the person lets the app reach as well, and whose tokens only a refresh asks for
    /// ([`crate::token::RefreshOptions::resources`]; RFC 8707, section 2.2).
    pub further_resources: Vec<String>,
    /// Pushed authorization requests (RFC 9126).
    pub par: Use,
    /// Tokens that are bound to this device's key (RFC 9449). Off at first, because the app's API has to know the scheme.
    pub dpop: Use,
    /// The name (`kid`) under which this installation's own key is registered at the provider, for `private_key_jwt`
    /// (RFC 7523). Nothing for a public client, which an app usually is.
    pub client_key_id: Option<String>,
    /// Whether the FAPI 2.0 Security Profile is kept to: pushed requests, DPoP, `iss` in the browser's answer and the
    /// profile's algorithms. A provider that can't is refused, with the missing piece named ([`crate::fapi`]).
    pub fapi: bool,
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
            resources: Vec::new(),
            further_resources: Vec::new(),
            par: Use::WhenOffered,
            dpop: Use::Never,
            client_key_id: None,
            fapi: false,
        }
    }

    /// Whether pushed requests are used at this provider.
    pub fn pushes(&self, metadata: &Metadata) -> bool {
        let offered = metadata.pushed_authorization_request_endpoint.is_some();
        match self.par {
            _ if self.fapi || metadata.require_pushed_authorization_requests => true,
            Use::Always => true,
            Use::WhenOffered => offered,
            Use::Never => false,
        }
    }

    /// Whether tokens are bound to this device's key at this provider.
    pub fn binds_tokens(&self, metadata: &Metadata) -> bool {
        match self.dpop {
            _ if self.fapi => true,
            Use::Always => true,
            Use::WhenOffered => metadata.dpop_signing_alg_values_supported.iter().any(|name| name == "ES256"),
            Use::Never => false,
        }
    }

    /// Refuses a provider that does not offer what these settings always want, the FAPI switch included.
    pub fn judge_offer(&self, metadata: &Metadata) -> Result<(), OauthError> {
        fapi::judge(self, metadata)?;
        let missing = |hint: &str| Err(OauthError::Configuration { hint: hint.to_owned() });
        if self.pushes(metadata) && metadata.pushed_authorization_request_endpoint.is_none() {
            return missing(
                "the provider offers no pushed authorization requests (RFC 9126); turn them on there, or set par to \
                 WhenOffered",
            );
        }
        let signs = metadata.dpop_signing_alg_values_supported.iter().any(|name| name == "ES256");
        if self.binds_tokens(metadata) && !signs {
            return missing(
                "the provider offers no DPoP with ES256 (RFC 9449); turn it on there, or set dpop to WhenOffered",
            );
        }
        Ok(())
    }

    /// The algorithms an ID token may be signed with; the FAPI 2.0 Security Profile takes fewer (section 5.4.1).
    pub fn accepted_algorithms(&self) -> Vec<Algorithm> {
        let profile = [Algorithm::Ps256, Algorithm::Es256, Algorithm::EdDsa];
        self.algorithms.iter().copied().filter(|one| !self.fapi || profile.contains(one)).collect()
    }
}
