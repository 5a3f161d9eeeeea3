//! Pushed requests and bound tokens: what must be refused is refused.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use pforte_provider::{Offer, Settings};
use serde_json::{Value, json};

use crate::app::{App, CLIENT_ID, CODE_CHALLENGE, CODE_VERIFIER, REDIRECT_URI};

/// RFC 7515, appendix A.3.1.
const X: &str = "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU";
const Y: &str = "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0";
const D: &str = "jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI";

async fn strict(dpop_nonces: bool) -> App {
    App::start(Settings {
        automatic: Some("alice".to_owned()),
        par: Offer::Required,
        dpop: Offer::Required,
        dpop_nonces,
        ..Settings::default()
    })
    .await
}

/// A proof with the claims given, signed by the key of the example.
fn proof(claims: &Value) -> String {
    let header =
        json!({"typ": "dpop+jwt", "alg": "ES256", "jwk": {"kty": "EC", "crv": "P-256", "x": X, "y": Y}});
    let input = format!(
        "{}.{}",
        URL_SAFE_NO_PAD.encode(header.to_string()),
        URL_SAFE_NO_PAD.encode(claims.to_string())
    );
    let decode = |text: &str| URL_SAFE_NO_PAD.decode(text).unwrap();
    // SEC1 in PKCS#8, as the key's own numbers give it.
    let head = "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg";
    let mut der = base64::engine::general_purpose::STANDARD.decode(head).unwrap();
    der.extend(decode(D));
    der.extend([0xa1, 0x44, 0x03, 0x42, 0x00, 0x04]);
    der.extend(decode(X));
    der.extend(decode(Y));
    let key = jsonwebtoken::EncodingKey::from_ec_der(&der);
    let signature =
        jsonwebtoken::crypto::sign(input.as_bytes(), &key, jsonwebtoken::Algorithm::ES256).unwrap();
    format!("{input}.{signature}")
}

async fn post(
    app: &App,
    path: &str,
    form: &[(&str, &str)],
    proof: Option<&str>,
) -> (u16, Value, Option<String>) {
    let mut request = app.http.post(app.at(path)).form(form);
    if let Some(proof) = proof {
        request = request.header("dpop", proof);
    }
    let response = request.send().await.unwrap();
    let nonce = response.headers().get("dpop-nonce").map(|value| value.to_str().unwrap().to_owned());
    (response.status().as_u16(), response.json().await.unwrap_or_default(), nonce)
}

const REQUEST: [(&str, &str); 7] = [
    ("response_type", "code"),
    ("client_id", CLIENT_ID),
    ("redirect_uri", REDIRECT_URI),
    ("scope", "openid offline_access"),
    ("state", "st-1"),
    ("code_challenge", CODE_CHALLENGE),
    ("code_challenge_method", "S256"),
];

async fn code(app: &App, request_uri: &str) -> Option<String> {
    let url = [("client_id", CLIENT_ID), ("request_uri", request_uri)];
    let response = app.get(url::Url::parse_with_params(&app.at("/authorize"), url).unwrap()).await;
    let location = response.headers().get("location")?.to_str().unwrap().to_owned();
    let location = url::Url::parse(&location).unwrap();
    location.query_pairs().find(|(name, _)| name == "code").map(|(_, value)| value.into_owned())
}

#[tokio::test]
async fn a_pushed_request_is_fetched_once_by_its_client_and_nothing_else_is_served() {
    let app = strict(false).await;
    let plain = app.get(app.authorize_url(&[])).await;
    assert!(plain.headers().get("location").is_none(), "not pushed");

    let (status, pushed, _) = post(&app, "/par", &REQUEST, None).await;
    assert_eq!(status, 201, "{pushed}");
    let name = pushed["request_uri"].as_str().unwrap();
    assert!(code(&app, name).await.is_some());
    assert!(code(&app, name).await.is_none(), "used before");

    let (_, pushed, _) = post(&app, "/par", &REQUEST, None).await;
    app.control.advance_clock(61);
    assert!(code(&app, pushed["request_uri"].as_str().unwrap()).await.is_none(), "too late");

    let mut wrong = REQUEST.to_vec();
    wrong[2] = ("redirect_uri", "com.evil:/callback");
    let (status, refused, _) = post(&app, "/par", &wrong, None).await;
    assert_eq!((status, refused["error"].as_str()), (400, Some("invalid_request")));
}

#[tokio::test]
async fn a_proof_serves_one_request_at_one_place_and_time() {
    let app = strict(true).await;
    let now = app.control.now();
    let token_url = app.at("/token");
    let (_, pushed, nonce) = post(&app, "/par", &REQUEST, None).await;
    let code = code(&app, pushed["request_uri"].as_str().unwrap()).await.unwrap();
    let form = [
        ("grant_type", "authorization_code"),
        ("code", code.as_str()),
        ("redirect_uri", REDIRECT_URI),
        ("client_id", CLIENT_ID),
        ("code_verifier", CODE_VERIFIER),
    ];
    let nonce = nonce.unwrap();
    let good = json!({"jti": "j-1", "htm": "POST", "htu": token_url, "iat": now, "nonce": nonce});
    let changed = |name: &str, value: Value| {
        let mut claims = good.clone();
        claims[name] = value;
        proof(&claims)
    };
    let (good_proof, other) = (proof(&good), changed("jti", json!("j-2")));
    let input = good_proof.rsplit_once('.').unwrap().0;
    let with_another_signature = format!("{input}.{}", other.rsplit_once('.').unwrap().1);
    for (wrong, error) in [
        (None, "invalid_dpop_proof"),
        (Some(changed("htm", json!("GET"))), "invalid_dpop_proof"),
        (Some(changed("htu", json!(app.at("/par")))), "invalid_dpop_proof"),
        (Some(changed("iat", json!(now - 120))), "invalid_dpop_proof"),
        (Some(changed("jti", json!(""))), "invalid_dpop_proof"),
        (Some(changed("nonce", json!("another"))), "use_dpop_nonce"),
        (Some(with_another_signature), "invalid_dpop_proof"),
    ] {
        let (status, refused, _) = post(&app, "/token", &form, wrong.as_deref()).await;
        assert_eq!((status, refused["error"].as_str()), (400, Some(error)), "{wrong:?}");
    }
    let used = proof(&good);
    let (status, tokens, _) = post(&app, "/token", &form, Some(&used)).await;
    assert_eq!((status, tokens["token_type"].as_str()), (200, Some("DPoP")), "{tokens}");
    let refresh = [
        ("grant_type", "refresh_token"),
        ("refresh_token", tokens["refresh_token"].as_str().unwrap()),
        ("client_id", CLIENT_ID),
    ];
    let (status, refused, _) = post(&app, "/token", &refresh, Some(&used)).await;
    assert_eq!((status, refused["error"].as_str()), (400, Some("invalid_dpop_proof")), "the jti was used");

    // A bound token is no bearer token.
    let bearer = format!("Bearer {}", tokens["access_token"].as_str().unwrap());
    let response = app.http.get(app.at("/userinfo")).header("authorization", bearer).send().await.unwrap();
    assert_eq!(response.status().as_u16(), 401);
}
