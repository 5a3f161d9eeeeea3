//! `[purpose.ID]`: what data are used for.

use super::Draft;
use crate::hash::sha256_hex_of_parts;
use crate::names::{did_you_mean, text_id_parts};
use crate::reader::{Name, Table};
use crate::{Basis, Purpose};

const KEYS: &[&str] = &[
    "title",
    "owner",
    "basis",
    "text",
    "recipient",
    "fields",
    "retain",
    "google",
    "links_identity",
    "requires",
];
const MOST_PURPOSES: usize = 500;
const GOOGLE_TYPES: [&str; 7] = [
    "ad_storage",
    "ad_user_data",
    "ad_personalization",
    "analytics_storage",
    "functionality_storage",
    "personalization_storage",
    "security_storage",
];

impl Draft<'_> {
    pub(super) fn read_purposes(&mut self, root: &Table<'_>) {
        let Some(value) = root.value("purpose") else { return };
        let Some(purposes) = self.reader.open_table("[purpose]".to_owned(), value) else { return };
        let ids: Vec<&str> = purposes.entries.iter().map(|entry| entry.key.text.as_str()).collect();
        for entry in &purposes.entries {
            self.check_name("A purpose", &entry.key);
            let title = format!("[purpose.{:?}]", entry.key.text);
            let Some(table) = self.reader.table(title, entry.value, KEYS) else { continue };
            self.read_purpose(&entry.key, &table, &ids);
        }
        self.check_bases(&purposes);
        // Far more than anybody could read, and it bounds the work of every decision.
        if ids.len() > MOST_PURPOSES {
            let sentence = format!("A policy can have at most {MOST_PURPOSES} purposes.");
            self.reader.report("too-long", purposes.span, sentence);
        }
    }

    /// A purpose can build only on what a person agrees to.
    fn check_bases(&mut self, purposes: &Table<'_>) {
        let told = |id: &String| self.policy.purpose(id).is_some_and(|base| base.basis != Basis::Consent);
        let wrong: Vec<(String, String)> = self
            .policy
            .purposes
            .iter()
            .flat_map(|purpose| {
                purpose.requires.iter().filter(|id| told(id)).map(|base| (purpose.id.clone(), base.clone()))
            })
            .collect();
        for (id, base) in wrong {
            let span = purposes
                .entries
                .iter()
                .find(|entry| entry.key.text == id)
                .map(|entry| entry.key.span.clone());
            let sentence =
                format!("{id} requires {base}, which is told and not agreed to: take it out of requires.");
            self.reader.report("wrong-basis", span.unwrap_or_default(), sentence);
        }
    }

    fn read_purpose(&mut self, id: &Name, table: &Table<'_>, ids: &[&str]) {
        let bases = [Basis::Consent, Basis::Contract, Basis::LegalObligation, Basis::LegitimateInterest];
        if table.value("basis").is_none() {
            self.reader.missing(table, "basis", "\"consent\"");
        }
        let basis = self.reader.word(table, "basis", &bases.map(|basis| (basis.as_str(), basis)));
        let text_id = self.read_text_id(table, &id.text);
        let fields = self.reader.texts(table, "fields");
        for field in &fields {
            self.check_name("A field", field);
            self.needs_words("field", field);
        }
        let requires = self.reader.texts(table, "requires");
        for required in &requires {
            if required.text == id.text || !ids.contains(&required.text.as_str()) {
                let hint =
                    did_you_mean(&required.text, ids.iter().copied().filter(|other| *other != id.text));
                let sentence =
                    format!("{} requires {}, which is no other purpose{hint}.", id.text, required.text);
                self.reader.report("unknown-name", required.span.clone(), sentence);
            }
        }
        let google = self.reader.texts(table, "google");
        for name in &google {
            self.reader.one_of(
                &format!("google in {}", table.title),
                name,
                &GOOGLE_TYPES.map(|word| (word, ())),
            );
        }
        let retain = self.reader.text(table, "retain");
        let retain = retain.and_then(|name| self.calendar_span(&format!("retain in {}", table.title), &name));
        let recipient = self.reader.text(table, "recipient").map(|name| name.text);

        let mut purpose = Purpose {
            id: id.text.clone(),
            title: self.reader.text(table, "title").map(|name| name.text),
            owner: self.reader.text(table, "owner").map(|name| name.text),
            basis: basis.unwrap_or(Basis::Consent),
            text_id,
            recipient,
            fields: texts_of(fields),
            retain,
            google: texts_of(google),
            links_identity: self.reader.boolean(table, "links_identity").unwrap_or(false),
            requires: texts_of(requires),
            terms_hash: String::new(),
        };
        purpose.terms_hash = terms_hash(&purpose);
        self.policy.purposes.push(purpose);
    }

    fn read_text_id(&mut self, table: &Table<'_>, purpose: &str) -> String {
        let Some(name) = self.reader.text(table, "text") else {
            if table.value("text").is_none() {
                self.reader.missing(table, "text", &format!("\"{purpose}@1\""));
            }
            return String::new();
        };
        if text_id_parts(&name.text).is_some() {
            self.needs_words("text", &name);
        } else {
            let sentence = format!(
                "{:?} does not name a text: write a name, @ and the revision, such as {purpose}@1.",
                name.text
            );
            self.reader.report("bad-name", name.span, sentence);
            return String::new();
        }
        name.text
    }
}

/// Over all that a person relies on besides the text itself.
fn terms_hash(purpose: &Purpose) -> String {
    let mut fields: Vec<&str> = purpose.fields.iter().map(String::as_str).collect();
    fields.sort_unstable();
    let links = if purpose.links_identity { "links" } else { "" };
    let fixed = [purpose.basis.as_str(), purpose.recipient.as_deref().unwrap_or(""), links];
    sha256_hex_of_parts(fixed.into_iter().chain(fields))
}

pub(super) fn texts_of(names: Vec<Name>) -> Vec<String> {
    names.into_iter().map(|name| name.text).collect()
}
