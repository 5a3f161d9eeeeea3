//! JWTs: ID tokens (OIDC Core 1.0, section 2) with all that can be wrong with them, and access tokens (RFC 9068).

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::keys::{KeyError, Keys};
use crate::misbehaviour::{Act, IdTokenSignature, KeyOffer};
use crate::raw_object::RawObject;
use crate::settings::SigningAlgorithm;

/// Signs `claims` as an ID token, then does what the acts say.
pub(crate) fn id_token(
    keys: &Keys,
    algorithm: SigningAlgorithm,
    issuer: &str,
    claims: &Value,
    acts: &[Act],
) -> Result<String, KeyError> {
    let mut claims = RawObject::from_value(claims).unwrap_or_default();
    let mut header = jose_header(algorithm, "JWT");
    let mut manner = IdTokenSignature::Proper;
    for act in acts {
        if let Act::IdToken { claims: claim_edits, header: header_edits, signature } = act {
            claims.edit(claim_edits);
            if *signature != IdTokenSignature::Proper {
                manner = *signature;
                announce(&mut header, manner, keys, issuer);
            }
            header.edit(header_edits);
        }
    }
    let text = format!("{}.{}", header.to_base64url(), claims.to_base64url());
    let signature = match manner {
        IdTokenSignature::Proper => keys.sign(algorithm, &text)?,
        IdTokenSignature::None => Vec::new(),
        IdTokenSignature::Hs256PublicKey { form } => keys.sign_with_public_key(form, &text)?,
        IdTokenSignature::ForeignKey { .. } => keys.sign_foreign(&text)?,
        IdTokenSignature::Broken => {
            let mut signature = keys.sign(algorithm, &text)?;
            if let Some(last) = signature.last_mut() {
                *last ^= 1;
            }
            signature
        }
    };
    Ok(format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature)))
}

/// Signs `claims` as an access token of type `at+jwt`.
pub(crate) fn access_token(keys: &Keys, claims: &Value) -> Result<String, KeyError> {
    let header = jose_header(SigningAlgorithm::Es256, "at+jwt");
    let claims = RawObject::from_value(claims).unwrap_or_default();
    let text = format!("{}.{}", header.to_base64url(), claims.to_base64url());
    let signature = keys.sign(SigningAlgorithm::Es256, &text)?;
    Ok(format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature)))
}

/// The left half of the access token's hash (OIDC Core 1.0, section 3.1.3.6).
pub(crate) fn at_hash(access_token: &str) -> String {
    let hash = digest(&SHA256, access_token.as_bytes());
    URL_SAFE_NO_PAD.encode(hash.as_ref().get(..16).unwrap_or_default())
}

/// The claims of an ID token that this provider signed, expired or not; nothing for any other.
pub(crate) fn own_claims(keys: &Keys, token: &str) -> Option<Value> {
    let (text, signature) = token.rsplit_once('.')?;
    let (header, claims) = text.split_once('.')?;
    let header: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(header).ok()?).ok()?;
    let signature = URL_SAFE_NO_PAD.decode(signature).ok()?;
    if header.get("typ")? != "JWT" || !keys.verifies(header.get("alg")?.as_str()?, text, &signature) {
        return None;
    }
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).ok()?).ok()
}

fn jose_header(algorithm: SigningAlgorithm, typ: &str) -> RawObject {
    let header = json!({"alg": algorithm.name(), "kid": algorithm.kid(), "typ": typ});
    RawObject::from_value(&header).unwrap_or_default()
}

/// Makes the header fit the manner of signing.
fn announce(header: &mut RawObject, manner: IdTokenSignature, keys: &Keys, issuer: &str) {
    let text = |value: &str| Value::from(value).to_string();
    match manner {
        IdTokenSignature::Proper | IdTokenSignature::Broken => {}
        IdTokenSignature::None => header.set("alg", text("none")),
        IdTokenSignature::Hs256PublicKey { .. } => {
            header.set("alg", text("HS256"));
            header.set("kid", text(SigningAlgorithm::Es256.kid()));
        }
        IdTokenSignature::ForeignKey { offered_by } => {
            header.set("alg", text("ES256"));
            header.set("kid", text(SigningAlgorithm::Es256.kid()));
            match offered_by {
                None => {}
                Some(KeyOffer::Jwk) => header.set("jwk", keys.foreign_jwk().to_string()),
                Some(KeyOffer::Jku) => header.set("jku", text(&format!("{issuer}/foreign/jwks"))),
            }
        }
    }
}
