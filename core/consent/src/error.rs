//! What can be wrong with a ledger.

use crate::Digest;

/// Bytes that are not a record, and where.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("malformed at byte {offset}: {fault}")]
pub struct Malformed {
    /// The first byte that is wrong, counted from the start of what was handed over.
    pub offset: usize,
    /// What is wrong with it.
    pub fault: Fault,
}

/// What is wrong with a byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The bytes end inside an item.
    #[error("the bytes end here")]
    Truncated,
    /// Another kind of item belongs here.
    #[error("{expected} belongs here")]
    Unexpected {
        /// What belongs here.
        expected: &'static str,
    },
    /// Not the one deterministic encoding (RFC 8949, section 4.2.1).
    #[error("not in deterministic encoding")]
    NotDeterministic,
    /// Longer than the format allows.
    #[error("longer than {limit}")]
    TooLong {
        /// The most that is allowed.
        limit: u64,
    },
    /// A version of the format, or an algorithm, that this library does not know; left untouched.
    #[error("of a version this library does not know")]
    UnknownVersion,
    /// Bytes after the end.
    #[error("bytes after the end")]
    Trailing,
}

/// Why a ledger is refused. Nothing was changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LedgerError {
    /// Bytes that are not a record.
    #[error(transparent)]
    Malformed(#[from] Malformed),
    /// A signature that does not verify: the record was changed or forged.
    #[error("the signature of the record at byte {offset} does not verify: it was changed or forged")]
    Signature {
        /// Where the record begins.
        offset: usize,
    },
    /// A record about somebody else.
    #[error("the record at byte {offset} belongs to another subject")]
    OtherSubject {
        /// Where the record begins.
        offset: usize,
    },
    /// A certificate or receipt by a key that is not the account service's.
    #[error("the record at byte {offset} is signed by a key that is not the account service's")]
    OtherService {
        /// Where the record begins.
        offset: usize,
    },
    /// An entry of this device that does not follow its predecessor: something was dropped, reordered or inserted.
    #[error(
        "entry {seq} (at byte {offset}) does not follow its predecessor: entries were dropped, reordered or inserted"
    )]
    Broken {
        /// Where the record begins.
        offset: usize,
        /// Its number.
        seq: u64,
    },
    /// The ledger lacks the entry its anchor names: the tail was cut, or an older copy was put back.
    #[error(
        "the ledger lacks entry {seq} ({head}) that its anchor names: its tail was cut or an older copy put back"
    )]
    Cut {
        /// The number of the entry that is missing.
        seq: u64,
        /// Its hash.
        head: Digest,
    },
    /// More than the format allows.
    #[error("the ledger is full: too many {what}")]
    Full {
        /// What there are too many of.
        what: &'static str,
    },
}
