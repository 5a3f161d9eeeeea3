//! When a session locks by itself, the gate turned on and off, several accounts, and how a session ends.

#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use pforte_client::{Client, Entry, Status};
use pforte_host::{GateAvailability, GateError, GateKey, GateKind, GateReadiness, Host, Prompt, Secret};
use pforte_journeys::World;
use pforte_oauth::{AuthorizeOptions, ProviderSettings};
use pforte_provider::{Rotation, Settings};
use pforte_session::lock::{LockPolicy, LockState};
use pforte_session::{Accounts, Kept, Session, SessionError, SessionSettings};
use pforte_testing::Finger;
use pforte_transport::{Transport, TransportSettings};

fn prompt() -> Prompt {
    Prompt { title: "Open".to_owned(), reason: "To go on.".to_owned(), cancel: "Cancel".to_owned() }
}

fn transport() -> Transport {
    Transport::new(TransportSettings { allow_loopback_http: true, ..TransportSettings::default() }).unwrap()
}

fn settings(world: &World, account: &str) -> SessionSettings {
    let provider = ProviderSettings {
        redirect_uri: "com.example.portal:/callback".to_owned(),
        allow_loopback_http: true,
        ..ProviderSettings::oidc(world.issuer(), "portal-app")
    };
    SessionSettings { account: account.to_owned(), provider, consent_service: None }
}

async fn open(world: &World) -> Session {
    let host = world.device.host_with_files(world.files());
    Session::open(settings(world, "main"), host, transport()).await.unwrap()
}

async fn signed_in(world: &World) -> Session {
    let session = open(world).await;
    session.sign_in(AuthorizeOptions::default()).await.unwrap();
    session
}

async fn behind_gate(world: &World) -> Session {
    let session = signed_in(world).await;
    session.seal_behind_gate(prompt()).await.unwrap();
    session
}

async fn is_locked(session: &Session) {
    assert_eq!(session.token().await, Err(SessionError::Locked));
    assert!(matches!(session.status(), Status::Locked { .. }), "{:?}", session.status());
}

fn prompts(world: &World) -> usize {
    world.device.log.lines().iter().filter(|line| line.starts_with("gate_key.unwrap_secret")).count()
}

fn graceful() -> LockPolicy {
    LockPolicy { grace_ms: 60_000, ..LockPolicy::default() }
}

#[tokio::test(flavor = "multi_thread")]
async fn away_within_the_grace_stays_open_and_after_it_nothing_is_handed_out() {
    let world = World::new().await;
    let session = behind_gate(&world).await;
    session.lock_by(graceful()).await.unwrap();
    session.left_front().await.unwrap();
    world.device.clock.advance(Duration::from_secs(59));
    session.came_to_front().await.unwrap();
    session.token().await.unwrap();
    session.left_front().await.unwrap();
    // The device slept, and the person set its clock back: neither makes the grace longer.
    world.device.clock.advance(Duration::from_secs(60));
    world.device.clock.set_wall(0);
    is_locked(&session).await;
    // Without a rule that says otherwise, leaving is locking.
    session.lock_by(LockPolicy::default()).await.unwrap();
    session.came_to_front().await.unwrap();
    session.unlock(prompt()).await.unwrap();
    session.left_front().await.unwrap();
    is_locked(&session).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_grace_is_not_stored_a_new_process_begins_locked() {
    let world = World::new().await;
    let session = behind_gate(&world).await;
    session.lock_by(graceful()).await.unwrap();
    session.left_front().await.unwrap();
    drop(session);
    is_locked(&open(&world).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idle_session_locks_by_itself_also_where_nobody_calls() {
    let world = World::new().await;
    let session = behind_gate(&world).await;
    let mut statuses = session.statuses();
    session.lock_by(LockPolicy { idle_ms: Some(300), ..LockPolicy::default() }).await.unwrap();
    for _ in 0..3 {
        world.device.clock.advance(Duration::from_millis(299));
        session.used().await.unwrap();
        session.token().await.unwrap();
    }
    world.device.clock.advance(Duration::from_millis(300));
    statuses.wait_for(|status| matches!(status, Status::Locked { .. })).await.unwrap();
    assert!(session.why()[0].contains("time it may stay open is over"), "{:?}", session.why());
    // However much it is used, it does not stay open beyond its age.
    session.unlock(prompt()).await.unwrap();
    session.lock_by(LockPolicy { open_at_most_ms: Some(1_000), ..LockPolicy::default() }).await.unwrap();
    for _ in 0..3 {
        session.used().await.unwrap();
        world.device.clock.advance(Duration::from_millis(300));
        session.token().await.unwrap();
    }
    world.device.clock.advance(Duration::from_millis(100));
    is_locked(&session).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_departure_that_was_announced_does_not_lock_for_five_minutes() {
    let world = World::new().await;
    let session = behind_gate(&world).await;
    session.announce_departure().await.unwrap();
    session.left_front().await.unwrap();
    world.device.clock.advance(Duration::from_secs(299));
    session.token().await.unwrap();
    world.device.clock.advance(Duration::from_secs(1));
    is_locked(&session).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_prompt_is_taken_back_and_an_open_session_stays_open() {
    let world = World::new().await;
    let session = behind_gate(&world).await;
    session.cancel_unlock().await.unwrap();
    session.token().await.unwrap();
    session.lock().await.unwrap();
    world.device.finger.will(Finger::Hesitates);
    let unlocking = tokio::spawn({
        let session = session.clone();
        async move { session.unlock(prompt()).await }
    });
    while !matches!(session.view().lock, LockState::Unlocking { .. }) {
        tokio::task::yield_now().await;
    }
    session.cancel_unlock().await.unwrap();
    assert!(matches!(unlocking.await.unwrap(), Err(SessionError::Cancelled { .. })));
    world.device.finger.will(Finger::Right);
    is_locked(&session).await;
    session.unlock(prompt()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_gate_is_turned_on_and_off_and_what_opened_before_opens_nothing() {
    let world = World::new().await;
    let session = signed_in(&world).await;
    session.seal_on_device().await.unwrap();
    assert_eq!(session.view().kept, Kept::OnDevice);
    let token = session.token().await.unwrap();
    let ungated = world.files().read("main.gated", 1 << 20).unwrap().unwrap();

    // Refused: nothing has changed.
    world.device.finger.will(Finger::Closes);
    let refused = session.seal_behind_gate(prompt()).await;
    assert_eq!(refused, Err(SessionError::Gate(GateError::Cancelled)));
    assert_eq!((session.view().kept, session.token().await), (Kept::OnDevice, Ok(token.clone())));
    world.device.finger.will(Finger::Right);
    session.seal_behind_gate(prompt()).await.unwrap();
    assert_eq!((session.view().kept, session.token().await), (Kept::BehindGate, Ok(token.clone())));
    session.lock().await.unwrap();
    let before = prompts(&world);
    session.unlock(prompt()).await.unwrap();
    assert_eq!((prompts(&world), session.token().await), (before + 1, Ok(token.clone())));
    drop(session);

    // The file from before the gate, put back: it opens nothing, and is not taken for signed out.
    let gated = world.files().read("main.gated", 1 << 20).unwrap().unwrap();
    world.files().replace("main.gated", &ungated).unwrap();
    let session = open(&world).await;
    assert!(session.unlock(prompt()).await.is_err());
    assert!(matches!(session.status(), Status::Unavailable { .. }), "{:?}", session.status());
    drop(session);

    // Off again takes one more unwrap.
    world.files().replace("main.gated", &gated).unwrap();
    let session = open(&world).await;
    session.unlock(prompt()).await.unwrap();
    world.device.finger.will(Finger::Wrong);
    assert!(matches!(session.turn_gate_off(prompt()).await, Err(SessionError::Gate(_))));
    assert_eq!(session.view().kept, Kept::BehindGate);
    world.device.finger.will(Finger::Right);
    session.turn_gate_off(prompt()).await.unwrap();
    assert_eq!((session.view().kept, session.token().await), (Kept::OnDevice, Ok(token.clone())));
    session.lock().await.unwrap();
    let before = prompts(&world);
    session.unlock(prompt()).await.unwrap();
    assert_eq!((prompts(&world), session.token().await), (before, Ok(token)));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_devices_credential_outlives_a_new_finger_and_the_key_is_renewed() {
    let world = World::new().await;
    let session = behind_gate(&world).await;
    assert!(session.add_device_credential(prompt()).await.is_err(), "this device offers none");
    world.device.finger.offers_device_credential(true);
    session.add_device_credential(prompt()).await.unwrap();
    let token = session.token().await.unwrap();
    session.lock().await.unwrap();
    world.device.finger.enrol_another();
    session.unlock(prompt()).await.unwrap();
    assert_eq!(session.token().await, Ok(token.clone()));
    session.renew_gate_key(prompt()).await.unwrap();
    session.remove_device_credential().await.unwrap();
    session.lock().await.unwrap();
    session.unlock(prompt()).await.unwrap();
    assert_eq!(session.token().await, Ok(token));
    // Without the credential a new finger costs the session, as it should.
    session.lock().await.unwrap();
    world.device.finger.enrol_another();
    assert_eq!(session.unlock(prompt()).await, Err(SessionError::KeyLost));
    assert!(matches!(open(&world).await.status(), Status::Unavailable { .. }), "nor after a restart");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_had_no_finger_enrolled_is_asked_once_they_have() {
    let world = World::new().await;
    world.device.finger.is(GateReadiness::NotEnrolled);
    let client = world.open().await.unwrap();
    assert!(matches!(client.enter("review.write").await, Ok(Entry::Cleared { .. })));
    let asked = || world.device.log.lines().iter().filter(|line| line.contains("present(enrol")).count();
    assert_eq!(asked(), 0);
    world.device.finger.is(GateReadiness::Ready);
    assert!(matches!(client.enter("review.write").await, Ok(Entry::Cleared { .. })));
    assert_eq!(asked(), 1, "{:?}", world.device.log.lines());
    client.lock().await.unwrap();
    client.unlock().await.unwrap();
    assert_eq!(prompts(&world), 1, "it is behind the finger now");
    assert!(matches!(client.enter("review.write").await, Ok(Entry::Cleared { .. })));
    assert_eq!(asked(), 1);
}

/// A key store that is out of sorts for a moment.
struct Moody {
    honest: Arc<dyn GateKey>,
    fails: AtomicU32,
    wraps: AtomicU32,
}

#[async_trait]
impl GateKey for Moody {
    async fn availability(&self) -> Result<GateAvailability, GateError> {
        self.honest.availability().await
    }
    async fn create_key(&self, alias: String, kind: GateKind) -> Result<(), GateError> {
        let left = self.fails.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
        match left {
            Ok(_) => Err(GateError::Failed { reason: "KeyStore exception -49".to_owned() }),
            Err(_) => self.honest.create_key(alias, kind).await,
        }
    }
    async fn wrap_secret(&self, alias: String, secret: Secret, prompt: Prompt) -> Result<Vec<u8>, GateError> {
        self.wraps.fetch_add(1, Ordering::SeqCst);
        self.honest.wrap_secret(alias, secret, prompt).await
    }
    async fn unwrap_secret(
        &self,
        alias: String,
        bytes: Vec<u8>,
        prompt: Prompt,
    ) -> Result<Secret, GateError> {
        self.honest.unwrap_secret(alias, bytes, prompt).await
    }
    async fn delete_key(&self, alias: String) -> Result<(), GateError> {
        self.honest.delete_key(alias).await
    }
    fn dismiss_prompt(&self) -> Result<(), GateError> {
        self.honest.dismiss_prompt()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_making_of_a_key_is_tried_again_never_a_prompt() {
    let world = World::new().await;
    let ports = world.device.host_with_files(world.files());
    let moody = Arc::new(Moody { honest: ports.gate_key.clone(), fails: 2.into(), wraps: 0.into() });
    let host = Host { gate_key: moody.clone(), ..ports };
    let session = Session::open(settings(&world, "main"), host, transport()).await.unwrap();
    session.sign_in(AuthorizeOptions::default()).await.unwrap();
    world.device.finger.will(Finger::Wrong);
    let refused = session.seal_behind_gate(prompt()).await;
    assert_eq!(refused, Err(SessionError::Gate(GateError::NotRecognised)));
    assert_eq!(moody.wraps.load(Ordering::SeqCst), 1);
    // In memory only, until somebody says how to keep it.
    assert_eq!((session.view().lock, session.view().kept), (LockState::Fresh, Kept::Not));
    moody.fails.store(3, Ordering::SeqCst);
    world.device.finger.will(Finger::Right);
    assert!(session.seal_behind_gate(prompt()).await.is_err());
    assert_eq!(moody.wraps.load(Ordering::SeqCst), 1, "three failures are enough, and nobody was prompted");
    session.seal_behind_gate(prompt()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn signing_out_while_locked_offers_one_unlock() {
    for (finger, told) in [(Finger::Right, true), (Finger::Closes, false), (Finger::Wrong, false)] {
        let world = World::new().await;
        let client = world.open().await.unwrap();
        assert!(matches!(client.enter("review.write").await, Ok(Entry::Cleared { .. })));
        client.lock().await.unwrap();
        world.device.finger.will(finger);
        let report = client.sign_out().await.unwrap();
        assert_eq!(report.remote_session_may_live, !told, "{finger:?}");
        assert_eq!(world.control().state().families[0].revoked.is_some(), told);
        assert_eq!((prompts(&world), client.status()), (1, Status::SignedOut));
        assert_eq!(world.open().await.unwrap().status(), Status::SignedOut);
        let names = world.files().names().unwrap();
        assert!(!names.iter().any(|name| name.starts_with("main.gated")), "{names:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn evidence_outlives_signing_out_and_is_nobody_elses() {
    let world = World::new().await;
    let client = world.open().await.unwrap();
    assert!(matches!(client.enter("review.write").await, Ok(Entry::Cleared { .. })));
    let said = client.consent().history().await.unwrap();
    assert!(said.contains("profile.store"));
    client.sign_out().await.unwrap();
    let nobodys = async |client: &Arc<Client>| assert_eq!(client.consent().history().await.unwrap(), "[]");
    nobodys(&client).await;
    drop(client);
    let client = world.open().await.unwrap();
    nobodys(&client).await;
    // Another person sees nothing of it, and leaves it whole.
    world.control().sign_in_automatically(Some("bob")).unwrap();
    client.sign_in(None).await.unwrap();
    nobodys(&client).await;
    client.sign_out().await.unwrap();
    world.control().sign_in_automatically(Some("alice")).unwrap();
    client.sign_in(None).await.unwrap();
    assert_eq!(client.consent().history().await.unwrap(), said);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_it_is_is_shown_while_locked_only_by_choice_and_forgotten_with_the_session() {
    let world = World::new().await;
    let session = behind_gate(&world).await;
    session.lock().await.unwrap();
    assert_eq!(session.status(), Status::Locked { login_hint: None });
    session.unlock(prompt()).await.unwrap();
    session.remember_person(true).await.unwrap();
    drop(session);
    let session = open(&world).await;
    let Status::Locked { login_hint: Some(hint) } = session.status() else {
        panic!("{:?}", session.status())
    };
    assert!(hint.contains("alice"), "{hint}");
    // The key is lost: the next sign-in has it filled in.
    world.device.finger.enrol_another();
    assert_eq!(session.unlock(prompt()).await, Err(SessionError::KeyLost));
    session.sign_in(AuthorizeOptions::default()).await.unwrap();
    session.seal_behind_gate(prompt()).await.unwrap();
    session.lock().await.unwrap();
    assert_eq!(session.status(), Status::Locked { login_hint: Some(hint) });
    session.sign_out().await.unwrap();
    drop(session);
    let session = behind_gate(&world).await;
    session.lock().await.unwrap();
    assert_eq!(session.status(), Status::Locked { login_hint: None });
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_should_last_longer_than_any_does_keeps_its_rotation() {
    let rotation = Rotation::GraceSeconds(0);
    let world =
        World::with(Settings { automatic: Some("alice".to_owned()), rotation, ..Settings::default() }).await;
    let session = behind_gate(&world).await;
    let first = session.token().await.unwrap();
    assert_eq!(session.token_lasting(Duration::from_secs(60)).await.unwrap(), first);
    let renewed = session.token_lasting(Duration::from_secs(1_000_000)).await.unwrap();
    assert_ne!(renewed, first);
    assert_eq!(world.control().state().refreshes, 1);
    drop(session);
    // The old refresh token is never accepted again here: what is stored must be the rotation.
    let session = open(&world).await;
    session.unlock(prompt()).await.unwrap();
    assert_eq!(session.token().await.unwrap(), renewed);
    session.token_instead_of(renewed).await.unwrap();
    assert_eq!(world.control().state().families[0].revoked, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_refresh_starts_without_background_time_and_each_grant_is_given_back() {
    let world = World::new().await;
    let session = behind_gate(&world).await;
    let token = session.token().await.unwrap();
    world.device.background.refuses(true);
    let refused = session.token_instead_of(token.clone()).await;
    assert!(matches!(refused, Err(SessionError::NotNow { .. })), "{refused:?}");
    assert_eq!(world.control().state().refreshes, 0);
    world.device.background.refuses(false);
    session.token_instead_of(token).await.unwrap();
    while world.device.background.outstanding() > 0 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn accounts_have_vaults_keys_and_locks_of_their_own() {
    let world = World::new().await;
    let accounts = Accounts::new(world.device.host_with_files(world.files()), transport());
    assert_eq!(accounts.list().await.unwrap(), Vec::<String>::new());
    let mut sessions = Vec::new();
    for (account, person) in [("home", "alice"), ("work", "bob")] {
        world.control().sign_in_automatically(Some(person)).unwrap();
        let session = accounts.open(settings(&world, account)).await.unwrap();
        session.sign_in(AuthorizeOptions::default()).await.unwrap();
        session.seal_behind_gate(prompt()).await.unwrap();
        sessions.push(session);
    }
    assert_eq!(accounts.list().await.unwrap(), ["home", "work"]);
    sessions[0].lock().await.unwrap();
    is_locked(&sessions[0]).await;
    let again = accounts.open(settings(&world, "home")).await.unwrap();
    is_locked(&again).await;
    let work = sessions[1].token().await.unwrap();
    again.unlock(prompt()).await.unwrap();
    assert_ne!(sessions[0].token().await.unwrap(), work, "one session, two handles");
    // Its file, put in the other's place, opens nothing there.
    let file = world.files().read("work.gated", 1 << 20).unwrap().unwrap();
    world.files().replace("home.gated", &file).unwrap();
    again.lock().await.unwrap();
    assert!(again.unlock(prompt()).await.is_err());

    let report = accounts.remove(settings(&world, "work")).await.unwrap();
    assert!(!report.remote_session_may_live);
    assert_eq!(accounts.list().await.unwrap(), ["home"]);
    assert_eq!(sessions[1].status(), Status::SignedOut);
    assert_eq!(sessions[1].token().await, Err(SessionError::SignedOut));
    accounts.close("home").await.unwrap();
}
