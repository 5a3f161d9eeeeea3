//! One subject's consent ledger as it lies in the vault's log: entries, and the payloads they commit to.

use pforte_consent::{Identity, Ledger, Payload, PublicKey, Rule, Salt, Statement, Subject};

use crate::{PurposeStanding, SessionError};

/// The first byte of a log record says what follows.
const ENTRY: u8 = 0;
const PAYLOAD: u8 = 1;

/// The ledger and its payloads in memory.
#[derive(Debug)]
pub(crate) struct ConsentBook {
    pub ledger: Ledger,
    pub payloads: Vec<Payload>,
}

impl ConsentBook {
    /// An empty book; nothing is written anywhere.
    pub fn new(subject: Subject, device_key: PublicKey) -> Self {
        let identity = Identity { subject, device_key, services: Vec::new() };
        Self { ledger: Ledger::new(identity), payloads: Vec::new() }
    }

    /// Reads the log's records, every signature and link checked.
    pub fn read(subject: Subject, device_key: PublicKey, records: &[Vec<u8>]) -> Result<Self, SessionError> {
        let mut entries = Vec::new();
        let mut payloads = Vec::new();
        for record in records {
            match record.split_first() {
                Some((&ENTRY, bytes)) => entries.extend_from_slice(bytes),
                Some((&PAYLOAD, bytes)) => payloads.push(
                    Payload::from_bytes(bytes)
                        .map_err(|_| SessionError::Corrupt { what: "the consent ledger" })?,
                ),
                _ => return Err(SessionError::Corrupt { what: "the consent ledger" }),
            }
        }
        let identity = Identity { subject, device_key, services: Vec::new() };
        let ledger = Ledger::from_entries(identity, &entries)
            .map_err(|_| SessionError::Corrupt { what: "the consent ledger" })?;
        Ok(Self { ledger, payloads })
    }

    /// Where a purpose stands, and which text that rests on.
    pub fn standing(&self, purpose: &str, rule: &Rule, now_ms: i64) -> PurposeStanding {
        let standing = self.ledger.standing(purpose, rule, now_ms);
        let evidence = standing
            .commitment
            .and_then(|commitment| self.payloads.iter().find(|payload| payload.commitment() == commitment));
        PurposeStanding {
            text_id: evidence.and_then(Payload::text_id).map(str::to_owned),
            locale: evidence.and_then(Payload::locale).map(str::to_owned),
            standing,
        }
    }

    /// Drafts one entry for each statement; the caller signs and stores them before they count.
    pub fn draft(&self, statements: Vec<Statement>) -> Result<Vec<pforte_consent::Draft>, SessionError> {
        let salted = statements
            .into_iter()
            .map(|statement| Ok((statement, Salt::new(crate::random::bytes()?))))
            .collect::<Result<Vec<_>, SessionError>>()?;
        self.ledger
            .draft_all(salted)
            .map_err(|refused| SessionError::NotRecorded { reason: refused.to_string() })
    }

    /// The log records of one sealed entry, in the order in which they are written: the evidence first, so that no
    /// entry ever lacks its payload.
    pub fn log_records(sealed: &pforte_consent::Sealed) -> Vec<Vec<u8>> {
        let payload = sealed.payload.iter().map(|payload| tagged(PAYLOAD, payload.as_bytes()));
        payload.chain([tagged(ENTRY, sealed.entry.as_bytes())]).collect()
    }

    /// Takes in what was stored.
    pub fn append(&mut self, sealed: pforte_consent::Sealed) -> Result<(), SessionError> {
        self.ledger.append(sealed.entry).map_err(|_| SessionError::Internal { what: "ledger append" })?;
        self.payloads.extend(sealed.payload);
        Ok(())
    }
}

fn tagged(tag: u8, bytes: &[u8]) -> Vec<u8> {
    let mut record = Vec::with_capacity(bytes.len() + 1);
    record.push(tag);
    record.extend_from_slice(bytes);
    record
}
