//! The vault's format, written a second time from `core/vault/FORMAT.md`: with the device's keys, so that mutated
//! headers and contents get past their tags.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::hkdf::{HKDF_SHA256, KeyType, Salt};
use aws_lc_rs::{digest, hmac};

/// The golden device's ids and keys: every random draw there is filled with one byte (`core/vault/tests/data/v1.txt`).
pub const INSTALL_ID: [u8; 16] = [1; 16];
pub const OPEN_SECRET: [u8; 32] = [2; 32];
pub const VAULT_ID: [u8; 16] = [6; 16];

struct Length(usize);

impl KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}

pub fn hkdf<const N: usize>(salt: &[u8], secret: &[u8], info: &[&[u8]]) -> [u8; N] {
    let mut out = [0; N];
    let prk = Salt::new(HKDF_SHA256, salt).extract(secret);
    prk.expand(info, Length(N)).unwrap().fill(&mut out).unwrap();
    out
}

pub fn hmac(key: &[u8], bytes: &[u8]) -> Vec<u8> {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), bytes).as_ref().to_vec()
}

pub fn sha256(parts: &[&[u8]]) -> Vec<u8> {
    digest::digest(&digest::SHA256, &parts.concat()).as_ref().to_vec()
}

pub fn aes_gcm(key: &[u8], number: u64, context: &[u8], text: &[u8]) -> Vec<u8> {
    let mut nonce = [0; 12];
    nonce[4..].copy_from_slice(&number.to_be_bytes());
    let mut sealed = text.to_vec();
    let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, key).unwrap());
    key.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(context), &mut sealed)
        .unwrap();
    sealed
}

/// `header | salt | commitment | length | body`
pub fn payload(
    header: &[u8],
    key: &[u8],
    number: u64,
    salt: [u8; 32],
    context: &[u8],
    text: &[u8],
) -> Vec<u8> {
    let keys: [u8; 64] = hkdf(&salt, key, &[b"vault/v1"]);
    let length = u32::try_from(text.len() + 16).unwrap();
    let mut bytes = [header, &salt, &keys[32..], &length.to_be_bytes()].concat();
    let body = aes_gcm(&keys[..32], number, &[context, &bytes].concat(), text);
    bytes.extend(body);
    bytes
}

pub fn prefix(kind: u8) -> Vec<u8> {
    [b"PFORTE".as_slice(), &[1, kind]].concat()
}

/// The device secret of the golden gated file, out of the keys entry: its last 32 bytes.
pub fn device_secret() -> [u8; 32] {
    let (disk, _) = crate::device::golden();
    let entry = &disk.secrets["golden.keys"];
    entry[entry.len() - 32..].try_into().unwrap()
}

/// The gated file's check behind `bytes`.
pub fn checked(mut bytes: Vec<u8>) -> Vec<u8> {
    let key: [u8; 32] = hkdf(&VAULT_ID, &device_secret(), &[b"check/v1"]);
    let check = hmac(&key, &bytes);
    bytes.extend(check);
    bytes
}
