use pforte_host::SecretText;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::{Algorithm, TokenType, fixture};

const NOW: i64 = 1_800_000_000;

/// Half of SHA-256 over the access token `at`.
fn at_hash() -> String {
    fixture::encode(&aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, b"at").as_ref()[..16])
}

fn header() -> Value {
    json!({"alg": "ES256", "kid": "k1", "typ": "JWT"})
}

fn claims() -> Value {
    json!({
        "iss": "https://id.example.com", "sub": "alice", "aud": "portal-app",
        "exp": NOW + 300, "iat": NOW, "auth_time": NOW - 5, "nonce": "nonce-of-the-first-sign-in",
        "at_hash": at_hash(), "acr": "pwd",
        "name": "Alice Example", "email": "alice@example.com", "email_verified": true,
    })
}

fn tokens(id_token: &str) -> TokenResponse {
    TokenResponse {
        access_token: SecretText::new("at".into()),
        token_type: TokenType::Bearer,
        expires_in_seconds: None,
        refresh_token: None,
        id_token: Some(SecretText::new(id_token.to_owned())),
        scope: None,
        server_time_s: None,
    }
}

fn judge_text(text: &str) -> Result<Identity, OauthError> {
    verify(&fixture::settings(), &fixture::jwks(), &fixture::transaction(NOW - 10), &tokens(text), NOW)
}

fn refusal(result: Result<Identity, OauthError>) -> IdTokenError {
    match result {
        Err(OauthError::IdToken(error)) => error,
        other => panic!("{other:?}"),
    }
}

fn with_claim(name: &str, value: &Value) -> Result<Identity, OauthError> {
    let mut claims = claims();
    claims[name] = value.clone();
    judge_text(&fixture::sign(&header(), &claims))
}

fn without_claim(name: &str) -> Result<Identity, OauthError> {
    let mut claims = claims();
    claims.as_object_mut().unwrap().remove(name);
    judge_text(&fixture::sign(&header(), &claims))
}

fn with_header(name: &str, value: &Value) -> Result<Identity, OauthError> {
    let mut header = header();
    header[name] = value.clone();
    judge_text(&fixture::sign(&header, &claims()))
}

#[test]
fn a_good_token_tells_who_signed_in() {
    let identity = judge_text(&fixture::sign(&header(), &claims())).unwrap();
    assert_eq!(identity.subject, "alice");
    assert_eq!(identity.acr.as_deref(), Some("pwd"));
    assert_eq!(identity.auth_time_s, Some(NOW - 5));
    assert_eq!(identity.email_verified, Some(true));
    for optional in ["auth_time", "at_hash", "acr", "name", "email", "email_verified"] {
        assert!(without_claim(optional).is_ok(), "{optional}");
    }
}

#[test]
fn a_missing_token_is_said() {
    let none = TokenResponse { id_token: None, ..tokens("") };
    let result = verify(&fixture::settings(), &fixture::jwks(), &fixture::transaction(NOW), &none, NOW);
    assert_eq!(refusal(result), IdTokenError::Missing);
}

/// RFC 7515, appendix A.3: the example's own bytes verify; they are no ID token, so the claim rules refuse them.
#[test]
fn the_rfc_7515_example_verifies() {
    let text = "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";
    let token = header::parse(text).unwrap();
    let jwks = fixture::jwks();
    let key = jwks.select(Algorithm::Es256, None).unwrap();
    assert_eq!(token.check_signature(key), Ok(()));
    assert_eq!(refusal(judge_text(text)), IdTokenError::Issuer);
}

/// RFC 7515, appendix A.2: RS256.
#[test]
fn the_rfc_7515_rsa_example_verifies() {
    let text = "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw";
    let jwks = Jwks::parse(br#"{"keys":[{"kty":"RSA","n":"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ","e":"AQAB"}]}"#).unwrap();
    let token = header::parse(text).unwrap();
    assert_eq!(token.algorithm, Algorithm::Rs256);
    assert_eq!(token.check_signature(jwks.select(Algorithm::Rs256, None).unwrap()), Ok(()));
}

/// RFC 7515, appendices A.1, A.4 and A.5: HS256, ES512 and none are not accepted here, right or not.
#[test]
fn the_other_rfc_7515_examples_are_refused_for_their_algorithm() {
    let payload =
        "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
    for (header, payload, signature) in [
        ("eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9", payload, "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"),
        (
            "eyJhbGciOiJFUzUxMiJ9",
            "UGF5bG9hZA",
            "AdwMgeerwtHoh-l192l60hp9wAHZFVJbLfD_UxMi70cwnZOYaRI1bKPWROc-mZZqwqT2SI-KGDKB34XO0aw_7XdtAG8GaSwFKdCAPZgoXD2YBJZCPEX3xKpRwcdOO8KpEHwJjyqOgzDO7iKvU8vcnwNrmxYbSW9ERBXukOXolLzeO_Jn",
        ),
        ("eyJhbGciOiJub25lIn0", payload, ""),
    ] {
        let text = format!("{header}.{payload}.{signature}");
        assert_eq!(refusal(judge_text(&text)), IdTokenError::Algorithm, "{header}");
    }
}

/// RFC 8037, appendix A.4: Ed25519.
#[test]
fn the_rfc_8037_example_verifies() {
    let text = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";
    let jwks = Jwks::parse(
        br#"{"keys":[{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#,
    )
    .unwrap();
    let token = header::parse(text).unwrap();
    assert_eq!(token.check_signature(jwks.select(Algorithm::EdDsa, None).unwrap()), Ok(()));
    assert!(matches!(token.claims(), Err(IdTokenError::Malformed)));
}

/// Attack list 6.
#[test]
fn other_algorithms_are_refused() {
    for name in ["none", "None", "HS256", "HS512", "RS1", "ES256K", "es256", ""] {
        assert_eq!(refusal(with_header("alg", &json!(name))), IdTokenError::Algorithm, "{name}");
    }
    for mistyped in [json!(5), Value::Null, json!(["ES256"])] {
        assert_eq!(refusal(with_header("alg", &mistyped)), IdTokenError::Algorithm);
    }
    // Known, but not this key's.
    for other in ["RS256", "PS256", "EdDSA"] {
        assert_eq!(refusal(with_header("alg", &json!(other))), IdTokenError::Algorithm, "{other}");
    }
    // Known, and the key's, but not accepted by the settings.
    let settings = crate::ProviderSettings { algorithms: vec![Algorithm::Rs256], ..fixture::settings() };
    let text = fixture::sign(&header(), &claims());
    let result = verify(&settings, &fixture::jwks(), &fixture::transaction(NOW), &tokens(&text), NOW);
    assert_eq!(refusal(result), IdTokenError::Algorithm);
    // HS256, keyed with the public key.
    let hmac_header = json!({"alg": "HS256", "kid": "k1"});
    let input =
        format!("{}.{}", fixture::encode(hmac_header.to_string()), fixture::encode(claims().to_string()));
    let key = jsonwebtoken::EncodingKey::from_secret(&fixture::public_key());
    let signature =
        jsonwebtoken::crypto::sign(input.as_bytes(), &key, jsonwebtoken::Algorithm::HS256).unwrap();
    assert_eq!(refusal(judge_text(&format!("{input}.{signature}"))), IdTokenError::Algorithm);
}

/// Attack list 7.
#[test]
fn a_hostile_kid_finds_no_key() {
    for kid in ["../../k1", "https://evil.example/k1", "k1' OR '1'='1", "K1", "", "k1\u{0}"] {
        assert_eq!(refusal(with_header("kid", &json!(kid))), IdTokenError::UnknownKey, "{kid}");
    }
    assert_eq!(refusal(with_header("kid", &json!("k".repeat(257)))), IdTokenError::Header);
    assert_eq!(refusal(with_header("kid", &json!("k".repeat(1_000_000)))), IdTokenError::Malformed);
    assert_eq!(refusal(with_header("kid", &json!(1))), IdTokenError::Header);
    assert_eq!(refusal(with_header("kid", &json!({"a": 1}))), IdTokenError::Header);
}

/// Attack list 8: keys a token brings along are not looked at, whatever they are.
#[test]
fn keys_in_the_header_are_not_read() {
    for name in ["jku", "x5u", "jwk", "x5c", "x5t"] {
        assert!(with_header(name, &json!("https://evil.example/keys")).is_ok(), "{name}");
        let mut header = header();
        header["kid"] = json!("another");
        header[name] = json!({"kty": "EC"});
        let text = fixture::sign(&header, &claims());
        assert_eq!(refusal(judge_text(&text)), IdTokenError::UnknownKey, "{name}");
    }
}

/// Attack list 9.
#[test]
fn crit_b64_and_other_types_are_refused() {
    for (name, value) in [
        ("crit", json!(["exp"])),
        ("crit", json!([])),
        ("crit", Value::Null),
        ("b64", json!(false)),
        ("b64", json!(true)),
        ("typ", json!("at+jwt")),
        ("typ", json!("logout+jwt")),
        ("typ", json!("")),
        ("typ", json!(1)),
    ] {
        assert_eq!(refusal(with_header(name, &value)), IdTokenError::Header, "{name} {value}");
    }
    assert!(with_header("typ", &json!("jwt")).is_ok());
    let duplicate = format!("{}.e30.", fixture::encode(r#"{"alg":"ES256","alg":"none"}"#));
    assert_eq!(refusal(judge_text(&duplicate)), IdTokenError::Malformed);
}

/// Attack list 10.
#[test]
fn no_kid_is_enough_where_there_is_one_key() {
    let text = fixture::sign(&json!({"alg": "ES256"}), &claims());
    assert!(judge_text(&text).is_ok());
}

/// Attack list 14.
#[test]
fn the_audience_is_this_client() {
    let with_azp = |aud: Value, azp: Value| {
        let mut claims = claims();
        claims["aud"] = aud;
        claims["azp"] = azp;
        judge_text(&fixture::sign(&header(), &claims))
    };
    for aud in [
        json!("another"),
        json!(5),
        json!([]),
        json!(["another"]),
        json!(["portal-app", 5]),
        json!({}),
        json!(""),
        Value::Null,
    ] {
        let error = refusal(with_claim("aud", &aud));
        assert_eq!(error, IdTokenError::Audience, "{aud}");
        assert!(error.ends_session());
    }
    assert!(with_claim("aud", &json!(["portal-app"])).is_ok());
    assert_eq!(refusal(with_claim("aud", &json!(["portal-app", "stranger"]))), IdTokenError::Audience);
    assert!(with_azp(json!(["portal-app", "api"]), json!("portal-app")).is_ok());
    assert_eq!(refusal(with_azp(json!(["portal-app", "api"]), json!("api"))), IdTokenError::Audience);
    assert_eq!(refusal(with_azp(json!("portal-app"), json!("another"))), IdTokenError::Audience);
    assert_eq!(refusal(with_azp(json!("portal-app"), json!(1))), IdTokenError::Audience);
}

/// Attack list 15.
#[test]
fn the_issuer_is_this_one() {
    for iss in [
        json!(123),
        json!(["https://evil.example", "https://id.example.com"]),
        json!({}),
        Value::Null,
        json!("https://id.example.com/"),
        json!("https://ID.example.com"),
        json!("https://evil.example"),
        json!(""),
    ] {
        let error = refusal(with_claim("iss", &iss));
        assert_eq!(error, IdTokenError::Issuer, "{iss}");
        assert!(error.ends_session());
    }
}

#[test]
fn the_subject_is_a_short_text() {
    for sub in [json!(""), json!(5), Value::Null, json!(["alice"]), json!("a".repeat(256))] {
        assert_eq!(refusal(with_claim("sub", &sub)), IdTokenError::Subject, "{sub}");
    }
    assert!(with_claim("sub", &json!("a".repeat(255))).is_ok());
}

/// Attack list 16.
#[test]
fn the_nonce_is_this_sign_ins() {
    for nonce in [
        json!("nonce-of-another-sign-in"),
        json!(""),
        json!(5),
        Value::Null,
        json!(["nonce-of-the-first-sign-in"]),
    ] {
        assert_eq!(refusal(with_claim("nonce", &nonce)), IdTokenError::Nonce, "{nonce}");
    }
    assert_eq!(refusal(without_claim("nonce")), IdTokenError::Nonce);
}

/// Attack list 17.
#[test]
fn at_hash_fits_the_access_token() {
    for hash in [json!("AAAAAAAAAAAAAAAAAAAAAA"), json!(""), json!(5), json!(format!("{}=", at_hash()))] {
        assert_eq!(refusal(with_claim("at_hash", &hash)), IdTokenError::AccessTokenHash, "{hash}");
    }
}

/// Attack list 18.
#[test]
fn times_are_integers_within_the_leeway() {
    assert!(with_claim("exp", &json!(NOW - 59)).is_ok());
    assert_eq!(refusal(with_claim("exp", &json!(NOW - 60))), IdTokenError::Expired);
    assert!(with_claim("exp", &json!(i64::MAX)).is_ok());
    for name in ["iat", "nbf"] {
        assert!(with_claim(name, &json!(NOW + 60)).is_ok(), "{name}");
        assert_eq!(refusal(with_claim(name, &json!(NOW + 61))), IdTokenError::NotYetValid, "{name}");
    }
    let two_to_64: Value = serde_json::from_str("18446744073709551616").unwrap();
    for value in [
        json!("1800000300"),
        json!(1_800_000_300.5),
        json!(-1),
        two_to_64,
        json!(u64::MAX),
        json!([]),
        json!(true),
    ] {
        assert_eq!(refusal(with_claim("exp", &value)), IdTokenError::Expired, "{value}");
        assert_eq!(refusal(with_claim("iat", &value)), IdTokenError::NotYetValid, "{value}");
        assert_eq!(refusal(with_claim("nbf", &value)), IdTokenError::NotYetValid, "{value}");
    }
    assert_eq!(refusal(without_claim("exp")), IdTokenError::Expired);
    assert_eq!(refusal(without_claim("iat")), IdTokenError::NotYetValid);
    assert!(without_claim("nbf").is_ok());
}

/// Attack list 35.
#[test]
fn step_up_wants_the_level_and_a_fresh_sign_in() {
    let asked = Transaction {
        acr_values: vec!["mfa".into(), "phr".into()],
        max_age_seconds: Some(300),
        ..fixture::transaction(NOW - 10)
    };
    let judged = |acr: Value, auth_time: Value| {
        let mut claims = claims();
        claims["acr"] = acr;
        claims["auth_time"] = auth_time;
        let text = fixture::sign(&header(), &claims);
        verify(&fixture::settings(), &fixture::jwks(), &asked, &tokens(&text), NOW)
    };
    assert!(judged(json!("mfa"), json!(NOW)).is_ok());
    assert!(judged(json!("phr"), json!(NOW - 360)).is_ok());
    for acr in [json!("pwd"), json!("MFA"), Value::Null, json!(2), json!(["mfa"])] {
        assert_eq!(refusal(judged(acr.clone(), json!(NOW))), IdTokenError::Acr, "{acr}");
    }
    for auth_time in [json!(NOW - 361), json!(NOW + 61), Value::Null, json!("now"), json!(0)] {
        let error = refusal(judged(json!("mfa"), auth_time.clone()));
        assert_eq!(error, IdTokenError::AuthTime, "{auth_time}");
        assert!(!error.ends_session());
    }
}

/// Attack list 19: a token is judged by the time that is passed in; a day off is refused both ways.
#[test]
fn a_day_off_is_refused() {
    let text = fixture::sign(&header(), &claims());
    for (now, error) in [(NOW + 86_400, IdTokenError::Expired), (NOW - 86_400, IdTokenError::NotYetValid)] {
        let result =
            verify(&fixture::settings(), &fixture::jwks(), &fixture::transaction(now), &tokens(&text), now);
        assert_eq!(refusal(result), error);
    }
}

/// Attack list 21, and OIDC Core 1.0, section 12.2.
#[test]
fn a_refreshed_token_stays_with_the_person() {
    let previous = PreviousSignIn { subject: "alice", auth_time_s: Some(NOW - 5_000) };
    let judged = |name: &str, value: Value| {
        let mut claims = claims();
        claims["auth_time"] = json!(NOW - 5_000);
        claims.as_object_mut().unwrap().remove("nonce");
        claims[name] = value;
        let text = fixture::sign(&header(), &claims);
        verify_refreshed(&fixture::settings(), &fixture::jwks(), previous, &tokens(&text), NOW)
    };
    assert_eq!(judged("x", json!(1)).unwrap().auth_time_s, Some(NOW - 5_000));
    assert_eq!(judged("auth_time", Value::Null).unwrap().auth_time_s, Some(NOW - 5_000));
    for (name, value, error) in [
        ("sub", json!("mallory"), IdTokenError::Subject),
        ("iss", json!("https://evil.example"), IdTokenError::Issuer),
        ("aud", json!("another"), IdTokenError::Audience),
    ] {
        let refused = refusal(judged(name, value));
        assert_eq!(refused, error);
        assert!(refused.ends_session(), "{name}");
    }
    for (name, value) in
        [("auth_time", json!(NOW)), ("exp", json!(1)), ("at_hash", json!("x")), ("email", json!(5))]
    {
        assert!(!refusal(judged(name, value)).ends_session(), "{name}");
    }
}

/// Whoever signs for another issuer, person or client is found before anything that would keep the session.
#[test]
fn who_comes_before_when() {
    let previous = PreviousSignIn { subject: "alice", auth_time_s: None };
    let mut claims = claims();
    claims["sub"] = json!("mallory");
    claims["exp"] = json!(1);
    let text = fixture::sign(&header(), &claims);
    let result = verify_refreshed(&fixture::settings(), &fixture::jwks(), previous, &tokens(&text), NOW);
    assert_eq!(refusal(result), IdTokenError::Subject);
}

#[test]
fn a_changed_byte_breaks_the_signature() {
    let good = fixture::sign(&header(), &claims());
    let (input, signature) = good.rsplit_once('.').unwrap();
    let mut changed = claims();
    changed["sub"] = json!("mallory");
    let forged = format!(
        "{}.{}.{signature}",
        fixture::encode(header().to_string()),
        fixture::encode(changed.to_string())
    );
    assert_eq!(refusal(judge_text(&forged)), IdTokenError::Signature);
    for signature in ["", "AAAA", &signature[..80], &format!("{signature}AA"), "!!!!"] {
        assert_eq!(
            refusal(judge_text(&format!("{input}.{signature}"))),
            IdTokenError::Signature,
            "{signature}"
        );
    }
    let zero = fixture::encode([0u8; 64]);
    assert_eq!(refusal(judge_text(&format!("{input}.{zero}"))), IdTokenError::Signature);
}

#[test]
fn duplicate_claims_are_refused() {
    let text = claims().to_string().replacen('{', "{\"sub\":\"mallory\",", 1);
    let input = format!("{}.{}", fixture::encode(header().to_string()), fixture::encode(text));
    let signature =
        jsonwebtoken::crypto::sign(input.as_bytes(), &fixture::signing_key(), jsonwebtoken::Algorithm::ES256)
            .unwrap();
    assert_eq!(refusal(judge_text(&format!("{input}.{signature}"))), IdTokenError::Malformed);
}

#[test]
fn other_shapes_are_malformed() {
    for text in ["a", "a.b", "a.b.c.d", "..", "e30..", "e30.e30", "W10.e30.", "eyJhbGciOiJFUzI1NiJ9=.e30.x"] {
        assert_eq!(
            refusal(judge_text(text)),
            if text == "e30.." { IdTokenError::Algorithm } else { IdTokenError::Malformed },
            "{text}"
        );
    }
}

proptest! {
    #[test]
    fn no_text_panics_and_none_is_believed(text in "[A-Za-z0-9_.-]{0,200}") {
        prop_assert!(judge_text(&text).is_err());
    }

    #[test]
    fn a_mutated_token_is_never_believed_as_another(position in 0usize..400, byte in b'A'..b'z') {
        let good = fixture::sign(&header(), &claims());
        let mut bytes = good.clone().into_bytes();
        let position = position % bytes.len();
        bytes[position] = byte;
        let text = String::from_utf8(bytes).unwrap();
        if let Ok(identity) = judge_text(&text) {
            prop_assert_eq!(text, good);
            prop_assert_eq!(identity.subject, "alice");
        }
    }
}
