//! `private_key_jwt`: the client proves who it is with a key of its own (RFC 7523, section 2.2; OIDC Core 1.0, section 9).
//!
//! Only where this very installation registered its key: a key that every copy of an app carries proves nothing.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Request};
use jsonwebtoken::DecodingKey;
use serde_json::json;

use crate::{OauthError, ProviderSettings, endpoint};

/// How long an assertion holds, in seconds.
const LIFETIME_S: i64 = 60;

/// An assertion that still lacks its signature.
#[derive(Clone)]
pub struct UnsignedAssertion {
    signing_input: String,
    key: DecodingKey,
}

impl UnsignedAssertion {
    /// Writes an assertion for the P-256 key `public_key` (65 bytes, uncompressed SEC1), registered as `key_id`. `jti` is
    /// fresh each time, also for a retry: [`crate::random_token`]. The audience is the issuer, as FAPI 2.0 has it.
    pub fn new(
        settings: &ProviderSettings,
        public_key: &[u8],
        key_id: &str,
        jti: &str,
        now_s: i64,
    ) -> Result<Self, OauthError> {
        if public_key.len() != 65 || public_key.first() != Some(&4) {
            return Err(OauthError::Device {
                what: "the device's public key is not 65 bytes of uncompressed P-256",
            });
        }
        let header = json!({"typ": "JWT", "alg": "ES256", "kid": key_id});
        let claims = json!({
            "iss": settings.client_id,
            "sub": settings.client_id,
            "aud": settings.issuer,
            "jti": jti,
            "iat": now_s,
            "exp": now_s.saturating_add(LIFETIME_S),
        });
        let encode = |part: &serde_json::Value| BASE64_URL_SAFE_NO_PAD.encode(part.to_string());
        Ok(Self {
            signing_input: format!("{}.{}", encode(&header), encode(&claims)),
            key: DecodingKey::from_ec_der(public_key),
        })
    }

    /// What is signed with ES256.
    pub fn signing_input(&self) -> &[u8] {
        self.signing_input.as_bytes()
    }

    /// Puts the 64-byte signature on it, and checks it.
    pub fn sign(self, signature: &[u8]) -> Result<String, OauthError> {
        let signature = BASE64_URL_SAFE_NO_PAD.encode(signature);
        let input = self.signing_input.as_bytes();
        let verdict =
            jsonwebtoken::crypto::verify(&signature, input, &self.key, jsonwebtoken::Algorithm::ES256);
        if !verdict.unwrap_or(false) {
            return Err(OauthError::Device {
                what: "the device's key gave a signature that does not verify",
            });
        }
        Ok(format!("{}.{signature}", self.signing_input))
    }
}

impl std::fmt::Debug for UnsignedAssertion {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("UnsignedAssertion(..)")
    }
}

/// Adds the assertion to a form. A body that is no form stays as it is: a vendor's own steps know public clients only.
pub fn attach(request: &mut Request<Vec<u8>>, assertion: &str) {
    let is_form = |value: &HeaderValue| value == "application/x-www-form-urlencoded";
    if !request.headers().get(CONTENT_TYPE).is_some_and(is_form) {
        return;
    }
    let parameters = endpoint::form(&[
        ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
        ("client_assertion", assertion),
    ]);
    let body = request.body_mut();
    if !body.is_empty() {
        body.push(b'&');
    }
    body.extend_from_slice(parameters.as_bytes());
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::rand::SystemRandom;
    use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
    use serde_json::Value;

    use super::*;
    use crate::{fixture, revocation};

    #[test]
    fn an_assertion_says_who_to_whom_and_until_when() {
        let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
        let public = key.public_key().as_ref();
        let unsigned =
            UnsignedAssertion::new(&fixture::settings(), public, "install-1", "jti-1", 1_000).unwrap();
        let signature = key.sign(&SystemRandom::new(), unsigned.signing_input()).unwrap();
        assert!(unsigned.clone().sign(&[0; 64]).is_err());
        let assertion = unsigned.sign(signature.as_ref()).unwrap();
        let part = |n: usize| -> Value {
            serde_json::from_slice(&fixture::decode(assertion.split('.').nth(n).unwrap())).unwrap()
        };
        assert_eq!(part(0), json!({"typ": "JWT", "alg": "ES256", "kid": "install-1"}));
        let expected = json!({
            "iss": "portal-app", "sub": "portal-app", "aud": "https://id.example.com", "jti": "jti-1", "iat": 1_000,
            "exp": 1_060,
        });
        assert_eq!(part(1), expected);
        assert!(UnsignedAssertion::new(&fixture::settings(), &[4; 10], "k", "j", 0).is_err());
    }

    #[test]
    fn it_joins_the_form_and_leaves_it_whole() {
        let token = pforte_host::SecretText::new("rt".into());
        let mut request =
            revocation::request(&fixture::settings(), &fixture::metadata(), &token).unwrap().unwrap();
        let before = fixture::form(&request);
        attach(&mut request, "a.b.c");
        let after = fixture::form(&request);
        assert_eq!(after[..before.len()], before[..]);
        assert_eq!(after.last().unwrap(), &("client_assertion".to_owned(), "a.b.c".to_owned()));
        assert_eq!(after.len(), before.len() + 2);
    }
}
