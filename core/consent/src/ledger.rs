//! The ledger of one subject on one device: reading, appending, merging.

use std::collections::{BTreeMap, HashSet};

use crate::cbor::Reader;
use crate::chains::{Chains, Node};
use crate::cose::{Kind, Signed};
use crate::draft::{Draft, Entry};
use crate::entry::{Body, BodyAct, LATEST_MS, MOST_SEEN};
use crate::fold::Positions;
use crate::own_times::OwnTimes;
use crate::service::{Says, ServiceBody};
use crate::{Digest, LedgerError, PublicKey, Refused, Salt, Statement, Subject};

/// The most entries a ledger holds.
const MOST_ENTRIES: usize = 1 << 20;

/// Whose ledger it is, on which device, and whom it believes.
#[derive(Debug, Clone)]
pub struct Identity {
    /// The person's pseudonym.
    pub subject: Subject,
    /// This device's ledger key for this account.
    pub device_key: PublicKey,
    /// The keys of the account service, which certify and revoke devices and sign receipts; none while anonymous.
    pub services: Vec<PublicKey>,
}

/// The end of this device's chain, to be kept where the file is not (`SecretStore`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Anchor {
    /// The number of the last entry, from 0.
    pub seq: u64,
    /// Its hash.
    pub head: Digest,
}

/// The end of one device's chain, as far as somebody holds it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Head {
    /// The device, by the thumbprint of its key.
    pub device: Digest,
    /// The number of the last entry, from 0.
    pub seq: u64,
    /// Its hash.
    pub hash: Digest,
}

/// What a merge changed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MergeReport {
    /// Each record that was new: to be stored, one by one, after the ledger's others.
    pub records: Vec<Vec<u8>>,
    /// The commitments whose payloads are to be destroyed now: the subject was erased.
    pub destroy: Vec<Digest>,
}

/// One subject's consent as evidence: a set of signed entries, and where every purpose stands by them.
#[derive(Debug, Clone)]
pub struct Ledger {
    pub(crate) identity: Identity,
    pub(crate) chains: Chains,
    pub(crate) positions: Positions,
    pub(crate) certificates: BTreeMap<Digest, Vec<u8>>,
    pub(crate) revocations: BTreeMap<Digest, Revocation>,
    pub(crate) receipts: BTreeMap<Digest, Receipt>,
    pub(crate) own_times: OwnTimes,
}

/// The service's word that a device is no longer believed; the smallest counts: the earliest entry, then the bytes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Revocation {
    pub from: u64,
    pub record: Vec<u8>,
}

/// The service's latest confirmation for one device; ordered by how much it confirms.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Receipt {
    pub seq: u64,
    pub hash: Digest,
    pub wall_ms: i64,
    pub record: Vec<u8>,
}

/// Records whose signatures were checked.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    /// With the offset of each.
    pub entries: Vec<(usize, Node)>,
    pub certificates: Vec<(Digest, Vec<u8>)>,
    pub revocations: Vec<(Digest, Revocation)>,
    pub receipts: Vec<(Digest, Receipt)>,
}

impl Ledger {
    /// An empty ledger. Nothing is written anywhere.
    pub fn new(identity: Identity) -> Self {
        let chains = Chains::new(identity.device_key.thumbprint());
        Self {
            identity,
            chains,
            positions: Positions::default(),
            certificates: BTreeMap::new(),
            revocations: BTreeMap::new(),
            receipts: BTreeMap::new(),
            own_times: OwnTimes::default(),
        }
    }

    /// Reads a stored ledger: its records one after the other (a CBOR sequence, RFC 8742), in the order in which they
    /// were stored. Every signature is checked, and every link of this device's chain. Certificates and receipts of a
    /// service that is no longer believed are left out.
    pub fn from_entries(identity: Identity, bytes: &[u8]) -> Result<Self, LedgerError> {
        let mut ledger = Self::new(identity);
        let batch = ledger.verify(bytes, true)?;
        ledger.admit(batch)?;
        Ok(ledger)
    }

    /// Whose ledger it is.
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// Drafts the next entry; the caller signs it, seals it, stores it and appends it.
    pub fn draft(&self, statement: &Statement, salt: Salt) -> Result<Draft, Refused> {
        self.draft_after(None, statement, &salt)
    }

    /// Drafts several entries that follow each other: one for each purpose behind an "accept all". They are to be
    /// appended in this order; all are refused where one is.
    pub fn draft_all(&self, statements: Vec<(Statement, Salt)>) -> Result<Vec<Draft>, Refused> {
        let mut drafts: Vec<Draft> = Vec::new();
        for (statement, salt) in statements {
            drafts.push(self.draft_after(drafts.last(), &statement, &salt)?);
        }
        Ok(drafts)
    }

    /// Drafts the tombstone that erases the subject (GDPR, Art. 17). Once appended, or merged anywhere, nothing is
    /// granted under this subject any more, and the payloads are to be destroyed ([`Ledger::erasure`]).
    pub fn draft_erasure(&self, policy_hash: Digest, wall_ms: i64) -> Result<Draft, Refused> {
        self.check_room()?;
        Ok(Draft::new(self.body_after(None, BodyAct::Erase, policy_hash, wall_ms), None))
    }

    fn draft_after(
        &self,
        before: Option<&Draft>,
        statement: &Statement,
        salt: &Salt,
    ) -> Result<Draft, Refused> {
        self.check_room()?;
        let (act, payload) = statement.check(salt)?;
        Ok(Draft::new(self.body_after(before, act, statement.policy_hash, statement.wall_ms), Some(payload)))
    }

    pub(crate) fn check_room(&self) -> Result<(), Refused> {
        if self.is_erased() {
            return Err(Refused::Erased);
        }
        if self.chains.nodes().len() >= MOST_ENTRIES {
            return Err(Refused::Full { what: "entries" });
        }
        Ok(())
    }

    /// The body of the entry after `before`, or after this device's last.
    pub(crate) fn body_after(
        &self,
        before: Option<&Draft>,
        act: BodyAct,
        policy_hash: Digest,
        wall_ms: i64,
    ) -> Body {
        let before = before
            .map(|draft| (draft.seq(), draft.hash()))
            .or_else(|| self.anchor().map(|anchor| (anchor.seq, anchor.head)));
        let (seq, prev) = before.map_or((0, Digest::new([0; 32])), |(seq, hash)| (seq + 1, hash));
        Body {
            seq,
            prev,
            subject: self.identity.subject,
            device_key: self.identity.device_key.clone(),
            act,
            seen: self.chains.heads_to_name(MOST_SEEN),
            wall_ms: wall_ms.clamp(0, LATEST_MS),
            policy_hash,
        }
    }

    /// Adds this device's next entry. Takes the same time however long the ledger is.
    pub fn append(&mut self, entry: Entry) -> Result<(), LedgerError> {
        let node = entry.into_node();
        if node.body.subject != self.identity.subject {
            return Err(LedgerError::OtherSubject { offset: 0 });
        }
        if !self.chains.continues_own(&node) {
            return Err(LedgerError::Broken { offset: 0, seq: node.body.seq });
        }
        self.admit(Batch { entries: vec![(0, node)], ..Batch::default() }).map(|_| ())
    }

    /// Adds records of other devices, certificates and receipts, and entries of this device that the file had lost: a
    /// set union, all or nothing. What is held already is no error; entries may arrive in any order.
    pub fn merge(&mut self, records: &[u8]) -> Result<MergeReport, LedgerError> {
        let mut batch = self.verify(records, false)?;
        batch.entries.sort_by_key(|(_, node)| node.body.seq);
        self.admit(batch)
    }

    /// As [`Ledger::merge`], but what a service signed that is not believed is left out.
    pub(crate) fn merge_leaving_out_strangers(&mut self, records: &[u8]) -> Result<MergeReport, LedgerError> {
        let mut batch = self.verify(records, true)?;
        batch.entries.sort_by_key(|(_, node)| node.body.seq);
        self.admit(batch)
    }

    /// Reads records and checks each by itself: its form, its signature, whose it is.
    fn verify(&self, bytes: &[u8], leave_out_strangers: bool) -> Result<Batch, LedgerError> {
        let mut batch = Batch::default();
        let mut reader = Reader::new(bytes, 0);
        while !reader.is_at_end() {
            let signed = Signed::read(&mut reader)?;
            let offset = signed.offset;
            let to_be_signed = signed.content().to_be_signed();
            if signed.kind == Kind::Entry {
                let hash = Digest::of(&to_be_signed);
                // Held already, to the byte: it was checked when it came in.
                if self.chains.node(&hash).is_some_and(|(_, held)| held.record == signed.record) {
                    continue;
                }
                let body = Body::read(signed.body, signed.signer)?;
                if !body.device_key.verifies(&to_be_signed, &signed.signature) {
                    return Err(LedgerError::Signature { offset });
                }
                if body.subject != self.identity.subject {
                    return Err(LedgerError::OtherSubject { offset });
                }
                batch.entries.push((offset, Node { hash, body, record: signed.record.to_vec() }));
                continue;
            }
            let body = ServiceBody::read(signed.body, signed.kind)?;
            let service = self.identity.services.iter().find(|service| service.thumbprint() == signed.signer);
            let Some(service) = service else {
                if leave_out_strangers {
                    continue;
                }
                return Err(LedgerError::OtherService { offset });
            };
            if !service.verifies(&to_be_signed, &signed.signature) {
                return Err(LedgerError::Signature { offset });
            }
            if body.subject != self.identity.subject {
                return Err(LedgerError::OtherSubject { offset });
            }
            let record = signed.record.to_vec();
            match body.says {
                Says::Certified => batch.certificates.push((body.device, record)),
                Says::Revoked { from } => batch.revocations.push((body.device, Revocation { from, record })),
                Says::Received { seq, hash } => {
                    batch.receipts.push((body.device, Receipt { seq, hash, wall_ms: body.wall_ms, record }));
                }
            }
        }
        Ok(batch)
    }

    /// Takes in what was verified, or nothing of it.
    pub(crate) fn admit(&mut self, batch: Batch) -> Result<MergeReport, LedgerError> {
        self.check_own_chain(&batch)?;
        self.check_bounds(&batch)?;
        let was_erased = self.is_erased();
        let mut report = MergeReport::default();
        let mut refold = false;
        for (device, record) in batch.certificates {
            refold |= self.chains.certify(device);
            match self.certificates.get_mut(&device) {
                Some(held) if *held <= record => {}
                Some(held) => *held = record,
                None => {
                    report.records.push(record.clone());
                    self.certificates.insert(device, record);
                }
            }
        }
        for (device, revocation) in batch.revocations {
            refold |= self.chains.revoke(device, revocation.from);
            if self.revocations.get(&device).is_none_or(|held| *held > revocation) {
                report.records.push(revocation.record.clone());
                self.revocations.insert(device, revocation);
            }
        }
        for (_, node) in batch.entries {
            refold |= self.admit_entry(node, refold, &mut report);
        }
        for (device, receipt) in batch.receipts {
            if self.receipts.get(&device).is_none_or(|held| *held < receipt) {
                report.records.push(receipt.record.clone());
                self.receipts.insert(device, receipt);
            }
        }
        if refold {
            self.positions = Positions::fold(&self.chains);
        }
        if self.is_erased() && !(was_erased && report.records.is_empty()) {
            report.destroy = self.commitments();
        }
        Ok(report)
    }

    /// Adds one entry. Returns whether positions are to be folded anew: not for an own entry that has seen everything.
    fn admit_entry(&mut self, node: Node, refold: bool, report: &mut MergeReport) -> bool {
        let own = self.chains.is_own(&node);
        let saw_everything =
            own && self.chains.is_believed(&node) && node.body.seen.iter().eq(self.chains.tips());
        let (record, seq, wall_ms) = (node.record.clone(), node.body.seq, node.body.wall_ms);
        let Some(at) = self.chains.insert(node) else { return false };
        report.records.push(record);
        if own {
            self.own_times.push(seq, wall_ms);
        }
        if saw_everything && !refold {
            self.positions.advance(&self.chains, at);
        }
        !saw_everything
    }

    /// This device's chain has no gap and no fork: each new entry of it follows the one before.
    fn check_own_chain(&self, batch: &Batch) -> Result<(), LedgerError> {
        let (mut seq, mut prev) =
            self.anchor().map_or((0, Digest::new([0; 32])), |anchor| (anchor.seq + 1, anchor.head));
        let mut new = HashSet::new();
        for (offset, node) in &batch.entries {
            if !self.chains.is_own(node) || self.chains.node(&node.hash).is_some() || !new.insert(node.hash) {
                continue;
            }
            if node.body.seq != seq || node.body.prev != prev {
                return Err(LedgerError::Broken { offset: *offset, seq: node.body.seq });
            }
            (seq, prev) = (seq + 1, node.hash);
        }
        Ok(())
    }

    fn check_bounds(&self, batch: &Batch) -> Result<(), LedgerError> {
        if self.chains.nodes().len().saturating_add(batch.entries.len()) > MOST_ENTRIES {
            return Err(LedgerError::Full { what: "entries" });
        }
        let foreign = batch.entries.iter().map(|(_, node)| node).filter(|node| !self.chains.is_own(node));
        let certified = batch.certificates.iter().map(|(device, _)| *device);
        let revoked = batch.revocations.iter().map(|(device, _)| *device);
        let confirmed = batch.receipts.iter().map(|(device, _)| *device);
        let held =
            self.certificates.keys().chain(self.revocations.keys()).chain(self.receipts.keys()).copied();
        let mut devices: HashSet<Digest> =
            foreign.map(Node::device).chain(certified).chain(revoked).chain(confirmed).collect();
        if devices.is_empty() {
            return Ok(());
        }
        devices.extend(held.chain(self.chains.foreign_devices()));
        devices.remove(&self.identity.device_key.thumbprint());
        if devices.len() > MOST_SEEN { Err(LedgerError::Full { what: "devices" }) } else { Ok(()) }
    }

    /// The end of this device's chain; nothing while it has no entry.
    pub fn anchor(&self) -> Option<Anchor> {
        self.chains.own_head().map(|node| Anchor { seq: node.body.seq, head: node.hash })
    }

    /// Whether the ledger still holds the entry the anchor names; if not, its tail was cut or an older copy was put
    /// back. Entries beyond the anchor are fine: the anchor is written after them.
    pub fn check_anchor(&self, anchor: &Anchor) -> Result<(), LedgerError> {
        match self.chains.own_node(anchor.seq) {
            Some(node) if node.hash == anchor.head => Ok(()),
            _ => Err(LedgerError::Cut { seq: anchor.seq, head: anchor.head }),
        }
    }
}
