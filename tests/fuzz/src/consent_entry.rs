//! Records of a ledger. First byte: 0 for a sequence of whole records, 1 to 4 for the body of an entry, a certificate, a
//! receipt or a revocation, which is signed here.

use pforte_consent::{LedgerError, State};

use crate::{bounded, ledger};

const MEDIA_TYPES: [&str; 4] = ["", "-certificate", "-receipt", "-revocation"];

pub fn seeds() -> Vec<Vec<u8>> {
    let (_, _, records) = ledger::with_history(true);
    let mut seeds = vec![[vec![0], records.concat()].concat()];
    for (n, record) in records.iter().enumerate() {
        let kind = match records.len() - n {
            2 => 2,
            1 => 3,
            _ => 1,
        };
        seeds.push([vec![kind], ledger::body_of(record)].concat());
        seeds.push([vec![0], record.clone()].concat());
    }
    seeds
}

pub fn run(input: &[u8]) {
    let records = match input.split_first() {
        Some((0, records)) => records.to_vec(),
        Some((kind @ 1..=4, body)) => {
            let kind = MEDIA_TYPES[usize::from(*kind) - 1];
            let media_type = match kind {
                "" => media_type_of_entries(),
                kind => format!("application/pforte-consent{kind}+cbor"),
            };
            ledger::signed(&media_type, body)
        }
        _ => return,
    };
    for mut ledger in [ledger::other(), ledger::own()] {
        match bounded(&records, 1 << 15, 64, || ledger.merge(&records)) {
            Ok(report) => accepted(&records, &report.records, &ledger),
            Err(LedgerError::Malformed(malformed)) => assert!(malformed.offset <= records.len()),
            Err(
                LedgerError::Signature { offset }
                | LedgerError::OtherSubject { offset }
                | LedgerError::OtherService { offset }
                | LedgerError::Broken { offset, .. },
            ) => assert!(offset < records.len()),
            Err(LedgerError::Cut { .. } | LedgerError::Full { .. }) => {}
        }
    }
}

/// What is accepted is in the one deterministic form, is kept to the byte, and reads back as the same ledger; nothing is
/// granted here, because no other device is certified by what the fuzzer can sign, unless its certificate came along.
fn accepted(records: &[u8], kept: &[Vec<u8>], ledger: &pforte_consent::Ledger) {
    for record in kept {
        assert!(ledger::is_deterministic(record) && ledger::is_deterministic(&ledger::body_of(record)));
        assert!(records.windows(record.len()).any(|window| window == record));
    }
    let again = pforte_consent::Ledger::from_entries(ledger.identity().clone(), &ledger.records()).unwrap();
    assert_eq!((again.heads(), again.records()), (ledger.heads(), ledger.records()));
    for purpose in ledger.purposes() {
        let rule = pforte_consent::Rule::default();
        let standing = ledger.standing(purpose, &rule, ledger::WALL_MS);
        let permit = ledger.permit(purpose, &rule, ledger::WALL_MS);
        assert_eq!(permit.is_some(), standing.live);
        let granted = standing.state == State::Granted;
        assert!(granted || !standing.live);
        // Under a rule that asks for nothing, only a date too far ahead takes a grant's force.
        let ahead = standing.since_ms.is_some_and(|since_ms| since_ms > ledger::WALL_MS);
        assert!(standing.live || !granted || ahead);
    }
}

/// As an entry made by the library names itself.
fn media_type_of_entries() -> String {
    let (_, _, records) = ledger::with_history(false);
    let text = String::from_utf8_lossy(&records[0]).into_owned();
    let start = text.find("application/").unwrap();
    let end = text[start..].find("+cbor").unwrap();
    text[start..start + end + 5].to_owned()
}
