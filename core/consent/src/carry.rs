//! From anonymous to known: what a visitor's ledger brings along at sign-in.
//!
//! Refusals, withdrawals and objections always come along, as they are: nobody has to refuse twice. They are recorded
//! without evidence and without a trace of the anonymous ledger, so that a refusal does not link what it refuses to
//! link. A grant comes along only where the text said that it would be linked to the account, where it is still there
//! with its evidence, and where the account has not decided otherwise; its entry names the anonymous one. What a visitor
//! was told need not be told again.
//!
//! A person who was known already, but whose ledger began before the account service gave it its subject, moves to that
//! subject by the same rules, except that their own grants need no mention of linking ([`Bond::SamePerson`]).

use crate::entry::BodyAct;
use crate::{Digest, Draft, Ledger, Payload, Refused, Salt, State};

/// What two ledgers have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bond {
    /// A visitor signed in.
    Visitor,
    /// The same known person, under a subject that the account service gave later.
    SamePerson,
}

impl Ledger {
    /// Drafts what `earlier` brings along, to be appended in this order. `payloads` are the earlier ledger's;
    /// `wall_ms` is in milliseconds since 1970; `salt` is called once for each entry. Afterwards the earlier ledger is
    /// done: the next visitor begins another, under another subject.
    pub fn draft_carried(
        &self,
        earlier: &Ledger,
        bond: Bond,
        payloads: &[Payload],
        wall_ms: i64,
        salt: &mut dyn FnMut() -> Salt,
    ) -> Result<Vec<Draft>, Refused> {
        self.check_room()?;
        let mut drafts: Vec<Draft> = Vec::new();
        if earlier.is_erased() {
            return Ok(drafts);
        }
        for (purpose, position) in &earlier.positions.by_purpose {
            let Some(node) = position.entry.and_then(|at| earlier.chains.nodes().get(at)) else { continue };
            let BodyAct::State { state, commitment, .. } = &node.body.act else { continue };
            let here = self.decided(purpose);
            let carried = match state {
                State::Denied | State::Withdrawn | State::Objected if !here.is_some_and(is_refusal) => {
                    let payload = Payload::new(Default::default(), &salt());
                    Some((without_evidence(&node.body.act, payload.commitment()), payload, wall_ms))
                }
                State::Informed if here.is_none() && !self.positions.by_purpose.contains_key(purpose) => {
                    let payload = Payload::new(Default::default(), &salt());
                    Some((without_evidence(&node.body.act, payload.commitment()), payload, node.body.wall_ms))
                }
                State::Granted if here.is_none() => payloads
                    .iter()
                    .find(|payload| payload.commitment() == *commitment)
                    .filter(|payload| payload.is_genuine())
                    .map(|payload| Payload::new(payload.evidence().clone(), &salt()))
                    .and_then(|payload| {
                        let act = linked_grant(&node.body.act, bond, payload.commitment(), node.hash)?;
                        Some((act, payload, node.body.wall_ms))
                    }),
                _ => None,
            };
            if let Some((act, payload, wall_ms)) = carried {
                let body = self.body_after(drafts.last(), act, node.body.policy_hash, wall_ms);
                drafts.push(Draft::new(body, Some(payload)));
            }
        }
        Ok(drafts)
    }

    /// The decision about a purpose, if there is one; a note is none.
    fn decided(&self, purpose: &str) -> Option<State> {
        let entry = self.positions.by_purpose.get(purpose)?.entry?;
        let state = self.chains.nodes().get(entry)?.body.state().unwrap_or(State::Withdrawn);
        (!matches!(state, State::Informed | State::Asked)).then_some(state)
    }
}

fn is_refusal(state: State) -> bool {
    matches!(state, State::Denied | State::Withdrawn | State::Objected)
}

fn without_evidence(from: &BodyAct, commitment: Digest) -> BodyAct {
    let mut act = from.clone();
    if let BodyAct::State { commitment: own, .. } = &mut act {
        *own = commitment;
    }
    act
}

fn linked_grant(from: &BodyAct, bond: Bond, commitment: Digest, entry: Digest) -> Option<BodyAct> {
    let mut act = from.clone();
    match &mut act {
        BodyAct::State { commitment: own, origin, mentions_linking, .. }
            if *mentions_linking || bond == Bond::SamePerson =>
        {
            (*own, *origin) = (commitment, Some(entry));
            Some(act)
        }
        _ => None,
    }
}
