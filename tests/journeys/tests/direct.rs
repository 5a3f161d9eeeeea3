//! Sign-ins without a page, in the steps of Auth0 and Okta. Neither can run here: the provider has fakes of them.

#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]

use std::sync::Arc;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use pforte_client::{
    Client, Config, ConfirmationChannel, DirectAnswer, DirectAsk, DirectRoute, Entry, Error, Provider,
    ProviderKind, SocialProvider, Status,
};
use pforte_host::SecretText;
use pforte_journeys::World;
use pforte_provider::{Act, Endpoint, Misbehaviour, Settings};
use serde_json::{Value, json};

const ALICE: &str = "alice@example.com";

async fn world(second_factor: bool) -> World {
    World::with(Settings { vendor_steps: true, second_factor, ..Settings::default() }).await
}

async fn open(world: &World, kind: ProviderKind) -> Arc<Client> {
    let config = world.config();
    let provider = Provider { kind, ..config.provider.clone() };
    world.open_with(Config { provider, ..config }).await.unwrap()
}

fn email() -> DirectRoute {
    DirectRoute::EmailCode { address: ALICE.to_owned() }
}

fn code(text: &str) -> DirectAnswer {
    DirectAnswer::Code(SecretText::new(text.to_owned()))
}

fn sent(world: &World, path: &str) -> usize {
    world.control().log().iter().filter(|entry| entry.path == path).count()
}

/// What a passkey of `person` answers to `options`; its signature is none, because the fake looks at none.
fn passkey_of(person: &str, options_json: &str, kind: &str) -> DirectAnswer {
    let options: Value = serde_json::from_str(options_json).unwrap();
    let client_data =
        json!({"type": kind, "challenge": options["challenge"], "origin": "https://portal.example"});
    let encoded = |bytes: &[u8]| BASE64_URL_SAFE_NO_PAD.encode(bytes);
    let response = json!({
        "clientDataJSON": encoded(client_data.to_string().as_bytes()), "authenticatorData": encoded(&[0; 37]),
        "signature": encoded(&[0; 64]), "userHandle": encoded(person.as_bytes()),
    });
    let credential = json!({"id": "AAAA", "rawId": "AAAA", "type": "public-key", "response": response});
    DirectAnswer::Passkey(SecretText::new(credential.to_string()))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sent_code_signs_in_and_a_wrong_one_may_be_corrected() {
    let world = world(false).await;
    let client = open(&world, ProviderKind::Auth0).await;
    let sign_in = client.sign_in_directly(email()).await.unwrap();
    assert_eq!(sign_in.first, DirectAsk::Code);
    let right = world.control().one_time_code(ALICE);

    let before = world.file_bytes();
    let wrong = sign_in.answer(code("000000")).await;
    assert!(matches!(&wrong, Err(Error::Cancelled { hint }) if hint.contains("code is wrong")), "{wrong:?}");
    let other_kind = sign_in.answer(DirectAnswer::Confirmed).await;
    assert!(matches!(&other_kind, Err(Error::Cancelled { .. })), "{other_kind:?}");
    assert_eq!((client.status(), world.file_bytes()), (Status::SignedOut, before), "nothing is stored");

    // The answer is lost on the way: the code can be given again.
    world.control().misbehave(Misbehaviour::once(Endpoint::Token, Act::DropBefore)).unwrap();
    let lost = sign_in.answer(code(&right)).await;
    assert!(matches!(&lost, Err(Error::Retry { .. })), "{lost:?}");

    assert_eq!(sign_in.answer(code(&right)).await.unwrap(), DirectAsk::SignedIn);
    assert!(matches!(client.status(), Status::Unlocked { .. }));
    assert_eq!(sent(&world, "/authorize"), 0, "no page was shown");
    assert!(matches!(client.enter("review.write").await, Ok(Entry::Cleared { .. })));

    let again = sign_in.answer(code(&right)).await;
    assert!(matches!(&again, Err(Error::Cancelled { hint }) if hint.contains("ended")), "{again:?}");

    // It is sealed like every other session.
    drop(client);
    let client = open(&world, ProviderKind::Auth0).await;
    assert!(matches!(client.status(), Status::Locked { .. }));
    client.unlock().await.unwrap();
    drop(client);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_factor_is_asked_for_before_anybody_is_signed_in() {
    let world = world(true).await;
    let client = open(&world, ProviderKind::Auth0).await;
    let sign_in = client.sign_in_directly(email()).await.unwrap();
    assert_eq!(sign_in.answer(code(&world.control().one_time_code(ALICE))).await.unwrap(), DirectAsk::Code);
    assert_eq!(client.status(), Status::SignedOut, "the first factor is not enough");
    assert!(sign_in.answer(code("000000")).await.is_err());
    let shown = world.control().one_time_code("alice");
    assert_eq!(sign_in.answer(code(&shown)).await.unwrap(), DirectAsk::SignedIn);
    assert!(matches!(client.status(), Status::Unlocked { .. }));
    drop(client);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_passkey_answers_its_own_challenge_only() {
    let world = world(false).await;
    let client = open(&world, ProviderKind::Auth0).await;
    let sign_in = client.sign_in_directly(DirectRoute::Passkey).await.unwrap();
    let other = client.sign_in_directly(DirectRoute::Passkey).await.unwrap();
    let (DirectAsk::Passkey { options_json }, DirectAsk::Passkey { options_json: foreign }) =
        (&sign_in.first, &other.first)
    else {
        panic!("{:?}", sign_in.first)
    };
    for wrong in [
        passkey_of("alice", foreign, "webauthn.get"),
        passkey_of("alice", options_json, "webauthn.create"),
        DirectAnswer::Passkey(SecretText::new("no json".to_owned())),
    ] {
        assert!(matches!(sign_in.answer(wrong).await, Err(Error::Cancelled { .. })));
    }
    assert_eq!(sent(&world, "/token"), 0, "none of them left the device");
    let answer = passkey_of("alice", options_json, "webauthn.get");
    assert_eq!(sign_in.answer(answer).await.unwrap(), DirectAsk::SignedIn);

    client.sign_out().await.unwrap();
    let sign_up =
        DirectRoute::NewPasskey { email: "bob@example.com".to_owned(), name: Some("Bob".to_owned()) };
    let sign_up = client.sign_in_directly(sign_up).await.unwrap();
    let DirectAsk::Passkey { options_json } = &sign_up.first else { panic!("{:?}", sign_up.first) };
    let answer = passkey_of("bob", options_json, "webauthn.create");
    assert_eq!(sign_up.answer(answer).await.unwrap(), DirectAsk::SignedIn);
    assert_eq!(world.control().state().families.last().unwrap().subject, "bob");

    // A passkey that the provider does not know is not tried again.
    client.sign_out().await.unwrap();
    let sign_in = client.sign_in_directly(DirectRoute::Passkey).await.unwrap();
    let DirectAsk::Passkey { options_json } = &sign_in.first else { panic!("{:?}", sign_in.first) };
    let unknown = sign_in.answer(passkey_of("nobody", options_json, "webauthn.get")).await;
    assert!(
        matches!(&unknown, Err(Error::Cancelled { hint }) if hint.contains("does not know")),
        "{unknown:?}"
    );
    assert_eq!(client.status(), Status::SignedOut);
    drop(client);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_confirmation_elsewhere_is_asked_for_until_it_comes() {
    let world = world(false).await;
    let client = open(&world, ProviderKind::Okta).await;
    let route = |channel| DirectRoute::Confirmation { login_hint: "alice".to_owned(), channel };
    let push = client.sign_in_directly(route(ConfirmationChannel::Push)).await.unwrap();
    let shown = DirectAsk::Confirmation { shows: Some("95".to_owned()), wait_seconds: 5 };
    assert_eq!(push.first, shown);
    assert_eq!(push.answer(DirectAnswer::Confirmed).await.unwrap(), shown, "nobody has confirmed yet");
    world.control().confirm_elsewhere("alice", true);
    assert_eq!(push.answer(DirectAnswer::Confirmed).await.unwrap(), DirectAsk::SignedIn);

    client.sign_out().await.unwrap();
    let push = client.sign_in_directly(route(ConfirmationChannel::Push)).await.unwrap();
    world.control().confirm_elsewhere("alice", false);
    assert!(matches!(push.answer(DirectAnswer::Confirmed).await, Err(Error::Cancelled { .. })));
    assert_eq!(client.status(), Status::SignedOut);

    let sms = client.sign_in_directly(route(ConfirmationChannel::Sms)).await.unwrap();
    assert_eq!(sms.first, DirectAsk::Code);
    assert!(sms.answer(code("000000")).await.is_err());
    let right = world.control().one_time_code("alice");
    assert_eq!(sms.answer(code(&right)).await.unwrap(), DirectAsk::SignedIn);

    client.sign_out().await.unwrap();
    let app = DirectRoute::AuthenticatorCode { login_hint: "alice".to_owned() };
    let app = client.sign_in_directly(app).await.unwrap();
    assert_eq!(app.answer(code(&right)).await.unwrap(), DirectAsk::SignedIn);
    drop(client);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_provider_is_not_made_for_is_named_before_anything_is_sent() {
    let world = world(false).await;
    let social = DirectRoute::NativeSocial {
        provider: SocialProvider::Google,
        token: SecretText::new("a-token-canary".to_owned()),
    };
    assert!(!format!("{social:?}").contains("canary"));
    let hint = DirectRoute::AuthenticatorCode { login_hint: "alice".to_owned() };
    for (kind, route, whose) in [
        (ProviderKind::Oidc, email(), "Auth0"),
        (ProviderKind::Okta, social.clone(), "Auth0"),
        (ProviderKind::Auth0, hint, "Okta"),
    ] {
        let client = open(&world, kind).await;
        let refused = client.sign_in_directly(route).await;
        assert!(
            matches!(&refused, Err(Error::FixConfiguration { hint }) if hint.contains(whose)),
            "{refused:?}"
        );
        drop(client);
    }
    assert!(world.control().log().is_empty());

    // A grant that is not turned on names itself.
    let client = open(&world, ProviderKind::Auth0).await;
    let refused = client.sign_in_directly(social).await;
    assert!(
        matches!(&refused, Err(Error::FixConfiguration { hint }) if hint.contains("grant")),
        "{refused:?}"
    );
    drop(client);
    world.end().await;
}
