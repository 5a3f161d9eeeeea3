//! Session, level, and how recently the person proved to be there.

use pforte_host::GateReadiness;

use super::View;
use crate::{Decision, Fact, FieldSource, GateChoice, Session, Step, StepKind, StopReason};

/// How far in the future a sign-in may lie before its time is not believed, in seconds.
const CLOCK_SKEW_S: i64 = 60;

impl View<'_> {
    /// The level the person has now.
    pub(super) fn level(&self) -> &str {
        let reached = self.facts.session.known().map(|session| session.level.as_str());
        reached.filter(|level| self.policy.level_rank(level).is_some()).unwrap_or(self.policy.lowest_level())
    }

    /// Whether the touchpoint is above the lowest level.
    pub(super) fn needs_session(&self) -> bool {
        self.policy.level_rank(&self.touchpoint.level) > Some(0)
    }

    /// The ask that opens the session, where one is needed and none is open.
    pub(super) fn missing_session(&self) -> Option<Decision> {
        match &self.facts.session {
            _ if !self.needs_session() => None,
            Fact::Known(_) => None,
            Fact::Sealed => Some(self.ask_unlock()),
            Fact::Absent => Some(self.ask_sign_in()),
        }
    }

    pub(super) fn missing_sign_in(&self) -> Option<Decision> {
        let absent = self.needs_session() && self.facts.session == Fact::Absent;
        absent.then(|| self.ask_sign_in())
    }

    pub(super) fn missing_unlock(&self) -> Option<Decision> {
        if self.needs_session() && self.facts.session.is_sealed() {
            return Some(self.ask_unlock());
        }
        let (Some(rule), Fact::Known(session)) = (self.touchpoint.unlock, &self.facts.session) else {
            return None;
        };
        let passed_ms = session.unlocked_elapsed_ms.and_then(|at| self.now.elapsed_ms.checked_sub(at));
        let recent = passed_ms.is_some_and(|passed| passed <= rule.within_s.saturating_mul(1000));
        // A step-up that is due anyway proves the same, so that nobody is asked twice.
        if recent || self.step_up_is_due(session) {
            return None;
        }
        let biometrics = self.facts.biometrics;
        let possible = biometrics.gate == GateChoice::On
            && !matches!(biometrics.readiness, GateReadiness::NotEnrolled | GateReadiness::NoHardware);
        let declined = self.facts.visit.skipped.contains(&StepKind::Unlock);
        Some(match (rule.or_step_up, possible) {
            (true, true) if !declined => self.ask_unlock(),
            (true, _) if self.answered_within(StepKind::StepUp, rule.within_s) => self.not_reached(),
            (true, _) => self.ask_step_up(Some(rule.within_s)),
            (false, true) => self.ask_unlock(),
            (false, false) => Decision::Stop(StopReason::NoBiometrics),
        })
    }

    pub(super) fn missing_step_up(&self) -> Option<Decision> {
        let Fact::Known(session) = &self.facts.session else { return None };
        if !self.step_up_is_due(session) {
            return None;
        }
        let answered = &self.facts.visit.answered;
        if self.is_too_low() && answered.contains_key(&StepKind::StepUp) {
            return Some(self.not_reached());
        }
        if self.is_too_old(session)
            && self
                .touchpoint
                .max_auth_age_s
                .is_some_and(|age_s| self.answered_within(StepKind::StepUp, age_s))
        {
            return Some(self.not_reached());
        }
        let withheld: Vec<String> = self.missing_fields(FieldSource::Provider).cloned().collect();
        if withheld.is_empty() || self.is_too_low() || self.is_too_old(session) {
            return Some(self.ask_step_up(self.touchpoint.max_auth_age_s));
        }
        if answered.contains_key(&StepKind::StepUp) || answered.contains_key(&StepKind::SignIn) {
            return Some(Decision::Stop(StopReason::ProviderWithheld { fields: withheld }));
        }
        Some(self.ask_step_up(Some(0)))
    }

    fn step_up_is_due(&self, session: &Session) -> bool {
        self.needs_session()
            && (self.is_too_low()
                || self.is_too_old(session)
                || self.missing_fields(FieldSource::Provider).next().is_some())
    }

    fn is_too_low(&self) -> bool {
        self.policy.level_rank(self.level()) < self.policy.level_rank(&self.touchpoint.level)
    }

    fn is_too_old(&self, session: &Session) -> bool {
        let Some(limit_s) = self.touchpoint.max_auth_age_s else { return false };
        let Some(auth_time_s) = session.auth_time_s else { return true };
        let age_s = self.now.provider_s.saturating_sub(auth_time_s);
        age_s < -CLOCK_SKEW_S || age_s > i64::try_from(limit_s).unwrap_or(i64::MAX)
    }

    /// Whether that ask was answered so recently that a new answer would change nothing.
    fn answered_within(&self, kind: StepKind, seconds: u64) -> bool {
        let answered = self.facts.visit.answered.get(&kind);
        let passed = answered.and_then(|at| self.now.elapsed_ms.checked_sub(*at));
        passed.is_some_and(|passed| passed < seconds.saturating_mul(1000))
    }

    fn ask_sign_in(&self) -> Decision {
        let routes: Vec<String> =
            self.policy.routes.iter().filter(|route| self.facts.routes.contains(*route)).cloned().collect();
        if routes.is_empty() {
            return Decision::Stop(StopReason::NoRoute);
        }
        let level = self.touchpoint.level.clone();
        self.ask(Step::SignIn { routes, level, max_auth_age_s: self.touchpoint.max_auth_age_s })
    }

    fn ask_step_up(&self, max_auth_age_s: Option<u64>) -> Decision {
        self.ask(Step::StepUp { level: self.touchpoint.level.clone(), max_auth_age_s })
    }

    fn not_reached(&self) -> Decision {
        Decision::Stop(StopReason::AssuranceNotReached { level: self.touchpoint.level.clone() })
    }
}
