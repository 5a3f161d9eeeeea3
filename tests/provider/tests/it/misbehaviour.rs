//! Each misbehaviour does what its name says, and no more.

use std::time::{Duration, Instant};

use jsonwebtoken::Algorithm;
use pforte_provider::{Act, Edit, Edits, Endpoint, IdTokenSignature, KeyOffer, Misbehaviour, PublicKeyForm};
use serde_json::{Value, json};

use crate::app::{
    App, Pairs, REDIRECT_URI, automatic, decoded, jwt, jwt_texts, location, pairs, text, value, verifies,
};

const METADATA: &str = "/.well-known/openid-configuration";

impl App {
    fn once(&self, on: Endpoint, act: Act) {
        self.control.misbehave(Misbehaviour::once(on, act)).unwrap();
    }
}

#[tokio::test]
async fn a_dropped_request_was_never_there_and_a_dropped_answer_was() {
    let app = automatic().await;
    let tokens = app.sign_in(&[]).await;
    let form = [
        ("grant_type", "refresh_token"),
        ("client_id", "portal-app"),
        ("refresh_token", text(&tokens, "refresh_token")),
    ];
    app.control.clear_log();

    app.once(Endpoint::Token, Act::DropBefore);
    assert!(app.post_form("/token", &form).await.is_err());
    assert_eq!(app.control.state().refreshes, 0);
    app.once(Endpoint::Token, Act::DropAfter);
    assert!(app.post_form("/token", &form).await.is_err());
    assert_eq!(app.control.state().refreshes, 1);
    assert_eq!(app.refresh(text(&tokens, "refresh_token")).await.0, 400, "the rotation happened");

    let statuses: Vec<Option<u16>> = app.control.log().iter().map(|entry| entry.status).collect();
    assert_eq!(statuses, [None, None, Some(400)]);
}

#[tokio::test]
async fn replaced_answers() {
    let app = automatic().await;
    for (act, refreshes) in [
        (status(503, "busy", false), 0),
        (Act::oauth_error(400, "invalid_grant", "bell \u{7} and newline \n"), 0),
        (status(502, "gateway", true), 1),
    ] {
        let tokens = app.sign_in(&[]).await;
        let before = app.control.state().refreshes;
        app.once(Endpoint::Token, act.clone());
        let form = [
            ("grant_type", "refresh_token"),
            ("client_id", "portal-app"),
            ("refresh_token", text(&tokens, "refresh_token")),
        ];
        let response = app.post_form("/token", &form).await.unwrap();
        let Act::Status { code, body, content_type, .. } = act else { panic!("not a status") };
        assert_eq!(response.status().as_u16(), code);
        assert_eq!(response.headers().get("content-type").unwrap(), content_type.as_str());
        assert_eq!(response.text().await.unwrap(), body);
        assert_eq!(app.control.state().refreshes - before, refreshes);
    }
    for code in [301, 302, 303, 307, 308] {
        app.once(Endpoint::Token, Act::Redirect { code, location: "https://evil.example/token".to_owned() });
        let response = app.post_form("/token", &[("client_id", "portal-app")]).await.unwrap();
        assert_eq!(
            (response.status().as_u16(), location(&response)),
            (code, "https://evil.example/token".to_owned())
        );
    }
    let poisoned = Some("Fri, 01 Jan 2100 00:00:00 GMT");
    for (name, value) in
        [("content-type", Some("text/html")), ("content-type", None), ("date", poisoned), ("date", None)]
    {
        let act = Act::Header { name: name.to_owned(), value: value.map(str::to_owned) };
        app.once(Endpoint::Jwks, act);
        let response = app.get(app.at("/jwks")).await;
        assert_eq!(response.headers().get(name).map(|value| value.to_str().unwrap()), value, "{name}");
    }
}

fn status(code: u16, body: &str, processed: bool) -> Act {
    Act::Status { code, body: body.to_owned(), content_type: "text/plain".to_owned(), processed }
}

#[tokio::test]
async fn delays_and_slow_bodies_take_their_time() {
    let app = automatic().await;
    let plain = app.get(app.at("/jwks")).await.text().await.unwrap();
    let pieces = plain.len().div_ceil(100) as u64;
    for (act, least) in [
        (Act::Delay { millis: 120, processed: false }, 120),
        (Act::Delay { millis: 120, processed: true }, 120),
        (Act::SlowBody { chunk_bytes: 100, pause_millis: 20 }, pieces * 20),
    ] {
        app.once(Endpoint::Jwks, act.clone());
        let start = Instant::now();
        let body = app.get(app.at("/jwks")).await.text().await.unwrap();
        assert!(start.elapsed() >= Duration::from_millis(least), "{act:?}");
        assert_eq!(body, plain);
    }

    // A client that gives up during the delay finds its token used only if processing came first.
    for (processed, refreshes) in [(false, 0), (true, 1)] {
        let tokens = app.sign_in(&[]).await;
        let before = app.control.state().refreshes;
        app.once(Endpoint::Token, Act::Delay { millis: 2000, processed });
        let form = [
            ("grant_type", "refresh_token"),
            ("client_id", "portal-app"),
            ("refresh_token", text(&tokens, "refresh_token")),
        ];
        let call = app.http.post(app.at("/token")).form(&form).timeout(Duration::from_millis(300)).send();
        assert!(call.await.unwrap_err().is_timeout());
        assert_eq!(app.control.state().refreshes - before, refreshes);
    }
}

#[tokio::test]
async fn bodies_that_are_too_much() {
    let app = automatic().await;
    let plain = app.get(app.at(METADATA)).await.text().await.unwrap();
    app.once(Endpoint::Discovery, Act::OversizedBody { bytes: 3_000_000 });
    let response = app.get(app.at(METADATA)).await;
    assert_eq!(response.content_length(), None);
    let body = response.text().await.unwrap();
    assert_eq!(body.len(), plain.len() + 3_000_000);
    assert_eq!(body.trim_end(), plain);

    app.once(Endpoint::Discovery, Act::DeepJson { depth: 50_000 });
    let body = app.get(app.at(METADATA)).await.text().await.unwrap();
    assert!(body.starts_with(r#"{"deep":[[[[["#));
    assert_eq!(body.matches("[[").count(), 25_000);
    assert!(serde_json::from_str::<Value>(&body).is_err(), "deeper than a careful reader goes");

    app.once(
        Endpoint::Discovery,
        Act::DuplicateMember { name: "issuer".to_owned(), value: json!("https://evil.example") },
    );
    let body = app.get(app.at(METADATA)).await.text().await.unwrap();
    assert_eq!(body.matches(r#""issuer":"#).count(), 2);
    assert!(body.ends_with(r#""issuer":"https://evil.example"}"#));
}

#[tokio::test]
async fn metadata_and_keys() {
    let app = automatic().await;
    app.once(Endpoint::Discovery, Act::member("issuer", json!("https://evil.example")));
    assert_eq!(app.json(METADATA).await["issuer"], "https://evil.example");
    app.once(Endpoint::Discovery, Act::member("code_challenge_methods_supported", json!(["plain"])));
    assert_eq!(app.json(METADATA).await["code_challenge_methods_supported"], json!(["plain"]));
    let remove = Edits::from([("code_challenge_methods_supported".to_owned(), Edit::Remove)]);
    app.once(Endpoint::Discovery, Act::Members(remove));
    assert!(app.json(METADATA).await.get("code_challenge_methods_supported").is_none());

    app.once(Endpoint::Discovery, Act::HttpEndpoints { host: "login.example".to_owned() });
    let metadata = app.json(METADATA).await;
    assert_eq!(metadata["issuer"], app.running.issuer());
    assert_eq!(metadata["token_endpoint"], "http://login.example/token");
    assert_eq!(metadata["jwks_uri"], "http://login.example/jwks");

    app.once(Endpoint::Jwks, Act::KeysOnly { kids: vec!["rs256-1".to_owned()] });
    let kids = |jwks: Value| {
        jwks["keys"].as_array().unwrap().iter().map(|key| key["kid"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(kids(app.json("/jwks").await), ["rs256-1"]);
    assert_eq!(kids(app.json("/jwks").await), ["es256-1", "rs256-1"], "once is once");

    let tokens = app.sign_in(&[]).await;
    app.once(Endpoint::Userinfo, Act::member("sub", json!("mallory")));
    let request = app.http.get(app.at("/userinfo")).bearer_auth(text(&tokens, "access_token"));
    let claims: Value = request.send().await.unwrap().json().await.unwrap();
    assert_eq!((&claims["sub"], &claims["email"]), (&json!("mallory"), &json!("alice@example.com")));
}

#[tokio::test]
async fn always_lasts_until_it_is_cleared_and_acts_add_up() {
    let app = automatic().await;
    let wrong =
        Misbehaviour::always(Endpoint::Discovery, Act::member("issuer", json!("https://evil.example")));
    let teapot = Misbehaviour::always(
        Endpoint::Discovery,
        Act::Header { name: "x-note".to_owned(), value: Some("1".to_owned()) },
    );
    app.control.misbehave_all(vec![wrong, teapot]).unwrap();
    for _ in 0..3 {
        let response = app.get(app.at(METADATA)).await;
        assert_eq!(response.headers().get("x-note").unwrap(), "1");
        assert_eq!(response.json::<Value>().await.unwrap()["issuer"], "https://evil.example");
    }
    app.control.behave();
    assert_eq!(app.json(METADATA).await["issuer"], app.running.issuer());
}

#[tokio::test]
async fn callbacks() {
    let app = automatic().await;
    let set = |text: &str| Edit::Set(json!(text));
    let count = |pairs: &Pairs, name: &str| pairs.iter().filter(|(other, _)| other == name).count();
    for (act, name, expected) in [
        (Act::callback("iss", Edit::Remove), "iss", None),
        (Act::callback("iss", set("https://evil.example")), "iss", Some("https://evil.example")),
        (Act::callback("state", Edit::Remove), "state", None),
        (Act::callback("state", set("other")), "state", Some("other")),
        (Act::callback("code", set("from-another-session")), "code", Some("from-another-session")),
        (Act::callback("error_description", set("bell \u{7}")), "error_description", Some("bell \u{7}")),
    ] {
        app.once(Endpoint::Callback, act.clone());
        let callback = app.callback(&[]).await;
        assert_eq!(value(&callback, name), expected, "{act:?}");
        for other in ["code", "state", "iss"].iter().filter(|other| **other != name) {
            assert_eq!(count(&callback, other), 1, "{act:?}");
        }
    }
    let append = vec![("state".to_owned(), "st-1".to_owned())];
    app.once(Endpoint::Callback, Act::Callback { redirect_uri: None, parameters: Edits::new(), append });
    assert_eq!(count(&app.callback(&[]).await, "state"), 2);

    let target = "com.example.portal:/callback%2F..".to_owned();
    let act =
        Act::Callback { redirect_uri: Some(target.clone()), parameters: Edits::new(), append: Vec::new() };
    app.once(Endpoint::Callback, act);
    let response = app.get(app.authorize_url(&[])).await;
    assert!(location(&response).starts_with(&target));
    let response = app.get(app.authorize_url(&[])).await;
    assert!(location(&response).starts_with(REDIRECT_URI));
    assert_eq!(pairs(&location(&response)).len(), 3);
}

#[tokio::test]
async fn token_answers() {
    let app = automatic().await;
    app.once(Endpoint::Token, Act::member("token_type", json!("mac")));
    let tokens = app.sign_in(&[]).await;
    assert_eq!(tokens["token_type"], "mac");
    app.once(Endpoint::Token, Act::RefreshWithoutRotation);
    let (status, answer) = app.refresh(text(&tokens, "refresh_token")).await;
    assert_eq!((status, answer.get("refresh_token")), (200, None));
    let (status, answer) = app.refresh(text(&tokens, "refresh_token")).await;
    assert_eq!(status, 200, "the old token stayed good");
    app.once(Endpoint::Token, Act::id_token_claim("sub", Edit::Set(json!("mallory"))));
    let (_, answer) = app.refresh(text(&answer, "refresh_token")).await;
    assert_eq!(jwt(text(&answer, "id_token")).1["sub"], "mallory");
}

#[tokio::test]
async fn claims_can_be_anything_under_a_good_signature() {
    let app = automatic().await;
    let jwks = app.json("/jwks").await;
    for (name, edit, written) in [
        ("iss", Edit::Set(json!(123)), Some("123")),
        ("iss", Edit::Set(json!(["good", "evil"])), Some(r#"["good","evil"]"#)),
        ("aud", Edit::Set(json!(5)), Some("5")),
        ("aud", Edit::Set(json!(["portal-app", "stranger"])), Some(r#"["portal-app","stranger"]"#)),
        ("aud", Edit::Remove, None),
        ("azp", Edit::Set(json!("other")), Some(r#""other""#)),
        ("nonce", Edit::Remove, None),
        ("nonce", Edit::Set(json!("replayed")), Some(r#""replayed""#)),
        ("exp", Edit::Set(json!("4102444800")), Some(r#""4102444800""#)),
        ("exp", Edit::Set(json!(1.5)), Some("1.5")),
        ("exp", Edit::Raw("18446744073709551616".to_owned()), Some("18446744073709551616")),
        ("iat", Edit::Set(json!(-1)), Some("-1")),
        ("nbf", Edit::Set(json!(4_102_444_800_u64)), Some("4102444800")),
        ("sub", Edit::Remove, None),
        ("at_hash", Edit::Set(json!("AAAA")), Some(r#""AAAA""#)),
        ("acr", Edit::Set(json!("pwd0")), Some(r#""pwd0""#)),
        ("auth_time", Edit::Set(json!(0)), Some("0")),
    ] {
        app.once(Endpoint::Token, Act::id_token_claim(name, edit.clone()));
        let tokens = app.sign_in(&[]).await;
        let token = text(&tokens, "id_token");
        assert!(verifies(token, &jwks, "es256-1", Algorithm::ES256), "{name} {edit:?}");
        let (_, claims) = jwt_texts(token);
        let member = written.map_or(format!("\"{name}\":"), |written| format!("\"{name}\":{written}"));
        assert_eq!(
            claims.contains(&format!("{member},")) || claims.contains(&format!("{member}}}")),
            written.is_some()
        );
        assert!(written.is_some() || !claims.contains(&member), "{name} is left out");
    }
}

#[tokio::test]
async fn headers_can_be_anything_under_a_good_signature() {
    let app = automatic().await;
    let jwks = app.json("/jwks").await;
    for (name, edit) in [
        ("kid", Edit::Set(json!("../../etc/passwd"))),
        ("kid", Edit::Set(json!("k".repeat(1_000_000)))),
        ("kid", Edit::Set(json!("' OR 1=1 --"))),
        ("kid", Edit::Set(json!("rs256-1"))),
        ("kid", Edit::Remove),
        ("typ", Edit::Set(json!("at+jwt"))),
        ("crit", Edit::Set(json!(["x"]))),
        ("b64", Edit::Set(json!(false))),
        ("jku", Edit::Set(json!(app.at("/foreign/jwks")))),
        ("x5u", Edit::Set(json!("https://evil.example/cert"))),
        ("x5c", Edit::Set(json!(["MIIB"]))),
        ("jwk", Edit::Set(json!({"kty": "EC"}))),
        ("alg", Edit::Set(json!("RS256"))),
    ] {
        app.once(Endpoint::Token, Act::id_token_header(name, edit.clone()));
        let tokens = app.sign_in(&[]).await;
        let token = text(&tokens, "id_token");
        assert!(verifies(token, &jwks, "es256-1", Algorithm::ES256), "{name}");
        let expected = match &edit {
            Edit::Set(value) => Some(value),
            _ => None,
        };
        assert_eq!(jwt(token).0.get(name), expected);
    }
    assert!(app.control.log().iter().all(|entry| entry.path != "/foreign/jwks"));
}

#[tokio::test]
async fn signatures_are_wrong_in_the_way_that_is_named() {
    let app = automatic().await;
    let jwks = app.json("/jwks").await;
    let signed = async |signature| {
        app.once(Endpoint::Token, Act::id_token_signature(signature));
        let tokens = app.sign_in(&[]).await;
        text(&tokens, "id_token").to_owned()
    };

    let token = signed(IdTokenSignature::None).await;
    assert_eq!(jwt(&token).0["alg"], "none");
    assert!(token.ends_with('.'));

    let token = signed(IdTokenSignature::Broken).await;
    assert!(!verifies(&token, &jwks, "es256-1", Algorithm::ES256));
    assert_eq!(decoded(token.rsplit('.').next().unwrap()).len(), 64);

    for form in [PublicKeyForm::Point, PublicKeyForm::SpkiDer, PublicKeyForm::SpkiPem] {
        let token = signed(IdTokenSignature::Hs256PublicKey { form }).await;
        assert_eq!(jwt(&token).0["alg"], "HS256");
        let key = jsonwebtoken::DecodingKey::from_secret(&public_key(&jwks, form));
        let (text, signature) = token.rsplit_once('.').unwrap();
        assert!(
            jsonwebtoken::crypto::verify(signature, text.as_bytes(), &key, Algorithm::HS256).unwrap(),
            "{form:?}"
        );
    }

    let foreign = app.json("/foreign/jwks").await;
    for offered_by in [None, Some(KeyOffer::Jwk), Some(KeyOffer::Jku)] {
        let token = signed(IdTokenSignature::ForeignKey { offered_by }).await;
        assert!(!verifies(&token, &jwks, "es256-1", Algorithm::ES256));
        assert!(verifies(&token, &foreign, "es256-1", Algorithm::ES256));
        let (header, _) = jwt(&token);
        assert_eq!(header["kid"], "es256-1");
        assert_eq!(header.get("jwk"), (offered_by == Some(KeyOffer::Jwk)).then_some(&foreign["keys"][0]));
        assert_eq!(
            header.get("jku"),
            (offered_by == Some(KeyOffer::Jku)).then_some(&json!(app.at("/foreign/jwks")))
        );
    }
}

/// The bytes of the ES256 key, put together from its JWK.
fn public_key(jwks: &Value, form: PublicKeyForm) -> Vec<u8> {
    use base64::Engine as _;
    let jwk = &jwks["keys"][0];
    let point = [&[4][..], &decoded(text(jwk, "x")), &decoded(text(jwk, "y"))].concat();
    // SEQUENCE { SEQUENCE { id-ecPublicKey, prime256v1 }, BIT STRING } (RFC 5480, section 2).
    let prefix = [
        0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86,
        0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
    ];
    let der = [&prefix[..], &point].concat();
    match form {
        PublicKeyForm::Point => point,
        PublicKeyForm::SpkiDer => der,
        PublicKeyForm::SpkiPem => {
            let text = base64::engine::general_purpose::STANDARD.encode(&der);
            let lines: Vec<&str> = [&text[..64], &text[64..]].to_vec();
            format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", lines.join("\n"))
                .into_bytes()
        }
    }
}
