//! Taking an exported ledger in again: what is noticed, and where.

#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]

mod common;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use common::{NOW, Phone, SUBJECT, Signer, statement};
use pforte_consent::{
    ExportContext, Fault, Identity, ImportError, Imported, Ledger, LedgerError, Rule, State, Subject,
};
use serde_json::{Value, json};

const RECORDS: [&str; 4] = ["pforte:certificates", "pforte:revocations", "pforte:entries", "pforte:receipts"];

/// A ledger with every kind of record, its export, and an empty ledger on another device.
fn exported() -> (Phone, Value, Ledger) {
    let service = Signer::new();
    let mut phone = Phone::new(SUBJECT, &[&service]);
    phone.receive(&service.certify(SUBJECT, &phone.signer.key.clone()));
    phone.receive(&service.revoke(SUBJECT, &phone.signer.key.clone(), 2));
    phone.say(&statement("analytics", State::Granted)).unwrap();
    phone.say(&statement("crm.link", State::Denied)).unwrap();
    phone.receive(&service.receipt(&phone.ledger));
    let document = phone.ledger.export(&ExportContext::default(), &phone.payloads);
    let identity =
        Identity { subject: SUBJECT, device_key: Signer::new().key, services: vec![service.key.clone()] };
    (phone, serde_json::from_str(&document).unwrap(), Ledger::new(identity))
}

fn state(ledger: &Ledger, purpose: &str) -> State {
    ledger.standing(purpose, &Rule::default(), NOW).state
}

#[test]
fn an_export_comes_back_whole() {
    let (phone, document, mut ledger) = exported();
    let (report, payloads) = ledger.import(Imported::from_json(&document.to_string()).unwrap()).unwrap();
    assert_eq!((report.records.len(), payloads.len()), (5, 2));
    assert_eq!(ledger.whole_heads(), phone.ledger.whole_heads());
    assert_eq!((state(&ledger, "analytics"), state(&ledger, "crm.link")), (State::Granted, State::Denied));
    let (again, _) = ledger.import(Imported::from_json(&document.to_string()).unwrap()).unwrap();
    assert!(again.records.is_empty());
    // Nobody believes the service here: what the other device granted counts for nothing, what it refused does.
    let identity = Identity { services: vec![], ..ledger.identity().clone() };
    let mut stranger = Ledger::new(identity);
    stranger.import(Imported::from_json(&document.to_string()).unwrap()).unwrap();
    assert_eq!(
        (state(&stranger, "analytics"), state(&stranger, "crm.link")),
        (State::Unknown, State::Denied)
    );
    let other = Identity { subject: Subject::new([9; 32]), ..ledger.identity().clone() };
    let refused = Ledger::new(other).import(Imported::from_json(&document.to_string()).unwrap());
    assert_eq!(refused.unwrap_err(), LedgerError::OtherSubject { offset: 0 });
}

#[test]
fn what_is_wrong_with_a_document_is_named_with_its_place() {
    let (_, document, _) = exported();
    let read = |document: &Value| Imported::from_json(&document.to_string()).unwrap_err();
    assert_eq!(
        Imported::from_json("{\n  \"a\": }").unwrap_err(),
        ImportError::NotJson { offset: 9 },
        "the brace where a value belongs"
    );
    for member in RECORDS.into_iter().chain(["pforte:subject", "pforte:payloads"]) {
        let mut lacking = document.clone();
        lacking.as_object_mut().unwrap().remove(member);
        assert_eq!(read(&lacking), ImportError::Member { member });
        let mut other_kind = document.clone();
        other_kind[member] = json!(1);
        assert_eq!(read(&other_kind), ImportError::Member { member });
    }
    let member = "pforte:entries";
    let with = |item: Value| {
        let mut document = document.clone();
        document[member][1] = item;
        read(&document)
    };
    assert_eq!(with(json!("!")), ImportError::NotBase64 { member, index: 1 });
    assert_eq!(with(json!(7)), ImportError::NotBase64 { member, index: 1 });
    let entry = URL_SAFE_NO_PAD.decode(document[member][1].as_str().unwrap()).unwrap();
    for cut in 0..entry.len() {
        let error = with(json!(URL_SAFE_NO_PAD.encode(&entry[..cut])));
        let ImportError::Malformed { member: "pforte:entries", index: 1, malformed } = error else {
            panic!("{error:?}")
        };
        assert_eq!((malformed.offset, malformed.fault), (cut, Fault::Truncated));
    }
    let trailing = with(json!(URL_SAFE_NO_PAD.encode([entry.as_slice(), &[0]].concat())));
    let ImportError::Malformed { malformed, .. } = trailing else { panic!("{trailing:?}") };
    assert_eq!((malformed.offset, malformed.fault), (entry.len(), Fault::Trailing));
}

/// Each bit of each record and payload, flipped by itself.
#[test]
fn every_flipped_bit_is_refused_or_counts_for_nothing() {
    let (_, document, empty) = exported();
    let (mut refused, mut left_out) = (0, 0);
    for member in RECORDS.into_iter().chain(["pforte:payloads"]) {
        let items = document[member].as_array().unwrap();
        assert!(!items.is_empty(), "{member}");
        for (index, item) in items.iter().enumerate() {
            let bytes = URL_SAFE_NO_PAD.decode(item.as_str().unwrap()).unwrap();
            for bit in 0..bytes.len() * 8 {
                let mut changed = bytes.clone();
                changed[bit / 8] ^= 1 << (bit % 8);
                let mut document = document.clone();
                document[member][index] = json!(URL_SAFE_NO_PAD.encode(changed));
                let mut ledger = empty.clone();
                let taken = Imported::from_json(&document.to_string())
                    .map_err(|error| error.to_string())
                    .and_then(|imported| ledger.import(imported).map_err(|error| error.to_string()));
                match taken {
                    Err(_) => refused += 1,
                    // A payload that no entry commits to; a record of a service that nobody believes.
                    Ok((report, payloads)) => {
                        assert_eq!(
                            (report.records.len() + payloads.len(), 6),
                            (6, 6),
                            "{member} {index}, bit {bit}"
                        );
                        left_out += 1;
                    }
                }
            }
        }
    }
    assert!(refused > 5 * left_out, "{refused} refused, {left_out} left out");
    assert!(left_out > 0);
}
