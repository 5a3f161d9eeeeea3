//! What every back-channel response must keep to before its body is read.

use http::{HeaderMap, Response, StatusCode};

use crate::http_date::retry_after_seconds;
use crate::json::Object;
use crate::{OauthError, provider_error};

/// The longest body that is read, in bytes.
pub(crate) const MAX_BODY_BYTES: usize = 512 * 1024;

/// The JSON object of a response with `200`; every other status is an error.
pub(crate) fn object(response: &Response<Vec<u8>>) -> Result<Object, OauthError> {
    if response.status() != StatusCode::OK {
        return Err(failure(response));
    }
    body_object(response)
}

/// The JSON object in a body, whatever the status.
pub(crate) fn body_object(response: &Response<Vec<u8>>) -> Result<Object, OauthError> {
    if response.body().len() > MAX_BODY_BYTES {
        return Err(OauthError::Protocol { what: "the response is too long" });
    }
    Object::parse(response.body())
        .map_err(|_| OauthError::Protocol { what: "the response is not one JSON object with unique keys" })
}

/// The error a response other than the expected one stands for.
pub(crate) fn failure(response: &Response<Vec<u8>>) -> OauthError {
    let status = response.status();
    if status.is_redirection() {
        return OauthError::Protocol {
            what: "the endpoint answered with a redirect, which is never followed",
        };
    }
    if status.is_server_error() || matches!(status.as_u16(), 408 | 425 | 429) {
        return OauthError::Temporary {
            what: status.as_u16().to_string(),
            retry_after_seconds: retry_after_seconds(response.headers()),
        };
    }
    if !status.is_client_error() {
        return OauthError::Protocol { what: "the endpoint answered with a status that makes no sense here" };
    }
    let Ok(object) = body_object(response) else {
        return OauthError::Protocol { what: "the endpoint refused without an OAuth error code" };
    };
    let Ok(Some(code)) = object.text("error") else {
        return OauthError::Protocol { what: "the endpoint refused without an OAuth error code" };
    };
    if code == "use_dpop_nonce" {
        return match dpop_nonce(response.headers()) {
            Some(nonce) => OauthError::DpopNonceNeeded { nonce },
            None => OauthError::Protocol {
                what: "use_dpop_nonce came without a DPoP-Nonce (RFC 9449, section 8)",
            },
        };
    }
    match provider_error::from_code(code, object.text("error_description").ok().flatten()) {
        OauthError::Temporary { what, .. } => {
            OauthError::Temporary { what, retry_after_seconds: retry_after_seconds(response.headers()) }
        }
        other => other,
    }
}

/// The one `DPoP-Nonce` of a response, in the characters RFC 9449, section 8.1 allows.
pub(crate) fn dpop_nonce(headers: &HeaderMap) -> Option<String> {
    let mut all = headers.get_all("dpop-nonce").iter();
    let nonce = all.next()?.to_str().ok()?;
    let allowed = |byte: u8| matches!(byte, 0x21 | 0x23..=0x5b | 0x5d..=0x7e);
    let fits = all.next().is_none() && (1..=256).contains(&nonce.len()) && nonce.bytes().all(allowed);
    fits.then(|| nonce.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, body: &str) -> Response<Vec<u8>> {
        Response::builder().status(status).body(body.as_bytes().to_vec()).unwrap()
    }

    /// Attack list 22.
    #[test]
    fn redirects_are_errors() {
        for status in [301, 302, 303, 307, 308] {
            let response = Response::builder()
                .status(status)
                .header("location", "https://evil.example/")
                .body(vec![])
                .unwrap();
            assert!(matches!(object(&response), Err(OauthError::Protocol { .. })), "{status}");
        }
    }

    #[test]
    fn passing_trouble_is_temporary() {
        let response = Response::builder().status(429).header("retry-after", "7").body(vec![]).unwrap();
        assert_eq!(
            object(&response).err(),
            Some(OauthError::Temporary { what: "429".into(), retry_after_seconds: Some(7) })
        );
        for status in [408, 500, 502, 503, 504] {
            // Not even a body that says invalid_grant makes a server error final.
            let error = object(&answer(status, r#"{"error":"invalid_grant"}"#)).err();
            assert!(matches!(error, Some(OauthError::Temporary { .. })), "{status}");
        }
    }

    #[test]
    fn a_refusal_without_a_code_ends_nothing() {
        for body in ["", "<html>forbidden</html>", "{}", r#"{"error":5}"#, r#"{"error":"a","error":"b"}"#] {
            assert!(matches!(object(&answer(403, body)), Err(OauthError::Protocol { .. })), "{body}");
        }
        assert!(matches!(object(&answer(204, "")), Err(OauthError::Protocol { .. })));
    }

    /// Attack list 33.
    #[test]
    fn long_and_deep_bodies_are_refused() {
        let long = format!("{{\"a\":\"{}\"}}", "x".repeat(MAX_BODY_BYTES));
        assert_eq!(
            object(&answer(200, &long)).err(),
            Some(OauthError::Protocol { what: "the response is too long" })
        );
        let deep = format!("{{\"a\":{}", "{\"a\":".repeat(1_000));
        assert!(matches!(object(&answer(200, &deep)), Err(OauthError::Protocol { .. })));
    }
}
