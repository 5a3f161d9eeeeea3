//! One provider and one client for all tests of this room.

use jsonwebtoken::{EncodingKey, Header};
use pforte_host::SecretText;
use serde_json::{Value, json};

use crate::{AuthorizeOptions, Entropy, Jwks, Metadata, ProviderSettings, Transaction, authorize};

/// RFC 7515, appendix A.3.1, as PKCS#8 would have it; made from the JWK's own numbers.
pub(crate) fn signing_key() -> EncodingKey {
    const PKCS8_HEAD: &[u8] = &[
        0x30, 0x81, 0x87, 0x02, 0x01, 0x00, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01,
        0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x04, 0x6d, 0x30, 0x6b, 0x02, 0x01, 0x01,
        0x04, 0x20,
    ];
    let mut der = PKCS8_HEAD.to_vec();
    der.extend_from_slice(&decode("jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI"));
    der.extend_from_slice(&[0xa1, 0x44, 0x03, 0x42, 0x00]);
    der.extend_from_slice(&public_key());
    EncodingKey::from_ec_der(&der)
}

/// The same key's public part, uncompressed SEC1.
pub(crate) fn public_key() -> Vec<u8> {
    let mut key = vec![4];
    key.extend_from_slice(&decode("f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"));
    key.extend_from_slice(&decode("x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"));
    key
}

pub(crate) fn decode(text: &str) -> Vec<u8> {
    use base64::Engine;
    base64::prelude::BASE64_URL_SAFE_NO_PAD.decode(text).unwrap()
}

pub(crate) fn encode(bytes: impl AsRef<[u8]>) -> String {
    use base64::Engine;
    base64::prelude::BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

pub(crate) fn jwks() -> Jwks {
    let set = json!({"keys": [{
        "kty": "EC", "crv": "P-256", "kid": "k1", "use": "sig", "alg": "ES256",
        "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU", "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
    }]});
    Jwks::parse(set.to_string().as_bytes()).unwrap()
}

/// Signs any header and claims with ES256.
pub(crate) fn sign(header: &Value, claims: &Value) -> String {
    let input = format!("{}.{}", encode(header.to_string()), encode(claims.to_string()));
    let signature = jsonwebtoken::crypto::sign(
        input.as_bytes(),
        &signing_key(),
        Header::new(jsonwebtoken::Algorithm::ES256).alg,
    );
    format!("{input}.{}", signature.unwrap())
}

pub(crate) fn settings() -> ProviderSettings {
    ProviderSettings {
        redirect_uri: "com.example.portal:/callback".into(),
        ..ProviderSettings::oidc("https://id.example.com", "portal-app")
    }
}

pub(crate) fn metadata() -> Metadata {
    let document = json!({
        "issuer": "https://id.example.com",
        "authorization_endpoint": "https://id.example.com/authorize?tenant=7",
        "token_endpoint": "https://id.example.com/token",
        "jwks_uri": "https://id.example.com/jwks",
        "userinfo_endpoint": "https://id.example.com/userinfo",
        "revocation_endpoint": "https://id.example.com/revoke",
        "end_session_endpoint": "https://id.example.com/end_session",
        "pushed_authorization_request_endpoint": "https://id.example.com/par",
        "device_authorization_endpoint": "https://id.example.com/device",
        "authorization_response_iss_parameter_supported": true,
        "code_challenge_methods_supported": ["S256"],
    });
    Metadata::parse(&settings(), document.to_string().as_bytes()).unwrap()
}

pub(crate) fn entropy() -> Entropy {
    Entropy {
        state: SecretText::new("state-of-the-first-sign-in".into()),
        nonce: SecretText::new("nonce-of-the-first-sign-in".into()),
        code_verifier: SecretText::new("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk".into()),
    }
}

pub(crate) fn transaction(now_s: i64) -> Transaction {
    authorize::start(&settings(), &metadata(), &AuthorizeOptions::default(), entropy(), now_s)
        .unwrap()
        .transaction
}

/// The parameters of a form body.
pub(crate) fn form(request: &http::Request<Vec<u8>>) -> Vec<(String, String)> {
    url::form_urlencoded::parse(request.body()).into_owned().collect()
}

pub(crate) fn answer(status: u16, body: &Value) -> http::Response<Vec<u8>> {
    http::Response::builder().status(status).body(body.to_string().into_bytes()).unwrap()
}
