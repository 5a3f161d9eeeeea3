//! Cases from a seed: an honest token or callback, and what was changed in it.

use aws_lc_rs::digest;
use base64::Engine;
use base64::prelude::{BASE64_URL_SAFE, BASE64_URL_SAFE_NO_PAD};
use pforte_host::SecretText;
use pforte_oauth::{
    Algorithm, AuthorizeOptions, Entropy, Jwks, Metadata, ProviderSettings, Transaction, authorize,
};
use serde_json::{Map, Value, json};

use super::keys::{ALGORITHMS, Keys};

const ISSUER: &str = "https://id.example.com";
const CLIENT: &str = "portal-app";
const REDIRECT: &str = "com.example.portal:/callback";
const STATE: &str = "state-of-this-sign-in-0123456789";
const NONCE: &str = "nonce-of-this-sign-in-0123456789";
const ACCESS_TOKEN: &str = "opaque-access-token";

/// What is to be judged.
pub enum Question {
    /// A token response, and the algorithm the client registered.
    Token { body: String, algorithm: Algorithm },
    /// A callback.
    Callback { url: String },
}

/// One case, and the names of what was changed in it.
pub struct Case {
    pub question: Question,
    pub labels: Vec<String>,
}

/// Makes cases.
pub struct Generator {
    pub settings: ProviderSettings,
    pub transaction: Transaction,
    pub jwks: Jwks,
    pub now_s: i64,
    keys: Keys,
    stranger: Keys,
    key_set: Value,
    random: fastrand::Rng,
}

impl Generator {
    pub fn new(seed: u64) -> Self {
        let settings =
            ProviderSettings { redirect_uri: REDIRECT.to_owned(), ..ProviderSettings::oidc(ISSUER, CLIENT) };
        let metadata = Metadata::parse(&settings, server().to_string().as_bytes()).unwrap();
        let entropy = Entropy {
            state: SecretText::new(STATE.to_owned()),
            nonce: SecretText::new(NONCE.to_owned()),
            code_verifier: SecretText::new("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk".to_owned()),
        };
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
        let now_s = i64::try_from(now.as_secs()).unwrap();
        let options = AuthorizeOptions::default();
        let sign_in = authorize::start(&settings, &metadata, &options, entropy, now_s).unwrap();
        let keys = Keys::new();
        let key_set = keys.jwks();
        let jwks = Jwks::parse(key_set.to_string().as_bytes()).unwrap();
        let random = fastrand::Rng::with_seed(seed);
        Self {
            settings,
            transaction: sign_in.transaction,
            jwks,
            now_s,
            keys,
            stranger: Keys::new(),
            key_set,
            random,
        }
    }

    /// What every case shares, for the judges.
    pub fn setting(&self) -> Value {
        let algorithms: Vec<&str> = ALGORITHMS.iter().map(|algorithm| algorithm.name()).collect();
        json!({
            "server": server(), "clientId": CLIENT, "jwks": self.key_set, "nonce": NONCE, "state": STATE,
            "algorithms": algorithms,
        })
    }

    /// A token response with an honest ID token, or with one or two things wrong.
    pub fn token(&mut self) -> Case {
        let algorithm = ALGORITHMS[self.random.usize(..ALGORITHMS.len())];
        let mut token = Token {
            header: object(json!({"alg": algorithm.name(), "kid": algorithm.name(), "typ": "JWT"})),
            claims: self.honest_claims(algorithm),
            duplicate: None,
            surgery: None,
        };
        let mut labels = Vec::new();
        // A sixth stays as it is; a sixth is changed twice.
        let changes = match self.random.u8(..6) {
            0 => 0,
            1 => 2,
            _ => 1,
        };
        for _ in 0..changes {
            let label = match self.random.u8(..10) {
                0..=5 => self.change_claim(&mut token),
                6..=7 => self.change_header(&mut token),
                _ => self.change_form(&mut token),
            };
            labels.push(label);
        }
        let id_token = token.written(&self.keys, &self.stranger, algorithm);
        let body = json!({
            "access_token": ACCESS_TOKEN, "token_type": "Bearer", "expires_in": 600, "id_token": id_token,
        });
        Case { question: Question::Token { body: body.to_string(), algorithm }, labels }
    }

    fn honest_claims(&self, algorithm: Algorithm) -> Map<String, Value> {
        let hash = match algorithm {
            Algorithm::Es384 => &digest::SHA384,
            Algorithm::EdDsa => &digest::SHA512,
            _ => &digest::SHA256,
        };
        let hash = digest::digest(hash, ACCESS_TOKEN.as_bytes());
        let at_hash = BASE64_URL_SAFE_NO_PAD.encode(&hash.as_ref()[..hash.as_ref().len() / 2]);
        object(json!({
            "iss": ISSUER, "sub": "alice", "aud": CLIENT, "azp": CLIENT, "nonce": NONCE, "at_hash": at_hash,
            "iat": self.now_s - 5, "exp": self.now_s + 600, "nbf": self.now_s - 5, "auth_time": self.now_s - 30,
            "acr": "pwd", "email": "alice@example.com", "email_verified": true, "name": "Alice",
        }))
    }

    fn change_claim(&mut self, token: &mut Token) -> String {
        let names = [
            "iss",
            "sub",
            "aud",
            "azp",
            "nonce",
            "at_hash",
            "iat",
            "exp",
            "nbf",
            "auth_time",
            "acr",
            "email",
            "email_verified",
            "name",
            "unknown",
        ];
        let name = names[self.random.usize(..names.len())];
        let now = self.now_s;
        let client = || json!(CLIENT);
        let values: [(&str, Option<Value>); 22] = [
            ("missing", None),
            ("null", Some(Value::Null)),
            ("number", Some(json!(5))),
            ("negative", Some(json!(-5))),
            ("fraction", Some(json!(now as f64 + 0.5))),
            ("far fraction", Some(json!(now as f64 + 300.5))),
            ("beyond 2^63", Some(json!(9_300_000_000_000_000_000_u64))),
            ("past", Some(json!(now - 7200))),
            ("future", Some(json!(now + 7200))),
            ("soon", Some(json!(now + 30))),
            ("just now", Some(json!(now - 30))),
            ("text", Some(json!("other"))),
            ("empty text", Some(json!(""))),
            ("number as text", Some(json!((now + 300).to_string()))),
            ("true", Some(json!(true))),
            ("array", Some(json!(["other"]))),
            ("empty array", Some(json!([]))),
            ("array with client", Some(json!([CLIENT]))),
            ("array with client and other", Some(json!([client(), "other"]))),
            ("array with client and number", Some(json!([client(), 5]))),
            ("object", Some(json!({"a": 1}))),
            ("same in an array", token.claims.get(name).map(|value| json!([value]))),
        ];
        let (kind, value) = values[self.random.usize(..values.len())].clone();
        match value {
            Some(value) => token.claims.insert(name.to_owned(), value),
            None => token.claims.remove(name),
        };
        format!("{name} {kind}")
    }

    fn change_header(&mut self, token: &mut Token) -> String {
        let changes: [(&str, &str, Option<Value>); 24] = [
            ("alg none", "alg", Some(json!("none"))),
            ("alg HS256", "alg", Some(json!("HS256"))),
            ("alg missing", "alg", None),
            ("alg number", "alg", Some(json!(256))),
            ("alg of another key", "alg", Some(json!("ES512"))),
            ("alg Ed25519", "alg", Some(json!("Ed25519"))),
            ("kid missing", "kid", None),
            ("kid unknown", "kid", Some(json!("unheard-of"))),
            ("kid of another key", "kid", Some(json!("ES384"))),
            ("kid number", "kid", Some(json!(1))),
            ("kid null", "kid", Some(Value::Null)),
            ("kid empty", "kid", Some(json!(""))),
            ("kid long", "kid", Some(json!("k".repeat(1000)))),
            ("typ missing", "typ", None),
            ("typ jwt", "typ", Some(json!("jwt"))),
            ("typ at+jwt", "typ", Some(json!("at+jwt"))),
            ("typ media type", "typ", Some(json!("application/jwt"))),
            ("typ number", "typ", Some(json!(1))),
            ("crit", "crit", Some(json!(["exp"]))),
            ("crit empty", "crit", Some(json!([]))),
            ("b64 false", "b64", Some(json!(false))),
            ("b64 true", "b64", Some(json!(true))),
            ("jku", "jku", Some(json!("https://evil.example/jwks"))),
            ("jwk", "jwk", Some(json!({"kty": "oct", "k": "eA"}))),
        ];
        let (label, name, value) = changes[self.random.usize(..changes.len())].clone();
        match value {
            Some(value) => token.header.insert(name.to_owned(), value),
            None => token.header.remove(name),
        };
        format!("header {label}")
    }

    fn change_form(&mut self, token: &mut Token) -> String {
        if self.random.u8(..4) == 0 {
            let names = ["iss", "sub", "aud", "exp", "nonce"];
            let name = names[self.random.usize(..names.len())];
            let same = self.random.bool();
            token.duplicate = Some((name.to_owned(), same));
            return format!("form {name} twice{}", if same { ", both the same" } else { "" });
        }
        let all = [
            Surgery::SignatureBit(self.random.usize(..)),
            Surgery::PayloadBit(self.random.usize(..)),
            Surgery::SignatureMissing,
            Surgery::SignatureShort,
            Surgery::SignatureLong,
            Surgery::Padded,
            Surgery::TrailingBits,
            Surgery::FourParts,
            Surgery::TwoParts,
            Surgery::Space,
            Surgery::Newline,
            Surgery::OtherKey,
            Surgery::TrailingGarbage,
            Surgery::ByteOrderMark,
            Surgery::PayloadArray,
            Surgery::Pretty,
        ];
        let chosen = all[self.random.usize(..all.len())];
        token.surgery = Some(chosen);
        format!("form {}", chosen.name())
    }

    /// The honest answer of the browser, or one with one or two things wrong.
    pub fn callback(&mut self) -> Case {
        let mut parameters: Vec<(String, String)> =
            [("code", "SplxlOBeZQQYbYS6WxSbIA"), ("state", STATE), ("iss", ISSUER)]
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .to_vec();
        let (mut target, mut tail, mut labels) = (REDIRECT.to_owned(), String::new(), Vec::new());
        let changes = match self.random.u8(..6) {
            0 => 0,
            1 => 2,
            _ => 1,
        };
        for _ in 0..changes {
            let names = [
                "code",
                "state",
                "iss",
                "error",
                "error_description",
                "session_state",
                "response",
                "id_token",
                "token",
            ];
            let name = names[self.random.usize(..names.len())].to_owned();
            let label = match self.random.u8(..8) {
                0 => {
                    parameters.retain(|(other, _)| *other != name);
                    format!("{name} missing")
                }
                1 | 2 => {
                    parameters.retain(|(other, _)| *other != name);
                    parameters.push((name.clone(), "other".to_owned()));
                    format!("{name} other")
                }
                3 => {
                    parameters.retain(|(other, _)| *other != name);
                    parameters.push((name.clone(), String::new()));
                    format!("{name} empty")
                }
                4 => {
                    parameters.push((name.clone(), "other".to_owned()));
                    format!("{name} again")
                }
                5 => {
                    let same = parameters.iter().find(|(other, _)| *other == name).cloned();
                    let repeated = same.is_some();
                    parameters.extend(same);
                    format!("{name} {}", if repeated { "again, the same" } else { "not there" })
                }
                6 => {
                    let tails = [
                        "#fragment",
                        "#state=other",
                        "&",
                        "&&",
                        "&x",
                        "&=y",
                        "&%zz=1",
                        "&state%00=1",
                        "&caf\u{e9}=1",
                        "&code=%ff",
                    ];
                    tail = tails[self.random.usize(..tails.len())].to_owned();
                    format!("tail {tail}")
                }
                _ => {
                    let targets = [
                        "com.example.portal:/callback/",
                        "com.example.portal://callback",
                        "com.example.other:/callback",
                        "COM.EXAMPLE.PORTAL:/callback",
                        "com.example.portal:/Callback",
                        "https://id.example.com/callback",
                        "com.example.portal://user@host/callback",
                    ];
                    target = targets[self.random.usize(..targets.len())].to_owned();
                    format!("target {target}")
                }
            };
            labels.push(format!("callback {label}"));
        }
        let query = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(parameters).finish();
        Case { question: Question::Callback { url: format!("{target}?{query}{tail}") }, labels }
    }
}

/// An ID token before it is written.
struct Token {
    header: Map<String, Value>,
    claims: Map<String, Value>,
    /// A claim to be written twice, and whether with the same value.
    duplicate: Option<(String, bool)>,
    surgery: Option<Surgery>,
}

/// What is done to the token as text.
#[derive(Debug, Clone, Copy)]
enum Surgery {
    SignatureBit(usize),
    PayloadBit(usize),
    SignatureMissing,
    SignatureShort,
    SignatureLong,
    Padded,
    TrailingBits,
    FourParts,
    TwoParts,
    Space,
    Newline,
    OtherKey,
    TrailingGarbage,
    ByteOrderMark,
    PayloadArray,
    Pretty,
}

impl Surgery {
    fn name(self) -> &'static str {
        match self {
            Self::SignatureBit(_) => "signature: a bit turned",
            Self::PayloadBit(_) => "payload: a bit turned after signing",
            Self::SignatureMissing => "signature missing",
            Self::SignatureShort => "signature: a byte short",
            Self::SignatureLong => "signature: a byte long",
            Self::Padded => "base64 padded",
            Self::TrailingBits => "base64 with other trailing bits",
            Self::FourParts => "four parts",
            Self::TwoParts => "two parts",
            Self::Space => "space behind",
            Self::Newline => "newline within",
            Self::OtherKey => "signed by a stranger",
            Self::TrailingGarbage => "payload with something behind it",
            Self::ByteOrderMark => "payload with a byte order mark",
            Self::PayloadArray => "payload an array",
            Self::Pretty => "payload with white space",
        }
    }
}

impl Token {
    fn written(&self, keys: &Keys, stranger: &Keys, algorithm: Algorithm) -> String {
        let text = |bytes: &[u8]| BASE64_URL_SAFE_NO_PAD.encode(bytes);
        let mut claims = Value::Object(self.claims.clone()).to_string();
        if let Some((name, same)) = &self.duplicate {
            let again =
                if *same { self.claims.get(name).cloned().unwrap_or_default() } else { json!("other") };
            claims = format!("{{{}:{again},{}", json!(name), claims.trim_start_matches('{'));
        }
        match self.surgery {
            Some(Surgery::TrailingGarbage) => claims.push_str("{}"),
            Some(Surgery::ByteOrderMark) => claims.insert(0, '\u{feff}'),
            Some(Surgery::PayloadArray) => claims = format!("[{claims}]"),
            Some(Surgery::Pretty) => claims = format!(" \n{claims}\t "),
            _ => {}
        }
        let header = text(Value::Object(self.header.clone()).to_string().as_bytes());
        let payload = match self.surgery {
            Some(Surgery::Padded) => BASE64_URL_SAFE.encode(pad_to_need(&claims)),
            _ => text(claims.as_bytes()),
        };
        let input = format!("{header}.{payload}");
        let signer = if matches!(self.surgery, Some(Surgery::OtherKey)) { stranger } else { keys };
        let mut signature = signer.sign(algorithm, &input);
        match self.surgery {
            Some(Surgery::SignatureBit(at)) => {
                let bits = signature.len() * 8;
                signature[at % bits / 8] ^= 1 << (at % 8);
            }
            Some(Surgery::SignatureMissing) => signature.clear(),
            Some(Surgery::SignatureShort) => drop(signature.pop()),
            Some(Surgery::SignatureLong) => signature.push(0),
            _ => {}
        }
        let signature = text(&signature);
        match self.surgery {
            Some(Surgery::PayloadBit(at)) => {
                let mut changed = claims.into_bytes();
                let place = at % changed.len();
                changed[place] ^= 1;
                format!("{header}.{}.{signature}", text(&changed))
            }
            Some(Surgery::TrailingBits) => format!("{input}.{}", with_other_trailing_bits(&signature)),
            Some(Surgery::FourParts) => format!("{input}.{signature}.e30"),
            Some(Surgery::TwoParts) => input,
            Some(Surgery::Space) => format!("{input}.{signature} "),
            Some(Surgery::Newline) => format!("{header}\n.{payload}.{signature}"),
            _ => format!("{input}.{signature}"),
        }
    }
}

/// White space behind JSON changes nothing but its length, so that base64 needs padding.
fn pad_to_need(claims: &str) -> String {
    let spaces = usize::from(claims.len().is_multiple_of(3));
    format!("{claims}{}", " ".repeat(spaces))
}

/// The same bytes for a decoder that ignores the bits beyond the last byte (RFC 4648, section 3.5).
fn with_other_trailing_bits(text: &str) -> String {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    if text.len().is_multiple_of(4) {
        return text.to_owned();
    }
    let (start, last) = text.split_at(text.len() - 1);
    let place = ALPHABET.iter().position(|letter| *letter == last.as_bytes()[0]).unwrap();
    format!("{start}{}", char::from(ALPHABET[place ^ 1]))
}

fn server() -> Value {
    json!({
        "issuer": ISSUER,
        "authorization_endpoint": format!("{ISSUER}/authorize"),
        "token_endpoint": format!("{ISSUER}/token"),
        "jwks_uri": format!("{ISSUER}/jwks"),
        "authorization_response_iss_parameter_supported": true,
        "code_challenge_methods_supported": ["S256"],
    })
}

fn object(value: Value) -> Map<String, Value> {
    value.as_object().cloned().unwrap_or_default()
}
