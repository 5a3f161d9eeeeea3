//! COSE_Sign1 with ES256 (RFC 9052, section 4.2; RFC 9053, section 2.1): the envelope of every record.

use crate::cbor::{Reader, Slice, Writer};
use crate::{Digest, Fault, Malformed};

/// The longest record; an entry that has seen 64 devices stays well below.
const LONGEST: u64 = 16 * 1024;

/// What a record is, told apart by the protected header `typ` (RFC 9596), so that no signature over one kind can be
/// passed off as another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Entry,
    Certificate,
    Revocation,
    Receipt,
}

impl Kind {
    const ALL: [Self; 4] = [Self::Entry, Self::Certificate, Self::Revocation, Self::Receipt];

    fn media_type(self) -> &'static str {
        match self {
            Self::Entry => "application/pforte-consent-entry+cbor",
            Self::Certificate => "application/pforte-consent-certificate+cbor",
            Self::Revocation => "application/pforte-consent-revocation+cbor",
            Self::Receipt => "application/pforte-consent-receipt+cbor",
        }
    }
}

/// What is signed: the protected header and the body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Content {
    pub kind: Kind,
    /// The thumbprint of the signing key (`kid`).
    pub signer: Digest,
    pub body: Vec<u8>,
}

impl Content {
    /// The Sig_structure (RFC 9052, section 4.4), without external data. Its digest names the record: a second valid
    /// signature over the same content (ECDSA has two) is no second record.
    pub fn to_be_signed(&self) -> Vec<u8> {
        let mut out = Writer::new();
        out.array(4);
        out.text("Signature1");
        out.bytes(&self.protected());
        out.bytes(&[]);
        out.bytes(&self.body);
        out.into_bytes()
    }

    /// The whole COSE_Sign1, tagged.
    pub fn to_record(&self, signature: &[u8; 64]) -> Vec<u8> {
        let mut out = Writer::new();
        out.tag(18);
        out.array(4);
        out.bytes(&self.protected());
        out.map(0);
        out.bytes(&self.body);
        out.bytes(signature);
        out.into_bytes()
    }

    /// `{1 alg: -7 ES256, 4 kid: thumbprint, 16 typ: media type}`
    fn protected(&self) -> Vec<u8> {
        let mut out = Writer::new();
        out.map(3);
        out.integer(1);
        out.integer(-7);
        out.integer(4);
        out.bytes(self.signer.as_bytes());
        out.integer(16);
        out.text(self.kind.media_type());
        out.into_bytes()
    }
}

/// One record as it lies in a sequence.
#[derive(Debug, Clone)]
pub(crate) struct Signed<'a> {
    /// Where it begins.
    pub offset: usize,
    pub kind: Kind,
    pub signer: Digest,
    pub body: Slice<'a>,
    pub signature: [u8; 64],
    /// The whole record.
    pub record: &'a [u8],
}

impl<'a> Signed<'a> {
    /// Reads the next record of a CBOR sequence (RFC 8742). The signature is not checked here.
    pub fn read(reader: &mut Reader<'a>) -> Result<Self, Malformed> {
        let offset = reader.offset();
        reader.tag(18, "a COSE_Sign1 (tag 18)")?;
        if reader.array(4)? != 4 {
            return Err(Malformed { offset, fault: Fault::Unexpected { expected: "an array of four" } });
        }
        let header = reader.bytes(256)?;
        let (kind, signer) = read_header(header)?;
        reader.map(0)?;
        let body = reader.bytes(LONGEST)?;
        let signature = reader.fixed("a signature of 64 bytes")?;
        Ok(Self { offset, kind, signer, body, signature, record: reader.since(offset) })
    }

    pub fn content(&self) -> Content {
        Content { kind: self.kind, signer: self.signer, body: self.body.bytes.to_vec() }
    }
}

fn read_header(header: Slice<'_>) -> Result<(Kind, Digest), Malformed> {
    let mut reader = Reader::new(header.bytes, header.offset);
    if reader.map(3)? != 3 {
        return Err(Malformed {
            offset: header.offset,
            fault: Fault::Unexpected { expected: "a header of three" },
        });
    }
    reader.exactly(1, "alg (1)")?;
    let algorithm = reader.offset();
    reader
        .exactly(-7, "ES256 (-7)")
        .map_err(|_| Malformed { offset: algorithm, fault: Fault::UnknownVersion })?;
    reader.exactly(4, "kid (4)")?;
    let signer = Digest::new(reader.fixed("a thumbprint of 32 bytes")?);
    reader.exactly(16, "typ (16)")?;
    let offset = reader.offset();
    let media_type = reader.text(64)?;
    reader.finish()?;
    let kind = Kind::ALL.into_iter().find(|kind| kind.media_type() == media_type);
    Ok((kind.ok_or(Malformed { offset, fault: Fault::UnknownVersion })?, signer))
}

#[cfg(test)]
mod tests {
    use coset::{CoseSign1, TaggedCborSerializable};

    use super::*;

    #[test]
    fn a_public_library_reads_the_same_bytes_and_signs_the_same_structure() {
        for kind in Kind::ALL {
            let content = Content { kind, signer: Digest::of(b"key"), body: vec![1, 2, 3] };
            let record = content.to_record(&[9; 64]);
            let theirs = CoseSign1::from_tagged_slice(&record).unwrap();
            assert_eq!(theirs.tbs_data(&[]), content.to_be_signed());
            assert_eq!(theirs.protected.header.key_id, Digest::of(b"key").as_bytes());
            assert_eq!(theirs.to_tagged_vec().unwrap(), record);

            let mut reader = Reader::new(&record, 0);
            let ours = Signed::read(&mut reader).unwrap();
            reader.finish().unwrap();
            assert_eq!((ours.content(), ours.record), (content, &record[..]));
        }
    }
}
