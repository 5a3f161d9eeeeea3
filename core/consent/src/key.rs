//! Public keys of devices and of the account service (P-256).

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, ParsedPublicKey};

use crate::cbor::{Reader, Writer};
use crate::{Digest, Fault, Malformed};

/// A P-256 public key, and its thumbprint (RFC 9679), which names the device in a ledger.
#[derive(Clone)]
pub struct PublicKey {
    point: [u8; 65],
    thumbprint: Digest,
    parsed: Arc<ParsedPublicKey>,
}

/// The bytes are not a P-256 point.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "not a P-256 public key: hand over 65 bytes, uncompressed SEC1 (04 || x || y), of a point on the curve"
)]
pub struct NotAKey;

impl PublicKey {
    /// Reads 65 bytes, uncompressed SEC1 (`04 || x || y`), as `pforte_host::DeviceKey::public_key` returns them.
    pub fn from_sec1(bytes: &[u8]) -> Result<Self, NotAKey> {
        let point: [u8; 65] = bytes.try_into().map_err(|_| NotAKey)?;
        if point.first() != Some(&4) {
            return Err(NotAKey);
        }
        let parsed = ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).map_err(|_| NotAKey)?;
        let mut cose_key = Writer::new();
        write_cose_key(&mut cose_key, &point);
        Ok(Self { point, thumbprint: Digest::of(&cose_key.into_bytes()), parsed: Arc::new(parsed) })
    }

    /// Reads the same as 130 digits of hex, as an account service publishes it.
    pub fn from_hex(text: &str) -> Result<Self, NotAKey> {
        let digits: Option<Vec<u8>> =
            text.chars().map(|digit| digit.to_digit(16).and_then(|value| u8::try_from(value).ok())).collect();
        let digits = digits.filter(|digits| digits.len() == 130).ok_or(NotAKey)?;
        let bytes: Vec<u8> = digits
            .chunks_exact(2)
            .map(|pair| pair.iter().fold(0, |value, digit| value << 4 | digit))
            .collect();
        Self::from_sec1(&bytes)
    }

    /// The COSE Key Thumbprint with SHA-256 (RFC 9679, section 3).
    pub fn thumbprint(&self) -> Digest {
        self.thumbprint
    }

    /// The 65 bytes of the uncompressed point.
    pub fn to_sec1(&self) -> [u8; 65] {
        self.point
    }

    /// Whether `signature` (64 bytes, `r || s`) is this key's over `bytes` (ES256).
    pub(crate) fn verifies(&self, bytes: &[u8], signature: &[u8; 64]) -> bool {
        self.parsed.verify_sig(bytes, signature).is_ok()
    }

    pub(crate) fn write(&self, out: &mut Writer) {
        write_cose_key(out, &self.point);
    }

    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        let before = reader.clone();
        let fault = || before.fault(Fault::Unexpected { expected: "a P-256 COSE_Key" });
        if reader.map(4)? != 4 {
            return Err(fault());
        }
        reader.exactly(1, "kty (1)")?;
        reader.exactly(2, "EC2 (2)")?;
        reader.exactly(-1, "crv (-1)")?;
        reader.exactly(1, "P-256 (1)")?;
        reader.exactly(-2, "x (-2)")?;
        let x: [u8; 32] = reader.fixed("x of 32 bytes")?;
        reader.exactly(-3, "y (-3)")?;
        let y: [u8; 32] = reader.fixed("y of 32 bytes")?;
        let mut point = vec![4];
        point.extend_from_slice(&x);
        point.extend_from_slice(&y);
        Self::from_sec1(&point).map_err(|NotAKey| fault())
    }
}

impl PartialEq for PublicKey {
    fn eq(&self, other: &Self) -> bool {
        self.point == other.point
    }
}

impl Eq for PublicKey {}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({})", self.thumbprint)
    }
}

/// COSE_Key (RFC 9052, section 7; RFC 9053, section 7.1.1) with the members that a thumbprint needs and no other:
/// `{1: 2, -1: 1, -2: x, -3: y}`.
fn write_cose_key(out: &mut Writer, point: &[u8; 65]) {
    out.map(4);
    out.integer(1);
    out.integer(2);
    out.integer(-1);
    out.integer(1);
    out.integer(-2);
    out.bytes(&point[1..33]);
    out.integer(-3);
    out.bytes(&point[33..65]);
}
