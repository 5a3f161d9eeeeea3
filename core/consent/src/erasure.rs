//! What an erasure destroys, and what remains (GDPR, Art. 17).

use crate::{Digest, Ledger, Payload};

/// What follows from an erasure.
///
/// Destroyed: every payload (which text, language, screen, control, and the salts, without which nobody can guess
/// them). What remains is the proof that the controller must be able to give (GDPR, Art. 7(1), 17(3)(e)): purpose,
/// state, time, text and policy hashes under a pseudonym that nothing else bears. The caller deletes that, too, when
/// the policy's time for proof is over: [`Erasure::proof_ends_ms`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Erasure {
    /// The tombstone.
    pub tombstone: Digest,
    /// When, in milliseconds since 1970 by the clock of the device that erased.
    pub wall_ms: i64,
    /// The commitments of all payloads: to be destroyed here and by every receiver.
    pub destroy: Vec<Digest>,
    /// How many entries remain, the tombstone included.
    pub remaining: usize,
}

impl Erasure {
    /// When the remaining entries are to be deleted, in milliseconds since 1970, where proof is kept for `retain_ms`.
    pub fn proof_ends_ms(&self, retain_ms: i64) -> i64 {
        self.wall_ms.saturating_add(retain_ms.max(0))
    }
}

/// Why a payload is not taken in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PayloadRefused {
    /// It was erased; a peer that still has it is to destroy it.
    #[error("this payload was erased: destroy it, here and at whoever sent it")]
    Erased,
    /// No entry commits to it.
    #[error("no entry commits to this payload: it was changed, or belongs to another ledger")]
    Unknown,
}

impl Ledger {
    /// Whether the subject was erased, by this device or a certified one. Nothing is granted any more; a person who
    /// comes back gets a new subject.
    pub fn is_erased(&self) -> bool {
        self.positions.erased.is_some()
    }

    /// What the erasure destroys and what remains; nothing where the subject was not erased.
    pub fn erasure(&self) -> Option<Erasure> {
        let node = self.chains.nodes().get(self.positions.erased?)?;
        let remaining = self.chains.nodes().len();
        Some(Erasure {
            tombstone: node.hash,
            wall_ms: node.body.wall_ms,
            destroy: self.commitments(),
            remaining,
        })
    }

    /// Whether a payload that was stored or sent may be kept: an entry commits to it, and it was not erased. Returns
    /// that entry.
    pub fn check_payload(&self, payload: &Payload) -> Result<Digest, PayloadRefused> {
        let commitment = Some(payload.commitment());
        let node = self.chains.nodes().iter().find(|node| node.body.commitment() == commitment);
        let node = node.ok_or(PayloadRefused::Unknown)?;
        if self.is_erased() { Err(PayloadRefused::Erased) } else { Ok(node.hash) }
    }

    pub(crate) fn commitments(&self) -> Vec<Digest> {
        self.chains.nodes().iter().filter_map(|node| node.body.commitment()).collect()
    }
}
