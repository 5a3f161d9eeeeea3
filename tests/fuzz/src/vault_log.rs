//! The sealed log. First byte: 0 for a whole file, 1 for records that are sealed here one after the other.

use pforte_vault::{Log, VaultError};

use crate::device::{Device, golden_file};
use crate::{bounded, seal};

pub fn seeds() -> Vec<Vec<u8>> {
    let file = golden_file("ledger");
    let torn = [&[0], file.as_slice(), &file[file.len() - 40..]].concat();
    vec![[&[0], file.as_slice()].concat(), torn, b"\x01\x00\x03abc\x02de".to_vec()]
}

pub fn run(input: &[u8]) {
    match input.split_first() {
        Some((0, bytes)) => whole(bytes),
        Some((1, rest)) => sealed(rest),
        _ => {}
    }
}

/// What is read begins with the anchored records and holds nothing that was not sealed.
fn whole(bytes: &[u8]) {
    let device = Device::with("ledger", bytes);
    match bounded(bytes, 1 << 13, 12, || device.vault().read_log(Log::Ledger)) {
        Ok(records) => {
            assert_eq!(records, [b"first record".to_vec(), b"second record".to_vec()]);
            assert!(bytes.starts_with(&golden_file("ledger")), "records out of changed bytes");
        }
        Err(VaultError::Corrupt { .. } | VaultError::Rollback { .. } | VaultError::UnknownVersion { .. }) => {
            assert!(device.still_holds(bytes), "a refused file is set aside, not lost");
        }
        Err(other) => panic!("{other:?}"),
    }
}

/// A log that is newer than the anchor's: every record before the broken one comes back. What is broken counts as a torn
/// append, since no anchor knows of it.
fn sealed(rest: &[u8]) {
    let Some((flaw, mut rest)) = rest.split_first() else { return };
    let salt = [0x10; 32];
    let mut bytes = [&seal::prefix(4)[..], &seal::INSTALL_ID, &2u64.to_be_bytes(), &salt].concat();
    let key: [u8; 32] = seal::hkdf(&salt, &seal::OPEN_SECRET, &[b"log/v1", &[4]]);
    let check_key: [u8; 32] = seal::hkdf(&[], &key, &[b"check/v1"]);
    bytes.extend(seal::hmac(&check_key, &bytes.clone()));
    let mut head = seal::sha256(&[&bytes]);
    let mut expected = Vec::new();
    while let Some((length, more)) = rest.split_first() {
        let (text, more) = more.split_at(usize::from(*length).min(more.len()));
        rest = more;
        let number = u64::try_from(expected.len()).unwrap() + 1;
        // The flaw names one record that skips a number.
        let written = if usize::from(*flaw) == expected.len() + 1 { number + 1 } else { number };
        let record = seal::payload(&written.to_be_bytes(), &key, written, [9; 32], &head, text);
        head = seal::sha256(&[&head, &record]);
        bytes.extend(&record);
        if written != number {
            break;
        }
        expected.push(text.to_vec());
    }
    match Device::with("ledger", &bytes).vault().read_log(Log::Ledger) {
        Ok(records) => assert_eq!(records, expected),
        Err(error) => panic!("{error:?}"),
    }
}
