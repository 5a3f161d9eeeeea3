//! Metadata, the authorization endpoint, the login page, codes and ID tokens.

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::Algorithm;
use pforte_provider::{AccessTokenFormat, Ending, Settings, SigningAlgorithm};
use serde_json::json;

use crate::app::{App, REDIRECT_URI, automatic, jwt, location, pairs, text, value, verifies};

#[tokio::test]
async fn metadata_names_only_what_is_there() {
    let app = automatic().await;
    let metadata = app.json("/.well-known/openid-configuration").await;
    assert_eq!(metadata["issuer"], app.running.issuer());
    assert_eq!(metadata["code_challenge_methods_supported"], json!(["S256"]));
    assert_eq!(metadata["acr_values_supported"], json!(["pwd", "mfa"]));
    assert_eq!(metadata["authorization_response_iss_parameter_supported"], true);
    for required in
        ["response_types_supported", "subject_types_supported", "id_token_signing_alg_values_supported"]
    {
        assert!(metadata[required].is_array(), "{required}");
    }
    let addresses = metadata
        .as_object()
        .unwrap()
        .iter()
        .filter(|(name, _)| name.ends_with("_endpoint") || *name == "jwks_uri");
    let mut count = 0;
    for (name, address) in addresses {
        let status = app.get(address.as_str().unwrap()).await.status().as_u16();
        assert_ne!(status, 404, "{name}");
        count += 1;
    }
    assert_eq!(count, 6);
}

#[tokio::test]
async fn a_code_with_pkce_gives_tokens_that_another_library_verifies() {
    for (algorithm, alg) in
        [(SigningAlgorithm::Es256, Algorithm::ES256), (SigningAlgorithm::Rs256, Algorithm::RS256)]
    {
        let automatic = Some("alice".to_owned());
        let app =
            App::start(Settings { automatic, id_token_algorithm: algorithm, ..Settings::default() }).await;
        let callback = app.callback(&[]).await;
        let names: Vec<&str> = callback.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["code", "state", "iss"]);
        assert_eq!(value(&callback, "state"), Some("st-1"));
        assert_eq!(value(&callback, "iss"), Some(app.running.issuer()));

        let (status, tokens) = app.redeem(value(&callback, "code").unwrap()).await;
        assert_eq!(status, 200);
        assert_eq!(tokens["token_type"], "Bearer");
        assert_eq!(tokens["expires_in"], 600);
        let jwks = app.json("/jwks").await;
        let access = text(&tokens, "access_token");
        let id_token = text(&tokens, "id_token");
        assert!(verifies(id_token, &jwks, algorithm.kid(), alg));
        assert!(verifies(access, &jwks, "es256-1", Algorithm::ES256));

        let (header, claims) = jwt(id_token);
        assert_eq!(header, json!({"alg": algorithm.name(), "kid": algorithm.kid(), "typ": "JWT"}));
        let half = digest(&SHA256, access.as_bytes()).as_ref()[..16].to_vec();
        for (name, expected) in [
            ("iss", json!(app.running.issuer())),
            ("sub", json!("alice")),
            ("aud", json!("portal-app")),
            ("nonce", json!("n-1")),
            ("acr", json!("pwd")),
            ("name", json!("Alice Example")),
            ("email", json!("alice@example.com")),
            ("email_verified", json!(true)),
            ("at_hash", json!(URL_SAFE_NO_PAD.encode(half))),
        ] {
            assert_eq!(claims[name], expected, "{name}");
        }
        let now = app.control.now();
        assert!((now - claims["auth_time"].as_i64().unwrap()) < 5);
        assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 600);

        let (header, claims) = jwt(access);
        assert_eq!(header["typ"], "at+jwt");
        assert_eq!(claims["aud"], app.at("/portal"));
        assert_eq!(claims["client_id"], "portal-app");
    }
}

#[tokio::test]
async fn scopes_and_resource_decide_what_is_in_the_tokens() {
    let app = App::start(Settings {
        automatic: Some("bob".to_owned()),
        access_token_format: AccessTokenFormat::Opaque,
        ..Settings::default()
    })
    .await;
    let tokens = app.sign_in(&[("scope", "openid"), ("nonce", "")]).await;
    assert!(tokens.get("refresh_token").is_none());
    assert!(!text(&tokens, "access_token").contains('.'));
    let (_, claims) = jwt(text(&tokens, "id_token"));
    assert_eq!(claims["sub"], "bob");
    for absent in ["nonce", "name", "email"] {
        assert!(claims.get(absent).is_none(), "{absent}");
    }
    let tokens = app.sign_in(&[("scope", "email")]).await;
    assert!(tokens.get("id_token").is_none());
    assert_eq!(app.call("GET", "/userinfo", text(&tokens, "access_token"), "").await.0, 403);

    let tokens = app.sign_in(&[("resource", "https://other.example/")]).await;
    assert_eq!(app.call("GET", "/portal/reviews", text(&tokens, "access_token"), "").await.0, 401);
    assert_eq!(app.call("GET", "/userinfo", text(&tokens, "access_token"), "").await.0, 200);
}

#[tokio::test]
async fn requests_that_are_wrong_are_refused_where_the_specification_says() {
    let app = automatic().await;
    for changes in [
        [("client_id", "nobody")],
        [("client_id", "")],
        [("redirect_uri", "com.example.portal:/callback/")],
        [("redirect_uri", "https://evil.example/callback")],
        [("redirect_uri", "")],
    ] {
        let response = app.get(app.authorize_url(&changes)).await;
        assert_eq!(response.status().as_u16(), 400, "{changes:?}");
        assert!(response.headers().get("location").is_none());
    }
    for (name, given, error) in [
        ("response_type", "token", "unsupported_response_type"),
        ("response_type", "", "invalid_request"),
        ("response_mode", "fragment", "invalid_request"),
        ("code_challenge", "", "invalid_request"),
        ("code_challenge", "short", "invalid_request"),
        ("code_challenge_method", "plain", "invalid_request"),
        ("code_challenge_method", "", "invalid_request"),
        ("scope", "openid root", "invalid_scope"),
        ("scope", "", "invalid_scope"),
        ("prompt", "none login", "invalid_request"),
        ("prompt", "later", "invalid_request"),
        ("max_age", "-1", "invalid_request"),
        ("request", "x.y.z", "request_not_supported"),
        ("request_uri", "urn:x", "request_uri_not_supported"),
        ("resource", "nowhere", "invalid_target"),
    ] {
        let callback = app.callback(&[(name, given)]).await;
        assert_eq!(value(&callback, "error"), Some(error), "{name}={given}");
        assert_eq!(value(&callback, "state"), Some("st-1"));
        assert_eq!(value(&callback, "iss"), Some(app.running.issuer()));
        assert_eq!(value(&callback, "code"), None);
    }
    let mut twice = app.authorize_url(&[]);
    twice.query_pairs_mut().append_pair("state", "again");
    let callback = pairs(&location(&app.get(twice).await));
    assert_eq!(value(&callback, "error"), Some("invalid_request"));
}

#[tokio::test]
async fn the_login_page_signs_in_cancels_and_tells_mistakes() {
    let app = App::start(Settings::default()).await;
    let (page, transaction) =
        open_page(&app, &[("login_hint", "bob@example.com"), ("acr_values", "mfa")]).await;
    for part in ["Development provider.", "Alice Example", "One-time code", r#"value="bob" required checked"#]
    {
        assert!(page.contains(part), "{part}");
    }
    let form = |action, password, code| {
        [
            ("transaction", transaction.clone()),
            ("action", action),
            ("person", "bob".to_owned()),
            ("password", password),
            ("one_time_code", code),
        ]
    };
    for (password, code) in [("", "123456"), ("x", ""), ("x", "12345"), ("x", "abcdef")] {
        let response =
            send_page(&app, &form("sign_in".to_owned(), password.to_owned(), code.to_owned())).await;
        assert_eq!(response.status().as_u16(), 200);
        assert!(response.text().await.unwrap().contains(r#"role="alert""#));
    }
    let response = send_page(&app, &form("sign_in".to_owned(), "any".to_owned(), "123456".to_owned())).await;
    assert_eq!(response.status().as_u16(), 303);
    let cookie = response.headers().get("set-cookie").unwrap().to_str().unwrap().to_owned();
    assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax"));
    let back = location(&response);
    assert!(back.starts_with(REDIRECT_URI));
    let (_, tokens) = app.redeem(value(&pairs(&back), "code").unwrap()).await;
    let (_, claims) = jwt(text(&tokens, "id_token"));
    assert_eq!((&claims["sub"], &claims["acr"]), (&json!("bob"), &json!("mfa")));
    let response = send_page(&app, &form("sign_in".to_owned(), "any".to_owned(), "123456".to_owned())).await;
    assert_eq!(response.status().as_u16(), 400);

    // Who is signed in comes back without a page, unless something stands against it.
    let cookie = cookie.split(';').next().unwrap();
    let again =
        |changes: &[(&str, &str)]| app.http.get(app.authorize_url(changes)).header("cookie", cookie).send();
    assert_eq!(again(&[("prompt", "none")]).await.unwrap().status().as_u16(), 302);
    assert_eq!(again(&[("max_age", "60")]).await.unwrap().status().as_u16(), 302);
    app.control.advance_clock(61);
    for changes in [("prompt", "login"), ("max_age", "60"), ("max_age", "0"), ("login_hint", "alice")] {
        assert_eq!(again(&[changes]).await.unwrap().status().as_u16(), 200, "{changes:?}");
    }
    let callback = app.callback(&[("prompt", "none")]).await;
    assert_eq!(value(&callback, "error"), Some("login_required"));

    let (_, transaction) = open_page(&app, &[]).await;
    let cancel = [("transaction", transaction), ("action", "cancel".to_owned())];
    let callback = pairs(&location(&send_page(&app, &cancel).await));
    assert_eq!(value(&callback, "error"), Some("access_denied"));
}

async fn open_page(app: &App, changes: &[(&str, &str)]) -> (String, String) {
    let response = app.get(app.authorize_url(changes)).await;
    assert_eq!(response.status().as_u16(), 200);
    let page = response.text().await.unwrap();
    let (_, rest) = page.split_once(r#"name="transaction" value=""#).unwrap();
    let transaction = rest.split('"').next().unwrap().to_owned();
    (page, transaction)
}

async fn send_page(app: &App, form: &[(&str, String)]) -> reqwest::Response {
    app.http.post(app.at("/login")).form(form).send().await.unwrap()
}

#[tokio::test]
async fn a_code_is_good_once_for_its_client_and_not_for_long() {
    let app = automatic().await;
    let callback = app.callback(&[]).await;
    let code = value(&callback, "code").unwrap();
    let (status, tokens) = app.redeem(code).await;
    assert_eq!(status, 200);
    let (status, error) = app.redeem(code).await;
    assert_eq!((status, &error["error"]), (400, &json!("invalid_grant")));
    assert_eq!(app.control.state().families[0].revoked, Some(Ending::CodeReuse));
    assert_eq!(app.call("GET", "/userinfo", text(&tokens, "access_token"), "").await.0, 401);

    let callback = app.callback(&[]).await;
    app.control.advance_clock(60);
    let (_, error) = app.redeem(value(&callback, "code").unwrap()).await;
    assert_eq!(error["error"], "invalid_grant");

    for (form, status, error) in [
        (vec![("client_id", "portal-app")], 400, "invalid_request"),
        (vec![("client_id", "nobody"), ("grant_type", "refresh_token")], 401, "invalid_client"),
        (vec![("client_id", "portal-app"), ("grant_type", "password")], 400, "unsupported_grant_type"),
        (vec![("client_id", "portal-app"), ("client_id", "portal-app")], 400, "invalid_request"),
    ] {
        let (given, answer) = app.token(&form).await;
        assert_eq!((given, answer["error"].as_str()), (status, Some(error)), "{form:?}");
    }
}
