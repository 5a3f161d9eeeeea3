//! The token's three parts, its header, and its signature (RFC 7515).

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;

use crate::json::Object;
use crate::jwks::Key;
use crate::{Algorithm, IdTokenError};

/// The longest ID token that is read, in bytes.
const MAX_TOKEN_BYTES: usize = 64 * 1024;

/// The longest `kid` that is compared, in bytes.
const MAX_KEY_ID_BYTES: usize = 256;

/// A token whose header was judged. Its claims are not believed before the signature was checked.
pub(super) struct Parsed<'a> {
    pub algorithm: Algorithm,
    pub key_id: Option<String>,
    signing_input: &'a str,
    signature: &'a str,
    payload: &'a str,
}

/// Takes the token apart and judges its header. `jku`, `x5u`, `jwk` and `x5c` may be there; nobody looks at them.
pub(super) fn parse(text: &str) -> Result<Parsed<'_>, IdTokenError> {
    if text.len() > MAX_TOKEN_BYTES {
        return Err(IdTokenError::Malformed);
    }
    let (signing_input, signature) = text.rsplit_once('.').ok_or(IdTokenError::Malformed)?;
    let (header, payload) = signing_input.split_once('.').ok_or(IdTokenError::Malformed)?;
    if payload.contains('.') {
        return Err(IdTokenError::Malformed);
    }
    let header = object(header)?;
    if header.holds("crit") || header.holds("b64") {
        return Err(IdTokenError::Header);
    }
    if header
        .text("typ")
        .map_err(|_| IdTokenError::Header)?
        .is_some_and(|typ| !typ.eq_ignore_ascii_case("JWT"))
    {
        return Err(IdTokenError::Header);
    }
    let algorithm = match header.text("alg") {
        Ok(Some("ES256")) => Algorithm::Es256,
        Ok(Some("ES384")) => Algorithm::Es384,
        Ok(Some("RS256")) => Algorithm::Rs256,
        Ok(Some("PS256")) => Algorithm::Ps256,
        Ok(Some("EdDSA" | "Ed25519")) => Algorithm::EdDsa,
        _ => return Err(IdTokenError::Algorithm),
    };
    let key_id = header.text("kid").map_err(|_| IdTokenError::Header)?;
    if key_id.is_some_and(|id| id.len() > MAX_KEY_ID_BYTES) {
        return Err(IdTokenError::Header);
    }
    Ok(Parsed { algorithm, key_id: key_id.map(str::to_owned), signing_input, signature, payload })
}

impl Parsed<'_> {
    pub fn check_signature(&self, key: &Key) -> Result<(), IdTokenError> {
        let algorithm = match self.algorithm {
            Algorithm::Es256 => jsonwebtoken::Algorithm::ES256,
            Algorithm::Es384 => jsonwebtoken::Algorithm::ES384,
            Algorithm::Rs256 => jsonwebtoken::Algorithm::RS256,
            Algorithm::Ps256 => jsonwebtoken::Algorithm::PS256,
            Algorithm::EdDsa => jsonwebtoken::Algorithm::EdDSA,
        };
        let verdict = jsonwebtoken::crypto::verify(
            self.signature,
            self.signing_input.as_bytes(),
            &key.decoding,
            algorithm,
        );
        if verdict.unwrap_or(false) { Ok(()) } else { Err(IdTokenError::Signature) }
    }

    pub fn claims(&self) -> Result<Object, IdTokenError> {
        object(self.payload)
    }
}

fn object(part: &str) -> Result<Object, IdTokenError> {
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(part).map_err(|_| IdTokenError::Malformed)?;
    Object::parse(&bytes).map_err(|_| IdTokenError::Malformed)
}
