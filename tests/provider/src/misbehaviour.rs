//! Misbehaviour as data: what the provider does wrong, where, and how often.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::endpoint::Endpoint;

/// The most bytes that [`Act::OversizedBody`] sends: 64 MiB.
pub const OVERSIZED_BODY_LIMIT: u64 = 64 * 1024 * 1024;

/// The longest pause or delay of one act, in milliseconds.
pub const PAUSE_LIMIT_MILLIS: u64 = 60_000;

/// The deepest nesting that [`Act::DeepJson`] sends.
pub const DEPTH_LIMIT: u32 = 1_000_000;

/// One thing to do wrong.
///
/// ```
/// use pforte_provider::{Act, Endpoint, Misbehaviour, Times};
///
/// let text = r#"{"on": "token", "times": 1, "act": {"id_token": {"claims": {"aud": {"set": 5}}}}}"#;
/// let wrong_audience: Misbehaviour = serde_json::from_str(text).unwrap();
/// assert_eq!(wrong_audience.on, Endpoint::Token);
/// assert_eq!(wrong_audience.times, Times::Count(1));
///
/// let lost = Misbehaviour::once(Endpoint::Token, Act::DropAfter);
/// assert_eq!(serde_json::to_string(&lost).unwrap(), r#"{"on":"token","times":1,"act":"drop_after"}"#);
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Misbehaviour {
    /// Where.
    pub on: Endpoint,
    /// How often: each request to the endpoint counts, whatever comes of it.
    #[serde(default)]
    pub times: Times,
    /// What.
    pub act: Act,
}

impl Misbehaviour {
    /// Does `act` at the next request, and never again.
    pub fn once(on: Endpoint, act: Act) -> Self {
        Self { on, times: Times::Count(1), act }
    }

    /// Does `act` until misbehaviour is cleared.
    pub fn always(on: Endpoint, act: Act) -> Self {
        Self { on, times: Times::Always, act }
    }

    /// Whether the act can take effect at its endpoint and stays within the limits.
    pub fn check(&self) -> Result<(), UnfitMisbehaviour> {
        let fits = match &self.act {
            Act::Callback { .. } => self.on == Endpoint::Callback,
            Act::IdToken { .. } | Act::RefreshWithoutRotation => self.on == Endpoint::Token,
            Act::HttpEndpoints { .. } => self.on == Endpoint::Discovery,
            Act::KeysOnly { .. } => self.on == Endpoint::Jwks,
            Act::Members(_) | Act::DuplicateMember { .. } | Act::DeepJson { .. } => self.on.answers_json(),
            _ => self.on != Endpoint::Callback,
        };
        if !fits {
            return Err(UnfitMisbehaviour::WrongEndpoint { on: self.on });
        }
        let bounded = match &self.act {
            Act::Delay { millis, .. } => *millis <= PAUSE_LIMIT_MILLIS,
            Act::SlowBody { chunk_bytes, pause_millis } => {
                *chunk_bytes > 0 && *pause_millis <= PAUSE_LIMIT_MILLIS
            }
            Act::OversizedBody { bytes } => *bytes <= OVERSIZED_BODY_LIMIT,
            Act::DeepJson { depth } => *depth <= DEPTH_LIMIT,
            Act::Status { code, .. } | Act::Redirect { code, .. } => (200..=599).contains(code),
            _ => true,
        };
        if bounded { Ok(()) } else { Err(UnfitMisbehaviour::OutOfBounds) }
    }
}

/// Why a misbehaviour was not accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UnfitMisbehaviour {
    /// The act would have no effect there.
    #[error("the act has no effect on {on:?}; see the documentation of the act for where it fits")]
    WrongEndpoint {
        /// The endpoint that was named.
        on: Endpoint,
    },
    /// A number is beyond the documented limits.
    #[error(
        "a number of the act is out of bounds; delays end at 60 s, bodies at 64 MiB, status codes are 200 to 599"
    )]
    OutOfBounds,
}

/// How often to misbehave: in JSON a number, or `"always"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(try_from = "Value", into = "Value")]
pub enum Times {
    /// So many times.
    Count(u32),
    /// Until cleared.
    #[default]
    Always,
}

impl TryFrom<Value> for Times {
    type Error = &'static str;

    fn try_from(value: Value) -> Result<Self, Self::Error> {
        if value == "always" {
            return Ok(Self::Always);
        }
        let count = value.as_u64().and_then(|count| u32::try_from(count).ok());
        count.map(Self::Count).ok_or("`times` is a whole number or \"always\"")
    }
}

impl From<Times> for Value {
    fn from(times: Times) -> Self {
        match times {
            Times::Count(count) => json!(count),
            Times::Always => json!("always"),
        }
    }
}

/// What to do with one named value.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Edit {
    /// Sets it, whether it was there or not.
    Set(Value),
    /// Sets it to this text as it stands in the JSON: for numbers like 2^64 and for JSON that is broken.
    Raw(String),
    /// Leaves it out.
    Remove,
}

/// Named edits.
pub type Edits = BTreeMap<String, Edit>;

/// What to do wrong. The acts of the wire fit every endpoint but `callback`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Act {
    /// Closes the connection, unprocessed: the request never arrived.
    DropBefore,
    /// Processes the request, then closes the connection without a byte: the response was lost.
    DropAfter,
    /// Waits.
    Delay {
        /// How long, in milliseconds.
        millis: u64,
        /// Whether the request is processed first: a client that does not wait has lost the response.
        #[serde(default)]
        processed: bool,
    },
    /// Answers with this instead.
    Status {
        /// The status code.
        code: u16,
        /// The body; empty unless given.
        #[serde(default)]
        body: String,
        /// Its media type; JSON unless given.
        #[serde(default = "json_type")]
        content_type: String,
        /// Whether the request is processed first, as when a gateway loses the answer.
        #[serde(default)]
        processed: bool,
    },
    /// Answers with a redirect instead, unprocessed.
    Redirect {
        /// The status code: 301, 302, 303, 307 or 308.
        code: u16,
        /// Where to.
        location: String,
    },
    /// Sets a response header, or leaves it out.
    Header {
        /// The header's name.
        name: String,
        /// Its value; nothing leaves it out.
        value: Option<String>,
    },
    /// Follows the real body with so many spaces, streamed without a length: whoever reads it all finds valid JSON.
    OversizedBody {
        /// How many bytes to add.
        bytes: u64,
    },
    /// Sends the real body in pieces.
    SlowBody {
        /// The bytes of one piece.
        chunk_bytes: usize,
        /// The pause before each piece, in milliseconds.
        pause_millis: u64,
    },
    /// Puts a member `deep` of nested arrays first into the JSON object. Fits endpoints that answer JSON.
    DeepJson {
        /// How many arrays.
        depth: u32,
    },
    /// Writes a member once more at the end of the JSON object. Fits endpoints that answer JSON.
    DuplicateMember {
        /// The member's name.
        name: String,
        /// Its other value.
        value: Value,
    },
    /// Changes members of the JSON object: issuer, PKCE methods, `token_type`, `sub`, anything. Fits endpoints that
    /// answer JSON.
    Members(Edits),
    /// Gives every endpoint in the metadata as `http://HOST/…`. Fits `discovery`.
    HttpEndpoints {
        /// The host, with a port if need be.
        host: String,
    },
    /// Publishes only these keys. Fits `jwks`.
    KeysOnly {
        /// The `kid` of each.
        kids: Vec<String>,
    },
    /// Changes the redirect back to the client (RFC 6749, section 4.1.2; RFC 9207). Fits `callback`.
    Callback {
        /// Another target, in the place of the redirect URI.
        #[serde(default)]
        redirect_uri: Option<String>,
        /// Changed parameters: `iss`, `state`, `code`, `error`, `error_description`.
        #[serde(default)]
        parameters: Edits,
        /// Parameters written once more at the end.
        #[serde(default)]
        append: Vec<(String, String)>,
    },
    /// Changes the ID token (OIDC Core 1.0, section 2). Fits `token`.
    IdToken {
        /// Changed claims.
        #[serde(default)]
        claims: Edits,
        /// Changed members of the JOSE header: `kid`, `typ`, `crit`, `b64`, `jku`, `x5u`, `jwk`, `x5c`, `alg`.
        #[serde(default)]
        header: Edits,
        /// How it is signed.
        #[serde(default)]
        signature: IdTokenSignature,
    },
    /// Answers a refresh without a new refresh token and leaves the old one as it is. Fits `token`.
    RefreshWithoutRotation,
}

impl Act {
    /// Answers with an OAuth error (RFC 6749, section 5.2) instead of processing the request.
    pub fn oauth_error(code: u16, error: &str, description: &str) -> Self {
        Self::Status {
            code,
            body: json!({"error": error, "error_description": description}).to_string(),
            content_type: json_type(),
            processed: false,
        }
    }

    /// Sets one member of the JSON object.
    pub fn member(name: &str, value: Value) -> Self {
        Self::Members(BTreeMap::from([(name.to_owned(), Edit::Set(value))]))
    }

    /// Changes one parameter of the redirect back to the client.
    pub fn callback(name: &str, edit: Edit) -> Self {
        let parameters = BTreeMap::from([(name.to_owned(), edit)]);
        Self::Callback { redirect_uri: None, parameters, append: Vec::new() }
    }

    /// Changes one claim of the ID token.
    pub fn id_token_claim(name: &str, edit: Edit) -> Self {
        let claims = BTreeMap::from([(name.to_owned(), edit)]);
        Self::IdToken { claims, header: Edits::new(), signature: IdTokenSignature::Proper }
    }

    /// Changes one member of the ID token's header.
    pub fn id_token_header(name: &str, edit: Edit) -> Self {
        let header = BTreeMap::from([(name.to_owned(), edit)]);
        Self::IdToken { claims: Edits::new(), header, signature: IdTokenSignature::Proper }
    }

    /// Signs the ID token in another way.
    pub fn id_token_signature(signature: IdTokenSignature) -> Self {
        Self::IdToken { claims: Edits::new(), header: Edits::new(), signature }
    }
}

/// How an ID token is signed. An `alg` or `kid` among the header's edits wins over what is said here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IdTokenSignature {
    /// With the provider's key, as the settings say.
    #[default]
    Proper,
    /// Not at all: `alg` is `none` and the signature is empty (RFC 7518, section 3.6).
    None,
    /// HS256 with the provider's public ES256 key as the secret.
    Hs256PublicKey {
        /// The bytes taken for the key.
        form: PublicKeyForm,
    },
    /// ES256 with a key that is not in the JWK set, under the `kid` of one that is. The foreign key's JWK set is at
    /// `/foreign/jwks`, and a request for it is logged.
    ForeignKey {
        /// The header member that offers the foreign key.
        #[serde(default)]
        offered_by: Option<KeyOffer>,
    },
    /// With the provider's key, one bit of the signature turned over.
    Broken,
}

/// The bytes of a public key that a confused verifier might take for an HMAC secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PublicKeyForm {
    /// The uncompressed point, 65 bytes.
    Point,
    /// SubjectPublicKeyInfo, DER.
    SpkiDer,
    /// SubjectPublicKeyInfo, PEM, with a newline at the end.
    SpkiPem,
}

/// The header members that can offer a key (RFC 7515, section 4.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyOffer {
    /// `jwk`: the key itself.
    Jwk,
    /// `jku`: where a JWK set with it can be fetched, which is `/foreign/jwks`.
    Jku,
}

fn json_type() -> String {
    "application/json".to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_act_that_could_not_take_effect_is_refused() {
        let claim = Act::id_token_claim("aud", Edit::Remove);
        assert_eq!(Misbehaviour::once(Endpoint::Token, claim.clone()).check(), Ok(()));
        for (on, act) in [
            (Endpoint::Userinfo, claim),
            (Endpoint::Callback, Act::DropAfter),
            (Endpoint::Authorize, Act::callback("iss", Edit::Remove)),
            (Endpoint::Revoke, Act::member("x", json!(1))),
            (Endpoint::Token, Act::HttpEndpoints { host: "evil.example".to_owned() }),
        ] {
            assert_eq!(Misbehaviour::once(on, act).check(), Err(UnfitMisbehaviour::WrongEndpoint { on }));
        }
    }

    #[test]
    fn numbers_have_limits() {
        for act in [
            Act::Delay { millis: PAUSE_LIMIT_MILLIS + 1, processed: false },
            Act::SlowBody { chunk_bytes: 0, pause_millis: 1 },
            Act::OversizedBody { bytes: OVERSIZED_BODY_LIMIT + 1 },
            Act::DeepJson { depth: DEPTH_LIMIT + 1 },
            Act::Redirect { code: 99, location: "/".to_owned() },
        ] {
            let verdict = Misbehaviour::always(Endpoint::Token, act).check();
            assert_eq!(verdict, Err(UnfitMisbehaviour::OutOfBounds));
        }
    }

    #[test]
    fn times_is_a_number_or_the_word_always() {
        let read = |text: &str| serde_json::from_str::<Times>(text);
        assert_eq!(read("3").unwrap(), Times::Count(3));
        assert_eq!(read("\"always\"").unwrap(), Times::Always);
        for bad in ["-1", "1.5", "\"often\"", "null"] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }
}
