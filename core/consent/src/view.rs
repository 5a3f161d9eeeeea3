//! Where every purpose stands at a moment, and everything that was said.

use crate::chains::Node;
use crate::entry::BodyAct;
use crate::{Digest, Head, Ledger, Permit, Rule, Standing, State};

/// How far into the future a grant may be dated: a day, for time zones set by hand.
const MOST_AHEAD_MS: i64 = 24 * 60 * 60 * 1000;

impl Ledger {
    /// Where a purpose stands at `now_ms` (milliseconds since 1970). A clock set back does not revive what ran out:
    /// the latest time this device recorded since the grant counts instead.
    pub fn standing(&self, purpose: &str, rule: &Rule, now_ms: i64) -> Standing {
        let Some(position) = self.positions.by_purpose.get(purpose) else { return Standing::default() };
        let mut standing = Standing {
            conflict: position.conflict && !self.is_erased(),
            last_refusal_ms: position.last_refusal_ms,
            last_asked_ms: position.last_asked_ms,
            told: position.told.iter().any(|(text, terms)| rule.fits(*text, *terms)),
            ..Standing::default()
        };
        let Some(node) = position.entry.and_then(|at| self.chains.nodes().get(at)) else { return standing };
        let tombstone = self.positions.erased.and_then(|at| self.chains.nodes().get(at));
        standing.entry = Some(node.hash);
        standing.since_ms = Some(node.body.wall_ms);
        // A tombstone takes back whatever was there.
        standing.state = node.body.state().unwrap_or(State::Withdrawn);
        if let Some(tombstone) = tombstone {
            (standing.state, standing.entry) = (State::Withdrawn, Some(tombstone.hash));
            standing.since_ms = Some(tombstone.body.wall_ms);
            return standing;
        }
        if let BodyAct::State { text_hash, terms, commitment, .. } = &node.body.act {
            (standing.text_hash, standing.terms, standing.commitment) =
                (*text_hash, *terms, Some(*commitment));
        }
        match standing.state {
            State::Granted => standing.apply(rule, node.body.wall_ms, now_ms.max(self.latest_since(node))),
            // What the person was told holds for that text and those terms, too.
            State::Informed | State::Asked => standing.outdated = standing.says_otherwise(rule),
            _ => {}
        }
        standing
    }

    /// The latest time this device recorded after it had seen `grant`. What it recorded before says nothing: its clock
    /// may have run ahead then.
    fn latest_since(&self, grant: &Node) -> i64 {
        if self.chains.is_own(grant) {
            return self.own_times.latest_from(grant.body.seq + 1);
        }
        let names_it = |head: &Head| head.device == grant.device() && head.seq >= grant.body.seq;
        let first = self.chains.own_nodes().find(|own| own.body.seen.iter().any(names_it));
        first.map_or(0, |own| self.own_times.latest_from(own.body.seq))
    }

    /// A permit for `purpose`, where a grant is live at `now_ms` (milliseconds since 1970). It borrows the ledger:
    /// while it is held nothing can be withdrawn, and once something is, it is gone.
    pub fn permit(&self, purpose: &str, rule: &Rule, now_ms: i64) -> Option<Permit<'_>> {
        let standing = self.standing(purpose, rule, now_ms);
        let grant = standing.entry.filter(|_| standing.live)?;
        let (purpose, _) = self.positions.by_purpose.get_key_value(purpose)?;
        Some(Permit::new(purpose, grant))
    }

    /// Every purpose any entry speaks of, in alphabetical order.
    pub fn purposes(&self) -> Vec<&str> {
        self.positions.by_purpose.keys().map(String::as_str).collect()
    }

    /// Every entry, oldest first by the clocks of the devices; the entries of one device stay in their order.
    pub fn history(&self) -> Vec<HistoryLine> {
        let trust = self.chains.trust();
        let mut lines: Vec<(i64, HistoryLine)> = Vec::new();
        let mut last: Option<(Digest, i64)> = None;
        for at in self.chains.in_chain_order() {
            let Some(node) = self.chains.nodes().get(at) else { continue };
            let trusted = trust.trusted.get(at).copied().unwrap_or_default();
            // A clock that was set back between two entries must not swap them.
            let floor = last.filter(|(device, _)| *device == node.device()).map_or(0, |(_, place)| place);
            let place = node.body.wall_ms.max(floor);
            last = Some((node.device(), place));
            lines.push((place, HistoryLine::new(node, self.chains.is_own(node), trusted)));
        }
        lines.sort_by_key(|(place, line)| (*place, line.device, line.seq));
        lines.into_iter().map(|(_, line)| line).collect()
    }
}

impl Standing {
    fn apply(&mut self, rule: &Rule, granted_ms: i64, now_ms: i64) {
        let ends_ms = rule.retain_ms.map(|retain| granted_ms.saturating_add(retain.max(0)));
        if let Some(ends_ms) = ends_ms.filter(|ends_ms| *ends_ms <= now_ms) {
            self.state = State::Expired;
            self.since_ms = Some(ends_ms);
            return;
        }
        let from_the_future = granted_ms > now_ms.saturating_add(MOST_AHEAD_MS);
        self.outdated = self.says_otherwise(rule) || from_the_future;
        self.live = !self.outdated;
    }

    /// Whether today's text or terms are others than those of the entry that decides.
    fn says_otherwise(&self, rule: &Rule) -> bool {
        !rule.fits(self.text_hash, self.terms)
    }
}

impl Rule {
    /// Whether a text and terms are today's.
    fn fits(&self, text: Option<Digest>, terms: Option<Digest>) -> bool {
        let same_text = self.texts.is_empty() || text.is_some_and(|hash| self.texts.contains(&hash));
        same_text && (self.terms.is_none() || self.terms == terms)
    }
}

/// One entry of the ledger, for display.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistoryLine {
    /// The entry's name.
    pub entry: Digest,
    /// Its number on its device's chain, from 0.
    pub seq: u64,
    /// The purpose; nothing for an erasure.
    pub purpose: Option<String>,
    /// What was stated; nothing for an erasure.
    pub state: Option<State>,
    /// When, in milliseconds since 1970 by the clock of the device that recorded it.
    pub wall_ms: i64,
    /// The text that was shown.
    pub text_hash: Option<Digest>,
    /// The commitment of the payload, under which it is found.
    pub commitment: Option<Digest>,
    /// Which device, by the thumbprint of its key.
    pub device: Digest,
    /// Whether it is this device.
    pub own: bool,
    /// Whether a grant in it counts: it is this device's, or the account service certified the device, and its chain
    /// has no gap or fork up to here.
    pub certified: bool,
}

impl HistoryLine {
    fn new(node: &Node, own: bool, certified: bool) -> Self {
        Self {
            entry: node.hash,
            seq: node.body.seq,
            purpose: node.body.purpose().map(str::to_owned),
            state: node.body.state(),
            wall_ms: node.body.wall_ms,
            text_hash: node.body.text_hash(),
            commitment: node.body.commitment(),
            device: node.device(),
            own,
            certified,
        }
    }
}
