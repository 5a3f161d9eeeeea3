//! An export that stays: this library must go on reading it, and the independent verifier checks it.
//!
//! `verifier/test_verify.py` reads the same files. To make them anew, after a deliberate change of the format:
//! `PFORTE_WRITE_GOLDEN=1 cargo test -p pforte-consent --test golden`.

#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]

mod common;

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use common::{DAY, NOW, Phone, SUBJECT, Signer, statement};
use pforte_consent::{
    Controller, ExportContext, Identity, Ledger, Payload, PublicKey, PurposeTerms, Rule, State, Subject,
};
use serde_json::Value;

const PURPOSES: [&str; 5] = ["analytics", "crm.link", "profile.store", "review.publish", "newsletter"];

fn context() -> ExportContext {
    let purposes = PURPOSES.map(|purpose| PurposeTerms {
        purpose: purpose.to_owned(),
        title: format!("Title of {purpose}"),
        basis: if purpose == "review.publish" { "contract" } else { "consent" }.to_owned(),
        recipient: (purpose == "crm.link").then(|| "Customer database".to_owned()),
        fields: vec!["email".to_owned()],
        rule: Rule { retain_ms: (purpose == "newsletter").then_some(DAY), ..Rule::default() },
    });
    ExportContext {
        controller: Controller { name: "The portal".to_owned(), ..Controller::default() },
        language: "de".to_owned(),
        now_ms: NOW + 2 * DAY,
        purposes: purposes.into(),
    }
}

/// Two certified devices, one that is not, and one whose certificate was revoked; both sides of a disagreement; a receipt for all that is held.
fn portal() -> (Phone, Signer) {
    let service = Signer::new();
    let mut phone = Phone::new(SUBJECT, &[&service]);
    let mut tablet = Phone::new(SUBJECT, &[&service]);
    let mut stranger = Phone::new(SUBJECT, &[&service]);
    let mut lost = Phone::new(SUBJECT, &[&service]);
    for device in [&phone.signer.key, &tablet.signer.key, &lost.signer.key] {
        let certificate = service.certify(SUBJECT, device);
        phone.ledger.merge(&certificate).unwrap();
    }
    for (purpose, state) in [
        ("analytics", State::Granted),
        ("crm.link", State::Granted),
        ("profile.store", State::Granted),
        ("review.publish", State::Informed),
        ("newsletter", State::Granted),
    ] {
        phone.say(&statement(purpose, state)).unwrap();
    }
    tablet.receive(&phone.ledger.records());
    tablet.say(&statement("analytics", State::Withdrawn)).unwrap();
    tablet.say(&statement("crm.link", State::Denied)).unwrap();
    phone.say(&statement("crm.link", State::Granted)).unwrap();
    stranger.say(&statement("profile.store", State::Granted)).unwrap();
    phone.receive(&tablet.ledger.records());
    // Whoever found the lost phone has seen every restriction, and agrees; the service has revoked the phone by then.
    lost.receive(&phone.ledger.records());
    lost.say(&statement("crm.link", State::Granted)).unwrap();
    phone.receive(&service.revoke(SUBJECT, &lost.signer.key, 0));
    phone.receive(&lost.ledger.records());
    for device in [&tablet, &stranger] {
        phone.receive(&device.ledger.records());
        phone.receive(&service.receipt(&device.ledger));
    }
    phone.payloads.extend(tablet.payloads);
    phone.receive(&service.receipt(&phone.ledger));
    (phone, service)
}

/// Every kind of record once: an entry that grants, its payload, certificate, revocation (of a device never seen) and
/// receipt.
fn small(service: &Signer) -> Phone {
    let mut phone = Phone::new(SUBJECT, &[service]);
    phone.receive(&service.certify(SUBJECT, &phone.signer.key.clone()));
    phone.receive(&service.revoke(SUBJECT, &phone.signer.key.clone(), 1));
    phone.say(&statement("analytics", State::Granted)).unwrap();
    phone.receive(&service.receipt(&phone.ledger));
    phone
}

fn read(name: &str) -> (Value, PublicKey, String) {
    let text = fs::read_to_string(data(name)).unwrap();
    let document: Value = serde_json::from_str(&text).unwrap();
    let service = fs::read_to_string(data("service.hex")).unwrap();
    let point: Vec<u8> = service
        .trim()
        .as_bytes()
        .chunks(2)
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect();
    (document, PublicKey::from_sec1(&point).unwrap(), text)
}

fn data(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name)
}

fn bytes(document: &Value, member: &str) -> Vec<Vec<u8>> {
    let texts = document[member].as_array().unwrap();
    texts.iter().map(|text| URL_SAFE_NO_PAD.decode(text.as_str().unwrap()).unwrap()).collect()
}

fn import(name: &str) -> (Value, Ledger, Vec<Payload>) {
    let (document, service, _) = read(name);
    let entries = bytes(&document, "pforte:entries");
    let device = document["pforte:device"].as_str().unwrap();
    // The key that an entry of the exporting device carries: members -2 and -3 of its COSE_Key.
    let point = entries.iter().find_map(|entry| {
        let at = entry.windows(5).position(|window| window == [0x02, 0x20, 0x01, 0x21, 0x58])?;
        let (x, y) = (entry.get(at + 6..at + 38)?, entry.get(at + 41..at + 73)?);
        let key = PublicKey::from_sec1(&[&[4], x, y].concat()).ok()?;
        (key.thumbprint().to_string() == device).then_some(key)
    });
    let subject = Subject::from_hex(document["pforte:subject"].as_str().unwrap()).unwrap();
    let identity = Identity { subject, device_key: point.unwrap(), services: vec![service] };
    let records = ["pforte:certificates", "pforte:revocations", "pforte:entries", "pforte:receipts"]
        .map(|member| bytes(&document, member).concat());
    let ledger = Ledger::from_entries(identity, &records.concat()).unwrap();
    let payloads = bytes(&document, "pforte:payloads");
    let payloads = payloads.iter().map(|payload| Payload::from_bytes(payload).unwrap()).collect();
    (document, ledger, payloads)
}

#[test]
fn the_golden_export_reads_back_and_exports_the_same() {
    for name in ["export.json", "erased.json", "small.json"] {
        let (document, ledger, payloads) = import(name);
        let again: Value = serde_json::from_str(&ledger.export(&context(), &payloads)).unwrap();
        assert_eq!(again, document, "{name}");
    }
}

#[test]
fn the_golden_export_says_what_was_agreed() {
    let (document, ledger, payloads) = import("export.json");
    let states: Vec<&str> = document["dpv:hasProcess"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["pforte:state"].as_str().unwrap())
        .collect();
    assert_eq!(states, ["withdrawn", "denied", "granted", "informed", "expired"]);
    assert_eq!(document["dpv:hasProcess"][1]["pforte:conflict"], true);
    assert_eq!((document["pforte:complete"].as_bool(), payloads.len()), (Some(true), 8));
    assert_eq!(ledger.purposes().len(), 5);
    let (erased, ledger, payloads) = import("erased.json");
    assert!(ledger.is_erased() && payloads.is_empty());
    assert_eq!(erased["pforte:complete"], false, "the tombstone is not confirmed yet");
}

/// Signatures and salts differ each time, the members do not. With `PFORTE_WRITE_GOLDEN` set, the files are written.
#[test]
fn an_export_made_today_has_the_golden_ones_shape() {
    let (mut phone, service) = portal();
    if std::env::var_os("PFORTE_WRITE_GOLDEN").is_some() {
        let hex: String = service.key.to_sec1().iter().map(|byte| format!("{byte:02x}")).collect();
        fs::write(data("service.hex"), hex + "\n").unwrap();
    }
    let compare = |name: &str, phone: &Phone| {
        let document: Value =
            serde_json::from_str(&phone.ledger.export(&context(), &phone.payloads)).unwrap();
        if std::env::var_os("PFORTE_WRITE_GOLDEN").is_some() {
            fs::write(data(name), serde_json::to_string_pretty(&document).unwrap() + "\n").unwrap();
        }
        let golden: Value = serde_json::from_slice(&fs::read(data(name)).unwrap()).unwrap();
        let members =
            |document: &Value| document.as_object().unwrap().keys().cloned().collect::<BTreeSet<_>>();
        assert_eq!(members(&document), members(&golden), "{name}");
        assert!(members(&golden).len() > 3, "{name}");
    };
    compare("small.json", &small(&service));
    compare("export.json", &phone);
    phone.erase();
    compare("erased.json", &phone);
}
