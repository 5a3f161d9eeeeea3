//! Passkey options and answers. First byte: 0 creation options, 1 request options, 2 an answer.

use pforte_passkey::{inspect_creation, inspect_request};
use serde_json::{Value, json};

use crate::{bounded, keys};

const RP_ID: &str = "portal.example";
const CHALLENGE: &[u8] = b"0123456789abcdef";

fn creation() -> Value {
    json!({"rp": {"id": RP_ID, "name": "Portal"}, "user": {"id": "AQ", "name": "alice", "displayName": "Alice"},
        "challenge": keys::encode(CHALLENGE), "pubKeyCredParams": [{"type": "public-key", "alg": -7}], "timeout": null})
}

pub fn seeds() -> Vec<Vec<u8>> {
    let request = json!({"challenge": keys::encode(CHALLENGE), "rpId": RP_ID, "allowCredentials": []});
    let client_data =
        json!({"type": "webauthn.create", "challenge": keys::encode(CHALLENGE), "origin": "https://x"});
    let answer = json!({"id": "x", "response": {"clientDataJSON": keys::encode(client_data.to_string())}});
    [creation(), request, answer]
        .iter()
        .enumerate()
        .map(|(kind, value)| [&[kind as u8], value.to_string().as_bytes()].concat())
        .collect()
}

/// What passes is for this relying party, with a challenge that is long enough, by another reading of the JSON.
pub fn run(input: &[u8]) {
    let Some((kind, rest)) = input.split_first() else { return };
    let Ok(text) = std::str::from_utf8(rest) else { return };
    // A second reader; it lets the last of two equal keys win, which the first must refuse where it reads the member.
    let member = |value: &Value, name: &str| keys::decode(value[name].as_str().unwrap()).unwrap();
    bounded(input, 1 << 13, 16, || match kind % 3 {
        0 => {
            if let Ok(options) = inspect_creation(text, RP_ID) {
                let read: Value = serde_json::from_str(text).unwrap();
                assert_eq!((options.rp_id(), read["rp"]["id"].as_str()), (RP_ID, Some(RP_ID)));
                assert!(member(&read, "challenge").len() >= 16);
                assert!((1..=64).contains(&member(&read["user"], "id").len()));
            }
        }
        1 => {
            if let Ok(options) = inspect_request(text, RP_ID) {
                let read: Value = serde_json::from_str(text).unwrap();
                assert_eq!((options.rp_id(), read["rpId"].as_str()), (RP_ID, Some(RP_ID)));
                assert!(member(&read, "challenge").len() >= 16);
            }
        }
        _ => {
            let options = inspect_creation(&creation().to_string(), RP_ID).unwrap();
            if options.inspect_response(text).is_ok() {
                let read: Value = serde_json::from_str(text).unwrap();
                let client_data = member(&read["response"], "clientDataJSON");
                let client_data: Value = serde_json::from_slice(&client_data).unwrap();
                assert_eq!(client_data["type"], "webauthn.create");
                assert_eq!(member(&client_data, "challenge"), CHALLENGE);
            }
        }
    });
}
