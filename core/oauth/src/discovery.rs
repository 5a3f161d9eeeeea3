//! Provider metadata (OIDC Discovery 1.0; RFC 8414).

use http::{Request, Response, StatusCode};
use url::Url;

use crate::json::{Mistyped, Object};
use crate::{OauthError, ProviderSettings, endpoint, reply};

/// What the provider says about itself, judged. Keep the response's body, not this, and [`Metadata::parse`] it again:
/// a cache on disk is judged like the network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Metadata {
    /// Byte-equal to the configured issuer.
    pub issuer: String,
    /// Where the browser goes.
    pub authorization_endpoint: Url,
    /// Where codes and refresh tokens are redeemed.
    pub token_endpoint: Url,
    /// Where the provider's keys are.
    pub jwks_uri: Url,
    /// UserInfo (OIDC Core 1.0, section 5.3).
    pub userinfo_endpoint: Option<Url>,
    /// Revocation (RFC 7009).
    pub revocation_endpoint: Option<Url>,
    /// RP-Initiated Logout 1.0.
    pub end_session_endpoint: Option<Url>,
    /// Pushed authorization requests (RFC 9126).
    pub pushed_authorization_request_endpoint: Option<Url>,
    /// Whether the provider takes nothing but pushed requests (RFC 9126, section 5).
    pub require_pushed_authorization_requests: bool,
    /// Device grant (RFC 8628).
    pub device_authorization_endpoint: Option<Url>,
    /// Whether the browser's answer carries `iss` (RFC 9207, section 3); then one without it is refused.
    pub authorization_response_iss_parameter_supported: bool,
    /// Algorithms for DPoP proofs (RFC 9449, section 5.1); empty where DPoP is not offered.
    pub dpop_signing_alg_values_supported: Vec<String>,
    /// Authentication context classes; empty where the provider lists none.
    pub acr_values_supported: Vec<String>,
    /// Grant types; empty where the provider lists none.
    pub grant_types_supported: Vec<String>,
    /// What ID tokens may be signed with; empty where the provider lists nothing.
    pub id_token_signing_alg_values_supported: Vec<String>,
    /// How clients prove who they are at the token endpoint; empty where the provider lists nothing.
    pub token_endpoint_auth_methods_supported: Vec<String>,
}

impl Metadata {
    /// Judges a metadata document, fresh or from a cache.
    pub fn parse(settings: &ProviderSettings, body: &[u8]) -> Result<Self, OauthError> {
        if body.len() > reply::MAX_BODY_BYTES {
            return Err(OauthError::Protocol { what: "the provider's metadata is too long" });
        }
        let document = Object::parse(body).map_err(|_| OauthError::Protocol {
            what: "the provider's metadata is not one JSON object with unique keys",
        })?;
        Self::judge(settings, &document)
    }

    fn judge(settings: &ProviderSettings, document: &Object) -> Result<Self, OauthError> {
        let fields = Fields { document, allow_loopback_http: settings.allow_loopback_http };
        let issuer = document.text("issuer").map_err(mistyped)?.unwrap_or_default();
        if issuer != settings.issuer {
            return Err(OauthError::Protocol {
                what: "the metadata is another issuer's; set issuer exactly as the provider writes it, trailing slash \
                       included (OIDC Discovery 1.0, section 4.3)",
            });
        }
        // Many providers leave the list out and take S256 all the same.
        if let Some(methods) = document.texts("code_challenge_methods_supported").map_err(mistyped)?
            && !methods.iter().any(|method| method == "S256")
        {
            return Err(OauthError::Configuration {
                hint: "the provider does not offer PKCE with S256; enable it there, this client never goes without"
                    .to_owned(),
            });
        }
        Ok(Self {
            issuer: issuer.to_owned(),
            authorization_endpoint: fields.required_endpoint("authorization_endpoint")?,
            token_endpoint: fields.required_endpoint("token_endpoint")?,
            jwks_uri: fields.required_endpoint("jwks_uri")?,
            userinfo_endpoint: fields.endpoint("userinfo_endpoint")?,
            revocation_endpoint: fields.endpoint("revocation_endpoint")?,
            end_session_endpoint: fields.endpoint("end_session_endpoint")?,
            pushed_authorization_request_endpoint: fields
                .endpoint("pushed_authorization_request_endpoint")?,
            require_pushed_authorization_requests: fields.flag("require_pushed_authorization_requests")?,
            device_authorization_endpoint: fields.endpoint("device_authorization_endpoint")?,
            authorization_response_iss_parameter_supported: fields
                .flag("authorization_response_iss_parameter_supported")?,
            dpop_signing_alg_values_supported: fields.texts("dpop_signing_alg_values_supported")?,
            acr_values_supported: fields.texts("acr_values_supported")?,
            grant_types_supported: fields.texts("grant_types_supported")?,
            id_token_signing_alg_values_supported: fields.texts("id_token_signing_alg_values_supported")?,
            token_endpoint_auth_methods_supported: fields.texts("token_endpoint_auth_methods_supported")?,
        })
    }
}

/// Asks for `ISSUER/.well-known/openid-configuration`.
pub fn request(settings: &ProviderSettings) -> Result<Request<Vec<u8>>, OauthError> {
    let issuer = endpoint::judge(&settings.issuer, settings.allow_loopback_http)
        .filter(|issuer| issuer.query().is_none())
        .ok_or_else(|| OauthError::Configuration {
            hint:
                "issuer must be an https URL without query and fragment; set it as the provider documents it"
                    .to_owned(),
        })?;
    let text = format!("{}/.well-known/openid-configuration", issuer.as_str().trim_end_matches('/'));
    let url =
        Url::parse(&text).map_err(|_| OauthError::Protocol { what: "the issuer makes no discovery URL" })?;
    endpoint::get(&url)
}

/// Judges the answer: byte-equal issuer, https endpoints (or loopback http where allowed), S256 where methods are listed.
pub fn response(settings: &ProviderSettings, response: &Response<Vec<u8>>) -> Result<Metadata, OauthError> {
    match response.status() {
        StatusCode::NOT_FOUND => Err(OauthError::Configuration {
            hint: "there is no provider at the issuer's address; check issuer (realm, tenant, path)"
                .to_owned(),
        }),
        _ => Metadata::judge(settings, &reply::object(response)?),
    }
}

/// Reads the document's members by type.
struct Fields<'a> {
    document: &'a Object,
    allow_loopback_http: bool,
}

impl Fields<'_> {
    fn endpoint(&self, name: &str) -> Result<Option<Url>, OauthError> {
        let Some(text) = self.document.text(name).map_err(mistyped)? else {
            return Ok(None);
        };
        endpoint::judge(text, self.allow_loopback_http).map(Some).ok_or(OauthError::Protocol {
            what: "the metadata names an endpoint that is not https (or carries a user name or a fragment)",
        })
    }

    fn required_endpoint(&self, name: &str) -> Result<Url, OauthError> {
        self.endpoint(name)?.ok_or(OauthError::Protocol {
            what: "the metadata lacks authorization_endpoint, token_endpoint or jwks_uri",
        })
    }

    fn flag(&self, name: &str) -> Result<bool, OauthError> {
        Ok(self.document.boolean(name).map_err(mistyped)?.unwrap_or(false))
    }

    fn texts(&self, name: &str) -> Result<Vec<String>, OauthError> {
        Ok(self.document.texts(name).map_err(mistyped)?.unwrap_or_default())
    }
}

fn mistyped(_: Mistyped) -> OauthError {
    OauthError::Protocol { what: "a member of the metadata has the wrong type" }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn settings() -> ProviderSettings {
        ProviderSettings::oidc("https://id.example.com", "app")
    }

    fn document(change: impl FnOnce(&mut serde_json::Value)) -> Vec<u8> {
        let mut document = serde_json::json!({
            "issuer": "https://id.example.com",
            "authorization_endpoint": "https://id.example.com/authorize",
            "token_endpoint": "https://id.example.com/token",
            "jwks_uri": "https://id.example.com/jwks",
        });
        change(&mut document);
        document.to_string().into_bytes()
    }

    #[test]
    fn the_well_known_url_keeps_the_path_and_drops_one_slash() {
        for (issuer, url) in [
            ("https://id.example.com", "https://id.example.com/.well-known/openid-configuration"),
            ("https://id.example.com/", "https://id.example.com/.well-known/openid-configuration"),
            (
                "https://id.example.com/realms/r",
                "https://id.example.com/realms/r/.well-known/openid-configuration",
            ),
        ] {
            assert_eq!(request(&ProviderSettings::oidc(issuer, "app")).unwrap().uri(), url);
        }
        for bad in
            ["http://id.example.com", "https://id.example.com/?a=b", "https://id.example.com/#f", "id", ""]
        {
            let error = request(&ProviderSettings::oidc(bad, "app")).err();
            assert!(matches!(error, Some(OauthError::Configuration { .. })), "{bad}");
        }
    }

    #[test]
    fn the_least_document_is_enough() {
        let metadata = Metadata::parse(&settings(), &document(|_| ())).unwrap();
        assert_eq!(metadata.token_endpoint.as_str(), "https://id.example.com/token");
        assert!(!metadata.authorization_response_iss_parameter_supported);
        assert_eq!(metadata.revocation_endpoint, None);
    }

    /// Attack list 12 and 13: the same judge reads the network and the cache.
    #[test]
    fn another_issuer_or_plain_http_is_refused() {
        for issuer in ["https://id.example.com/", "https://ID.example.com", "https://evil.example", ""] {
            let body = document(|d| d["issuer"] = issuer.into());
            assert!(
                matches!(Metadata::parse(&settings(), &body), Err(OauthError::Protocol { .. })),
                "{issuer}"
            );
        }
        for name in [
            "authorization_endpoint",
            "token_endpoint",
            "jwks_uri",
            "userinfo_endpoint",
            "revocation_endpoint",
            "end_session_endpoint",
            "pushed_authorization_request_endpoint",
            "device_authorization_endpoint",
        ] {
            for value in
                ["http://id.example.com/x", "https://u:p@id.example.com/x", "/x", "https://id.example.com/#x"]
            {
                let body = document(|d| d[name] = value.into());
                assert!(
                    matches!(Metadata::parse(&settings(), &body), Err(OauthError::Protocol { .. })),
                    "{name} {value}"
                );
            }
        }
        for missing in ["issuer", "authorization_endpoint", "token_endpoint", "jwks_uri"] {
            let body = document(|d| d[missing] = serde_json::Value::Null);
            assert!(Metadata::parse(&settings(), &body).is_err(), "{missing}");
        }
        assert!(Metadata::parse(&settings(), &document(|d| d["token_endpoint"] = 5.into())).is_err());
        assert!(
            Metadata::parse(&settings(), br#"{"issuer":"a","issuer":"https://id.example.com"}"#).is_err()
        );
    }

    #[test]
    fn a_slash_at_the_end_belongs_to_the_issuer() {
        let settings = ProviderSettings::auth0("portal.eu.auth0.com", "app");
        let body = document(|d| d["issuer"] = "https://portal.eu.auth0.com/".into());
        assert!(Metadata::parse(&settings, &body).is_ok());
        let body = document(|d| d["issuer"] = "https://portal.eu.auth0.com".into());
        assert!(Metadata::parse(&settings, &body).is_err());
    }

    /// Attack list 5.
    #[test]
    fn pkce_plain_only_is_refused_and_no_list_is_not() {
        let listed = |methods: serde_json::Value| {
            Metadata::parse(&settings(), &document(|d| d["code_challenge_methods_supported"] = methods))
        };
        assert!(listed(serde_json::json!(["plain", "S256"])).is_ok());
        assert!(matches!(listed(serde_json::json!(["plain"])), Err(OauthError::Configuration { .. })));
        assert!(matches!(listed(serde_json::json!([])), Err(OauthError::Configuration { .. })));
    }

    #[test]
    fn a_missing_provider_is_a_wrong_setting() {
        let answer = Response::builder().status(404).body(Vec::new()).unwrap();
        assert!(matches!(response(&settings(), &answer), Err(OauthError::Configuration { .. })));
        let answer = Response::builder().status(200).body(document(|_| ())).unwrap();
        assert!(response(&settings(), &answer).is_ok());
    }

    proptest! {
        #[test]
        fn no_endpoint_panics_and_none_is_plain_http(text in "(https?://)?[a-z0-9:/@.#?%\\[\\] -]{0,40}") {
            let body = document(|d| d["userinfo_endpoint"] = text.clone().into());
            if let Ok(metadata) = Metadata::parse(&settings(), &body) {
                let endpoint = metadata.userinfo_endpoint.unwrap();
                prop_assert_eq!(endpoint.scheme(), "https");
            }
        }
    }
}
