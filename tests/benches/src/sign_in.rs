//! ID tokens and DPoP proofs beside the bare signature operation, node's `jose` and the JVM's Nimbus.

use std::cell::RefCell;
use std::process::Command;
use std::time::{SystemTime, UNIX_EPOCH};

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa;
use aws_lc_rs::signature::{
    self, ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair, ParsedPublicKey,
    RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256,
};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use http::Response;
use pforte_host::SecretText;
use pforte_oauth::dpop::{ProofClaims, UnsignedProof};
use pforte_oauth::{
    AuthorizeOptions, Entropy, Jwks, Metadata, ProviderSettings, TokenResponse, TokenType, Transaction,
    authorize, id_token, random_token, token,
};
use serde_json::{Value, json};

use crate::measure::{Contender, Worker, in_turns};
use crate::table::Table;

const ISSUER: &str = "https://id.example.com";
const CLIENT: &str = "portal-app";
const NONCE: &str = "nonce-of-the-first-sign-in";
const ACCESS_TOKEN: &str = "an-access-token-as-long-as-they-are-where-they-are-opaque-0123456789";
const API: &str = "https://api.example.com/portal/reviews";

/// The device's and the provider's keys.
struct Keys {
    es256: EcdsaKeyPair,
    rs256: signature::RsaKeyPair,
}

impl Keys {
    fn new() -> Self {
        let rsa = rsa::KeyPair::generate(rsa::KeySize::Rsa2048).unwrap();
        let rsa = AsDer::<aws_lc_rs::encoding::Pkcs8V1Der<'_>>::as_der(&rsa).unwrap();
        Self {
            es256: EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap(),
            rs256: signature::RsaKeyPair::from_pkcs8(rsa.as_ref()).unwrap(),
        }
    }

    fn sign(&self, algorithm: &str, input: &[u8]) -> Vec<u8> {
        if algorithm == "ES256" {
            return self.es256.sign(&SystemRandom::new(), input).unwrap().as_ref().to_vec();
        }
        let mut signature = vec![0; self.rs256.public_modulus_len()];
        self.rs256.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), input, &mut signature).unwrap();
        signature
    }

    fn ec_jwk(&self, kid: &str) -> Value {
        let point = self.es256.public_key().as_ref();
        json!({"kty": "EC", "crv": "P-256", "kid": kid, "use": "sig", "alg": "ES256",
            "x": encode(&point[1..33]), "y": encode(&point[33..])})
    }

    fn jwks(&self) -> Value {
        let rsa = self.rs256.public_key();
        let (n, e) = (
            rsa.modulus().big_endian_without_leading_zero(),
            rsa.exponent().big_endian_without_leading_zero(),
        );
        json!({"keys": [
            {"kty": "RSA", "kid": "RS256", "use": "sig", "alg": "RS256", "n": encode(n), "e": encode(e)},
            self.ec_jwk("ES256"),
        ]})
    }

    fn id_token(&self, algorithm: &str, now_s: i64) -> String {
        let header = json!({"alg": algorithm, "kid": algorithm, "typ": "JWT"});
        let claims = json!({"iss": ISSUER, "sub": "alice", "aud": CLIENT, "exp": now_s + 86_400, "iat": now_s,
            "nonce": NONCE, "auth_time": now_s, "acr": "mfa", "name": "Alice", "email": "alice@example.com",
            "email_verified": true});
        let input = format!("{}.{}", encode(header.to_string()), encode(claims.to_string()));
        let signature = self.sign(algorithm, input.as_bytes());
        format!("{input}.{}", encode(signature))
    }
}

fn encode(bytes: impl AsRef<[u8]>) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

fn settings() -> ProviderSettings {
    ProviderSettings {
        redirect_uri: "com.example.portal:/callback".into(),
        ..ProviderSettings::oidc(ISSUER, CLIENT)
    }
}

fn transaction(now_s: i64) -> Transaction {
    let document = json!({"issuer": ISSUER, "authorization_endpoint": "https://id.example.com/a",
        "token_endpoint": "https://id.example.com/t", "jwks_uri": "https://id.example.com/j"});
    let metadata = Metadata::parse(&settings(), document.to_string().as_bytes()).unwrap();
    let entropy = Entropy { nonce: SecretText::new(NONCE.to_owned()), ..Entropy::fresh().unwrap() };
    authorize::start(&settings(), &metadata, &AuthorizeOptions::default(), entropy, now_s)
        .unwrap()
        .transaction
}

fn tokens(id_token: &str) -> TokenResponse {
    let body = json!({"access_token": ACCESS_TOKEN, "token_type": "Bearer", "id_token": id_token});
    token::response(&Response::new(body.to_string().into_bytes()), TokenType::Bearer).unwrap()
}

/// `node_script` and `class_path` are the other two contenders.
pub fn run(node_script: &str, class_path: &str) {
    let keys = Keys::new();
    let now_s = i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()).unwrap();
    let task = json!({
        "issuer": ISSUER, "client": CLIENT, "nonce": NONCE, "jwks": keys.jwks(), "accessToken": ACCESS_TOKEN, "api": API,
        "RS256": keys.id_token("RS256", now_s), "ES256": keys.id_token("ES256", now_s),
    });
    let node = RefCell::new(Worker::start(Command::new("node").arg(node_script).arg(task.to_string())));
    let jvm = RefCell::new(Worker::start(Command::new("java").args([
        "-cp",
        class_path,
        "SignIn",
        &task.to_string(),
    ])));
    let other = |name: &str, worker| {
        let worker: &RefCell<Worker> = worker;
        let what = name.to_owned();
        move |times| worker.borrow_mut().turn(&what, times)
    };

    let mut table = Table::new("pforte-oauth");
    let (settings, transaction) = (settings(), transaction(now_s));
    let jwks = Jwks::parse(keys.jwks().to_string().as_bytes()).unwrap();
    for algorithm in ["RS256", "ES256"] {
        let text = keys.id_token(algorithm, now_s);
        let tokens = tokens(&text);
        let (input, signature) = text.rsplit_once('.').unwrap();
        let signature = BASE64_URL_SAFE_NO_PAD.decode(signature).unwrap();
        let bare = match algorithm {
            "RS256" => {
                let key = aws_lc_rs::encoding::AsDer::<aws_lc_rs::encoding::PublicKeyX509Der<'_>>::as_der(
                    keys.rs256.public_key(),
                )
                .unwrap();
                ParsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, key.as_ref()).unwrap()
            }
            _ => ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, keys.es256.public_key().as_ref()).unwrap(),
        };
        let figures = in_turns(vec![
            Contender::new("ours", || {
                id_token::verify(&settings, &jwks, &transaction, &tokens, now_s).unwrap()
            }),
            Contender::new("bare signature check, aws-lc-rs", || {
                bare.verify_sig(input.as_bytes(), &signature).unwrap();
            }),
            Contender::with_turn("jose, node", other(algorithm, &node)),
            Contender::with_turn("Nimbus, JVM", other(algorithm, &jvm)),
        ]);
        table.add(&format!("ID token, {algorithm}"), &figures);
    }

    let (url, access_token) = (url::Url::parse(API).unwrap(), SecretText::new(ACCESS_TOKEN.to_owned()));
    let point = keys.es256.public_key().as_ref();
    let proof = || {
        let claims = ProofClaims {
            method: &http::Method::GET,
            url: &url,
            jti: random_token().unwrap(),
            now_s,
            nonce: Some("a-nonce-of-the-server"),
            access_token: Some(&access_token),
        };
        let unsigned = UnsignedProof::new(point, &claims).unwrap();
        let signature = keys.sign("ES256", unsigned.signing_input());
        unsigned.sign(&signature).unwrap()
    };
    let bare = ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).unwrap();
    let figures = in_turns(vec![
        Contender::new("ours", proof),
        Contender::new("bare signature, aws-lc-rs", || keys.sign("ES256", &[0x5A; 500])),
        Contender::new("bare signature and its check", || {
            let signature = keys.sign("ES256", &[0x5A; 500]);
            bare.verify_sig(&[0x5A; 500], &signature).unwrap();
        }),
        Contender::with_turn("jose, node", other("DPoP", &node)),
        Contender::with_turn("Nimbus, JVM", other("DPoP", &jvm)),
    ]);
    table.add("DPoP proof, ES256", &figures);
    table.print(
        "Sign-in. Ours checks its own proof once more, so that a key that answers wrongly is found here.",
    );
    node.into_inner().end();
    jvm.into_inner().end();
}
