//! Pushed authorization requests (RFC 9126).

use http::{Request, Response, StatusCode};

use crate::json::Mistyped;
use crate::{Authorization, Metadata, OauthError, ProviderSettings, authorize, endpoint, reply};

/// A request that lies at the provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pushed {
    /// Its one-time name.
    pub request_uri: String,
    /// How long it lies there, in seconds.
    pub expires_in_seconds: u64,
}

/// Pushes the parameters. Nothing where the provider offers no endpoint for it.
pub fn request(
    metadata: &Metadata,
    authorization: &Authorization,
) -> Result<Option<Request<Vec<u8>>>, OauthError> {
    let endpoint = metadata.pushed_authorization_request_endpoint.as_ref();
    endpoint.map(|url| endpoint::post(url, &authorization.pairs())).transpose()
}

/// Judges the answer.
pub fn response(response: &Response<Vec<u8>>) -> Result<Pushed, OauthError> {
    // RFC 9126, section 2.2 says 201; some providers say 200.
    if !matches!(response.status(), StatusCode::CREATED | StatusCode::OK) {
        return Err(reply::failure(response));
    }
    let object = reply::body_object(response)?;
    let mistyped = |_: Mistyped| OauthError::Protocol { what: "request_uri or expires_in is mistyped" };
    let request_uri = object.text("request_uri").map_err(mistyped)?.filter(|name| !name.is_empty());
    let lifetime =
        object.seconds("expires_in").map_err(mistyped)?.and_then(|seconds| u64::try_from(seconds).ok());
    match (request_uri, lifetime) {
        (Some(name), Some(expires_in_seconds)) => {
            Ok(Pushed { request_uri: name.to_owned(), expires_in_seconds })
        }
        _ => Err(OauthError::Protocol { what: "the pushed request got no request_uri or no lifetime" }),
    }
}

/// The URL for the browser: the client and the request's name, nothing else.
pub fn url(settings: &ProviderSettings, metadata: &Metadata, pushed: &Pushed) -> Result<String, OauthError> {
    if metadata.issuer != settings.issuer {
        return Err(OauthError::Protocol { what: "the metadata is another issuer's than the settings'" });
    }
    let parameters =
        [("client_id", settings.client_id.as_str()), ("request_uri", pushed.request_uri.as_str())];
    Ok(authorize::with_query(&metadata.authorization_endpoint, &parameters))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::{AuthorizeOptions, fixture};

    #[test]
    fn every_parameter_is_pushed_and_two_are_shown() {
        let (settings, metadata) = (fixture::settings(), fixture::metadata());
        let authorization =
            authorize::start(&settings, &metadata, &AuthorizeOptions::default(), fixture::entropy(), 0)
                .unwrap();
        let request = request(&metadata, &authorization).unwrap().unwrap();
        assert_eq!(request.uri(), "https://id.example.com/par");
        assert_eq!(fixture::form(&request), authorization.parameters);
        let body = json!({"request_uri": "urn:ietf:params:oauth:request_uri:x", "expires_in": 60});
        let pushed = response(&fixture::answer(201, &body)).unwrap();
        assert_eq!(pushed.expires_in_seconds, 60);
        assert_eq!(
            url(&settings, &metadata, &pushed).unwrap(),
            "https://id.example.com/authorize?tenant=7&client_id=portal-app\
                &request_uri=urn%3Aietf%3Aparams%3Aoauth%3Arequest_uri%3Ax"
        );
    }

    #[test]
    fn odd_answers_are_refused() {
        for body in [
            json!({}),
            json!({"request_uri": "", "expires_in": 1}),
            json!({"request_uri": "x"}),
            json!({"request_uri": 1, "expires_in": 1}),
            json!({"request_uri": "x", "expires_in": -1}),
            Value::Null,
        ] {
            assert!(
                matches!(response(&fixture::answer(201, &body)), Err(OauthError::Protocol { .. })),
                "{body}"
            );
        }
        let refused = json!({"error": "invalid_request", "error_description": "redirect_uri not registered"});
        match response(&fixture::answer(400, &refused)) {
            Err(OauthError::Configuration { hint }) => assert!(hint.contains("redirect_uri")),
            other => panic!("{other:?}"),
        }
    }
}
