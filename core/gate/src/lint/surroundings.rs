//! Levels, providers, routes, age, biometrics, fields and the order of asks: can what is asked for be had at all?

use pforte_host::FieldKind;

use super::Lint;
use crate::{BiometricsOffer, GateRequirement, StepKind};

impl Lint<'_> {
    pub(super) fn surroundings(&mut self) {
        self.levels();
        self.routes();
        self.biometrics();
        self.age();
        self.fields();
        self.order();
    }

    fn levels(&mut self) {
        let policy = self.policy;
        for (rank, level) in policy.levels().iter().enumerate().skip(1) {
            let gives = |provided: &String| policy.level_rank(provided) >= Some(rank);
            let reached = policy.providers.iter().any(|table| {
                gives(&table.otherwise) || table.levels.iter().any(|(_, provided)| gives(provided))
            });
            let used: Vec<&str> = policy
                .touchpoints()
                .iter()
                .filter(|touchpoint| touchpoint.level == *level)
                .map(|touchpoint| touchpoint.id.as_str())
                .collect();
            if !reached {
                let sentence =
                    format!("No provider maps any acr to {level} or higher, so nobody can reach it.");
                self.policy_finding("level-unmapped", &["levels", level], sentence);
                for touchpoint in &used {
                    let sentence =
                        format!("{touchpoint} can't be reached: no provider gives the level {level}.");
                    self.policy_finding("unreachable", &["touchpoint", touchpoint, "level"], sentence);
                }
            }
            if used.is_empty() {
                let sentence = format!("No touchpoint asks for the level {level}.");
                self.policy_finding("unused-level", &["levels", level], sentence);
            }
        }
        for table in &policy.providers {
            if table.otherwise == policy.lowest_level() {
                let provider = &table.provider;
                let sentence = format!(
                    "A sign-in at {provider} whose acr is not listed stays at {}, as if nobody had signed in.",
                    table.otherwise
                );
                self.policy_finding("sign-in-worth-nothing", &["provider", provider, "otherwise"], sentence);
            }
        }
    }

    fn routes(&mut self) {
        let policy = self.policy;
        if !policy.routes().iter().any(|route| route == "page") {
            let sentence =
                "Without the route page, a device on which the others do not work has no way to sign in.";
            self.policy_finding("no-fallback-route", &["routes", "order"], sentence.to_owned());
        }
        let has_passkey = policy.routes().iter().any(|route| route == "passkey");
        for touchpoint in policy.touchpoints() {
            if touchpoint.offer_passkey && !has_passkey {
                let id = &touchpoint.id;
                let sentence =
                    format!("{id} offers to make a passkey, and [routes] has no passkey to use it.");
                self.policy_finding("unused-passkey", &["touchpoint", id, "offer_passkey"], sentence);
            }
        }
    }

    fn biometrics(&mut self) {
        let policy = self.policy;
        let offer = policy.biometrics().offer;
        let offered_at =
            |asked: bool| policy.touchpoints().iter().filter(move |t| t.offer_biometrics == asked);
        let required = policy.lock().gate == GateRequirement::Required;
        if offer == BiometricsOffer::WhereAsked && offered_at(true).next().is_none() {
            let sentence =
                "Biometrics are offered where asked, and no touchpoint has offer_biometrics = true.";
            self.policy_finding("offered-nowhere", &["biometrics", "offer"], sentence.to_owned());
        }
        if required && offer == BiometricsOffer::Never {
            let sentence =
                "The gate is required, and biometrics are never offered: one of the two is not meant.";
            self.policy_finding("contradiction", &["lock", "gate"], sentence.to_owned());
        }
        for touchpoint in policy.touchpoints() {
            let id = touchpoint.id.as_str();
            if touchpoint.offer_biometrics && offer != BiometricsOffer::WhereAsked {
                let sentence = format!(
                    "offer_biometrics at {id} has no effect unless [biometrics] offer is where-asked."
                );
                self.policy_finding("no-effect", &["touchpoint", id, "offer_biometrics"], sentence);
            }
            let Some(rule) = touchpoint.unlock else { continue };
            if !rule.or_step_up {
                let who = if offer == BiometricsOffer::Never && !required {
                    "nobody has finger or face set up"
                } else {
                    "not everybody has finger or face set up"
                };
                let sentence = format!("{id} wants an unlock, and {who}: add or = \"step-up\".");
                self.policy_finding("unsatisfiable", &["touchpoint", id, "unlock"], sentence);
            }
        }
    }

    fn age(&mut self) {
        let policy = self.policy;
        let asks_consent = policy
            .touchpoints()
            .iter()
            .find(|touchpoint| !touchpoint.offer.is_empty() || !touchpoint.require.is_empty());
        match (policy.consent_from_age(), asks_consent) {
            (None, Some(touchpoint)) => {
                let sentence = format!(
                    "{} asks for consent, and no [age] consent_from says from which age.",
                    touchpoint.id
                );
                self.policy_finding("no-consent-age", &["touchpoint", &touchpoint.id], sentence);
            }
            (Some(age), _) if !(13..=16).contains(&age) => {
                let sentence = format!(
                    "consent_from = {age} is outside of what the EU's countries allow, 13 to 16 (GDPR, Art. 8)."
                );
                self.policy_finding("consent-age-range", &["age", "consent_from"], sentence);
            }
            _ => {}
        }
        let asked =
            |name: &String| policy.touchpoints().iter().any(|touchpoint| touchpoint.profile.contains(name));
        let age_is_asked =
            policy.fields().iter().any(|field| field.kind == FieldKind::OverAge && asked(&field.name));
        if policy.consent_from_age().is_some() && !age_is_asked {
            let sentence =
                "No touchpoint asks for the age, so nobody is ever known to be under consent_from.";
            self.policy_finding("age-asked-nowhere", &["age", "consent_from"], sentence.to_owned());
        }
    }

    fn fields(&mut self) {
        let policy = self.policy;
        for field in policy.fields() {
            let used = policy.touchpoints().iter().any(|touchpoint| touchpoint.profile.contains(&field.name));
            if !used {
                let sentence = format!("No touchpoint has {} in its profile; take it out.", field.name);
                self.policy_finding("unused-field", &["field", &field.name], sentence);
            }
        }
    }

    fn order(&mut self) {
        let at = |kind| self.policy.ask_order().iter().position(|step| *step == kind);
        for kind in [StepKind::Profile, StepKind::Consent] {
            for session in [StepKind::Unlock, StepKind::SignIn] {
                if at(kind) < at(session) {
                    let sentence = format!(
                        "{kind} stands before {session}, and yet comes after it wherever a sign-in is needed: \
                         what the account knows already is not asked."
                    );
                    self.policy_finding("no-effect", &["ask", "order", kind.as_str()], sentence);
                }
            }
        }
    }
}
