//! Token exchange (RFC 8693).

use http::{Request, Response};
use pforte_host::SecretText;

use crate::{Metadata, OauthError, ProviderSettings, TokenResponse, TokenType, endpoint, reply, token};

/// The token type identifiers of RFC 8693, section 3.
pub mod token_type {
    /// An access token.
    pub const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";
    /// A refresh token.
    pub const REFRESH_TOKEN: &str = "urn:ietf:params:oauth:token-type:refresh_token";
    /// An ID token.
    pub const ID_TOKEN: &str = "urn:ietf:params:oauth:token-type:id_token";
    /// Any other JWT.
    pub const JWT: &str = "urn:ietf:params:oauth:token-type:jwt";
}

/// What is given, and what is wanted for it.
#[derive(Debug, Clone)]
pub struct Exchange {
    /// The token that is given, such as the ID token of a native social sign-in.
    pub subject_token: SecretText,
    /// What it is: one of [`token_type`], or the provider's own identifier.
    pub subject_token_type: String,
    /// What is wanted; nothing leaves it to the provider.
    pub requested_token_type: Option<String>,
    /// The service the new token is for, by the provider's name for it.
    pub audience: Option<String>,
    /// The APIs the new token is for (RFC 8707).
    pub resources: Vec<String>,
    /// The scopes; empty leaves them to the provider.
    pub scopes: Vec<String>,
}

/// Gives one token for another.
pub fn request(
    settings: &ProviderSettings,
    metadata: &Metadata,
    exchange: &Exchange,
) -> Result<Request<Vec<u8>>, OauthError> {
    let scope = exchange.scopes.join(" ");
    let mut parameters = vec![
        ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"),
        ("client_id", settings.client_id.as_str()),
        ("subject_token", exchange.subject_token.expose()),
        ("subject_token_type", exchange.subject_token_type.as_str()),
    ];
    parameters
        .extend(exchange.requested_token_type.as_deref().map(|wanted| ("requested_token_type", wanted)));
    parameters.extend(exchange.audience.as_deref().map(|audience| ("audience", audience)));
    parameters.extend(exchange.resources.iter().map(|resource| ("resource", resource.as_str())));
    if !scope.is_empty() {
        parameters.push(("scope", &scope));
    }
    endpoint::post(&metadata.token_endpoint, &parameters)
}

/// Judges the answer: what was issued must be what was wanted, and an access token wherever nothing else was.
pub fn response(
    response: &Response<Vec<u8>>,
    exchange: &Exchange,
    expected: TokenType,
) -> Result<TokenResponse, OauthError> {
    let object = reply::object(response)?;
    let wanted = exchange.requested_token_type.as_deref().unwrap_or(token_type::ACCESS_TOKEN);
    if object.text("issued_token_type") != Ok(Some(wanted)) {
        return Err(OauthError::Protocol {
            what: "the exchange gave another type of token (RFC 8693, section 2.2.1)",
        });
    }
    token::read(&object, response, expected)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::fixture;

    fn exchange() -> Exchange {
        Exchange {
            subject_token: SecretText::new("social".into()),
            subject_token_type: token_type::ID_TOKEN.into(),
            requested_token_type: None,
            audience: Some("portal".into()),
            resources: vec!["https://api.example.com".into()],
            scopes: vec!["openid".into(), "email".into()],
        }
    }

    #[test]
    fn the_request_is_rfc_8693() {
        let sent = fixture::form(&request(&fixture::settings(), &fixture::metadata(), &exchange()).unwrap());
        let expected = [
            ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"),
            ("client_id", "portal-app"),
            ("subject_token", "social"),
            ("subject_token_type", token_type::ID_TOKEN),
            ("audience", "portal"),
            ("resource", "https://api.example.com"),
            ("scope", "openid email"),
        ];
        assert_eq!(sent, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
        assert!(!format!("{:?}", exchange()).contains("social"));
    }

    #[test]
    fn another_type_of_token_is_refused() {
        let judged = |issued: Value| {
            let body = json!({"access_token": "at", "token_type": "Bearer", "issued_token_type": issued});
            response(&fixture::answer(200, &body), &exchange(), TokenType::Bearer)
        };
        assert_eq!(judged(json!(token_type::ACCESS_TOKEN)).unwrap().access_token.expose(), "at");
        for other in [json!(token_type::ID_TOKEN), Value::Null, json!(5)] {
            assert!(matches!(judged(other.clone()), Err(OauthError::Protocol { .. })), "{other}");
        }
    }
}
