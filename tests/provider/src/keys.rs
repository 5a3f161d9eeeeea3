//! The signing keys and their JWK set (RFC 7517).

use std::sync::{Arc, OnceLock};

use aws_lc_rs::encoding::AsDer as _;
use aws_lc_rs::hmac;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair,
};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use crate::misbehaviour::PublicKeyForm;
use crate::settings::SigningAlgorithm;

/// A key could not be made or used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the cryptographic library refused to make or use a key")]
pub(crate) struct KeyError;

#[derive(Debug)]
pub(crate) struct Keys {
    es256: EcdsaKeyPair,
    rs256: Arc<RsaKeyPair>,
    foreign: EcdsaKeyPair,
}

impl Keys {
    /// Makes fresh P-256 keys. The RSA key is made once a process, because that takes long.
    pub(crate) fn generate() -> Result<Self, KeyError> {
        static RSA: OnceLock<Arc<RsaKeyPair>> = OnceLock::new();
        let rs256 = match RSA.get() {
            Some(key) => key.clone(),
            None => {
                let key = RsaKeyPair::generate(KeySize::Rsa2048).map_err(|_| KeyError)?;
                RSA.get_or_init(|| Arc::new(key)).clone()
            }
        };
        Ok(Self { es256: p256()?, rs256, foreign: p256()? })
    }

    pub(crate) fn sign(&self, algorithm: SigningAlgorithm, text: &str) -> Result<Vec<u8>, KeyError> {
        match algorithm {
            SigningAlgorithm::Es256 => sign_p256(&self.es256, text),
            SigningAlgorithm::Rs256 => {
                let mut signature = vec![0; self.rs256.public_modulus_len()];
                let signed =
                    self.rs256.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), text.as_bytes(), &mut signature);
                signed.map(|()| signature).map_err(|_| KeyError)
            }
        }
    }

    pub(crate) fn sign_foreign(&self, text: &str) -> Result<Vec<u8>, KeyError> {
        sign_p256(&self.foreign, text)
    }

    /// HS256 keyed with the public ES256 key.
    pub(crate) fn sign_with_public_key(&self, form: PublicKeyForm, text: &str) -> Result<Vec<u8>, KeyError> {
        let secret = self.public_key(form)?;
        Ok(hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &secret), text.as_bytes()).as_ref().to_vec())
    }

    /// Whether a signature is one of ours.
    pub(crate) fn verifies(&self, algorithm: &str, text: &str, signature: &[u8]) -> bool {
        use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
        let verified = match algorithm {
            "ES256" => UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, self.es256.public_key().as_ref())
                .verify(text.as_bytes(), signature),
            "RS256" => UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, self.rs256.public_key().as_ref())
                .verify(text.as_bytes(), signature),
            _ => return false,
        };
        verified.is_ok()
    }

    /// The JWK set that clients are to use.
    pub(crate) fn jwks(&self) -> Value {
        json!({"keys": [p256_jwk(&self.es256, SigningAlgorithm::Es256.kid()), self.rsa_jwk()]})
    }

    /// The foreign key's public half, under the `kid` of the proper one.
    pub(crate) fn foreign_jwk(&self) -> Value {
        p256_jwk(&self.foreign, SigningAlgorithm::Es256.kid())
    }

    fn rsa_jwk(&self) -> Value {
        let (n, e) = (self.rs256.public_key().modulus(), self.rs256.public_key().exponent());
        json!({
            "kty": "RSA", "use": "sig", "alg": "RS256", "kid": SigningAlgorithm::Rs256.kid(),
            "n": URL_SAFE_NO_PAD.encode(n.big_endian_without_leading_zero()),
            "e": URL_SAFE_NO_PAD.encode(e.big_endian_without_leading_zero()),
        })
    }

    fn public_key(&self, form: PublicKeyForm) -> Result<Vec<u8>, KeyError> {
        let key = self.es256.public_key();
        let der = || Ok(key.as_der().map_err(|_| KeyError)?.as_ref().to_vec());
        match form {
            PublicKeyForm::Point => Ok(key.as_ref().to_vec()),
            PublicKeyForm::SpkiDer => der(),
            PublicKeyForm::SpkiPem => Ok(pem(&STANDARD.encode(der()?)).into_bytes()),
        }
    }
}

fn p256() -> Result<EcdsaKeyPair, KeyError> {
    EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).map_err(|_| KeyError)
}

fn sign_p256(key: &EcdsaKeyPair, text: &str) -> Result<Vec<u8>, KeyError> {
    let signature = key.sign(&SystemRandom::new(), text.as_bytes()).map_err(|_| KeyError)?;
    Ok(signature.as_ref().to_vec())
}

/// The public key's point is `04 || x || y` (SEC 1, section 2.3.3).
fn p256_jwk(key: &EcdsaKeyPair, kid: &str) -> Value {
    let point = key.public_key().as_ref();
    let coordinate =
        |range| URL_SAFE_NO_PAD.encode(point.get::<std::ops::Range<usize>>(range).unwrap_or_default());
    json!({
        "kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": kid,
        "x": coordinate(1..33), "y": coordinate(33..65),
    })
}

/// Lines of 64 characters (RFC 7468, section 2).
fn pem(base64: &str) -> String {
    let mut text = "-----BEGIN PUBLIC KEY-----\n".to_owned();
    for (index, letter) in base64.chars().enumerate() {
        if index > 0 && index % 64 == 0 {
            text.push('\n');
        }
        text.push(letter);
    }
    text.push_str("\n-----END PUBLIC KEY-----\n");
    text
}
