//! What a decision can be.

use std::fmt;

/// The answer to "may this go ahead, and if not, what is the one thing to ask next?"
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "cases", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "kebab-case"))]
pub enum Decision {
    /// Go ahead.
    Clear(Clearance),
    /// Ask this, take the answer into the facts, and decide again.
    Ask(AskStep),
    /// It can't go ahead, whatever the person answers now.
    Stop(StopReason),
}

/// What was established.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "cases", derive(serde::Serialize, serde::Deserialize))]
pub struct Clearance {
    /// The touchpoint.
    pub touchpoint: String,
    /// The level the person has reached, as the policy names it.
    pub level: String,
}

/// One ask, by kind and names; [`crate::Policy::ask`] adds the texts.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "cases", derive(serde::Serialize, serde::Deserialize))]
pub struct AskStep {
    /// The touchpoint it is asked for.
    pub touchpoint: String,
    /// What is asked.
    pub step: Step,
}

impl AskStep {
    /// The kind of ask.
    pub fn kind(&self) -> StepKind {
        self.step.kind()
    }
}

/// What is asked, by the policy's names.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "cases", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "kebab-case"))]
pub enum Step {
    /// Tell the person about these purposes.
    Inform {
        /// The purposes, in the touchpoint's order.
        purposes: Vec<String>,
    },
    /// Open the locked session, or let the person prove again to be there.
    Unlock,
    /// Sign in.
    SignIn {
        /// The routes that work here, in the policy's order; never empty.
        routes: Vec<String>,
        /// The level to ask the provider for, so that no step-up is needed afterwards.
        level: String,
        /// The oldest sign-in that will do, in seconds (`max_age` of OIDC Core): the provider may remember the person.
        max_auth_age_s: Option<u64>,
    },
    /// Sign in again, at this level and no longer ago than this.
    StepUp {
        /// The level that is needed.
        level: String,
        /// The oldest sign-in that will do, in seconds (`max_age` of OIDC Core).
        max_auth_age_s: Option<u64>,
    },
    /// Ask for details.
    Profile {
        /// The fields that are still missing, in the touchpoint's order; never empty.
        fields: Vec<String>,
    },
    /// Ask for consent.
    Consent {
        /// Purposes without which the touchpoint stops.
        required: Vec<String>,
        /// Purposes that may be refused.
        offered: Vec<String>,
    },
    /// Offer to put the session behind finger or face.
    EnrolBiometrics,
    /// Offer to make a passkey.
    EnrolPasskey,
}

impl Step {
    /// The kind of ask.
    pub fn kind(&self) -> StepKind {
        match self {
            Step::Inform { .. } => StepKind::Inform,
            Step::Unlock => StepKind::Unlock,
            Step::SignIn { .. } => StepKind::SignIn,
            Step::StepUp { .. } => StepKind::StepUp,
            Step::Profile { .. } => StepKind::Profile,
            Step::Consent { .. } => StepKind::Consent,
            Step::EnrolBiometrics => StepKind::EnrolBiometrics,
            Step::EnrolPasskey => StepKind::EnrolPasskey,
        }
    }
}

/// The kinds of ask, as `[ask] order` names them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "cases", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "kebab-case"))]
pub enum StepKind {
    /// `inform`
    Inform,
    /// `unlock`
    Unlock,
    /// `sign-in`
    SignIn,
    /// `step-up`
    StepUp,
    /// `enrol-biometrics`
    EnrolBiometrics,
    /// `profile`
    Profile,
    /// `consent`
    Consent,
    /// `enrol-passkey`
    EnrolPasskey,
}

impl StepKind {
    /// Every kind, in the order that holds where the policy gives none.
    pub const ALL: [StepKind; 8] = [
        StepKind::Inform,
        StepKind::Unlock,
        StepKind::SignIn,
        StepKind::StepUp,
        StepKind::EnrolBiometrics,
        StepKind::Profile,
        StepKind::Consent,
        StepKind::EnrolPasskey,
    ];

    /// The policy's word for it, also used in touchpoint events.
    pub fn as_str(self) -> &'static str {
        match self {
            StepKind::Inform => "inform",
            StepKind::Unlock => "unlock",
            StepKind::SignIn => "sign-in",
            StepKind::StepUp => "step-up",
            StepKind::EnrolBiometrics => "enrol-biometrics",
            StepKind::Profile => "profile",
            StepKind::Consent => "consent",
            StepKind::EnrolPasskey => "enrol-passkey",
        }
    }
}

impl fmt::Display for StepKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Why a touchpoint can't go ahead. [`crate::Policy::stop_text`] says it in the person's language.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "cases", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "kebab-case"))]
pub enum StopReason {
    /// The policy has no such touchpoint: a mistake in the app, not of the person.
    UnknownTouchpoint {
        /// The name the app used.
        touchpoint: String,
        /// The policy's name that looks most like it.
        did_you_mean: Option<String>,
    },
    /// No sign-in route of the policy works on this device.
    NoRoute,
    /// The person declined something that the touchpoint can't do without.
    Declined {
        /// What was declined.
        kind: StepKind,
    },
    /// The person refused a consent that is required.
    ConsentRefused {
        /// The purpose.
        purpose: String,
    },
    /// A consent is required and the person is too young to give it.
    UnderAge {
        /// The purpose.
        purpose: String,
    },
    /// The provider signed the person in, but not as strongly or not as recently as needed.
    AssuranceNotReached {
        /// The level that is needed.
        level: String,
    },
    /// Only the provider can tell these details, and it did not.
    ProviderWithheld {
        /// The fields.
        fields: Vec<String>,
    },
    /// The touchpoint wants finger or face, and this session is not kept behind them.
    NoBiometrics,
}

impl StopReason {
    /// The word for it in the texts' `[stop]` table.
    pub fn as_str(&self) -> &'static str {
        match self {
            StopReason::UnknownTouchpoint { .. } => "unknown-touchpoint",
            StopReason::NoRoute => "no-route",
            StopReason::Declined { .. } => "declined",
            StopReason::ConsentRefused { .. } => "consent-refused",
            StopReason::UnderAge { .. } => "under-age",
            StopReason::AssuranceNotReached { .. } => "assurance-not-reached",
            StopReason::ProviderWithheld { .. } => "provider-withheld",
            StopReason::NoBiometrics => "no-biometrics",
        }
    }
}
