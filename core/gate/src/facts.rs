//! What is known about the person, the device and this visit when a decision is made.

use std::collections::{BTreeMap, BTreeSet};

use pforte_host::{GateReadiness, Moment};

use crate::StepKind;

/// A fact is known, absent, or sealed in the locked vault.
///
/// A sealed fact is never asked for: unlocking answers it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[cfg_attr(feature = "cases", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "kebab-case"))]
pub enum Fact<T> {
    /// It is there, and this is it.
    Known(T),
    /// It is certain that there is none.
    #[default]
    Absent,
    /// It may lie in the locked vault; an unlock tells.
    Sealed,
}

impl<T> Fact<T> {
    /// The value, where it is known.
    pub fn known(&self) -> Option<&T> {
        match self {
            Fact::Known(value) => Some(value),
            Fact::Absent | Fact::Sealed => None,
        }
    }

    /// Whether it lies in the locked vault.
    pub fn is_sealed(&self) -> bool {
        matches!(self, Fact::Sealed)
    }
}

/// Everything a decision may look at. [`Facts::default`] is a first visit: nobody signed in, nothing known, no route.
///
/// Facts name things as the policy does; a name that the policy does not know has no effect.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[cfg_attr(
    feature = "cases",
    derive(serde::Serialize, serde::Deserialize),
    serde(default, deny_unknown_fields)
)]
pub struct Facts {
    /// The session: known while unlocked, sealed while locked, absent while nobody is signed in.
    ///
    /// Any other fact counts as sealed only while the session is; else a sealed one counts as absent.
    pub session: Fact<Session>,
    /// Whose session it is, for the lock screen, if the person chose to be remembered. Never decides anything.
    pub login_hint: Option<String>,
    /// The names of the profile fields that have a value (without the age, see [`Facts::age`]).
    pub profile: Fact<BTreeSet<String>>,
    /// Whether the person is at least as old as the policy's consent age.
    pub age: Fact<Age>,
    /// What the ledger says, by purpose; a purpose that is missing is unknown.
    pub consents: Fact<BTreeMap<String, ConsentRecord>>,
    /// What the person was told, by purpose: the text last acknowledged.
    pub notices: Fact<BTreeMap<String, Shown>>,
    /// The biometric gate on this device.
    pub biometrics: Biometrics,
    /// Passkeys on this device.
    pub passkey: Passkey,
    /// The routes that work on this device and with this provider, by the policy's names.
    pub routes: BTreeSet<String>,
    /// What happened already in this visit to the touchpoint; starts empty with each `enter`.
    pub visit: Visit,
}

/// An open session.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[cfg_attr(
    feature = "cases",
    derive(serde::Serialize, serde::Deserialize),
    serde(default, deny_unknown_fields)
)]
pub struct Session {
    /// The level reached, by the policy's name ([`crate::Policy::level_of_acr`]); an unknown name counts as the lowest.
    pub level: String,
    /// When the person signed in, in seconds since 1970 by the provider's time (OIDC Core, `auth_time`).
    pub auth_time_s: Option<i64>,
    /// When the person last proved to be there, by finger or face or by signing in, in milliseconds of
    /// [`Moment::elapsed_ms`] of this boot. Nothing where that was before this boot, or never.
    pub unlocked_elapsed_ms: Option<u64>,
}

/// Over or under the policy's consent age; nothing more is ever stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "cases", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "kebab-case"))]
pub enum Age {
    /// At least as old.
    Over,
    /// Younger: consent is neither asked nor granted.
    Under,
}

/// What the person was shown: which text, and under which terms.
///
/// It is still valid while the purpose says the same. The hashes are compared where they are given.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "cases", derive(serde::Serialize, serde::Deserialize))]
pub struct Shown {
    /// Which text: `id@revision`.
    pub text_id: String,
    /// SHA-256 of the text as shown, in lower-case hex.
    pub text_hash: Option<String>,
    /// [`crate::Purpose::terms_hash`] at that moment: basis, recipient and fields.
    pub terms_hash: Option<String>,
}

/// What the ledger says about one purpose.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[cfg_attr(
    feature = "cases",
    derive(serde::Serialize, serde::Deserialize),
    serde(default, deny_unknown_fields)
)]
pub struct ConsentRecord {
    /// Where it stands.
    pub state: ConsentState,
    /// What the state was given for; nothing where nothing was shown.
    pub shown: Option<Shown>,
    /// When the person was last asked, or last refused or withdrew, whichever is later, in milliseconds since 1970 by
    /// the device's clock: the cool-down counts from here.
    pub asked_wall_ms: Option<i64>,
}

/// The states of a purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, PartialOrd, Ord)]
#[cfg_attr(feature = "cases", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "kebab-case"))]
pub enum ConsentState {
    /// Nothing was ever said about it.
    #[default]
    Unknown,
    /// The person was told.
    Informed,
    /// The person was asked and has not chosen.
    Asked,
    /// Agreed.
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

/// The biometric gate on this device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(
    feature = "cases",
    derive(serde::Serialize, serde::Deserialize),
    serde(default, deny_unknown_fields)
)]
pub struct Biometrics {
    /// Whether finger or face can be used now.
    #[cfg_attr(feature = "cases", serde(with = "crate::cases::readiness"))]
    pub readiness: GateReadiness,
    /// How this account's session is kept on this device.
    pub gate: GateChoice,
    /// When the gate was last offered, in milliseconds since 1970 by the device's clock.
    pub offered_wall_ms: Option<i64>,
}

impl Default for Biometrics {
    fn default() -> Self {
        Self { readiness: GateReadiness::NoHardware, gate: GateChoice::Undecided, offered_wall_ms: None }
    }
}

/// How a session is kept on this device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[cfg_attr(feature = "cases", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "kebab-case"))]
pub enum GateChoice {
    /// The person was not asked yet.
    #[default]
    Undecided,
    /// Behind finger or face.
    On,
    /// Without: the person declined, or the device can't.
    Off,
}

/// Passkeys on this device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[cfg_attr(
    feature = "cases",
    derive(serde::Serialize, serde::Deserialize),
    serde(default, deny_unknown_fields)
)]
pub struct Passkey {
    /// Whether this app on this device can make one.
    pub available: bool,
    /// Whether this account has one here.
    pub enrolled: bool,
    /// When one was last offered, in milliseconds since 1970 by the device's clock.
    pub offered_wall_ms: Option<i64>,
}

/// What happened already between entering a touchpoint and now.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[cfg_attr(
    feature = "cases",
    derive(serde::Serialize, serde::Deserialize),
    serde(default, deny_unknown_fields)
)]
pub struct Visit {
    /// The asks that were answered, with the [`Moment::elapsed_ms`] of the last answer.
    pub answered: BTreeMap<StepKind, u64>,
    /// The asks that were declined ([`pforte_host::Answer::Skipped`]) or failed. None of them is asked again in this
    /// visit: an offer passes, anything else stops.
    pub skipped: BTreeSet<StepKind>,
    /// The purposes the person was asked about, whatever came of it.
    pub consent_asked: BTreeSet<String>,
}

/// The time, read once for a decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "cases", derive(serde::Serialize, serde::Deserialize))]
pub struct Now {
    /// Milliseconds since 1970 by the device's clock: for the cool-down.
    pub wall_ms: i64,
    /// Milliseconds since boot, including sleep: for `unlock within`.
    pub elapsed_ms: u64,
    /// Seconds since 1970 by the provider's time: for `max_auth_age`.
    pub provider_s: i64,
}

impl From<Moment> for Now {
    /// Takes the device's clock for the provider's, where no better is known.
    fn from(moment: Moment) -> Self {
        Self {
            wall_ms: moment.wall_ms,
            elapsed_ms: moment.elapsed_ms,
            provider_s: moment.wall_ms.div_euclid(1000),
        }
    }
}
