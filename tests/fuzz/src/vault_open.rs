//! The open file. First byte: 0 for a whole file, 1 for content that is sealed here with the right key.

use pforte_vault::VaultError;

use crate::device::{Device, golden_file};
use crate::{bounded, seal};

pub fn seeds() -> Vec<Vec<u8>> {
    let sealed = [&[1][..], &2u64.to_be_bytes(), b"content"].concat();
    vec![[&[0], golden_file("open").as_slice()].concat(), sealed]
}

pub fn run(input: &[u8]) {
    match input.split_first() {
        Some((0, bytes)) => whole(bytes),
        Some((1, rest)) => sealed(rest),
        _ => {}
    }
}

/// No changed byte gets through, and what was refused is still there.
fn whole(bytes: &[u8]) {
    let device = Device::with("open", bytes);
    match bounded(bytes, 1 << 13, 8, || device.vault().read_open()) {
        Ok(Some(content)) => {
            assert_eq!(content.as_slice(), b"open content");
            assert_eq!(bytes, golden_file("open"));
        }
        Ok(None) => panic!("a file that is there was not seen"),
        Err(VaultError::Corrupt { .. } | VaultError::Rollback { .. } | VaultError::UnknownVersion { .. }) => {
            assert!(device.still_holds(bytes), "a refused file is set aside, not lost");
        }
        Err(VaultError::Storage { .. }) => assert!(bytes.len() > 1 << 20),
        Err(other) => panic!("{other:?}"),
    }
}

/// Whatever generation and content were sealed, they come back as they were, or the file is too old.
fn sealed(rest: &[u8]) {
    let Some((generation, content)) = rest.split_first_chunk::<8>() else { return };
    let key: [u8; 32] = seal::hkdf(&seal::INSTALL_ID, &seal::OPEN_SECRET, &[b"open/v1"]);
    let header = [&seal::prefix(1)[..], &seal::INSTALL_ID, generation].concat();
    let generation = u64::from_be_bytes(*generation);
    let bytes = seal::payload(&header, &key, generation, [9; 32], &[], content);
    match Device::with("open", &bytes).vault().read_open() {
        Ok(Some(read)) => assert_eq!((read.as_slice(), generation > 0), (content, true)),
        Err(VaultError::Rollback { .. }) => assert_eq!(generation, 0, "the anchor says 1"),
        other => panic!("generation {generation}: {other:?}"),
    }
}
