//! How the protocol is used beyond its defaults.

use pforte_oauth::{ProviderSettings, Use};
use url::Url;

use crate::Error;

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
            client_key_id: None,
            pins: Vec::new(),
        }
    }
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
        ProviderSettings {
            par: self.par,
            dpop: self.dpop,
            fapi: self.fapi,
            resources: self.resources.clone(),
            client_key_id: self.client_key_id.clone(),
            ..settings
        }
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
