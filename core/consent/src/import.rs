//! Taking an exported ledger in again.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use crate::cbor::Reader;
use crate::cose::Signed;
use crate::{Ledger, LedgerError, Malformed, MergeReport, Payload, Subject};

/// The longest document that is read, in bytes.
const LONGEST_DOCUMENT: usize = 64 << 20;

/// The members that hold records.
const RECORDS: [&str; 4] = ["pforte:certificates", "pforte:revocations", "pforte:entries", "pforte:receipts"];
const PAYLOADS: &str = "pforte:payloads";

/// What [`Ledger::export`] wrote, read and checked for its form. What the document claims beside its records, such as
/// states, is not believed: it follows from the records.
#[derive(Debug)]
pub struct Imported {
    subject: Subject,
    records: Vec<u8>,
    payloads: Vec<Payload>,
}

/// Why a document is not read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ImportError {
    /// Longer than 64 MiB.
    #[error("the document is longer than {LONGEST_DOCUMENT} bytes")]
    TooLong,
    /// Not JSON.
    #[error("not JSON, from byte {offset} on")]
    NotJson {
        /// Where it stops being JSON.
        offset: usize,
    },
    /// A member is missing or of another kind.
    #[error(
        "the document lacks {member}, or it is of another kind: hand over what export() wrote, in JSON-LD"
    )]
    Member {
        /// Which.
        member: &'static str,
    },
    /// An item is not base64url.
    #[error("item {index} of {member} is not base64url")]
    NotBase64 {
        /// In which member.
        member: &'static str,
        /// Which item, from 0.
        index: usize,
    },
    /// An item is no record, or no payload.
    #[error("item {index} of {member} is {malformed}")]
    Malformed {
        /// In which member.
        member: &'static str,
        /// Which item, from 0.
        index: usize,
        /// What is wrong, and at which byte of the item.
        malformed: Malformed,
    },
}

impl Imported {
    /// Reads a document.
    pub fn from_json(text: &str) -> Result<Self, ImportError> {
        if text.len() > LONGEST_DOCUMENT {
            return Err(ImportError::TooLong);
        }
        let document: Value = serde_json::from_str(text)
            .map_err(|error| ImportError::NotJson { offset: offset(text, error.line(), error.column()) })?;
        let subject = document.get("pforte:subject").and_then(Value::as_str).and_then(Subject::from_hex);
        let subject = subject.ok_or(ImportError::Member { member: "pforte:subject" })?;
        let mut records = Vec::new();
        for member in RECORDS {
            for (index, record) in items(&document, member)?.into_iter().enumerate() {
                let mut reader = Reader::new(&record, 0);
                Signed::read(&mut reader)
                    .and_then(|_| reader.finish())
                    .map_err(|malformed| ImportError::Malformed { member, index, malformed })?;
                records.extend_from_slice(&record);
            }
        }
        let payloads = items(&document, PAYLOADS)?.into_iter().enumerate().map(|(index, bytes)| {
            let refused = |malformed| ImportError::Malformed { member: PAYLOADS, index, malformed };
            Payload::from_bytes(&bytes).map_err(refused)
        });
        let payloads = payloads.collect::<Result<_, _>>()?;
        Ok(Self { subject, records, payloads })
    }

    /// Whose ledger it is; only into a ledger of the same subject can it be taken.
    pub fn subject(&self) -> Subject {
        self.subject
    }
}

impl Ledger {
    /// Takes an exported ledger in: a merge, after which payloads come back that an entry commits to and that were not
    /// erased. Certificates, revocations and receipts of a service that is not believed are left out, so that what
    /// another device granted counts only where it is certified; what it refused counts always.
    pub fn import(&mut self, imported: Imported) -> Result<(MergeReport, Vec<Payload>), LedgerError> {
        if imported.subject != self.identity.subject {
            return Err(LedgerError::OtherSubject { offset: 0 });
        }
        let report = self.merge_leaving_out_strangers(&imported.records)?;
        let payloads = imported.payloads.into_iter().filter(|payload| self.check_payload(payload).is_ok());
        Ok((report, payloads.collect()))
    }
}

fn items(document: &Value, member: &'static str) -> Result<Vec<Vec<u8>>, ImportError> {
    let texts = document.get(member).and_then(Value::as_array).ok_or(ImportError::Member { member })?;
    let decode = |(index, text): (usize, &Value)| {
        let bytes = text.as_str().and_then(|text| URL_SAFE_NO_PAD.decode(text).ok());
        bytes.ok_or(ImportError::NotBase64 { member, index })
    };
    texts.iter().enumerate().map(decode).collect()
}

/// The byte at a line and a column, both from 1.
fn offset(text: &str, line: usize, column: usize) -> usize {
    let before: usize = text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
    before.saturating_add(column.saturating_sub(1)).min(text.len())
}
