//! Consent: what is required, what may be offered, and when to keep quiet.

use super::View;
use crate::{Age, ConsentRecord, ConsentState, Decision, FieldSource, Policy, Step, StepKind, StopReason};

impl View<'_> {
    pub(super) fn missing_consent(&self) -> Option<Decision> {
        let required = self.policy.with_all_they_require(&self.touchpoint.require);
        if required.is_empty() && self.touchpoint.offer.is_empty() {
            return None;
        }
        if let Some(first) = self.missing_session() {
            return Some(first);
        }
        if let Some(first) = self.missing_age() {
            return Some(first);
        }
        if self.facts.age.known() == Some(&Age::Under) {
            let purpose = required.into_iter().next()?;
            return Some(Decision::Stop(StopReason::UnderAge { purpose }));
        }
        if self.is_sealed(&self.facts.age) || self.is_sealed(&self.facts.consents) {
            // Nobody is asked to unlock for the sake of an offer.
            let waiting =
                self.is_sealed(&self.facts.consents) || required.iter().any(|id| !self.is_granted(id));
            return (waiting && !required.is_empty()).then(|| self.ask_unlock());
        }

        let required: Vec<String> = required.into_iter().filter(|id| !self.is_granted(id)).collect();
        if let Some(refused) = required.iter().find(|id| self.facts.visit.consent_asked.contains(*id)) {
            return Some(Decision::Stop(StopReason::ConsentRefused { purpose: refused.clone() }));
        }
        let offered = self.offers(&required);
        let skipped = self.facts.visit.skipped.contains(&StepKind::Consent);
        if required.is_empty() && (offered.is_empty() || skipped || !self.has_room()) {
            return None;
        }
        Some(self.ask(Step::Consent { required, offered }))
    }

    /// The age comes before consent wherever the touchpoint asks for it.
    fn missing_age(&self) -> Option<Decision> {
        let asks_age = self.missing_fields(FieldSource::Person).any(|field| self.policy.is_age(field));
        if asks_age { self.missing_profile() } else { None }
    }

    /// The offers to make now. One that builds on another purpose comes only where that is granted, or asked beside it.
    fn offers(&self, required: &[String]) -> Vec<String> {
        let mut offers: Vec<String> =
            self.touchpoint.offer.iter().filter(|id| self.is_to_be_offered(id)).cloned().collect();
        loop {
            let fits = |id: &String| {
                let builds_on = self.policy.purpose(id).map_or(&[][..], |purpose| &purpose.requires);
                builds_on
                    .iter()
                    .all(|base| self.is_granted(base) || offers.contains(base) || required.contains(base))
            };
            let fitting: Vec<String> = offers.iter().filter(|id| fits(id)).cloned().collect();
            if fitting.len() == offers.len() {
                return offers;
            }
            offers = fitting;
        }
    }

    fn is_to_be_offered(&self, purpose: &str) -> bool {
        if self.facts.visit.consent_asked.contains(purpose) || self.is_granted(purpose) {
            return false;
        }
        let record = self.record(purpose);
        match record.map(|record| record.state).unwrap_or_default() {
            // A grant for an older text or other terms is asked anew at once; one that ran out, too.
            ConsentState::Granted
            | ConsentState::Unknown
            | ConsentState::Informed
            | ConsentState::Expired => true,
            ConsentState::Asked | ConsentState::Denied | ConsentState::Withdrawn | ConsentState::Objected => {
                // Without a moment to count from, nobody can say that it is over.
                record.is_some_and(|record| {
                    record.asked_wall_ms.is_some() && !self.is_cooling(record.asked_wall_ms)
                })
            }
        }
    }

    /// Whether there is a grant for what the purpose says today.
    fn is_granted(&self, purpose: &str) -> bool {
        self.record(purpose).is_some_and(|record| {
            record.state == ConsentState::Granted
                && record.shown.as_ref().is_some_and(|shown| self.policy.still_says(purpose, shown))
        })
    }

    fn record(&self, purpose: &str) -> Option<&ConsentRecord> {
        self.facts.consents.known().and_then(|consents| consents.get(purpose))
    }
}

impl Policy {
    /// The purposes and all that they build on, bases first, each once.
    pub(crate) fn with_all_they_require(&self, purposes: &[String]) -> Vec<String> {
        let mut all = Vec::new();
        let mut entered = Vec::new();
        for purpose in purposes {
            self.add_with_bases(purpose, &mut entered, &mut all);
        }
        all
    }

    fn add_with_bases(&self, id: &str, entered: &mut Vec<String>, all: &mut Vec<String>) {
        let Some(purpose) = self.purpose(id) else { return };
        if entered.iter().any(|earlier| earlier == id) {
            return;
        }
        entered.push(id.to_owned());
        for base in &purpose.requires {
            self.add_with_bases(base, entered, all);
        }
        all.push(id.to_owned());
    }
}
