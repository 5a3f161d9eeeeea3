//! What people lose sessions over elsewhere, one named test each: storage, locking and refresh.

#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use pforte_client::{Client, Entry, Error, HttpRequest, HttpResponse, Status, UnavailableCause};
use pforte_host::{Host, StoreError, UserAgent, UserAgentError};
use pforte_journeys::World;
use pforte_provider::{Act, Endpoint, Misbehaviour, Rotation, Settings};
use pforte_testing::{Finger, MemorySecrets};
use tokio::sync::mpsc;

async fn signed_in(world: &World) -> Arc<Client> {
    let client = world.open().await.unwrap();
    assert!(matches!(client.enter("review.write").await, Ok(Entry::Cleared { .. })));
    client
}

async fn world_that_rotates(rotation: Rotation) -> World {
    World::with(Settings { automatic: Some("alice".to_owned()), rotation, ..Settings::default() }).await
}

async fn call(client: &Arc<Client>, world: &World) -> Result<HttpResponse, Error> {
    let request = HttpRequest {
        method: "GET".to_owned(),
        url: format!("{}/portal/reviews", world.issuer()),
        headers: Vec::new(),
        body: Vec::new(),
    };
    client.send(request).await
}

async fn works(client: &Arc<Client>, world: &World) {
    let answer = call(client, world).await;
    assert!(answer.as_ref().is_ok_and(|answer| answer.status == 200), "{answer:?} {:?}", client.why());
}

/// The access token has run out, here and at the provider.
fn two_hours_later(world: &World) {
    world.control().advance_clock(7200);
    world.device.clock.advance(Duration::from_secs(7200));
}

fn nothing_was_revoked(world: &World) {
    let state = world.control().state();
    assert_eq!((state.families.len(), state.revocations), (1, 0));
}

fn prompts(world: &World) -> usize {
    world.device.log.lines().iter().filter(|line| line.starts_with("gate_key.unwrap_secret")).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn pain_01_a_lost_refresh_response_logs_nobody_out() {
    for rotation in [Rotation::GraceSeconds(30), Rotation::Reuses(1), Rotation::Off] {
        let world = world_that_rotates(rotation).await;
        let client = signed_in(&world).await;
        two_hours_later(&world);
        world.control().misbehave(Misbehaviour::once(Endpoint::Token, Act::DropAfter)).unwrap();
        let lost = call(&client, &world).await;
        assert!(matches!(lost, Err(Error::Retry { .. })), "{rotation:?}: {lost:?}");
        assert!(matches!(client.status(), Status::Unlocked { .. }));
        works(&client, &world).await;
        nothing_was_revoked(&world);

        // The same, and the app is killed before it can try again.
        two_hours_later(&world);
        world.control().misbehave(Misbehaviour::once(Endpoint::Token, Act::DropAfter)).unwrap();
        assert!(call(&client, &world).await.is_err());
        drop(client);
        let client = world.open().await.unwrap();
        client.unlock().await.unwrap();
        works(&client, &world).await;
        nothing_was_revoked(&world);
    }
}

/// Where the provider accepts a spent token never again nothing can help; but it is said, and nothing else is lost.
#[tokio::test(flavor = "multi_thread")]
async fn pain_01_without_any_grace_it_is_said_why_the_session_is_over() {
    let world = world_that_rotates(Rotation::GraceSeconds(0)).await;
    let client = signed_in(&world).await;
    two_hours_later(&world);
    world.control().misbehave(Misbehaviour::once(Endpoint::Token, Act::DropAfter)).unwrap();
    assert!(matches!(call(&client, &world).await, Err(Error::Retry { .. })));
    let error = call(&client, &world).await.unwrap_err();
    assert!(matches!(error, Error::SignInAgain { .. }), "{error:?}");
    assert!(client.why()[0].contains("the provider ended the session"), "{:?}", client.why());
    assert!(client.consent().history().await.unwrap().contains("profile.store"));
    assert!(matches!(client.enter("review.write").await, Ok(Entry::Cleared { .. })));
}

#[tokio::test(flavor = "multi_thread")]
async fn pain_02_concurrent_refreshes_do_not_kill_the_token_family() {
    let world = World::new().await;
    let client = signed_in(&world).await;
    for round in 1..=3 {
        two_hours_later(&world);
        let callers: Vec<_> = (0..200)
            .map(|_| {
                let (client, url) = (client.clone(), world.issuer().to_owned());
                tokio::spawn(async move { client.authorization(&url).await })
            })
            .collect();
        let mut tokens = BTreeSet::new();
        for caller in callers {
            tokens.insert(caller.await.unwrap().unwrap());
        }
        assert_eq!((tokens.len(), world.control().state().refreshes), (1, round));
    }
    nothing_was_revoked(&world);
}

#[tokio::test(flavor = "multi_thread")]
async fn pain_03_two_instances_do_not_race() {
    let world = World::new().await;
    let one = signed_in(&world).await;
    let other = world.open().await.unwrap();
    other.unlock().await.unwrap();
    for round in 1..=3 {
        two_hours_later(&world);
        let callers: Vec<_> = (0..50)
            .flat_map(|_| [one.clone(), other.clone()])
            .map(|client| {
                let url = world.issuer().to_owned();
                tokio::spawn(async move { client.authorization(&url).await })
            })
            .collect();
        let mut tokens = BTreeSet::new();
        for caller in callers {
            tokens.insert(caller.await.unwrap().unwrap());
        }
        assert_eq!((tokens.len(), world.control().state().refreshes), (1, round));
        works(&one, &world).await;
        works(&other, &world).await;
    }
    nothing_was_revoked(&world);
}

#[tokio::test(flavor = "multi_thread")]
async fn pain_04_a_keychain_that_is_still_locked_is_not_signed_out() {
    let world = World::new().await;
    drop(signed_in(&world).await);
    let kept = world.file_bytes();
    world.device.secrets.fail(Some(StoreError::NotNow { reason: "before the first unlock".to_owned() }));
    let client = world.open().await.unwrap();
    for _ in 0..3 {
        let Status::Unavailable { cause: UnavailableCause::NotNow, why } = client.status() else {
            panic!("{:?}", client.status())
        };
        assert!(why.contains("before the first unlock") && why.contains("Nothing is lost"), "{why}");
        for error in [
            client.unlock().await.unwrap_err(),
            call(&client, &world).await.unwrap_err(),
            client.enter("review.write").await.unwrap_err(),
            client.sign_in(None).await.unwrap_err(),
            client.sign_out().await.unwrap_err(),
        ] {
            let Error::Unavailable { hint } = error else { panic!("{error:?}") };
            assert!(hint.contains("Try again"), "{hint}");
        }
    }
    assert_eq!(world.file_bytes(), kept, "nothing was touched meanwhile");
    assert!(!world.device.log.lines().iter().any(|line| line.starts_with("gate_key.unwrap")));
    // The device is unlocked, and the same client finds out by itself.
    world.device.secrets.fail(None);
    let mut statuses = client.statuses();
    statuses.wait_for(|status| matches!(status, Status::Locked { .. })).await.unwrap();
    client.unlock().await.unwrap();
    works(&client, &world).await;
    assert_eq!(world.control().state().families.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn pain_04_a_keychain_that_locks_while_the_app_runs_loses_no_rotation() {
    let world = World::new().await;
    let client = signed_in(&world).await;
    two_hours_later(&world);
    world.device.secrets.fail(Some(StoreError::NotNow { reason: "the device is locked".to_owned() }));
    let answer = call(&client, &world).await;
    assert!(matches!(answer, Ok(_) | Err(Error::Unavailable { .. } | Error::Retry { .. })), "{answer:?}");
    assert!(matches!(client.status(), Status::Unlocked { .. }));
    world.device.secrets.fail(None);
    works(&client, &world).await;
    drop(client);
    two_hours_later(&world);
    let client = world.open().await.unwrap();
    client.unlock().await.unwrap();
    works(&client, &world).await;
    nothing_was_revoked(&world);
}

#[tokio::test(flavor = "multi_thread")]
async fn pain_05_a_key_lost_with_the_lock_screen_is_said_and_costs_one_sign_in() {
    let world = World::new().await;
    drop(signed_in(&world).await);
    world.device.finger.enrol_another();
    let client = world.open().await.unwrap();
    assert!(matches!(client.status(), Status::Locked { .. }));
    let error = client.unlock().await.unwrap_err();
    let Error::SignInAgain { hint } = error else { panic!("{error:?}") };
    assert!(hint.contains("new finger") && hint.contains("nothing else is lost"), "{hint}");
    assert!(client.consent().history().await.unwrap().contains("profile.store"));
    // And after the app was closed there, too: no file stands in the way, and it is still said why.
    drop(client);
    let client = world.open().await.unwrap();
    assert!(matches!(client.status(), Status::Unavailable { .. }), "{:?}", client.status());
    assert!(matches!(client.enter("review.write").await, Ok(Entry::Cleared { .. })));
    client.lock().await.unwrap();
    client.unlock().await.unwrap();
    works(&client, &world).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pain_07_a_refreshed_token_is_saved_before_anybody_has_it() {
    let world = World::new().await;
    let mut client = signed_in(&world).await;
    // Spent tokens are never accepted again here: each start must find the newest.
    for round in 1..=4 {
        two_hours_later(&world);
        let header = client.authorization(world.issuer()).await.unwrap();
        drop(client);
        client = world.open().await.unwrap();
        client.unlock().await.unwrap();
        assert_eq!(client.authorization(world.issuer()).await.unwrap(), header);
        assert_eq!(world.control().state().refreshes, round);
    }
    nothing_was_revoked(&world);
}

#[tokio::test(flavor = "multi_thread")]
async fn pain_07_a_token_that_lives_too_short_is_used_and_its_rotation_kept() {
    let settings =
        Settings { automatic: Some("alice".to_owned()), access_token_seconds: 2, ..Settings::default() };
    let world = World::with(settings).await;
    let client = signed_in(&world).await;
    for _ in 0..5 {
        two_hours_later(&world);
        assert!(client.authorization(world.issuer()).await.is_ok(), "{:?}", client.why());
    }
    drop(client);
    let client = world.open().await.unwrap();
    client.unlock().await.unwrap();
    works(&client, &world).await;
    nothing_was_revoked(&world);
}

/// A browser that takes the person away for good: the process ends before it comes back.
struct Gone(mpsc::UnboundedSender<String>);

#[async_trait]
impl UserAgent for Gone {
    async fn browse(&self, url: String, _redirect_uri: String) -> Result<String, UserAgentError> {
        self.0.send(url).unwrap();
        std::future::pending().await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pain_08_a_process_that_dies_in_the_middle_of_signing_in_goes_on() {
    let world = World::new().await;
    let (gone, mut urls) = mpsc::unbounded_channel();
    let host = Host { user_agent: Arc::new(Gone(gone)), ..world.device.host_with_files(world.files()) };
    let client = Client::open(world.config(), host).await.unwrap();
    let signing_in = tokio::spawn(async move { client.sign_in(None).await });
    let url = urls.recv().await.unwrap();
    signing_in.abort();
    assert!(signing_in.await.unwrap_err().is_cancelled());

    let callback = world.device.browser.browse(url, "com.example.portal:/callback".to_owned()).await.unwrap();
    let client = world.open().await.unwrap();
    assert_eq!(client.status(), Status::SignedOut);
    let mut statuses = client.statuses();
    client.resume(&callback).await.unwrap();
    statuses.wait_for(|status| matches!(status, Status::Unlocked { .. })).await.unwrap();
    works(&client, &world).await;
    assert!(client.resume(&callback).await.is_err(), "a redirect is good for one sign-in");
    assert!(matches!(client.status(), Status::Unlocked { .. }));
}

#[tokio::test(flavor = "multi_thread")]
async fn pain_10_a_clock_that_is_wrong_or_set_signs_nobody_out_and_wastes_no_refresh() {
    const YEAR_MS: i64 = 365 * 24 * 3_600_000;
    for wrong_by in [-20 * YEAR_MS, -86_400_000, 86_400_000, 5 * YEAR_MS] {
        let world = World::new().await;
        let now_ms = world.control().now() * 1000;
        world.device.clock.set_wall(now_ms + wrong_by);
        let client = signed_in(&world).await;
        works(&client, &world).await;
        // The person sets it right, and wrong again: that is no time passing.
        for wall_ms in [now_ms, now_ms - wrong_by, now_ms + wrong_by] {
            world.device.clock.set_wall(wall_ms);
            works(&client, &world).await;
        }
        assert_eq!(world.control().state().refreshes, 0, "wrong by {wrong_by} ms");
        // Time that does pass is seen, whatever the wall says.
        world.device.clock.advance(Duration::from_secs(7200));
        world.control().advance_clock(7200);
        world.device.clock.set_wall(now_ms + wrong_by);
        let before = world.control().log().len();
        works(&client, &world).await;
        assert_eq!(world.control().state().refreshes, 1, "wrong by {wrong_by} ms");
        // The token was renewed ahead of the call: no call went out with one that had run out.
        let log = world.control().log();
        assert!(log.len() > before);
        assert!(log[before].path.ends_with("/token"), "{:?}", log[before]);
        // A start of the device, with the clock still wrong, keeps the session.
        drop(client);
        world.device.clock.restart();
        let client = world.open().await.unwrap();
        client.unlock().await.unwrap();
        works(&client, &world).await;
        nothing_was_revoked(&world);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pain_12_installing_anew_revives_nothing_and_a_first_start_wipes_nothing() {
    // The files went with the old installation, and the keychain's entries stayed.
    let world = World::new().await;
    let client = signed_in(&world).await;
    drop(client);
    for name in world.files().names().unwrap() {
        world.files().remove(&name).unwrap();
    }
    let client = world.open().await.unwrap();
    assert_eq!(client.status(), Status::SignedOut);
    assert!(matches!(client.enter("review.write").await, Ok(Entry::Cleared { .. })));
    works(&client, &world).await;
    drop(client);

    // The keychain can't be read at the first start after the device was started: that is no new installation.
    world.device.secrets.fail(Some(StoreError::NotNow { reason: "before the first unlock".to_owned() }));
    let client = world.open().await.unwrap();
    assert!(matches!(client.status(), Status::Unavailable { .. }));
    world.device.secrets.fail(None);
    client.unlock().await.unwrap();
    works(&client, &world).await;
    drop(client);

    // The files came from a backup, and the keychain's entries did not: they open nothing, and are set aside.
    let elsewhere = Host {
        secret_store: Arc::new(MemorySecrets::new(world.device.log.clone())),
        ..world.device.host_with_files(world.files())
    };
    let client = Client::open(world.config(), elsewhere).await.unwrap();
    assert_eq!(client.status(), Status::SignedOut);
    assert!(client.why().iter().any(|line| line.contains("set aside")), "{:?}", client.why());
    assert!(matches!(client.enter("review.write").await, Ok(Entry::Cleared { .. })));
}

#[tokio::test(flavor = "multi_thread")]
async fn pain_13_nobody_is_prompted_at_the_wrong_time() {
    let world = World::new().await;
    let client = signed_in(&world).await;
    // Open: calls, renewals and the background prompt nobody.
    works(&client, &world).await;
    two_hours_later(&world);
    works(&client, &world).await;
    client.entered_background().await.unwrap();
    // Locked: neither do a start, a look, a call, a renewal that is due, a consent, or going away again.
    drop(client);
    let client = world.open().await.unwrap();
    two_hours_later(&world);
    assert!(matches!(client.status(), Status::Locked { .. }));
    assert!(matches!(call(&client, &world).await, Err(Error::Locked { .. })));
    client.consent().history().await.unwrap();
    client.entered_background().await.unwrap();
    assert_eq!(prompts(&world), 0, "{:?}", world.device.log.lines());
    // Asked for: one, and none while it is open.
    client.unlock().await.unwrap();
    client.unlock().await.unwrap();
    works(&client, &world).await;
    assert_eq!(prompts(&world), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn pain_14_offline_is_not_signed_out() {
    let world = World::new().await;
    let client = signed_in(&world).await;
    two_hours_later(&world);
    let outages = [
        Act::DropBefore,
        Act::Status {
            code: 500,
            body: String::new(),
            content_type: "text/html".to_owned(),
            processed: false,
        },
        Act::Status {
            code: 503,
            body: String::new(),
            content_type: "text/html".to_owned(),
            processed: false,
        },
        Act::Status {
            code: 429,
            body: String::new(),
            content_type: "text/html".to_owned(),
            processed: false,
        },
        // A hotel's own page, in the place of the answer.
        Act::Status {
            code: 200,
            body: "<html>Welcome to our network</html>".to_owned(),
            content_type: "text/html".to_owned(),
            processed: false,
        },
        Act::Redirect { code: 302, location: "http://127.0.0.1:9/portal".to_owned() },
    ];
    for outage in outages {
        world.control().misbehave(Misbehaviour::always(Endpoint::Token, outage.clone())).unwrap();
        for _ in 0..2 {
            let error = call(&client, &world).await.unwrap_err();
            assert!(!matches!(error, Error::SignInAgain { .. }), "{outage:?}: {error:?}");
            assert!(matches!(client.status(), Status::Unlocked { .. }), "{outage:?}");
        }
        world.control().behave();
    }
    // Offline, too, it locks, starts anew and opens.
    world.control().misbehave(Misbehaviour::always(Endpoint::Token, Act::DropBefore)).unwrap();
    client.lock().await.unwrap();
    drop(client);
    let client = world.open().await.unwrap();
    client.unlock().await.unwrap();
    assert!(matches!(call(&client, &world).await, Err(Error::Retry { .. })));
    assert!(matches!(client.status(), Status::Unlocked { .. }));
    world.control().behave();
    works(&client, &world).await;
    nothing_was_revoked(&world);
}

#[tokio::test(flavor = "multi_thread")]
async fn pain_15_a_wrong_finger_and_then_the_right_one_are_one_answer_each() {
    let world = World::new().await;
    let client = signed_in(&world).await;
    client.lock().await.unwrap();
    let statuses = client.statuses();
    for _ in 0..3 {
        world.device.finger.will(Finger::Wrong);
        assert!(matches!(client.unlock().await, Err(Error::Locked { .. })));
        assert!(matches!(client.status(), Status::Locked { .. }));
    }
    world.device.finger.will(Finger::Right);
    assert_eq!(client.unlock().await, Ok(()));
    assert!(matches!(*statuses.borrow(), Status::Unlocked { .. }));
    assert_eq!(prompts(&world), 4);
    works(&client, &world).await;
    assert_eq!(world.control().state().refreshes, 0);
}
