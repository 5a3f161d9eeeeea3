//! Which URLs may be asked, and how a request to them is written.

use std::net::IpAddr;

use http::header::{ACCEPT, CONTENT_TYPE};
use http::{HeaderValue, Method, Request};
use url::{Host, Url};

use crate::OauthError;

/// An https URL, or http to this machine where that is allowed; no user information, no fragment.
pub(crate) fn judge(text: &str, allow_loopback_http: bool) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    let scheme_allowed = match url.scheme() {
        "https" => true,
        "http" => allow_loopback_http && is_loopback(&url),
        _ => false,
    };
    let plain = url.username().is_empty() && url.password().is_none() && url.fragment().is_none();
    (scheme_allowed && plain && url.host_str().is_some_and(|host| !host.is_empty())).then_some(url)
}

/// Whether the URL leads to this machine.
pub(crate) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name.eq_ignore_ascii_case("localhost"),
        Some(Host::Ipv4(ip)) => IpAddr::V4(ip).is_loopback(),
        Some(Host::Ipv6(ip)) => IpAddr::V6(ip).is_loopback(),
        None => false,
    }
}

/// `application/x-www-form-urlencoded` (RFC 6749, appendix B).
pub(crate) fn form(parameters: &[(&str, &str)]) -> String {
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(parameters).finish()
}

/// A GET that asks for JSON.
pub(crate) fn get(url: &Url) -> Result<Request<Vec<u8>>, OauthError> {
    build(Method::GET, url, Vec::new())
}

/// A POST of a form that asks for JSON.
pub(crate) fn post(url: &Url, parameters: &[(&str, &str)]) -> Result<Request<Vec<u8>>, OauthError> {
    let mut request = build(Method::POST, url, form(parameters).into_bytes())?;
    let form_type = HeaderValue::from_static("application/x-www-form-urlencoded");
    request.headers_mut().insert(CONTENT_TYPE, form_type);
    Ok(request)
}

fn build(method: Method, url: &Url, body: Vec<u8>) -> Result<Request<Vec<u8>>, OauthError> {
    Request::builder()
        .method(method)
        .uri(url.as_str())
        .header(ACCEPT, HeaderValue::from_static("application/json"))
        .body(body)
        .map_err(|_| OauthError::Protocol { what: "an endpoint's URL can't be asked over HTTP" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_https_and_allowed_loopback() {
        for good in ["https://id.example.com/token", "https://id.example.com:8443/a?b=c"] {
            assert!(judge(good, false).is_some(), "{good}");
        }
        for loopback in
            ["http://127.0.0.1:1/t", "http://localhost/t", "http://[::1]:8/t", "http://127.9.9.9/t"]
        {
            assert!(judge(loopback, true).is_some(), "{loopback}");
            assert!(judge(loopback, false).is_none(), "{loopback}");
        }
        for bad in [
            "http://id.example.com/t",
            "http://127.0.0.1.example.com/t",
            "http://localhost.example.com/t",
            "https://user@id.example.com/t",
            "https://user:pw@id.example.com/t",
            "https://id.example.com/t#f",
            "ftp://id.example.com/t",
            "javascript:alert(1)",
            "/token",
            "",
        ] {
            assert!(judge(bad, true).is_none(), "{bad}");
        }
    }
}
