//! The words around the policy's own, in English and German.

use pforte_gate::{Basis, CalendarSpan, CalendarUnit, StepKind};

/// The language of the frame: German for German texts, English for all others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Frame {
    English,
    German,
}

impl Frame {
    pub fn of(locale: &str) -> Self {
        match locale.split('-').next() {
            Some(language) if language.eq_ignore_ascii_case("de") => Self::German,
            _ => Self::English,
        }
    }

    pub fn say(self, english: &'static str, german: &'static str) -> &'static str {
        match self {
            Self::English => english,
            Self::German => german,
        }
    }

    /// The name of a kind of ask: the head of its column.
    pub fn kind(self, kind: StepKind) -> &'static str {
        match kind {
            StepKind::Inform => self.say("Inform", "Informieren"),
            StepKind::Unlock => self.say("Unlock", "Entsperren"),
            StepKind::SignIn => self.say("Sign in", "Anmelden"),
            StepKind::StepUp => self.say("Renew sign-in", "Neu anmelden"),
            StepKind::EnrolBiometrics => self.say("Finger or face", "Finger oder Gesicht"),
            StepKind::Profile => self.say("Details", "Angaben"),
            StepKind::Consent => self.say("Consent", "Einwilligung"),
            StepKind::EnrolPasskey => self.say("Passkey", "Passkey"),
        }
    }

    pub fn basis(self, basis: Basis) -> &'static str {
        match basis {
            Basis::Consent => self.say("Consent", "Einwilligung"),
            Basis::Contract => self.say("Contract", "Vertrag"),
            Basis::LegalObligation => self.say("Legal obligation", "Gesetzliche Pflicht"),
            Basis::LegitimateInterest => self.say("Legitimate interest", "Berechtigtes Interesse"),
        }
    }

    pub fn span(self, span: CalendarSpan) -> String {
        let one = span.count == 1;
        let unit = match (span.unit, one) {
            (CalendarUnit::Day, true) => self.say("day", "Tag"),
            (CalendarUnit::Day, false) => self.say("days", "Tage"),
            (CalendarUnit::Week, true) => self.say("week", "Woche"),
            (CalendarUnit::Week, false) => self.say("weeks", "Wochen"),
            (CalendarUnit::Month, true) => self.say("month", "Monat"),
            (CalendarUnit::Month, false) => self.say("months", "Monate"),
            (CalendarUnit::Year, true) => self.say("year", "Jahr"),
            (CalendarUnit::Year, false) => self.say("years", "Jahre"),
        };
        format!("{} {unit}", span.count)
    }

    /// Seconds that passed, in the largest unit that fits.
    pub fn passed(self, seconds: u64) -> String {
        let (count, unit) = match seconds {
            s if s > 0 && s % 86_400 == 0 => (s / 86_400, self.say("d", "Tage")),
            s if s > 0 && s % 3600 == 0 => (s / 3600, self.say("h", "Std.")),
            s if s > 0 && s % 60 == 0 => (s / 60, self.say("min", "Min.")),
            s => (s, self.say("s", "Sek.")),
        };
        format!("{count} {unit}")
    }
}
