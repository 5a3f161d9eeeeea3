//! The inbox: a file that somebody else may have put there while the vault was locked.

use pforte_vault::{GateState, Inbox};

use crate::bounded;
use crate::device::{Device, golden, golden_file};

pub fn seeds() -> Vec<Vec<u8>> {
    let file = golden_file("inbox");
    let cut = file[..file.len() / 2].to_vec();
    vec![file, cut, Vec::new()]
}

/// What arrives is what was sealed under the intent's own key, or nothing.
pub fn run(bytes: &[u8]) {
    let device = Device::with("inbox", bytes);
    let vault = device.vault();
    let (_, slot_secret) = golden();
    let GateState::Sealed { slots } = vault.gate().unwrap() else { panic!("the gated file was not touched") };
    let (key, content) = vault.unlock(&slots[0].id, Some(slot_secret)).unwrap();
    assert_eq!(content.as_slice(), b"gated content");
    if let Ok(Inbox::Arrived { content, .. }) = bounded(bytes, 1 << 13, 8, || vault.take_inbox(&key)) {
        assert_eq!((content.as_slice(), bytes), (b"rotated content".as_slice(), &*golden_file("inbox")));
    }
    assert!(vault.read_gated(&key).is_ok(), "an inbox file touches nothing else");
}
