//! Moments in which others have taken silence for consent: none grants, none leaks.

#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]

use std::sync::Arc;
use std::time::Duration;

use pforte_client::{Client, Config, ConsentStatus, Entry, Error, ExportFormat, PolicyFolder, Turn};
use pforte_host::{Act, Answer, Ask, AskKind, ConsentChoice, FieldValue, PresenterError};
use pforte_journeys::{World, answers};
use pforte_testing::ScriptedHost;

const DAY: Duration = Duration::from_secs(86_400);

fn act() -> Act {
    Act { surface: "settings".to_owned(), control: "switch".to_owned(), genuine: true }
}

async fn status(client: &Arc<Client>, purpose: &str) -> ConsentStatus {
    let purposes = client.consent().purposes().await.unwrap();
    purposes.into_iter().find(|view| view.purpose == purpose).unwrap().status
}

/// No purpose is granted, and nothing was ever said.
async fn nothing_was_said(client: &Arc<Client>) {
    let purposes = client.consent().purposes().await.unwrap();
    assert!(purposes.len() > 5);
    for view in purposes {
        assert_eq!(view.status, ConsentStatus::Unknown, "{}", view.purpose);
        assert!(!client.track("something.done", &view.purpose).await.unwrap(), "{}", view.purpose);
    }
    assert_eq!(client.consent().history().await.unwrap(), "[]");
    let export = client.consent().export(ExportFormat::JsonLd).await.unwrap();
    let document: serde_json::Value = serde_json::from_str(&export).unwrap();
    for member in ["pforte:entries", "pforte:payloads"] {
        assert!(document[member].as_array().is_none_or(Vec::is_empty), "{export}");
    }
}

async fn cleared(client: &Arc<Client>, touchpoint: &str) {
    let entry = client.enter(touchpoint).await;
    assert!(matches!(entry, Ok(Entry::Cleared { .. })), "{entry:?}");
}

/// Says this to every consent ask, and the usual to all others.
fn consent_with(world: &World, say: impl Fn(&Ask) -> Result<Answer, PresenterError> + Send + 'static) {
    world.device.asks.answer_with(move |ask| match ask.kind {
        AskKind::Consent { .. } => say(ask),
        _ => Ok(answers(ask)),
    });
}

/// The portal's policy, but a visitor's consent to analytics says nothing of the time after signing in.
fn analytics_links_nobody(world: &World) -> PolicyFolder {
    let mut policy = world.config().policy;
    let (before, rest) = policy.policy_toml.split_once("[purpose.analytics]").unwrap();
    let (purpose, after) = rest.split_once("\n\n").unwrap();
    let kept: Vec<&str> = purpose.lines().filter(|line| !line.starts_with("links_identity")).collect();
    assert_eq!(kept.len() + 1, purpose.lines().count(), "the portal's analytics links");
    policy.policy_toml = format!("{before}[purpose.analytics]{}\n\n{after}", kept.join("\n"));
    policy
}

fn refuse_all(ask: &Ask) -> Answer {
    match answers(ask) {
        Answer::Consent { choices, act } => {
            let refused = |choice| ConsentChoice { granted: false, ..choice };
            Answer::Consent { choices: choices.into_iter().map(refused).collect(), act }
        }
        other => other,
    }
}

/// The files in the real folder that hold anything; the lock beside them is empty.
fn names(world: &World) -> Vec<String> {
    std::fs::read_dir(world.folder.path())
        .unwrap()
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.metadata().unwrap().len() > 0 || entry.file_name() != ".lock")
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_with_the_ask_open() {
    let world = World::new().await;
    let client = world.open().await.unwrap();
    let Turn::Asked { ask } = client.next("hotel.browse").await.unwrap() else { panic!("nothing was asked") };
    assert!(matches!(ask.kind, AskKind::Consent { .. }));
    drop(client);
    let again = world.open().await.unwrap();
    nothing_was_said(&again).await;
    assert_eq!(again.next("hotel.browse").await.unwrap(), Turn::Asked { ask }, "the same question again");
}

#[tokio::test(flavor = "multi_thread")]
async fn dismissed() {
    let world = World::new().await;
    let client = world.open().await.unwrap();
    consent_with(&world, |_| Ok(Answer::Dismissed));
    assert_eq!(client.enter("hotel.browse").await, Ok(Entry::Abandoned { at: "consent".to_owned() }));
    nothing_was_said(&client).await;
    nothing_was_said(&world.open().await.unwrap()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn back() {
    let world = World::new().await;
    let client = world.open().await.unwrap();
    // The system's back gesture: the offer passes, nothing was chosen.
    consent_with(&world, |_| Ok(Answer::Skipped));
    cleared(&client, "hotel.browse").await;
    nothing_was_said(&client).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn timed_out() {
    let world = World::new().await;
    let client = world.open().await.unwrap();
    let failed = || PresenterError::Failed { reason: "the screen timed out".to_owned() };
    for error in [PresenterError::Interrupted, PresenterError::NoWindow, failed()] {
        consent_with(&world, move |_| Err(error.clone()));
        assert!(client.enter("hotel.browse").await.is_err());
        nothing_was_said(&client).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_ask_that_is_answered_without_a_choice_is_none() {
    let world = World::new().await;
    let client = world.open().await.unwrap();
    consent_with(&world, |_| Ok(Answer::Consent { choices: vec![], act: act() }));
    cleared(&client, "hotel.browse").await;
    assert_eq!(status(&client, "analytics").await, ConsentStatus::Asked);
    assert!(names(&world).is_empty(), "{:?}", names(&world));
    nothing_was_said(&world.open().await.unwrap()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn reinstalled() {
    let world = World::new().await;
    let client = world.open().await.unwrap();
    cleared(&client, "hotel.browse").await;
    assert_eq!(status(&client, "analytics").await, ConsentStatus::Granted);
    drop(client);
    // The folder came back from a backup, the device's secrets did not.
    let new = ScriptedHost::new();
    let client = Client::open(world.config(), new.host_with_files(world.files())).await.unwrap();
    nothing_was_said(&client).await;
    drop(client);
    // The secrets stayed (as the keychain does), the folder is gone.
    let client = Client::open(world.config(), world.device.host()).await.unwrap();
    nothing_was_said(&client).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_person_signs_in() {
    let world = World::new().await;
    let client = world.open().await.unwrap();
    cleared(&client, "review.write").await;
    assert_eq!(status(&client, "profile.store").await, ConsentStatus::Granted);
    // Nobody signs out: the provider ends the session, and somebody else takes the phone.
    world.control().end_sessions("alice").unwrap();
    world.control().sign_in_automatically(Some("bob")).unwrap();
    assert!(matches!(client.fetch_reviews(&world).await, Err(Error::SignInAgain { .. })));
    client.sign_in(None).await.unwrap();
    nothing_was_said(&client).await;
    nothing_was_said(&world.open().await.unwrap()).await;
    // Back to Alice: hers are where she left them.
    client.sign_out().await.unwrap();
    nothing_was_said(&client).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_granted_after_a_session_ended_is_a_visitors() {
    let world = World::new().await;
    let client = world.open_with_policy(analytics_links_nobody(&world)).await.unwrap();
    cleared(&client, "review.write").await;
    world.control().end_sessions("alice").unwrap();
    assert!(matches!(client.fetch_reviews(&world).await, Err(Error::SignInAgain { .. })));
    cleared(&client, "hotel.browse").await;
    assert_eq!(status(&client, "analytics").await, ConsentStatus::Granted);
    assert_eq!(status(&client, "profile.store").await, ConsentStatus::Unknown, "not the visitor's");
    client.sign_in(None).await.unwrap();
    assert_eq!(status(&client, "profile.store").await, ConsentStatus::Granted, "Alice's again");
    assert_eq!(status(&client, "analytics").await, ConsentStatus::Unknown, "its text mentions no linking");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_clock_is_set_back() {
    let world = World::new().await;
    let client = world.open().await.unwrap();
    let now = pforte_host::Clock::wall_ms(&world.device.clock);
    cleared(&client, "hotel.browse").await;
    // Analytics is kept for 13 months; something is said after that, and then the clock goes back.
    world.device.clock.advance(DAY * 400);
    assert_eq!(status(&client, "analytics").await, ConsentStatus::Expired);
    client.consent().withdraw("newsletter".to_owned(), act()).await.unwrap();
    world.device.clock.set_wall(now);
    for client in [client, world.open().await.unwrap()] {
        assert_eq!(status(&client, "analytics").await, ConsentStatus::Expired);
        assert!(!client.track("review.posted", "analytics").await.unwrap());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn withdrawn_offline() {
    let world = World::new().await;
    let client = world.open().await.unwrap();
    cleared(&client, "hotel.browse").await;
    assert!(client.track("hotel.seen", "analytics").await.unwrap());
    let requests = world.control().log().len();
    client.consent().withdraw("analytics".to_owned(), act()).await.unwrap();
    assert_eq!(status(&client, "analytics").await, ConsentStatus::Withdrawn);
    assert!(!client.track("hotel.seen", "analytics").await.unwrap());
    assert_eq!(world.control().log().len(), requests, "nothing was sent");
    drop(client);
    assert_eq!(status(&world.open().await.unwrap(), "analytics").await, ConsentStatus::Withdrawn);
}

#[tokio::test(flavor = "multi_thread")]
async fn under_age() {
    let world = World::new().await;
    let client = world.open().await.unwrap();
    world.device.asks.answer_with(|ask| {
        Ok(match (&ask.kind, answers(ask)) {
            (AskKind::Profile { .. }, Answer::Profile { values }) => Answer::Profile {
                values: values
                    .into_iter()
                    .map(|value| match value.name.as_str() {
                        "age" => FieldValue { value: "under".to_owned(), ..value },
                        _ => value,
                    })
                    .collect(),
            },
            (_, answer) => answer,
        })
    });
    cleared(&client, "review.write").await;
    let asked = world.device.asks.asked();
    assert!(asked.iter().all(|ask| !matches!(ask.kind, AskKind::Consent { .. })), "{asked:?}");
    let error = client.consent().grant("profile.store".to_owned(), act()).await.unwrap_err();
    assert!(error.to_string().contains("consent age"), "{error}");
    assert_eq!(status(&client, "profile.store").await, ConsentStatus::Unknown);
    // What needs consent stops, with the reason.
    assert!(matches!(client.enter("picture.upload").await, Ok(Entry::Stopped { .. })));
    let history = client.consent().history().await.unwrap();
    assert!(!history.contains("granted") && !history.contains("asked"), "{history}");
}

#[tokio::test(flavor = "multi_thread")]
async fn tapped_through_an_overlay() {
    let world = World::new().await;
    let client = world.open().await.unwrap();
    consent_with(&world, |ask| match answers(ask) {
        Answer::Consent { choices, act } => {
            Ok(Answer::Consent { choices, act: Act { genuine: false, ..act } })
        }
        other => Ok(other),
    });
    let error = client.enter("hotel.browse").await.unwrap_err();
    assert!(error.to_string().contains("genuine"), "{error}");
    let covered = Act { genuine: false, ..act() };
    assert!(client.consent().grant("newsletter".to_owned(), covered.clone()).await.is_err());
    nothing_was_said(&client).await;
    // Restricting needs no proof.
    client.consent().withdraw("newsletter".to_owned(), covered).await.unwrap();
    assert_eq!(status(&client, "newsletter").await, ConsentStatus::Withdrawn);
}

#[tokio::test(flavor = "multi_thread")]
async fn browsing_anonymously_writes_nothing_until_a_choice_is_made() {
    let world = World::new().await;
    let client = world.open().await.unwrap();
    consent_with(&world, |_| Ok(Answer::Skipped));
    for touchpoint in ["hotel.browse", "hotel.search", "privacy.view", "consent.change"] {
        cleared(&client, touchpoint).await;
        assert!(names(&world).is_empty(), "{touchpoint}: {:?}", names(&world));
    }
    consent_with(&world, |ask| Ok(refuse_all(ask)));
    cleared(&client, "hotel.browse").await;
    assert_eq!(status(&client, "analytics").await, ConsentStatus::Denied, "a refusal is a choice, and kept");
    assert!(!names(&world).is_empty());
    drop(client);
    assert_eq!(status(&world.open().await.unwrap(), "analytics").await, ConsentStatus::Denied);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_visitors_refusal_comes_along_and_a_grant_only_where_the_text_mentions_linking() {
    let world = World::new().await;
    let client = world.open_with_policy(analytics_links_nobody(&world)).await.unwrap();
    let consent = client.consent();
    consent.withdraw("newsletter".to_owned(), act()).await.unwrap();
    consent.grant("analytics".to_owned(), act()).await.unwrap();
    consent.grant("profile.store".to_owned(), act()).await.unwrap();
    let anonymous: serde_json::Value =
        serde_json::from_str(&consent.export(ExportFormat::JsonLd).await.unwrap()).unwrap();
    client.sign_in(None).await.unwrap();
    assert_eq!(status(&client, "newsletter").await, ConsentStatus::Withdrawn);
    assert_eq!(status(&client, "profile.store").await, ConsentStatus::Granted);
    assert_eq!(status(&client, "analytics").await, ConsentStatus::Unknown);
    let known: serde_json::Value =
        serde_json::from_str(&consent.export(ExportFormat::JsonLd).await.unwrap()).unwrap();
    for member in ["pforte:subject", "pforte:device"] {
        assert_ne!(anonymous[member], known[member], "{member} must not link the two");
    }
    drop(client);
    let again = world.open_with_policy(analytics_links_nobody(&world)).await.unwrap();
    assert_eq!(status(&again, "profile.store").await, ConsentStatus::Granted, "and is there while locked");
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_refusal_there_is_quiet_until_the_cooldown_is_over() {
    let world = World::new().await;
    let client = world.open().await.unwrap();
    consent_with(&world, |ask| Ok(refuse_all(ask)));
    let asked = || world.device.asks.asked().len();
    cleared(&client, "hotel.browse").await;
    assert_eq!(asked(), 1);
    for _ in 0..3 {
        cleared(&client, "hotel.browse").await;
        world.device.clock.advance(DAY * 59);
    }
    assert_eq!(asked(), 1, "177 days of quiet");
    world.device.clock.advance(DAY * 4);
    cleared(&client, "hotel.browse").await;
    assert_eq!(asked(), 2, "after six months");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_text_recipient_or_basis_is_asked_or_told_anew() {
    type Change<'a> = (&'a str, &'a dyn Fn(&mut Config));
    let changes: [Change<'_>; 3] = [
        ("text", &|config| {
            config.policy.policy_toml =
                config.policy.policy_toml.replace("text = \"analytics@2\"", "text = \"newsletter@1\"");
        }),
        ("recipient", &|config| {
            let elsewhere = |text: &str| text.replace("Portal analytics, EU", "Portal analytics, US");
            config.policy.policy_toml = elsewhere(&config.policy.policy_toml);
            for texts in &mut config.policy.texts {
                texts.toml = elsewhere(&texts.toml);
            }
        }),
        ("fields", &|config| {
            config.policy.policy_toml = config
                .policy
                .policy_toml
                .replace("fields = [\"step\", \"route\"]", "fields = [\"step\", \"route\", \"device\"]");
        }),
    ];
    for (what, change) in changes {
        let world = World::new().await;
        let client = world.open().await.unwrap();
        cleared(&client, "hotel.browse").await;
        cleared(&client, "hotel.browse").await;
        assert_eq!(world.device.asks.asked().len(), 1, "once is enough");
        assert!(client.track("hotel.seen", "analytics").await.unwrap());
        drop(client);
        let mut config = world.config();
        change(&mut config);
        assert_ne!(config.policy, world.config().policy, "{what}");
        let client = world.open_with(config).await.unwrap();
        assert!(
            !client.track("hotel.seen", "analytics").await.unwrap(),
            "{what}: the grant was for something else"
        );
        cleared(&client, "hotel.browse").await;
        assert_eq!(world.device.asks.asked().len(), 2, "{what}: asked anew");
        assert!(client.track("hotel.seen", "analytics").await.unwrap());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_consent_that_becomes_a_legitimate_interest_is_told_once_and_can_be_objected_to() {
    let world = World::new().await;
    let client = world.open().await.unwrap();
    cleared(&client, "hotel.browse").await;
    drop(client);
    let mut config = world.config();
    config.policy.policy_toml = config
        .policy
        .policy_toml
        .replacen(
            "basis = \"consent\"\ntext = \"analytics@2\"",
            "basis = \"legitimate-interest\"\ntext = \"analytics@2\"",
            1,
        )
        .replace("offer = [\"analytics\"] ", "inform = [\"analytics\"] ");
    let client = world.open_with(config).await.unwrap();
    let asked = || world.device.asks.asked().len();
    assert!(!client.track("hotel.seen", "analytics").await.unwrap(), "the grant was for another basis");
    for _ in 0..3 {
        cleared(&client, "hotel.browse").await;
        assert_eq!(asked(), 2, "told once");
    }
    client.consent().withdraw("analytics".to_owned(), act()).await.unwrap();
    assert_eq!(status(&client, "analytics").await, ConsentStatus::Objected);
    cleared(&client, "hotel.browse").await;
    assert_eq!(asked(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_notice_is_told_anew() {
    let world = World::new().await;
    let client = world.open().await.unwrap();
    cleared(&client, "review.write").await;
    let informed = || {
        let asked = world.device.asks.asked();
        asked.iter().filter(|ask| matches!(ask.kind, AskKind::Inform { .. })).count()
    };
    cleared(&client, "review.write").await;
    assert_eq!(informed(), 1);
    drop(client);
    let mut config = world.config();
    let fields = "[purpose.\"review.publish\"]\ntitle = \"Publish reviews\"\nowner = \"product\"\nbasis = \"contract\"\ntext = \"review.publish@1\"\nfields = [\"display_name\", \"reviews_written\"]";
    assert!(config.policy.policy_toml.contains(fields));
    config.policy.policy_toml = config
        .policy
        .policy_toml
        .replace(fields, &fields.replace("\"display_name\", ", "\"display_name\", \"email\", "));
    let client = world.open_with(config).await.unwrap();
    cleared(&client, "review.write").await;
    assert_eq!(informed(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_erasure_says_what_remains_and_why_and_ends_with_the_policys_time() {
    let world = World::new().await;
    let client = world.open().await.unwrap();
    assert_eq!(client.consent().erase().await.unwrap().remaining, 0, "nothing was there");
    cleared(&client, "review.write").await;
    let before = client.consent().export(ExportFormat::JsonLd).await.unwrap();
    let now = pforte_host::Clock::wall_ms(&world.device.clock);
    let report = client.consent().erase().await.unwrap();
    assert!(report.destroyed >= 3 && report.remaining == report.destroyed + 1, "{report:?}");
    assert_eq!(report.keep_until_ms, Some(now + 3 * 365 * 86_400_000));
    assert!(report.why.contains("P3Y") && report.why.contains("17(3)(e)"), "{}", report.why);
    assert_eq!(status(&client, "profile.store").await, ConsentStatus::Withdrawn);
    let after: serde_json::Value =
        serde_json::from_str(&client.consent().export(ExportFormat::JsonLd).await.unwrap()).unwrap();
    assert_eq!(
        (&after["pforte:erased"], after["pforte:payloads"].as_array().unwrap().len()),
        (&true.into(), 0)
    );
    // An old export does not bring the evidence back.
    assert_eq!(client.consent().import(before).await.unwrap(), 0);
    let again: serde_json::Value =
        serde_json::from_str(&client.consent().export(ExportFormat::JsonLd).await.unwrap()).unwrap();
    assert_eq!(again["pforte:payloads"].as_array().unwrap().len(), 0);
    // A new choice begins a new ledger, under a new pseudonym.
    client.consent().grant("newsletter".to_owned(), act()).await.unwrap();
    let fresh: serde_json::Value =
        serde_json::from_str(&client.consent().export(ExportFormat::JsonLd).await.unwrap()).unwrap();
    assert_ne!(fresh["pforte:subject"], after["pforte:subject"]);
    assert_eq!(status(&client, "newsletter").await, ConsentStatus::Granted);
    drop(client);
    let with_proof = world.file_bytes().len();
    world.device.clock.advance(DAY * (3 * 365 + 1));
    drop(world.open().await.unwrap());
    assert!(world.file_bytes().len() < with_proof, "the proof's time is over");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_comes_back_on_another_device_and_grants_nothing_there() {
    let world = World::new().await;
    let client = world.open().await.unwrap();
    client.consent().grant("analytics".to_owned(), act()).await.unwrap();
    client.consent().withdraw("newsletter".to_owned(), act()).await.unwrap();
    let document = client.consent().export(ExportFormat::JsonLd).await.unwrap();
    let other = Client::open(world.config(), ScriptedHost::new().host()).await.unwrap();
    assert_eq!(other.consent().import(document.clone()).await.unwrap(), 2);
    assert_eq!(status(&other, "newsletter").await, ConsentStatus::Withdrawn, "a refusal counts");
    assert_eq!(
        status(&other, "analytics").await,
        ConsentStatus::Unknown,
        "nobody certified the other device"
    );
    assert_eq!(other.consent().import(document).await.unwrap(), 0, "nothing twice");
    for wrong in ["", "{}", "{\"pforte:subject\": \"00\"}", "[1, 2"] {
        let error = other.consent().import(wrong.to_owned()).await.unwrap_err();
        assert!(matches!(error, Error::FixConfiguration { .. }), "{error:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kantara_receipt_names_what_it_lacks_and_holds_each_live_grant() {
    let world = World::new().await;
    let client = world.open().await.unwrap();
    client.consent().grant("newsletter".to_owned(), act()).await.unwrap();
    let error = client.consent().export(ExportFormat::Kantara).await.unwrap_err();
    assert!(error.to_string().contains("contact"), "{error}");
    drop(client);
    let controller = pforte_client::Controller {
        name: "The portal".to_owned(),
        contact: "Data protection officer".to_owned(),
        address: "Ring 1, 1010 Wien".to_owned(),
        email: "privacy@portal.example".to_owned(),
        phone: "+43 1 000".to_owned(),
        policy_url: "https://portal.example/privacy".to_owned(),
        jurisdiction: "AT".to_owned(),
    };
    let client = world.open_with(Config { controller: Some(controller), ..world.config() }).await.unwrap();
    client.consent().withdraw("analytics".to_owned(), act()).await.unwrap();
    let text = client.consent().export(ExportFormat::Kantara).await.unwrap();
    let document: serde_json::Value = serde_json::from_str(&text).unwrap();
    let receipts = document["receipts"].as_array().unwrap();
    assert_eq!(receipts.len(), 1, "{text}");
    let receipt = &receipts[0];
    for member in [
        "version",
        "jurisdiction",
        "consentTimestamp",
        "collectionMethod",
        "consentReceiptID",
        "language",
        "piiPrincipalId",
        "piiControllers",
        "policyUrl",
        "services",
        "sensitive",
        "spiCat",
    ] {
        assert!(!receipt[member].is_null(), "{member}");
    }
    assert_eq!(receipt["version"], "KI-CR-v1.1.0");
    assert_eq!(receipt["services"][0]["purposes"][0]["purposeCategory"][0], "newsletter");
    let id = receipt["consentReceiptID"].as_str().unwrap();
    assert_eq!((id.len(), &id[14..15]), (36, "4"));
    assert_eq!(document["pforte:complete"], false, "no service has confirmed it");
}

/// An authorised call, which notices the end of the session.
trait FetchReviews {
    async fn fetch_reviews(&self, world: &World) -> Result<u16, Error>;
}

impl FetchReviews for Arc<Client> {
    async fn fetch_reviews(&self, world: &World) -> Result<u16, Error> {
        let request = pforte_client::HttpRequest {
            method: "GET".to_owned(),
            url: format!("{}/portal/reviews", world.issuer()),
            headers: Vec::new(),
            body: Vec::new(),
        };
        self.send(request).await.map(|response| response.status)
    }
}
