//! The primitives, all from one library: derive, seal, authenticate, draw.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::hkdf::{HKDF_SHA256, KeyType, Salt as HkdfSalt};
use aws_lc_rs::{digest, hmac, rand};
use zeroize::Zeroizing;

use crate::VaultError;

/// A 256-bit key, wiped on drop.
pub(crate) type Key = Zeroizing<[u8; 32]>;

/// What AES-256-GCM adds, in bytes.
pub(crate) const TAG: usize = 16;

/// Where salts, ids and keys come from; tests put fixed bytes here.
pub(crate) trait Random: Send + Sync {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), VaultError>;
}

/// The device's own source.
pub(crate) struct DeviceRandom;

impl Random for DeviceRandom {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), VaultError> {
        rand::fill(bytes).map_err(|_| VaultError::Crypto { what: "the random source" })
    }
}

/// `N` random bytes that are no secret.
pub(crate) fn draw<const N: usize>(random: &dyn Random) -> Result<[u8; N], VaultError> {
    let mut bytes = [0; N];
    random.fill(&mut bytes)?;
    Ok(bytes)
}

/// A random key.
pub(crate) fn draw_key(random: &dyn Random) -> Result<Key, VaultError> {
    let mut key = Key::default();
    random.fill(key.as_mut_slice())?;
    Ok(key)
}

/// `N` bytes by HKDF-SHA256 (RFC 5869). The parts of `info` are joined as they are: all but the first have a fixed
/// length.
pub(crate) fn derive<const N: usize>(
    salt: &[u8],
    secret: &[u8],
    info: &[&[u8]],
) -> Result<Zeroizing<[u8; N]>, VaultError> {
    struct Length(usize);
    impl KeyType for Length {
        fn len(&self) -> usize {
            self.0
        }
    }
    let mut out = Zeroizing::new([0; N]);
    HkdfSalt::new(HKDF_SHA256, salt)
        .extract(secret)
        .expand(info, Length(N))
        .and_then(|okm| okm.fill(out.as_mut_slice()))
        .map_err(|_| VaultError::Crypto { what: "HKDF" })?;
    Ok(out)
}

/// AES-256-GCM. A key and number are never used for two texts: each write derives a key of its own.
pub(crate) fn seal(key: &[u8], number: u64, context: &[&[u8]], text: &[u8]) -> Result<Vec<u8>, VaultError> {
    let fault = |_| VaultError::Crypto { what: "AES-GCM" };
    let mut sealed = Vec::with_capacity(text.len().saturating_add(TAG));
    sealed.extend_from_slice(text);
    let key = UnboundKey::new(&AES_256_GCM, key).map(LessSafeKey::new).map_err(fault)?;
    key.seal_in_place_append_tag(nonce(number), Aad::from(context.concat()), &mut sealed).map_err(fault)?;
    Ok(sealed)
}

/// Opens what [`seal`] returned; nothing where a single bit differs.
pub(crate) fn unseal(
    key: &[u8],
    number: u64,
    context: &[&[u8]],
    sealed: &[u8],
) -> Option<Zeroizing<Vec<u8>>> {
    let key = UnboundKey::new(&AES_256_GCM, key).map(LessSafeKey::new).ok()?;
    let mut text = Zeroizing::new(sealed.to_vec());
    let length = key.open_in_place(nonce(number), Aad::from(context.concat()), &mut text).ok()?.len();
    text.truncate(length);
    Some(text)
}

/// HMAC-SHA256 (RFC 2104).
pub(crate) fn authenticate(key: &Key, bytes: &[u8]) -> [u8; 32] {
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key.as_slice()), bytes);
    let mut out = [0; 32];
    out.iter_mut().zip(tag.as_ref()).for_each(|(to, from)| *to = *from);
    out
}

/// Whether `tag` is [`authenticate`]'s, compared in constant time.
pub(crate) fn is_authentic(key: &Key, bytes: &[u8], tag: &[u8]) -> bool {
    hmac::verify(&hmac::Key::new(hmac::HMAC_SHA256, key.as_slice()), bytes, tag).is_ok()
}

/// SHA-256 over the parts, joined.
pub(crate) fn hash(parts: &[&[u8]]) -> [u8; 32] {
    let mut context = digest::Context::new(&digest::SHA256);
    parts.iter().for_each(|part| context.update(part));
    let mut out = [0; 32];
    out.iter_mut().zip(context.finish().as_ref()).for_each(|(to, from)| *to = *from);
    out
}

/// `0^32 || number`.
fn nonce(number: u64) -> Nonce {
    let mut bytes = [0; 12];
    bytes[4..].copy_from_slice(&number.to_be_bytes());
    Nonce::assume_unique_for_key(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hkdf_matches_rfc_5869_test_case_1() {
        let salt: Vec<u8> = (0..=0x0c).collect();
        let info: Vec<u8> = (0xf0..=0xf9).collect();
        let okm = derive::<42>(&salt, &[0x0b; 22], &[&info]).unwrap();
        let expected = "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865";
        assert_eq!(crate::format::hex(okm.as_slice()), expected);
    }

    #[test]
    fn every_changed_input_is_refused() {
        let sealed = seal(&[1; 32], 7, &[b"head", b"er"], b"text").unwrap();
        assert_eq!(unseal(&[1; 32], 7, &[b"header"], &sealed).unwrap().as_slice(), b"text");
        assert!(unseal(&[2; 32], 7, &[b"header"], &sealed).is_none());
        assert!(unseal(&[1; 32], 8, &[b"header"], &sealed).is_none());
        assert!(unseal(&[1; 32], 7, &[b"heater"], &sealed).is_none());
        assert!(unseal(&[1; 32], 7, &[b"header"], &sealed[..sealed.len() - 1]).is_none());
        assert!(unseal(&[1; 32], 7, &[b"header"], b"short").is_none());
    }
}
