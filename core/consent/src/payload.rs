//! The evidence behind an entry, erasable: the entry holds only its commitment.
//!
//! `payload = { 1 salt: bstr .size 32, ? 2 text id: tstr, ? 3 locale: tstr, ? 4 surface: tstr, ? 5 control: tstr,
//! ? 6 genuine: true }`; the commitment is the SHA-256 of these bytes, salt and all. Without the salt, which lies
//! nowhere else, the few likely contents can't be tried against it.

use std::fmt;

use zeroize::{Zeroize, Zeroizing};

use crate::cbor::{Reader, Writer};
use crate::{Digest, Fault, Malformed, Salt};

/// The longest `id@revision` of a text, in bytes.
pub(crate) const LONGEST_TEXT_ID: usize = 128;
/// The longest language tag, in bytes (RFC 5646, section 4.4.1 recommends room for 35).
pub(crate) const LONGEST_LOCALE: usize = 35;
/// The longest name of a screen or a control, in bytes.
pub(crate) const LONGEST_PLACE: usize = 128;

/// The evidence behind an entry: which text, in which language, where and how, with the salt that keeps it from being
/// guessed once it is erased. Stored apart from the ledger and sealed; wiped on drop, never printed.
#[derive(Clone)]
pub struct Payload {
    bytes: Zeroizing<Vec<u8>>,
    evidence: Evidence,
}

/// What a payload says.
#[derive(Clone, Default, PartialEq, Eq, Zeroize)]
pub(crate) struct Evidence {
    pub text_id: Option<String>,
    pub locale: Option<String>,
    pub surface: Option<String>,
    pub control: Option<String>,
    pub genuine: bool,
}

impl Payload {
    pub(crate) fn new(evidence: Evidence, salt: &Salt) -> Self {
        let texts =
            [(2, &evidence.text_id), (3, &evidence.locale), (4, &evidence.surface), (5, &evidence.control)];
        let mut out = Writer::new();
        out.map(1 + texts.iter().filter(|(_, text)| text.is_some()).count() + usize::from(evidence.genuine));
        out.integer(1);
        out.bytes(salt.expose());
        for (key, text) in texts {
            if let Some(text) = text {
                out.integer(key);
                out.text(text);
            }
        }
        if evidence.genuine {
            out.integer(6);
            out.yes();
        }
        Self { bytes: Zeroizing::new(out.into_bytes()), evidence }
    }

    /// Reads what [`Payload::as_bytes`] returned, strictly: there is one encoding of each payload.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::new(bytes, 0);
        reader.map(6)?;
        reader.exactly(1, "the salt (1)")?;
        let salt = Salt::new(reader.fixed("a salt of 32 bytes")?);
        let evidence = Evidence {
            text_id: read_text(&mut reader, 2, LONGEST_TEXT_ID)?,
            locale: read_text(&mut reader, 3, LONGEST_LOCALE)?,
            surface: read_text(&mut reader, 4, LONGEST_PLACE)?,
            control: read_text(&mut reader, 5, LONGEST_PLACE)?,
            genuine: {
                let genuine = reader.optional_key(6)?;
                if genuine {
                    reader.yes()?;
                }
                genuine
            },
        };
        reader.finish()?;
        let payload = Self::new(evidence, &salt);
        // Every member was read in order; only the count that the map announced is left to compare.
        if payload.bytes.as_slice() != bytes {
            let fault = Fault::Unexpected { expected: "a map that announces as many members as it has" };
            return Err(Malformed { offset: 0, fault });
        }
        Ok(payload)
    }

    /// The bytes to store, sealed under a key of their own.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// What the entry carries instead of this; the name to store the payload under.
    pub fn commitment(&self) -> Digest {
        Digest::of(&self.bytes)
    }

    /// Which text was shown: `id@revision`.
    pub fn text_id(&self) -> Option<&str> {
        self.evidence.text_id.as_deref()
    }

    /// In which language (BCP 47).
    pub fn locale(&self) -> Option<&str> {
        self.evidence.locale.as_deref()
    }

    /// On which screen.
    pub fn surface(&self) -> Option<&str> {
        self.evidence.surface.as_deref()
    }

    /// By which control.
    pub fn control(&self) -> Option<&str> {
        self.evidence.control.as_deref()
    }

    /// Whether a real input event of the person was seen.
    pub fn is_genuine(&self) -> bool {
        self.evidence.genuine
    }

    pub(crate) fn evidence(&self) -> &Evidence {
        &self.evidence
    }
}

impl Drop for Payload {
    fn drop(&mut self) {
        self.evidence.zeroize();
    }
}

impl fmt::Debug for Payload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Payload(..)")
    }
}

fn read_text(reader: &mut Reader<'_>, key: u64, limit: usize) -> Result<Option<String>, Malformed> {
    if reader.optional_key(key)? { Ok(Some(reader.text(limit as u64)?.to_owned())) } else { Ok(None) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn evidence(control: &str) -> Evidence {
        Evidence {
            text_id: Some("analytics@2".to_owned()),
            locale: Some("de".to_owned()),
            surface: Some("sheet".to_owned()),
            control: Some(control.to_owned()),
            genuine: true,
        }
    }

    #[test]
    fn a_payload_round_trips_and_every_changed_byte_is_noticed() {
        let payload = Payload::new(evidence("accept-all"), &Salt::new([7; 32]));
        let again = Payload::from_bytes(payload.as_bytes()).unwrap();
        assert_eq!(again.commitment(), payload.commitment());
        assert_eq!(again.control(), Some("accept-all"));
        for at in 0..payload.as_bytes().len() {
            let mut changed = payload.as_bytes().to_vec();
            changed[at] ^= 1;
            if let Ok(other) = Payload::from_bytes(&changed) {
                assert_ne!(other.commitment(), payload.commitment(), "byte {at}");
            }
            assert!(Payload::from_bytes(&changed[..at]).is_err(), "cut at {at}");
        }
    }

    #[test]
    fn an_erased_payload_cannot_be_guessed_but_could_with_a_kept_salt() {
        let salt = [42; 32];
        let commitment = Payload::new(evidence("switch:analytics"), &Salt::new(salt)).commitment();
        let guesses = ["accept-all", "reject-all", "switch:analytics", "switch:profile.store"];
        let hits = |salt: [u8; 32]| {
            guesses
                .iter()
                .filter(|guess| Payload::new(evidence(guess), &Salt::new(salt)).commitment() == commitment)
                .count()
        };
        assert_eq!(hits(salt), 1, "with the salt, four guesses are enough");
        // What is left after an erasure is the entry; salts made of anything in it, or of nothing, open nothing.
        for salt in [[0; 32], *commitment.as_bytes(), *Digest::of(b"analytics").as_bytes()] {
            assert_eq!(hits(salt), 0);
        }
    }
}
