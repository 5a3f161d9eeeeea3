//! Token revocation (RFC 7009).

use http::{Request, Response, StatusCode};
use pforte_host::SecretText;

use crate::{Metadata, OauthError, ProviderSettings, endpoint, reply};

/// Revokes a refresh token, and with it its access tokens. Nothing where the provider offers no revocation.
pub fn request(
    settings: &ProviderSettings,
    metadata: &Metadata,
    refresh_token: &SecretText,
) -> Result<Option<Request<Vec<u8>>>, OauthError> {
    let parameters = [
        ("token", refresh_token.expose()),
        ("token_type_hint", "refresh_token"),
        ("client_id", settings.client_id.as_str()),
    ];
    metadata.revocation_endpoint.as_ref().map(|url| endpoint::post(url, &parameters)).transpose()
}

/// Judges the answer. A token the provider does not know is revoked already.
pub fn response(response: &Response<Vec<u8>>) -> Result<(), OauthError> {
    if matches!(response.status(), StatusCode::OK | StatusCode::NO_CONTENT) {
        return Ok(());
    }
    match reply::failure(response) {
        OauthError::InvalidGrant { .. } => Ok(()),
        other => Err(other),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::fixture;

    #[test]
    fn the_request_names_the_token_and_the_client() {
        let token = SecretText::new("rt".into());
        let request = request(&fixture::settings(), &fixture::metadata(), &token).unwrap().unwrap();
        let expected = [("token", "rt"), ("token_type_hint", "refresh_token"), ("client_id", "portal-app")];
        assert_eq!(
            fixture::form(&request),
            expected.map(|(name, value)| (name.to_owned(), value.to_owned()))
        );
        let none = Metadata { revocation_endpoint: None, ..fixture::metadata() };
        assert!(super::request(&fixture::settings(), &none, &token).unwrap().is_none());
    }

    #[test]
    fn only_an_answer_that_says_so_is_success() {
        assert_eq!(response(&fixture::answer(200, &json!({}))), Ok(()));
        assert_eq!(response(&fixture::answer(400, &json!({"error": "invalid_grant"}))), Ok(()));
        assert!(matches!(response(&fixture::answer(503, &json!({}))), Err(OauthError::Temporary { .. })));
        assert!(matches!(response(&fixture::answer(302, &json!({}))), Err(OauthError::Protocol { .. })));
        assert!(matches!(
            response(&fixture::answer(400, &json!({"error": "invalid_client"}))),
            Err(OauthError::Configuration { .. })
        ));
    }
}
