//! The other answers of a provider: `which, status 2, length of a header, header, body`.

use http::header::{CONTENT_TYPE, WWW_AUTHENTICATE};
use pforte_oauth::{TokenType, device, par, revocation, userinfo};
use serde_json::{Value, json};

use crate::bounded;
use crate::provider::{NOW_S, answer, settings};

pub fn seeds() -> Vec<Vec<u8>> {
    let seed = |which: u8, status: u16, header: &str, body: &Value| {
        let length = u8::try_from(header.len()).unwrap();
        [&[which], &status.to_be_bytes()[..], &[length], header.as_bytes(), body.to_string().as_bytes()]
            .concat()
    };
    vec![
        seed(0, 200, "application/json", &json!({"sub": "alice", "email": "a@b", "email_verified": "true"})),
        seed(0, 401, "DPoP error=\"use_dpop_nonce\"", &Value::Null),
        seed(1, 201, "", &json!({"request_uri": "urn:x", "expires_in": 60})),
        seed(
            2,
            200,
            "",
            &json!({"device_code": "d", "user_code": "u", "verification_uri": "https://a.example/v",
            "verification_uri_complete": "https://a.example/v?c", "expires_in": 600, "interval": 5}),
        ),
        seed(3, 400, "", &json!({"error": "slow_down", "access_token": "t", "token_type": "bearer"})),
        seed(4, 503, "120", &json!({"error": "temporarily_unavailable"})),
    ]
}

pub fn run(input: &[u8]) {
    let [which, high, low, length, rest @ ..] = input else { return };
    let (header, body) = rest.split_at(usize::from(*length).min(rest.len()));
    let status = u16::from_be_bytes([*high, *low]);
    let Some(mut answer) = answer(status, b"", body) else { return };
    let Ok(value) = http::HeaderValue::from_bytes(header) else { return };
    answer.headers_mut().insert(CONTENT_TYPE, value.clone());
    answer.headers_mut().insert("retry-after", value.clone());
    answer.headers_mut().insert("dpop-nonce", value.clone());
    answer.headers_mut().insert(WWW_AUTHENTICATE, value);
    bounded(input, 1 << 16, 192, || match which % 5 {
        0 => {
            if let Ok(info) = userinfo::response(&answer, "alice") {
                assert_eq!((info.claims["sub"].as_str(), status), (Some("alice"), 200));
            }
        }
        1 => assert!(par::response(&answer).is_err() || matches!(status, 200 | 201)),
        2 => {
            if let Ok(mut grant) = device::response(&settings(), &answer, NOW_S) {
                assert!((1..=1 << 31).contains(&grant.interval_s) && grant.expires_s >= NOW_S);
                assert_eq!(grant.verification_uri.scheme(), "https");
                // The same answer is no token, and waiting on after the end stops.
                let later = grant.expires_s.saturating_add(1);
                assert!(grant.judge(&answer, TokenType::Bearer, later).is_err());
            }
        }
        3 => assert!(revocation::response(&answer).is_err() || matches!(status, 200 | 204 | 400..=499)),
        _ => drop(pforte_oauth::discovery::response(&settings(), &answer)),
    });
}
