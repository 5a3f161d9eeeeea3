//! Errors, named by what the caller should do.

use pforte_gate::PolicyErrors;
use pforte_host::{GateError, PresenterError, UserAgentError};
use pforte_session::SessionError;

/// What went wrong, as an instruction. `hint` is one or two plain sentences; it never holds a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Passing trouble, such as no network: try again. The session is as it was.
    #[error("{hint}")]
    Retry {
        /// The earliest sensible moment, in seconds from now.
        after_seconds: u64,
        /// What to do.
        hint: String,
    },
    /// The session is over: let the person sign in again.
    #[error("{hint}")]
    SignInAgain {
        /// Why, and what to do.
        hint: String,
    },
    /// A server wants more assurance: call `enter(challenge)` (RFC 9470).
    #[error("{hint}")]
    StepUpNeeded {
        /// What the server asks for.
        challenge: Challenge,
        /// What to do.
        hint: String,
    },
    /// The session is locked: call `unlock`.
    #[error("{hint}")]
    Locked {
        /// What to do.
        hint: String,
    },
    /// A setting is wrong; the hint names it and the place to change it. Retrying does not help.
    #[error("{hint}")]
    FixConfiguration {
        /// Which setting, and where.
        hint: String,
    },
    /// The device can't do this now, or what it kept can't be read. Never to be shown as "signed out".
    #[error("{hint}")]
    Unavailable {
        /// Until when, and what to do.
        hint: String,
    },
    /// The person, or the app, ended it. Nothing was changed.
    #[error("{hint}")]
    Cancelled {
        /// What to offer next.
        hint: String,
    },
}

/// What a server's step-up challenge asks for (RFC 9470, section 3).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Challenge {
    /// The authentication context classes that would do; empty where the server names none.
    pub acr_values: Vec<String>,
    /// The oldest sign-in that would do, in seconds.
    pub max_age_seconds: Option<u64>,
}

/// The one place where "what happened" becomes "what to do".
impl From<SessionError> for Error {
    fn from(error: SessionError) -> Self {
        let said = error.to_string();
        match error {
            SessionError::SignedOut => {
                Self::SignInAgain { hint: "Nobody is signed in. Call enter or sign_in first.".to_owned() }
            }
            SessionError::Ended { reason } => Self::SignInAgain {
                hint: format!("The provider ended the session ({reason}). Let the person sign in again."),
            },
            SessionError::KeyLost => Self::SignInAgain {
                hint: "The key behind finger or face is gone, for instance because a new finger was enrolled. \
                       Let the person sign in again; nothing else is lost."
                    .to_owned(),
            },
            SessionError::Locked => Self::Locked { hint: "The session is locked. Call unlock.".to_owned() },
            SessionError::WrongSecret => Self::Locked {
                hint: "The key behind finger or face handed out other bytes than it was given; the session stays \
                       locked. Call unlock once more; if it happens again, the person has to sign in."
                    .to_owned(),
            },
            SessionError::Gate(error) => gate(error),
            SessionError::Cancelled { what: "the browser" } => browser_closed(),
            SessionError::Cancelled { what } => Self::Cancelled {
                hint: format!("Ended before it was done: {what}. Nothing was changed; offer it again."),
            },
            SessionError::Browser(error) => browser(error),
            SessionError::Configuration { hint } => Self::FixConfiguration { hint },
            SessionError::Unreachable { reason, after_seconds } => Self::Retry {
                after_seconds,
                hint: format!("The provider can't be reached: {reason}. The session is as it was; try again."),
            },
            SessionError::Refused { reason } => Self::Cancelled {
                hint: format!("Nothing was changed, because an answer was refused: {reason}. Start the sign-in anew."),
            },
            SessionError::NotAccepted { reason } => {
                Self::Cancelled { hint: format!("Nobody was signed in: {reason}.") }
            }
            SessionError::NotAdopted { reason } => Self::SignInAgain {
                hint: format!("The other library's session can't be taken over: {reason}. Let the person sign in."),
            },
            SessionError::NotNow { reason } => Self::Unavailable {
                hint: format!("Not possible at this moment: {reason}. Try again when the device is unlocked."),
            },
            SessionError::Corrupt { what } => Self::Unavailable {
                hint: format!(
                    "What this device kept ({what}) can't be read; it was set aside, not deleted. \
                     Let the person sign in again."
                ),
            },
            SessionError::Storage { reason } => {
                Self::Unavailable { hint: format!("The device's storage failed: {reason}. Try again later.") }
            }
            SessionError::NotRecorded { reason } => {
                Self::FixConfiguration { hint: format!("The choice was not recorded: {reason}.") }
            }
            SessionError::Closed | SessionError::Internal { .. } => {
                Self::Unavailable { hint: format!("{said}. Open the client again, and report this.") }
            }
        }
    }
}

fn gate(error: GateError) -> Error {
    let hint = |text: &str| text.to_owned();
    match error {
        GateError::Cancelled => Error::Cancelled {
            hint: hint("The prompt was closed. The session stays locked; offer to unlock again."),
        },
        GateError::NotRecognised => Error::Locked {
            hint: hint("The finger or face was not recognised. The session stays locked; call unlock again."),
        },
        GateError::LockedOut => Error::Unavailable {
            hint: hint(
                "Too many attempts. The person unlocks the device with its PIN or password, then unlock works again.",
            ),
        },
        GateError::NotEnrolled => Error::Unavailable {
            hint: hint("No finger or face is enrolled; the person enrols one in the settings."),
        },
        GateError::NoHardware => {
            Error::Unavailable { hint: hint("This device has no biometric hardware that is strong enough.") }
        }
        GateError::KeyLost => SessionError::KeyLost.into(),
        GateError::NotNow { reason } | GateError::Failed { reason } => Error::Unavailable {
            hint: format!("The key behind finger or face can't be used now: {reason}. Try again later."),
        },
    }
}

fn browser(error: UserAgentError) -> Error {
    match error {
        UserAgentError::Closed => browser_closed(),
        UserAgentError::RedirectNotRegistered { reason } => Error::FixConfiguration { hint: reason },
        UserAgentError::NoBrowser { reason } | UserAgentError::Failed { reason } => Error::Unavailable {
            hint: format!(
                "The browser did not come back: {reason}. Nothing was changed; offer to sign in again."
            ),
        },
    }
}

pub(crate) fn browser_closed() -> Error {
    Error::Cancelled {
        hint:
            "The browser was closed before the sign-in was done. Nothing was changed; offer to sign in again."
                .to_owned(),
    }
}

pub(crate) fn policy_mistakes(mistakes: &PolicyErrors) -> Error {
    Error::FixConfiguration { hint: format!("The policy has mistakes. {mistakes}") }
}

pub(crate) fn provider_without_worth(name: &str) -> Error {
    Error::FixConfiguration {
        hint: format!(
            "policy.toml has no [provider.{name}], so a sign-in there would be worth nothing: add it with `otherwise`, or set \
             the provider's name to one that is there."
        ),
    }
}

pub(crate) fn wrong_answer(hint: &str) -> Error {
    Error::FixConfiguration { hint: hint.to_owned() }
}

impl From<PresenterError> for Error {
    fn from(error: PresenterError) -> Self {
        match error {
            PresenterError::Interrupted => Self::Retry {
                after_seconds: 0,
                hint: "The ask went away before it was answered. Call enter again; it resumes there."
                    .to_owned(),
            },
            PresenterError::NoWindow => Self::Unavailable {
                hint: "There is no window in front to ask in. Call enter from a screen.".to_owned(),
            },
            PresenterError::Failed { reason } => {
                Self::Unavailable { hint: format!("The ask could not be shown: {reason}.") }
            }
        }
    }
}
