//! Proof of possession (RFC 9449).
//!
//! ```text
//! UnsignedProof::new ─> signing_input ─> (the device's key signs) ─> sign ─> attach ─> send
//!        ^                                                                              │
//!        └── once more, fresh jti, the new nonce ── DpopNonceNeeded <── Nonces::remember ┘
//! ```
//!
//! A request is sent at most [`ATTEMPTS`] times: a server that wants yet another nonce each time is not followed.

use std::collections::BTreeMap;

use aws_lc_rs::digest;
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use http::{HeaderMap, HeaderValue, Request, Response};
use jsonwebtoken::DecodingKey;
use pforte_host::SecretText;
use serde_json::json;
use url::Url;

use crate::challenge::{self, Refusal};
use crate::json::Object;
use crate::{OauthError, http_date, keycloak, reply};

/// How often one request is sent, the answer to a nonce included (RFC 9449, section 8).
pub const ATTEMPTS: usize = 2;

/// The most origins whose nonces are kept.
const MAX_ORIGINS: usize = 64;

/// What a proof is about.
#[derive(Debug, Clone)]
pub struct ProofClaims<'a> {
    /// The method of the request it goes with.
    pub method: &'a http::Method,
    /// The URL of the request it goes with. Its query and fragment do not travel (RFC 9449, section 4.2).
    pub url: &'a Url,
    /// A fresh one-time name: [`crate::random_token`]. Never the same twice, not even for a retry.
    pub jti: String,
    /// Now, in the provider's time, in seconds since 1970.
    pub now_s: i64,
    /// The nonce of this origin, where there is one.
    pub nonce: Option<&'a str>,
    /// The access token, at an API.
    pub access_token: Option<&'a SecretText>,
}

/// A proof that still lacks its signature.
#[derive(Clone)]
pub struct UnsignedProof {
    signing_input: String,
    key: DecodingKey,
}

impl UnsignedProof {
    /// Writes a proof for the P-256 key `public_key` (65 bytes, uncompressed SEC1).
    pub fn new(public_key: &[u8], claims: &ProofClaims<'_>) -> Result<Self, OauthError> {
        let (x, y) = coordinates(public_key)?;
        let header = json!({
            "typ": "dpop+jwt",
            "alg": "ES256",
            "jwk": {"kty": "EC", "crv": "P-256", "x": x, "y": y},
        });
        let mut target = claims.url.clone();
        target.set_query(None);
        target.set_fragment(None);
        let mut payload = json!({
            "jti": claims.jti,
            "htm": claims.method.as_str(),
            "htu": target.as_str(),
            "iat": claims.now_s,
        });
        if let Some(members) = payload.as_object_mut() {
            members.extend(claims.nonce.map(|nonce| ("nonce".to_owned(), nonce.into())));
            members
                .extend(claims.access_token.map(|token| ("ath".to_owned(), sha256(token.expose()).into())));
        }
        let encode = |part: &serde_json::Value| BASE64_URL_SAFE_NO_PAD.encode(part.to_string());
        Ok(Self {
            signing_input: format!("{}.{}", encode(&header), encode(&payload)),
            key: DecodingKey::from_ec_der(public_key),
        })
    }

    /// What is signed with ES256.
    pub fn signing_input(&self) -> &[u8] {
        self.signing_input.as_bytes()
    }

    /// Puts the 64-byte signature on it, and checks it: a key that answers wrongly is found here, not at the provider.
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

impl std::fmt::Debug for UnsignedProof {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("UnsignedProof(..)")
    }
}

/// The public part of a key as a JWK (RFC 7517), for registering it at a provider under `key_id`. `public_key` has 65
/// bytes, uncompressed SEC1.
pub fn public_jwk(public_key: &[u8], key_id: &str) -> Result<String, OauthError> {
    let (x, y) = coordinates(public_key)?;
    let jwk =
        json!({"kty": "EC", "crv": "P-256", "x": x, "y": y, "kid": key_id, "use": "sig", "alg": "ES256"});
    Ok(jwk.to_string())
}

/// The key's thumbprint, for `dpop_jkt` (RFC 7638). `public_key` has 65 bytes, uncompressed SEC1.
pub fn thumbprint(public_key: &[u8]) -> Result<String, OauthError> {
    let (x, y) = coordinates(public_key)?;
    Ok(sha256(&format!(r#"{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}"#)))
}

fn coordinates(public_key: &[u8]) -> Result<(String, String), OauthError> {
    match public_key.split_first() {
        Some((4, point)) if point.len() == 64 => {
            let (x, y) = point.split_at(32);
            Ok((BASE64_URL_SAFE_NO_PAD.encode(x), BASE64_URL_SAFE_NO_PAD.encode(y)))
        }
        _ => {
            Err(OauthError::Device { what: "the device's public key is not 65 bytes of uncompressed P-256" })
        }
    }
}

fn sha256(text: &str) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, text.as_bytes()))
}

/// Puts the proof on a request, in place of one that is there.
pub fn attach(request: &mut Request<Vec<u8>>, proof: &str) -> Result<(), OauthError> {
    let value = HeaderValue::from_str(proof)
        .map_err(|_| OauthError::Device { what: "the proof does not fit into a header" })?;
    request.headers_mut().insert("dpop", value);
    Ok(())
}

/// Whether the server asks for the same request again with its nonce in a fresh proof (RFC 9449, sections 8 and 9), at
/// the token endpoint or at an API.
pub fn asks_for_nonce(response: &Response<Vec<u8>>) -> bool {
    if !response.status().is_client_error() {
        return false;
    }
    matches!(reply::failure(response), OauthError::DpopNonceNeeded { .. })
        || matches!(challenge::refusal(response), Ok(Some(Refusal::DpopNonceNeeded { .. })))
}

/// Whether a provider refused the proof itself (`invalid_dpop_proof`, RFC 9449, section 5), as it does where a refresh
/// token is bound to another key.
pub fn proof_refused(response: &Response<Vec<u8>>) -> bool {
    let Ok(body) = reply::body_object(response) else { return false };
    let text = |name: &str| body.text(name).ok().flatten().unwrap_or_default();
    let code = text("error");
    response.status().is_client_error()
        && (code == "invalid_dpop_proof" || keycloak::refuses_proof(code, text("error_description")))
}

/// The server's time, where a provider refused a proof whose time was further off than clocks may be: a device whose
/// date is wrong makes proofs that are not of this moment. Only for the provider's own endpoints.
pub fn corrected_time_s(response: &Response<Vec<u8>>, used_s: i64) -> Option<i64> {
    let server_s = http_date::server_time_s(response.headers())?;
    (proof_refused(response) && server_s.abs_diff(used_s) > CLOCK_TOLERANCE_S).then_some(server_s)
}

/// Further off than this, in seconds, a refused proof is taken for one with a wrong time.
const CLOCK_TOLERANCE_S: u64 = 30;

/// Refuses an access token that shows that it is bound to another key (`cnf.jkt`, RFC 9449, section 6.1). Most access
/// tokens show nothing: then only `token_type` tells ([`crate::token::response`]).
pub fn check_binding(access_token: &SecretText, thumbprint: &str) -> Result<(), OauthError> {
    let mut parts = access_token.expose().split('.');
    let shown = parts
        .nth(1)
        .filter(|_| parts.clone().count() == 1)
        .and_then(|payload| BASE64_URL_SAFE_NO_PAD.decode(payload).ok())
        .and_then(|payload| Object::parse(&payload).ok())
        .and_then(|claims| claims.value("cnf").cloned());
    match shown.as_ref().and_then(|confirmation| confirmation.get("jkt")) {
        Some(bound_to) if bound_to.as_str() != Some(thumbprint) => Err(OauthError::Protocol {
            what: "the access token is bound to another key than this device's (RFC 9449, section 6.1)",
        }),
        _ => Ok(()),
    }
}

/// The newest nonce of each origin. A nonce of one origin is never shown to another.
#[derive(Debug, Clone, Default)]
pub struct Nonces {
    by_origin: BTreeMap<String, String>,
}

impl Nonces {
    /// Takes the `DPoP-Nonce` of any response from `url`, where there is one (RFC 9449, section 8.2). A response without
    /// one changes nothing.
    pub fn remember(&mut self, url: &Url, headers: &HeaderMap) {
        let Some(nonce) = reply::dpop_nonce(headers) else {
            return;
        };
        let origin = url.origin().ascii_serialization();
        if self.by_origin.len() >= MAX_ORIGINS && !self.by_origin.contains_key(&origin) {
            self.by_origin.pop_first();
        }
        self.by_origin.insert(origin, nonce);
    }

    /// The nonce for a request to `url`.
    pub fn nonce_for(&self, url: &Url) -> Option<&str> {
        self.by_origin.get(&url.origin().ascii_serialization()).map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;
    use crate::fixture;

    #[test]
    fn a_refused_proof_is_known_in_each_providers_words() {
        let answer = |status: u16, error: &str, description: &str| {
            fixture::answer(status, &serde_json::json!({"error": error, "error_description": description}))
        };
        assert!(proof_refused(&answer(400, "invalid_dpop_proof", "")));
        assert!(proof_refused(&answer(400, "invalid_request", "DPoP proof is not active")));
        assert!(!proof_refused(&answer(400, "invalid_request", "DPoP proof is missing")));
        assert!(!proof_refused(&answer(400, "invalid_request", "Missing parameter: code")));
        assert!(!proof_refused(&answer(200, "invalid_dpop_proof", "")));
        let mut dated = answer(400, "invalid_request", "DPoP proof is not active");
        dated.headers_mut().insert("date", http::HeaderValue::from_static("Sun, 06 Nov 1994 08:49:37 GMT"));
        assert_eq!(corrected_time_s(&dated, 784_111_777 + 3600), Some(784_111_777));
        assert_eq!(corrected_time_s(&dated, 784_111_777 + 5), None, "that is no reason");
    }

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    fn proof(nonce: Option<&str>, access_token: Option<&SecretText>) -> UnsignedProof {
        let claims = ProofClaims {
            method: &http::Method::POST,
            url: &url("https://server.example.com/token?x=1#y"),
            jti: "-BwC3ESc6acc2lTc".into(),
            now_s: 1_562_262_616,
            nonce,
            access_token,
        };
        UnsignedProof::new(&fixture::public_key(), &claims).unwrap()
    }

    fn signature(proof: &UnsignedProof) -> Vec<u8> {
        let signature = jsonwebtoken::crypto::sign(
            proof.signing_input(),
            &fixture::signing_key(),
            jsonwebtoken::Algorithm::ES256,
        );
        fixture::decode(&signature.unwrap())
    }

    fn part(proof: &str, index: usize) -> Value {
        serde_json::from_slice(&fixture::decode(proof.split('.').nth(index).unwrap())).unwrap()
    }

    /// The form of RFC 9449, section 4.2.
    #[test]
    fn a_proof_says_what_it_is_for() {
        let unsigned = proof(None, None);
        let signature = signature(&unsigned);
        let proof = unsigned.sign(&signature).unwrap();
        let header = part(&proof, 0);
        assert_eq!(header["typ"], "dpop+jwt");
        assert_eq!(header["alg"], "ES256");
        assert_eq!(header["jwk"]["x"], "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU");
        assert!(header["jwk"].get("d").is_none());
        assert_eq!(
            part(&proof, 1),
            json!({"jti": "-BwC3ESc6acc2lTc", "htm": "POST", "htu": "https://server.example.com/token", "iat": 1_562_262_616})
        );
    }

    /// RFC 9449, figure 2: the example's own proof verifies under the key in it.
    #[test]
    fn the_rfc_9449_example_verifies() {
        let text = "eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgtMzR0VjNoUklDUkRZOXpDa0RscEJoRjQyVVFVZldWQVdCRnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERWclUwQ2R2R1JEQSIsImNydiI6IlAtMjU2In19.eyJqdGkiOiItQndDM0VTYzZhY2MybFRjIiwiaHRtIjoiUE9TVCIsImh0dSI6Imh0dHBzOi8vc2VydmVyLmV4YW1wbGUuY29tL3Rva2VuIiwiaWF0IjoxNTYyMjYyNjE2fQ.2-GxA6T8lP4vfrg8v-FdWP0A0zdrj8igiMLvqRMUvwnQg4PtFLbdLXiOSsX0x7NVY-FNyJK70nfbV37xRZT3Lg";
        let (input, signature) = text.rsplit_once('.').unwrap();
        let mut key = vec![4];
        for coordinate in ["x", "y"] {
            key.extend(fixture::decode(part(text, 0)["jwk"][coordinate].as_str().unwrap()));
        }
        let example = UnsignedProof { signing_input: input.to_owned(), key: DecodingKey::from_ec_der(&key) };
        assert_eq!(example.sign(&fixture::decode(signature)).as_deref(), Ok(text));
        assert_eq!(
            part(text, 1),
            part(&format!("{}.", String::from_utf8_lossy(proof(None, None).signing_input())), 1)
        );
    }

    /// RFC 9449, section 6.1: a token that shows its binding.
    #[test]
    fn a_binding_that_shows_must_be_ours() {
        let token =
            |claims: Value| SecretText::new(format!("e30.{}.c2ln", fixture::encode(claims.to_string())));
        let ours = "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I";
        assert_eq!(check_binding(&token(json!({"cnf": {"jkt": ours}})), ours), Ok(()));
        assert_eq!(check_binding(&token(json!({"sub": "a"})), ours), Ok(()), "it shows nothing");
        for opaque in ["opaque", "a.b", "a.!.c", "a.b.c.d"] {
            assert_eq!(check_binding(&SecretText::new(opaque.into()), ours), Ok(()), "{opaque}");
        }
        for other in [json!("another"), json!(5), json!(null), json!([ours])] {
            let refused = check_binding(&token(json!({"cnf": {"jkt": other}})), ours);
            assert!(matches!(refused, Err(OauthError::Protocol { .. })), "{other}");
        }
    }

    /// RFC 9449, section 7.1: the `ath` of its example token.
    #[test]
    fn ath_is_the_hash_of_the_access_token() {
        let token = SecretText::new("Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU".into());
        let unsigned = proof(Some("eyJ7S_zG.eyJH0-Z.HX4w-7v"), Some(&token));
        let signature = signature(&unsigned);
        let payload = part(&unsigned.sign(&signature).unwrap(), 1);
        assert_eq!(payload["ath"], "fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEo");
        assert_eq!(payload["nonce"], "eyJ7S_zG.eyJH0-Z.HX4w-7v");
    }

    /// RFC 7638 has an RSA example; RFC 9449, section 6.1 has this one for P-256.
    #[test]
    fn the_thumbprint_is_rfc_7638() {
        let mut key = vec![4];
        key.extend_from_slice(&fixture::decode("l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFs"));
        key.extend_from_slice(&fixture::decode("9VE4jf_Ok_o64zbTTlcuNJajHmt6v9TDVrU0CdvGRDA"));
        assert_eq!(thumbprint(&key).as_deref(), Ok("0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"));
    }

    /// RFC 7638, section 3.1: the hash over the example's own canonical text.
    #[test]
    fn the_hash_is_rfc_7638s() {
        let canonical = r#"{"e":"AQAB","kty":"RSA","n":"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw"}"#;
        assert_eq!(sha256(canonical), "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
    }

    /// Attack list 39: the host's key answers wrong bytes.
    #[test]
    fn a_wrong_signature_is_found_here() {
        let other = signature(&proof(Some("another"), None));
        for wrong in [vec![], vec![0; 64], vec![0; 63], vec![0xff; 64], other] {
            let result = proof(None, None).sign(&wrong);
            assert!(matches!(result, Err(OauthError::Device { .. })), "{wrong:?}");
        }
        let claims = ProofClaims {
            method: &http::Method::GET,
            url: &url("https://a.example"),
            jti: "j".into(),
            now_s: 0,
            nonce: None,
            access_token: None,
        };
        for key in [vec![], vec![4; 64], vec![2; 33], vec![3; 65]] {
            assert!(matches!(UnsignedProof::new(&key, &claims), Err(OauthError::Device { .. })));
            assert!(thumbprint(&key).is_err());
        }
    }

    /// Attack list 28.
    #[test]
    fn a_nonce_stays_with_its_origin() {
        let headers =
            |nonce: &str| HeaderMap::from_iter([("dpop-nonce".parse().unwrap(), nonce.parse().unwrap())]);
        let mut nonces = Nonces::default();
        nonces.remember(&url("https://a.example/token"), &headers("n-a"));
        assert_eq!(nonces.nonce_for(&url("https://a.example:443/other?x")), Some("n-a"));
        for other in [
            "https://b.example/token",
            "https://a.example:8443/token",
            "http://a.example/token",
            "https://x.a.example/",
        ] {
            assert_eq!(nonces.nonce_for(&url(other)), None, "{other}");
        }
        // The newest counts; none, or a broken one, changes nothing.
        nonces.remember(&url("https://a.example/"), &headers("n-b"));
        nonces.remember(&url("https://a.example/"), &HeaderMap::new());
        nonces.remember(&url("https://a.example/"), &headers("a b"));
        nonces.remember(&url("https://a.example/"), &headers(&"n".repeat(257)));
        assert_eq!(nonces.nonce_for(&url("https://a.example/")), Some("n-b"));
        for number in 0..1_000 {
            nonces.remember(&url(&format!("https://h{number}.example/")), &headers("n"));
        }
        assert_eq!(nonces.by_origin.len(), MAX_ORIGINS);
    }

    #[test]
    fn a_proof_replaces_the_one_before() {
        let mut request = Request::new(Vec::new());
        attach(&mut request, "a.b.c").unwrap();
        attach(&mut request, "d.e.f").unwrap();
        assert_eq!(request.headers().get_all("dpop").iter().collect::<Vec<_>>(), ["d.e.f"]);
    }

    proptest! {
        #[test]
        fn no_signature_panics(bytes in proptest::collection::vec(any::<u8>(), 0..100)) {
            prop_assert!(proof(None, None).sign(&bytes).is_err());
        }
    }
}
