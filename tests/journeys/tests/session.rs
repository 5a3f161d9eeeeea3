//! The session's promises, end to end.

#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]

use std::sync::Arc;
use std::time::Duration;

use pforte_client::{Client, Entry, Error, HttpRequest, HttpResponse, Status};
use pforte_host::{Act, Answer, AskKind, PresenterError};
use pforte_journeys::World;
use pforte_provider::{Act as Misdeed, Endpoint, Misbehaviour};
use pforte_testing::Finger;
use tokio::task::JoinHandle;

async fn signed_in(world: &World) -> Arc<Client> {
    let client = world.open().await.unwrap();
    assert!(matches!(client.enter("review.write").await, Ok(Entry::Cleared { .. })));
    client
}

fn reviews(world: &World) -> HttpRequest {
    HttpRequest {
        method: "GET".to_owned(),
        url: format!("{}/portal/reviews", world.issuer()),
        headers: Vec::new(),
        body: Vec::new(),
    }
}

/// The access token has run out, here and at the provider.
fn two_hours_later(world: &World) {
    world.control().advance_clock(7200);
    world.device.clock.advance(Duration::from_secs(7200));
}

/// The next answer of the token endpoint comes late: time to do something in between.
fn slow_refresh(world: &World) {
    let slow = Misdeed::Delay { millis: 300, processed: true };
    world.control().misbehave(Misbehaviour::once(Endpoint::Token, slow)).unwrap();
}

/// Somebody makes a call, and a moment later it waits for the refresh.
async fn caller(client: &Arc<Client>, world: &World) -> JoinHandle<Result<HttpResponse, Error>> {
    let (client, request) = (client.clone(), reviews(world));
    let caller = tokio::spawn(async move { client.send(request).await });
    tokio::time::sleep(Duration::from_millis(100)).await;
    caller
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_callers_at_expiry_send_one_refresh() {
    let world = World::new().await;
    let client = signed_in(&world).await;
    two_hours_later(&world);
    let url = format!("{}/portal/reviews", world.issuer());
    let callers: Vec<_> = (0..1000)
        .map(|_| {
            let (client, url) = (client.clone(), url.clone());
            tokio::spawn(async move { client.authorization(&url).await })
        })
        .collect();
    let mut tokens = std::collections::BTreeSet::new();
    for caller in callers {
        tokens.insert(caller.await.unwrap().unwrap());
    }
    assert_eq!(tokens.len(), 1);
    assert_eq!(world.control().state().refreshes, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_leader_that_goes_away_does_not_lose_the_rotation() {
    let world = World::new().await;
    let client = signed_in(&world).await;
    two_hours_later(&world);
    slow_refresh(&world);
    let leader = caller(&client, &world).await;
    leader.abort();
    assert_eq!(client.send(reviews(&world)).await.unwrap().status, 200);
    assert_eq!(world.control().state().refreshes, 1);
    assert!(world.control().state().families[0].revoked.is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rotation_that_arrives_after_locking_is_there_after_the_next_unlock() {
    let world = World::new().await;
    let client = signed_in(&world).await;
    two_hours_later(&world);
    slow_refresh(&world);
    let caller = caller(&client, &world).await;
    client.lock().await.unwrap();
    assert!(matches!(caller.await.unwrap(), Err(Error::Locked { .. })));
    client.unlock().await.unwrap();
    assert_eq!(client.send(reviews(&world)).await.unwrap().status, 200);
    assert_eq!(world.control().state().refreshes, 1, "{:?}", client.why());
    assert!(world.control().state().families[0].revoked.is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn signing_out_wins_over_a_refresh_under_way() {
    let world = World::new().await;
    let client = signed_in(&world).await;
    two_hours_later(&world);
    slow_refresh(&world);
    let caller = caller(&client, &world).await;
    client.sign_out().await.unwrap();
    assert!(matches!(caller.await.unwrap(), Err(Error::SignInAgain { .. })));
    assert_eq!(client.status(), Status::SignedOut);
    assert!(world.control().state().families[0].revoked.is_some());
    assert_eq!(world.open().await.unwrap().status(), Status::SignedOut);
}

#[tokio::test(flavor = "multi_thread")]
async fn offline_signs_nobody_out() {
    let world = World::new().await;
    let client = signed_in(&world).await;
    two_hours_later(&world);
    world.control().misbehave(Misbehaviour::always(Endpoint::Token, Misdeed::DropBefore)).unwrap();
    let error = client.send(reviews(&world)).await.unwrap_err();
    assert!(matches!(error, Error::Retry { .. }), "{error:?}");
    assert!(matches!(client.status(), Status::Unlocked { .. }));
    world.control().behave();
    assert_eq!(client.send(reviews(&world)).await.unwrap().status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_the_provider_ended_says_so() {
    let world = World::new().await;
    let client = signed_in(&world).await;
    world.control().end_sessions("alice").unwrap();
    let error = client.send(reviews(&world)).await.unwrap_err();
    let Error::SignInAgain { hint } = error else { panic!("{error:?}") };
    assert!(hint.contains("sign in again"), "{hint}");
    assert_eq!(client.status(), Status::SignedOut);
    assert!(client.why()[0].contains("the provider ended the session"), "{:?}", client.why());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_session_survives_a_restart_and_opens_only_by_the_finger() {
    let world = World::new().await;
    drop(signed_in(&world).await);
    let client = world.open().await.unwrap();
    assert!(matches!(client.status(), Status::Locked { .. }));
    assert!(matches!(client.send(reviews(&world)).await, Err(Error::Locked { .. })));
    assert_eq!(client.enter("review.write").await.map(|_| ()), Ok(()));
    let asks: Vec<_> = world.device.log.lines();
    let after = asks.iter().filter(|line| line.starts_with("presenter.present(unlock")).count();
    assert_eq!(after, 1, "{asks:?}");
    assert_eq!(client.send(reviews(&world)).await.unwrap().status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn locking_ends_a_prompt_on_the_screen() {
    let world = World::new().await;
    let client = signed_in(&world).await;
    client.lock().await.unwrap();
    world.device.finger.will(Finger::Hesitates);
    let unlocking = {
        let client = client.clone();
        tokio::spawn(async move { client.unlock().await })
    };
    tokio::time::sleep(Duration::from_millis(50)).await;
    client.lock().await.unwrap();
    assert!(matches!(unlocking.await.unwrap(), Err(Error::Cancelled { .. })));
    assert!(matches!(client.status(), Status::Locked { .. }));
    world.device.finger.will(Finger::Right);
    client.unlock().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_step_up_challenge_comes_out_and_is_answered_once() {
    let world = World::new().await;
    let client = signed_in(&world).await;
    let booking = HttpRequest {
        method: "POST".to_owned(),
        url: format!("{}/portal/bookings", world.issuer()),
        headers: vec![pforte_client::Header {
            name: "content-type".into(),
            value: "application/json".into(),
        }],
        body: br#"{"hotel":"h1","nights":2}"#.to_vec(),
    };
    let Err(Error::StepUpNeeded { challenge, .. }) = client.send(booking.clone()).await else { panic!() };
    assert_eq!(challenge.acr_values, ["mfa"]);
    assert!(matches!(client.enter_challenge(challenge).await, Ok(Entry::Cleared { .. })));
    let posted = client.send(booking).await.unwrap();
    assert_eq!(posted.status, 201, "{}", String::from_utf8_lossy(&posted.body));
    assert!(matches!(client.status(), Status::Unlocked { .. }));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_goes_to_no_other_origin() {
    let world = World::new().await;
    let client = signed_in(&world).await;
    let elsewhere = HttpRequest { url: "http://127.0.0.1:9/portal/reviews".to_owned(), ..reviews(&world) };
    let Err(Error::FixConfiguration { hint }) = client.send(elsewhere).await else { panic!() };
    assert!(hint.contains("api_origins"), "{hint}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dismissed_or_interrupted_ask_grants_nothing_and_comes_again() {
    let world = World::new().await;
    let client = world.open().await.unwrap();
    world.device.asks.answer_with(|_| Ok(Answer::Dismissed));
    assert_eq!(client.enter("hotel.browse").await, Ok(Entry::Abandoned { at: "consent".to_owned() }));
    world.device.asks.answer_with(|_| Err(PresenterError::Interrupted));
    assert!(matches!(client.enter("hotel.browse").await, Err(Error::Retry { .. })));
    assert!(world.file_bytes().is_empty(), "browsing anonymously writes nothing before a choice");
    assert_eq!(client.consent().history().await.unwrap(), "[]");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tap_that_is_not_genuine_grants_nothing() {
    let world = World::new().await;
    let client = world.open().await.unwrap();
    world.device.asks.answer_with(|ask| match &ask.kind {
        AskKind::Consent { .. } => match pforte_journeys::answers(ask) {
            Answer::Consent { choices, act } => {
                Ok(Answer::Consent { choices, act: Act { genuine: false, ..act } })
            }
            other => Ok(other),
        },
        _ => Ok(pforte_journeys::answers(ask)),
    });
    let error = client.enter("hotel.browse").await.unwrap_err();
    assert!(error.to_string().contains("genuine"), "{error}");
    assert_eq!(client.consent().history().await.unwrap(), "[]");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_entries_of_one_touchpoint_are_one() {
    let world = World::new().await;
    let client = world.open().await.unwrap();
    let (one, other) = tokio::join!(client.enter("review.write"), client.enter("review.write"));
    assert!(
        matches!((&one, &other), (Ok(Entry::Cleared { .. }), Ok(Entry::Cleared { .. }))),
        "{one:?} {other:?}"
    );
    let sign_ins =
        world.device.log.lines().iter().filter(|line| line.starts_with("user_agent.browse")).count();
    assert_eq!(sign_ins, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn export_and_history_tell_what_was_chosen() {
    let world = World::new().await;
    let client = signed_in(&world).await;
    let history = client.consent().history().await.unwrap();
    assert!(history.contains(r#""purpose":"crm.link","state":"denied""#), "{history}");
    let export: serde_json::Value =
        serde_json::from_str(&client.consent().export(pforte_client::ExportFormat::JsonLd).await.unwrap())
            .unwrap();
    assert!(export.get("@context").is_some(), "{export}");
}
