//! `WWW-Authenticate`: one header field a line.

use http::header::WWW_AUTHENTICATE;
use http::{HeaderMap, HeaderValue, Response};
use pforte_oauth::challenge::{self, Challenge};

use crate::bounded;

pub fn seeds() -> Vec<Vec<u8>> {
    [
        "Bearer error=\"insufficient_user_authentication\", acr_values=\"a b\", max_age=5",
        "DPoP algs=\"ES256\", error=\"use_dpop_nonce\"\nBasic realm=\"a\\\"b\", charset=\"UTF-8\"",
        "Negotiate YII=, , Bearer , NTLM",
        "Bearer error=invalid_token,error_description=\"a, b = c\"",
    ]
    .map(|field| field.as_bytes().to_vec())
    .into()
}

/// What was read, written out in one way and read again, is the same.
pub fn run(input: &[u8]) {
    let mut response = Response::builder().status(401).body(()).unwrap();
    for field in input.split(|byte| *byte == b'\n') {
        let Ok(value) = HeaderValue::from_bytes(field) else { return };
        response.headers_mut().append(WWW_AUTHENTICATE, value);
    }
    drop(challenge::refusal(&response));
    let read = bounded(input, 1 << 12, 128, || challenge::parse(response.headers()));
    let Ok(challenges) = read else { return };
    let written = challenges.iter().map(write).collect::<Vec<_>>().join(", ");
    let mut headers = HeaderMap::new();
    headers.insert(WWW_AUTHENTICATE, HeaderValue::from_bytes(written.as_bytes()).unwrap());
    assert_eq!(challenge::parse(&headers), Ok(challenges), "{written}");
}

fn write(challenge: &Challenge) -> String {
    let quoted = |value: &str| value.replace('\\', "\\\\").replace('"', "\\\"");
    let parameters = challenge.parameters.iter().map(|(name, value)| format!("{name}=\"{}\"", quoted(value)));
    format!("{} {}", challenge.scheme, parameters.collect::<Vec<_>>().join(", ")).trim_end().to_owned()
}
