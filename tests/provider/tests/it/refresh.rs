//! Refresh tokens: rotation, reuse, grace; revocation and logout.

use pforte_provider::{Ending, RegisteredClient, Rotation, Settings};
use serde_json::json;

use crate::app::{App, CLIENT_ID, automatic, jwt, location, text};

async fn with_rotation(rotation: Rotation) -> App {
    App::start(Settings { automatic: Some("alice".to_owned()), rotation, ..Settings::default() }).await
}

#[tokio::test]
async fn rotation_replaces_the_token_and_reuse_ends_the_family() {
    let app = automatic().await;
    let first = app.sign_in(&[]).await;
    app.control.advance_clock(100);
    let (status, second) = app.refresh(text(&first, "refresh_token")).await;
    assert_eq!(status, 200);
    assert_ne!(first["refresh_token"], second["refresh_token"]);
    assert_ne!(first["access_token"], second["access_token"]);
    let ((_, before), (_, after)) = (jwt(text(&first, "id_token")), jwt(text(&second, "id_token")));
    for same in ["iss", "sub", "aud", "auth_time", "sid"] {
        assert_eq!(before[same], after[same], "{same}");
    }
    let later = after["iat"].as_i64().unwrap() - before["iat"].as_i64().unwrap();
    assert!((100..110).contains(&later), "{later}");
    assert!(after.get("nonce").is_none());
    assert_eq!(app.call("GET", "/userinfo", text(&second, "access_token"), "").await.0, 200);

    let (status, error) = app.refresh(text(&first, "refresh_token")).await;
    assert_eq!((status, &error["error"]), (400, &json!("invalid_grant")));
    assert_eq!(app.refresh(text(&second, "refresh_token")).await.0, 400, "the successor dies too");
    assert_eq!(app.call("GET", "/userinfo", text(&second, "access_token"), "").await.0, 401);
    let state = app.control.state();
    assert_eq!((state.refreshes, state.revocations, state.families[0].revoked), (1, 1, Some(Ending::Reuse)));
}

#[tokio::test]
async fn grace_forgives_a_lost_answer_for_its_seconds() {
    let app = with_rotation(Rotation::GraceSeconds(30)).await;
    let first = app.sign_in(&[]).await;
    let refresh_token = text(&first, "refresh_token");
    assert_eq!(app.refresh(refresh_token).await.0, 200);
    app.control.advance_clock(20);
    let (status, retried) = app.refresh(refresh_token).await;
    assert_eq!(status, 200);
    app.control.advance_clock(10);
    assert_eq!(app.refresh(refresh_token).await.0, 400);
    assert_eq!(app.refresh(text(&retried, "refresh_token")).await.0, 400);
}

#[tokio::test]
async fn reuses_are_counted_and_no_rotation_keeps_the_token() {
    let app = with_rotation(Rotation::Reuses(1)).await;
    let first = app.sign_in(&[]).await;
    let refresh_token = text(&first, "refresh_token");
    let statuses = [
        app.refresh(refresh_token).await.0,
        app.refresh(refresh_token).await.0,
        app.refresh(refresh_token).await.0,
    ];
    assert_eq!(statuses, [200, 200, 400]);

    let app = with_rotation(Rotation::Off).await;
    let first = app.sign_in(&[]).await;
    for _ in 0..3 {
        let (status, tokens) = app.refresh(text(&first, "refresh_token")).await;
        assert_eq!(status, 200);
        assert!(tokens.get("refresh_token").is_none());
    }
    app.control.advance_clock(30 * 24 * 3600);
    assert_eq!(app.refresh(text(&first, "refresh_token")).await.0, 400);
}

#[tokio::test]
async fn revoking_either_token_ends_the_family() {
    let app = automatic().await;
    for kind in ["refresh_token", "access_token"] {
        let tokens = app.sign_in(&[]).await;
        let form = [("token", text(&tokens, kind)), ("client_id", CLIENT_ID), ("token_type_hint", kind)];
        assert_eq!(app.post_form("/revoke", &form).await.unwrap().status().as_u16(), 200);
        assert_eq!(app.call("GET", "/portal/reviews", text(&tokens, "access_token"), "").await.0, 401);
        assert_eq!(app.refresh(text(&tokens, "refresh_token")).await.0, 400);
        assert_eq!(
            app.post_form("/revoke", &form).await.unwrap().status().as_u16(),
            200,
            "once more is no error"
        );
    }
    let state = app.control.state();
    assert!(state.families.iter().all(|family| family.revoked == Some(Ending::Revocation)));
    assert_eq!(state.revocations, 2);
    for (form, status) in [
        (vec![("token", "unknown"), ("client_id", CLIENT_ID)], 200),
        (vec![("client_id", CLIENT_ID)], 400),
        (vec![("token", "unknown"), ("client_id", "nobody")], 401),
    ] {
        assert_eq!(app.post_form("/revoke", &form).await.unwrap().status().as_u16(), status, "{form:?}");
    }
}

#[tokio::test]
async fn a_client_can_not_revoke_anothers_token() {
    let other = RegisteredClient { client_id: "other-app".to_owned(), ..RegisteredClient::default() };
    let clients = vec![RegisteredClient::default(), other];
    let app =
        App::start(Settings { automatic: Some("alice".to_owned()), clients, ..Settings::default() }).await;
    let tokens = app.sign_in(&[]).await;
    let form = [("token", text(&tokens, "refresh_token")), ("client_id", "other-app")];
    assert_eq!(app.post_form("/revoke", &form).await.unwrap().status().as_u16(), 400);
    assert_eq!(app.control.state().revocations, 0);
    assert_eq!(app.refresh(text(&tokens, "refresh_token")).await.0, 200);
}

#[tokio::test]
async fn logout_ends_the_family_of_the_hint_and_goes_back() {
    let app = automatic().await;
    let (mine, other) = (app.sign_in(&[]).await, app.sign_in(&[]).await);
    app.control.advance_clock(7200);
    let end = |hint: &str, target: &str| {
        let parameters = [("id_token_hint", hint), ("post_logout_redirect_uri", target), ("state", "x y")];
        app.get(url::Url::parse_with_params(&app.at("/end_session"), parameters).unwrap())
    };
    let target = "com.example.portal:/signed-out";
    let response = end(text(&mine, "id_token"), target).await;
    assert_eq!(response.status().as_u16(), 302);
    assert_eq!(location(&response), "com.example.portal:/signed-out?state=x+y");
    assert_eq!(app.refresh(text(&mine, "refresh_token")).await.0, 400);
    assert_eq!(app.refresh(text(&other, "refresh_token")).await.0, 200);
    assert_eq!(app.control.state().families[0].revoked, Some(Ending::EndSession));

    assert_eq!(end(text(&mine, "id_token"), "https://evil.example/").await.status().as_u16(), 400);
    assert_eq!(end(text(&mine, "access_token"), target).await.status().as_u16(), 400);
    assert_eq!(end("a.b.c", target).await.status().as_u16(), 400);
    assert_eq!(app.get(app.at("/end_session")).await.status().as_u16(), 200);
}
