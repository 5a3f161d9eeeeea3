//! Where Auth0 differs from the specifications, in one place.
//!
//! - The issuer ends in `/`, and is compared with it.
//! - The API an access token is for is named by `audience`, not by `resource` (RFC 8707). One refresh token serves several
//!   APIs where the tenant has multi-resource refresh tokens: then [`crate::token::RefreshOptions::audience`] chooses.
//! - A social provider is chosen by `connection`.
//! - Rotated refresh tokens have no grace by default; where the tenant sets a reuse interval, set `refresh_grace_s` to it.
//! - Discovery lists no `end_session_endpoint` unless the tenant turned it on; [`ProviderSettings::auth0_logout_url`] is
//!   the older way.
//! - Sign-ins without a page have steps of their own: a code by e-mail or SMS, a second factor, a passkey, a native social
//!   token. Each ends in a request to the token endpoint, whose answer [`crate::token::response`] judges. Each needs its
//!   grant type turned on: Applications > APP > Advanced Settings > Grant Types.
//!
//! ```text
//! start_passwordless ─> (the person reads the code) ─> passwordless_grant ─┐
//! start_passkey ─> Passkey ─> (the device signs) ────> passkey_grant ──────┼─> tokens
//! native_social_grant ─────────────────────────────────────────────────────┤
//! mfa_required ─> MfaToken ─> start_challenge ─> mfa_grant ────────────────┘
//! ```

use http::header::{ACCEPT, CONTENT_TYPE};
use http::{HeaderValue, Method, Request, Response, StatusCode};
use pforte_host::SecretText;
use serde_json::{Value, json};
use url::Url;

use crate::settings::{ProviderSettings, Vendor};
use crate::{Metadata, OauthError, authorize, endpoint, reply};

pub(crate) const IDENTITY_PROVIDER: &str = "connection";

const PASSKEY_GRANT: &str = "urn:okta:params:oauth:grant-type:webauthn";
const PASSWORDLESS_GRANT: &str = "http://auth0.com/oauth/grant-type/passwordless/otp";

impl ProviderSettings {
    /// An Auth0 tenant by its domain, such as `portal.eu.auth0.com`. Set [`ProviderSettings::audience`] to the API's
    /// identifier: without it the access token is for UserInfo only.
    pub fn auth0(domain: impl AsRef<str>, client_id: impl Into<String>) -> Self {
        Self { vendor: Vendor::Auth0, ..Self::oidc(format!("https://{}/", domain.as_ref()), client_id) }
    }

    /// Ends the session at a tenant whose discovery lists no `end_session_endpoint`. `return_to` must be among the
    /// client's allowed logout URLs.
    pub fn auth0_logout_url(&self, return_to: &str) -> Result<String, OauthError> {
        let url = at_tenant(self, "v2/logout")?;
        Ok(authorize::with_query(&url, &[("client_id", &self.client_id), ("returnTo", return_to)]))
    }
}

/// Where a one-time code goes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Channel<'a> {
    /// An e-mail address.
    Email(&'a str),
    /// A phone number with its country code, such as `+431234567`.
    Sms(&'a str),
}

impl<'a> Channel<'a> {
    fn connection(self) -> &'static str {
        match self {
            Self::Email(_) => "email",
            Self::Sms(_) => "sms",
        }
    }

    fn address(self) -> (&'static str, &'a str) {
        match self {
            Self::Email(address) => ("email", address),
            Self::Sms(number) => ("phone_number", number),
        }
    }
}

/// Has a one-time code sent.
pub fn start_passwordless(
    settings: &ProviderSettings,
    channel: Channel<'_>,
) -> Result<Request<Vec<u8>>, OauthError> {
    let (name, address) = channel.address();
    let body = json!({
        "client_id": settings.client_id, "connection": channel.connection(), name: address, "send": "code",
    });
    post_json(&at_tenant(settings, "passwordless/start")?, &body)
}

/// Judges the answer to [`start_passwordless`].
pub fn passwordless_started(response: &Response<Vec<u8>>) -> Result<(), OauthError> {
    if response.status() == StatusCode::OK { Ok(()) } else { Err(reply::failure(response)) }
}

/// Redeems a one-time code.
pub fn passwordless_grant(
    settings: &ProviderSettings,
    metadata: &Metadata,
    channel: Channel<'_>,
    code: &SecretText,
) -> Result<Request<Vec<u8>>, OauthError> {
    let own = [("username", channel.address().1), ("realm", channel.connection()), ("otp", code.expose())];
    grant(settings, metadata, PASSWORDLESS_GRANT, &own)
}

/// A passkey ceremony that waits for the device.
#[derive(Clone)]
pub struct Passkey {
    /// The public-key options for the device's passkey API, as JSON (WebAuthn, section 5.4 or 5.5).
    pub options_json: String,
    session: SecretText,
}

impl std::fmt::Debug for Passkey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Passkey(..)")
    }
}

/// Begins a sign-in with a passkey. The tenant must be asked under its custom domain.
pub fn start_passkey(settings: &ProviderSettings) -> Result<Request<Vec<u8>>, OauthError> {
    post_json(&at_tenant(settings, "passkey/challenge")?, &json!({"client_id": settings.client_id}))
}

/// Begins a sign-up with a passkey for somebody with this e-mail address.
pub fn start_passkey_sign_up(
    settings: &ProviderSettings,
    email: &str,
    name: Option<&str>,
) -> Result<Request<Vec<u8>>, OauthError> {
    let mut profile = json!({"email": email});
    if let Some(name) = name {
        profile["name"] = name.into();
    }
    let body = json!({"client_id": settings.client_id, "user_profile": profile});
    post_json(&at_tenant(settings, "passkey/register")?, &body)
}

/// Judges the answer to either of the two.
pub fn passkey_started(response: &Response<Vec<u8>>) -> Result<Passkey, OauthError> {
    let object = reply::object(response)?;
    let broken = OauthError::Protocol { what: "the passkey challenge lacks auth_session or its options" };
    let session = object.text("auth_session").ok().flatten().ok_or(broken.clone())?;
    let options = object.value("authn_params_public_key").filter(|options| options.is_object());
    Ok(Passkey {
        options_json: options.ok_or(broken)?.to_string(),
        session: SecretText::new(session.to_owned()),
    })
}

/// Redeems what the device answered: the credential as JSON (WebAuthn, section 5.1, `toJSON`).
pub fn passkey_grant(
    settings: &ProviderSettings,
    metadata: &Metadata,
    passkey: &Passkey,
    credential_json: &str,
) -> Result<Request<Vec<u8>>, OauthError> {
    let credential: Value = serde_json::from_str(credential_json)
        .map_err(|_| OauthError::Device { what: "the passkey's answer is not JSON" })?;
    let mut body = json!({
        "grant_type": PASSKEY_GRANT,
        "client_id": settings.client_id,
        "auth_session": passkey.session.expose(),
        "authn_response": credential,
        "scope": authorize::scope(settings),
    });
    if let Some(audience) = &settings.audience {
        body["audience"] = audience.clone().into();
    }
    post_json(&metadata.token_endpoint, &body)
}

/// A token of a social provider's own SDK.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NativeSocial {
    /// Sign in with Apple: the authorization code.
    Apple,
    /// Google: the ID token.
    Google,
    /// Facebook: the session access token.
    Facebook,
}

/// Gives a native social token for tokens. Auth0's answer has no `issued_token_type`, so it is judged by
/// [`crate::token::response`], not by [`crate::exchange::response`].
pub fn native_social_grant(
    settings: &ProviderSettings,
    metadata: &Metadata,
    kind: NativeSocial,
    token: &SecretText,
) -> Result<Request<Vec<u8>>, OauthError> {
    let kind = match kind {
        NativeSocial::Apple => "http://auth0.com/oauth/token-type/apple-authz-code",
        NativeSocial::Google => "http://auth0.com/oauth/token-type/google-id-token",
        NativeSocial::Facebook => "http://auth0.com/oauth/token-type/facebook-info-session-access-token",
    };
    let own = [("subject_token", token.expose()), ("subject_token_type", kind)];
    grant(settings, metadata, "urn:ietf:params:oauth:grant-type:token-exchange", &own)
}

/// What `mfa_required` hands out: it stands for the first factor.
#[derive(Debug, Clone)]
pub struct MfaToken(SecretText);

/// The token of an answer that wants a second factor; nothing where it wants none.
pub fn mfa_required(response: &Response<Vec<u8>>) -> Option<MfaToken> {
    if !response.status().is_client_error() {
        return None;
    }
    let object = reply::body_object(response)
        .ok()
        .filter(|object| object.text("error") == Ok(Some("mfa_required")))?;
    let token = object.text("mfa_token").ok().flatten()?;
    Some(MfaToken(SecretText::new(token.to_owned())))
}

/// Asks how the second factor is to be shown; a code is sent where that is the person's way.
pub fn start_challenge(settings: &ProviderSettings, mfa: &MfaToken) -> Result<Request<Vec<u8>>, OauthError> {
    let body = json!({
        "client_id": settings.client_id, "mfa_token": mfa.0.expose(), "challenge_type": "otp oob",
    });
    post_json(&at_tenant(settings, "mfa/challenge")?, &body)
}

/// How the second factor is shown.
#[derive(Debug, Clone)]
pub enum MfaChallenge {
    /// By a code of an authenticator app.
    Otp,
    /// By a code that was sent, or by confirming on another device.
    Oob {
        /// Names this challenge.
        oob_code: SecretText,
        /// Whether the person has to type a code in.
        asks_for_code: bool,
    },
}

/// Judges the answer to [`start_challenge`].
pub fn challenge_started(response: &Response<Vec<u8>>) -> Result<MfaChallenge, OauthError> {
    let object = reply::object(response)?;
    let text = |name: &str| object.text(name).ok().flatten();
    match (text("challenge_type"), text("oob_code")) {
        (Some("otp"), _) => Ok(MfaChallenge::Otp),
        (Some("oob"), Some(code)) => Ok(MfaChallenge::Oob {
            oob_code: SecretText::new(code.to_owned()),
            asks_for_code: text("binding_method") == Some("prompt"),
        }),
        _ => Err(OauthError::Protocol { what: "the second factor's challenge is neither otp nor oob" }),
    }
}

/// Redeems the second factor. `code` is what the person typed in; empty where nothing was asked for.
pub fn mfa_grant(
    settings: &ProviderSettings,
    metadata: &Metadata,
    mfa: &MfaToken,
    challenge: &MfaChallenge,
    code: &SecretText,
) -> Result<Request<Vec<u8>>, OauthError> {
    let token = ("mfa_token", mfa.0.expose());
    match challenge {
        MfaChallenge::Otp => {
            let own = [token, ("otp", code.expose())];
            grant(settings, metadata, "http://auth0.com/oauth/grant-type/mfa-otp", &own)
        }
        MfaChallenge::Oob { oob_code, asks_for_code } => {
            let mut own = vec![token, ("oob_code", oob_code.expose())];
            if *asks_for_code {
                own.push(("binding_code", code.expose()));
            }
            grant(settings, metadata, "http://auth0.com/oauth/grant-type/mfa-oob", &own)
        }
    }
}

/// Auth0's own words for what is wrong with a setting.
pub(crate) fn setting_to_change(code: &str, description: &str) -> Option<OauthError> {
    let hint = match code {
        "access_denied" | "invalid_request"
            if description.contains("Service not found")
                || description.contains("Service not enabled within domain") =>
        {
            "Auth0 does not know the audience; set audience to the API's identifier, under Applications > APIs"
        }
        "unauthorized_client" if description.contains("Grant type") => {
            "Auth0 does not allow this grant for the application; turn it on under Applications > APP > Advanced Settings \
             > Grant Types"
        }
        "access_denied" | "unauthorized_client" if description.contains("not authorized to access") => {
            "Auth0 does not let the application use this API; authorise it under Applications > APIs > API > Application \
             Access"
        }
        "invalid_request" if description.contains("custom domain") => {
            "Auth0 serves passkeys under a custom domain only; add one under Branding > Custom Domains and set it as the \
             provider's domain"
        }
        "bad.connection" | "invalid_connection" | "invalid_request"
            if description.to_ascii_lowercase().contains("connection") =>
        {
            "Auth0 does not know the connection, or it is off for the application; turn it on under Applications > APP > \
             Connections"
        }
        _ => return None,
    };
    Some(OauthError::Configuration { hint: hint.to_owned() })
}

/// Auth0's own codes that only time helps with.
pub(crate) fn is_passing(code: &str) -> bool {
    matches!(code, "too_many_attempts" | "too_many_requests" | "too_many_logins")
}

fn grant(
    settings: &ProviderSettings,
    metadata: &Metadata,
    grant_type: &str,
    own: &[(&str, &str)],
) -> Result<Request<Vec<u8>>, OauthError> {
    let scope = authorize::scope(settings);
    let mut parameters = vec![
        ("grant_type", grant_type),
        ("client_id", settings.client_id.as_str()),
        ("scope", scope.as_str()),
    ];
    parameters.extend(settings.audience.as_deref().map(|audience| ("audience", audience)));
    parameters.extend_from_slice(own);
    endpoint::post(&metadata.token_endpoint, &parameters)
}

fn at_tenant(settings: &ProviderSettings, path: &str) -> Result<Url, OauthError> {
    endpoint::judge(&settings.issuer, settings.allow_loopback_http)
        .and_then(|issuer| issuer.join(path).ok())
        .ok_or_else(|| OauthError::Configuration {
            hint: "issuer must be an https URL; set it to https://DOMAIN/ of the tenant".to_owned(),
        })
}

fn post_json(url: &Url, body: &Value) -> Result<Request<Vec<u8>>, OauthError> {
    let json_type = HeaderValue::from_static("application/json");
    Request::builder()
        .method(Method::POST)
        .uri(url.as_str())
        .header(ACCEPT, json_type.clone())
        .header(CONTENT_TYPE, json_type)
        .body(body.to_string().into_bytes())
        .map_err(|_| OauthError::Protocol { what: "an endpoint's URL can't be asked over HTTP" })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{fixture, provider_error};

    fn settings() -> ProviderSettings {
        ProviderSettings {
            audience: Some("https://api.portal".into()),
            ..ProviderSettings::auth0("login.portal.example", "app")
        }
    }

    fn json_body(request: &Request<Vec<u8>>) -> Value {
        serde_json::from_slice(request.body()).unwrap()
    }

    fn value<'a>(form: &'a [(String, String)], name: &str) -> &'a str {
        form.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value)
    }

    #[test]
    fn the_issuer_ends_in_a_slash_and_logout_is_v2() {
        let settings = ProviderSettings::auth0("portal.eu.auth0.com", "app");
        assert_eq!(settings.issuer, "https://portal.eu.auth0.com/");
        assert_eq!(
            settings.auth0_logout_url("com.example.portal:/out").unwrap(),
            "https://portal.eu.auth0.com/v2/logout?client_id=app&returnTo=com.example.portal%3A%2Fout"
        );
        let broken = ProviderSettings::auth0("", "app");
        assert!(matches!(broken.auth0_logout_url("x"), Err(OauthError::Configuration { .. })));
    }

    #[test]
    fn a_code_is_sent_and_redeemed() {
        let channel = Channel::Email("alice@example.com");
        let start = start_passwordless(&settings(), channel).unwrap();
        assert_eq!(start.uri(), "https://login.portal.example/passwordless/start");
        let expected = json!({
            "client_id": "app", "connection": "email", "email": "alice@example.com", "send": "code",
        });
        assert_eq!(json_body(&start), expected);
        assert!(passwordless_started(&fixture::answer(200, &json!({}))).is_ok());
        assert!(passwordless_started(&fixture::answer(400, &json!({"error": "bad.connection"}))).is_err());

        let code = SecretText::new("123456".into());
        let sms = Channel::Sms("+431234567");
        let form = fixture::form(&passwordless_grant(&settings(), &fixture::metadata(), sms, &code).unwrap());
        assert_eq!(value(&form, "grant_type"), PASSWORDLESS_GRANT);
        assert_eq!((value(&form, "realm"), value(&form, "username")), ("sms", "+431234567"));
        assert_eq!((value(&form, "otp"), value(&form, "audience")), ("123456", "https://api.portal"));
    }

    #[test]
    fn a_passkey_is_asked_for_and_redeemed() {
        let start = start_passkey(&settings()).unwrap();
        assert_eq!(start.uri(), "https://login.portal.example/passkey/challenge");
        let sign_up = start_passkey_sign_up(&settings(), "a@example.com", Some("Alice")).unwrap();
        assert_eq!(json_body(&sign_up)["user_profile"], json!({"email": "a@example.com", "name": "Alice"}));

        let answer = json!({
            "auth_session": "session-canary", "authn_params_public_key": {"challenge": "AAAA", "timeout": null},
        });
        let passkey = passkey_started(&fixture::answer(200, &answer)).unwrap();
        assert_eq!(passkey.options_json, r#"{"challenge":"AAAA","timeout":null}"#);
        assert!(!format!("{passkey:?}").contains("canary"));
        let request =
            passkey_grant(&settings(), &fixture::metadata(), &passkey, r#"{"id":"x","type":"public-key"}"#)
                .unwrap();
        let body = json_body(&request);
        assert_eq!(body["grant_type"], PASSKEY_GRANT);
        assert_eq!(body["authn_response"], json!({"id": "x", "type": "public-key"}));
        assert_eq!(body["auth_session"], "session-canary");
        assert!(passkey_grant(&settings(), &fixture::metadata(), &passkey, "no json").is_err());
        for broken in [json!({"auth_session": "s"}), json!({"authn_params_public_key": {}}), json!({})] {
            assert!(passkey_started(&fixture::answer(200, &broken)).is_err(), "{broken}");
        }
    }

    #[test]
    fn a_second_factor_is_asked_for_and_redeemed() {
        let wanted = fixture::answer(403, &json!({"error": "mfa_required", "mfa_token": "mfa-canary"}));
        let mfa = mfa_required(&wanted).unwrap();
        assert!(!format!("{mfa:?}").contains("canary"));
        assert!(mfa_required(&fixture::answer(403, &json!({"error": "invalid_grant"}))).is_none());
        assert_eq!(json_body(&start_challenge(&settings(), &mfa).unwrap())["mfa_token"], "mfa-canary");

        let code = SecretText::new("654321".into());
        let challenge = |body: Value| challenge_started(&fixture::answer(200, &body));
        let grant = |challenge: &MfaChallenge| {
            fixture::form(&mfa_grant(&settings(), &fixture::metadata(), &mfa, challenge, &code).unwrap())
        };
        let otp = grant(&challenge(json!({"challenge_type": "otp"})).unwrap());
        assert_eq!(value(&otp, "otp"), "654321");
        let sent = json!({"challenge_type": "oob", "oob_code": "o", "binding_method": "prompt"});
        let sent = grant(&challenge(sent).unwrap());
        assert_eq!((value(&sent, "oob_code"), value(&sent, "binding_code")), ("o", "654321"));
        let pushed = grant(&challenge(json!({"challenge_type": "oob", "oob_code": "o"})).unwrap());
        assert_eq!(value(&pushed, "binding_code"), "");
        assert!(challenge(json!({"challenge_type": "oob"})).is_err());
    }

    #[test]
    fn a_native_social_token_names_its_kind() {
        let token = SecretText::new("apple-code".into());
        let request =
            native_social_grant(&settings(), &fixture::metadata(), NativeSocial::Apple, &token).unwrap();
        let form = fixture::form(&request);
        assert_eq!(value(&form, "subject_token_type"), "http://auth0.com/oauth/token-type/apple-authz-code");
        assert_eq!(value(&form, "subject_token"), "apple-code");
    }

    #[test]
    fn its_own_words_name_the_setting() {
        for (code, description, names) in [
            ("access_denied", "Service not found: https://api.x", "audience"),
            ("access_denied", "Service not enabled within domain: https://api.x", "audience"),
            ("access_denied", "Client is not authorized to access \"https://api.x\".", "Application Access"),
            ("bad.connection", "Connection does not exist", "Connections"),
            ("unauthorized_client", "Grant type 'x' not allowed for the client.", "Grant Types"),
            ("invalid_request", "Passkeys require a custom domain", "Custom Domains"),
            ("invalid_request", "the connection was not found", "Connections"),
        ] {
            let error = provider_error::from_code(code, Some(description));
            assert!(
                matches!(&error, OauthError::Configuration { hint } if hint.contains(names)),
                "{error:?}"
            );
        }
        let declined = provider_error::from_code("access_denied", Some("User did not authorize the request"));
        assert!(matches!(declined, OauthError::Declined { .. }));
        let later = provider_error::from_code("too_many_attempts", None);
        assert!(matches!(later, OauthError::Temporary { .. }));
    }
}
