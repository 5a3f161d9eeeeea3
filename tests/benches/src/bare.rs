//! The same cryptography and the same file operations, with nothing around them: what any sealed file costs at least.

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::hkdf::{HKDF_SHA256, KeyType, Salt};
use aws_lc_rs::hmac;

const KEY: [u8; 32] = [7; 32];
const SALT: [u8; 32] = [8; 32];

struct Length(usize);

impl KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}

fn derive<const N: usize>(info: &[u8]) -> [u8; N] {
    let mut out = [0; N];
    let prk = Salt::new(HKDF_SHA256, &SALT).extract(&KEY);
    prk.expand(&[info], Length(N)).unwrap().fill(&mut out).unwrap();
    out
}

fn sealing_key(bytes: &[u8]) -> LessSafeKey {
    LessSafeKey::new(UnboundKey::new(&AES_256_GCM, bytes).unwrap())
}

fn nonce() -> Nonce {
    Nonce::assume_unique_for_key([0; 12])
}

fn check_key() -> hmac::Key {
    hmac::Key::new(hmac::HMAC_SHA256, &derive::<32>(b"check/v1"))
}

/// Derive, seal, authenticate; temporary file, flush, rename, flush the folder.
pub fn write(folder: &Path, content: &[u8]) {
    let keys: [u8; 64] = derive(b"vault/v1");
    let mut sealed = content.to_vec();
    sealing_key(&keys[..32]).seal_in_place_append_tag(nonce(), Aad::empty(), &mut sealed).unwrap();
    sealed.extend_from_slice(hmac::sign(&check_key(), &sealed.clone()).as_ref());
    let temporary = folder.join("bare.tmp");
    let mut file = File::create(&temporary).unwrap();
    file.write_all(&sealed).unwrap();
    file.sync_all().unwrap();
    fs::rename(&temporary, folder.join("bare")).unwrap();
    File::open(folder).unwrap().sync_all().unwrap();
}

/// One read, the check, the slot's key, the content's keys, two openings.
pub fn read(folder: &Path, sealed_key: &[u8]) -> Vec<u8> {
    let bytes = fs::read(folder.join("bare")).unwrap();
    let (sealed, check) = bytes.split_at(bytes.len() - 32);
    hmac::verify(&check_key(), sealed, check).unwrap();
    let slot_key: [u8; 32] = derive(b"kek/v1");
    let mut key = sealed_key.to_vec();
    sealing_key(&slot_key).open_in_place(nonce(), Aad::empty(), &mut key).unwrap();
    let keys: [u8; 64] = derive(b"vault/v1");
    let mut text = sealed.to_vec();
    let length = sealing_key(&keys[..32]).open_in_place(nonce(), Aad::empty(), &mut text).unwrap().len();
    text.truncate(length);
    text
}

/// A key, sealed as [`read`] opens it.
pub fn sealed_key() -> Vec<u8> {
    let slot_key: [u8; 32] = derive(b"kek/v1");
    let mut key = KEY.to_vec();
    sealing_key(&slot_key).seal_in_place_append_tag(nonce(), Aad::empty(), &mut key).unwrap();
    key
}

/// Derive, seal, append, flush.
pub fn append(folder: &Path, record: &[u8]) {
    let keys: [u8; 64] = derive(b"vault/v1");
    let mut sealed = record.to_vec();
    sealing_key(&keys[..32]).seal_in_place_append_tag(nonce(), Aad::empty(), &mut sealed).unwrap();
    let mut file = File::options().append(true).create(true).open(folder.join("bare.log")).unwrap();
    file.write_all(&sealed).unwrap();
    file.sync_all().unwrap();
}
