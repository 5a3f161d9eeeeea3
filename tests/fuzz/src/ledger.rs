//! A person's ledger, its device's key and the account service's: all the same key, so that the fuzzer can sign for each.

use aws_lc_rs::digest::{SHA256, digest};
use ciborium::Value;
use pforte_consent::{
    Age, Digest, Draft, Identity, Ledger, Payload, PublicKey, Salt, Sealed, ServiceDraft, ShownText, State,
    Statement, Subject,
};
use pforte_host::Act;

use crate::keys;

pub const SUBJECT: Subject = Subject::new([0xA1; 32]);
pub const WALL_MS: i64 = 1_700_000_000_000;

pub fn key() -> PublicKey {
    PublicKey::from_sec1(&keys::public_key()).unwrap()
}

/// The ledger of the device whose key signs here.
pub fn own() -> Ledger {
    Ledger::new(Identity { subject: SUBJECT, device_key: key(), services: vec![key()] })
}

/// The ledger of another device of the same person.
pub fn other() -> Ledger {
    // The generator of P-256 is as good a public key as any: nothing is signed with it.
    let point: Vec<u8> = [
        [0x04].as_slice(),
        &keys::decode("axfR8uEsQkf4vOblY6RA8ncDfYEt6zOg9KE5RdiYwpY").unwrap(),
        &keys::decode("T-NC4v4af5uO5-tKfA-eFivOM1drMV7Oy7ZAaDe_UfU").unwrap(),
    ]
    .concat();
    let device_key = PublicKey::from_sec1(&point).unwrap();
    Ledger::new(Identity { subject: SUBJECT, device_key, services: vec![key()] })
}

pub fn statement(purpose: &str, state: State) -> Statement {
    Statement {
        purpose: purpose.to_owned(),
        state,
        text: Some(ShownText {
            id: format!("{purpose}@2"),
            hash: Digest::of(purpose.as_bytes()),
            locale: "de".to_owned(),
            mentions_linking: true,
        }),
        act: Some(Act { surface: "sheet".to_owned(), control: "accept-all".to_owned(), genuine: true }),
        age: Age::Over,
        policy_hash: Digest::of(b"policy"),
        terms: Some(Digest::of(b"terms")),
        wall_ms: WALL_MS,
    }
}

pub fn seal(draft: Draft) -> Sealed {
    let signature = keys::sign(&draft.to_be_signed());
    draft.seal(&signature).unwrap()
}

/// A ledger with a grant, a refusal, a tombstone at the end where asked for, and a certificate and a receipt.
pub fn with_history(erased: bool) -> (Ledger, Vec<Payload>, Vec<Vec<u8>>) {
    let (mut ledger, mut payloads, mut records) = (own(), Vec::new(), Vec::new());
    for (n, (purpose, state)) in
        [("analytics", State::Granted), ("analytics", State::Withdrawn), ("newsletter", State::Denied)]
            .into_iter()
            .enumerate()
    {
        let salt = Salt::new([n as u8; 32]);
        let sealed = seal(ledger.draft(&statement(purpose, state), salt).unwrap());
        records.push(sealed.entry.as_bytes().to_vec());
        payloads.extend(sealed.payload);
        ledger.append(sealed.entry).unwrap();
    }
    if erased {
        let sealed = seal(ledger.draft_erasure(Digest::of(b"policy"), WALL_MS).unwrap());
        records.push(sealed.entry.as_bytes().to_vec());
        ledger.append(sealed.entry).unwrap();
    }
    let head = ledger.heads()[0];
    for draft in [
        ServiceDraft::certificate(&key(), SUBJECT, &other().identity().device_key, WALL_MS),
        ServiceDraft::receipt(&key(), SUBJECT, head, WALL_MS),
    ] {
        let signature = keys::sign(&draft.to_be_signed());
        let record = draft.seal(&signature).unwrap();
        ledger.merge(&record).unwrap();
        records.push(record);
    }
    (ledger, payloads, records)
}

/// The body inside a COSE_Sign1.
pub fn body_of(record: &[u8]) -> Vec<u8> {
    let Value::Tag(18, inner) = ciborium::from_reader(record).unwrap() else { panic!("no COSE_Sign1") };
    inner.into_array().unwrap()[2].as_bytes().unwrap().clone()
}

/// A COSE_Sign1 of this media type around `body`, signed, written by a public library (RFC 9052).
pub fn signed(media_type: &str, body: &[u8]) -> Vec<u8> {
    let thumbprint = key().thumbprint();
    let header = Value::Map(vec![
        (1.into(), (-7).into()),
        (4.into(), Value::Bytes(thumbprint.as_bytes().to_vec())),
        (16.into(), media_type.into()),
    ]);
    let header = Value::Bytes(written(&header));
    let body = Value::Bytes(body.to_vec());
    let structure =
        Value::Array(vec!["Signature1".into(), header.clone(), Value::Bytes(vec![]), body.clone()]);
    let signature = Value::Bytes(keys::sign(&written(&structure)));
    let parts = Value::Array(vec![header, Value::Map(vec![]), body, signature]);
    written(&Value::Tag(18, Box::new(parts)))
}

pub fn written(value: &Value) -> Vec<u8> {
    let mut bytes = Vec::new();
    ciborium::into_writer(value, &mut bytes).unwrap();
    bytes
}

/// Whether a public library reads the whole of `bytes` and writes exactly these bytes again, keys in order.
pub fn is_deterministic(bytes: &[u8]) -> bool {
    let mut rest = bytes;
    let Ok(value) = ciborium::from_reader::<Value, _>(&mut rest) else { return false };
    rest.is_empty() && written(&value) == bytes && is_sorted(&value)
}

fn is_sorted(value: &Value) -> bool {
    match value {
        Value::Map(members) => {
            let keys: Vec<Vec<u8>> = members.iter().map(|(key, _)| written(key)).collect();
            keys.is_sorted() && members.iter().all(|(_, value)| is_sorted(value))
        }
        Value::Array(items) => items.iter().all(is_sorted),
        Value::Tag(_, inner) => is_sorted(inner),
        _ => true,
    }
}

pub fn sha256(bytes: &[u8]) -> Vec<u8> {
    digest(&SHA256, bytes).as_ref().to_vec()
}
