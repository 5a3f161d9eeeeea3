//! The security screen and the app's accounts, from the app's side.

#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]

use std::sync::Arc;
use std::time::Duration;

use pforte_client::{Client, Config, Entry, Error, Kept, Status};
use pforte_host::GateReadiness;
use pforte_journeys::World;
use pforte_testing::Finger;

async fn signed_in(world: &World) -> Arc<Client> {
    let client = world.open().await.unwrap();
    assert!(matches!(client.enter("review.write").await, Ok(Entry::Cleared { .. })));
    client
}

async fn kept(client: &Arc<Client>) -> Kept {
    client.security().view().await.unwrap().kept
}

#[tokio::test(flavor = "multi_thread")]
async fn the_gate_is_turned_off_and_on_by_the_person() {
    let world = World::new().await;
    let client = signed_in(&world).await;
    assert_eq!(kept(&client).await, Kept::BehindGate);

    world.device.finger.will(Finger::Closes);
    assert!(matches!(client.security().turn_gate_off().await, Err(Error::Cancelled { .. })));
    assert_eq!(kept(&client).await, Kept::BehindGate, "refused, and as it was");

    world.device.finger.will(Finger::Right);
    client.security().turn_gate_off().await.unwrap();
    assert_eq!(kept(&client).await, Kept::OnDevice);
    client.lock().await.unwrap();
    world.device.finger.will(Finger::Wrong);
    client.unlock().await.unwrap();

    world.device.finger.will(Finger::Right);
    client.security().turn_gate_on().await.unwrap();
    assert_eq!(kept(&client).await, Kept::BehindGate);
    client.lock().await.unwrap();
    world.device.finger.will(Finger::Wrong);
    assert!(matches!(client.unlock().await, Err(Error::Locked { .. })));
    world.device.finger.will(Finger::Right);
    client.unlock().await.unwrap();
    assert_eq!(world.control().state().refreshes, 0, "nobody had to sign in for it");
}

#[tokio::test(flavor = "multi_thread")]
async fn where_the_policy_requires_the_gate_it_stays() {
    let world = World::new().await;
    let mut policy = world.config().policy;
    policy.policy_toml = policy.policy_toml.replace("gate = \"optional\"", "gate = \"required\"");
    let client = world.open_with_policy(policy).await.unwrap();
    assert!(matches!(client.enter("review.write").await, Ok(Entry::Cleared { .. })));
    let Err(Error::FixConfiguration { hint }) = client.security().turn_gate_off().await else { panic!() };
    assert!(hint.contains("[lock]"), "{hint}");
    assert_eq!(kept(&client).await, Kept::BehindGate);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_devices_own_pin_opens_after_a_new_finger_and_the_key_is_renewed() {
    let world = World::new().await;
    world.device.finger.offers_device_credential(true);
    let client = signed_in(&world).await;
    client.security().add_device_credential().await.unwrap();
    world.device.finger.enrol_another();
    client.lock().await.unwrap();
    client.unlock().await.unwrap();
    client.security().renew_gate_key().await.unwrap();
    client.security().remove_device_credential().await.unwrap();
    client.lock().await.unwrap();
    client.unlock().await.unwrap();
    world.device.finger.enrol_another();
    client.lock().await.unwrap();
    assert!(matches!(client.unlock().await, Err(Error::SignInAgain { .. })), "the PIN opens no more");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_person_chooses_whether_the_locked_device_names_them() {
    let world = World::new().await;
    let client = signed_in(&world).await;
    let hint = |client: &Arc<Client>| match client.status() {
        Status::Locked { login_hint } => login_hint,
        other => panic!("{other:?}"),
    };
    client.lock().await.unwrap();
    assert_eq!(hint(&client), None);
    client.unlock().await.unwrap();
    client.security().remember_person(true).await.unwrap();
    client.lock().await.unwrap();
    assert!(hint(&client).is_some());
    client.security().remember_person(false).await.unwrap();
    assert_eq!(hint(&client), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idle_session_locks_as_the_policy_says_and_using_it_begins_its_time_anew() {
    let world = World::new().await;
    let mut policy = world.config().policy;
    policy.policy_toml = policy.policy_toml.replace("grace = \"0s\"", "grace = \"0s\"\nidle = \"15m\"");
    let client = world.open_with_policy(policy).await.unwrap();
    assert!(matches!(client.enter("review.write").await, Ok(Entry::Cleared { .. })));
    let minutes = |minutes: u64| world.device.clock.advance(Duration::from_secs(minutes * 60));
    minutes(10);
    client.used().await.unwrap();
    minutes(10);
    client.used().await.unwrap();
    assert!(matches!(client.status(), Status::Unlocked { .. }));
    minutes(16);
    client.used().await.unwrap();
    assert!(matches!(client.status(), Status::Locked { .. }), "idle for longer than the policy says");
    assert!(client.why()[0].contains("the time it may stay open is over"), "{:?}", client.why());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_stays_open_no_longer_than_the_policy_says_however_much_it_is_used() {
    let world = World::new().await;
    let client = signed_in(&world).await;
    for _ in 0..72 {
        world.device.clock.advance(Duration::from_secs(600));
        client.used().await.unwrap();
    }
    assert!(matches!(client.status(), Status::Locked { .. }), "the portal's policy says 12 hours");
}

#[tokio::test(flavor = "multi_thread")]
async fn leaving_for_the_camera_locks_only_after_five_minutes() {
    let world = World::new().await;
    let client = signed_in(&world).await;
    for (away, locked) in [(200, false), (400, true)] {
        client.announce_departure().await.unwrap();
        client.entered_background().await.unwrap();
        world.device.clock.advance(Duration::from_secs(away));
        client.entered_foreground().await.unwrap();
        assert_eq!(matches!(client.status(), Status::Locked { .. }), locked, "{away} s");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_an_enrolled_finger_the_screen_says_so_and_offers_the_gate_later() {
    let world = World::new().await;
    world.device.finger.is(GateReadiness::NotEnrolled);
    let client = signed_in(&world).await;
    let view = client.security().view().await.unwrap();
    assert_eq!((view.kept, view.awaits_enrolment), (Kept::OnDevice, true));
    assert_eq!(view.gate.biometric, GateReadiness::NotEnrolled);
    world.device.finger.is(GateReadiness::Ready);
    client.security().turn_gate_on().await.unwrap();
    let view = client.security().view().await.unwrap();
    assert_eq!((view.kept, view.awaits_enrolment), (Kept::BehindGate, false));
}

#[tokio::test(flavor = "multi_thread")]
async fn accounts_are_listed_and_removed_one_by_one() {
    let world = World::new().await;
    assert_eq!(Client::accounts(world.files()).await.unwrap(), Vec::<String>::new());
    let mut clients = Vec::new();
    for account in ["home", "work"] {
        let config = Config { account: account.to_owned(), ..world.config() };
        let client = world.open_with(config).await.unwrap();
        client.sign_in(None).await.unwrap();
        clients.push(client);
    }
    assert_eq!(Client::accounts(world.files()).await.unwrap(), ["home", "work"]);
    let report = clients[1].remove_account().await.unwrap();
    assert!(!report.remote_session_may_live);
    assert_eq!(Client::accounts(world.files()).await.unwrap(), ["home"]);
    assert_eq!(clients[1].status(), Status::SignedOut);
    assert!(matches!(clients[0].status(), Status::Unlocked { .. }));
}
