//! From statement to entry: the caller signs.

use crate::chains::Node;
use crate::entry::Body;
use crate::{Digest, Payload};

/// An entry without its signature.
#[derive(Debug)]
pub struct Draft {
    hash: Digest,
    body: Body,
    to_be_signed: Vec<u8>,
    payload: Option<Payload>,
}

/// An entry and the payload it commits to.
#[derive(Debug)]
pub struct Sealed {
    /// For the ledger, for as long as proof is kept.
    pub entry: Entry,
    /// The evidence; stored before the entry and apart from it, under a key of its own, so that it can be erased. A
    /// tombstone has none.
    pub payload: Option<Payload>,
}

/// A signed entry (COSE_Sign1, RFC 9052), made by [`Draft::seal`] alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry(Node);

/// The signature is not the key's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the signature is not this key's over the draft: sign to_be_signed() with ES256, 64 bytes r || s")]
pub struct BadSignature;

impl Draft {
    pub(crate) fn new(body: Body, payload: Option<Payload>) -> Self {
        let to_be_signed = body.content().to_be_signed();
        Self { hash: Digest::of(&to_be_signed), body, to_be_signed, payload }
    }

    /// The bytes to sign: the Sig_structure of RFC 9052, section 4.4. Hand them to
    /// `pforte_host::DeviceKey::sign_es256`, which hashes them.
    pub fn to_be_signed(&self) -> Vec<u8> {
        self.to_be_signed.clone()
    }

    /// The name the entry will have: the digest of what is signed.
    pub fn hash(&self) -> Digest {
        self.hash
    }

    pub(crate) fn seq(&self) -> u64 {
        self.body.seq
    }

    /// Adds the signature (64 bytes, `r || s`), after checking it against the device key of the ledger.
    pub fn seal(self, signature: &[u8]) -> Result<Sealed, BadSignature> {
        let signature: &[u8; 64] = signature.try_into().map_err(|_| BadSignature)?;
        if !self.body.device_key.verifies(&self.to_be_signed, signature) {
            return Err(BadSignature);
        }
        let record = self.body.content().to_record(signature);
        Ok(Sealed { entry: Entry(Node { hash: self.hash, body: self.body, record }), payload: self.payload })
    }

    /// What [`Draft::seal`] makes, without a signature: for histories of which a test makes thousands.
    #[cfg(test)]
    pub(crate) fn unsigned(self) -> Node {
        let record = self.body.content().to_record(&[0; 64]);
        Node { hash: self.hash, body: self.body, record }
    }
}

impl Entry {
    /// The bytes to store and to send.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0.record
    }

    /// The entry's name: the digest of what was signed.
    pub fn hash(&self) -> Digest {
        self.0.hash
    }

    pub(crate) fn into_node(self) -> Node {
        self.0
    }
}
