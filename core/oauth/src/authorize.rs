//! The authorization request (RFC 6749, section 4.1.1; RFC 7636; OIDC Core 1.0, section 3.1.2.1).

use std::fmt;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use url::Url;

use crate::{Entropy, Metadata, OauthError, ProviderSettings, Transaction, endpoint};

/// What one sign-in asks for beyond the settings.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuthorizeOptions {
    /// The touchpoint it is for; travels in the transaction, not to the provider.
    pub touchpoint: Option<String>,
    /// Who probably signs in.
    pub login_hint: Option<String>,
    /// `none`, `login`, `consent`, `select_account` or `create`.
    pub prompt: Option<String>,
    /// The languages of the provider's page, best first (BCP 47).
    pub ui_locales: Vec<String>,
    /// The authentication context classes that would do, best first; the ID token's `acr` must then be one of them.
    pub acr_values: Vec<String>,
    /// The oldest sign-in that would do, in seconds; the ID token's `auth_time` is then checked.
    pub max_age_seconds: Option<u64>,
    /// A social or enterprise provider to go to at once, by the vendor's name for it (`connection`, `kc_idp_hint`, `idp`).
    pub identity_provider: Option<String>,
    /// The APIs the tokens are for (RFC 8707).
    pub resources: Vec<String>,
    /// The thumbprint of the DPoP key the code is to be bound to (RFC 9449, section 10).
    pub dpop_jkt: Option<String>,
    /// Further parameters. They can't replace one that this crate sets.
    pub extra_parameters: Vec<(String, String)>,
}

/// A sign-in that is ready to be shown. Store the transaction first, then open the URL.
#[derive(Clone)]
pub struct Authorization {
    /// What must be stored before the browser opens.
    pub transaction: Transaction,
    pub(crate) parameters: Vec<(String, String)>,
}

impl Authorization {
    /// The URL for the browser, every parameter in it. Where the provider demands pushed requests, use [`crate::par`].
    pub fn url(&self, metadata: &Metadata) -> Result<String, OauthError> {
        if metadata.require_pushed_authorization_requests {
            return Err(OauthError::Configuration {
                hint: "the provider takes pushed authorization requests only; push the request first"
                    .to_owned(),
            });
        }
        if metadata.issuer != self.transaction.issuer {
            return Err(OauthError::Protocol { what: "the metadata is another issuer's than the sign-in's" });
        }
        Ok(with_query(&metadata.authorization_endpoint, &self.pairs()))
    }
}

impl Authorization {
    pub(crate) fn pairs(&self) -> Vec<(&str, &str)> {
        self.parameters.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
    }
}

/// `url` with further query parameters.
pub(crate) fn with_query(url: &Url, parameters: &[(&str, &str)]) -> String {
    let mut url = url.clone();
    url.query_pairs_mut().extend_pairs(parameters);
    url.into()
}

impl fmt::Debug for Authorization {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authorization").field("transaction", &self.transaction).finish_non_exhaustive()
    }
}

/// Prepares a sign-in: authorization code, PKCE S256, `state`, `nonce`.
pub fn start(
    settings: &ProviderSettings,
    metadata: &Metadata,
    options: &AuthorizeOptions,
    entropy: Entropy,
    now_s: i64,
) -> Result<Authorization, OauthError> {
    judge_redirect_uri(&settings.redirect_uri)?;
    if metadata.issuer != settings.issuer {
        return Err(OauthError::Protocol { what: "the metadata is another issuer's than the settings'" });
    }
    let challenge = code_challenge(entropy.code_verifier.expose())
        .ok_or(OauthError::Device { what: "a code verifier must have 43 to 128 unreserved characters" })?;
    if entropy.state.expose().len() < MIN_RANDOM_LENGTH || entropy.nonce.expose().len() < MIN_RANDOM_LENGTH {
        return Err(OauthError::Device { what: "state and nonce must have 128 random bits" });
    }

    let mut parameters = Parameters(Vec::new());
    parameters.set("response_type", "code");
    parameters.set("client_id", &settings.client_id);
    parameters.set("redirect_uri", &settings.redirect_uri);
    parameters.set("scope", &scope(settings));
    parameters.set("state", entropy.state.expose());
    parameters.set("nonce", entropy.nonce.expose());
    parameters.set("code_challenge", &challenge);
    parameters.set("code_challenge_method", "S256");
    parameters.set_some("audience", settings.audience.as_deref());
    parameters.set_some("login_hint", options.login_hint.as_deref());
    parameters.set_some("prompt", options.prompt.as_deref());
    parameters.set_list("ui_locales", &options.ui_locales);
    parameters.set_list("acr_values", &options.acr_values);
    parameters.set_some("max_age", options.max_age_seconds.map(|seconds| seconds.to_string()).as_deref());
    parameters.set_some(settings.vendor.identity_provider_parameter(), options.identity_provider.as_deref());
    parameters.set_some("dpop_jkt", options.dpop_jkt.as_deref());
    let resources = if options.resources.is_empty() { &settings.resources } else { &options.resources };
    let further = settings.further_resources.iter().filter(|further| !resources.contains(further));
    for resource in resources.iter().chain(further) {
        parameters.set("resource", resource);
    }
    parameters.add_extra(settings.extra_parameters.iter().chain(&options.extra_parameters))?;

    let transaction = Transaction {
        issuer: settings.issuer.clone(),
        client_id: settings.client_id.clone(),
        redirect_uri: settings.redirect_uri.clone(),
        touchpoint: options.touchpoint.clone(),
        created_s: now_s,
        iss_required: metadata.authorization_response_iss_parameter_supported,
        acr_values: options.acr_values.clone(),
        max_age_seconds: options.max_age_seconds,
        resources: resources.clone(),
        dpop: options.dpop_jkt.is_some(),
        state: entropy.state,
        nonce: entropy.nonce,
        code_verifier: entropy.code_verifier,
    };
    Ok(Authorization { transaction, parameters: parameters.0 })
}

/// 128 bits in base64url.
const MIN_RANDOM_LENGTH: usize = 22;

/// Parameters that nobody may add: they would change who is asked, or how the answer comes.
const RESERVED: [&str; 4] = ["request", "request_uri", "response_mode", "registration"];

/// The request's parameters, in the order in which they are sent.
struct Parameters(Vec<(String, String)>);

impl Parameters {
    fn set(&mut self, name: &str, value: &str) {
        self.0.push((name.to_owned(), value.to_owned()));
    }

    fn set_some(&mut self, name: &str, value: Option<&str>) {
        if let Some(value) = value {
            self.set(name, value);
        }
    }

    fn set_list(&mut self, name: &str, values: &[String]) {
        if !values.is_empty() {
            self.set(name, &values.join(" "));
        }
    }

    fn add_extra<'a>(&mut self, extra: impl Iterator<Item = &'a (String, String)>) -> Result<(), OauthError> {
        for (name, value) in extra {
            if RESERVED.contains(&name.as_str()) || self.0.iter().any(|(set, _)| set == name) {
                return Err(OauthError::Configuration {
                    hint: format!(
                        "the extra parameter {name} is set already or reserved; remove it from the settings"
                    ),
                });
            }
            self.set(name, value);
        }
        Ok(())
    }
}

/// The scopes of a request, `openid` always among them.
pub(crate) fn scope(settings: &ProviderSettings) -> String {
    let openid = if settings.scopes.iter().any(|scope| scope == "openid") { None } else { Some("openid") };
    openid.into_iter().chain(settings.scopes.iter().map(String::as_str)).collect::<Vec<_>>().join(" ")
}

/// `code_challenge` by S256, or nothing where the verifier breaks RFC 7636, section 4.1.
fn code_challenge(verifier: &str) -> Option<String> {
    let unreserved = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    ((43..=128).contains(&verifier.len()) && verifier.bytes().all(unreserved)).then(|| {
        let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, verifier.as_bytes());
        BASE64_URL_SAFE_NO_PAD.encode(digest)
    })
}

/// A private-use scheme with a dot, an https URL, or a loopback one (RFC 8252, section 7).
fn judge_redirect_uri(redirect_uri: &str) -> Result<(), OauthError> {
    let fits = Url::parse(redirect_uri).is_ok_and(|url| {
        let scheme_fits = match url.scheme() {
            "https" => true,
            "http" => endpoint::is_loopback(&url),
            private => private.contains('.'),
        };
        scheme_fits && url.username().is_empty() && url.password().is_none() && url.fragment().is_none()
    });
    fits.then_some(()).ok_or_else(|| OauthError::Configuration {
        hint: "redirect_uri must be like com.example.app:/callback, an https URL or a loopback URL, without user name \
               and fragment (RFC 8252, section 7)"
            .to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;

    fn query(url: &str) -> Vec<(String, String)> {
        Url::parse(url).unwrap().query_pairs().into_owned().collect()
    }

    fn value(url: &str, name: &str) -> Option<String> {
        query(url).into_iter().find(|(key, _)| key == name).map(|(_, value)| value)
    }

    /// RFC 7636, appendix B.
    #[test]
    fn pkce_s256_vector() {
        assert_eq!(
            code_challenge("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk").as_deref(),
            Some("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM")
        );
        for bad in ["", "short", &"a".repeat(42), &"a".repeat(129), &format!("{} ", "a".repeat(43))] {
            assert_eq!(code_challenge(bad), None, "{bad}");
        }
    }

    #[test]
    fn the_url_carries_what_was_asked_and_nothing_twice() {
        let options = AuthorizeOptions {
            login_hint: Some("alice@example.com".into()),
            prompt: Some("login".into()),
            ui_locales: vec!["de".into(), "en".into()],
            acr_values: vec!["mfa".into()],
            max_age_seconds: Some(300),
            identity_provider: Some("google".into()),
            resources: vec!["https://api.example.com/a".into(), "https://api.example.com/b".into()],
            extra_parameters: vec![("screen_hint".into(), "signup".into())],
            ..AuthorizeOptions::default()
        };
        let settings = ProviderSettings { audience: Some("https://api".into()), ..fixture::settings() };
        let authorization =
            start(&settings, &fixture::metadata(), &options, fixture::entropy(), 1_000).unwrap();
        let url = authorization.url(&fixture::metadata()).unwrap();
        assert!(url.starts_with(
            "https://id.example.com/authorize?tenant=7&response_type=code&client_id=portal-app&"
        ));
        for (name, expected) in [
            ("scope", "openid profile email offline_access"),
            ("redirect_uri", "com.example.portal:/callback"),
            ("code_challenge_method", "S256"),
            ("login_hint", "alice@example.com"),
            ("prompt", "login"),
            ("ui_locales", "de en"),
            ("acr_values", "mfa"),
            ("max_age", "300"),
            ("kc_idp_hint", "google"),
            ("audience", "https://api"),
            ("screen_hint", "signup"),
        ] {
            assert_eq!(value(&url, name).as_deref(), Some(expected), "{name}");
        }
        let names: Vec<String> =
            query(&url).into_iter().map(|(name, _)| name).filter(|n| n != "resource").collect();
        let unique: std::collections::BTreeSet<&String> = names.iter().collect();
        assert_eq!(unique.len(), names.len());
        assert_eq!(query(&url).iter().filter(|(name, _)| name == "resource").count(), 2);
        assert!(!url.contains(fixture::entropy().code_verifier.expose()));
    }

    #[test]
    fn extra_parameters_replace_nothing() {
        for name in [
            "state",
            "client_id",
            "redirect_uri",
            "code_challenge_method",
            "request_uri",
            "response_mode",
            "prompt",
        ] {
            let options = AuthorizeOptions {
                prompt: Some("login".into()),
                extra_parameters: vec![(name.into(), "x".into())],
                ..AuthorizeOptions::default()
            };
            let result = start(&fixture::settings(), &fixture::metadata(), &options, fixture::entropy(), 0);
            assert!(matches!(result, Err(OauthError::Configuration { .. })), "{name}");
        }
    }

    #[test]
    fn redirect_uris_are_judged() {
        for good in [
            "com.example.app:/callback",
            "com.example.app://host/callback",
            "https://app.example.com/cb",
            "http://127.0.0.1:9/cb",
            "http://[::1]/cb",
            "http://localhost:1/cb",
        ] {
            assert!(judge_redirect_uri(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "callback",
            "myapp:/callback",
            "javascript:alert(1)",
            "http://app.example.com/cb",
            "https://user@app.example.com/cb",
            "https://app.example.com/cb#x",
        ] {
            assert!(matches!(judge_redirect_uri(bad), Err(OauthError::Configuration { .. })), "{bad}");
        }
    }

    #[test]
    fn openid_is_always_asked_for() {
        let settings = ProviderSettings { scopes: vec!["email".into()], ..fixture::settings() };
        assert_eq!(scope(&settings), "openid email");
    }

    #[test]
    fn pushed_only_is_said() {
        let metadata = Metadata { require_pushed_authorization_requests: true, ..fixture::metadata() };
        let authorization =
            start(&fixture::settings(), &metadata, &AuthorizeOptions::default(), fixture::entropy(), 0)
                .unwrap();
        assert!(matches!(authorization.url(&metadata), Err(OauthError::Configuration { .. })));
    }
}
