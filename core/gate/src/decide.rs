//! The decision.
//!
//! ```text
//!  facts ──► for each kind of ask, in the policy's order: is anything of that kind missing here?
//!              │ no: next kind                    │ yes
//!              ▼ (none left)                      ▼
//!            Clear                    sealed? ── Unlock instead
//!                                     declined, refused, impossible? ── Stop
//!                                     else ── Ask; the answer goes into the facts, and decide again
//! ```
//!
//! Above the lowest level everything but a notice waits for an open session: what the account knows already is not
//! asked. So within one visit the asks come as notices, session (unlock, sign-in, step-up), then the rest.

mod consent;
mod session;

use crate::names::similar;
use crate::{
    AskStep, BiometricsOffer, Clearance, Decision, Fact, Facts, GateChoice, GateRequirement, Now, Policy,
    Step, StepKind, StopReason, Touchpoint,
};
use pforte_host::GateReadiness;

/// May `touchpoint` go ahead? If not, what is the one thing to ask next?
///
/// Pure and total: the same arguments give the same decision, and every touchpoint gets one.
pub fn decide(policy: &Policy, touchpoint: &str, facts: &Facts, now: Now) -> Decision {
    let Some(touchpoint) = policy.touchpoint(touchpoint) else {
        let did_you_mean = similar(touchpoint, policy.touchpoints.iter().map(|known| known.id.as_str()));
        let did_you_mean = did_you_mean.map(str::to_owned);
        return Decision::Stop(StopReason::UnknownTouchpoint {
            touchpoint: touchpoint.to_owned(),
            did_you_mean,
        });
    };
    let visit = View { policy, touchpoint, facts, now };
    policy.ask_order.iter().find_map(|kind| visit.missing(*kind)).unwrap_or_else(|| {
        Decision::Clear(Clearance { touchpoint: touchpoint.id.clone(), level: visit.level().to_owned() })
    })
}

/// One touchpoint, seen with one person's facts at one moment.
#[derive(Clone, Copy)]
struct View<'a> {
    policy: &'a Policy,
    touchpoint: &'a Touchpoint,
    facts: &'a Facts,
    now: Now,
}

impl View<'_> {
    /// What is missing of one kind, if anything is.
    fn missing(&self, kind: StepKind) -> Option<Decision> {
        match kind {
            StepKind::Inform => self.missing_notices(),
            StepKind::Unlock => self.missing_unlock(),
            StepKind::SignIn => self.missing_sign_in(),
            StepKind::StepUp => self.missing_step_up(),
            StepKind::EnrolBiometrics => self.missing_biometrics(),
            StepKind::Profile => self.missing_profile(),
            StepKind::Consent => self.missing_consent(),
            StepKind::EnrolPasskey => self.missing_passkey(),
        }
    }

    fn missing_notices(&self) -> Option<Decision> {
        let told = |purpose: &&String| {
            let shown = self.facts.notices.known().and_then(|notices| notices.get(*purpose));
            shown.is_some_and(|shown| self.policy.still_says(purpose, shown))
        };
        let purposes: Vec<String> = self.touchpoint.inform.iter().filter(|id| !told(id)).cloned().collect();
        if purposes.is_empty() {
            return None;
        }
        if self.is_sealed(&self.facts.notices) {
            return Some(self.ask_unlock());
        }
        Some(self.ask(Step::Inform { purposes }))
    }

    fn missing_profile(&self) -> Option<Decision> {
        if self.touchpoint.profile.is_empty() {
            return None;
        }
        if let Some(first) = self.missing_session() {
            return Some(first);
        }
        let fields: Vec<String> = self.missing_fields(crate::FieldSource::Person).cloned().collect();
        if fields.is_empty() {
            return None;
        }
        let sealed = |field: &String| {
            if self.policy.is_age(field) {
                self.is_sealed(&self.facts.age)
            } else {
                self.is_sealed(&self.facts.profile)
            }
        };
        if fields.iter().any(sealed) {
            return Some(self.ask_unlock());
        }
        Some(self.ask(Step::Profile { fields }))
    }

    /// The touchpoint's fields from `source` that have no value.
    fn missing_fields(&self, source: crate::FieldSource) -> impl Iterator<Item = &String> {
        self.touchpoint.profile.iter().filter(move |name| {
            self.policy.field(name).is_some_and(|field| field.source == source)
                && if self.policy.is_age(name) {
                    self.facts.age.known().is_none()
                } else {
                    !self.facts.profile.known().is_some_and(|names| names.contains(*name))
                }
        })
    }

    fn missing_biometrics(&self) -> Option<Decision> {
        let biometrics = self.facts.biometrics;
        let open = self.needs_session() && self.facts.session.known().is_some();
        if !open || biometrics.readiness != GateReadiness::Ready || biometrics.gate == GateChoice::On {
            return None;
        }
        let tried = self.tried(StepKind::EnrolBiometrics);
        if self.policy.lock.gate == GateRequirement::Required {
            return Some(if tried {
                Decision::Stop(StopReason::NoBiometrics)
            } else {
                self.ask(Step::EnrolBiometrics)
            });
        }
        let offered = match self.policy.biometrics.offer {
            BiometricsOffer::Never => false,
            BiometricsOffer::AfterFirstSignIn => biometrics.gate == GateChoice::Undecided,
            BiometricsOffer::WhereAsked => self.touchpoint.offer_biometrics,
        };
        let ask = offered && !tried && self.has_room() && !self.is_cooling(biometrics.offered_wall_ms);
        ask.then(|| self.ask(Step::EnrolBiometrics))
    }

    fn missing_passkey(&self) -> Option<Decision> {
        let passkey = self.facts.passkey;
        let ask = self.touchpoint.offer_passkey
            && self.facts.session.known().is_some()
            && passkey.available
            && !passkey.enrolled
            && !self.tried(StepKind::EnrolPasskey)
            && self.has_room()
            && !self.is_cooling(passkey.offered_wall_ms);
        ask.then(|| self.ask(Step::EnrolPasskey))
    }

    /// Whether the visit has room for another ask that can be left out.
    fn has_room(&self) -> bool {
        let visit = &self.facts.visit;
        let asked = StepKind::ALL
            .iter()
            .filter(|kind| visit.answered.contains_key(kind) || visit.skipped.contains(kind))
            .count();
        self.policy.most_per_visit.is_none_or(|most| u64::try_from(asked).is_ok_and(|asked| asked < most))
    }

    /// Whether an offer, last made at that moment, is not to be made again yet. A clock that was set back does not
    /// make the wait longer than the cool-down.
    fn is_cooling(&self, asked_wall_ms: Option<i64>) -> bool {
        match (asked_wall_ms, self.policy.cooldown) {
            (None, _) => false,
            (Some(_), None) => true,
            (Some(asked), Some(cooldown)) => {
                self.now.wall_ms.abs_diff(asked) < u64::try_from(cooldown.as_ms()).unwrap_or(u64::MAX)
            }
        }
    }

    /// Whether it was declined or done already in this visit.
    fn tried(&self, kind: StepKind) -> bool {
        self.facts.visit.skipped.contains(&kind) || self.facts.visit.answered.contains_key(&kind)
    }

    /// A fact is sealed only as long as there is a session to unlock.
    fn is_sealed<T>(&self, fact: &Fact<T>) -> bool {
        fact.is_sealed() && self.facts.session.is_sealed()
    }

    fn ask_unlock(&self) -> Decision {
        self.ask(Step::Unlock)
    }

    /// Asks, or stops where that was declined in this visit.
    fn ask(&self, step: Step) -> Decision {
        let kind = step.kind();
        if self.facts.visit.skipped.contains(&kind) {
            return Decision::Stop(StopReason::Declined { kind });
        }
        Decision::Ask(AskStep { touchpoint: self.touchpoint.id.clone(), step })
    }
}

impl Policy {
    /// Whether the person may decline it and still go on: consents that are only offered, finger or face where
    /// the lock does not require them, and a passkey.
    ///
    /// What comes next is not promised: after a declined offer the next ask, or none.
    pub fn can_be_skipped(&self, step: &AskStep) -> bool {
        match &step.step {
            Step::Consent { required, .. } => required.is_empty(),
            Step::EnrolBiometrics => self.lock.gate == GateRequirement::Optional,
            Step::EnrolPasskey => true,
            Step::Inform { .. }
            | Step::Unlock
            | Step::SignIn { .. }
            | Step::StepUp { .. }
            | Step::Profile { .. } => false,
        }
    }

    /// Whether what was shown is what the purpose says today: same revision, same text, same terms.
    pub(crate) fn still_says(&self, purpose: &str, shown: &crate::Shown) -> bool {
        self.purpose(purpose).is_some_and(|purpose| {
            let same_text = |hash: &String| {
                self.texts
                    .values()
                    .any(|texts| texts.entries.get(&purpose.text_id).is_some_and(|text| text.hash == *hash))
            };
            shown.text_id == purpose.text_id
                && shown.text_hash.as_ref().is_none_or(same_text)
                && shown.terms_hash.as_ref().is_none_or(|hash| *hash == purpose.terms_hash)
        })
    }
}
