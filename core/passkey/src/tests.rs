use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use passkey_types::webauthn::{PublicKeyCredentialCreationOptions, PublicKeyCredentialRequestOptions};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

const RP: &str = "portal.example";

fn encode(bytes: impl AsRef<[u8]>) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

fn creation(change: impl FnOnce(&mut Value)) -> String {
    let mut options = json!({
        "rp": {"id": RP, "name": "Portal"},
        "user": {"id": encode(b"u1"), "name": "alice", "displayName": "Alice"},
        "challenge": encode([7; 32]),
        "pubKeyCredParams": [{"type": "public-key", "alg": -7}],
    });
    change(&mut options);
    options.to_string()
}

fn request(change: impl FnOnce(&mut Value)) -> String {
    let mut options = json!({"rpId": RP, "challenge": encode([7; 32]), "userVerification": "required"});
    change(&mut options);
    options.to_string()
}

fn answer(kind: &str, challenge: &str) -> String {
    let client_data = json!({"type": kind, "challenge": challenge, "origin": "https://portal.example"});
    json!({"id": "x", "type": "public-key", "response": {"clientDataJSON": encode(client_data.to_string())}})
        .to_string()
}

/// Our reading and that of a WebAuthn library agree.
#[test]
fn good_options_pass_and_are_read_as_a_library_reads_them() {
    let text = creation(|_| ());
    let own = inspect_creation(&text, RP).unwrap();
    let library: PublicKeyCredentialCreationOptions = serde_json::from_str(&text).unwrap();
    assert_eq!((own.rp_id(), &own.0.challenge), (library.rp.id.as_deref().unwrap(), &*library.challenge));

    let text = request(|_| ());
    let own = inspect_request(&text, RP).unwrap();
    let library: PublicKeyCredentialRequestOptions = serde_json::from_str(&text).unwrap();
    assert_eq!((own.rp_id(), &own.0.challenge), (library.rp_id.as_deref().unwrap(), &*library.challenge));
}

#[test]
fn members_that_are_not_inspected_may_be_null_or_new() {
    assert!(inspect_creation(&creation(|o| o["timeout"] = Value::Null), RP).is_ok());
    assert!(inspect_creation(&creation(|o| o["newMember"] = json!({"a": [1]})), RP).is_ok());
    assert!(inspect_request(&request(|o| o["allowCredentials"] = Value::Null), RP).is_ok());
}

/// Attack list 36.
#[test]
fn another_relying_party_is_refused() {
    for id in [
        json!("evil.example"),
        json!("example"),
        json!("PORTAL.example"),
        json!("sub.portal.example"),
        json!("portal.example."),
        json!(""),
        Value::Null,
    ] {
        let refused = Some(InspectionError::OtherRelyingParty);
        assert_eq!(inspect_creation(&creation(|o| o["rp"]["id"] = id.clone()), RP).err(), refused, "{id}");
        assert_eq!(inspect_request(&request(|o| o["rpId"] = id.clone()), RP).err(), refused, "{id}");
    }
    // An app that forgot to say who it is gets no sheet, either.
    assert!(inspect_request(&request(|o| o["rpId"] = json!("")), "").is_err());
}

/// Attack list 36.
#[test]
fn a_short_challenge_is_refused() {
    for length in 0..MIN_CHALLENGE_BYTES {
        let challenge = json!(encode(vec![7; length]));
        let refused = Some(InspectionError::ShortChallenge);
        assert_eq!(
            inspect_creation(&creation(|o| o["challenge"] = challenge.clone()), RP).err(),
            refused,
            "{length}"
        );
        assert_eq!(
            inspect_request(&request(|o| o["challenge"] = challenge.clone()), RP).err(),
            refused,
            "{length}"
        );
    }
    assert!(inspect_request(&request(|o| o["challenge"] = json!(encode([7; 16]))), RP).is_ok());
}

#[test]
fn a_user_handle_has_1_to_64_bytes() {
    for (length, fits) in [(0, false), (1, true), (64, true), (65, false)] {
        let options = creation(|o| o["user"]["id"] = json!(encode(vec![7; length])));
        let expected = if fits { None } else { Some(InspectionError::UserHandle) };
        assert_eq!(inspect_creation(&options, RP).err(), expected, "{length}");
    }
}

#[test]
fn doubled_missing_and_mistyped_members_are_refused() {
    let good = creation(|_| ());
    let doubled = good.replacen('{', r#"{"rp":{"id":"evil.example"},"#, 1);
    let doubled_inside =
        good.replace(r#""id":"portal.example""#, r#""id":"evil.example","id":"portal.example""#);
    assert_ne!(doubled_inside, good);
    let mut bad = vec![
        doubled,
        doubled_inside,
        String::new(),
        "[]".into(),
        "null".into(),
        good[..good.len() - 1].into(),
    ];
    for member in ["rp", "user", "challenge"] {
        bad.push(creation(|o| o[member] = Value::Null));
        bad.push(creation(|o| o[member] = json!(5)));
    }
    for challenge in [
        json!("a b"),
        json!(format!("{}==", encode([7; 16]))),
        json!("++++++++++++++++++++++++"),
        json!([7, 7]),
    ] {
        bad.push(creation(|o| o["challenge"] = challenge));
    }
    bad.push(creation(|o| o["x"] = json!("x".repeat(MAX_JSON_BYTES))));
    bad.push(json!([{"id": RP}, {"id": encode(b"u1")}, encode([7; 32])]).to_string());
    for options in &bad {
        let result = inspect_creation(options, RP);
        assert!(matches!(result, Err(InspectionError::Malformed { .. })), "{options:.200}");
    }
    let doubled = request(|_| ()).replacen('{', r#"{"rpId":"evil.example","#, 1);
    assert!(matches!(inspect_request(&doubled, RP), Err(InspectionError::Malformed { .. })));
}

/// Attack list 36.
#[test]
fn an_answer_for_another_challenge_is_refused() {
    let made = inspect_creation(&creation(|_| ()), RP).unwrap();
    let used = inspect_request(&request(|_| ()), RP).unwrap();
    let ours = encode([7; 32]);
    assert_eq!(made.inspect_response(&answer("webauthn.create", &ours)), Ok(()));
    assert_eq!(used.inspect_response(&answer("webauthn.get", &ours)), Ok(()));
    let other = Err(InspectionError::OtherCeremony);
    assert_eq!(made.inspect_response(&answer("webauthn.get", &ours)), other);
    assert_eq!(used.inspect_response(&answer("webauthn.create", &ours)), other);
    assert_eq!(used.inspect_response(&answer("webauthn.get", &encode([8; 32]))), other);
    assert_eq!(used.inspect_response(&answer("webauthn.get", "")), other);
    for broken in [
        "",
        "{}",
        r#"{"response":{}}"#,
        r#"{"response":{"clientDataJSON":"e30"}}"#,
        r#"{"response":{"clientDataJSON":"!"}}"#,
    ] {
        let result = used.inspect_response(broken);
        assert!(matches!(result, Err(InspectionError::Malformed { .. })), "{broken}");
    }
}

#[test]
fn client_data_that_is_no_utf8_is_refused() {
    let made = inspect_creation(&creation(|_| ()), RP).unwrap();
    let data = format!(r#"{{"type":"webauthn.create","challenge":"{}","origin":"h?"}}"#, encode([7; 32]));
    let answer = |data: &[u8]| json!({"response": {"clientDataJSON": encode(data)}}).to_string();
    assert_eq!(made.inspect_response(&answer(data.as_bytes())), Ok(()));
    let broken: Vec<u8> = data.bytes().map(|byte| if byte == b'?' { 0xFC } else { byte }).collect();
    assert!(matches!(made.inspect_response(&answer(&broken)), Err(InspectionError::Malformed { .. })));
}

#[test]
fn debug_shows_no_challenge() {
    let printed = format!("{:?}", inspect_request(&request(|_| ()), RP).unwrap());
    assert_eq!(printed, r#"RequestOptions { rp_id: "portal.example", .. }"#);
}

proptest! {
    #[test]
    fn no_text_panics(text in ".{0,200}", bytes in proptest::collection::vec(any::<u8>(), 0..100)) {
        prop_assert!(inspect_creation(&text, RP).is_err());
        prop_assert!(inspect_request(&text, RP).is_err());
        let used = inspect_request(&request(|_| ()), RP).unwrap();
        let response = json!({"response": {"clientDataJSON": encode(bytes)}}).to_string();
        prop_assert!(used.inspect_response(&response).is_err());
    }
}
