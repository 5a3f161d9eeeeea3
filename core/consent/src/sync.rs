//! What to send, and what to ask for: sync is a set union.

use std::collections::{BTreeMap, HashSet};

use crate::chains::Node;
use crate::{Anchor, Digest, Head, Ledger};

impl Ledger {
    /// The end of every chain held, this device's included. A forked chain has several.
    pub fn heads(&self) -> Vec<Head> {
        let own = self.chains.own_head().map(|node| node.head());
        let mut heads: Vec<Head> = self.chains.tips().iter().copied().chain(own).collect();
        heads.sort();
        heads
    }

    /// Every record, one after the other, in an order that [`Ledger::from_entries`] reads.
    pub fn records(&self) -> Vec<u8> {
        self.records_after(&[]).concat()
    }

    /// The records that somebody lacks who holds `heads` and all before them, each by itself. Certificates, revocations
    /// and receipts are always among them: they are few.
    pub fn records_after(&self, heads: &[Head]) -> Vec<Vec<u8>> {
        let revocations = self.revocations.values().map(|revocation| &revocation.record);
        let receipts = self.receipts.values().map(|receipt| &receipt.record);
        let entries = self.nodes_after(heads).map(|node| &node.record);
        self.certificates.values().chain(revocations).chain(entries).chain(receipts).cloned().collect()
    }

    /// Certificates, revocations and receipts.
    pub fn service_records(&self) -> Vec<Vec<u8>> {
        let revocations = self.revocations.values().map(|revocation| &revocation.record);
        let receipts = self.receipts.values().map(|receipt| &receipt.record);
        self.certificates.values().chain(revocations).chain(receipts).cloned().collect()
    }

    /// The ends of chains that lack a receipt and could have one: for a receiver that holds them without a gap, and before
    /// any revocation. A forked chain gets none.
    pub fn unconfirmed_heads(&self) -> Vec<Head> {
        let heads = self.whole_heads();
        let forked = |head: &Head| heads.iter().filter(|other| other.device == head.device).count() > 1;
        let confirmed =
            |head: &Head| self.receipts.get(&head.device).is_some_and(|receipt| receipt.seq >= head.seq);
        let open = |head: &&Head| !forked(head) && !confirmed(head) && !self.chains.is_revoked(head);
        heads.iter().filter(open).copied().collect()
    }

    /// Of these the entries alone, each with the commitment of its payload.
    pub fn entries_after(&self, heads: &[Head]) -> Vec<(Vec<u8>, Option<Digest>)> {
        self.nodes_after(heads).map(|node| (node.record.clone(), node.body.commitment())).collect()
    }

    fn nodes_after(&self, heads: &[Head]) -> impl Iterator<Item = &Node> {
        let mut held: HashSet<Digest> = HashSet::new();
        for head in heads {
            let mut next = self.chains.node(&head.hash);
            while let Some((_, node)) = next {
                if !held.insert(node.hash) {
                    break;
                }
                next = self.chains.node(&node.body.prev);
            }
        }
        self.chains.nodes().iter().filter(move |node| !held.contains(&node.hash))
    }

    /// The heads behind which nothing lacks: what to tell somebody who is to send the rest. A chain with a gap is left
    /// out, so that it comes whole.
    pub fn whole_heads(&self) -> Vec<Head> {
        self.heads().into_iter().filter(|head| self.chains.reaches_back(&head.hash)).collect()
    }

    /// Of each device the latest entry that others, or receipts, name and that is not held: what to ask the account
    /// service for. Where this device is among them, its own file lost its tail.
    pub fn lacking(&self) -> Vec<Head> {
        let seen = self.chains.nodes().iter().flat_map(|node| node.body.seen.iter().copied());
        let before = self.chains.nodes().iter().filter_map(|node| node.before());
        let confirmed = self.receipts.iter().map(|(device, receipt)| Head {
            device: *device,
            seq: receipt.seq,
            hash: receipt.hash,
        });
        let mut latest: BTreeMap<Digest, Head> = BTreeMap::new();
        for head in seen.chain(before).chain(confirmed).filter(|head| self.chains.node(&head.hash).is_none())
        {
            let held = latest.entry(head.device).or_insert(head);
            *held = (*held).max(head);
        }
        latest.into_values().collect()
    }

    /// Up to where the account service has confirmed this device's chain: only up to here can somebody else vouch that
    /// nothing was left out.
    pub fn receipted(&self) -> Option<Anchor> {
        let receipt = self.receipts.get(&self.identity.device_key.thumbprint())?;
        let (_, node) = self.chains.node(&receipt.hash)?;
        (node.body.seq == receipt.seq).then_some(Anchor { seq: receipt.seq, head: receipt.hash })
    }
}
