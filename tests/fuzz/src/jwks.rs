//! Key sets.

use pforte_oauth::{Jwks, id_token};
use serde_json::{Value, json};

use crate::provider::{NOW_S, settings, tokens, transaction};
use crate::{bounded, keys};

pub fn seeds() -> Vec<Vec<u8>> {
    let ec = json!({"kty": "EC", "crv": "P-256", "kid": "k1", "use": "sig", "alg": "ES256", "x": keys::X, "y": keys::Y});
    let rsa = json!({"kty": "RSA", "kid": "k2", "key_ops": ["verify"], "e": "AQAB", "n": keys::encode([0xC5; 256])});
    let ed = json!({"kty": "OKP", "crv": "Ed25519", "kid": "k3", "x": keys::encode([7; 32])});
    let p384 = json!({"kty": "EC", "crv": "P-384", "x": keys::encode([1; 48]), "y": keys::encode([2; 48])});
    let odd = json!({"kty": "oct", "k": "AAAA", "d": "x", "use": "enc", "x5c": ["AA"], "x5t": null});
    [json!({"keys": [ec, odd]}), json!({"keys": [rsa, ed, p384]}), json!({"keys": []})]
        .map(|set| set.to_string().into_bytes())
        .into()
}

/// A set that is accepted has a public key that can verify, by another reading; and any key in it may be tried.
pub fn run(body: &[u8]) {
    let Ok(set) = bounded(body, 1 << 16, 192, || Jwks::parse(body)) else { return };
    let document: Value = serde_json::from_slice(body).unwrap();
    let usable = |key: &Value| {
        matches!(key["kty"].as_str(), Some("EC" | "OKP" | "RSA"))
            && key.get("d").is_none()
            && key.get("k").is_none()
    };
    assert!(document["keys"].as_array().unwrap().iter().any(usable));
    for algorithm in ["ES256", "ES384", "RS256", "PS256", "EdDSA"] {
        let header = json!({"alg": algorithm, "kid": document["keys"][0]["kid"]});
        let text = format!("{}.e30.{}", keys::encode(header.to_string()), keys::encode([1; 64]));
        assert!(id_token::verify(&settings(), &set, &transaction(), &tokens(&text), NOW_S).is_err());
    }
}
