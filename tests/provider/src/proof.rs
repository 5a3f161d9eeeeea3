//! What clients sign: DPoP proofs (RFC 9449) and `private_key_jwt` assertions (RFC 7523).

use std::collections::{HashMap, HashSet};

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};
use axum::http::HeaderMap;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use crate::control::Control;
use crate::parameters::Parameters;
use crate::random;
use crate::settings::Offer;
use crate::world::World;

/// How far a proof's time may be off, in seconds.
const TOLERANCE_S: i64 = 60;

/// What is remembered about clients' keys.
#[derive(Debug, Default)]
pub(crate) struct Proofs {
    /// Names that were used; none is accepted twice.
    used: HashSet<String>,
    nonce: Option<String>,
    /// Codes that are bound to a key's thumbprint.
    pub codes: HashMap<String, String>,
    /// Families that are bound to a key's thumbprint.
    pub families: HashMap<usize, String>,
    /// Public keys that clients registered, as JWKs.
    pub client_keys: HashMap<String, Value>,
}

/// Why a proof is not accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ProofError {
    /// It is wrong.
    Wrong(&'static str),
    /// It lacks the nonce, or has another one.
    Nonce(String),
}

impl Control {
    /// Registers a public key (a JWK) of a client, which must then prove who it is by `private_key_jwt`.
    pub fn register_client_key(&self, client_id: &str, jwk: Value) {
        self.world.state().proofs.client_keys.insert(client_id.to_owned(), jwk);
    }

    /// Makes the nonce that DPoP proofs need a new one.
    pub fn renew_dpop_nonce(&self) {
        self.world.state().proofs.nonce = None;
    }

    /// The thumbprint that a family's tokens are bound to.
    pub fn bound_to(&self, family: usize) -> Option<String> {
        self.world.state().proofs.families.get(&family).cloned()
    }
}

/// The thumbprint of the key behind the request's proof; nothing where it has none.
pub(crate) fn thumbprint(
    world: &World,
    headers: &HeaderMap,
    method: &str,
    path: &str,
    access_token: Option<&str>,
) -> Result<Option<String>, ProofError> {
    use ProofError::Wrong;
    if world.settings.dpop == Offer::Off {
        return Ok(None);
    }
    let mut all = headers.get_all("dpop").iter();
    let Some(proof) = all.next() else { return Ok(None) };
    if all.next().is_some() {
        return Err(Wrong("there is more than one proof"));
    }
    let (header, claims) =
        signed(proof.to_str().map_err(|_| Wrong("it is no text"))?, |header| header.get("jwk").cloned())?;
    if header.get("typ").and_then(Value::as_str) != Some("dpop+jwt") {
        return Err(Wrong("typ is not dpop+jwt"));
    }
    let text = |name: &str| claims.get(name).and_then(Value::as_str).unwrap_or_default();
    if text("htm") != method || text("htu") != format!("{}{path}", world.issuer) {
        return Err(Wrong("htm or htu is another request's"));
    }
    let issued = claims.get("iat").and_then(Value::as_i64).ok_or(Wrong("iat is missing"))?;
    if issued.abs_diff(world.clock.now()) > TOLERANCE_S.unsigned_abs() {
        return Err(Wrong("iat is not now"));
    }
    if let Some(token) = access_token
        && text("ath") != hash(token)
    {
        return Err(Wrong("ath does not fit the access token"));
    }
    let mut state = world.state();
    if world.settings.dpop_nonces {
        let nonce = current_nonce(&mut state.proofs)?;
        if text("nonce") != nonce {
            return Err(ProofError::Nonce(nonce));
        }
    }
    if text("jti").is_empty() || !state.proofs.used.insert(format!("dpop {}", text("jti"))) {
        return Err(Wrong("jti is missing or was used before"));
    }
    Ok(Some(jwk_thumbprint(&header["jwk"])))
}

/// Whether a client with a registered key proved who it is.
pub(crate) fn is_authenticated(world: &World, client_id: &str, form: &Parameters) -> Result<(), ProofError> {
    use ProofError::Wrong;
    let Some(key) = world.state().proofs.client_keys.get(client_id).cloned() else { return Ok(()) };
    if form.first("client_assertion_type") != Some("urn:ietf:params:oauth:client-assertion-type:jwt-bearer") {
        return Err(Wrong("client_assertion_type is missing or unknown"));
    }
    let assertion = form.first("client_assertion").ok_or(Wrong("client_assertion is missing"))?;
    let (header, claims) = signed(assertion, |_| Some(key.clone()))?;
    if header.get("kid") != key.get("kid") {
        return Err(Wrong("kid is another key's"));
    }
    let text = |name: &str| claims.get(name).and_then(Value::as_str).unwrap_or_default();
    if text("iss") != client_id || text("sub") != client_id || text("aud") != world.issuer {
        return Err(Wrong("iss, sub or aud is wrong"));
    }
    if claims.get("exp").and_then(Value::as_i64).is_none_or(|end| end <= world.clock.now()) {
        return Err(Wrong("it has expired"));
    }
    let name = format!("assertion {}", text("jti"));
    if text("jti").is_empty() || !world.state().proofs.used.insert(name) {
        return Err(Wrong("jti is missing or was used before"));
    }
    Ok(())
}

/// The nonce that a response carries, where nonces are used.
pub(crate) fn nonce(world: &World) -> Option<String> {
    let wanted = world.settings.dpop != Offer::Off && world.settings.dpop_nonces;
    if wanted { current_nonce(&mut world.state().proofs).ok() } else { None }
}

fn current_nonce(proofs: &mut Proofs) -> Result<String, ProofError> {
    if proofs.nonce.is_none() {
        proofs.nonce = random::token().ok();
    }
    proofs.nonce.clone().ok_or(ProofError::Wrong("no nonce could be made"))
}

/// A JWT with an ES256 signature by the key that `key` finds.
fn signed(text: &str, key: impl Fn(&Value) -> Option<Value>) -> Result<(Value, Value), ProofError> {
    use ProofError::Wrong;
    let (input, signature) = text.rsplit_once('.').ok_or(Wrong("it is no JWT"))?;
    let (header, claims) = input.split_once('.').ok_or(Wrong("it is no JWT"))?;
    let part =
        |text: &str| -> Option<Value> { serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text).ok()?).ok() };
    let (header, claims) = (part(header).zip(part(claims))).ok_or(Wrong("it is no JWT"))?;
    if header.get("alg").and_then(Value::as_str) != Some("ES256") {
        return Err(Wrong("alg is not ES256"));
    }
    let key = key(&header).ok_or(Wrong("there is no key"))?;
    let coordinate = |name: &str| {
        let text = key.get(name).and_then(Value::as_str)?;
        URL_SAFE_NO_PAD.decode(text).ok().filter(|bytes| bytes.len() == 32)
    };
    let known = key.get("kty").and_then(Value::as_str) == Some("EC")
        && key.get("crv").and_then(Value::as_str) == Some("P-256")
        && key.get("d").is_none();
    let (x, y) =
        coordinate("x").zip(coordinate("y")).filter(|_| known).ok_or(Wrong("the key is not P-256"))?;
    let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| Wrong("the signature is not base64url"))?;
    UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, [&[4], x.as_slice(), y.as_slice()].concat())
        .verify(input.as_bytes(), &signature)
        .map_err(|_| Wrong("the signature is wrong"))?;
    Ok((header, claims))
}

/// RFC 7638.
fn jwk_thumbprint(jwk: &Value) -> String {
    let text = |name: &str| jwk.get(name).and_then(Value::as_str).unwrap_or_default();
    hash(&format!(r#"{{"crv":"P-256","kty":"EC","x":"{}","y":"{}"}}"#, text("x"), text("y")))
}

fn hash(text: &str) -> String {
    URL_SAFE_NO_PAD.encode(digest(&SHA256, text.as_bytes()))
}
