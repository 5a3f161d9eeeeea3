//! How an entry ends.

/// The end of [`crate::Client::enter`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry {
    /// Everything the policy asks for is there: go ahead. The server checks again what matters.
    Cleared {
        /// What was established.
        clearance: Clearance,
    },
    /// The policy does not let this person pass, whatever they answer.
    Stopped {
        /// Why, in the person's language.
        reason: String,
    },
    /// The person gave up; counted already, nothing was granted or refused by it.
    Abandoned {
        /// The kind of ask they gave up at, such as `sign-in`.
        at: String,
    },
}

/// What was established when a touchpoint was cleared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clearance {
    /// The touchpoint.
    pub touchpoint: String,
    /// The level the person has reached, as the policy names it.
    pub level: String,
}
