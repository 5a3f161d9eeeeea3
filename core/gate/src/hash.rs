//! SHA-256 in lower-case hex.

use aws_lc_rs::digest::{SHA256, digest};

/// The hash of `bytes`.
pub(crate) fn sha256_hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut hex = String::with_capacity(64);
    for byte in digest(&SHA256, bytes).as_ref() {
        for digit in [byte >> 4, byte & 15] {
            hex.push(DIGITS.get(usize::from(digit)).copied().map_or('0', char::from));
        }
    }
    hex
}

/// The hash of several pieces; each is preceded by its length, so that no two lists share one.
pub(crate) fn sha256_hex_of_parts<'a>(parts: impl IntoIterator<Item = &'a str>) -> String {
    let mut bytes = Vec::new();
    for part in parts {
        bytes.extend_from_slice(part.len().to_string().as_bytes());
        bytes.push(b':');
        bytes.extend_from_slice(part.as_bytes());
    }
    sha256_hex(&bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_empty_hash_is_the_published_one() {
        let published = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(sha256_hex(b""), published);
    }

    #[test]
    fn moving_a_boundary_changes_the_hash() {
        assert_ne!(sha256_hex_of_parts(["ab", "c"]), sha256_hex_of_parts(["a", "bc"]));
    }
}
