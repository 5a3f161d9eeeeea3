//! Starting, the request log, and the control API over HTTP.

use pforte_provider::{LogEntry, Provider, Rotation, Settings, StartError, StateReport};
use serde_json::{Value, json};

use crate::app::{App, automatic, text};

#[tokio::test]
async fn others_can_not_reach_it() {
    let settings = Settings { address: "0.0.0.0".parse().unwrap(), ..Settings::default() };
    assert!(matches!(Provider::start(settings).await, Err(StartError::NotLoopback { .. })));
    let settings = Settings { automatic: Some("mallory".to_owned()), ..Settings::default() };
    assert!(matches!(Provider::start(settings).await, Err(StartError::UnknownPerson(_))));

    let app = automatic().await;
    let rebound = app.http.get(app.at("/dev/state")).header("host", "evil.example").send().await.unwrap();
    assert_eq!(rebound.status().as_u16(), 421);
    let port = app.running.issuer().rsplit(':').next().unwrap().parse().unwrap();
    let taken = Provider::start(Settings { port, ..Settings::default() }).await;
    assert!(matches!(taken, Err(StartError::Listen(_))));
    app.running.stop().await;
    let free = Provider::start(Settings { port, ..Settings::default() }).await.unwrap();
    assert!(free.issuer().ends_with(&port.to_string()));
}

#[tokio::test]
async fn the_log_is_the_same_in_two_runs() {
    let (first, second) = (one_run().await, one_run().await);
    assert_eq!(first, second);
    let requests: Vec<_> = first
        .iter()
        .map(|entry| {
            (entry.n, entry.method.as_str(), entry.path.as_str(), entry.status, entry.auth.as_deref())
        })
        .collect();
    let expected = [
        (1, "GET", "/.well-known/openid-configuration", Some(200), None),
        (2, "GET", "/authorize", Some(302), None),
        (3, "POST", "/token", Some(200), None),
        (4, "GET", "/portal/reviews", Some(200), Some("Bearer")),
        (5, "POST", "/token", Some(200), None),
        (6, "GET", "/crm/contacts/*", Some(404), None),
    ];
    assert_eq!(requests, expected);
    assert_eq!(
        serde_json::to_value(&first[1].query).unwrap(),
        json!({
            "client_id": "portal-app", "code_challenge": "*", "code_challenge_method": "S256", "nonce": "*",
            "redirect_uri": "http://127.0.0.1:*/callback", "response_type": "code",
            "scope": "openid offline_access", "state": "*",
        })
    );
    assert_eq!(
        serde_json::to_value(&first[4].form).unwrap(),
        json!({"client_id": "portal-app", "grant_type": "refresh_token", "refresh_token": "*"})
    );
}

async fn one_run() -> Vec<LogEntry> {
    let app = automatic().await;
    app.json("/.well-known/openid-configuration").await;
    let port = app.running.issuer().rsplit(':').next().unwrap();
    let redirect_uri = format!("http://127.0.0.1:{port}/callback");
    let callback = app.callback(&[("redirect_uri", &redirect_uri), ("scope", "openid offline_access")]).await;
    let form = [
        ("grant_type", "authorization_code"),
        ("client_id", "portal-app"),
        ("code", crate::app::value(&callback, "code").unwrap()),
        ("redirect_uri", &redirect_uri),
        ("code_verifier", crate::app::CODE_VERIFIER),
    ];
    let (_, tokens) = app.token(&form).await;
    assert_eq!(app.call("GET", "/portal/reviews", text(&tokens, "access_token"), "").await.0, 200);
    assert_eq!(app.refresh(text(&tokens, "refresh_token")).await.0, 200);
    app.get(app.at(&format!("/crm/contacts/{port}"))).await;
    app.control.log()
}

#[tokio::test]
async fn the_same_can_be_done_over_http() {
    let app = App::start(Settings { rotation: Rotation::Off, ..Settings::default() }).await;
    let post = |path: &str, body: Value| app.http.post(app.at(path)).json(&body).send();
    let status = async |path: &str, body: Value| post(path, body).await.unwrap().status().as_u16();

    assert_eq!(status("/dev/automatic", json!({"person": "bob"})).await, 204);
    assert_eq!(status("/dev/automatic", json!({"person": "mallory"})).await, 400);
    let tokens = app.sign_in(&[]).await;

    let before = app.control.now();
    assert_eq!(status("/dev/clock", json!({"advance_seconds": 7200})).await, 204);
    assert!(app.control.now() - before >= 7200);
    let date = app.get(app.at("/jwks")).await.headers().get("date").unwrap().to_str().unwrap().to_owned();
    let told =
        httpdate::parse_http_date(&date).unwrap().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    assert!(
        (i64::try_from(told).unwrap() - app.control.now()).abs() <= 2,
        "the Date header follows the clock"
    );

    let two = json!([{"on": "token", "times": 1, "act": "drop_after"}, {"on": "jwks", "act": {"delay": {"millis": 1}}}]);
    assert_eq!(status("/dev/misbehave", two).await, 204);
    for bad in [
        json!({"on": "callback", "act": "drop_after"}),
        json!({"on": "nowhere", "act": "drop_after"}),
        json!({"on": "token", "act": "explode"}),
        json!([{"on": "token", "act": "drop_after"}, {"on": "token", "act": {"keys_only": {"kids": []}}}]),
    ] {
        assert_eq!(status("/dev/misbehave", bad.clone()).await, 400, "{bad}");
    }
    let report: StateReport = app.get(app.at("/dev/state")).await.json().await.unwrap();
    assert_eq!(report, app.control.state());
    assert_eq!(report.misbehaviours.len(), 2);
    assert_eq!(report.families[0].subject, "bob");
    app.http.delete(app.at("/dev/misbehave")).send().await.unwrap();
    assert!(app.control.state().misbehaviours.is_empty());

    assert_eq!(status("/dev/end_sessions", json!({"person": "bob"})).await, 204);
    assert_eq!(app.refresh(text(&tokens, "refresh_token")).await.0, 400);

    let log: Vec<LogEntry> = app.get(app.at("/dev/log")).await.json().await.unwrap();
    let paths: Vec<&str> = log.iter().map(|entry| entry.path.as_str()).collect();
    assert_eq!(paths, ["/authorize", "/token", "/jwks", "/token"]);
    app.http.delete(app.at("/dev/log")).send().await.unwrap();
    assert!(app.control.log().is_empty());
}
