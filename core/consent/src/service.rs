//! What the account service signs: certificates of device keys, their revocations, and receipts.
//!
//! ```text
//! certificate body = { 1 version: 1, 2 subject, 3 device: thumbprint, 4 wall time }
//! revocation body  = { 1 version: 1, 2 subject, 3 device: thumbprint, 4 wall time, 5 from: seq }
//! receipt body     = { 1 version: 1, 2 subject, 3 device: thumbprint, 4 wall time, 5 seq, 6 head }
//! ```

use crate::cbor::{Reader, Slice, Writer};
use crate::cose::{Content, Kind};
use crate::entry::LATEST_MS;
use crate::{BadSignature, Digest, Fault, Head, Malformed, PublicKey, Subject};

/// A record of the account service without its signature. Receivers make it, and tests.
#[derive(Debug)]
pub struct ServiceDraft {
    content: Content,
    service: PublicKey,
}

impl ServiceDraft {
    /// Certifies that `device` is `subject`'s: what it grants counts on their other devices, too. `wall_ms` is in
    /// milliseconds since 1970, by the service's clock.
    pub fn certificate(service: &PublicKey, subject: Subject, device: &PublicKey, wall_ms: i64) -> Self {
        let device = device.thumbprint();
        Self::new(service, &ServiceBody { subject, device, wall_ms, says: Says::Certified })
    }

    /// Takes the certificate of `device` back: its entries from number `from` on may only restrict, as those of a
    /// device that nobody certified. Nothing undoes it; the phone that was found again begins with a new key.
    /// `wall_ms` is in milliseconds since 1970, by the service's clock.
    pub fn revocation(
        service: &PublicKey,
        subject: Subject,
        device: Digest,
        from: u64,
        wall_ms: i64,
    ) -> Self {
        Self::new(service, &ServiceBody { subject, device, wall_ms, says: Says::Revoked { from } })
    }

    /// Confirms that the service holds `head` and every entry before it. `wall_ms` is in milliseconds since 1970, by
    /// the service's clock.
    pub fn receipt(service: &PublicKey, subject: Subject, head: Head, wall_ms: i64) -> Self {
        let says = Says::Received { seq: head.seq, hash: head.hash };
        Self::new(service, &ServiceBody { subject, device: head.device, wall_ms, says })
    }

    fn new(service: &PublicKey, body: &ServiceBody) -> Self {
        let content = Content { kind: body.says.kind(), signer: service.thumbprint(), body: body.write() };
        Self { content, service: service.clone() }
    }

    /// The bytes to sign with ES256 (RFC 9052, section 4.4).
    pub fn to_be_signed(&self) -> Vec<u8> {
        self.content.to_be_signed()
    }

    /// Adds the signature (64 bytes, `r || s`); the record goes to the device, which hands it to
    /// [`crate::Ledger::merge`].
    pub fn seal(self, signature: &[u8]) -> Result<Vec<u8>, BadSignature> {
        let signature: &[u8; 64] = signature.try_into().map_err(|_| BadSignature)?;
        if !self.service.verifies(&self.content.to_be_signed(), signature) {
            return Err(BadSignature);
        }
        Ok(self.content.to_record(signature))
    }
}

/// What a record of the service says about a device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ServiceBody {
    pub subject: Subject,
    pub device: Digest,
    pub wall_ms: i64,
    pub says: Says,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Says {
    Certified,
    Revoked { from: u64 },
    Received { seq: u64, hash: Digest },
}

impl Says {
    fn kind(self) -> Kind {
        match self {
            Self::Certified => Kind::Certificate,
            Self::Revoked { .. } => Kind::Revocation,
            Self::Received { .. } => Kind::Receipt,
        }
    }
}

impl ServiceBody {
    fn write(&self) -> Vec<u8> {
        let mut out = Writer::new();
        out.map(members(self.says.kind()));
        out.integer(1);
        out.integer(1);
        out.integer(2);
        out.bytes(self.subject.as_bytes());
        out.integer(3);
        out.bytes(self.device.as_bytes());
        out.integer(4);
        out.integer(self.wall_ms.clamp(0, LATEST_MS));
        match &self.says {
            Says::Certified => {}
            Says::Revoked { from } => {
                out.integer(5);
                out.unsigned(*from);
            }
            Says::Received { seq, hash } => {
                out.integer(5);
                out.unsigned(*seq);
                out.integer(6);
                out.bytes(hash.as_bytes());
            }
        }
        out.into_bytes()
    }

    /// Reads a body of a kind that the service signs.
    pub fn read(slice: Slice<'_>, kind: Kind) -> Result<Self, Malformed> {
        let mut reader = Reader::new(slice.bytes, slice.offset);
        let members = members(kind) as u64;
        if reader.map(members)? != members {
            let expected = "a certificate of four, a revocation of five or a receipt of six members";
            return Err(Malformed { offset: slice.offset, fault: Fault::Unexpected { expected } });
        }
        reader.exactly(1, "the version (1)")?;
        let version = reader.offset();
        if reader.unsigned(u64::MAX)? != 1 {
            return Err(Malformed { offset: version, fault: Fault::UnknownVersion });
        }
        reader.exactly(2, "the subject (2)")?;
        let subject = Subject::new(reader.fixed("a subject of 32 bytes")?);
        reader.exactly(3, "the device (3)")?;
        let device = Digest::new(reader.fixed("a thumbprint of 32 bytes")?);
        reader.exactly(4, "the wall time (4)")?;
        let wall_ms = reader.unsigned(LATEST_MS.unsigned_abs())?.cast_signed();
        let says = match kind {
            Kind::Receipt => {
                reader.exactly(5, "the number (5)")?;
                let seq = reader.unsigned(LATEST_MS.unsigned_abs())?;
                reader.exactly(6, "the head (6)")?;
                Says::Received { seq, hash: Digest::new(reader.fixed("a digest of 32 bytes")?) }
            }
            Kind::Revocation => {
                reader.exactly(5, "the first number that is not believed (5)")?;
                Says::Revoked { from: reader.unsigned(LATEST_MS.unsigned_abs())? }
            }
            Kind::Certificate | Kind::Entry => Says::Certified,
        };
        reader.finish()?;
        Ok(Self { subject, device, wall_ms, says })
    }
}

fn members(kind: Kind) -> usize {
    match kind {
        Kind::Receipt => 6,
        Kind::Revocation => 5,
        Kind::Certificate | Kind::Entry => 4,
    }
}
