//! How the protocol is used beyond its defaults.

use pforte_oauth::token::RefreshOptions;
use pforte_oauth::{ProviderSettings, Use, Vendor};
use url::Url;

use crate::{Error, ProviderKind};

/// How the protocol is used at a provider. The defaults work everywhere.
#[derive(Debug, Clone, PartialEq, Eq)]
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
    /// The name (`kid`) under which this installation's key is registered for `private_key_jwt`; see
    /// [`crate::Client::client_jwk`]. Nothing for a public client.
    pub client_key_id: Option<String>,
    /// The keys hosts must show, each with its backup.
    pub pins: Vec<Pin>,
}

impl Default for Protocol {
    fn default() -> Self {
        Self {
            par: Use::WhenOffered,
            dpop: Use::Never,
            fapi: false,
            resources: Vec::new(),
            apis: Vec::new(),
            client_key_id: None,
            pins: Vec::new(),
        }
    }
}

/// An API whose access token is another than the sign-in's: got with the same refresh token (RFC 8707, section 2.2), and
/// kept until it ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Api {
    /// The origin that takes it, also listed in [`crate::Config::api_origins`].
    pub origin: String,
    /// The provider's name for the API: its resource indicator, or its `audience` at Auth0, whose tenant must then have
    /// multi-resource refresh tokens.
    pub resource: String,
    /// Fewer scopes than the sign-in asked for; empty for all of them.
    pub scopes: Vec<String>,
}

/// The keys a host may show in its certificate, each as the SHA-256 of its SubjectPublicKeyInfo in base64
/// (RFC 7469, section 2.4): `openssl x509 -pubkey | openssl pkey -pubin -outform der | openssl sha256 -binary | base64`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pin {
    /// The host name, in lower case, without a port.
    pub host: String,
    /// The key in use.
    pub current: String,
    /// The key that will follow it.
    pub backup: String,
}

impl Protocol {
    pub(crate) fn over(&self, settings: ProviderSettings) -> ProviderSettings {
        // Auth0 takes no resource indicators: what its refresh tokens reach is a setting of the tenant.
        let asks_ahead = settings.vendor != Vendor::Auth0;
        let further = self.apis.iter().filter(|_| asks_ahead).map(|api| api.resource.clone());
        ProviderSettings {
            further_resources: further.collect(),
            par: self.par,
            dpop: self.dpop,
            fapi: self.fapi,
            resources: self.resources.clone(),
            client_key_id: self.client_key_id.clone(),
            ..settings
        }
    }

    /// What an access token for `url` is to be asked for with.
    pub(crate) fn token_for(&self, url: &Url, kind: ProviderKind) -> RefreshOptions {
        let takes_its_own =
            |api: &&Api| Url::parse(&api.origin).is_ok_and(|api| api.origin() == url.origin());
        let Some(api) = self.apis.iter().find(takes_its_own) else { return RefreshOptions::default() };
        let (resources, audience) = match kind {
            ProviderKind::Auth0 => (Vec::new(), Some(api.resource.clone())),
            ProviderKind::Oidc | ProviderKind::Keycloak | ProviderKind::Okta => {
                (vec![api.resource.clone()], None)
            }
        };
        RefreshOptions { scopes: api.scopes.clone(), resources, audience }
    }

    /// Refuses an API that no call could reach, or whose token nobody could ask for.
    pub(crate) fn judge_apis(&self, listed: &[String]) -> Result<(), Error> {
        let origin = |text: &String| Url::parse(text).ok().map(|url| url.origin());
        for (index, api) in self.apis.iter().enumerate() {
            let own = origin(&api.origin);
            let what = if own.is_none() || listed.iter().all(|listed| origin(listed) != own) {
                "its origin is not among api_origins; add it there"
            } else if self.apis[..index].iter().any(|before| origin(&before.origin) == own) {
                "its origin stands twice; one origin takes one token"
            } else if Url::parse(&api.resource).is_ok_and(|resource| resource.fragment().is_some()) {
                "its resource has a fragment; leave it out (RFC 8707, section 2)"
            } else if api.resource.is_empty() {
                "its resource is empty; set the provider's name for the API"
            } else {
                continue;
            };
            let hint = format!("The API at `{}` can't be used: {what}.", api.origin);
            return Err(Error::FixConfiguration { hint });
        }
        Ok(())
    }

    pub(crate) fn pins(&self) -> Result<Vec<pforte_transport::Pin>, Error> {
        self.pins.iter().map(Pin::judged).collect()
    }
}

impl Pin {
    fn judged(&self) -> Result<pforte_transport::Pin, Error> {
        let wrong = |what: &str| Error::FixConfiguration {
            hint: format!("The pin of `{}` can't be used: {what}.", self.host),
        };
        let named = Url::parse(&format!("https://{}/", self.host))
            .is_ok_and(|url| url.host_str() == Some(&self.host) && url.port().is_none());
        if !named {
            return Err(wrong("the host must be a name in lower case, without a port"));
        }
        let key = |text: &str| {
            key_hash(text)
                .ok_or_else(|| wrong("each key is the base64 of 32 bytes, as the documentation of Pin says"))
        };
        let (current, backup) = (key(&self.current)?, key(&self.backup)?);
        if current == backup {
            return Err(wrong("the backup must be another key, kept away from the server"));
        }
        Ok(pforte_transport::Pin { host: self.host.clone(), current, backup })
    }
}

fn key_hash(text: &str) -> Option<[u8; 32]> {
    use base64::Engine;
    base64::prelude::BASE64_STANDARD.decode(text).ok()?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pin(host: &str, current: &str, backup: &str) -> Protocol {
        let pin = Pin { host: host.to_owned(), current: current.to_owned(), backup: backup.to_owned() };
        Protocol { pins: vec![pin], ..Protocol::default() }
    }

    fn api(origin: &str, resource: &str) -> Api {
        Api { origin: origin.to_owned(), resource: resource.to_owned(), scopes: vec!["email".to_owned()] }
    }

    #[test]
    fn a_token_is_asked_for_in_the_providers_own_way() {
        let protocol =
            Protocol { apis: vec![api("https://maps.example.com", "urn:maps")], ..Protocol::default() };
        let url = |text: &str| Url::parse(text).unwrap();
        let there = url("https://MAPS.example.com:443/tiles?x=1");
        let asked = protocol.token_for(&there, ProviderKind::Oidc);
        assert_eq!((asked.resources, asked.audience), (vec!["urn:maps".to_owned()], None));
        assert_eq!(asked.scopes, ["email"]);
        let asked = protocol.token_for(&there, ProviderKind::Auth0);
        assert_eq!((asked.resources, asked.audience), (Vec::new(), Some("urn:maps".to_owned())));
        for elsewhere in
            ["https://maps.example.com:8443/", "http://maps.example.com/", "https://example.com/"]
        {
            assert_eq!(protocol.token_for(&url(elsewhere), ProviderKind::Oidc), RefreshOptions::default());
        }

        let settings = |settings| protocol.over(settings).further_resources;
        assert_eq!(settings(ProviderSettings::oidc("https://id.example.com", "app")), ["urn:maps"]);
        assert_eq!(settings(ProviderSettings::auth0("portal.eu.auth0.com", "app")), Vec::<String>::new());
    }

    #[test]
    fn an_api_is_one_listed_origin_with_a_name() {
        let listed = ["https://api.example.com".to_owned()];
        let judged =
            |apis: &[Api]| Protocol { apis: apis.to_vec(), ..Protocol::default() }.judge_apis(&listed);
        assert!(judged(&[api("https://api.example.com/", "urn:api")]).is_ok());
        for (wrong, says) in [
            (&[api("https://other.example.com", "urn:api")][..], "api_origins"),
            (&[api("not an origin", "urn:api")], "api_origins"),
            (&[api("https://api.example.com", "urn:a"), api("https://api.example.com", "urn:b")], "twice"),
            (&[api("https://api.example.com", "https://api.example.com#a")], "fragment"),
            (&[api("https://api.example.com", "")], "empty"),
        ] {
            let Err(Error::FixConfiguration { hint }) = judged(wrong) else { panic!("{wrong:?}") };
            assert!(hint.contains(says), "{hint}");
        }
    }

    #[test]
    fn a_pin_is_two_keys_of_one_host() {
        let key = |byte: char| format!("{}=", byte.to_string().repeat(43));
        let pins = pin("id.example.com", &key('A'), &key('Q')).pins();
        assert!(matches!(pins.as_deref(), Ok([pin]) if pin.current == [0; 32]));
        for (wrong, says) in [
            (pin("id.example.com", &key('A'), &key('A')), "backup"),
            (pin("id.example.com", "AAAA", &key('A')), "32 bytes"),
            (pin("ID.example.com", &key('A'), &key('Q')), "lower case"),
            (pin("id.example.com:443", &key('A'), &key('Q')), "port"),
            (pin("", &key('A'), &key('Q')), "lower case"),
        ] {
            let Err(Error::FixConfiguration { hint }) = wrong.pins() else { panic!("{wrong:?}") };
            assert!(hint.contains(says), "{hint}");
        }
    }
}
