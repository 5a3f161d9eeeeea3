//! The device grant (RFC 8628).
//!
//! ```text
//! request ─> Grant ──(show code and address)──> poll_request ─> Grant::judge ─┬─> Tokens
//!                          ^                                                  ├─> error: declined, expired, …
//!                          └──── wait Grant::interval_s ──── Pending <────────┘   (slow_down: 5 s more, from then on)
//! ```

use std::fmt;

use http::{Request, Response};
use pforte_host::SecretText;
use serde::{Deserialize, Serialize};
use url::Url;

use crate::json::Mistyped;
use crate::transaction::secret_text;
use crate::{
    Metadata, OauthError, ProviderSettings, TokenResponse, TokenType, authorize, endpoint, reply, token,
};

/// The pause between two polls where the provider names none, in seconds (RFC 8628, section 3.2).
const DEFAULT_INTERVAL_S: i64 = 5;

/// The longest lifetime and pause that are believed, in seconds.
const MAX_SECONDS: i64 = 3_600;

/// The longest pause that trouble with the network leads to, in seconds.
const MAX_BACK_OFF_S: i64 = 60;

/// A device grant that waits for the person, who confirms it on another device. Stored sealed, so that the end of the
/// process does not end it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Grant {
    /// What the person types, for the screen.
    pub user_code: String,
    /// Where the person types it.
    #[serde(with = "url_text")]
    pub verification_uri: Url,
    /// The same with the code in it, for a QR code.
    #[serde(with = "optional_url_text")]
    pub verification_uri_complete: Option<Url>,
    /// When it ends, in seconds since 1970.
    pub expires_s: i64,
    /// How long to wait before the next poll, in seconds.
    pub interval_s: i64,
    #[serde(with = "secret_text")]
    device_code: SecretText,
}

impl fmt::Debug for Grant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Grant")
            .field("verification_uri", &self.verification_uri.as_str())
            .field("expires_s", &self.expires_s)
            .field("interval_s", &self.interval_s)
            .finish_non_exhaustive()
    }
}

/// What a poll said.
#[derive(Debug, Clone)]
pub enum Poll {
    /// The person has confirmed.
    Tokens(Box<TokenResponse>),
    /// Not yet: wait [`Grant::interval_s`], then poll again.
    Pending,
}

/// Asks for a grant.
pub fn request(settings: &ProviderSettings, metadata: &Metadata) -> Result<Request<Vec<u8>>, OauthError> {
    let url = metadata.device_authorization_endpoint.as_ref().ok_or_else(|| OauthError::Configuration {
        hint: "the provider does not offer the device grant; enable it there or leave the route out"
            .to_owned(),
    })?;
    let scope = authorize::scope(settings);
    let mut parameters = vec![("client_id", settings.client_id.as_str()), ("scope", scope.as_str())];
    parameters.extend(settings.audience.as_deref().map(|audience| ("audience", audience)));
    endpoint::post(url, &parameters)
}

/// Judges the answer.
pub fn response(
    settings: &ProviderSettings,
    response: &Response<Vec<u8>>,
    now_s: i64,
) -> Result<Grant, OauthError> {
    let object = reply::object(response)?;
    let mistyped =
        |_: Mistyped| OauthError::Protocol { what: "a member of the device grant has the wrong type" };
    let missing = OauthError::Protocol { what: "the device grant lacks a member (RFC 8628, section 3.2)" };
    let text =
        |name: &str| object.text(name).map(|text| text.filter(|text| !text.is_empty())).map_err(mistyped);
    let page = |name: &str| {
        let judge = |text| {
            endpoint::judge(text, settings.allow_loopback_http)
                .ok_or(OauthError::Protocol { what: "the device grant's page is not https" })
        };
        text(name)?.map(judge).transpose()
    };
    let lifetime = object.seconds("expires_in").map_err(mistyped)?.ok_or(missing.clone())?.min(MAX_SECONDS);
    let interval = object.seconds("interval").map_err(mistyped)?.unwrap_or(DEFAULT_INTERVAL_S);
    Ok(Grant {
        user_code: text("user_code")?.ok_or(missing.clone())?.to_owned(),
        verification_uri: page("verification_uri")?.ok_or(missing.clone())?,
        verification_uri_complete: page("verification_uri_complete")?,
        expires_s: now_s.saturating_add(lifetime),
        interval_s: interval.clamp(1, MAX_SECONDS),
        device_code: SecretText::new(text("device_code")?.ok_or(missing)?.to_owned()),
    })
}

/// Asks whether the person has confirmed.
pub fn poll_request(
    settings: &ProviderSettings,
    metadata: &Metadata,
    grant: &Grant,
) -> Result<Request<Vec<u8>>, OauthError> {
    let parameters = [
        ("grant_type", "urn:ietf:params:oauth:grant-type:device_code"),
        ("device_code", grant.device_code.expose()),
        ("client_id", settings.client_id.as_str()),
    ];
    endpoint::post(&metadata.token_endpoint, &parameters)
}

impl Grant {
    /// Makes the next pauses longer after the provider could not be reached (RFC 8628, section 3.5).
    pub fn back_off(&mut self) {
        self.interval_s = self.interval_s.saturating_mul(2).min(MAX_BACK_OFF_S);
    }

    /// Judges the answer to a poll. `slow_down` makes every further pause 5 s longer (RFC 8628, section 3.5). Once its
    /// time is over, waiting on ends with [`OauthError::InvalidGrant`].
    pub fn judge(
        &mut self,
        response: &Response<Vec<u8>>,
        expected: TokenType,
        now_s: i64,
    ) -> Result<Poll, OauthError> {
        let code = match reply::body_object(response) {
            Ok(object) if response.status().is_client_error() => {
                object.text("error").ok().flatten().map(str::to_owned)
            }
            _ => None,
        };
        match code.as_deref() {
            Some("authorization_pending") => {}
            Some("slow_down") => self.interval_s = self.interval_s.saturating_add(5).min(MAX_SECONDS),
            _ => return token::response(response, expected).map(|tokens| Poll::Tokens(Box::new(tokens))),
        }
        if now_s >= self.expires_s {
            return Err(OauthError::InvalidGrant { description: None });
        }
        Ok(Poll::Pending)
    }
}

mod url_text {
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serializer};
    use url::Url;

    pub fn serialize<S: Serializer>(url: &Url, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(url.as_str())
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Url, D::Error> {
        Url::parse(&String::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

mod optional_url_text {
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};
    use url::Url;

    pub fn serialize<S: Serializer>(url: &Option<Url>, serializer: S) -> Result<S::Ok, S::Error> {
        url.as_ref().map(Url::as_str).serialize(serializer)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Url>, D::Error> {
        let text = Option::<String>::deserialize(deserializer)?;
        text.map(|text| Url::parse(&text).map_err(D::Error::custom)).transpose()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::fixture;

    fn started(change: impl FnOnce(&mut Value)) -> Result<Grant, OauthError> {
        let mut body = json!({
            "device_code": "GmRhmhcxhwAzkoEqiMEg_DnyEysNkuNhszIySk9eS", "user_code": "WDJB-MJHT",
            "verification_uri": "https://example.com/device",
            "verification_uri_complete": "https://example.com/device?user_code=WDJB-MJHT",
            "expires_in": 1800, "interval": 5,
        });
        change(&mut body);
        response(&fixture::settings(), &fixture::answer(200, &body), 1_000)
    }

    /// The example of RFC 8628, section 3.2.
    #[test]
    fn a_grant_is_read_and_prints_no_code() {
        let grant = started(|_| ()).unwrap();
        assert_eq!((grant.expires_s, grant.interval_s, grant.user_code.as_str()), (2_800, 5, "WDJB-MJHT"));
        assert!(!format!("{grant:?}").contains("GmRhm") && !format!("{grant:?}").contains("WDJB"));
        let sent = fixture::form(&poll_request(&fixture::settings(), &fixture::metadata(), &grant).unwrap());
        assert!(sent.contains(&("device_code".into(), "GmRhmhcxhwAzkoEqiMEg_DnyEysNkuNhszIySk9eS".into())));
        assert_eq!(started(|body| body["interval"] = Value::Null).unwrap().interval_s, 5);
        assert_eq!(started(|body| body["interval"] = json!(0)).unwrap().interval_s, 1);
    }

    #[test]
    fn odd_grants_are_refused() {
        for (name, value) in [
            ("device_code", Value::Null),
            ("user_code", json!("")),
            ("verification_uri", json!("http://example.com")),
            ("verification_uri", json!("javascript:alert(1)")),
            ("expires_in", Value::Null),
            ("expires_in", json!("5")),
            ("interval", json!(1.5)),
        ] {
            assert!(
                matches!(started(|body| body[name] = value.clone()), Err(OauthError::Protocol { .. })),
                "{name} {value}"
            );
        }
    }

    /// Attack list 38.
    #[test]
    fn slow_down_slows_down_and_time_ends() {
        let mut grant = started(|_| ()).unwrap();
        let refused = |code: &str| fixture::answer(400, &json!({"error": code}));
        assert!(matches!(
            grant.judge(&refused("authorization_pending"), TokenType::Bearer, 1_001),
            Ok(Poll::Pending)
        ));
        assert_eq!(grant.interval_s, 5);
        for expected in [10, 15, 20] {
            assert!(matches!(
                grant.judge(&refused("slow_down"), TokenType::Bearer, 1_001),
                Ok(Poll::Pending)
            ));
            assert_eq!(grant.interval_s, expected);
        }
        let late = grant.judge(&refused("authorization_pending"), TokenType::Bearer, 2_800);
        assert!(matches!(late, Err(OauthError::InvalidGrant { .. })));
        let expired = grant.judge(&refused("expired_token"), TokenType::Bearer, 1_001);
        assert!(matches!(expired, Err(OauthError::InvalidGrant { .. })));
        let declined = grant.judge(&refused("access_denied"), TokenType::Bearer, 1_001);
        assert!(matches!(declined, Err(OauthError::Declined { .. })));
        let trouble = grant.judge(&fixture::answer(503, &json!({})), TokenType::Bearer, 1_001);
        assert!(matches!(trouble, Err(OauthError::Temporary { .. })));
        let body = json!({"access_token": "at", "token_type": "Bearer"});
        let done = grant.judge(&fixture::answer(200, &body), TokenType::Bearer, 1_001);
        assert!(matches!(done, Ok(Poll::Tokens(_))));
    }
}
