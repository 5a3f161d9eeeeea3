//! From entries to positions: where each purpose stands.
//!
//! **A purpose is granted if, and only if, there is a trusted grant that has every restriction in its past.** Grants of
//! devices that are not certified, and grants beyond a gap, fork or revocation, count for nothing; restrictions (refusals,
//! withdrawals, objections, recorded expiries) always count. Nothing else enters: no clock, no order of arrival. So no
//! merge, clock or replay yields a grant that no certified entry contains, nor one that outlives a restriction it had
//! not seen.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::chains::{Chains, Node, Past, Trust};
use crate::entry::BodyAct;
use crate::{Digest, State};

/// Where one purpose stands, before time and policy are applied.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Position {
    /// The entry that decides, or the latest note where nothing was decided.
    pub entry: Option<usize>,
    pub conflict: bool,
    pub last_refusal_ms: Option<i64>,
    pub last_asked_ms: Option<i64>,
    /// Text and terms of everything the person was told, whatever was decided since.
    pub told: BTreeSet<(Option<Digest>, Option<Digest>)>,
}

/// Where everything stands.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Positions {
    pub by_purpose: BTreeMap<String, Position>,
    /// The tombstone, where the subject was erased: nothing is granted any more.
    pub erased: Option<usize>,
}

/// What an entry does to a position.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Effect {
    Note,
    Grant,
    Restriction,
}

impl Positions {
    /// Adds an own entry that has seen everything held: it decides alone. Touches one purpose only.
    pub fn advance(&mut self, chains: &Chains, at: usize) {
        let Some(node) = chains.nodes().get(at) else { return };
        let BodyAct::State { state, purpose, .. } = &node.body.act else {
            self.erased = self.erased.or(Some(at));
            return;
        };
        let decided = self
            .by_purpose
            .get(purpose)
            .and_then(|position| position.entry)
            .and_then(|at| chains.nodes().get(at));
        let decided = decided.is_some_and(|node| effect(node) != Some(Effect::Note));
        let position = self.by_purpose.entry(purpose.clone()).or_default();
        match effect(node) {
            Some(Effect::Note) if decided => {}
            Some(Effect::Note) => position.entry = Some(at),
            _ => {
                position.entry = Some(at);
                position.conflict = false;
            }
        }
        position.remember(*state, node);
    }

    /// Computes everything anew, from the set of entries alone.
    pub fn fold(chains: &Chains) -> Self {
        let trust = chains.trust();
        let (groups, erased) = group(chains, &trust);
        let mut pasts = Pasts { chains, trust: &trust, known: HashMap::new() };
        let by_purpose =
            groups.into_iter().map(|(purpose, group)| (purpose, group.decide(&mut pasts))).collect();
        Self { by_purpose, erased }
    }
}

impl Position {
    fn remember(&mut self, state: State, node: &Node) {
        if let BodyAct::State { state: State::Informed, text_hash, terms, .. } = &node.body.act {
            self.told.insert((*text_hash, *terms));
        }
        let latest = match state {
            State::Denied | State::Withdrawn | State::Objected => &mut self.last_refusal_ms,
            State::Asked => &mut self.last_asked_ms,
            _ => return,
        };
        *latest = (*latest).max(Some(node.body.wall_ms));
    }
}

/// What speaks about one purpose: of each clean chain the last grant and the last restriction (they have the earlier
/// ones in their past), beyond gaps and forks each restriction.
#[derive(Debug, Default)]
struct Group {
    grants: Vec<usize>,
    restrictions: Vec<usize>,
    notes: Vec<usize>,
    position: Position,
}

fn group(chains: &Chains, trust: &Trust) -> (BTreeMap<String, Group>, Option<usize>) {
    let mut groups: BTreeMap<String, Group> = BTreeMap::new();
    let mut tombstones = Vec::new();
    let mut erased = None;
    for at in chains.in_chain_order() {
        let Some(node) = chains.nodes().get(at) else { continue };
        let trusted = trust.trusted.get(at).copied().unwrap_or_default();
        let clean = trust.clean.get(at).copied().unwrap_or_default();
        let BodyAct::State { state, purpose, .. } = &node.body.act else {
            // A certified device's tombstone counts beyond gaps and forks, too: it wins every merge.
            if chains.is_believed(node) {
                erased = smaller(chains, erased, at)
            } else {
                tombstones.push(at)
            }
            continue;
        };
        let group = groups.entry(purpose.clone()).or_default();
        if trusted {
            group.position.remember(*state, node);
        }
        let list = match effect(node) {
            Some(Effect::Restriction) => &mut group.restrictions,
            Some(Effect::Grant) if trusted => &mut group.grants,
            Some(Effect::Note) if trusted => &mut group.notes,
            _ => continue,
        };
        // The chains come one after the other: an earlier entry of this one lies at the end of the list.
        let same_chain = |last: &usize| {
            trust.clean.get(*last) == Some(&true)
                && chains.nodes().get(*last).is_some_and(|last| last.device() == node.device())
        };
        if clean && list.last().is_some_and(same_chain) {
            list.pop();
        }
        list.push(at);
    }
    // An uncertified device's takes back what was decided, until a grant that has seen it.
    for group in
        groups.values_mut().filter(|group| !(group.grants.is_empty() && group.restrictions.is_empty()))
    {
        group.restrictions.extend(&tombstones);
    }
    (groups, erased)
}

impl Group {
    fn decide(self, pasts: &mut Pasts<'_>) -> Position {
        let Self { grants, restrictions, notes, mut position } = self;
        let valid: Vec<usize> =
            grants.iter().copied().filter(|grant| pasts.of(*grant).has_all(&restrictions)).collect();
        if !valid.is_empty() {
            position.entry = pasts.latest(&valid, |_| 0);
        } else if !restrictions.is_empty() {
            position.entry = pasts.latest(&restrictions, severity);
            position.conflict =
                grants.iter().any(|grant| !restrictions.iter().any(|one| pasts.of(*one).contains(*grant)));
        } else {
            position.entry = pasts.latest(&notes, |_| 0);
        }
        position
    }
}

impl Past {
    fn has_all(&self, nodes: &[usize]) -> bool {
        nodes.iter().all(|node| self.contains(*node))
    }
}

struct Pasts<'a> {
    chains: &'a Chains,
    trust: &'a Trust,
    known: HashMap<usize, Past>,
}

impl Pasts<'_> {
    fn of(&mut self, at: usize) -> &Past {
        self.known.entry(at).or_insert_with(|| self.chains.past(at, self.trust))
    }

    /// Of those that no other has seen, the one with the highest rank; then the latest by its clock, then by hash: a
    /// choice for display among entries that say the same.
    fn latest(&mut self, nodes: &[usize], rank: fn(&Node) -> u8) -> Option<usize> {
        let mut best = None;
        for at in nodes {
            if nodes.iter().any(|other| self.of(*other).contains(*at)) {
                continue;
            }
            let Some(node) = self.chains.nodes().get(*at) else { continue };
            best = best.max(Some((rank(node), node.body.wall_ms, node.hash, *at)));
        }
        best.map(|(_, _, _, at)| at)
    }
}

fn effect(node: &Node) -> Option<Effect> {
    match node.body.state() {
        Some(State::Granted) => Some(Effect::Grant),
        Some(State::Informed | State::Asked) => Some(Effect::Note),
        Some(State::Denied | State::Withdrawn | State::Objected | State::Expired) => {
            Some(Effect::Restriction)
        }
        Some(State::Unknown) | None => None,
    }
}

/// The more it restricts, the higher. A tombstone of an uncertified device withdraws.
fn severity(node: &Node) -> u8 {
    match node.body.state() {
        Some(State::Objected) => 4,
        Some(State::Denied) => 3,
        Some(State::Withdrawn) | None => 2,
        _ => 1,
    }
}

/// Any tombstone will do; the same one on every device.
fn smaller(chains: &Chains, held: Option<usize>, at: usize) -> Option<usize> {
    let hash = |at: usize| chains.nodes().get(at).map(|node| node.hash);
    match held {
        Some(held) if hash(held) <= hash(at) => Some(held),
        _ => Some(at),
    }
}
