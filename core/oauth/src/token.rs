//! The token endpoint (RFC 6749, sections 4.1.3, 5 and 6).

use http::{Request, Response};
use pforte_host::SecretText;
use serde::{Deserialize, Serialize};

use crate::json::Object;
use crate::{
    AuthorizationCode, Metadata, OauthError, ProviderSettings, Transaction, endpoint, http_date, reply,
};

/// How the access token is presented.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenType {
    /// RFC 6750.
    Bearer,
    /// RFC 9449.
    Dpop,
}

impl TokenType {
    /// The authentication scheme: `Bearer` or `DPoP`.
    pub fn scheme(self) -> &'static str {
        match self {
            Self::Bearer => "Bearer",
            Self::Dpop => "DPoP",
        }
    }
}

/// What the token endpoint gave. Seal the refresh token before anything else is checked: the old one may be dead.
#[derive(Debug, Clone)]
pub struct TokenResponse {
    /// The access token.
    pub access_token: SecretText,
    /// How it is presented.
    pub token_type: TokenType,
    /// Its lifetime in seconds, where the provider says.
    pub expires_in_seconds: Option<u64>,
    /// The refresh token; after a refresh nothing means: the old one stays.
    pub refresh_token: Option<SecretText>,
    /// The ID token, not judged yet: see [`crate::id_token`].
    pub id_token: Option<SecretText>,
    /// The scopes granted, where they differ from those asked for.
    pub scope: Option<Vec<String>>,
    /// The provider's time (its `Date` header), in seconds since 1970.
    pub server_time_s: Option<i64>,
}

/// Redeems an authorization code.
pub fn code_request(
    settings: &ProviderSettings,
    metadata: &Metadata,
    transaction: &Transaction,
    code: &AuthorizationCode,
) -> Result<Request<Vec<u8>>, OauthError> {
    let one_provider = transaction.issuer == settings.issuer && transaction.issuer == metadata.issuer;
    if !one_provider || transaction.client_id != settings.client_id {
        return Err(OauthError::Protocol {
            what: "the code belongs to a sign-in at another provider or client",
        });
    }
    let mut parameters = vec![
        ("grant_type", "authorization_code"),
        ("code", code.0.expose()),
        ("redirect_uri", transaction.redirect_uri.as_str()),
        ("client_id", settings.client_id.as_str()),
        ("code_verifier", transaction.code_verifier.expose()),
    ];
    parameters.extend(transaction.resources.iter().map(|resource| ("resource", resource.as_str())));
    endpoint::post(&metadata.token_endpoint, &parameters)
}

/// What a refresh asks for; everything empty asks for the same again.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RefreshOptions {
    /// Fewer scopes than granted; empty for all.
    pub scopes: Vec<String>,
    /// The APIs the access token is for (RFC 8707).
    pub resources: Vec<String>,
    /// Auth0's `audience`, where a refresh token serves several APIs.
    pub audience: Option<String>,
}

/// Redeems a refresh token.
pub fn refresh_request(
    settings: &ProviderSettings,
    metadata: &Metadata,
    refresh_token: &SecretText,
    options: &RefreshOptions,
) -> Result<Request<Vec<u8>>, OauthError> {
    let scope = options.scopes.join(" ");
    let mut parameters = vec![
        ("grant_type", "refresh_token"),
        ("refresh_token", refresh_token.expose()),
        ("client_id", settings.client_id.as_str()),
    ];
    if !scope.is_empty() {
        parameters.push(("scope", &scope));
    }
    parameters.extend(options.resources.iter().map(|resource| ("resource", resource.as_str())));
    parameters.extend(options.audience.as_deref().map(|audience| ("audience", audience)));
    endpoint::post(&metadata.token_endpoint, &parameters)
}

/// Judges the answer to any request to the token endpoint. `expected` is [`TokenType::Dpop`] where a proof was sent:
/// a Bearer token is then refused.
pub fn response(response: &Response<Vec<u8>>, expected: TokenType) -> Result<TokenResponse, OauthError> {
    read(&reply::object(response)?, response, expected)
}

/// Reads a successful answer; [`crate::exchange`] looks at one member more.
pub(crate) fn read(
    object: &Object,
    response: &Response<Vec<u8>>,
    expected: TokenType,
) -> Result<TokenResponse, OauthError> {
    let secret = |name: &str, what: &'static str| match object.text(name) {
        Ok(None) => Ok(None),
        Ok(Some(text)) if is_token(text) => Ok(Some(SecretText::new(text.to_owned()))),
        _ => Err(OauthError::Protocol { what }),
    };
    let access_token = secret("access_token", "access_token is mistyped")?
        .ok_or(OauthError::Protocol { what: "the token response has no access_token" })?;
    let token_type = match object.text("token_type") {
        Ok(Some(name)) if name.eq_ignore_ascii_case("bearer") => TokenType::Bearer,
        Ok(Some(name)) if name.eq_ignore_ascii_case("dpop") => TokenType::Dpop,
        _ => return Err(OauthError::Protocol { what: "token_type is neither Bearer nor DPoP" }),
    };
    if token_type != expected {
        return Err(OauthError::Protocol {
            what: "token_type is not what the request asked for (RFC 9449, section 5)",
        });
    }
    let refresh_token = secret("refresh_token", "refresh_token is mistyped")?;
    let id_token = secret("id_token", "id_token is mistyped")?;
    Ok(TokenResponse {
        access_token,
        token_type,
        expires_in_seconds: expires_in(object),
        refresh_token,
        id_token,
        scope: object
            .text("scope")
            .ok()
            .flatten()
            .map(|list| list.split(' ').filter(|scope| !scope.is_empty()).map(str::to_owned).collect()),
        server_time_s: http_date::server_time_s(response.headers()),
    })
}

/// Printable ASCII without spaces (RFC 6749, appendix A.12), so that it fits into a header.
fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic())
}

/// Some providers write the number as text. What can't be read counts as not said: a rotated refresh token beside it is
/// worth more.
fn expires_in(object: &Object) -> Option<u64> {
    match object.value("expires_in")? {
        serde_json::Value::Number(number) => number.as_u64(),
        serde_json::Value::String(text) if text.bytes().all(|byte| byte.is_ascii_digit()) => {
            text.parse().ok()
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;
    use crate::fixture;

    fn good() -> Value {
        json!({"access_token": "at", "token_type": "bearer", "expires_in": 300, "refresh_token": "rt",
            "id_token": "a.b.c", "scope": "openid  email"})
    }

    fn judged(change: impl FnOnce(&mut Value)) -> Result<TokenResponse, OauthError> {
        let mut body = good();
        change(&mut body);
        response(&fixture::answer(200, &body), TokenType::Bearer)
    }

    #[test]
    fn the_code_request_is_rfc_6749_and_7636() {
        let code = AuthorizationCode(SecretText::new("c&d".into()));
        let request =
            code_request(&fixture::settings(), &fixture::metadata(), &fixture::transaction(0), &code)
                .unwrap();
        assert_eq!(
            (request.method(), request.uri().to_string().as_str()),
            (&http::Method::POST, "https://id.example.com/token")
        );
        assert_eq!(request.headers()["content-type"], "application/x-www-form-urlencoded");
        let expected = [
            ("grant_type", "authorization_code"),
            ("code", "c&d"),
            ("redirect_uri", "com.example.portal:/callback"),
            ("client_id", "portal-app"),
            ("code_verifier", "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"),
        ];
        assert_eq!(
            fixture::form(&request),
            expected.map(|(name, value)| (name.to_owned(), value.to_owned()))
        );
    }

    /// Attack list 1: a code never goes to another provider's token endpoint.
    #[test]
    fn a_code_stays_with_its_provider_and_client() {
        let code = AuthorizationCode(SecretText::new("c".into()));
        let transaction = fixture::transaction(0);
        let other_issuer = ProviderSettings { issuer: "https://evil.example".into(), ..fixture::settings() };
        let other_client = ProviderSettings { client_id: "another".into(), ..fixture::settings() };
        let other_metadata = Metadata { issuer: "https://evil.example".into(), ..fixture::metadata() };
        assert!(code_request(&other_issuer, &fixture::metadata(), &transaction, &code).is_err());
        assert!(code_request(&other_client, &fixture::metadata(), &transaction, &code).is_err());
        assert!(code_request(&fixture::settings(), &other_metadata, &transaction, &code).is_err());
    }

    #[test]
    fn the_refresh_request_asks_for_the_same_or_less() {
        let token = SecretText::new("rt".into());
        let form = |options: &RefreshOptions| {
            fixture::form(
                &refresh_request(&fixture::settings(), &fixture::metadata(), &token, options).unwrap(),
            )
        };
        assert_eq!(form(&RefreshOptions::default()).len(), 3);
        let options = RefreshOptions {
            scopes: vec!["openid".into(), "email".into()],
            resources: vec!["https://api.example.com".into()],
            audience: Some("https://other".into()),
        };
        let sent = form(&options);
        for (name, value) in [
            ("scope", "openid email"),
            ("resource", "https://api.example.com"),
            ("audience", "https://other"),
        ] {
            assert!(sent.contains(&(name.to_owned(), value.to_owned())), "{name}");
        }
    }

    #[test]
    fn a_good_answer_is_read_and_not_printed() {
        let tokens = judged(|_| ()).unwrap();
        assert_eq!(tokens.access_token.expose(), "at");
        assert_eq!(tokens.expires_in_seconds, Some(300));
        assert_eq!(tokens.scope, Some(vec!["openid".into(), "email".into()]));
        let printed = format!("{tokens:?}");
        assert!(!printed.contains("a.b.c") && !printed.contains("\"rt\"") && !printed.contains("\"at\""));
    }

    #[test]
    fn expires_in_may_be_absent_or_odd() {
        for (value, seconds) in [
            (Value::Null, None),
            (json!("3600"), Some(3600)),
            (json!(-1), None),
            (json!(1.5), None),
            (json!("x"), None),
            (json!(u64::MAX), Some(u64::MAX)),
        ] {
            assert_eq!(
                judged(|body| body["expires_in"] = value.clone()).unwrap().expires_in_seconds,
                seconds,
                "{value}"
            );
        }
    }

    #[test]
    fn mistyped_tokens_are_refused() {
        for name in ["access_token", "refresh_token", "id_token"] {
            for value in [json!(5), json!(""), json!("a b"), json!("a\nb"), json!(["a"]), json!("\u{e9}")] {
                let result = judged(|body| body[name] = value.clone());
                assert!(matches!(result, Err(OauthError::Protocol { .. })), "{name} {value}");
            }
        }
        assert!(judged(|body| body["access_token"] = Value::Null).is_err());
    }

    /// Attack list 29.
    #[test]
    fn the_token_type_is_not_downgraded() {
        for name in ["Bearer", "BEARER", "bearer"] {
            assert!(judged(|body| body["token_type"] = name.into()).is_ok());
            let body = json!({"access_token": "at", "token_type": name});
            assert!(matches!(
                response(&fixture::answer(200, &body), TokenType::Dpop),
                Err(OauthError::Protocol { .. })
            ));
        }
        let body = json!({"access_token": "at", "token_type": "dpop"});
        assert_eq!(
            response(&fixture::answer(200, &body), TokenType::Dpop).unwrap().token_type,
            TokenType::Dpop
        );
        for name in [json!("mac"), json!(""), Value::Null, json!(1), json!("DPoP")] {
            assert!(judged(|body| body["token_type"] = name.clone()).is_err(), "{name}");
        }
    }

    #[test]
    fn the_servers_time_is_taken_from_its_answer() {
        let mut answer = fixture::answer(200, &good());
        answer.headers_mut().insert("date", http::HeaderValue::from_static("Sun, 06 Nov 1994 08:49:37 GMT"));
        assert_eq!(response(&answer, TokenType::Bearer).unwrap().server_time_s, Some(784_111_777));
    }

    #[test]
    fn errors_say_what_to_do() {
        let error = |status: u16, body: Value| {
            response(&fixture::answer(status, &body), TokenType::Bearer).err().unwrap()
        };
        assert!(matches!(error(400, json!({"error": "invalid_grant"})), OauthError::InvalidGrant { .. }));
        assert!(matches!(error(401, json!({"error": "invalid_client"})), OauthError::Configuration { .. }));
        assert!(matches!(error(503, json!({"error": "invalid_grant"})), OauthError::Temporary { .. }));
        assert!(matches!(error(200, json!({"error": "invalid_grant"})), OauthError::Protocol { .. }));
    }

    proptest! {
        #[test]
        fn no_body_panics(status in 100u16..600, body in proptest::collection::vec(any::<u8>(), 0..300)) {
            let answer = Response::builder().status(status).body(body).unwrap();
            prop_assert!(response(&answer, TokenType::Bearer).is_err());
        }
    }
}
