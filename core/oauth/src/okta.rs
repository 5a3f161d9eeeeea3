//! Where Okta differs from the specifications, in one place.
//!
//! - The issuer names the authorization server: `https://DOMAIN/oauth2/default`, or `https://DOMAIN` for the org's own.
//! - A social provider is chosen by `idp`.
//! - A rotated refresh token is accepted for 30 s more by default; where the app's setting differs, set
//!   `refresh_grace_s` to it.
//! - Direct authentication signs in without a page: a code of an authenticator, or a push to another device. Its
//!   endpoints lie beside the token endpoint; its grants are turned on for the app (General > Grant type > Advanced) and in the
//!   authorization server's access policy.
//!
//! ```text
//! otp_grant ──────────────────────────────────────────────┐
//! start_oob ─> Oob ─> (the person confirms) ─> oob_grant ──┴─> oob_response ─> tokens, or not yet
//! ```

use http::{Request, Response};
use pforte_host::SecretText;
use url::Url;

use crate::settings::{ProviderSettings, Vendor};
use crate::{Metadata, OauthError, TokenResponse, TokenType, authorize, endpoint, reply, token};

pub(crate) const IDENTITY_PROVIDER: &str = "idp";

/// Okta's default for "grace period for token rotation", in seconds.
const DEFAULT_GRACE_S: u32 = 30;

const OTP_GRANT: &str = "urn:okta:params:oauth:grant-type:otp";
const OOB_GRANT: &str = "urn:okta:params:oauth:grant-type:oob";

impl ProviderSettings {
    /// An Okta authorization server by its issuer, such as `https://example.okta.com/oauth2/default`.
    pub fn okta(issuer: impl Into<String>, client_id: impl Into<String>) -> Self {
        Self { vendor: Vendor::Okta, refresh_grace_s: DEFAULT_GRACE_S, ..Self::oidc(issuer, client_id) }
    }
}

/// Redeems a code of an authenticator app.
pub fn otp_grant(
    settings: &ProviderSettings,
    metadata: &Metadata,
    login_hint: &str,
    code: &SecretText,
) -> Result<Request<Vec<u8>>, OauthError> {
    let own = [("grant_type", OTP_GRANT), ("login_hint", login_hint), ("otp", code.expose())];
    grant(settings, metadata, &own)
}

/// Where the person is to confirm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Channel {
    /// Okta Verify on another device.
    Push,
    /// A code by SMS.
    Sms,
    /// A code by a call.
    Voice,
}

/// A confirmation that is under way.
#[derive(Debug, Clone)]
pub struct Oob {
    code: SecretText,
    /// How long it lasts, in seconds.
    pub expires_in_seconds: i64,
    /// How long to wait between two asks, in seconds.
    pub interval_seconds: i64,
    /// Whether the person has to type a code in here.
    pub asks_for_code: bool,
    /// What the person has to find on the other device, to be shown here.
    pub shows: Option<String>,
}

/// Begins a confirmation on another device.
pub fn start_oob(
    settings: &ProviderSettings,
    metadata: &Metadata,
    login_hint: &str,
    channel: Channel,
) -> Result<Request<Vec<u8>>, OauthError> {
    let channel = match channel {
        Channel::Push => "push",
        Channel::Sms => "sms",
        Channel::Voice => "voice",
    };
    let parameters = [
        ("client_id", settings.client_id.as_str()),
        ("login_hint", login_hint),
        ("channel_hint", channel),
        ("challenge_hint", OOB_GRANT),
    ];
    endpoint::post(&beside_token(metadata, "primary-authenticate")?, &parameters)
}

/// Judges the answer.
pub fn oob_started(response: &Response<Vec<u8>>) -> Result<Oob, OauthError> {
    let object = reply::object(response)?;
    let text = |name: &str| object.text(name).ok().flatten();
    let seconds = |name: &str| object.seconds(name).ok().flatten();
    let code = text("oob_code").ok_or(OauthError::Protocol { what: "the confirmation has no oob_code" })?;
    Ok(Oob {
        code: SecretText::new(code.to_owned()),
        expires_in_seconds: seconds("expires_in").unwrap_or(120).min(3_600),
        interval_seconds: seconds("interval").unwrap_or(5).clamp(1, 60),
        asks_for_code: text("binding_method") == Some("prompt"),
        shows: text("binding_code").filter(|_| text("binding_method") == Some("transfer")).map(str::to_owned),
    })
}

/// Asks whether the person has confirmed; `code` is what they typed in, where that was asked for.
pub fn oob_grant(
    settings: &ProviderSettings,
    metadata: &Metadata,
    oob: &Oob,
    code: Option<&SecretText>,
) -> Result<Request<Vec<u8>>, OauthError> {
    let mut own = vec![("grant_type", OOB_GRANT), ("oob_code", oob.code.expose())];
    own.extend(code.map(|code| ("binding_code", code.expose())));
    grant(settings, metadata, &own)
}

/// Judges the answer: the tokens, or nothing while the person has not confirmed.
pub fn oob_response(
    response: &Response<Vec<u8>>,
    expected: TokenType,
) -> Result<Option<TokenResponse>, OauthError> {
    let pending = response.status().is_client_error()
        && reply::body_object(response)
            .is_ok_and(|body| matches!(body.text("error"), Ok(Some("authorization_pending" | "slow_down"))));
    if pending { Ok(None) } else { token::response(response, expected).map(Some) }
}

/// Okta's own words for what is wrong with a setting.
pub(crate) fn setting_to_change(code: &str, description: &str) -> Option<OauthError> {
    let hint = match code {
        "access_denied" if description.contains("Policy evaluation failed") => {
            "no access policy of Okta's authorization server fits; add a rule for this client and grant under Security > API \
             > SERVER > Access Policies"
        }
        "unauthorized_client" if description.contains("grant") => {
            "Okta does not allow this grant for the app; turn it on under Applications > APP > General > Grant type"
        }
        "invalid_scope" if description.contains("not configured") => {
            "Okta's authorization server does not know a scope; add it under Security > API > SERVER > Scopes, or remove it \
             from scopes"
        }
        "invalid_scope" if description.contains("Custom scopes are not allowed") => {
            "Okta's org authorization server knows no scopes of your own; set issuer to a custom authorization server, such \
             as https://DOMAIN/oauth2/default, or remove the scope"
        }
        "invalid_dpop_proof" if description.contains("DPoP proof JWT header is missing") => {
            "the Okta app demands DPoP; turn dpop on, or turn off 'Require DPoP' under Applications > APP > General"
        }
        _ => return None,
    };
    Some(OauthError::Configuration { hint: hint.to_owned() })
}

fn grant(
    settings: &ProviderSettings,
    metadata: &Metadata,
    own: &[(&str, &str)],
) -> Result<Request<Vec<u8>>, OauthError> {
    let scope = authorize::scope(settings);
    let mut parameters = vec![("client_id", settings.client_id.as_str()), ("scope", scope.as_str())];
    parameters.extend_from_slice(own);
    endpoint::post(&metadata.token_endpoint, &parameters)
}

/// Direct authentication's endpoints are not in the metadata; they lie beside the token endpoint.
fn beside_token(metadata: &Metadata, name: &str) -> Result<Url, OauthError> {
    metadata
        .token_endpoint
        .join(name)
        .map_err(|_| OauthError::Protocol { what: "an endpoint's URL can't be asked over HTTP" })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{fixture, provider_error};

    fn metadata() -> Metadata {
        let token_endpoint = Url::parse("https://example.okta.com/oauth2/default/v1/token").unwrap();
        Metadata { token_endpoint, ..fixture::metadata() }
    }

    #[test]
    fn a_rotated_token_has_half_a_minute() {
        let settings = ProviderSettings::okta("https://example.okta.com/oauth2/default", "app");
        assert_eq!((settings.refresh_grace_s, settings.vendor), (30, Vendor::Okta));
    }

    #[test]
    fn a_push_is_started_beside_the_token_endpoint_and_asked_for() {
        let start = start_oob(&fixture::settings(), &metadata(), "alice", Channel::Push).unwrap();
        assert_eq!(start.uri(), "https://example.okta.com/oauth2/default/v1/primary-authenticate");
        let sent = fixture::form(&start);
        assert!(sent.contains(&("channel_hint".to_owned(), "push".to_owned())));

        let body = json!({
            "challenge_type": OOB_GRANT, "oob_code": "oob-canary", "expires_in": 120, "interval": 5, "channel": "push",
            "binding_method": "transfer", "binding_code": "95",
        });
        let oob = oob_started(&fixture::answer(200, &body)).unwrap();
        assert_eq!((oob.shows.as_deref(), oob.asks_for_code, oob.interval_seconds), (Some("95"), false, 5));
        assert!(!format!("{oob:?}").contains("canary"));
        let form = fixture::form(&oob_grant(&fixture::settings(), &metadata(), &oob, None).unwrap());
        assert!(form.contains(&("oob_code".to_owned(), "oob-canary".to_owned())));
        assert!(oob_started(&fixture::answer(200, &json!({}))).is_err());

        let pending = fixture::answer(400, &json!({"error": "authorization_pending"}));
        assert!(matches!(oob_response(&pending, TokenType::Bearer), Ok(None)));
        let tokens = fixture::answer(200, &json!({"access_token": "a", "token_type": "Bearer"}));
        assert!(matches!(oob_response(&tokens, TokenType::Bearer), Ok(Some(_))));
        let refused = fixture::answer(400, &json!({"error": "access_denied"}));
        assert!(matches!(oob_response(&refused, TokenType::Bearer), Err(OauthError::Declined { .. })));
    }

    #[test]
    fn a_code_is_redeemed() {
        let code = SecretText::new("123456".into());
        let form = fixture::form(&otp_grant(&fixture::settings(), &metadata(), "alice", &code).unwrap());
        for (name, value) in [("grant_type", OTP_GRANT), ("login_hint", "alice"), ("otp", "123456")] {
            assert!(form.contains(&(name.to_owned(), value.to_owned())), "{name}");
        }
    }

    #[test]
    fn its_own_words_name_the_setting() {
        for (code, description, names) in [
            (
                "access_denied",
                "Policy evaluation failed for this request, please check the policy configurations.",
                "Access Policies",
            ),
            (
                "unauthorized_client",
                "The client is not authorized to use the provided grant type.",
                "Grant type",
            ),
            (
                "invalid_scope",
                "One or more scopes are not configured for the authorization server resource.",
                "Scopes",
            ),
            ("invalid_scope", "Custom scopes are not allowed for this request", "/oauth2/default"),
            ("invalid_dpop_proof", "The DPoP proof JWT header is missing.", "dpop"),
        ] {
            let error = provider_error::from_code(code, Some(description));
            assert!(
                matches!(&error, OauthError::Configuration { hint } if hint.contains(names)),
                "{error:?}"
            );
        }
    }
}
