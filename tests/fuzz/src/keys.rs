//! One P-256 key that signs for the provider and for a device: that of RFC 7515, appendix A.3.1, so that seeds of an
//! earlier run still verify.

use std::sync::LazyLock;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;

pub const X: &str = "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU";
pub const Y: &str = "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0";
const D: &str = "jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI";

static PAIR: LazyLock<EcdsaKeyPair> = LazyLock::new(|| {
    let (private, public) = (decode(D).unwrap(), public_key());
    EcdsaKeyPair::from_private_key_and_public_key(&ECDSA_P256_SHA256_FIXED_SIGNING, &private, &public)
        .unwrap()
});

pub fn public_key() -> Vec<u8> {
    [vec![4], decode(X).unwrap(), decode(Y).unwrap()].concat()
}

pub fn sign(bytes: &[u8]) -> Vec<u8> {
    PAIR.sign(&SystemRandom::new(), bytes).unwrap().as_ref().to_vec()
}

pub fn verifies(bytes: &[u8], signature: &[u8]) -> bool {
    use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};
    UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, public_key()).verify(bytes, signature).is_ok()
}

pub fn encode(bytes: impl AsRef<[u8]>) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

pub fn decode(text: &str) -> Option<Vec<u8>> {
    BASE64_URL_SAFE_NO_PAD.decode(text).ok()
}
