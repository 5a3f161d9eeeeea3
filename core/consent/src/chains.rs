//! The set of entries held, and what each had seen: a graph that hashes keep free of cycles.
//!
//! An entry's *past* is what it had certainly seen when it was signed: the entries before it on its own chain and,
//! where its device is trusted, every head its `seen` names and their pasts. A head that is not held, or names another
//! hash than the entry held, counts for nothing, so nobody can claim to have seen what was not there yet.
//!
//! A chain is *clean* up to the first gap or fork. Beyond it entries may only restrict: a device that signs two
//! different entries with one number was cloned or rolled back. The same holds from where the service revoked a device.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use crate::entry::Body;
use crate::{Digest, Head};

/// An entry whose signature was checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Node {
    pub hash: Digest,
    pub body: Body,
    pub record: Vec<u8>,
}

impl Node {
    pub fn device(&self) -> Digest {
        self.body.device_key.thumbprint()
    }

    pub fn head(&self) -> Head {
        Head { device: self.device(), seq: self.body.seq, hash: self.hash }
    }

    /// The entry before it on its chain; the first has none.
    pub fn before(&self) -> Option<Head> {
        let seq = self.body.seq.checked_sub(1)?;
        Some(Head { device: self.device(), seq, hash: self.body.prev })
    }
}

#[derive(Debug, Clone)]
pub(crate) struct Chains {
    own_device: Digest,
    certified: BTreeSet<Digest>,
    /// The first number of a device's chain that is no longer believed.
    revoked: BTreeMap<Digest, u64>,
    nodes: Vec<Node>,
    index: HashMap<Digest, usize>,
    own: Vec<usize>,
    foreign: BTreeMap<Digest, BTreeMap<u64, Vec<usize>>>,
    /// The foreign entries that no entry held follows.
    tips: BTreeSet<Head>,
    /// Everything that some entry names as the one before it.
    followed: HashSet<Digest>,
}

/// What is known about each node, by its number.
#[derive(Debug)]
pub(crate) struct Trust {
    /// On a chain without gap or fork up to here.
    pub clean: Vec<bool>,
    /// Clean, and of this device or a certified one before its revocation: its grants and its `seen` count.
    pub trusted: Vec<bool>,
}

/// A set of nodes.
#[derive(Debug, Clone)]
pub(crate) struct Past(Vec<u64>);

impl Past {
    pub fn contains(&self, node: usize) -> bool {
        self.0.get(node / 64).is_some_and(|word| word >> (node % 64) & 1 == 1)
    }

    /// Whether it was new.
    fn insert(&mut self, node: usize) -> bool {
        let Some(word) = self.0.get_mut(node / 64) else { return false };
        let bit = 1 << (node % 64);
        let new = *word & bit == 0;
        *word |= bit;
        new
    }
}

impl Chains {
    pub fn new(own_device: Digest) -> Self {
        Self {
            own_device,
            certified: BTreeSet::new(),
            revoked: BTreeMap::new(),
            nodes: Vec::new(),
            index: HashMap::new(),
            own: Vec::new(),
            foreign: BTreeMap::new(),
            tips: BTreeSet::new(),
            followed: HashSet::new(),
        }
    }

    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    pub fn node(&self, hash: &Digest) -> Option<(usize, &Node)> {
        let at = *self.index.get(hash)?;
        Some((at, self.nodes.get(at)?))
    }

    pub fn own_head(&self) -> Option<&Node> {
        self.nodes.get(*self.own.last()?)
    }

    pub fn own_node(&self, seq: u64) -> Option<&Node> {
        self.nodes.get(*self.own.get(usize::try_from(seq).ok()?)?)
    }

    /// This device's entries, from the first.
    pub fn own_nodes(&self) -> impl Iterator<Item = &Node> {
        self.own.iter().filter_map(|at| self.nodes.get(*at))
    }

    pub fn is_own(&self, node: &Node) -> bool {
        node.device() == self.own_device
    }

    /// Whether `node` is the next of this device's chain.
    pub fn continues_own(&self, node: &Node) -> bool {
        let (seq, prev) =
            self.own_head().map_or((0, Digest::new([0; 32])), |head| (head.body.seq + 1, head.hash));
        self.is_own(node) && node.body.seq == seq && node.body.prev == prev
    }

    /// Whether the entry and every one before it on its chain is held.
    pub fn reaches_back(&self, hash: &Digest) -> bool {
        let mut next = self.node(hash);
        while let Some((_, node)) = next {
            if node.body.seq == 0 {
                return true;
            }
            next = self.node(&node.body.prev).filter(|(_, before)| Some(before.head()) == node.before());
        }
        false
    }

    /// The ends of all chains but this device's.
    pub fn tips(&self) -> &BTreeSet<Head> {
        &self.tips
    }

    /// The tips for an entry's `seen`, sorted. Beyond `most`, which takes forks to reach, those of devices that are not
    /// certified are left out first; what is left out still restricts.
    pub fn heads_to_name(&self, most: usize) -> Vec<Head> {
        let (certified, others): (Vec<Head>, Vec<Head>) =
            self.tips.iter().partition(|tip| self.is_certified(&tip.device));
        let mut heads: Vec<Head> = certified.into_iter().chain(others).take(most).collect();
        heads.sort();
        heads
    }

    pub fn foreign_devices(&self) -> impl Iterator<Item = Digest> {
        self.foreign.keys().copied()
    }

    pub fn certify(&mut self, device: Digest) -> bool {
        self.certified.insert(device)
    }

    pub fn is_certified(&self, device: &Digest) -> bool {
        *device == self.own_device || self.certified.contains(device)
    }

    /// Believes `device` no longer from number `from` on; of two revocations the earlier counts. Whether that is news.
    pub fn revoke(&mut self, device: Digest, from: u64) -> bool {
        if self.revoked.get(&device).is_some_and(|known| *known <= from) {
            return false;
        }
        self.revoked.insert(device, from);
        true
    }

    /// Whether an entry comes from a device that is believed about it: this one or a certified one, and the entry lies
    /// before a revocation. Says nothing about gaps and forks.
    pub fn is_believed(&self, node: &Node) -> bool {
        self.is_certified(&node.device()) && !self.is_revoked(&node.head())
    }

    /// Whether an entry lies at or beyond the revocation of its device.
    pub fn is_revoked(&self, head: &Head) -> bool {
        self.revoked.get(&head.device).is_some_and(|from| head.seq >= *from)
    }

    /// Adds an entry; the caller has checked that an own one continues the chain. Returns its number, or nothing where
    /// it was held already: then the smaller of two records with different signatures stays, whatever came first.
    pub fn insert(&mut self, node: Node) -> Option<usize> {
        if let Some(held) = self.index.get(&node.hash).and_then(|at| self.nodes.get_mut(*at)) {
            if node.record < held.record {
                held.record = node.record;
            }
            return None;
        }
        let at = self.nodes.len();
        self.index.insert(node.hash, at);
        if self.is_own(&node) {
            self.own.push(at);
        } else {
            let device = node.device();
            if let Some(before) = node.before() {
                self.tips.remove(&before);
            }
            self.followed.insert(node.body.prev);
            if !self.followed.contains(&node.hash) {
                self.tips.insert(node.head());
            }
            self.foreign.entry(device).or_default().entry(node.body.seq).or_default().push(at);
        }
        self.nodes.push(node);
        Some(at)
    }

    /// The numbers of all nodes, chain by chain, each from its beginning.
    pub fn in_chain_order(&self) -> impl Iterator<Item = usize> {
        let foreign = self.foreign.values().flat_map(|chain| chain.values().flatten());
        self.own.iter().chain(foreign).copied()
    }

    pub fn trust(&self) -> Trust {
        let mut clean = vec![false; self.nodes.len()];
        let mut mark = |at: usize| {
            if let Some(flag) = clean.get_mut(at) {
                *flag = true;
            }
        };
        self.own.iter().for_each(|at| mark(*at));
        for chain in self.foreign.values() {
            let mut prev = Digest::new([0; 32]);
            for (expected, (seq, nodes)) in chain.iter().enumerate() {
                let [at] = nodes.as_slice() else { break };
                let Some(node) = self.nodes.get(*at) else { break };
                if *seq != expected as u64 || node.body.prev != prev {
                    break;
                }
                prev = node.hash;
                mark(*at);
            }
        }
        let trusted =
            clean.iter().zip(&self.nodes).map(|(clean, node)| *clean && self.is_believed(node)).collect();
        Trust { clean, trusted }
    }

    /// What node `at` had seen, itself not included.
    pub fn past(&self, at: usize, trust: &Trust) -> Past {
        let mut past = Past(vec![0; self.nodes.len().div_ceil(64)]);
        let mut open = vec![at];
        while let Some(at) = open.pop() {
            let Some(node) = self.nodes.get(at) else { continue };
            let before = node.before();
            let trusted = trust.trusted.get(at).copied().unwrap_or_default();
            let seen = if trusted { node.body.seen.as_slice() } else { &[] };
            for head in before.iter().chain(seen) {
                if let Some((at, held)) = self.node(&head.hash)
                    && held.head() == *head
                    && past.insert(at)
                {
                    open.push(at);
                }
            }
        }
        past
    }
}
