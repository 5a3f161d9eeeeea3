//! The code of an authenticator app (RFC 6238), for pages that ask for one.

use aws_lc_rs::hmac::{HMAC_SHA1_FOR_LEGACY_USE_ONLY, Key, sign};

/// The secret that the test realm's person has enrolled, which is base32 text: `JBSWY3DPEHPK3PXP`.
const SECRET: &[u8] = b"Hello!\xDE\xAD\xBE\xEF";

/// Six digits for a moment, in seconds since 1970; a new code every 30 s.
pub(crate) fn six_digits(now_s: u64) -> String {
    let key = Key::new(HMAC_SHA1_FOR_LEGACY_USE_ONLY, SECRET);
    let tag = sign(&key, &(now_s / 30).to_be_bytes());
    let tag = tag.as_ref();
    let offset = usize::from(tag.last().copied().unwrap_or_default() & 15);
    let mut word = [0; 4];
    word.copy_from_slice(tag.get(offset..offset + 4).unwrap_or(&[0; 4]));
    format!("{:06}", (u32::from_be_bytes(word) & 0x7fff_ffff) % 1_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Computed by another implementation for the same secret.
    #[test]
    fn a_known_code() {
        assert_eq!(six_digits(0), "282760");
        assert_eq!(six_digits(30), "996554");
    }
}
