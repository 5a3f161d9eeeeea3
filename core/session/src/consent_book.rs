//! The consent ledgers of one account on this device, as they lie in the vault's log.
//!
//! A log is a row of sections, one for each subject; the last is the one in use. A section begins with who it is about,
//! then come its records and, before each entry, the payload it commits to.
//!
//! ```text
//! log     = *( begin *( payload / record ) )
//! begin   = 2 whose(1) subject(32) owner(32) key(16) keep-until(8, big-endian milliseconds since 1970)
//! payload = 1 CBOR       as core/consent/FORMAT.md has it
//! record  = 0 COSE_Sign1 entry, certificate, revocation or receipt
//! ```
//!
//! `owner` is a digest of issuer and `sub`, or zeros for a visitor; `key` names the device key, one for each section that
//! must not be linked to another; `keep-until` says until when an erased section is kept as proof.

use pforte_consent::{
    Digest, Draft, Identity, Ledger, MergeReport, Payload, PublicKey, Rule, Salt, Sealed, Standing, State,
    Statement, Subject,
};

use crate::{PurposeStanding, SessionError};

const RECORD: u8 = 0;
const PAYLOAD: u8 = 1;
const BEGIN: u8 = 2;

/// Who a ledger is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Whose {
    /// A visitor nobody knows.
    Visitor,
    /// A known person, under a subject that this device made.
    Person,
    /// A known person, under the subject that the account service gave.
    Account,
}

/// The first record of a section.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Begin {
    pub whose: Whose,
    pub subject: Subject,
    pub owner: Digest,
    pub key: KeyId,
    /// Once erased: until when it is kept, in milliseconds since 1970.
    pub keep_until_ms: i64,
}

/// Names a device key of this account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct KeyId(pub [u8; 16]);

impl KeyId {
    /// The alias under which the platform keeps the key.
    pub fn alias(&self, account: &str) -> String {
        let name: String = self.0.iter().map(|byte| format!("{byte:02x}")).collect();
        format!("{account}/{name}/ledger")
    }
}

/// No owner: a visitor.
pub(crate) const NOBODY: Digest = Digest::new([0; 32]);

/// One subject's ledger and payloads in memory.
#[derive(Debug)]
pub(crate) struct Section {
    pub begin: Begin,
    pub ledger: Ledger,
    pub payloads: Vec<Payload>,
}

/// Every ledger on this device, the one in use last.
#[derive(Debug, Default)]
pub(crate) struct ConsentBook {
    pub sections: Vec<Section>,
    /// The person signed out: their ledger is kept as evidence, and is in use again when they sign in.
    pub resting: bool,
    /// What a visitor was told or asked before they chose anything: in memory only.
    pub notes: Vec<Statement>,
}

/// The sections' first records and what follows them, as they were read.
pub(crate) type RawSections = Vec<(Begin, Vec<u8>, Vec<Payload>)>;

/// Splits a log into sections; no signature is checked yet, because that takes the device's keys.
pub(crate) fn split(records: &[Vec<u8>]) -> Result<RawSections, SessionError> {
    let mut sections: RawSections = Vec::new();
    for record in records {
        let (tag, bytes) = record.split_first().ok_or_else(unreadable)?;
        match (*tag, sections.last_mut()) {
            (BEGIN, _) => sections.push((Begin::read(bytes).ok_or_else(unreadable)?, Vec::new(), Vec::new())),
            (RECORD, Some((_, records, _))) => records.extend_from_slice(bytes),
            (PAYLOAD, Some((_, _, payloads))) => {
                payloads.push(Payload::from_bytes(bytes).map_err(|_| unreadable())?);
            }
            _ => return Err(unreadable()),
        }
    }
    Ok(sections)
}

fn unreadable() -> SessionError {
    SessionError::Corrupt { what: "the consent ledger" }
}

impl Begin {
    pub fn to_record(self) -> Vec<u8> {
        let whose = match self.whose {
            Whose::Visitor => 0,
            Whose::Person => 1,
            Whose::Account => 2,
        };
        let parts: [&[u8]; 5] = [
            &[BEGIN, whose],
            self.subject.as_bytes(),
            self.owner.as_bytes(),
            &self.key.0,
            &self.keep_until_ms.to_be_bytes(),
        ];
        parts.concat()
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        let (whose, rest) = bytes.split_first()?;
        let (subject, rest) = rest.split_first_chunk::<32>()?;
        let (owner, rest) = rest.split_first_chunk::<32>()?;
        let (key, rest) = rest.split_first_chunk::<16>()?;
        let keep_until: &[u8; 8] = rest.try_into().ok()?;
        let whose = match whose {
            0 => Whose::Visitor,
            1 => Whose::Person,
            2 => Whose::Account,
            _ => return None,
        };
        Some(Self {
            whose,
            subject: Subject::new(*subject),
            owner: Digest::new(*owner),
            key: KeyId(*key),
            keep_until_ms: i64::from_be_bytes(*keep_until),
        })
    }
}

impl Section {
    /// An empty section; nothing is written anywhere.
    pub fn new(begin: Begin, device_key: PublicKey, services: Vec<PublicKey>) -> Self {
        let identity = Identity { subject: begin.subject, device_key, services };
        Self { begin, ledger: Ledger::new(identity), payloads: Vec::new() }
    }

    /// A section as it was read, every signature and link checked. Payloads that an erasure destroyed are left out,
    /// should the process have ended before the log was rewritten.
    pub fn read(
        begin: Begin,
        device_key: PublicKey,
        services: Vec<PublicKey>,
        records: &[u8],
        payloads: Vec<Payload>,
    ) -> Result<Self, SessionError> {
        let identity = Identity { subject: begin.subject, device_key, services };
        let ledger = Ledger::from_entries(identity, records).map_err(|_| unreadable())?;
        let payloads = if ledger.is_erased() { Vec::new() } else { payloads };
        Ok(Self { begin, ledger, payloads })
    }

    /// The whole section as the log holds it.
    pub fn to_log(&self) -> Vec<Vec<u8>> {
        let payloads = self.payloads.iter().map(|payload| tagged(PAYLOAD, payload.as_bytes()));
        let records = self.ledger.records_after(&[]).into_iter().map(|record| tagged(RECORD, &record));
        [self.begin.to_record()].into_iter().chain(payloads).chain(records).collect()
    }

    /// Drafts one entry for each statement; the caller signs and stores them before they count.
    pub fn draft(&self, statements: Vec<Statement>) -> Result<Vec<Draft>, SessionError> {
        let salted = statements
            .into_iter()
            .map(|statement| Ok((statement, Salt::new(crate::random::bytes()?))))
            .collect::<Result<Vec<_>, SessionError>>()?;
        self.ledger
            .draft_all(salted)
            .map_err(|refused| SessionError::NotRecorded { reason: refused.to_string() })
    }

    /// Takes in what was stored.
    pub fn append(&mut self, sealed: Sealed) -> Result<(), SessionError> {
        self.ledger.append(sealed.entry).map_err(|_| SessionError::Internal { what: "ledger append" })?;
        self.payloads.extend(sealed.payload);
        Ok(())
    }

    /// The log records of what a merge brought: payloads first, so that no entry ever lacks its own.
    pub fn merged_to_log(report: &MergeReport, payloads: &[Payload]) -> Vec<Vec<u8>> {
        let payloads = payloads.iter().map(|payload| tagged(PAYLOAD, payload.as_bytes()));
        payloads.chain(report.records.iter().map(|record| tagged(RECORD, record))).collect()
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
}

impl ConsentBook {
    /// The ledger in use.
    pub fn current(&self) -> Option<&Section> {
        self.sections.last().filter(|section| !self.resting || section.begin.whose == Whose::Visitor)
    }

    /// The ledger of a subject.
    pub fn section_mut(&mut self, subject: Subject) -> Result<&mut Section, SessionError> {
        let found = self.sections.iter_mut().find(|section| section.begin.subject == subject);
        found.ok_or(SessionError::NotRecorded {
            reason: "this device holds no ledger of that subject".to_owned(),
        })
    }

    /// Everything as the log holds it.
    pub fn to_log(&self) -> Vec<Vec<u8>> {
        self.sections.iter().flat_map(Section::to_log).collect()
    }

    /// Where a purpose stands; while nothing is on disk, what the visitor was told a moment ago.
    pub fn standing(&self, purpose: &str, rule: &Rule, now_ms: i64) -> PurposeStanding {
        match self.current() {
            Some(section) => section.standing(purpose, rule, now_ms),
            None => self.noted(purpose, rule),
        }
    }

    fn noted(&self, purpose: &str, rule: &Rule) -> PurposeStanding {
        let note = self.notes.iter().rev().find(|note| note.purpose == purpose);
        let text = note.and_then(|note| note.text.as_ref());
        let same_text = text.is_some_and(|text| rule.texts.is_empty() || rule.texts.contains(&text.hash));
        let same_terms = rule.terms.is_none() || note.is_some_and(|note| note.terms == rule.terms);
        PurposeStanding {
            text_id: text.map(|text| text.id.clone()),
            locale: text.map(|text| text.locale.clone()),
            standing: Standing {
                state: note.map_or(State::Unknown, |note| note.state),
                told: note.is_some_and(|note| note.state == State::Informed) && same_text && same_terms,
                outdated: note.is_some() && !(same_text && same_terms),
                since_ms: note.map(|note| note.wall_ms),
                text_hash: text.map(|text| text.hash),
                terms: note.and_then(|note| note.terms),
                last_asked_ms: note.filter(|note| note.state == State::Asked).map(|note| note.wall_ms),
                ..Standing::default()
            },
        }
    }
}

/// The log records of one sealed entry, in the order in which they are written: the evidence first.
pub(crate) fn sealed_to_log(sealed: &Sealed) -> Vec<Vec<u8>> {
    let payload = sealed.payload.iter().map(|payload| tagged(PAYLOAD, payload.as_bytes()));
    payload.chain([tagged(RECORD, sealed.entry.as_bytes())]).collect()
}

fn tagged(tag: u8, bytes: &[u8]) -> Vec<u8> {
    let mut record = Vec::with_capacity(bytes.len() + 1);
    record.push(tag);
    record.extend_from_slice(bytes);
    record
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_record_of_a_section_comes_back_as_it_was_and_nothing_else_does() {
        let begin = Begin {
            whose: Whose::Account,
            subject: Subject::new([1; 32]),
            owner: Digest::of(b"owner"),
            key: KeyId([3; 16]),
            keep_until_ms: -5,
        };
        let record = begin.to_record();
        assert_eq!(split(std::slice::from_ref(&record)).unwrap()[0].0, begin);
        assert_eq!(begin.key.alias("main"), "main/03030303030303030303030303030303/ledger");
        for cut in 1..record.len() {
            assert!(split(&[record[..cut].to_vec()]).is_err(), "cut at {cut}");
        }
        let mut unknown = record.clone();
        unknown[1] = 3;
        assert!(split(&[unknown]).is_err());
        for orphan in [vec![], vec![RECORD, 1], vec![PAYLOAD, 1], vec![9]] {
            assert!(split(&[orphan]).is_err());
        }
    }
}
