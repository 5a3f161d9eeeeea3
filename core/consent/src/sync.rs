//! What to send, and what to ask for: sync is a set union.

use std::collections::{BTreeMap, HashSet};

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
        self.records_after(&[])
    }

    /// The records that somebody lacks who holds `heads` and all before them. Certificates and receipts are always
    /// among them: they are few.
    pub fn records_after(&self, heads: &[Head]) -> Vec<u8> {
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
        let entries =
            self.chains.nodes().iter().filter(|node| !held.contains(&node.hash)).map(|node| &node.record);
        let receipts = self.receipts.values().map(|receipt| &receipt.record);
        self.certificates.values().chain(entries).chain(receipts).flatten().copied().collect()
    }

    /// Of each device the latest entry that others, or receipts, name and that is not held: what to ask the account service for. Where this
    /// device is among them, its own file lost its tail.
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
