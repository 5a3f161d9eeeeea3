//! The evidence beside an entry.

use pforte_consent::Payload;

use crate::{bounded, ledger};

pub fn seeds() -> Vec<Vec<u8>> {
    let (_, payloads, _) = ledger::with_history(false);
    payloads.iter().map(|payload| payload.as_bytes().to_vec()).collect()
}

/// One form only, kept to the byte, committed to by its hash; what is malformed says where.
pub fn run(bytes: &[u8]) {
    match bounded(bytes, 1 << 12, 16, || Payload::from_bytes(bytes)) {
        Ok(payload) => {
            assert_eq!(payload.as_bytes(), bytes);
            assert!(ledger::is_deterministic(bytes));
            assert_eq!(payload.commitment().as_bytes().as_slice(), ledger::sha256(bytes));
        }
        Err(malformed) => assert!(malformed.offset <= bytes.len()),
    }
}
