//! The protocol beyond the plain journey: bound tokens, pushed requests, other devices, other tokens, other libraries.

#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]

use std::sync::Arc;
use std::time::Duration;

use pforte_client::{Api, Client, Config, Entry, Error, HttpRequest, Protocol, Provider, Status, Use};
use pforte_host::SecretText;
use pforte_journeys::{OtherLibrary, World};
use pforte_oauth::token::RefreshOptions;
use pforte_provider::{
    Act, Edit, Endpoint, LogEntry, Misbehaviour, Offer, RegisteredClient, Rotation, Settings,
};
use pforte_session::{OtherDeviceAnswer, Session, SessionError, SessionSettings};
use pforte_transport::{Transport, TransportSettings};
use serde_json::json;

const ID_TOKEN: &str = "urn:ietf:params:oauth:token-type:id_token";

/// A provider that wants everything: pushed requests, bound tokens, its own nonces.
fn strict() -> Settings {
    Settings {
        automatic: Some("alice".to_owned()),
        par: Offer::Required,
        dpop: Offer::Required,
        dpop_nonces: true,
        rotation: Rotation::Off,
        device_grant: true,
        token_exchange: true,
        social_tokens: [("a-social-id-token".to_owned(), "bob".to_owned())].into(),
        ..Settings::default()
    }
}

fn config(world: &World, protocol: Protocol) -> Config {
    let config = world.config();
    Config { provider: Provider { protocol, ..config.provider.clone() }, ..config }
}

fn bound() -> Protocol {
    Protocol { dpop: Use::WhenOffered, ..Protocol::default() }
}

async fn open(world: &World, protocol: Protocol) -> Arc<Client> {
    world.open_with(config(world, protocol)).await.unwrap()
}

async fn signed_in(world: &World, protocol: Protocol) -> Arc<Client> {
    let client = open(world, protocol).await;
    assert!(matches!(client.enter("review.write").await, Ok(Entry::Cleared { .. })));
    client
}

fn reviews(world: &World) -> HttpRequest {
    HttpRequest {
        method: "GET".to_owned(),
        url: format!("{}/portal/reviews?page=1", world.issuer()),
        headers: Vec::new(),
        body: Vec::new(),
    }
}

fn requests(world: &World, path: &str) -> Vec<LogEntry> {
    world.control().log().into_iter().filter(|entry| entry.path == path).collect()
}

fn statuses(world: &World, path: &str) -> Vec<u16> {
    requests(world, path).iter().filter_map(|entry| entry.status).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pushed_and_bound_sign_in_with_nonces_lives_through_refresh_and_calls() {
    let world = World::with(strict()).await;
    let client = signed_in(&world, bound()).await;

    // The provider's first nonce comes with a refusal; from then on each proof carries it.
    assert_eq!(statuses(&world, "/par"), [400, 201]);
    assert_eq!(statuses(&world, "/token"), [200]);
    let authorize = requests(&world, "/authorize");
    assert_eq!(authorize.len(), 1);
    assert_eq!(authorize[0].query.keys().collect::<Vec<_>>(), ["client_id", "request_uri"]);
    let key = world.control().bound_to(0).unwrap();

    assert_eq!(client.send(reviews(&world)).await.unwrap().status, 200);
    assert_eq!(statuses(&world, "/portal/reviews"), [200]);
    assert_eq!(requests(&world, "/portal/reviews")[0].auth.as_deref(), Some("DPoP"));

    world.control().renew_dpop_nonce();
    assert_eq!(client.send(reviews(&world)).await.unwrap().status, 200);
    assert_eq!(statuses(&world, "/portal/reviews"), [200, 401, 200]);

    // The refresh token is not rotated, because it is bound.
    for refreshes in 1..=2 {
        world.control().advance_clock(7200);
        world.device.clock.advance(Duration::from_secs(7200));
        world.control().renew_dpop_nonce();
        assert_eq!(client.send(reviews(&world)).await.unwrap().status, 200);
        assert_eq!(world.control().state().refreshes, refreshes);
    }
    assert_eq!(world.control().bound_to(0).as_deref(), Some(key.as_str()));

    // After a restart of the app the key and the session are still there.
    drop(client);
    let client = open(&world, bound()).await;
    client.unlock().await.unwrap();
    assert_eq!(client.send(reviews(&world)).await.unwrap().status, 200);

    assert!(!client.sign_out().await.unwrap().remote_session_may_live);
    let client = signed_in(&world, bound()).await;
    assert_ne!(world.control().bound_to(1).unwrap(), key, "the next session can't be linked with this one");
    drop(client);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_downgrade_to_bearer_is_refused_at_sign_in_and_at_refresh() {
    let world = World::with(strict()).await;
    let client = open(&world, bound()).await;
    let bearer = || Misbehaviour::once(Endpoint::Token, Act::member("token_type", json!("Bearer")));
    world.control().misbehave(bearer()).unwrap();
    let refused = client.sign_in(None).await;
    assert!(matches!(&refused, Err(Error::Cancelled { hint }) if hint.contains("token_type")), "{refused:?}");
    assert_eq!(client.status(), Status::SignedOut);
    assert!(requests(&world, "/jwks").is_empty(), "no request after the refusal");

    let client = signed_in(&world, bound()).await;

    world.control().advance_clock(7200);
    world.device.clock.advance(Duration::from_secs(7200));
    world.control().misbehave(bearer()).unwrap();
    let refused = client.send(reviews(&world)).await;
    assert!(matches!(&refused, Err(Error::Cancelled { hint }) if hint.contains("token_type")), "{refused:?}");
    assert!(requests(&world, "/portal/reviews").is_empty());

    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_shows_another_key_is_refused() {
    let world = World::with(strict()).await;
    let client = open(&world, bound()).await;
    // {"cnf":{"jkt":"someone-elses"}}
    let foreign = "e30.eyJjbmYiOnsiamt0Ijoic29tZW9uZS1lbHNlcyJ9fQ.AAAA";
    let act = Act::member("access_token", json!(foreign));
    world.control().misbehave(Misbehaviour::once(Endpoint::Token, act)).unwrap();
    let refused = client.sign_in(None).await;
    assert!(
        matches!(&refused, Err(Error::Cancelled { hint }) if hint.contains("another key")),
        "{refused:?}"
    );
    assert_eq!(client.status(), Status::SignedOut);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_always_wants_another_nonce_is_asked_twice() {
    let world = World::with(strict()).await;
    let client = signed_in(&world, bound()).await;
    world.control().clear_log();
    world
        .control()
        .misbehave_all(vec![
            Misbehaviour::always(Endpoint::Portal, Act::oauth_error(401, "use_dpop_nonce", "again")),
            Misbehaviour::always(
                Endpoint::Portal,
                Act::Header {
                    name: "www-authenticate".to_owned(),
                    value: Some("DPoP error=\"use_dpop_nonce\"".to_owned()),
                },
            ),
            Misbehaviour::always(
                Endpoint::Portal,
                Act::Header { name: "dpop-nonce".to_owned(), value: Some("yet-another".to_owned()) },
            ),
        ])
        .unwrap();
    let answer = client.send(reviews(&world)).await.unwrap();
    assert_eq!(answer.status, 401);
    assert_eq!(statuses(&world, "/portal/reviews"), [401, 401]);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_whose_date_is_wrong_is_corrected_once_by_the_provider() {
    let world = World::with(strict()).await;
    let now_ms = world.control().now() * 1000;
    world.device.clock.set_wall(now_ms - 86_400_000);
    let client = signed_in(&world, bound()).await;
    assert_eq!(client.send(reviews(&world)).await.unwrap().status, 200);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_http_stack_is_authorised_for_one_sending_at_a_time() {
    let world = World::with(strict()).await;
    let client = signed_in(&world, bound()).await;
    let request = reviews(&world);
    let first = client.authorize(&request).await.unwrap();
    let names: Vec<&str> = first.iter().map(|header| header.name.as_str()).collect();
    assert_eq!(names, ["authorization", "dpop"]);
    let second = client.authorize(&request).await.unwrap();
    assert_ne!(first[1].value, second[1].value, "a proof is used once");

    let sent = HttpRequest { headers: first, ..request.clone() };
    let wants_nonce = pforte_client::HttpResponse {
        status: 401,
        headers: vec![
            pforte_client::Header {
                name: "www-authenticate".to_owned(),
                value: "DPoP error=\"use_dpop_nonce\"".to_owned(),
            },
            pforte_client::Header { name: "dpop-nonce".to_owned(), value: "n-1".to_owned() },
        ],
        body: Vec::new(),
    };
    let again = client.authorize_again(&sent, &wants_nonce).await.unwrap().unwrap();
    assert_ne!(again[1].value, sent.headers[1].value);
    let done = pforte_client::HttpResponse { status: 200, headers: Vec::new(), body: Vec::new() };
    assert_eq!(client.authorize_again(&sent, &done).await.unwrap(), None);
    // A bare header would be no use with a bound token.
    let bare = client.authorization(&request.url).await;
    assert!(matches!(&bare, Err(Error::FixConfiguration { hint }) if hint.contains("authorize")), "{bare:?}");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redirected_call_is_authorised_anew_at_a_listed_origin_and_refused_at_another() {
    let world = World::with(strict()).await;
    let client = signed_in(&world, bound()).await;
    let to = |location: String| Misbehaviour::once(Endpoint::Portal, Act::Redirect { code: 307, location });
    world.control().misbehave(to(format!("{}/portal/hotels", world.issuer()))).unwrap();
    let answer = client.send(reviews(&world)).await.unwrap();
    assert_eq!(answer.status, 200);
    assert!(String::from_utf8_lossy(&answer.body).contains("Hotel Aurora"));
    assert_eq!(requests(&world, "/portal/hotels")[0].auth.as_deref(), Some("DPoP"));

    let elsewhere = World::new().await;
    world.control().misbehave(to(format!("{}/portal/reviews", elsewhere.issuer()))).unwrap();
    let refused = client.send(reviews(&world)).await;
    assert!(
        matches!(&refused, Err(Error::FixConfiguration { hint }) if hint.contains("api_origins")),
        "{refused:?}"
    );
    assert!(elsewhere.control().log().is_empty(), "nothing was sent there");
    elsewhere.end().await;
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sign_in_on_another_device_survives_the_end_of_the_process() {
    let world = World::with(strict()).await;
    let client = open(&world, bound()).await;
    let shown = client.sign_in_on_other_device().await.unwrap().shown;
    assert_eq!(world.control().device_codes(), std::slice::from_ref(&shown.user_code));
    assert!(!format!("{shown:?}").contains(&shown.user_code));
    drop(client);

    let client = open(&world, bound()).await;
    let sign_in = client.sign_in_on_other_device().await.unwrap();
    assert_eq!(sign_in.shown, shown);
    world.control().confirm_device(&shown.user_code, "bob").unwrap();
    sign_in.wait().await.unwrap();
    assert!(matches!(client.status(), Status::Unlocked { .. }), "{:?}", client.status());
    let families = world.control().state().families;
    assert_eq!(families.last().map(|family| family.subject.as_str()), Some("bob"));
    assert_eq!(client.send(reviews(&world)).await.unwrap().status, 200);
    world.end().await;
}

/// The session alone, for steps that a client takes in one go.
async fn session(world: &World) -> Session {
    let settings = pforte_oauth::ProviderSettings {
        redirect_uri: "com.example.portal:/callback".to_owned(),
        dpop: Use::WhenOffered,
        allow_loopback_http: true,
        ..pforte_oauth::ProviderSettings::oidc(world.issuer(), "portal-app")
    };
    let transport =
        Transport::new(TransportSettings { allow_loopback_http: true, ..TransportSettings::default() })
            .unwrap();
    let host = world.device.host_with_files(world.files());
    Session::open(
        SessionSettings { account: "main".to_owned(), provider: settings, consent_service: None },
        host,
        transport,
    )
    .await
    .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn another_device_is_asked_more_slowly_when_told_so_and_not_after_its_time() {
    let world = World::with(strict()).await;
    let session = session(&world).await;
    let wait = |wait_seconds| Ok(OtherDeviceAnswer::Pending { wait_seconds });
    let first = session.begin_on_other_device().await.unwrap();
    assert_eq!(session.ask_other_device().await, wait(5));
    assert_eq!(session.ask_other_device().await, wait(10), "slow_down");
    assert_eq!(session.on_other_device().await.unwrap(), Some(first.clone()));

    world.control().deny_device(&first.user_code);
    world.control().advance_clock(10);
    let declined = session.ask_other_device().await;
    assert!(matches!(declined, Err(SessionError::Cancelled { .. })), "{declined:?}");
    assert_eq!(session.on_other_device().await.unwrap(), None);

    session.begin_on_other_device().await.unwrap();
    world.control().advance_clock(601);
    world.device.clock.advance(Duration::from_secs(601));
    let over = session.ask_other_device().await;
    assert!(matches!(&over, Err(SessionError::Refused { reason }) if reason.contains("in time")), "{over:?}");
    assert_eq!(session.on_other_device().await.unwrap(), None);
    let nothing = session.ask_other_device().await;
    assert!(matches!(nothing, Err(SessionError::Refused { .. })), "{nothing:?}");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_social_token_is_exchanged_and_a_foreign_one_is_refused() {
    let world = World::with(strict()).await;
    let client = open(&world, bound()).await;
    let wrong = client.sign_in_with_token(SecretText::new("someone-elses".to_owned()), ID_TOKEN).await;
    assert!(matches!(wrong, Err(Error::SignInAgain { .. })), "{wrong:?}");
    assert_eq!(client.status(), Status::SignedOut);
    assert!(world.control().state().families.is_empty());

    let token = SecretText::new("a-social-id-token".to_owned());
    client.sign_in_with_token(token, ID_TOKEN).await.unwrap();
    assert!(matches!(client.status(), Status::Unlocked { .. }));
    assert_eq!(world.control().state().families[0].subject, "bob");
    assert_eq!(client.send(reviews(&world)).await.unwrap().status, 200);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_of_another_library_is_taken_over_and_bound() {
    let offers = Settings {
        automatic: Some("alice".to_owned()),
        dpop: Offer::Offered,
        dpop_nonces: true,
        ..Settings::default()
    };
    let world = World::with(offers).await;
    let old = OtherLibrary::signed_in(world.issuer(), None).await;
    let client = open(&world, bound()).await;
    client.adopt(old.refresh_token.clone()).await.unwrap();
    assert!(matches!(client.status(), Status::Unlocked { .. }));
    let families = world.control().state().families;
    assert_eq!((families.len(), families[0].refreshes), (1, 1), "nobody signed in again");
    assert!(world.control().bound_to(0).is_some());
    assert!(requests(&world, "/authorize").len() == 1, "the browser opened for the old library only");

    // It lives on in a new process.
    drop(client);
    let client = open(&world, bound()).await;
    client.unlock().await.unwrap();
    world.control().advance_clock(7200);
    world.device.clock.advance(Duration::from_secs(7200));
    assert_eq!(client.send(reviews(&world)).await.unwrap().status, 200);

    // The old token was spent by the take-over: who has it still is not let in.
    let second = World::with(Settings { automatic: Some("alice".to_owned()), ..Settings::default() }).await;
    let old = OtherLibrary::signed_in(second.issuer(), None).await;
    let client = open(&second, Protocol::default()).await;
    client.adopt(old.refresh_token.clone()).await.unwrap();
    client.sign_out().await.unwrap();
    let again = client.adopt(old.refresh_token.clone()).await;
    assert!(matches!(&again, Err(Error::SignInAgain { hint }) if hint.contains("taken over")), "{again:?}");
    second.end().await;
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_is_bound_to_another_librarys_key_is_not_taken_over() {
    let world = World::with(Settings { par: Offer::Off, dpop_nonces: false, ..strict() }).await;
    let old = OtherLibrary::signed_in(world.issuer(), Some(&world.device.host())).await;
    assert!(world.control().bound_to(0).is_some());
    let client = open(&world, bound()).await;
    let refused = client.adopt(old.refresh_token.clone()).await;
    assert!(matches!(&refused, Err(Error::SignInAgain { hint }) if hint.contains("bound")), "{refused:?}");
    assert_eq!(client.status(), Status::SignedOut);
    let families = world.control().state().families;
    assert_eq!(
        (families.len(), families[0].refreshes, families[0].revoked),
        (1, 0, None),
        "the old session lives"
    );
    world.end().await;
}

/// Somebody plants another app's session: the provider refuses it, and one that does not is not believed.
#[tokio::test(flavor = "multi_thread")]
async fn a_session_of_another_client_is_not_taken_over() {
    let other = RegisteredClient { client_id: "another-app".to_owned(), ..RegisteredClient::default() };
    let settings = Settings {
        automatic: Some("alice".to_owned()),
        clients: vec![RegisteredClient::default(), other],
        ..Settings::default()
    };
    let world = World::with(settings).await;
    let planted = OtherLibrary::signed_in_as("another-app", world.issuer(), None).await;
    let client = open(&world, Protocol::default()).await;
    let before = world.file_bytes();
    world.control().clear_log();
    let refused = client.adopt(planted.refresh_token.clone()).await;
    assert!(
        matches!(&refused, Err(Error::SignInAgain { hint }) if hint.contains("another client")),
        "{refused:?}"
    );
    assert_eq!((client.status(), statuses(&world, "/token")), (Status::SignedOut, vec![400]));
    assert!(requests(&world, "/revoke").is_empty() && requests(&world, "/authorize").is_empty());
    assert_eq!(world.file_bytes(), before, "nothing is stored");

    // A provider that honours it: the ID token names another app, so nobody is signed in, and what came is revoked.
    let own = OtherLibrary::signed_in(world.issuer(), None).await;
    let act = Act::id_token_claim("aud", Edit::Set(json!("another-app")));
    world.control().misbehave(Misbehaviour::once(Endpoint::Token, act)).unwrap();
    let refused = client.adopt(own.refresh_token.clone()).await;
    assert!(matches!(&refused, Err(Error::Cancelled { hint }) if hint.contains("aud")), "{refused:?}");
    assert_eq!((client.status(), statuses(&world, "/revoke")), (Status::SignedOut, vec![200]));
    drop(client);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_fapi_switch_names_what_a_provider_lacks_and_serves_one_that_has_it() {
    let fapi = || Protocol { fapi: true, ..Protocol::default() };
    let plain = World::new().await;
    let client = open(&plain, fapi()).await;
    let refused = client.sign_in(None).await;
    let Err(Error::FixConfiguration { hint }) = &refused else { panic!("{refused:?}") };
    assert!(hint.contains("RFC 9126") && hint.contains("RFC 9449") && !hint.contains("RFC 9207"), "{hint}");
    assert!(requests(&plain, "/authorize").is_empty());
    plain.end().await;

    let world = World::with(strict()).await;
    let client = signed_in(&world, fapi()).await;
    assert_eq!(client.send(reviews(&world)).await.unwrap().status, 200);
    assert!(world.control().bound_to(0).is_some());
    world.end().await;

    // ID tokens signed with RS256 are outside the profile.
    let rs256 = Settings { id_token_algorithm: pforte_provider::SigningAlgorithm::Rs256, ..strict() };
    let world = World::with(rs256).await;
    let client = open(&world, fapi()).await;
    let refused = client.sign_in(None).await;
    assert!(matches!(&refused, Err(Error::Cancelled { hint }) if hint.contains("algorithm")), "{refused:?}");
    assert_eq!(client.status(), Status::SignedOut);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_installation_with_a_registered_key_proves_who_it_is_each_time_anew() {
    let world = World::with(strict()).await;
    let protocol = Protocol { client_key_id: Some("install-1".to_owned()), ..bound() };
    let client = open(&world, protocol.clone()).await;
    let jwk = client.client_jwk("install-1").await.unwrap();
    world.control().register_client_key("portal-app", serde_json::from_str(&jwk).unwrap());
    assert!(matches!(client.enter("review.write").await, Ok(Entry::Cleared { .. })));
    // The first push is refused for its nonce; the second carries another assertion, or it would be a replay.
    assert_eq!(statuses(&world, "/par"), [400, 201]);
    assert!(requests(&world, "/token").iter().all(|entry| entry.form.contains_key("client_assertion")));
    assert!(!client.sign_out().await.unwrap().remote_session_may_live);

    let client = open(&world, bound()).await;
    let unproven = client.sign_in(None).await;
    assert!(
        matches!(&unproven, Err(Error::FixConfiguration { hint }) if hint.contains("client")),
        "{unproven:?}"
    );
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn metadata_and_keys_are_kept_across_processes_and_serve_while_nobody_answers() {
    let world = World::new().await;
    let client = signed_in(&world, Protocol::default()).await;
    client.sign_in(None).await.unwrap();
    drop(client);
    let count = |path: &str| requests(&world, path).len();
    assert_eq!((count("/.well-known/openid-configuration"), count("/jwks")), (1, 1));

    let client = open(&world, Protocol::default()).await;
    client.unlock().await.unwrap();
    client.sign_in(None).await.unwrap();
    assert_eq!((count("/.well-known/openid-configuration"), count("/jwks")), (1, 1));

    // Two days later both are stale; discovery can't be reached, and what is kept does.
    for endpoint in [Endpoint::Discovery, Endpoint::Jwks] {
        world.control().misbehave(Misbehaviour::always(endpoint, Act::DropBefore)).unwrap();
    }
    world.device.clock.advance(Duration::from_secs(2 * 86_400));
    world.control().advance_clock(2 * 86_400);
    client.sign_in(None).await.unwrap();
    world.control().behave();
    client.sign_in(None).await.unwrap();
    assert!(count("/.well-known/openid-configuration") >= 2 && count("/jwks") >= 2);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_keys_lead_to_one_fetch_in_a_cool_down() {
    let world = World::new().await;
    let client = signed_in(&world, Protocol::default()).await;
    world.device.clock.advance(Duration::from_secs(61));
    world.control().advance_clock(61);
    world.control().clear_log();
    let unknown = Act::id_token_header("kid", pforte_provider::Edit::Set(json!("no-such-key")));
    world.control().misbehave(Misbehaviour::always(Endpoint::Token, unknown)).unwrap();
    for _ in 0..5 {
        let refused = client.sign_in(None).await;
        assert!(matches!(&refused, Err(Error::Cancelled { hint }) if hint.contains("key")), "{refused:?}");
    }
    assert_eq!(requests(&world, "/jwks").len(), 1);
    assert_eq!(requests(&world, "/token").len(), 5);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_persons_details_are_asked_for_and_those_of_another_are_refused() {
    let world = World::with(strict()).await;
    let client = signed_in(&world, bound()).await;
    client.fetch_profile().await.unwrap();
    let Status::Unlocked { profile } = client.status() else { panic!("{:?}", client.status()) };
    let from_userinfo: Vec<&str> =
        profile.iter().filter(|field| field.source == "userinfo").map(|field| field.name.as_str()).collect();
    assert_eq!(from_userinfo, ["name", "email", "email_verified"]);

    let act = Act::member("sub", json!("bob"));
    world.control().misbehave(Misbehaviour::once(Endpoint::Userinfo, act)).unwrap();
    let (status, files) = (client.status(), world.file_bytes());
    let refused = client.fetch_profile().await;
    assert!(
        matches!(&refused, Err(Error::Cancelled { hint }) if hint.contains("another person")),
        "{refused:?}"
    );
    assert_eq!((client.status(), world.file_bytes()), (status, files));
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn signing_out_in_the_browser_ends_the_providers_own_session_too() {
    let world = World::with(strict()).await;
    let client = signed_in(&world, bound()).await;
    let report = client.sign_out_in_browser("com.example.portal:/signed-out").await.unwrap();
    assert!(!report.remote_session_may_live);
    assert_eq!(client.status(), Status::SignedOut);
    let asked = requests(&world, "/end_session");
    assert_eq!(asked.len(), 1);
    assert!(asked[0].query.contains_key("id_token_hint"));

    // A browser that does not come back leaves this device signed out all the same.
    let client = signed_in(&world, bound()).await;
    world.device.browser.will(pforte_testing::BrowserHabit::Closes);
    let report = client.sign_out_in_browser("com.example.portal:/signed-out").await.unwrap();
    assert!(report.remote_session_may_live);
    assert_eq!(client.status(), Status::SignedOut);
    world.end().await;
}

/// Two origins, each with an API of its own: the portal's takes tokens for `urn:portal` only.
#[tokio::test(flavor = "multi_thread")]
async fn each_origin_gets_the_token_it_takes() {
    let settings = Settings {
        automatic: Some("alice".to_owned()),
        portal_audience: Some("urn:portal".to_owned()),
        ..Settings::default()
    };
    let world = World::with(settings).await;
    let elsewhere = world.issuer().replace("127.0.0.1", "localhost");
    let api = Api {
        origin: world.issuer().to_owned(),
        resource: "urn:portal".to_owned(),
        scopes: vec!["openid".to_owned()],
    };
    let protocol =
        Protocol { resources: vec!["urn:account".to_owned()], apis: vec![api], ..Protocol::default() };
    let config = Config {
        api_origins: vec![world.issuer().to_owned(), elsewhere.clone()],
        ..config(&world, protocol)
    };
    let client = world.open_with(config).await.unwrap();
    assert!(matches!(client.enter("review.write").await, Ok(Entry::Cleared { .. })));
    let resources = |path: &str| -> Vec<Option<String>> {
        requests(&world, path).iter().map(|entry| entry.form.get("resource").cloned()).collect()
    };
    let asked_first = resources("/token");
    assert_eq!(asked_first, [Some("urn:account".to_owned())], "the sign-in's token is for the account alone");

    // The origin with a token of its own; one refresh gets it, and it is used again.
    for _ in 0..2 {
        assert_eq!(client.send(reviews(&world)).await.unwrap().status, 200);
    }
    assert_eq!(resources("/token")[1..], [Some("urn:portal".to_owned())]);

    // The other origin gets the sign-in's, which the portal does not take; the one refresh asks for no resource.
    let there = HttpRequest { url: reviews(&world).url.replace("127.0.0.1", "localhost"), ..reviews(&world) };
    assert_eq!(client.send(there).await.unwrap().status, 401);
    assert_eq!(resources("/token")[2..], [None]);

    // A token that the server refuses, because its clock is ahead, is renewed for what it was for.
    world.control().advance_clock(700);
    assert_eq!(client.send(reviews(&world)).await.unwrap().status, 200);
    assert_eq!(resources("/token")[3..], [Some("urn:portal".to_owned())]);
    drop(client);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_for_other_apis_come_from_the_same_refresh_token_one_after_the_other() {
    let world = World::with(Settings { rotation: Rotation::GraceSeconds(0), ..strict() }).await;
    let session = session(&world).await;
    session.sign_in(pforte_oauth::AuthorizeOptions::default()).await.unwrap();
    session.seal_on_device().await.unwrap();
    let for_api = |name: &str| RefreshOptions {
        resources: vec![format!("https://{name}.example.com")],
        ..RefreshOptions::default()
    };
    let (maps, mail, again) = tokio::join!(
        session.token_for(for_api("maps")),
        session.token_for(for_api("mail")),
        session.token_for(for_api("maps")),
    );
    let (maps, mail) = (maps.unwrap(), mail.unwrap());
    assert_eq!(again.unwrap(), maps);
    assert_ne!(maps, mail);
    assert_eq!(world.control().state().refreshes, 2, "one for each API");
    assert_eq!(world.control().state().families[0].revoked, None, "no rotated token was used twice");
    let sent: Vec<String> =
        requests(&world, "/token").iter().filter_map(|entry| entry.form.get("resource").cloned()).collect();
    assert_eq!(sent, ["https://maps.example.com", "https://mail.example.com"]);
    assert_ne!(session.token().await.unwrap(), maps, "the sign-in's own token is as it was");

    // They are kept, also across a lock.
    session.lock().await.unwrap();
    assert!(matches!(session.token_for(for_api("maps")).await, Err(SessionError::Locked)));
    let prompt = pforte_host::Prompt { title: String::new(), reason: String::new(), cancel: String::new() };
    session.unlock(prompt).await.unwrap();
    assert_eq!(session.token_for(for_api("maps")).await.unwrap(), maps);
    assert_eq!(world.control().state().refreshes, 2);
    world.end().await;
}
