//! What went wrong, by what the caller should do.

use pforte_client::Challenge;
pub(crate) use pforte_client::Error;

/// What went wrong, as an instruction. `hint` is one or two plain sentences; it never holds a secret.
#[uniffi::remote(Error)]
#[uniffi(name = "CoreError")]
pub enum Error {
    /// Passing trouble, such as no network: try again. The session is as it was.
    Retry {
        /// The earliest sensible moment, in seconds from now.
        after_seconds: u64,
        /// What to do.
        hint: String,
    },
    /// The session is over: let the person sign in again.
    SignInAgain {
        /// Why, and what to do.
        hint: String,
    },
    /// A server wants more assurance: enter its challenge, then make the call again (RFC 9470).
    StepUpNeeded {
        /// What the server asks for.
        challenge: Challenge,
        /// What to do.
        hint: String,
    },
    /// The session is locked: unlock it.
    Locked {
        /// What to do.
        hint: String,
    },
    /// A setting is wrong; the hint names it and the place to change it. Retrying does not help.
    FixConfiguration {
        /// Which setting, and where.
        hint: String,
    },
    /// The device can't do this now, or what it kept can't be read. Never to be shown as "signed out".
    Unavailable {
        /// Until when, and what to do.
        hint: String,
    },
    /// The person, or the app, ended it. Nothing was changed.
    Cancelled {
        /// What to offer next.
        hint: String,
    },
}
