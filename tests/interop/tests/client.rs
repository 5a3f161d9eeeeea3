//! The whole client against Keycloak: signed in, locked, opened, renewed, stepped up, started anew and signed out, with
//! tokens that are bound to the device's key.

#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use pforte_client::{Challenge, Client, Config, Entry, Error, HttpRequest, Protocol, Provider, Status, Use};
use pforte_host::{Host, UserAgent, UserAgentError};
use pforte_interop::{Browser, Ended};
use pforte_journeys::{answers, policy};
use pforte_testing::ScriptedHost;
use tokio::sync::Mutex;

/// A browser that keeps its cookies from one sign-in to the next; `alice` sits in front of it.
struct Window(Mutex<Browser>);

#[async_trait]
impl UserAgent for Window {
    async fn browse(&self, url: String, redirect_uri: String) -> Result<String, UserAgentError> {
        let failed = |reason: String| UserAgentError::Failed { reason };
        match self
            .0
            .lock()
            .await
            .walk(&url, &redirect_uri)
            .await
            .map_err(|error| failed(error.to_string()))?
        {
            Ended::Redirect(back) => Ok(back),
            Ended::Page(words) => Err(failed(words)),
        }
    }
}

fn base() -> String {
    std::env::var("PFORTE_KEYCLOAK")
        .unwrap_or_else(|_| panic!("PFORTE_KEYCLOAK is not set; run `cargo xtask test keycloak`"))
}

/// Proofs are refused that come from further ahead than a few seconds.
const A_MOMENT: Duration = Duration::from_secs(4);

async fn open(device: &ScriptedHost, window: &Arc<Window>) -> Arc<Client> {
    let provider = Provider::keycloak(base(), "portal", "portal-app-dpop");
    let provider = Provider {
        scopes: ["openid", "profile", "email"].map(str::to_owned).to_vec(),
        protocol: Protocol { dpop: Use::Always, ..Protocol::default() },
        allow_loopback_http: true,
        // The portal's policy has no table of Keycloak's own.
        name: "oidc".to_owned(),
        ..provider
    };
    let config = Config::new(policy(), provider, "com.example.portal:/callback");
    let config = Config { api_origins: vec![base()], ..config };
    Client::open(config, Host { user_agent: window.clone(), ..device.host() }).await.unwrap()
}

fn userinfo() -> HttpRequest {
    HttpRequest {
        method: "GET".to_owned(),
        url: format!("{}/realms/portal/protocol/openid-connect/userinfo", base()),
        headers: Vec::new(),
        body: Vec::new(),
    }
}

async fn who(client: &Arc<Client>) -> String {
    let answer = client.send(userinfo()).await.unwrap();
    assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.body));
    String::from_utf8(answer.body).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_at_keycloak_from_sign_in_to_sign_out() {
    let device = ScriptedHost::new();
    device.asks.answer_with(|ask| Ok(answers(ask)));
    let window = Arc::new(Window(Mutex::new(Browser::new("alice").unwrap())));
    let client = open(&device, &window).await;
    let entry = client.enter("review.write").await;
    assert!(matches!(entry, Ok(Entry::Cleared { .. })), "{entry:?} {:?}", client.why());
    assert!(who(&client).await.contains("alice"));

    client.lock().await.unwrap();
    assert!(matches!(client.send(userinfo()).await, Err(Error::Locked { .. })));
    client.unlock().await.unwrap();
    assert!(who(&client).await.contains("alice"));

    // A token lives for 32 s there and is renewed 30 s before its end: with a proof, and the refresh token is rotated.
    let bound = |headers: &[pforte_client::Header]| headers[0].value.clone();
    let before = bound(&client.authorize(&userinfo()).await.unwrap());
    device.clock.advance(A_MOMENT);
    let after = bound(&client.authorize(&userinfo()).await.unwrap());
    assert!(before.starts_with("DPoP ") && before != after);
    assert!(who(&client).await.contains("alice"));

    // A server's challenge is answered by a stronger sign-in in the same browser.
    let challenge = Challenge { acr_values: vec!["urn:portal:verified".to_owned()], max_age_seconds: None };
    let entry = client.enter_challenge(challenge).await;
    assert!(matches!(entry, Ok(Entry::Cleared { .. })), "{entry:?} {:?}", client.why());
    assert!(who(&client).await.contains("alice"));

    drop(client);
    let client = open(&device, &window).await;
    assert!(matches!(client.status(), Status::Locked { .. }));
    client.unlock().await.unwrap();
    device.clock.advance(A_MOMENT);
    assert!(who(&client).await.contains("alice"));

    assert!(!client.sign_out().await.unwrap().remote_session_may_live);
    assert_eq!(client.status(), Status::SignedOut);
    assert!(matches!(client.send(userinfo()).await, Err(Error::SignInAgain { .. })));
}
