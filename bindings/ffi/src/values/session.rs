//! Entries, the status, and the record of the way there.

use pforte_client::host::{Ask, GateAvailability};
use pforte_client::{
    Challenge, Clearance, Entry, Kept, OtherDevice, Outcome, ProfileField, Resumed, ResumedEnd, SecurityView,
    SignOutReport, Status, TouchpointEvent, Turn, UnavailableCause,
};

/// How an entry ends.
#[uniffi::remote(Enum)]
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

/// One turn of a visit, for an app that draws its own screens.
#[uniffi::remote(Enum)]
pub enum Turn {
    /// This is to be asked next; hand the answer back with it.
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
#[uniffi::remote(Record)]
pub struct Resumed {
    /// The touchpoint that the person was on the way to; `sign-in` for a plain sign-in, `step-up` for a challenge.
    pub touchpoint: String,
    /// How it ended.
    pub end: ResumedEnd,
}

/// How a visit ended that began in an earlier process.
#[uniffi::remote(Enum)]
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

/// What was established when a touchpoint was cleared.
#[uniffi::remote(Record)]
pub struct Clearance {
    /// The touchpoint.
    pub touchpoint: String,
    /// The level the person has reached, as the policy names it.
    pub level: String,
}

/// What a server's step-up challenge asks for (RFC 9470, section 3).
#[uniffi::remote(Record)]
pub struct Challenge {
    /// The authentication context classes that would do; empty where the server names none.
    pub acr_values: Vec<String>,
    /// The oldest sign-in that would do, in seconds.
    pub max_age_seconds: Option<u64>,
}

/// The four things a session can be. Offline, a device not yet unlocked and a lost key are never `SignedOut`.
#[uniffi::remote(Enum)]
pub enum Status {
    /// Nobody is signed in.
    SignedOut,
    /// Somebody is signed in; finger or face opens it.
    Locked {
        /// Whose session it is, if the person chose to be remembered.
        login_hint: Option<String>,
    },
    /// Signed in and open.
    Unlocked {
        /// What is known about the person.
        profile: Vec<ProfileField>,
    },
    /// Not to be known or not to be opened now.
    Unavailable {
        /// What an app tells apart, for its own words and whether to offer a sign-in.
        cause: UnavailableCause,
        /// Why, in words for a support screen.
        why: String,
    },
}

/// Why a session is [`Status::Unavailable`].
#[uniffi::remote(Enum)]
pub enum UnavailableCause {
    /// The device's storage or its keys do not answer, for instance before the device was unlocked for the first time. What
    /// is kept is still there.
    NotNow,
    /// The key behind finger or face is gone, for instance because a new finger was enrolled. A new sign-in helps.
    KeyLost,
    /// What was kept can't be read, and was set aside. A new sign-in helps.
    Unreadable,
}

/// One detail about the person.
#[uniffi::remote(Record)]
pub struct ProfileField {
    /// The policy's name for it, such as `display_name`.
    pub name: String,
    /// Its value.
    pub value: String,
    /// Where it comes from: `id_token`, `userinfo`, `self`, or `account` for what the person filled in and the account
    /// has taken over.
    pub source: String,
}

/// How a session is kept on a device.
#[uniffi::remote(Enum)]
pub enum Kept {
    /// There is none, or it is in memory only.
    Not,
    /// Sealed with the device's own key; opening it prompts nobody.
    OnDevice,
    /// Sealed behind finger, face or device credential.
    BehindGate,
}

/// What a security screen shows.
#[uniffi::remote(Record)]
pub struct SecurityView {
    /// How the session is kept on this device.
    pub kept: Kept,
    /// Whether it is kept without a gate only because nobody's finger or face was enrolled: once somebody's is, offer to
    /// turn the gate on.
    pub awaits_enrolment: bool,
    /// What the device offers as a gate, now.
    pub gate: GateAvailability,
}

/// What the person types on another device.
#[uniffi::remote(Record)]
pub struct OtherDevice {
    /// What the person types.
    pub user_code: String,
    /// Where.
    pub verification_uri: String,
    /// The same with the code in it, for a QR code.
    pub verification_uri_complete: Option<String>,
    /// When the code ends, in seconds since 1970 by the device's clock.
    pub expires_s: i64,
}

/// What signing out achieved.
#[uniffi::remote(Record)]
pub struct SignOutReport {
    /// The provider could not be told; its session may live until it expires.
    pub remote_session_may_live: bool,
}

/// One step of a person's way through a touchpoint, without personal data.
#[uniffi::remote(Record)]
pub struct TouchpointEvent {
    /// Names this visit to a touchpoint within the process: `review.write#3`.
    pub flow: String,
    /// The kind of ask, such as `sign-in`; `enter` for the first and `leave` for the last event of a flow.
    pub step: String,
    /// The step's number within the flow, from 0.
    pub step_n: u32,
    /// What became of it.
    pub outcome: Outcome,
    /// How long it took, in milliseconds of elapsed time.
    pub ms: u64,
    /// The sign-in route taken, where there was one.
    pub route: Option<String>,
    /// The policy in force (SHA-256 in lower-case hex).
    pub policy_hash: String,
}

/// What became of a step.
#[uniffi::remote(Enum)]
pub enum Outcome {
    /// It came on the screen.
    Shown,
    /// The person did it.
    Done,
    /// The person declined it and went on.
    Skipped,
    /// The person gave up here.
    Aborted,
    /// The app or system took it away; the person did not decide.
    Interrupted,
    /// It failed.
    Error,
}
