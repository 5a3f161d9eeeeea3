//! What may go wrong: each time a typed error whose text says what to do, and the state as it was.

#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]

use std::sync::Arc;

use pforte_client::{
    Client, Config, ConsentStatus, Entry, Error, HttpRequest, PolicyFolder, Provider, Status,
    UnavailableCause,
};
use pforte_host::GateReadiness;
use pforte_journeys::World;
use pforte_testing::{BrowserHabit, Finger};

async fn signed_in(world: &World) -> Arc<Client> {
    let client = world.open().await.unwrap();
    assert!(matches!(client.enter("review.write").await, Ok(Entry::Cleared { .. })));
    client
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_with_a_mistake_is_named_with_file_and_line() {
    let world = World::new().await;
    let policy = PolicyFolder { policy_toml: "version = 3\nlevles = 1\n".to_owned(), texts: Vec::new() };
    let error = world.open_with_policy(policy).await.unwrap_err();
    let Error::FixConfiguration { hint } = error else { panic!("{error:?}") };
    assert!(hint.contains("policy.toml:2"), "{hint}");
    assert!(world.file_bytes().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_that_the_policy_does_not_name_is_told_at_once() {
    let world = World::new().await;
    let provider = Provider { name: "somebody".to_owned(), ..world.config().provider };
    let error = world.open_with(Config { provider, ..world.config() }).await.unwrap_err();
    let Error::FixConfiguration { hint } = error else { panic!("{error:?}") };
    assert!(hint.contains("[provider.somebody]"), "{hint}");
    assert!(world.control().log().is_empty() && world.file_bytes().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unreachable_provider_is_a_retry() {
    let world = World::new().await;
    let provider = Provider::development("http://127.0.0.1:9", "portal-app");
    let client = world.open_with(Config { provider, ..world.config() }).await.unwrap();
    let error = client.sign_in(None).await.unwrap_err();
    let Error::Retry { hint, .. } = error else { panic!("{error:?}") };
    assert!(hint.contains("try again"), "{hint}");
    assert_eq!(client.status(), Status::SignedOut);
    assert!(world.file_bytes().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_client_id_says_what_to_change() {
    let world = World::new().await;
    let provider = Provider::development(world.issuer(), "nobody");
    let client = world.open_with(Config { provider, ..world.config() }).await.unwrap();
    // The provider shows an error page and does not come back (RFC 6749, section 4.1.2.1).
    let error = client.sign_in(None).await.unwrap_err();
    let Error::Unavailable { hint } = error else { panic!("{error:?}") };
    assert!(hint.contains("client `nobody`") && hint.contains(world.issuer()), "{hint}");
    assert_eq!(client.status(), Status::SignedOut);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_that_the_person_closes_cancels() {
    let world = World::new().await;
    let client = world.open().await.unwrap();
    world.device.browser.will(BrowserHabit::Closes);
    let error = client.sign_in(None).await.unwrap_err();
    let Error::Cancelled { hint } = error else { panic!("{error:?}") };
    assert!(hint.contains("browser was closed"), "{hint}");
    assert_eq!(client.enter("review.write").await, Ok(Entry::Abandoned { at: "sign-in".to_owned() }));
    assert_eq!(client.status(), Status::SignedOut);
    world.device.browser.will(BrowserHabit::Follows);
    assert!(matches!(client.enter("review.write").await, Ok(Entry::Cleared { .. })));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_redirect_changes_nothing() {
    let world = World::new().await;
    let client = world.open().await.unwrap();
    let stray = "com.example.other:/callback?code=stray&state=stray".to_owned();
    world.device.browser.will(BrowserHabit::Strays(stray.clone()));
    let error = client.sign_in(None).await.unwrap_err();
    assert!(error.to_string().contains("redirect URI"), "{error}");
    assert_eq!(client.status(), Status::SignedOut);
    let asked = world.control().log().len();
    assert!(client.resume(&stray).await.is_err());
    assert_eq!(
        world.control().log().len(),
        asked,
        "a redirect that answers nothing must not reach the provider"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_truncated_file_is_set_aside_and_said() {
    let world = World::new().await;
    drop(signed_in(&world).await);
    let path = world.folder.path().join("main.gated");
    let bytes = std::fs::read(&path).unwrap();
    std::fs::write(&path, &bytes[..bytes.len() / 2]).unwrap();
    for _ in 0..2 {
        // At the next start, too: a session that can't be read is never called signed out.
        let client = world.open().await.unwrap();
        let Status::Unavailable { cause: UnavailableCause::Unreadable, why } = client.status() else {
            panic!("{:?}", client.status())
        };
        assert!(why.contains("set aside") && why.contains("Sign in again"), "{why}");
        let error = client.unlock().await.unwrap_err();
        let Error::Unavailable { hint } = error else { panic!("{error:?}") };
        assert!(hint.contains("set aside") && hint.contains("sign in again"), "{hint}");
    }
    let names = world.files().names().unwrap();
    assert!(names.iter().any(|name| name.starts_with("main.gated.")), "{names:?}");
    // What was set aside is out of the way: the person can sign in again, and the consents are still there.
    let client = world.open().await.unwrap();
    assert!(client.consent().history().await.unwrap().contains("profile.store"));
    assert!(matches!(client.enter("review.write").await, Ok(Entry::Cleared { .. })));
}

/// The consents are asked anew, which grants nothing; nobody is locked out, and what is left of the file is kept.
#[tokio::test(flavor = "multi_thread")]
async fn a_ledger_that_lost_its_end_its_bytes_or_everything_is_begun_anew() {
    type Harm = fn(Vec<u8>) -> Option<Vec<u8>>;
    let harms: [(&str, Harm); 3] = [
        ("cut", |bytes| Some(bytes[..bytes.len() / 2].to_vec())),
        ("changed", |mut bytes| {
            let middle = bytes.len() / 2;
            bytes[middle] ^= 1;
            Some(bytes)
        }),
        ("gone", |_| None),
    ];
    for (what, harm) in harms {
        let world = World::new().await;
        drop(signed_in(&world).await);
        let path = world.folder.path().join("main.ledger");
        match harm(std::fs::read(&path).unwrap()) {
            Some(bytes) => std::fs::write(&path, bytes).unwrap(),
            None => std::fs::remove_file(&path).unwrap(),
        }
        let client = world.open().await.unwrap();
        assert!(matches!(client.status(), Status::Locked { .. }), "{what}: {:?}", client.status());
        assert!(
            client.why().iter().any(|line| line.contains("consent ledger")),
            "{what}: {:?}",
            client.why()
        );
        client.unlock().await.unwrap();
        let purposes = client.consent().purposes().await.unwrap();
        assert!(purposes.iter().all(|one| one.status == ConsentStatus::Unknown), "{what}: {purposes:?}");
        let asked = world.device.asks.asked().len();
        assert!(matches!(client.enter("review.write").await, Ok(Entry::Cleared { .. })), "{what}");
        assert!(world.device.asks.asked().len() > asked, "{what}: asked anew");
        let names = world.files().names().unwrap();
        assert_eq!(names.iter().any(|name| name.starts_with("main.ledger.")), what != "gone", "{names:?}");
        drop(client);
        let client = world.open().await.unwrap();
        assert!(client.consent().history().await.unwrap().contains("profile.store"), "{what}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_leaves_over_https_only_or_to_this_machine_in_development() {
    let world = World::new().await;
    let url = "http://api.portal.example/reviews";
    let config = world.config();
    let api_origins = vec!["http://api.portal.example".to_owned(), world.issuer().to_owned()];
    let client = world.open_with(Config { api_origins, ..config }).await.unwrap();
    client.sign_in(None).await.unwrap();
    let request = |url: &str| HttpRequest {
        method: "GET".to_owned(),
        url: url.to_owned(),
        headers: Vec::new(),
        body: Vec::new(),
    };
    let refused = [
        client.begin_call("GET", url).await.map(|_| ()),
        client.authorize(&request(url)).await.map(|_| ()),
        client.authorization(url).await.map(|_| ()),
        client.send(request(url)).await.map(|_| ()),
    ];
    for result in refused {
        let Err(Error::FixConfiguration { hint }) = result else { panic!("{result:?}") };
        assert!(hint.contains("https only") && hint.contains("api_origins"), "{hint}");
    }
    let ours = format!("{}/portal/reviews", world.issuer());
    assert_eq!(client.begin_call("GET", &ours).await.unwrap().sending().credentials.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_finger_leaves_the_session_locked_and_whole() {
    let world = World::new().await;
    let client = signed_in(&world).await;
    client.lock().await.unwrap();
    world.device.finger.will(Finger::Wrong);
    let error = client.unlock().await.unwrap_err();
    let Error::Locked { hint } = error else { panic!("{error:?}") };
    assert!(hint.contains("not recognised"), "{hint}");
    assert!(matches!(client.status(), Status::Locked { .. }));
    world.device.finger.will(Finger::Right);
    client.unlock().await.unwrap();
    assert!(matches!(client.status(), Status::Unlocked { .. }));
}

#[tokio::test(flavor = "multi_thread")]
async fn another_finger_enrolled_is_never_signed_out_silently() {
    let world = World::new().await;
    let client = signed_in(&world).await;
    client.lock().await.unwrap();
    world.device.finger.enrol_another();
    let error = client.unlock().await.unwrap_err();
    assert!(matches!(error, Error::SignInAgain { .. }), "{error:?}");
    let Status::Unavailable { cause: UnavailableCause::KeyLost, why } = client.status() else {
        panic!("{:?}", client.status())
    };
    assert!(why.contains("Sign in again"), "{why}");
    assert!(client.why()[0].contains("key"), "{:?}", client.why());
    assert!(matches!(client.enter("review.write").await, Ok(Entry::Cleared { .. })));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_declined_gate_keeps_the_session_on_the_device() {
    let world = World::new().await;
    world.device.asks.answer_with(|ask| {
        Ok(match ask.kind {
            pforte_host::AskKind::EnrolBiometrics => pforte_host::Answer::Skipped,
            _ => pforte_journeys::answers(ask),
        })
    });
    drop(signed_in(&world).await);
    let client = world.open().await.unwrap();
    assert!(matches!(client.status(), Status::Locked { .. }));
    client.unlock().await.unwrap();
    assert!(!world.device.log.lines().iter().any(|line| line.contains("wrap_secret")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_without_a_finger_is_not_asked_for_one() {
    let world = World::new().await;
    world.device.finger.is(GateReadiness::NotEnrolled);
    let client = signed_in(&world).await;
    assert!(!world.device.log.lines().iter().any(|line| line.contains("enrol-biometrics")));
    client.lock().await.unwrap();
    client.unlock().await.unwrap();
}
