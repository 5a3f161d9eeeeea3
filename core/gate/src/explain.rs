//! A touchpoint in words, in English and in German.

use crate::names::similar;
use crate::{
    Basis, BiometricsOffer, CalendarSpan, CalendarUnit, FieldSource, GateRequirement, Policy, Purpose,
    StepKind, Touchpoint,
};

/// The touchpoint is not in the policy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the policy has no touchpoint {touchpoint}{}", did_you_mean.as_ref().map(|name| format!(" (did you mean {name}?)")).unwrap_or_default())]
pub struct UnknownTouchpoint {
    /// The name that was asked for.
    pub touchpoint: String,
    /// The policy's name that looks most like it.
    pub did_you_mean: Option<String>,
}

impl UnknownTouchpoint {
    pub(crate) fn new(policy: &Policy, touchpoint: &str) -> Self {
        let did_you_mean = similar(touchpoint, policy.touchpoints().iter().map(|known| known.id.as_str()));
        Self { touchpoint: touchpoint.to_owned(), did_you_mean: did_you_mean.map(str::to_owned) }
    }
}

/// What a touchpoint asks for, in which order and why, for people who do not write code.
///
/// In German where `locale` leads to German texts, else in English; what a person will read stands in quotes, in
/// `locale`.
///
/// # Errors
///
/// [`UnknownTouchpoint`], with the name that was probably meant.
pub fn explain(policy: &Policy, touchpoint: &str, locale: &str) -> Result<String, UnknownTouchpoint> {
    let Some(touchpoint) = policy.touchpoint(touchpoint) else {
        return Err(UnknownTouchpoint::new(policy, touchpoint));
    };
    let locale = policy.locale(locale);
    let german = locale.split('-').next().is_some_and(|language| language.eq_ignore_ascii_case("de"));
    Ok(Explanation { policy, touchpoint, locale, german }.text())
}

struct Explanation<'a> {
    policy: &'a Policy,
    touchpoint: &'a Touchpoint,
    locale: &'a str,
    german: bool,
}

impl Explanation<'_> {
    fn text(&self) -> String {
        let mut lines = vec![self.heading()];
        let steps: Vec<Vec<String>> =
            self.policy.ask_order().iter().filter_map(|kind| self.step(*kind)).collect();
        lines.push(match (steps.is_empty(), self.german) {
            (true, false) => "Nothing is asked here; everybody goes on.".to_owned(),
            (true, true) => "Hier wird nichts gefragt; alle kommen weiter.".to_owned(),
            (false, false) => "Asked in this order, and only what is missing:".to_owned(),
            (false, true) => "Gefragt wird in dieser Reihenfolge, und nur, was fehlt:".to_owned(),
        });
        for (n, step) in steps.iter().enumerate() {
            let mut parts = step.iter();
            lines.extend(parts.next().map(|first| format!("{}. {first}", n + 1)));
            lines.extend(parts.map(|detail| format!("   - {detail}")));
        }
        lines.join("\n") + "\n"
    }

    fn heading(&self) -> String {
        let Touchpoint { id, level, .. } = self.touchpoint;
        let name = self.quoted(&self.policy.touchpoint_name(id, self.locale));
        let words = self.quoted(&self.policy.level_name(level, self.locale));
        if self.german {
            format!("{name} ({id}). Nötig ist die Stufe {words} ({level}).")
        } else {
            format!("{name} ({id}). The level it needs: {words} ({level}).")
        }
    }

    /// What one kind of ask does here, if it can come at all: a sentence, and its details.
    fn step(&self, kind: StepKind) -> Option<Vec<String>> {
        let one = |sentence: String| vec![sentence];
        match kind {
            StepKind::Inform => self.inform(),
            StepKind::Unlock => self.unlock().map(one),
            StepKind::SignIn => self.sign_in().map(one),
            StepKind::StepUp => self.step_up().map(one),
            StepKind::EnrolBiometrics => self.enrol_biometrics().map(|sentence| one(sentence.to_owned())),
            StepKind::Profile => self.profile().map(one),
            StepKind::Consent => self.consent(),
            StepKind::EnrolPasskey => self.touchpoint.offer_passkey.then(|| {
                one(self.say(
                    "Offer a passkey for the next sign-in. Whoever declines goes on.",
                    "Einen Passkey für die nächste Anmeldung anbieten. Wer ablehnt, kommt weiter.",
                ))
            }),
        }
    }

    fn inform(&self) -> Option<Vec<String>> {
        let told = &self.touchpoint.inform;
        let sentence = self.say(
            "Inform about the following. Nobody has to agree; whoever closes it does not go on.",
            "Über Folgendes informieren. Zustimmen muss niemand; wer es schließt, kommt nicht weiter.",
        );
        (!told.is_empty()).then(|| std::iter::once(sentence).chain(self.purposes(told)).collect())
    }

    fn unlock(&self) -> Option<String> {
        if !self.is_above_lowest() {
            return None;
        }
        let Some(rule) = self.touchpoint.unlock else {
            return Some(
                self.say("Unlock, if the account is locked.", "Entsperren, wenn das Konto gesperrt ist."),
            );
        };
        let within = self.duration(rule.within_s);
        Some(match (self.german, rule.or_step_up) {
            (false, true) => format!(
                "Unlock with finger or face, if that was more than {within} ago. Where neither is set up, signing in \
                 again will do."
            ),
            (false, false) => format!(
                "Unlock with finger or face, if that was more than {within} ago. Where neither is set up, it stops here."
            ),
            (true, true) => format!(
                "Mit Gesicht oder Fingerabdruck entsperren, wenn das länger als {within} her ist. Wer beides nicht \
                 eingerichtet hat, meldet sich stattdessen neu an."
            ),
            (true, false) => format!(
                "Mit Gesicht oder Fingerabdruck entsperren, wenn das länger als {within} her ist. Wer beides nicht \
                 eingerichtet hat, kommt nicht weiter."
            ),
        })
    }

    fn sign_in(&self) -> Option<String> {
        let routes = self.policy.routes().iter();
        let routes: Vec<String> =
            routes.map(|route| self.quoted(&self.policy.words("route", route, self.locale))).collect();
        let routes = self.joined(&routes, true);
        self.is_above_lowest().then(|| {
            if self.german {
                format!("Anmelden, wenn noch niemand angemeldet ist: mit {routes}, je nachdem, was auf dem Gerät geht.")
            } else {
                format!("Sign in, if nobody is signed in yet: by {routes}, whichever works on the device.")
            }
        })
    }

    fn step_up(&self) -> Option<String> {
        let Touchpoint { level, max_auth_age_s, profile, .. } = self.touchpoint;
        let mut reasons = Vec::new();
        if self.policy.level_rank(level) > Some(1) {
            let level = self.quoted(&self.policy.level_name(level, self.locale));
            reasons.push(if self.german {
                format!("die Stufe {level} noch nicht erreicht ist")
            } else {
                format!("it has not reached the level {level}")
            });
        }
        if let Some(age_s) = max_auth_age_s {
            let age = self.duration(*age_s);
            reasons.push(if self.german {
                format!("sie älter als {age} ist")
            } else {
                format!("it is older than {age}")
            });
        }
        for name in profile.iter().filter(|name| self.comes_from(name, FieldSource::Provider)) {
            let label = self.quoted(&self.policy.field_label(name, self.locale));
            reasons.push(if self.german {
                format!("der Anmeldedienst {label} nicht genannt hat")
            } else {
                format!("the sign-in service has not told {label}")
            });
        }
        let reasons_or = self.joined(&reasons, true);
        (!reasons.is_empty()).then(|| {
            if self.german {
                format!("Die Anmeldung erneuern, wenn {reasons_or}.")
            } else {
                format!("Renew the sign-in, if {reasons_or}.")
            }
        })
    }

    fn enrol_biometrics(&self) -> Option<String> {
        if !self.is_above_lowest() {
            return None;
        }
        if self.policy.lock().gate == GateRequirement::Required {
            return Some(self.say(
                "Lock the account with finger or face, where the device can. Whoever declines does not go on.",
                "Das Konto mit Gesicht oder Fingerabdruck sperren, wo das Gerät es kann. Wer ablehnt, kommt nicht weiter.",
            ));
        }
        let sentence = match self.policy.biometrics().offer {
            BiometricsOffer::Never => return None,
            BiometricsOffer::AfterFirstSignIn => self.say(
                "Offer, once after the first sign-in, to lock the account with finger or face. Whoever declines goes on.",
                "Einmal nach der ersten Anmeldung anbieten, das Konto mit Gesicht oder Fingerabdruck zu sperren. Wer \
                 ablehnt, kommt weiter.",
            ),
            BiometricsOffer::WhereAsked => self.say(
                "Offer to lock the account with finger or face. Whoever declines goes on.",
                "Anbieten, das Konto mit Gesicht oder Fingerabdruck zu sperren. Wer ablehnt, kommt weiter.",
            ),
        };
        let here =
            self.policy.biometrics().offer != BiometricsOffer::WhereAsked || self.touchpoint.offer_biometrics;
        here.then_some(sentence)
    }

    fn profile(&self) -> Option<String> {
        let asked = self.touchpoint.profile.iter().filter(|name| self.comes_from(name, FieldSource::Person));
        let labels: Vec<String> =
            asked.map(|name| self.quoted(&self.policy.field_label(name, self.locale))).collect();
        let all = self.joined(&labels, false);
        (!labels.is_empty()).then(|| {
            if self.german { format!("Angaben erfragen: {all}.") } else { format!("Ask for {all}.") }
        })
    }

    fn consent(&self) -> Option<Vec<String>> {
        let required = self.policy.with_all_they_require(&self.touchpoint.require);
        let mut lines = Vec::new();
        if !required.is_empty() {
            lines.push(self.say(
                "Ask for a consent that is needed here. Whoever refuses does not go on.",
                "Um eine Einwilligung bitten, die hier nötig ist. Wer ablehnt, kommt nicht weiter.",
            ));
            lines.extend(self.purposes(&required));
        }
        if !self.touchpoint.offer.is_empty() {
            let sentence = self.say(
                "Ask for a consent. Whoever refuses goes on all the same.",
                "Um eine Einwilligung bitten. Wer ablehnt, kommt trotzdem weiter.",
            );
            lines.push(sentence);
            lines.extend(self.purposes(&self.touchpoint.offer));
        }
        let age = self.policy.consent_from_age().filter(|_| !lines.is_empty());
        lines.extend(age.map(|age| {
            if self.german {
                format!("Wer unter {age} ist, wird nicht gefragt.")
            } else {
                format!("Nobody known to be under {age} is asked.")
            }
        }));
        (!lines.is_empty()).then_some(lines)
    }

    /// One line each: the title, on which basis, who answers for it, where the data go and for how long.
    fn purposes(&self, ids: &[String]) -> Vec<String> {
        ids.iter().filter_map(|id| self.policy.purpose(id)).map(|purpose| self.purpose(purpose)).collect()
    }

    fn purpose(&self, purpose: &Purpose) -> String {
        let title =
            self.policy.text(&purpose.text_id, self.locale).map_or(purpose.id.as_str(), |text| &text.title);
        let mut parts = vec![match (purpose.basis, self.german) {
            (Basis::Consent, false) => "consent".to_owned(),
            (Basis::Consent, true) => "Einwilligung".to_owned(),
            (Basis::Contract, false) => "contract".to_owned(),
            (Basis::Contract, true) => "Vertrag".to_owned(),
            (Basis::LegalObligation, false) => "legal obligation".to_owned(),
            (Basis::LegalObligation, true) => "gesetzliche Pflicht".to_owned(),
            (Basis::LegitimateInterest, false) => "legitimate interest, can be objected to".to_owned(),
            (Basis::LegitimateInterest, true) => "berechtigtes Interesse, Widerspruch möglich".to_owned(),
        }];
        if let Some(owner) = &purpose.owner {
            parts.push(if self.german { format!("zuständig: {owner}") } else { format!("owner: {owner}") });
        }
        if let Some(recipient) = self.policy.recipient(&purpose.id, self.locale) {
            let recipient = self.quoted(&recipient);
            parts.push(if self.german {
                format!("geht an {recipient}")
            } else {
                format!("goes to {recipient}")
            });
        }
        if let Some(retain) = purpose.retain {
            let time = self.span(retain);
            parts.push(if self.german {
                format!("aufbewahrt für {time}")
            } else {
                format!("kept for {time}")
            });
        }
        format!("{} ({}): {}.", self.quoted(title), purpose.id, parts.join("; "))
    }

    fn is_above_lowest(&self) -> bool {
        self.policy.level_rank(&self.touchpoint.level) > Some(0)
    }

    fn comes_from(&self, field: &str, source: FieldSource) -> bool {
        self.policy.field(field).is_some_and(|field| field.source == source)
    }

    fn say(&self, english: &str, german: &str) -> String {
        if self.german { german } else { english }.to_owned()
    }

    fn quoted(&self, text: &str) -> String {
        if self.german { format!("„{text}“") } else { format!("“{text}”") }
    }

    /// `a, b and c`, or `a, b or c`.
    fn joined(&self, items: &[String], alternatives: bool) -> String {
        let last_word = match (alternatives, self.german) {
            (true, false) => " or ",
            (true, true) => " oder ",
            (false, false) => " and ",
            (false, true) => " und ",
        };
        match items {
            [] => String::new(),
            [only] => only.clone(),
            [before @ .., last] => format!("{}{last_word}{last}", before.join(", ")),
        }
    }

    fn duration(&self, seconds: u64) -> String {
        let (count, english, german) = match seconds {
            s if s % 86_400 == 0 => (s / 86_400, "day", ["Tag", "Tage"]),
            s if s % 3600 == 0 => (s / 3600, "hour", ["Stunde", "Stunden"]),
            s if s % 60 == 0 => (s / 60, "minute", ["Minute", "Minuten"]),
            s => (s, "second", ["Sekunde", "Sekunden"]),
        };
        self.counted(count, english, german)
    }

    fn span(&self, span: CalendarSpan) -> String {
        let (english, german) = match span.unit {
            CalendarUnit::Day => ("day", ["Tag", "Tage"]),
            CalendarUnit::Week => ("week", ["Woche", "Wochen"]),
            CalendarUnit::Month => ("month", ["Monat", "Monate"]),
            CalendarUnit::Year => ("year", ["Jahr", "Jahre"]),
        };
        self.counted(u64::from(span.count), english, german)
    }

    fn counted(&self, count: u64, english: &str, [one, many]: [&str; 2]) -> String {
        match (self.german, count) {
            (false, 1) => format!("1 {english}"),
            (false, _) => format!("{count} {english}s"),
            (true, 1) => format!("1 {one}"),
            (true, _) => format!("{count} {many}"),
        }
    }
}
