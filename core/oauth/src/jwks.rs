//! The provider's keys (RFC 7517).

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use http::{Request, Response};
use jsonwebtoken::DecodingKey;
use serde_json::Value;

use crate::json::{Mistyped, Object};
use crate::{Algorithm, IdTokenError, Metadata, OauthError, endpoint, reply};

/// At most one fetch for an unknown key in this many seconds.
pub const COOL_DOWN_S: i64 = 60;

/// The most keys that are read from one set.
const MAX_KEYS: usize = 100;

/// The provider's public keys that can verify an ID token. Keep the response's body, not this, and [`Jwks::parse`] it
/// again: a cache on disk is judged like the network.
#[derive(Debug, Clone)]
pub struct Jwks {
    keys: Vec<Key>,
}

/// One usable key.
#[derive(Clone)]
pub(crate) struct Key {
    id: Option<String>,
    kind: KeyKind,
    algorithm: Option<String>,
    pub(crate) decoding: DecodingKey,
}

/// What a key can verify.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum KeyKind {
    P256,
    P384,
    Rsa,
    Ed25519,
}

impl Jwks {
    /// Judges a key set, fresh or from a cache. Keys of an unknown type, for another use, or with a private part are
    /// skipped; a set without any usable key is an error.
    pub fn parse(body: &[u8]) -> Result<Self, OauthError> {
        if body.len() > reply::MAX_BODY_BYTES {
            return Err(OauthError::Protocol { what: "the provider's key set is too long" });
        }
        let set = Object::parse(body).map_err(|_| OauthError::Protocol {
            what: "the provider's key set is not one JSON object with unique keys",
        })?;
        Self::judge(&set)
    }

    fn judge(set: &Object) -> Result<Self, OauthError> {
        let entries = set
            .value("keys")
            .and_then(Value::as_array)
            .ok_or(OauthError::Protocol { what: "the provider's key set has no array of keys" })?;
        if entries.len() > MAX_KEYS {
            return Err(OauthError::Protocol { what: "the provider's key set has too many keys" });
        }
        let keys: Vec<Key> = entries
            .iter()
            .filter_map(Value::as_object)
            .filter_map(|entry| Key::read(&Object(entry.clone())).ok().flatten())
            .collect();
        if keys.is_empty() {
            return Err(OauthError::Protocol {
                what: "the provider's key set has no key that can verify an ID token",
            });
        }
        Ok(Self { keys })
    }

    /// The one key for an `alg` and a `kid`. Without a `kid` it must be the only one that fits.
    pub(crate) fn select(&self, algorithm: Algorithm, id: Option<&str>) -> Result<&Key, IdTokenError> {
        let named: Vec<&Key> =
            self.keys.iter().filter(|key| id.is_none() || key.id.as_deref() == id).collect();
        let fitting: Vec<&Key> = named.iter().copied().filter(|key| key.fits(algorithm)).collect();
        match (fitting.as_slice(), named.is_empty()) {
            ([key], _) => Ok(key),
            ([], false) if id.is_some() => Err(IdTokenError::Algorithm),
            _ => Err(IdTokenError::UnknownKey),
        }
    }
}

impl Key {
    fn read(entry: &Object) -> Result<Option<Self>, Mistyped> {
        let verifies = match entry.value("key_ops") {
            None => true,
            Some(_) => {
                entry.texts("key_ops")?.unwrap_or_default().iter().any(|operation| operation == "verify")
            }
        };
        // A key whose private part is published proves nothing.
        if entry.text("use")?.is_some_and(|used| used != "sig")
            || !verifies
            || entry.holds("d")
            || entry.holds("k")
        {
            return Ok(None);
        }
        let part =
            |name: &str| Ok(entry.text(name)?.and_then(|text| BASE64_URL_SAFE_NO_PAD.decode(text).ok()));
        let curve_point = |length: usize| {
            let (x, y): (Option<Vec<u8>>, Option<Vec<u8>>) = (part("x")?, part("y")?);
            Ok(match (x, y) {
                (Some(x), Some(y)) if x.len() == length && y.len() == length => {
                    let mut point = vec![4];
                    point.extend_from_slice(&x);
                    point.extend_from_slice(&y);
                    Some(DecodingKey::from_ec_der(&point))
                }
                _ => None,
            })
        };
        let (kind, decoding) = match (entry.text("kty")?, entry.text("crv")?) {
            (Some("EC"), Some("P-256")) => (KeyKind::P256, curve_point(32)?),
            (Some("EC"), Some("P-384")) => (KeyKind::P384, curve_point(48)?),
            (Some("OKP"), Some("Ed25519")) => {
                let point: Option<Vec<u8>> = part("x")?;
                (KeyKind::Ed25519, point.filter(|x| x.len() == 32).map(|x| DecodingKey::from_ed_der(&x)))
            }
            (Some("RSA"), None) => {
                let (modulus, exponent): (Option<Vec<u8>>, Option<Vec<u8>>) = (part("n")?, part("e")?);
                let key =
                    modulus.zip(exponent).filter(|(n, e)| (256..=1024).contains(&n.len()) && e.len() <= 8);
                (KeyKind::Rsa, key.map(|(n, e)| DecodingKey::from_rsa_raw_components(&n, &e)))
            }
            _ => return Ok(None),
        };
        let (id, algorithm) = (entry.text("kid")?.map(str::to_owned), entry.text("alg")?.map(str::to_owned));
        Ok(decoding.map(|decoding| Self { id, kind, algorithm, decoding }))
    }

    fn fits(&self, algorithm: Algorithm) -> bool {
        let kind = match algorithm {
            Algorithm::Es256 => KeyKind::P256,
            Algorithm::Es384 => KeyKind::P384,
            Algorithm::Rs256 | Algorithm::Ps256 => KeyKind::Rsa,
            Algorithm::EdDsa => KeyKind::Ed25519,
        };
        // RFC 9864 gives EdDSA with Ed25519 a name of its own.
        let named_so =
            |name: &str| name == algorithm.name() || (algorithm == Algorithm::EdDsa && name == "Ed25519");
        self.kind == kind && self.algorithm.as_deref().is_none_or(named_so)
    }
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Key").field("id", &self.id).field("kind", &self.kind).finish_non_exhaustive()
    }
}

/// Asks for the key set.
pub fn request(metadata: &Metadata) -> Result<Request<Vec<u8>>, OauthError> {
    endpoint::get(&metadata.jwks_uri)
}

/// Judges the answer.
pub fn response(response: &Response<Vec<u8>>) -> Result<Jwks, OauthError> {
    Jwks::judge(&reply::object(response)?)
}

/// Whether an unknown key may be looked for by another fetch. A clock that went back does not block it.
pub fn may_fetch_again(last_fetch_s: i64, now_s: i64) -> bool {
    !(0..COOL_DOWN_S).contains(&now_s.saturating_sub(last_fetch_s))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn set(keys: &str) -> Result<Jwks, OauthError> {
        Jwks::parse(format!("{{\"keys\":[{keys}]}}").as_bytes())
    }

    fn p256(more: &str) -> String {
        // RFC 7515, appendix A.3.1.
        format!(
            r#"{{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"{more}}}"#
        )
    }

    #[test]
    fn unknown_and_unfit_keys_are_skipped() {
        let good = p256(r#","kid":"a""#);
        let unfit = [
            r#"{"kty":"oct","k":"AAAA"}"#.to_owned(),
            r#"{"kty":"AKP","alg":"ML-DSA-65","pub":"AAAA"}"#.to_owned(),
            r#"{"kty":"EC","crv":"P-256","x":"AAAA","y":"AAAA"}"#.to_owned(),
            r#"{"kty":"RSA","n":"AAAA","e":"AQAB"}"#.to_owned(),
            r#"{"kty":5}"#.to_owned(),
            "5".to_owned(),
            p256(r#","use":"enc""#),
            p256(r#","key_ops":["sign"]"#),
            p256(r#","d":"jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI""#),
        ];
        for unfit in &unfit {
            assert!(set(unfit).is_err(), "{unfit}");
            assert_eq!(set(&format!("{unfit},{good}")).unwrap().keys.len(), 1, "{unfit}");
        }
        for broken in ["", "{}", r#"{"keys":{}}"#, r#"{"keys":[]}"#, r#"{"keys":[],"keys":[]}"#] {
            assert!(Jwks::parse(broken.as_bytes()).is_err(), "{broken}");
        }
    }

    /// Attack list 10.
    #[test]
    fn without_kid_the_key_must_be_the_only_one() {
        let one = set(&p256("")).unwrap();
        assert!(one.select(Algorithm::Es256, None).is_ok());
        assert!(matches!(one.select(Algorithm::Rs256, None), Err(IdTokenError::UnknownKey)));
        let two = set(&format!("{},{}", p256(r#","kid":"a""#), p256(r#","kid":"b""#))).unwrap();
        assert!(matches!(two.select(Algorithm::Es256, None), Err(IdTokenError::UnknownKey)));
        assert!(two.select(Algorithm::Es256, Some("b")).is_ok());
        assert!(matches!(two.select(Algorithm::Es256, Some("c")), Err(IdTokenError::UnknownKey)));
        let same_name = set(&format!("{},{}", p256(r#","kid":"a""#), p256(r#","kid":"a""#))).unwrap();
        assert!(matches!(same_name.select(Algorithm::Es256, Some("a")), Err(IdTokenError::UnknownKey)));
    }

    /// Attack list 6.
    #[test]
    fn the_algorithm_must_be_the_keys() {
        let keys = set(&p256(r#","kid":"a","alg":"ES256""#)).unwrap();
        assert!(keys.select(Algorithm::Es256, Some("a")).is_ok());
        for other in [Algorithm::Rs256, Algorithm::Ps256, Algorithm::EdDsa, Algorithm::Es384] {
            assert!(matches!(keys.select(other, Some("a")), Err(IdTokenError::Algorithm)), "{other:?}");
        }
        let for_another = set(&p256(r#","kid":"a","alg":"ES384""#)).unwrap();
        assert!(matches!(for_another.select(Algorithm::Es256, Some("a")), Err(IdTokenError::Algorithm)));
    }

    /// Attack list 11.
    #[test]
    fn a_flood_of_unknown_keys_costs_one_fetch() {
        assert!(!may_fetch_again(1_000, 1_000));
        assert!(!may_fetch_again(1_000, 1_000 + COOL_DOWN_S - 1));
        assert!(may_fetch_again(1_000, 1_000 + COOL_DOWN_S));
        assert!(may_fetch_again(1_000, 900));
        assert!(may_fetch_again(i64::MIN, i64::MAX));
    }

    proptest! {
        #[test]
        fn no_key_panics(kty in "EC|OKP|RSA|oct|", crv in "P-256|P-384|Ed25519|", part in "[A-Za-z0-9_=-]{0,90}", alg in ".{0,5}") {
            let key = serde_json::json!({"kty": kty, "crv": crv, "x": part, "y": part, "n": part, "e": part, "alg": alg});
            if let Ok(keys) = set(&key.to_string()) {
                prop_assert_eq!(keys.keys.len(), 1);
            }
        }
    }
}
