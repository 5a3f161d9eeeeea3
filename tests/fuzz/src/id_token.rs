//! ID tokens. First byte: 0 for a whole token, 1 for `header NUL claims`, which are signed here with the provider's key.

use pforte_oauth::{Jwks, id_token};
use serde_json::{Value, json};

use crate::provider::{CLIENT, ISSUER, NONCE, NOW_S, settings, tokens, transaction};
use crate::{bounded, keys};

fn jwks() -> Jwks {
    let key = json!({"kty": "EC", "crv": "P-256", "kid": "k1", "use": "sig", "alg": "ES256", "x": keys::X, "y": keys::Y});
    Jwks::parse(json!({"keys": [key]}).to_string().as_bytes()).unwrap()
}

fn header() -> Value {
    json!({"alg": "ES256", "kid": "k1", "typ": "JWT"})
}

fn claims() -> Value {
    json!({"iss": ISSUER, "sub": "alice", "aud": CLIENT, "exp": NOW_S + 300, "iat": NOW_S, "nonce": NONCE,
        "auth_time": NOW_S, "acr": "mfa", "name": "Alice", "email": "alice@example.com", "email_verified": true})
}

fn signed(header: &[u8], claims: &[u8]) -> String {
    let input = format!("{}.{}", keys::encode(header), keys::encode(claims));
    let signature = keys::sign(input.as_bytes());
    format!("{input}.{}", keys::encode(signature))
}

pub fn seeds() -> Vec<Vec<u8>> {
    let several = json!({"aud": [CLIENT, "other"], "azp": CLIENT, "nbf": NOW_S, "at_hash": "x", "exp": 1e9});
    let two_parts = |claims: &Value| format!("\x01{}\0{claims}", header()).into_bytes();
    let mut both = claims();
    both.as_object_mut().unwrap().extend(several.as_object().unwrap().clone());
    let whole = signed(header().to_string().as_bytes(), claims().to_string().as_bytes());
    let odd_header = format!("\x01{}\0{}", json!({"alg": "none", "crit": ["x"], "b64": false}), claims());
    vec![[b"\0", whole.as_bytes()].concat(), two_parts(&claims()), two_parts(&both), odd_header.into_bytes()]
}

pub fn run(input: &[u8]) {
    match input.split_first() {
        Some((0, rest)) => judge(&String::from_utf8_lossy(rest)),
        Some((1, rest)) => {
            let Some(cut) = rest.iter().position(|byte| *byte == 0) else { return };
            judge(&signed(&rest[..cut], &rest[cut + 1..]));
        }
        _ => {}
    }
}

/// What is believed verifies by another reading of the signature and the claims.
fn judge(text: &str) {
    let (settings, jwks, transaction, tokens) = (settings(), jwks(), transaction(), tokens(text));
    let verdict = bounded(text.as_bytes(), 1 << 15, 96, || {
        id_token::verify(&settings, &jwks, &transaction, &tokens, NOW_S)
    });
    let Ok(identity) = verdict else { return };
    let parts: Vec<&str> = text.split('.').collect();
    let [head, body, signature] = parts[..] else { panic!("{} parts", parts.len()) };
    assert!(keys::verifies(format!("{head}.{body}").as_bytes(), &keys::decode(signature).unwrap()));
    let read = |part: &str| serde_json::from_slice::<Value>(&keys::decode(part).unwrap()).unwrap();
    let (header, claims) = (read(head), read(body));
    assert_eq!(header["alg"], "ES256");
    assert!(header.get("crit").is_none() && header.get("b64").is_none());
    assert_eq!((claims["iss"].as_str(), claims["nonce"].as_str()), (Some(ISSUER), Some(NONCE)));
    assert_eq!(claims["sub"].as_str(), Some(identity.subject.as_str()));
    let audiences = claims["aud"].as_array().cloned().unwrap_or_else(|| vec![claims["aud"].clone()]);
    assert!(audiences.contains(&CLIENT.into()));
    assert!(claims["exp"].as_i64().unwrap() > NOW_S - id_token::LEEWAY_S);
    assert!(claims["iat"].as_i64().unwrap() <= NOW_S + id_token::LEEWAY_S);
}
