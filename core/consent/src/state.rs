//! The states of a purpose, and what the policy says about one.

use crate::Digest;

/// Where a purpose stands.
///
/// ```text
///            notes                         decisions
///   Unknown ──▶ Informed, Asked ──▶ Granted ──▶ Withdrawn, Expired
///        └──────────────┴─────────▶ Denied, Objected ──▶ Granted (a new act, to today's text)
/// ```
///
/// A note never replaces a decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum State {
    /// Nothing was ever said about it.
    #[default]
    Unknown,
    /// The person was told.
    Informed,
    /// The person was asked and has not chosen.
    Asked,
    /// Agreed, by an explicit act.
    Granted,
    /// Refused.
    Denied,
    /// Agreed once, taken back.
    Withdrawn,
    /// Objected to (GDPR, Art. 21).
    Objected,
    /// Agreed once, run out.
    Expired,
}

/// What today's policy says about one purpose, as far as a ledger needs it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rule {
    /// The hashes of today's text in every locale; a grant to any other text is no longer live. Empty: any text.
    pub texts: Vec<Digest>,
    /// The digest of today's basis, recipient and fields, where the caller records one; a grant under other terms is
    /// no longer live. `None`: any terms.
    pub terms: Option<Digest>,
    /// For how many milliseconds a grant holds; `None`: until it is taken back.
    pub retain_ms: Option<i64>,
}

/// Where one purpose stands, and why.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Standing {
    /// The state, with expiry applied.
    pub state: State,
    /// Whether a grant is there, certified, unexpired, to today's text and terms: only then is there a permit.
    pub live: bool,
    /// A grant is there and unexpired, but the text, basis, recipient or fields changed since, or its device dated
    /// it more than a day into the future: ask again. Of what the person was told or asked: text or terms changed since.
    pub outdated: bool,
    /// Devices disagree and neither knew of the other's act: ask one question.
    pub conflict: bool,
    /// When the state began, in milliseconds since 1970 by the clock of the device that recorded it; for an expired
    /// grant, when it ran out.
    pub since_ms: Option<i64>,
    /// The text of the entry that decides.
    pub text_hash: Option<Digest>,
    /// The digest of basis, recipient and fields of the entry that decides, where one was recorded.
    pub terms: Option<Digest>,
    /// The entry that decides; its payload is found under [`Standing::commitment`].
    pub entry: Option<Digest>,
    /// The commitment of the payload of that entry.
    pub commitment: Option<Digest>,
    /// When the person last refused, withdrew or objected, in milliseconds since 1970; the policy's cool-down counts
    /// from here.
    pub last_refusal_ms: Option<i64>,
    /// Whether the person was told today's text under today's terms, whatever they decided since.
    pub told: bool,
    /// When the person was last asked without choosing, in milliseconds since 1970.
    pub last_asked_ms: Option<i64>,
}
