//! UserInfo (OIDC Core 1.0, section 5.3).

use std::fmt;

use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderValue, Request, Response};
use pforte_host::SecretText;
use serde_json::{Map, Value};

use crate::id_token::email_verified;
use crate::json::Mistyped;
use crate::{Metadata, OauthError, TokenType, challenge, endpoint, reply};

/// What the provider tells about the person. Its `Debug` tells nothing of it.
#[derive(Clone, PartialEq, Eq)]
pub struct UserInfo {
    /// `sub`, equal to the ID token's.
    pub subject: String,
    /// `name`.
    pub name: Option<String>,
    /// `email`.
    pub email: Option<String>,
    /// `email_verified`.
    pub email_verified: Option<bool>,
    /// Every claim, as it came.
    pub claims: Map<String, Value>,
}

impl fmt::Debug for UserInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("UserInfo(..)")
    }
}

/// Asks for the person's claims. With DPoP, add the proof with [`crate::dpop::attach`].
pub fn request(
    metadata: &Metadata,
    access_token: &SecretText,
    token_type: TokenType,
) -> Result<Request<Vec<u8>>, OauthError> {
    let url = metadata.userinfo_endpoint.as_ref().ok_or_else(|| OauthError::Configuration {
        hint: "the provider has no UserInfo endpoint; ask for the claims in the ID token instead".to_owned(),
    })?;
    let mut request = endpoint::get(url)?;
    request.headers_mut().insert(AUTHORIZATION, authorization(access_token, token_type)?);
    Ok(request)
}

/// The `Authorization` header of a call with `access_token`, marked as sensitive.
pub(crate) fn authorization(
    access_token: &SecretText,
    token_type: TokenType,
) -> Result<HeaderValue, OauthError> {
    let text = zeroize::Zeroizing::new(format!("{} {}", token_type.scheme(), access_token.expose()));
    let mut value = HeaderValue::from_str(&text)
        .map_err(|_| OauthError::Protocol { what: "the access token does not fit into a header" })?;
    value.set_sensitive(true);
    Ok(value)
}

/// Judges the answer: `sub` must be `subject`. Where the access token is refused, [`OauthError::AccessTokenRefused`]
/// asks for a refresh, [`OauthError::InteractionNeeded`] for step-up.
pub fn response(response: &Response<Vec<u8>>, subject: &str) -> Result<UserInfo, OauthError> {
    if let Some(refusal) = challenge::refusal(response)? {
        return Err(refusal.into());
    }
    let signed = response
        .headers()
        .get(CONTENT_TYPE)
        .is_some_and(|value| value.as_bytes().starts_with(b"application/jwt"));
    if response.status().is_success() && signed {
        return Err(OauthError::Configuration {
            hint: "the provider signs UserInfo for this client; turn that off (userinfo_signed_response_alg)"
                .to_owned(),
        });
    }
    let object = reply::object(response)?;
    let mistyped = |_: Mistyped| OauthError::Protocol { what: "a UserInfo claim has the wrong type" };
    if object.text("sub") != Ok(Some(subject)) {
        return Err(OauthError::Protocol { what: "UserInfo is about another person than the ID token" });
    }
    Ok(UserInfo {
        subject: subject.to_owned(),
        name: object.text("name").map_err(mistyped)?.map(str::to_owned),
        email: object.text("email").map_err(mistyped)?.map(str::to_owned),
        email_verified: email_verified(&object).map_err(mistyped)?,
        claims: object.0,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::fixture;

    #[test]
    fn the_token_travels_in_the_header_and_is_not_printed() {
        let token = SecretText::new("at".into());
        let request = request(&fixture::metadata(), &token, TokenType::Dpop).unwrap();
        assert_eq!(request.headers()["authorization"], "DPoP at");
        assert!(!format!("{request:?}").contains("DPoP at"));
    }

    #[test]
    fn claims_are_read() {
        let body =
            json!({"sub": "alice", "email": "a@example.com", "email_verified": "true", "locale": "de"});
        let info = response(&fixture::answer(200, &body), "alice").unwrap();
        assert_eq!((info.email.as_deref(), info.email_verified), (Some("a@example.com"), Some(true)));
        assert_eq!(info.claims["locale"], "de");
        assert!(!format!("{info:?}").contains("example.com"));
    }

    /// Attack list 20.
    #[test]
    fn another_person_is_refused() {
        for sub in [json!("mallory"), json!("Alice"), Value::Null, json!(5), json!(["alice"]), json!("")] {
            let result = response(&fixture::answer(200, &json!({"sub": sub})), "alice");
            assert!(matches!(result, Err(OauthError::Protocol { .. })), "{sub}");
        }
    }

    #[test]
    fn a_refused_token_asks_for_a_refresh() {
        let mut answer = fixture::answer(401, &json!({}));
        answer
            .headers_mut()
            .insert("www-authenticate", HeaderValue::from_static("Bearer error=\"invalid_token\""));
        assert_eq!(response(&answer, "alice"), Err(OauthError::AccessTokenRefused));
    }

    #[test]
    fn signed_userinfo_names_the_setting() {
        let answer =
            Response::builder().header("content-type", "application/jwt").body(b"a.b.c".to_vec()).unwrap();
        assert!(matches!(response(&answer, "alice"), Err(OauthError::Configuration { .. })));
    }
}
