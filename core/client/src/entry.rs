//! How an entry ends.

use pforte_host::Ask;

use crate::Error;

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

/// One turn of a visit, for an app that draws its own screens ([`crate::Client::next`]).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Turn {
    /// This is to be asked next; hand the answer to [`crate::Client::answer`].
    Asked {
        /// The question, complete with its texts.
        ask: Ask,
    },
    /// The visit has ended.
    Ended {
        /// How.
        entry: Entry,
    },
}

/// The end of a visit that began in an earlier process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resumed {
    /// The touchpoint that the person was on the way to; `sign-in` for a plain sign-in, `step-up` for a challenge.
    pub touchpoint: String,
    /// How it ended.
    pub end: ResumedEnd,
}

/// How a visit ended that began in an earlier process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ResumedEnd {
    /// The visit came to its end.
    Entered {
        /// How.
        entry: Entry,
    },
    /// It was broken off; `enter` takes it up again.
    Failed {
        /// What to do.
        hint: String,
    },
}

impl From<Result<Entry, Error>> for ResumedEnd {
    fn from(result: Result<Entry, Error>) -> Self {
        match result {
            Ok(entry) => Self::Entered { entry },
            Err(error) => Self::Failed { hint: error.to_string() },
        }
    }
}
