//! What an app says once, when it opens the client.

use std::collections::HashMap;
use std::path::Path;

use pforte_consent::PublicKey;
use pforte_oauth::{ProviderSettings, Vendor};

use crate::{Error, Protocol};

/// Everything a client needs to know about the app, the provider and the policy.
#[derive(Debug, Clone)]
pub struct Config {
    /// The policy folder, read by the app.
    pub policy: PolicyFolder,
    /// Who signs people in.
    pub provider: Provider,
    /// Where the browser comes back to, exactly as registered at the provider (RFC 8252, section 7).
    pub redirect_uri: String,
    /// The person's language (BCP 47); falls back to the policy's default language.
    pub locale: String,
    /// The origins (`https://host[:port]`) that may receive the access token. A call to any other is refused.
    pub api_origins: Vec<String>,
    /// Names the account's vault on this device; `main` where the app has only one.
    pub account: String,
    /// Where a known person's consents are kept beside this device; nothing where they stay here.
    pub consent_service: Option<ConsentService>,
    /// Who is responsible for the data, for exports; nothing where they name the client's identifier.
    pub controller: Option<Controller>,
}

/// The account service's part for consent (`core/consent/openapi.yaml`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConsentService {
    /// The address that the paths of its API follow. Its origin must be among the `api_origins`.
    pub url: String,
    /// The keys with which it certifies devices and signs receipts: each 65 bytes, uncompressed SEC1, in hex. No other key
    /// is believed.
    pub keys: Vec<String>,
}

impl ConsentService {
    pub(crate) fn settings(&self) -> Result<pforte_session::ConsentService, Error> {
        let key = |hex: &String| PublicKey::from_hex(hex);
        let keys: Option<Vec<PublicKey>> = self.keys.iter().map(|hex| key(hex).ok()).collect();
        let keys = keys.filter(|keys| !keys.is_empty()).ok_or_else(|| Error::FixConfiguration {
            hint:
                "consent_service.keys names no P-256 key, or one that is none: write each as 130 hex digits \
                   (uncompressed SEC1), as the account service publishes it."
                    .to_owned(),
        })?;
        Ok(pforte_session::ConsentService { url: self.url.clone(), keys })
    }
}

/// Who is responsible for the data (GDPR, Art. 4(7)), as the privacy notice has it. A Kantara receipt needs all of it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
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

impl Config {
    /// A configuration in English, with one account and no API origin yet.
    pub fn new(policy: PolicyFolder, provider: Provider, redirect_uri: impl Into<String>) -> Self {
        Self {
            policy,
            provider,
            redirect_uri: redirect_uri.into(),
            locale: "en".to_owned(),
            api_origins: Vec::new(),
            account: "main".to_owned(),
            consent_service: None,
            controller: None,
        }
    }
}

/// The text of a policy folder: `policy.toml` and `texts/LOCALE.toml`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyFolder {
    /// The content of `policy.toml`.
    pub policy_toml: String,
    /// The content of each `texts/LOCALE.toml`.
    pub texts: Vec<LocaleTexts>,
}

impl PolicyFolder {
    /// Reads a folder: `policy.toml`, and each `texts/LOCALE.toml`.
    ///
    /// Errors: [`Error::FixConfiguration`] names the file that can't be read.
    pub fn read(folder: &Path) -> Result<Self, Error> {
        let text = |file: &Path| {
            std::fs::read_to_string(file).map_err(|error| Error::FixConfiguration {
                hint: format!("The policy's {} can't be read: {error}.", file.display()),
            })
        };
        let texts = folder.join("texts");
        let files = std::fs::read_dir(&texts).map_err(|error| Error::FixConfiguration {
            hint: format!("The policy's folder {} can't be read: {error}.", texts.display()),
        })?;
        let mut found: Vec<_> = files.filter_map(|entry| entry.ok().map(|entry| entry.path())).collect();
        found.retain(|file| file.extension().is_some_and(|ending| ending == "toml"));
        found.sort();
        let texts = found
            .iter()
            .filter_map(|file| Some((file.file_stem()?.to_str()?.to_owned(), file)))
            .map(|(locale, file)| Ok(LocaleTexts { locale, toml: text(file)? }))
            .collect::<Result<_, Error>>()?;
        Ok(Self { policy_toml: text(&folder.join("policy.toml"))?, texts })
    }
}

/// The texts in one language.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocaleTexts {
    /// The language (BCP 47), which is the file's name without `.toml`.
    pub locale: String,
    /// The file's content.
    pub toml: String,
}

/// Which provider's habits to expect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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

/// The identity provider.
#[derive(Debug, Clone, PartialEq, Eq)]
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

impl Provider {
    /// An OpenID provider by its issuer.
    pub fn oidc(issuer: impl Into<String>, client_id: impl Into<String>) -> Self {
        Self {
            name: "oidc".to_owned(),
            kind: ProviderKind::Oidc,
            issuer: issuer.into(),
            client_id: client_id.into(),
            scopes: ["openid", "profile", "email", "offline_access"].map(str::to_owned).to_vec(),
            audience: None,
            refresh_grace_seconds: 0,
            connections: HashMap::new(),
            allow_loopback_http: false,
            protocol: Protocol::default(),
        }
    }

    /// An Auth0 tenant by its domain, such as `portal.eu.auth0.com`.
    pub fn auth0(domain: impl AsRef<str>, client_id: impl Into<String>) -> Self {
        Self {
            name: "auth0".to_owned(),
            kind: ProviderKind::Auth0,
            ..Self::oidc(format!("https://{}/", domain.as_ref()), client_id)
        }
    }

    /// A Keycloak realm by the server's base URL, such as `https://id.example.com`, and the realm's name.
    pub fn keycloak(base: impl AsRef<str>, realm: impl AsRef<str>, client_id: impl Into<String>) -> Self {
        let settings = ProviderSettings::keycloak(base, realm, "");
        Self {
            name: "keycloak".to_owned(),
            kind: ProviderKind::Keycloak,
            ..Self::oidc(settings.issuer, client_id)
        }
    }

    /// An Okta authorization server by its issuer, such as `https://example.okta.com/oauth2/default`.
    pub fn okta(issuer: impl Into<String>, client_id: impl Into<String>) -> Self {
        let settings = ProviderSettings::okta(issuer, "");
        Self {
            name: "okta".to_owned(),
            kind: ProviderKind::Okta,
            refresh_grace_seconds: settings.refresh_grace_s,
            ..Self::oidc(settings.issuer, client_id)
        }
    }

    /// A provider on this machine, reached without TLS. For development only.
    pub fn development(issuer: impl Into<String>, client_id: impl Into<String>) -> Self {
        Self { allow_loopback_http: true, ..Self::oidc(issuer, client_id) }
    }

    /// The provider's own name for what `route` goes to.
    pub(crate) fn connection(&self, route: &str) -> Option<String> {
        self.connections.get(route).cloned()
    }

    pub(crate) fn settings(&self, config: &Config) -> ProviderSettings {
        self.protocol.over(ProviderSettings {
            redirect_uri: config.redirect_uri.clone(),
            scopes: self.scopes.clone(),
            audience: self.audience.clone(),
            refresh_grace_s: self.refresh_grace_seconds,
            allow_loopback_http: self.allow_loopback_http,
            vendor: match self.kind {
                ProviderKind::Oidc => Vendor::Generic,
                ProviderKind::Auth0 => Vendor::Auth0,
                ProviderKind::Keycloak => Vendor::Keycloak,
                ProviderKind::Okta => Vendor::Okta,
            },
            ..ProviderSettings::oidc(self.issuer.clone(), self.client_id.clone())
        })
    }
}
