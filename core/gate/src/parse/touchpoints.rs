//! `[touchpoint.ID]`: where the question is put.

use super::Draft;
use super::purposes::texts_of;
use crate::names::did_you_mean;
use crate::reader::{Name, Table};
use crate::{Basis, FieldSource, Touchpoint, UnlockRule};

const KEYS: &[&str] = &[
    "level",
    "max_auth_age",
    "unlock",
    "profile",
    "inform",
    "offer",
    "require",
    "offer_biometrics",
    "offer_passkey",
];

const SHORTEST_RECENCY_S: u64 = 30;

impl Draft<'_> {
    pub(super) fn read_touchpoints(&mut self, root: &Table<'_>) {
        let Some(value) = root.value("touchpoint") else {
            return self.reader.missing(root, "[touchpoint.NAME]", "[touchpoint.\"hotel.browse\"]");
        };
        let Some(touchpoints) = self.reader.open_table("[touchpoint]".to_owned(), value) else { return };
        for entry in &touchpoints.entries {
            self.check_name("A touchpoint", &entry.key);
            self.needs_words("touchpoint", &entry.key);
            let title = format!("[touchpoint.{:?}]", entry.key.text);
            if let Some(table) = self.reader.table(title, entry.value, KEYS) {
                self.read_touchpoint(&entry.key, &table);
            }
        }
    }

    fn read_touchpoint(&mut self, id: &Name, table: &Table<'_>) {
        let level = self.reader.text(table, "level");
        match &level {
            Some(level) => self.check_level(level),
            None if table.value("level").is_none() => self.reader.missing(table, "level", "\"known\""),
            None => {}
        }
        let level = level.map(|level| level.text).unwrap_or_default();
        let max_auth_age_s = self.recency(table, "max_auth_age");
        let unlock = self.read_unlock(table);
        if level == self.policy.lowest_level() {
            for key in ["max_auth_age", "unlock", "offer_biometrics", "offer_passkey"] {
                if let Some(value) = table.value(key) {
                    let sentence = format!(
                        "{} is for everybody (level {level}), so {key} has no meaning here.",
                        table.title
                    );
                    self.reader.report("needs-a-session", value.span(), sentence);
                }
            }
        }

        let profile = self.reader.texts(table, "profile");
        for field in &profile {
            let (rule, sentence) = match self.policy.field(&field.text).map(|field| field.source) {
                None => {
                    let hint =
                        did_you_mean(&field.text, self.policy.fields.iter().map(|field| field.name.as_str()));
                    ("unknown-name", format!("There is no [field.{}]{hint}.", field.text))
                }
                Some(FieldSource::Provider) if level == self.policy.lowest_level() => {
                    let sentence = format!(
                        "{} comes from the provider, so {} needs a level above {level}.",
                        field.text, table.title
                    );
                    ("needs-a-session", sentence)
                }
                Some(_) => continue,
            };
            self.reader.report(rule, field.span.clone(), sentence);
        }
        let inform = self.reader.texts(table, "inform");
        let offer = self.reader.texts(table, "offer");
        let require = self.reader.texts(table, "require");
        self.check_purposes("inform", &inform);
        self.check_purposes("offer", &offer);
        self.check_purposes("require", &require);
        for name in &require {
            if offer.iter().any(|offered| offered.text == name.text) {
                let sentence = format!("{} can't be offered and required at once.", name.text);
                self.reader.report("twice", name.span.clone(), sentence);
            }
        }

        let touchpoint = Touchpoint {
            id: id.text.clone(),
            level,
            max_auth_age_s,
            unlock,
            profile: texts_of(profile),
            inform: texts_of(inform),
            offer: texts_of(offer),
            require: texts_of(require),
            offer_biometrics: self.reader.boolean(table, "offer_biometrics").unwrap_or(false),
            offer_passkey: self.reader.boolean(table, "offer_passkey").unwrap_or(false),
        };
        self.policy.touchpoint_places.insert(touchpoint.id.clone(), self.policy.touchpoints.len());
        self.policy.touchpoints.push(touchpoint);
    }

    fn read_unlock(&mut self, table: &Table<'_>) -> Option<UnlockRule> {
        let value = table.value("unlock")?;
        let rule = self.reader.table(format!("unlock in {}", table.title), value, &["within", "or"])?;
        if rule.value("within").is_none() {
            self.reader.missing(&rule, "within", "\"2m\"");
        }
        let or_step_up = self.reader.word(&rule, "or", &[("step-up", true)]).unwrap_or(false);
        let within_s = self.recency(&rule, "within")?;
        Some(UnlockRule { within_s, or_step_up })
    }

    /// How long ago something may be, in seconds. Less than it takes to come back from it would ask for ever.
    fn recency(&mut self, table: &Table<'_>, key: &str) -> Option<u64> {
        let (seconds, name) = self.duration(table, key)?;
        if seconds < SHORTEST_RECENCY_S {
            let sentence = format!("{key} in {} must be at least {SHORTEST_RECENCY_S}s.", table.title);
            self.reader.report("out-of-range", name.span, sentence);
        }
        Some(seconds)
    }

    fn check_purposes(&mut self, key: &str, names: &[Name]) {
        for name in names {
            let Some(purpose) = self.policy.purpose(&name.text) else {
                let hint =
                    did_you_mean(&name.text, self.policy.purposes.iter().map(|purpose| purpose.id.as_str()));
                let sentence = format!("There is no [purpose.{:?}]{hint}.", name.text);
                self.reader.report("unknown-name", name.span.clone(), sentence);
                continue;
            };
            let basis = purpose.basis;
            let sentence = match (key, basis) {
                ("inform", Basis::Consent) => format!(
                    "{} rests on consent, so telling is not enough: put it under offer, or under require.",
                    name.text
                ),
                (
                    "offer" | "require",
                    Basis::Contract | Basis::LegalObligation | Basis::LegitimateInterest,
                ) => format!(
                    "{} rests on {}, so nobody is asked to agree: put it under inform.",
                    name.text,
                    basis.as_str()
                ),
                _ => continue,
            };
            self.reader.report("wrong-basis", name.span.clone(), sentence);
        }
    }
}
