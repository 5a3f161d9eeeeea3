//! The tables that stand once: levels, providers, routes, biometrics, lock, age, fields, ask.

use pforte_host::FieldKind;

use super::Draft;
use crate::names::did_you_mean;
use crate::policy::AcrTable;
use crate::reader::{Name, Table};
use crate::span::parse_duration;
use crate::{
    BiometricsOffer, CalendarSpan, Field, FieldSource, GateRequirement, Policy, StepKind, WithoutBiometrics,
};

const VERSION_HINT: &str = "3 (a number that rises with each change)";
const LONGEST_GRACE_S: u64 = 300;
/// Nobody reads a page in less.
const SHORTEST_IDLE_S: u64 = 10;
const SHORTEST_OPEN_S: u64 = 60;

impl Draft<'_> {
    pub(super) fn read_version_and_locale(&mut self, root: &Table<'_>) {
        match root.value("version") {
            None => self.reader.missing(root, "version", VERSION_HINT),
            Some(_) => {
                self.policy.version = self.reader.number(root, "version").map_or(0, |(version, _)| version)
            }
        }
        match root.value("locale") {
            None => {
                self.reader.missing(root, "locale", "\"en\" (the language used where nobody's own is there)")
            }
            Some(_) => {
                if let Some(locale) = self.reader.text(root, "locale") {
                    self.policy.default_locale = locale.text;
                }
            }
        }
    }

    pub(super) fn read_levels(&mut self, root: &Table<'_>) {
        let Some(value) = root.value("levels") else {
            return self.reader.missing(root, "[levels]", "{ anonymous = 0, known = 1 }");
        };
        let Some(table) = self.reader.open_table("[levels]".to_owned(), value) else { return };
        let mut ranked: Vec<(u64, String)> = Vec::new();
        for entry in &table.entries {
            self.check_name("A level", &entry.key);
            self.needs_words("level", &entry.key);
            let what = format!("level {}", entry.key.text);
            let Some(rank) = self.reader.number_value(&what, entry.value) else { continue };
            if let Some((_, twin)) = ranked.iter().find(|(other, _)| *other == rank) {
                let sentence = format!("The levels {twin} and {} have the same rank {rank}.", entry.key.text);
                self.reader.report("same-rank", entry.key.span.clone(), sentence);
            }
            ranked.push((rank, entry.key.text.clone()));
        }
        if ranked.is_empty() {
            self.reader.report("missing-key", table.span, "[levels] names no level.".to_owned());
        }
        ranked.sort();
        self.policy.levels = ranked.into_iter().map(|(_, level)| level).collect();
    }

    pub(super) fn read_providers(&mut self, root: &Table<'_>) {
        let Some(value) = root.value("provider") else { return };
        let Some(providers) = self.reader.open_table("[provider]".to_owned(), value) else { return };
        for entry in &providers.entries {
            self.check_name("A provider", &entry.key);
            let title = format!("[provider.{}]", entry.key.text);
            let Some(table) = self.reader.table(title.clone(), entry.value, &["otherwise", "acr"]) else {
                continue;
            };
            let Some(otherwise) = self.reader.text(&table, "otherwise") else {
                if table.value("otherwise").is_none() {
                    let example = "\"known\" (the level of a sign-in whose acr is not listed)";
                    self.reader.missing(&table, "otherwise", example);
                }
                continue;
            };
            self.check_level(&otherwise);
            let mut levels = Vec::new();
            if let Some(value) = table.value("acr")
                && let Some(acr) = self.reader.open_table(format!("[provider.{}.acr]", entry.key.text), value)
            {
                for pair in &acr.entries {
                    if let Some(level) =
                        self.reader.text_value(&format!("the level of {}", pair.key.text), pair.value)
                    {
                        self.check_level(&level);
                        levels.push((pair.key.text.clone(), level.text));
                    }
                }
            }
            let provider = entry.key.text.clone();
            self.policy.providers.push(AcrTable { provider, otherwise: otherwise.text, levels });
        }
    }

    pub(super) fn read_routes(&mut self, root: &Table<'_>) {
        let Some(value) = root.value("routes") else {
            return self.reader.missing(root, "[routes]", "{ order = [\"passkey\", \"page\"] }");
        };
        let Some(table) = self.reader.table("[routes]".to_owned(), value, &["order"]) else { return };
        let order = self.reader.texts(&table, "order");
        if order.is_empty() {
            self.reader.report(
                "missing-key",
                table.span,
                "[routes] needs an order with at least one route.".to_owned(),
            );
        }
        for route in &order {
            let social = route.text.strip_prefix("social:").is_some_and(crate::names::is_name);
            if !social && !["passkey", "code:email", "code:sms", "page"].contains(&route.text.as_str()) {
                let words = ["passkey", "social:google", "social:apple", "code:email", "code:sms", "page"];
                let hint = did_you_mean(&route.text, words);
                let sentence = format!(
                    "There is no sign-in route {}{hint}; routes are passkey, social:NAME, code:email, code:sms and page.",
                    route.text
                );
                self.reader.report("unknown-word", route.span.clone(), sentence);
            }
            self.needs_words("route", route);
        }
        self.policy.routes = order.into_iter().map(|route| route.text).collect();
    }

    pub(super) fn read_biometrics(&mut self, root: &Table<'_>) {
        let Some(value) = root.value("biometrics") else { return };
        let Some(table) = self.reader.table("[biometrics]".to_owned(), value, &["offer", "without"]) else {
            return;
        };
        let offers = [
            ("never", BiometricsOffer::Never),
            ("after-first-sign-in", BiometricsOffer::AfterFirstSignIn),
            ("where-asked", BiometricsOffer::WhereAsked),
        ];
        if let Some(offer) = self.reader.word(&table, "offer", &offers) {
            self.policy.biometrics.offer = offer;
        }
        let without = [
            ("device-only", WithoutBiometrics::DeviceOnly),
            ("sign-in-each-time", WithoutBiometrics::SignInEachTime),
        ];
        if let Some(without) = self.reader.word(&table, "without", &without) {
            self.policy.biometrics.without = without;
        }
    }

    pub(super) fn read_lock(&mut self, root: &Table<'_>) {
        let Some(value) = root.value("lock") else { return };
        let keys = ["on_background", "grace", "idle", "open_at_most", "gate"];
        let Some(table) = self.reader.table("[lock]".to_owned(), value, &keys) else { return };
        if let Some(on_background) = self.reader.boolean(&table, "on_background") {
            self.policy.lock.on_background = on_background;
        }
        if let Some((grace_s, name)) = self.duration(&table, "grace") {
            self.policy.lock.grace_s = grace_s;
            if grace_s > LONGEST_GRACE_S {
                self.reader.report("too-long", name.span, "grace in [lock] can be at most 5m.".to_owned());
            }
        }
        self.policy.lock.idle_s = self.at_least(&table, "idle", SHORTEST_IDLE_S);
        self.policy.lock.open_at_most_s = self.at_least(&table, "open_at_most", SHORTEST_OPEN_S);
        let gates = [("optional", GateRequirement::Optional), ("required", GateRequirement::Required)];
        if let Some(gate) = self.reader.word(&table, "gate", &gates) {
            self.policy.lock.gate = gate;
        }
    }

    /// A duration of [lock] that may be left out, and not be shorter than `shortest` seconds.
    fn at_least(&mut self, table: &Table<'_>, key: &str, shortest: u64) -> Option<u64> {
        let (seconds, name) = self.duration(table, key)?;
        if seconds < shortest {
            let sentence = format!(
                "{key} in {} must be at least {shortest}s, so that people are not locked out while they read; leave it out \
                 for no limit.",
                table.title
            );
            self.reader.report("too-short", name.span, sentence);
        }
        Some(seconds)
    }

    pub(super) fn read_age(&mut self, root: &Table<'_>) {
        let Some(value) = root.value("age") else { return };
        let Some(table) = self.reader.table("[age]".to_owned(), value, &["consent_from"]) else { return };
        let Some((age, span)) = self.reader.number(&table, "consent_from") else {
            if table.value("consent_from").is_none() {
                self.reader.missing(&table, "consent_from", "16");
            }
            return;
        };
        match u8::try_from(age) {
            Ok(age @ 1..=120) => self.policy.consent_from_age = Some(age),
            _ => self.reader.report(
                "out-of-range",
                span,
                "consent_from must be an age from 1 to 120.".to_owned(),
            ),
        }
    }

    pub(super) fn read_fields(&mut self, root: &Table<'_>) {
        let Some(value) = root.value("field") else { return };
        let Some(fields) = self.reader.open_table("[field]".to_owned(), value) else { return };
        let kinds = [
            ("text", FieldKind::Text),
            ("email", FieldKind::Email),
            ("over-age", FieldKind::OverAge),
            ("country", FieldKind::Country),
        ];
        let sources = [("person", FieldSource::Person), ("provider", FieldSource::Provider)];
        for entry in &fields.entries {
            self.check_name("A field", &entry.key);
            self.needs_words("field", &entry.key);
            let title = format!("[field.{}]", entry.key.text);
            let Some(table) = self.reader.table(title, entry.value, &["kind", "from"]) else { continue };
            if table.value("kind").is_none() {
                self.reader.missing(&table, "kind", "\"text\"");
            }
            let kind = self.reader.word(&table, "kind", &kinds).unwrap_or(FieldKind::Text);
            let source = self.reader.word(&table, "from", &sources).unwrap_or(FieldSource::Person);
            if kind == FieldKind::OverAge {
                self.check_age_field(&entry.key, source);
            }
            self.policy.fields.push(Field { name: entry.key.text.clone(), kind, source });
        }
    }

    fn check_age_field(&mut self, name: &Name, source: FieldSource) {
        let sentence = if self.policy.consent_from_age.is_none() {
            format!("The field {} asks for an age, and no [age] consent_from says which.", name.text)
        } else if source == FieldSource::Provider {
            format!("The field {} asks for an age; only the person can say it, so leave out from.", name.text)
        } else if self.policy.fields.iter().any(|field| field.kind == FieldKind::OverAge) {
            format!("The field {} asks for the age a second time.", name.text)
        } else {
            return;
        };
        self.reader.report("age-field", name.span.clone(), sentence);
    }

    pub(super) fn read_erasure(&mut self, root: &Table<'_>) {
        let Some(value) = root.value("erasure") else { return };
        let Some(table) = self.reader.table("[erasure]".to_owned(), value, &["retain_proof"]) else { return };
        if let Some(span) = self.reader.text(&table, "retain_proof") {
            self.policy.retain_proof = self.calendar_span("retain_proof in [erasure]", &span);
        }
    }

    pub(super) fn read_ask(&mut self, root: &Table<'_>) {
        let Some(value) = root.value("ask") else { return };
        let keys = ["order", "cooldown", "most_per_visit"];
        let Some(table) = self.reader.table("[ask]".to_owned(), value, &keys) else { return };
        if let Some((most, span)) = self.reader.number(&table, "most_per_visit") {
            self.policy.most_per_visit = Some(most);
            if most == 0 {
                let sentence = "most_per_visit in [ask] must be at least 1; leave it out for no limit.";
                self.reader.report("out-of-range", span, sentence.to_owned());
            }
        }
        if let Some(cooldown) = self.reader.text(&table, "cooldown") {
            self.policy.cooldown = self.calendar_span("cooldown in [ask]", &cooldown);
        }
        if table.value("order").is_none() {
            return;
        }
        let words = StepKind::ALL.map(|kind| (kind.as_str(), kind));
        let names = self.reader.texts(&table, "order");
        let mut order: Vec<StepKind> =
            names.iter().filter_map(|name| self.reader.one_of("order in [ask]", name, &words)).collect();
        for kind in StepKind::ALL {
            if order.contains(&kind) {
                continue;
            }
            match kind {
                // Who has just signed in is asked how to keep the session; a passkey comes after all that is needed.
                StepKind::EnrolBiometrics => {
                    let after =
                        order.iter().position(|kind| *kind == StepKind::SignIn).map_or(0, |at| at + 1);
                    order.insert(after, kind);
                }
                StepKind::EnrolPasskey => order.push(kind),
                _ => {
                    let sentence =
                        format!("order in [ask] must name every kind of ask, and {kind} is missing.");
                    self.reader.report("missing-key", table.span.clone(), sentence);
                }
            }
        }
        self.policy.ask_order = order;
    }

    /// Reports a level that the policy does not have.
    pub(super) fn check_level(&mut self, level: &Name) {
        if self.policy.level_rank(&level.text).is_none() {
            let hint = did_you_mean(&level.text, self.policy.levels.iter().map(String::as_str));
            let sentence = format!("[levels] has no level {}{hint}.", level.text);
            self.reader.report("unknown-name", level.span.clone(), sentence);
        }
    }

    /// A duration under `key`, in seconds.
    pub(super) fn duration(&mut self, table: &Table<'_>, key: &str) -> Option<(u64, Name)> {
        let name = self.reader.text(table, key)?;
        if let Some(seconds) = parse_duration(&name.text) {
            return Some((seconds, name));
        }
        let sentence = format!(
            "{key} in {} can't be {:?}: write a number and s, m, h or d, such as 30s or 5m (five minutes).",
            table.title, name.text
        );
        self.reader.report("bad-duration", name.span, sentence);
        None
    }

    /// Reads a calendar span.
    pub(super) fn calendar_span(&mut self, what: &str, name: &Name) -> Option<CalendarSpan> {
        let span = CalendarSpan::parse(&name.text);
        if span.is_none() {
            let sentence = format!(
                "{what} can't be {:?}: write a number and d, w, m or y, such as 13m (thirteen months).",
                name.text
            );
            self.reader.report("bad-duration", name.span.clone(), sentence);
        }
        span
    }
}

impl Policy {
    /// Whether the field asks for the age.
    pub(crate) fn is_age(&self, field: &str) -> bool {
        self.field(field).is_some_and(|field| field.kind == FieldKind::OverAge)
    }
}
