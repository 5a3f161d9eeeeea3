//! One key for each algorithm, and real signatures.

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair,
    RSA_PKCS1_SHA256, RSA_PSS_SHA256, RsaKeyPair,
};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use pforte_oauth::Algorithm;
use serde_json::{Value, json};

/// The algorithms that both sides know.
pub const ALGORITHMS: [Algorithm; 5] =
    [Algorithm::Es256, Algorithm::Es384, Algorithm::Rs256, Algorithm::Ps256, Algorithm::EdDsa];

/// The provider's keys; the `kid` is the algorithm's name.
pub struct Keys {
    p256: EcdsaKeyPair,
    p384: EcdsaKeyPair,
    rsa: RsaKeyPair,
    ed25519: Ed25519KeyPair,
}

impl Keys {
    pub fn new() -> Self {
        Self {
            p256: EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap(),
            p384: EcdsaKeyPair::generate(&ECDSA_P384_SHA384_FIXED_SIGNING).unwrap(),
            rsa: RsaKeyPair::generate(KeySize::Rsa2048).unwrap(),
            ed25519: Ed25519KeyPair::generate().unwrap(),
        }
    }

    pub fn sign(&self, algorithm: Algorithm, text: &str) -> Vec<u8> {
        let (random, text) = (SystemRandom::new(), text.as_bytes());
        let rsa = |padding| {
            let mut signature = vec![0; self.rsa.public_modulus_len()];
            self.rsa.sign(padding, &random, text, &mut signature).unwrap();
            signature
        };
        match algorithm {
            Algorithm::Es256 => self.p256.sign(&random, text).unwrap().as_ref().to_vec(),
            Algorithm::Es384 => self.p384.sign(&random, text).unwrap().as_ref().to_vec(),
            Algorithm::Rs256 => rsa(&RSA_PKCS1_SHA256),
            Algorithm::Ps256 => rsa(&RSA_PSS_SHA256),
            Algorithm::EdDsa => self.ed25519.sign(text).as_ref().to_vec(),
        }
    }

    pub fn jwks(&self) -> Value {
        let text = |bytes: &[u8]| BASE64_URL_SAFE_NO_PAD.encode(bytes);
        let curve = |kid: &str, name: &str, key: &EcdsaKeyPair| {
            let point = &key.public_key().as_ref()[1..];
            let (x, y) = point.split_at(point.len() / 2);
            json!({"kty": "EC", "crv": name, "kid": kid, "alg": kid, "use": "sig", "x": text(x), "y": text(y)})
        };
        let (n, e) = (self.rsa.public_key().modulus(), self.rsa.public_key().exponent());
        let rsa = |kid: &str| {
            json!({"kty": "RSA", "kid": kid, "alg": kid, "use": "sig",
                "n": text(n.big_endian_without_leading_zero()), "e": text(e.big_endian_without_leading_zero())})
        };
        // SubjectPublicKeyInfo ends with the key itself.
        let ed25519 = self.ed25519.public_key().as_der().unwrap();
        let ed25519 = &ed25519.as_ref()[ed25519.as_ref().len() - 32..];
        json!({"keys": [
            curve("ES256", "P-256", &self.p256),
            curve("ES384", "P-384", &self.p384),
            rsa("RS256"),
            rsa("PS256"),
            {"kty": "OKP", "crv": "Ed25519", "kid": "EdDSA", "alg": "EdDSA", "use": "sig", "x": text(ed25519)},
        ]})
    }
}
