//! One provider and one client for all targets of sign-in.

use http::Response;
use pforte_host::SecretText;
use pforte_oauth::{
    AuthorizeOptions, Entropy, Metadata, ProviderSettings, TokenResponse, TokenType, Transaction, authorize,
    token,
};
use serde_json::{Value, json};

pub const ISSUER: &str = "https://id.example.com";
pub const CLIENT: &str = "portal-app";
pub const REDIRECT: &str = "com.example.portal:/callback";
pub const STATE: &str = "state-of-the-first-sign-in";
pub const NONCE: &str = "nonce-of-the-first-sign-in";
pub const NOW_S: i64 = 1_800_000_000;

pub fn settings() -> ProviderSettings {
    ProviderSettings { redirect_uri: REDIRECT.into(), ..ProviderSettings::oidc(ISSUER, CLIENT) }
}

pub fn document() -> Value {
    json!({
        "issuer": ISSUER,
        "authorization_endpoint": "https://id.example.com/authorize?tenant=7",
        "token_endpoint": "https://id.example.com/token",
        "jwks_uri": "https://id.example.com/jwks",
        "userinfo_endpoint": "https://id.example.com/userinfo",
        "revocation_endpoint": "https://id.example.com/revoke",
        "end_session_endpoint": "https://id.example.com/end_session",
        "pushed_authorization_request_endpoint": "https://id.example.com/par",
        "require_pushed_authorization_requests": false,
        "device_authorization_endpoint": "https://id.example.com/device",
        "authorization_response_iss_parameter_supported": true,
        "code_challenge_methods_supported": ["S256"],
        "dpop_signing_alg_values_supported": ["ES256"],
        "acr_values_supported": ["mfa"],
        "grant_types_supported": ["authorization_code", "refresh_token"],
    })
}

pub fn metadata() -> Metadata {
    Metadata::parse(&settings(), document().to_string().as_bytes()).unwrap()
}

pub fn transaction() -> Transaction {
    let entropy = Entropy {
        state: SecretText::new(STATE.into()),
        nonce: SecretText::new(NONCE.into()),
        code_verifier: SecretText::new("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk".into()),
    };
    let options = AuthorizeOptions::default();
    authorize::start(&settings(), &metadata(), &options, entropy, NOW_S).unwrap().transaction
}

/// A token response with this ID token.
pub fn tokens(id_token: &str) -> TokenResponse {
    let body = json!({"access_token": "an-access-token", "token_type": "Bearer"});
    let mut tokens =
        token::response(&Response::new(body.to_string().into_bytes()), TokenType::Bearer).unwrap();
    tokens.id_token = Some(SecretText::new(id_token.to_owned()));
    tokens
}

/// An answer of any status, with the body and a `Date`.
pub fn answer(status: u16, date: &[u8], body: &[u8]) -> Option<Response<Vec<u8>>> {
    Response::builder().status(status).header("date", date).body(body.to_vec()).ok()
}
