//! What a provider is started with.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};

use serde::{Deserialize, Serialize};

/// Everything that can be set before the start; every member has a default, also in JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// The address to listen at. Anything but a loopback address is refused.
    pub address: IpAddr,
    /// The port; 0 takes a free one.
    pub port: u16,
    /// Signs this person in at once, without a page. Nothing shows the login page.
    pub automatic: Option<String>,
    /// The registered clients.
    pub clients: Vec<RegisteredClient>,
    /// The people who can sign in.
    pub people: Vec<Person>,
    /// What happens to a refresh token that is used.
    pub rotation: Rotation,
    /// What an access token looks like.
    pub access_token_format: AccessTokenFormat,
    /// How long an access token lives, in seconds.
    pub access_token_seconds: u32,
    /// How long a refresh token lives, in seconds.
    pub refresh_token_seconds: u32,
    /// How long an ID token lives, in seconds.
    pub id_token_seconds: u32,
    /// How long an authorization code lives, in seconds.
    pub code_seconds: u32,
    /// What signs ID tokens. Access tokens are always signed with ES256.
    pub id_token_algorithm: SigningAlgorithm,
    /// The audience the portal API demands, and the one of an access token that asked for no `resource`.
    /// Nothing means `ISSUER/portal`.
    pub portal_audience: Option<String>,
    /// Pushed authorization requests (RFC 9126).
    pub par: Offer,
    /// Tokens that are bound to the client's key (RFC 9449).
    pub dpop: Offer,
    /// Whether DPoP proofs must carry this provider's nonce.
    pub dpop_nonces: bool,
    /// The device grant (RFC 8628).
    pub device_grant: bool,
    /// Token exchange (RFC 8693).
    pub token_exchange: bool,
    /// Tokens of a social provider, and whose they are. There is no such provider: these are fakes to exchange.
    pub social_tokens: BTreeMap<String, String>,
    /// The steps of Auth0 and Okta for sign-ins without a page. Neither can run here: these are fakes of theirs.
    pub vendor_steps: bool,
    /// Whether a code or a passkey in those steps is the first factor only.
    pub second_factor: bool,
}

/// Whether a part of the protocol is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Offer {
    /// It is not.
    #[default]
    Off,
    /// It may be used.
    Offered,
    /// It must be used.
    Required,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            address: IpAddr::V4(Ipv4Addr::LOCALHOST),
            port: 0,
            automatic: None,
            clients: vec![RegisteredClient::default()],
            people: vec![Person::named("alice", "Alice Example"), Person::named("bob", "Bob Example")],
            rotation: Rotation::default(),
            access_token_format: AccessTokenFormat::default(),
            access_token_seconds: 600,
            refresh_token_seconds: 30 * 24 * 3600,
            id_token_seconds: 600,
            code_seconds: 60,
            id_token_algorithm: SigningAlgorithm::default(),
            portal_audience: None,
            par: Offer::Off,
            dpop: Offer::Off,
            dpop_nonces: false,
            device_grant: false,
            token_exchange: false,
            social_tokens: BTreeMap::new(),
            vendor_steps: false,
            second_factor: false,
        }
    }
}

/// A public client (RFC 6749, section 2.1): it has no secret and uses PKCE.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RegisteredClient {
    /// The client identifier.
    pub client_id: String,
    /// Where the browser may be sent back to. Compared byte by byte; `:*/` stands for any port and is meant for
    /// loopback redirects (RFC 8252, section 7.3).
    pub redirect_uris: Vec<String>,
    /// Where the browser may be sent after signing out, compared in the same way.
    pub post_logout_redirect_uris: Vec<String>,
}

impl Default for RegisteredClient {
    fn default() -> Self {
        let redirects = ["com.example.portal:/callback", "http://127.0.0.1:*/callback"];
        let signed_out = ["com.example.portal:/signed-out", "http://127.0.0.1:*/signed-out"];
        Self {
            client_id: "portal-app".to_owned(),
            redirect_uris: redirects.map(str::to_owned).to_vec(),
            post_logout_redirect_uris: [redirects, signed_out]
                .concat()
                .into_iter()
                .map(str::to_owned)
                .collect(),
        }
    }
}

impl RegisteredClient {
    /// Whether the browser may be sent to `uri` with a code.
    pub fn accepts_redirect(&self, uri: &str) -> bool {
        self.redirect_uris.iter().any(|registered| same_uri(registered, uri))
    }

    /// Whether the browser may be sent to `uri` after signing out.
    pub fn accepts_post_logout_redirect(&self, uri: &str) -> bool {
        self.post_logout_redirect_uris.iter().any(|registered| same_uri(registered, uri))
    }
}

/// Byte by byte, but for the port where the registered URI has `:*/`.
fn same_uri(registered: &str, uri: &str) -> bool {
    let Some((before, after)) = registered.split_once(":*/") else {
        return registered == uri;
    };
    let port = uri
        .strip_prefix(before)
        .and_then(|rest| rest.strip_prefix(':'))
        .and_then(|rest| rest.strip_suffix(after))
        .and_then(|rest| rest.strip_suffix('/'));
    port.is_some_and(|port| port.bytes().all(|byte| byte.is_ascii_digit()) && port.parse::<u16>().is_ok())
}

/// Somebody who can sign in, with any password.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Person {
    /// The subject identifier (`sub`) and the name to sign in with.
    pub subject: String,
    /// The full name.
    pub name: String,
    /// The e-mail address.
    pub email: String,
    /// Whether the address was verified.
    pub email_verified: bool,
}

impl Person {
    fn named(subject: &str, name: &str) -> Self {
        Self {
            subject: subject.to_owned(),
            name: name.to_owned(),
            email: format!("{subject}@example.com"),
            email_verified: true,
        }
    }
}

/// What happens to a refresh token that is used (RFC 9700, section 4.14.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rotation {
    /// Nothing: it stays, and the answer carries none.
    Off,
    /// It is replaced, and accepted again for so many seconds; later use ends the family. 0 accepts no second use.
    GraceSeconds(u32),
    /// It is replaced, and accepted again so many times; one more use ends the family.
    Reuses(u32),
}

impl Default for Rotation {
    fn default() -> Self {
        Self::GraceSeconds(0)
    }
}

/// What an access token looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AccessTokenFormat {
    /// A JWT of type `at+jwt` (RFC 9068).
    #[default]
    Jwt,
    /// 32 random bytes.
    Opaque,
}

/// A signing algorithm (RFC 7518, section 3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum SigningAlgorithm {
    /// ECDSA with P-256 and SHA-256; its key has the `kid` `es256-1`.
    #[default]
    #[serde(rename = "ES256")]
    Es256,
    /// RSASSA-PKCS1-v1_5 with SHA-256; its key has the `kid` `rs256-1`.
    #[serde(rename = "RS256")]
    Rs256,
}

impl SigningAlgorithm {
    /// The `alg` header's value.
    pub fn name(self) -> &'static str {
        match self {
            Self::Es256 => "ES256",
            Self::Rs256 => "RS256",
        }
    }

    /// The `kid` of the provider's key for it; always the same, so that request logs can be compared.
    pub fn kid(self) -> &'static str {
        match self {
            Self::Es256 => "es256-1",
            Self::Rs256 => "rs256-1",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_port_of_a_loopback_redirect_is_free() {
        let client = RegisteredClient::default();
        for good in
            ["com.example.portal:/callback", "http://127.0.0.1:1/callback", "http://127.0.0.1:65535/callback"]
        {
            assert!(client.accepts_redirect(good), "{good}");
        }
        for bad in [
            "",
            "com.example.portal:/callback/",
            "com.example.portal:/callback?x=1",
            "COM.example.portal:/callback",
            "http://127.0.0.1/callback",
            "http://127.0.0.1:/callback",
            "http://127.0.0.1:65536/callback",
            "http://127.0.0.1:+80/callback",
            "http://127.0.0.1:80/x/callback",
            "http://127.0.0.1:80@evil.example/callback",
            "http://127.0.0.1:*/callback",
            "https://127.0.0.1:80/callback",
        ] {
            assert!(!client.accepts_redirect(bad), "{bad}");
        }
    }

    #[test]
    fn settings_read_from_json_with_defaults() {
        let text = r#"{"automatic":"alice","rotation":{"grace_seconds":30},"id_token_algorithm":"RS256"}"#;
        let settings: Settings = serde_json::from_str(text).unwrap();
        let expected = Settings {
            automatic: Some("alice".to_owned()),
            rotation: Rotation::GraceSeconds(30),
            id_token_algorithm: SigningAlgorithm::Rs256,
            ..Settings::default()
        };
        assert_eq!(settings, expected);
        assert!(serde_json::from_str::<Settings>(r#"{"rotatoin":"off"}"#).is_err());
    }
}
