//! The journey against the certified `oidc-provider`, started by the test run: `cargo xtask test interop`.

#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

use pforte_client::{Client, Config, Entry, Error, HttpRequest, Provider, Status};
use pforte_host::Host;
use pforte_journeys::{CookieBrowser, answers, policy};
use pforte_testing::ScriptedHost;

fn issuer() -> String {
    std::env::var("PFORTE_OP")
        .unwrap_or_else(|_| panic!("PFORTE_OP is not set; run `cargo xtask test interop`"))
}

fn device() -> ScriptedHost {
    let device = ScriptedHost::new();
    device.asks.answer_with(|ask| Ok(answers(ask)));
    device
}

async fn open(device: &ScriptedHost, client_id: &str) -> Result<Arc<Client>, Error> {
    let provider = Provider::development(issuer(), client_id);
    let config = Config::new(policy(), provider, "com.example.portal:/callback");
    let config = Config { api_origins: vec![issuer()], ..config };
    Client::open(config, Host { user_agent: Arc::new(CookieBrowser), ..device.host() }).await
}

fn userinfo() -> HttpRequest {
    HttpRequest {
        method: "GET".to_owned(),
        url: format!("{}/me", issuer()),
        headers: Vec::new(),
        body: Vec::new(),
    }
}

/// What the provider says to somebody who kept an `Authorization` header.
fn status_of_userinfo(header: &str) -> u16 {
    let issuer = issuer();
    let authority = issuer.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(authority).unwrap();
    let request = format!(
        "GET /me HTTP/1.1\r\nhost: {authority}\r\nauthorization: {header}\r\nconnection: close\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.take(64 * 1024).read_to_string(&mut answer).unwrap();
    answer.split(' ').nth(1).unwrap().parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_journey_with_a_certified_provider() {
    let device = device();
    let client = open(&device, "portal-app").await.unwrap();
    assert!(matches!(client.enter("hotel.browse").await, Ok(Entry::Cleared { .. })));
    assert!(matches!(client.enter("review.write").await, Ok(Entry::Cleared { .. })));

    client.lock().await.unwrap();
    assert!(matches!(client.send(userinfo()).await, Err(Error::Locked { .. })));
    client.unlock().await.unwrap();
    let answer = client.send(userinfo()).await.unwrap();
    assert_eq!(answer.status, 200);
    assert!(String::from_utf8_lossy(&answer.body).contains("alice"));

    // The access token runs out by the device's elapsed time; the provider rotates the refresh token.
    let before = client.authorization(&issuer()).await.unwrap();
    device.clock.advance(Duration::from_secs(3600));
    let after = client.authorization(&issuer()).await.unwrap();
    assert_ne!(before, after);
    assert_eq!(client.send(userinfo()).await.unwrap().status, 200);

    // The rotated token was kept: it serves after a restart, too.
    drop(client);
    let client = open(&device, "portal-app").await.unwrap();
    assert!(matches!(client.status(), Status::Locked { .. }));
    client.unlock().await.unwrap();
    device.clock.advance(Duration::from_secs(3600));
    assert_eq!(client.send(userinfo()).await.unwrap().status, 200);

    let report = client.sign_out().await.unwrap();
    assert!(!report.remote_session_may_live);
    assert_eq!(client.status(), Status::SignedOut);
}

#[tokio::test(flavor = "multi_thread")]
async fn signing_out_revokes_the_token_and_leaves_nothing_to_open() {
    let device = device();
    let client = open(&device, "portal-app").await.unwrap();
    assert!(matches!(client.enter("review.write").await, Ok(Entry::Cleared { .. })));
    let kept: Vec<_> = device.files.all().into_iter().collect();
    assert!(kept.len() > 1, "{} files", kept.len());
    let header = client.authorization(&issuer()).await.unwrap();
    assert_eq!(status_of_userinfo(&header), 200);
    client.sign_out().await.unwrap();
    assert_eq!(status_of_userinfo(&header), 401);
    // What was copied before opens nothing any more: the device's secret is gone.
    for (name, bytes) in kept {
        device.files.put(&name, bytes);
    }
    let client = open(&device, "portal-app").await.unwrap();
    assert!(matches!(client.status(), Status::Unavailable { .. }), "{:?}", client.status());
    assert!(client.unlock().await.is_err());
    assert!(client.why().iter().any(|line| line.contains("set aside")), "{:?}", client.why());
    assert!(matches!(client.enter("review.write").await, Ok(Entry::Cleared { .. })), "by signing in");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_client_is_told_what_to_check() {
    let device = device();
    let client = open(&device, "nobody").await.unwrap();
    let error = client.sign_in(None).await.unwrap_err();
    assert!(error.to_string().contains("check client_id and issuer"), "{error}");
    assert_eq!(client.status(), Status::SignedOut);
}
