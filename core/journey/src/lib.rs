//! Touchpoint events: what was shown, done, skipped, given up, and how long it took.
//!
//! **What it is.** The record of a person's way through the touchpoints, without personal data and without free text.
//!
//! **What it promises.** Every ask a client shows ends in exactly one event. Events live in memory and die with the
//! process; nothing is stored or sent from here.
//!
//! **What it never does.** It sees no token and no answer, only that there was one.

/// One step of a person's way through a touchpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
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
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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
