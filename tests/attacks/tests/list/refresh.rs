//! 21, 23 to 27: tokens that are renewed.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use pforte_attacks::{Kind, Scene, attacks};
use pforte_client::{Client, Error, HttpResponse, Status};
use pforte_host::{FileError, FileStore};
use pforte_provider::{Act, Edit, Ending, Endpoint, Rotation, Settings};
use serde_json::json;
use tokio::task::JoinHandle;

/// The next answer of the token endpoint comes late: time to do something in between.
fn slow_refresh(scene: &Scene) {
    scene.will(Endpoint::Token, Act::Delay { millis: 300, processed: true });
}

/// Somebody makes a call, and its refresh has reached the provider.
async fn waiting_for_the_refresh(scene: &Scene) -> JoinHandle<Result<HttpResponse, Error>> {
    let (client, request) = (scene.client.clone(), scene.reviews());
    let caller = tokio::spawn(async move { client.send(request).await });
    while scene.count("/token") == 0 {
        tokio::task::yield_now().await;
    }
    caller
}

async fn with_grace(rotation: Rotation) -> Scene {
    Scene::with(Settings { rotation, ..Scene::automatic() }).await.after_signing_in().await
}

/// Files that can be told to fail, as a full disk does.
struct Failing {
    inner: Arc<dyn FileStore>,
    fails: Arc<AtomicBool>,
}

impl Failing {
    fn tried(&self) -> Result<(), FileError> {
        let full = FileError::Failed { reason: "no space left".to_owned() };
        if self.fails.load(Ordering::SeqCst) { Err(full) } else { Ok(()) }
    }
}

impl FileStore for Failing {
    fn read(&self, name: &str, limit: u64) -> Result<Option<Vec<u8>>, FileError> {
        self.inner.read(name, limit)
    }
    fn replace(&self, name: &str, bytes: &[u8]) -> Result<(), FileError> {
        self.tried()?;
        self.inner.replace(name, bytes)
    }
    fn append(&self, name: &str, bytes: &[u8]) -> Result<(), FileError> {
        self.tried()?;
        self.inner.append(name, bytes)
    }
    fn truncate(&self, name: &str, length: u64) -> Result<(), FileError> {
        self.inner.truncate(name, length)
    }
    fn remove(&self, name: &str) -> Result<(), FileError> {
        self.inner.remove(name)
    }
    fn rename(&self, name: &str, to: &str) -> Result<(), FileError> {
        self.tried()?;
        self.inner.rename(name, to)
    }
    fn names(&self) -> Result<Vec<String>, FileError> {
        self.inner.names()
    }
    fn with_lock(&self, work: &mut dyn FnMut()) -> Result<(), FileError> {
        self.inner.with_lock(work)
    }
}

attacks! {
    /// A renewed ID token about somebody else: the session ends, and the tokens are given back.
    async fn attack_21_refreshed_id_token_changes_sub_iss_or_aud() {
        for (name, value) in [
            ("sub", json!("bob")),
            ("sub", json!(["alice"])),
            ("iss", json!("https://evil.example")),
            ("aud", json!("another-app")),
            ("aud", json!(["another-app"])),
        ] {
            let scene = Scene::signed_in().await;
            scene.two_hours_later();
            scene.will(Endpoint::Token, Act::id_token_claim(name, Edit::Set(value.clone())));
            scene.world.control().clear_log();
            let error = scene.client.send(scene.reviews()).await.unwrap_err();
            scene.holds(&error, Kind::SignInAgain, &"the renewed ID token was refused", &["/token", "/revoke"]);
            assert_eq!(scene.client.status(), Status::SignedOut);
            assert_eq!(scene.world.control().state().families[0].revoked, Some(Ending::Revocation));
            let gated = scene.world.files().read("main.gated", u64::MAX - 1).unwrap();
            assert_eq!(gated, None, "{name} {value}: nothing of the session stays");
        }
    }

    /// Any other fault in a renewed ID token keeps the tokens: the rotated refresh token is the session.
    async fn attack_21_other_faults_of_a_refreshed_id_token_keep_the_session() {
        for (name, edit) in [
            ("exp", Edit::Set(json!(1))),
            ("iat", Edit::Set(json!("now"))),
            ("at_hash", Edit::Set(json!("wrong"))),
            ("nonce", Edit::Set(json!("unasked"))),
        ] {
            let scene = Scene::signed_in().await;
            scene.two_hours_later();
            scene.will(Endpoint::Token, Act::id_token_claim(name, edit));
            assert_eq!(scene.client.send(scene.reviews()).await.unwrap().status, 200, "{name}");
            assert_eq!(scene.world.control().state().families[0].revoked, None);
        }
    }

    /// The answer to a refresh is lost. Where the provider has a grace, asking again brings the session back.
    async fn attack_23_lost_answer_within_the_grace() {
        let scene = with_grace(Rotation::GraceSeconds(30)).await;
        scene.two_hours_later();
        let before = scene.standing();
        scene.will(Endpoint::Token, Act::DropAfter);
        let error = scene.client.send(scene.reviews()).await.unwrap_err();
        assert_eq!(Kind::of(&error), Kind::Retry, "{error:?}");
        assert_eq!(scene.standing().outline(), before.outline());
        assert_eq!(scene.client.send(scene.reviews()).await.unwrap().status, 200);
        assert_eq!(scene.world.control().state().families[0].revoked, None);
    }

    /// Somebody else used the refresh token first. The provider ends the family, and the app says so at once.
    async fn attack_23_refresh_token_replayed_by_somebody_else() {
        let scene = with_grace(Rotation::GraceSeconds(0)).await;
        scene.two_hours_later();
        scene.will(Endpoint::Token, Act::DropAfter);
        assert!(scene.client.send(scene.reviews()).await.is_err());
        scene.world.control().clear_log();
        let error = scene.client.send(scene.reviews()).await.unwrap_err();
        scene.holds(&error, Kind::SignInAgain, &"sign in again", &["/token"]);
        assert_eq!(scene.world.control().state().families[0].revoked, Some(Ending::Reuse));
        assert_eq!(scene.client.status(), Status::SignedOut);
    }

    /// The app dies after the provider rotated and before the answer was stored.
    async fn attack_23_killed_between_rotation_and_store() {
        let Scene { world, client } = with_grace(Rotation::GraceSeconds(30)).await;
        let scene = Scene { world, client };
        scene.two_hours_later();
        slow_refresh(&scene);
        scene.world.control().clear_log();
        let caller = waiting_for_the_refresh(&scene).await;
        caller.abort();
        let Scene { world, client } = scene;
        drop(client);
        let client = world.open().await.unwrap();
        client.unlock().await.unwrap();
        let scene = Scene { world, client };
        assert_eq!(scene.client.send(scene.reviews()).await.unwrap().status, 200);
        assert_eq!(scene.world.control().state().families[0].revoked, None);
    }

    /// The disk is full when the rotated token comes: the app is told, and nobody else gets the unsaved token.
    async fn attack_23_disk_full_between_rotation_and_store() {
        let world = pforte_journeys::World::with(Settings { rotation: Rotation::GraceSeconds(30), ..Scene::automatic() }).await;
        let fails = Arc::new(AtomicBool::new(false));
        let files = Arc::new(Failing { inner: world.files(), fails: fails.clone() });
        let client = Client::open(world.config(), world.device.host_with_files(files)).await.unwrap();
        let scene = Scene { world, client }.after_signing_in().await;
        scene.two_hours_later();
        let before = scene.standing();
        fails.store(true, Ordering::SeqCst);
        let error = scene.client.send(scene.reviews()).await.unwrap_err();
        assert_eq!(Kind::of(&error), Kind::Unavailable, "{error:?}");
        assert_eq!(scene.standing(), before);
        assert!(!scene.asked().iter().any(|path| path == "/portal/reviews"), "no call may carry the unsaved token");
        fails.store(false, Ordering::SeqCst);
        assert_eq!(scene.client.send(scene.reviews()).await.unwrap().status, 200);
        assert_eq!(scene.world.control().state().families[0].revoked, None);
    }

    async fn attack_24_a_thousand_callers_at_expiry() {
        let scene = Scene::signed_in().await;
        scene.two_hours_later();
        scene.world.control().clear_log();
        let callers: Vec<_> = (0..1000)
            .map(|_| {
                let (client, url) = (scene.client.clone(), scene.world.issuer().to_owned());
                tokio::spawn(async move { client.authorization(&url).await })
            })
            .collect();
        let mut tokens = std::collections::BTreeSet::new();
        for caller in callers {
            tokens.insert(caller.await.unwrap().unwrap());
        }
        assert_eq!(tokens.len(), 1);
        assert_eq!(scene.asked(), ["/token"]);
    }

    async fn attack_25_leader_cancelled() {
        let scene = Scene::signed_in().await;
        scene.two_hours_later();
        slow_refresh(&scene);
        scene.world.control().clear_log();
        let leader = waiting_for_the_refresh(&scene).await;
        leader.abort();
        assert_eq!(scene.client.send(scene.reviews()).await.unwrap().status, 200);
        assert_eq!(scene.count("/token"), 1, "one refresh, whoever goes away");
        assert_eq!(scene.world.control().state().families[0].revoked, None);
    }

    async fn attack_26_logout_during_refresh() {
        let scene = Scene::signed_in().await;
        scene.two_hours_later();
        slow_refresh(&scene);
        scene.world.control().clear_log();
        let caller = waiting_for_the_refresh(&scene).await;
        scene.client.sign_out().await.unwrap();
        let error = caller.await.unwrap().unwrap_err();
        assert_eq!(Kind::of(&error), Kind::SignInAgain, "{error:?}");
        assert_eq!(scene.client.status(), Status::SignedOut);
        assert_eq!(scene.count("/portal/reviews"), 0, "the call must not go out any more");
        assert!(scene.world.control().state().families[0].revoked.is_some());
        assert_eq!(scene.world.open().await.unwrap().status(), Status::SignedOut);
    }

    /// Alice's refresh is under way while Bob signs in: nothing of hers may be his.
    async fn attack_27_account_switch_during_refresh() {
        let scene = Scene::signed_in().await;
        scene.two_hours_later();
        slow_refresh(&scene);
        scene.world.control().clear_log();
        let caller = waiting_for_the_refresh(&scene).await;
        scene.client.sign_out().await.unwrap();
        scene.world.control().sign_in_automatically(Some("bob")).unwrap();
        scene.client.sign_in(None).await.unwrap();
        drop(caller.await.unwrap());
        let answer = scene.client.send(scene.get("/userinfo")).await.unwrap();
        let told: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
        assert_eq!(told["sub"], "bob");
        // After a restart, too.
        let client = scene.world.open().await.unwrap();
        client.unlock().await.unwrap();
        let answer = client.send(scene.get("/userinfo")).await.unwrap();
        assert!(String::from_utf8_lossy(&answer.body).contains("bob"));
        let families = scene.world.control().state().families;
        let alice: Vec<_> = families.iter().filter(|family| family.subject == "alice").collect();
        assert!(alice.iter().all(|family| family.revoked.is_some()), "{alice:?}");
    }
}
