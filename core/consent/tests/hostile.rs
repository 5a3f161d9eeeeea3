//! Bytes from outside: any at all, and almost right ones.

#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]

mod common;

use std::sync::LazyLock;

use common::{NOW, Phone, SUBJECT, Signer, statement};
use pforte_consent::{Ledger, LedgerError, Payload, Rule, State};
use proptest::prelude::*;

/// A ledger with everything in it that a file can hold, and its file.
static SAMPLE: LazyLock<(Ledger, Vec<u8>)> = LazyLock::new(|| {
    let service = Signer::new();
    let mut tablet = Phone::new(SUBJECT, &[&service]);
    tablet.say(&statement("analytics", State::Denied)).unwrap();
    let mut phone = Phone::new(SUBJECT, &[&service]);
    phone.receive(&service.certify(SUBJECT, &tablet.signer.key));
    phone.receive(&tablet.ledger.records());
    phone.say(&statement("crm.link", State::Granted)).unwrap();
    phone.receive(&service.receipt(&phone.ledger));
    let file = phone.ledger.records();
    (phone.ledger, file)
});

fn read(bytes: &[u8]) -> Result<Ledger, LedgerError> {
    let read = Ledger::from_entries(SAMPLE.0.identity().clone(), bytes);
    if let Err(LedgerError::Malformed(malformed)) = &read {
        assert!(malformed.offset <= bytes.len(), "{malformed}");
    }
    read
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        prop_assert_eq!(read(&bytes).is_ok(), bytes.is_empty());
        prop_assert!(Payload::from_bytes(&bytes).is_err());
    }

    #[test]
    fn almost_right_bytes_grant_nothing_that_was_not_granted(
        edits in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0..3u8), 1..4)
    ) {
        let mut bytes = SAMPLE.1.clone();
        for (at, value, kind) in edits {
            let at = at.index(bytes.len());
            match kind {
                0 => bytes[at] = value,
                1 => bytes.insert(at, value),
                _ => _ = bytes.remove(at),
            }
        }
        if let Ok(ledger) = read(&bytes) {
            // Either nothing was changed in the end, or a certificate or receipt names a service nobody believes.
            prop_assert!(ledger.heads() == SAMPLE.0.heads(), "no entry was changed");
            prop_assert!(SAMPLE.1.len() >= ledger.records().len());
        }
        let mut merged = SAMPLE.0.clone();
        if merged.merge(&bytes).is_err() {
            prop_assert!(merged.records() == SAMPLE.1, "a refused merge changes nothing");
        }
        prop_assert_eq!(merged.standing("analytics", &Rule::default(), NOW).state, State::Denied);
    }
}
