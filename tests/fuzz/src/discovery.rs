//! Provider metadata.

use pforte_oauth::Metadata;

use crate::bounded;
use crate::provider::{ISSUER, document, settings};

pub fn seeds() -> Vec<Vec<u8>> {
    let mut bare = document();
    bare.as_object_mut().unwrap().retain(|name, _| {
        ["issuer", "authorization_endpoint", "token_endpoint", "jwks_uri"].contains(&name.as_str())
    });
    [document(), bare].map(|document| document.to_string().into_bytes()).into()
}

/// Every address that is accepted is https, without user information and fragment; a second reading says the same.
pub fn run(body: &[u8]) {
    let settings = settings();
    let Ok(metadata) = bounded(body, 1 << 16, 192, || Metadata::parse(&settings, body)) else { return };
    assert_eq!(metadata.issuer, ISSUER);
    let optional = [
        &metadata.userinfo_endpoint,
        &metadata.revocation_endpoint,
        &metadata.end_session_endpoint,
        &metadata.pushed_authorization_request_endpoint,
        &metadata.device_authorization_endpoint,
    ];
    let required = [&metadata.authorization_endpoint, &metadata.token_endpoint, &metadata.jwks_uri];
    for url in required.into_iter().chain(optional.into_iter().flatten()) {
        assert_eq!(url.scheme(), "https", "{url}");
        assert!(url.username().is_empty() && url.password().is_none() && url.fragment().is_none(), "{url}");
    }
    assert_eq!(Metadata::parse(&settings, body), Ok(metadata));
}
