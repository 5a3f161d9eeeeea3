//! One person, several devices, and the account service between them.

#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]

use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use pforte_client::{
    Client, Config, ConsentService, ConsentStatus, Entry, Error, ExportFormat, Header, HttpRequest,
};
use pforte_consent::{Age, Digest, Identity, Ledger, PublicKey, Salt, ShownText, State, Statement, Subject};
use pforte_host::{Act, AskKind};
use pforte_journeys::{World, answers};
use pforte_provider::{Act as Misdeed, CONSENT_OPERATIONS, Endpoint, Misbehaviour};
use pforte_testing::ScriptedHost;
use serde_json::{Value, json};

fn act() -> Act {
    Act { surface: "settings".to_owned(), control: "switch".to_owned(), genuine: true }
}

fn config(world: &World) -> Config {
    let service =
        ConsentService { url: world.issuer().to_owned(), keys: vec![world.control().consent_service_key()] };
    Config { consent_service: Some(service), ..world.config() }
}

/// Another device of whoever is signed in, or the same one again.
async fn open(world: &World, device: &ScriptedHost) -> Arc<Client> {
    Client::open(config(world), device.host()).await.unwrap()
}

async fn new_device(world: &World) -> (ScriptedHost, Arc<Client>) {
    let device = ScriptedHost::new();
    device.asks.answer_with(|ask| Ok(answers(ask)));
    let client = open(world, &device).await;
    client.sign_in(None).await.unwrap();
    (device, client)
}

async fn status(client: &Arc<Client>, purpose: &str) -> ConsentStatus {
    let purposes = client.consent().purposes().await.unwrap();
    purposes.into_iter().find(|view| view.purpose == purpose).unwrap().status
}

async fn grant(client: &Arc<Client>, purpose: &str) {
    client.consent().grant(purpose.to_owned(), act()).await.unwrap();
}

async fn withdraw(client: &Arc<Client>, purpose: &str) {
    client.consent().withdraw(purpose.to_owned(), act()).await.unwrap();
}

async fn export(client: &Arc<Client>) -> Value {
    serde_json::from_str(&client.consent().export(ExportFormat::JsonLd).await.unwrap()).unwrap()
}

/// An authorised call to the account service itself.
async fn call(client: &Arc<Client>, world: &World, method: &str, path: &str, body: &Value) -> (u16, Value) {
    let request = HttpRequest {
        method: method.to_owned(),
        url: format!("{}{path}", world.issuer()),
        headers: vec![Header { name: "content-type".to_owned(), value: "application/json".to_owned() }],
        body: body.to_string().into_bytes(),
    };
    let response = client.send(request).await.unwrap();
    (response.status, serde_json::from_slice(&response.body).unwrap())
}

fn exchange(subject: &str, records: &[String], payloads: &[String]) -> Value {
    json!({ "subject": subject, "heads": [], "records": records, "payloads": payloads, "limit": 100 })
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_device_records_the_other_knows() {
    let world = World::new().await;
    let (_, phone) = new_device(&world).await;
    grant(&phone, "newsletter").await;
    withdraw(&phone, "analytics").await;
    let report = phone.consent().sync().await.unwrap();
    assert!(report.complete && report.sent == 2, "{report:?}");
    assert_eq!(report.confirmed_up_to, Some(1));
    assert_eq!(export(&phone).await["pforte:complete"], true);
    assert_eq!(export(&phone).await["pforte:completeUpTo"][0]["pforte:seq"], 1);

    let (device, tablet) = new_device(&world).await;
    assert_eq!(status(&tablet, "newsletter").await, ConsentStatus::Unknown);
    tablet.consent().sync().await.unwrap();
    assert_eq!(status(&tablet, "newsletter").await, ConsentStatus::Granted, "certified by the service");
    assert_eq!(status(&tablet, "analytics").await, ConsentStatus::Withdrawn);
    withdraw(&tablet, "newsletter").await;
    tablet.consent().sync().await.unwrap();
    phone.consent().sync().await.unwrap();
    assert_eq!(status(&phone, "newsletter").await, ConsentStatus::Withdrawn);
    // Everything that came was stored, and the evidence with it.
    drop(tablet);
    let tablet = open(&world, &device).await;
    assert_eq!(status(&tablet, "newsletter").await, ConsentStatus::Withdrawn);
    let (one, other) = (export(&phone).await, export(&tablet).await);
    assert_eq!(one["pforte:subject"], other["pforte:subject"]);
    for member in ["pforte:entries", "pforte:payloads", "pforte:receipts", "pforte:certificates"] {
        let sorted = |document: &Value| {
            let mut items: Vec<String> =
                document[member].as_array().unwrap().iter().map(Value::to_string).collect();
            items.sort();
            items
        };
        assert!(!sorted(&one).is_empty(), "{member}");
        if member != "pforte:receipts" {
            assert_eq!(sorted(&one), sorted(&other), "{member}");
        }
    }
    // Again changes nothing.
    let again = phone.consent().sync().await.unwrap();
    assert_eq!((again.sent, again.received, again.complete), (0, 0, true));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disagreement_restricts_and_asks_one_question() {
    let world = World::new().await;
    let (device, phone) = new_device(&world).await;
    let (_, tablet) = new_device(&world).await;
    for client in [&phone, &tablet] {
        client.consent().sync().await.unwrap();
    }
    grant(&phone, "analytics").await;
    withdraw(&tablet, "analytics").await;
    for client in [&phone, &tablet, &phone] {
        client.consent().sync().await.unwrap();
    }
    for client in [&phone, &tablet] {
        assert_eq!(status(client, "analytics").await, ConsentStatus::Withdrawn);
        assert!(!client.track("hotel.seen", "analytics").await.unwrap());
    }
    let questions = || {
        let asked = device.asks.asked();
        asked.iter().filter(|ask| matches!(ask.kind, AskKind::Consent { .. })).count()
    };
    let before = questions();
    for _ in 0..2 {
        assert!(matches!(phone.enter("hotel.browse").await, Ok(Entry::Cleared { .. })));
    }
    assert_eq!(questions(), before + 1);
    for client in [&phone, &tablet] {
        client.consent().sync().await.unwrap();
        assert_eq!(status(client, "analytics").await, ConsentStatus::Granted);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_visitor_who_signs_in_brings_refusals_to_the_account_and_overrules_nothing() {
    let world = World::new().await;
    let (_, phone) = new_device(&world).await;
    withdraw(&phone, "profile.store").await;
    grant(&phone, "analytics").await;
    phone.consent().sync().await.unwrap();
    let device = ScriptedHost::new();
    device.asks.answer_with(|ask| Ok(answers(ask)));
    let tablet = open(&world, &device).await;
    grant(&tablet, "profile.store").await;
    withdraw(&tablet, "analytics").await;
    tablet.sign_in(None).await.unwrap();
    tablet.consent().sync().await.unwrap();
    assert_eq!(
        status(&tablet, "profile.store").await,
        ConsentStatus::Withdrawn,
        "the account decided otherwise"
    );
    assert_eq!(status(&tablet, "analytics").await, ConsentStatus::Withdrawn, "nobody refuses twice");
    phone.consent().sync().await.unwrap();
    assert_eq!(status(&phone, "analytics").await, ConsentStatus::Withdrawn);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sync_that_is_broken_off_anywhere_is_taken_up() {
    let world = World::new().await;
    world.control().limit_consent_pages(1);
    let (_, phone) = new_device(&world).await;
    phone.consent().sync().await.unwrap();
    for purpose in ["analytics", "newsletter", "profile.store", "crm.link", "picture.rights"] {
        grant(&phone, purpose).await;
        withdraw(&phone, purpose).await;
    }
    world.control().misbehave(Misbehaviour::once(Endpoint::Consent, Misdeed::DropAfter)).unwrap();
    let error = phone.consent().sync().await.unwrap_err();
    assert!(matches!(error, Error::Retry { .. }), "{error:?}");
    assert!(phone.consent().sync().await.unwrap().complete);
    let (_, tablet) = new_device(&world).await;
    // Each answer is held back, so that a sync is broken off while it waits for one.
    let held_back = Misdeed::Delay { millis: 100, processed: true };
    world.control().misbehave(Misbehaviour::always(Endpoint::Consent, held_back)).unwrap();
    let mut broken_off = 0;
    for calls in [1, 2, 3].into_iter().cycle().take(60) {
        let before = world.control().consent_calls().len();
        let syncing = {
            let tablet = tablet.clone();
            tokio::spawn(async move { tablet.consent().sync().await })
        };
        while world.control().consent_calls().len() < before + calls && !syncing.is_finished() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        if syncing.is_finished() {
            assert!(syncing.await.unwrap().unwrap().complete);
            break;
        }
        broken_off += 1;
        syncing.abort();
        drop(syncing.await);
    }
    assert!(broken_off > 5, "{broken_off}");
    assert!(tablet.consent().sync().await.unwrap().complete);
    for purpose in ["analytics", "newsletter", "profile.store", "crm.link", "picture.rights"] {
        assert_eq!(status(&tablet, purpose).await, ConsentStatus::Withdrawn);
    }
    let entries = |document: &Value| document["pforte:entries"].as_array().unwrap().len();
    assert_eq!((entries(&export(&tablet).await), world.control().consents("alice")[0].entries), (10, 10));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_erasure_reaches_the_service_and_every_device_and_what_was_erased_stays_away() {
    let world = World::new().await;
    let (_, phone) = new_device(&world).await;
    grant(&phone, "newsletter").await;
    phone.consent().sync().await.unwrap();
    let (_, tablet) = new_device(&world).await;
    tablet.consent().sync().await.unwrap();
    let before = export(&tablet).await;
    let payloads: Vec<String> = serde_json::from_value(before["pforte:payloads"].clone()).unwrap();
    assert_eq!((payloads.len(), world.control().consents("alice")[0].payloads), (1, 1));

    let report = phone.consent().erase().await.unwrap();
    assert!(report.service_to_be_told && report.remaining == 2, "{report:?}");
    phone.consent().sync().await.unwrap();
    let held = &world.control().consents("alice")[0];
    assert_eq!((held.payloads, held.erased), (0, true));
    // A peer that still has the evidence hands it in again.
    let subject = before["pforte:subject"].as_str().unwrap();
    let records: Vec<String> = serde_json::from_value(before["pforte:entries"].clone()).unwrap();
    let (status_code, answer) =
        call(&tablet, &world, "POST", "/consent/exchange", &exchange(subject, &records, &payloads)).await;
    assert_eq!((status_code, answer["payloads"].as_array().unwrap().len()), (200, 0));
    assert_eq!(world.control().consents("alice")[0].payloads, 0);

    tablet.consent().sync().await.unwrap();
    assert_eq!(status(&tablet, "newsletter").await, ConsentStatus::Withdrawn);
    assert_eq!(export(&tablet).await["pforte:payloads"], json!([]));
    // The same person begins anew, under another pseudonym.
    grant(&phone, "newsletter").await;
    phone.consent().sync().await.unwrap();
    let held = world.control().consents("alice");
    assert_eq!(held.len(), 2);
    assert!(!held[1].erased && held[1].subject != subject && held[1].entries == 1, "{held:?}");
}

/// A device of its own making, under somebody's subject.
struct Forger {
    key: EcdsaKeyPair,
    ledger: Ledger,
}

impl Forger {
    fn new(subject: &str) -> Self {
        let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
        let device_key = PublicKey::from_sec1(key.public_key().as_ref()).unwrap();
        let subject = Subject::from_hex(subject).unwrap();
        Self { key, ledger: Ledger::new(Identity { subject, device_key, services: vec![] }) }
    }

    fn say(&mut self, purpose: &str, state: State, text: &str) -> String {
        let text = ShownText {
            id: "forged@1".to_owned(),
            hash: Digest::from_hex(text).unwrap(),
            locale: "en".to_owned(),
            mentions_linking: true,
        };
        let statement = Statement {
            purpose: purpose.to_owned(),
            state,
            text: Some(text),
            act: Some(act()),
            age: Age::Over,
            policy_hash: Digest::of(b"policy"),
            terms: None,
            wall_ms: 1_800_000_000_000,
        };
        let draft = self.ledger.draft(&statement, Salt::new([1; 32])).unwrap();
        let signature = self.key.sign(&SystemRandom::new(), &draft.to_be_signed()).unwrap();
        let entry = draft.seal(signature.as_ref()).unwrap().entry;
        let record = URL_SAFE_NO_PAD.encode(entry.as_bytes());
        self.ledger.append(entry).unwrap();
        record
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_forged_by_a_key_that_nobody_certified_grants_nothing() {
    let world = World::new().await;
    let (_, phone) = new_device(&world).await;
    grant(&phone, "newsletter").await;
    phone.consent().sync().await.unwrap();
    let document = export(&phone).await;
    let subject = document["pforte:subject"].as_str().unwrap();
    let mut forger = Forger::new(subject);
    let text = Digest::of(b"anything").to_string();
    let forged = [
        forger.say("analytics", State::Granted, &text),
        forger.say("crm.link", State::Granted, &text),
        forger.say("newsletter", State::Denied, &text),
    ];
    let (code, _) = call(&phone, &world, "POST", "/consent/exchange", &exchange(subject, &forged, &[])).await;
    assert_eq!(code, 200, "the service keeps it: it may only restrict");
    phone.consent().sync().await.unwrap();
    for purpose in ["analytics", "crm.link"] {
        assert_eq!(status(&phone, purpose).await, ConsentStatus::Unknown, "{purpose}");
        assert!(!phone.track("hotel.seen", purpose).await.unwrap());
    }
    assert_eq!(status(&phone, "newsletter").await, ConsentStatus::Denied, "restricting needs no certificate");
    // The service refuses what is not signed, or about somebody else, and says where.
    let mut changed = URL_SAFE_NO_PAD.decode(&forged[0]).unwrap();
    *changed.last_mut().unwrap() ^= 1;
    let changed = URL_SAFE_NO_PAD.encode(changed);
    for (record, says) in [(changed, "signature"), ("AAAA".to_owned(), "malformed at byte 0")] {
        let body = exchange(subject, &[record], &[]);
        let (code, answer) = call(&phone, &world, "POST", "/consent/exchange", &body).await;
        assert!(code == 422 && answer["error"].as_str().unwrap().contains(says), "{answer}");
    }
    // Nobody else's ledger can be read or written with this token.
    let (code, _) =
        call(&phone, &world, "POST", "/consent/exchange", &exchange(&"0".repeat(64), &[], &[])).await;
    assert_eq!(code, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_phone_grants_nothing_any_more() {
    let world = World::new().await;
    let (_, phone) = new_device(&world).await;
    let (_, lost) = new_device(&world).await;
    grant(&lost, "newsletter").await;
    for client in [&phone, &lost, &phone] {
        client.consent().sync().await.unwrap();
    }
    assert_eq!(status(&phone, "newsletter").await, ConsentStatus::Granted);
    let device = export(&lost).await["pforte:device"].as_str().unwrap().to_owned();
    let (code, _) = call(&phone, &world, "DELETE", &format!("/consent/devices/{device}"), &Value::Null).await;
    assert_eq!(code, 200);
    grant(&lost, "crm.link").await;
    withdraw(&lost, "profile.store").await;
    for client in [&lost, &phone] {
        client.consent().sync().await.unwrap();
        assert_eq!(status(client, "crm.link").await, ConsentStatus::Unknown);
        assert_eq!(status(client, "profile.store").await, ConsentStatus::Withdrawn, "it may still refuse");
        assert_eq!(status(client, "newsletter").await, ConsentStatus::Granted, "what was said before stays");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ledger_that_was_cut_or_rolled_back_is_noticed() {
    let world = World::new().await;
    let device = ScriptedHost::new();
    let client = open(&world, &device).await;
    grant(&client, "analytics").await;
    let before = device.files.all();
    withdraw(&client, "analytics").await;
    drop(client);
    let name = before.keys().find(|name| device.files.all()[*name] != before[*name]).unwrap().clone();
    assert!(device.files.all()[&name].len() > before[&name].len());
    for (what, bytes) in
        [("rolled back to before the withdrawal", before[&name].clone()), ("emptied", vec![])]
    {
        device.files.put(&name, bytes.clone());
        let client = Client::open(config(&world), device.host()).await.unwrap();
        // The grant that was taken back does not come back; what was refused is kept, for whoever looks into it.
        assert_eq!(status(&client, "analytics").await, ConsentStatus::Unknown, "{what}");
        assert!(
            client.why().iter().any(|line| line.contains("consent ledger")),
            "{what}: {:?}",
            client.why()
        );
        let aside =
            |(kept, held): (&String, &Vec<u8>)| kept.starts_with(&format!("{name}.")) && *held == bytes;
        assert!(device.files.all().iter().any(aside), "{what}");
        withdraw(&client, "analytics").await;
    }
    assert_eq!(status(&open(&world, &device).await, "analytics").await, ConsentStatus::Withdrawn);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_service_or_a_session_the_error_says_what_to_do() {
    let world = World::new().await;
    let client = world.open().await.unwrap();
    let Err(Error::FixConfiguration { hint }) = client.consent().sync().await else { panic!() };
    assert!(hint.contains("consent_service"), "{hint}");
    drop(client);
    let client = open(&world, &ScriptedHost::new()).await;
    assert!(matches!(client.consent().sync().await, Err(Error::SignInAgain { .. })));
    let service = ConsentService { url: world.issuer().to_owned(), keys: vec!["04".to_owned()] };
    let wrong = Config { consent_service: Some(service), ..world.config() };
    let error = Client::open(wrong, ScriptedHost::new().host()).await.map(|_| ()).unwrap_err();
    assert!(error.to_string().contains("130 hex digits"), "{error}");
    // A service whose key is not the pinned one is not believed.
    let stranger = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
    let hex: String = stranger.public_key().as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    let service = ConsentService { url: world.issuer().to_owned(), keys: vec![hex] };
    let wrong = Config { consent_service: Some(service), ..world.config() };
    let device = ScriptedHost::new();
    device.asks.answer_with(|ask| Ok(answers(ask)));
    let client = Client::open(wrong, device.host()).await.unwrap();
    client.sign_in(None).await.unwrap();
    grant(&client, "newsletter").await;
    let error = client.consent().sync().await.unwrap_err();
    assert!(error.to_string().contains("account service"), "{error}");
    assert_eq!(status(&client, "newsletter").await, ConsentStatus::Granted);
}

/// The reference receiver's routes, the client's requests and both sides' bodies are those of the document.
#[tokio::test(flavor = "multi_thread")]
async fn the_openapi_document_says_what_receiver_and_client_do() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../core/consent/openapi.yaml");
    let document: Value = serde_yaml_ng::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let mut operations: Vec<String> = document["paths"]
        .as_object()
        .unwrap()
        .iter()
        .flat_map(|(path, methods)| {
            methods.as_object().unwrap().keys().map(move |method| format!("{method} {path}"))
        })
        .collect();
    operations.sort();
    let mut served = CONSENT_OPERATIONS.map(|(method, path)| format!("{method} {path}"));
    served.sort();
    assert_eq!(operations, served);

    let world = World::new().await;
    let (_, phone) = new_device(&world).await;
    grant(&phone, "newsletter").await;
    phone.consent().sync().await.unwrap();
    let (_, tablet) = new_device(&world).await;
    tablet.consent().sync().await.unwrap();
    let device = export(&tablet).await["pforte:device"].as_str().unwrap().to_owned();
    call(&phone, &world, "DELETE", &format!("/consent/devices/{device}"), &Value::Null).await;
    call(&phone, &world, "DELETE", "/consent/devices/none", &Value::Null).await;
    call(&phone, &world, "POST", "/consent/devices", &json!({ "device_key": "AAAA" })).await;

    let (mut seen, mut refused) = (std::collections::BTreeSet::new(), 0);
    for call in world.control().consent_calls() {
        let (method, path) = call.operation.split_once(' ').unwrap();
        let operation = &document["paths"][path][method];
        let body = &operation["requestBody"]["content"]["application/json"]["schema"];
        if call.status == 200 && !body.is_null() {
            check(&document, body, &call.request, &call.operation);
        }
        let response = resolved(&document, &operation["responses"][call.status.to_string()]);
        let schema = &response["content"]["application/json"]["schema"];
        assert!(!schema.is_null(), "{} {} is not described", call.operation, call.status);
        check(&document, schema, &call.response, &call.operation);
        seen.insert(call.operation.clone());
        refused += u32::from(call.status != 200);
    }
    assert_eq!(seen.into_iter().collect::<Vec<_>>(), operations);
    assert_eq!(refused, 2);
    // The check would notice.
    let page = &document["components"]["schemas"]["Page"];
    let whole = json!({ "heads": [], "records": [], "payloads": [], "more": false });
    check(&document, page, &whole, "page");
    for wrong in [
        json!({ "heads": [], "records": [], "payloads": [] }),
        json!({ "heads": [], "records": [], "payloads": [], "more": false, "cursor": 1 }),
        json!({ "heads": [], "records": ["!"], "payloads": [], "more": false }),
        json!({ "heads": [{}], "records": [], "payloads": [], "more": false }),
    ] {
        assert!(std::panic::catch_unwind(|| check(&document, page, &wrong, "page")).is_err(), "{wrong}");
    }
}

fn resolved<'a>(document: &'a Value, schema: &'a Value) -> &'a Value {
    match schema["$ref"].as_str() {
        Some(reference) => document.pointer(reference.trim_start_matches('#')).unwrap(),
        None => schema,
    }
}

/// The few words of JSON Schema that the document uses.
fn check(document: &Value, schema: &Value, value: &Value, place: &str) {
    let schema = resolved(document, schema);
    match schema["type"].as_str().unwrap() {
        "object" => {
            let object = value.as_object().unwrap_or_else(|| panic!("{place}: no object: {value}"));
            for member in schema["required"].as_array().unwrap() {
                assert!(object.contains_key(member.as_str().unwrap()), "{place} lacks {member}");
            }
            assert_eq!(schema["additionalProperties"], false, "{place}");
            for (member, value) in object {
                let schema = &schema["properties"][member];
                assert!(!schema.is_null(), "{place} has {member}, which is not described");
                check(document, schema, value, &format!("{place}.{member}"));
            }
        }
        "array" => {
            let items = value.as_array().unwrap_or_else(|| panic!("{place}: no array: {value}"));
            items.iter().for_each(|item| check(document, &schema["items"], item, place));
        }
        "integer" => assert!(value.as_i64().unwrap() >= schema["minimum"].as_i64().unwrap(), "{place}"),
        "boolean" => assert!(value.is_boolean(), "{place}: {value}"),
        "string" => {
            let text = value.as_str().unwrap_or_else(|| panic!("{place}: no text: {value}"));
            let hex =
                |text: &str| text.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
            let base64 =
                |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte));
            match schema["pattern"].as_str() {
                None => {}
                Some("^[0-9a-f]{64}$") => assert!(text.len() == 64 && hex(text), "{place}: {text}"),
                Some("^[A-Za-z0-9_-]+$") => assert!(!text.is_empty() && base64(text), "{place}: {text}"),
                Some("^[A-Za-z0-9_-]{87}$") => assert!(text.len() == 87 && base64(text), "{place}: {text}"),
                Some(other) => panic!("{place}: a pattern that this check does not know: {other}"),
            }
        }
        other => panic!("{place}: a type that this check does not know: {other}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn events_go_out_under_a_live_grant_only() {
    use std::sync::Mutex;

    use pforte_client::{EventSink, SinkError, TrackedEvent};

    #[derive(Default)]
    struct Sink {
        taken: Mutex<Vec<TrackedEvent>>,
        fails: Mutex<bool>,
    }
    impl EventSink for Sink {
        fn deliver(&self, event: TrackedEvent) -> Result<(), SinkError> {
            if *self.fails.lock().unwrap() {
                return Err(SinkError { reason: "no network".to_owned() });
            }
            self.taken.lock().unwrap().push(event);
            Ok(())
        }
    }
    let world = World::new().await;
    let client = world.open().await.unwrap();
    let sink = Arc::new(Sink::default());
    let delivered = async |count: usize| {
        let reached = async {
            while sink.taken.lock().unwrap().len() < count {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), reached).await.unwrap();
    };
    assert!(!client.track("hotel.seen", "analytics").await.unwrap(), "nobody agreed");
    grant(&client, "analytics").await;
    grant(&client, "newsletter").await;
    // They wait until there is somebody to take them; what is withdrawn meanwhile never goes out.
    assert!(client.track("hotel.seen", "analytics").await.unwrap());
    assert!(client.track("letter.opened", "newsletter").await.unwrap());
    withdraw(&client, "analytics").await;
    assert!(!client.track("hotel.seen", "analytics").await.unwrap());
    client.deliver_events(sink.clone());
    delivered(1).await;
    assert!(client.track("letter.closed", "newsletter").await.unwrap());
    delivered(2).await;
    // What the sink could not take waits, and is held against the ledger once more.
    *sink.fails.lock().unwrap() = true;
    assert!(client.track("letter.kept", "newsletter").await.unwrap());
    tokio::time::sleep(Duration::from_millis(50)).await;
    withdraw(&client, "newsletter").await;
    *sink.fails.lock().unwrap() = false;
    grant(&client, "newsletter").await;
    client.deliver_events(sink.clone());
    assert!(client.track("letter.last", "newsletter").await.unwrap());
    delivered(3).await;
    let taken = sink.taken.lock().unwrap().clone();
    let names: Vec<Value> = taken
        .iter()
        .map(|event| serde_json::from_str::<Value>(&event.json).unwrap()["event"].clone())
        .collect();
    assert_eq!(names, ["letter.opened", "letter.closed", "letter.last"]);
    assert!(taken.iter().all(|event| event.purpose == "newsletter"));
    for (event, purpose) in [("", "analytics"), ("Alice was here", "analytics"), ("hotel.seen", "unknown")] {
        assert!(matches!(client.track(event, purpose).await, Err(Error::FixConfiguration { .. })));
    }
}
