//! `texts/LOCALE.toml`: all that a person reads.

use super::{Draft, Use, text_file};
use crate::names::{did_you_mean, text_id_parts};
use crate::reader::{Entry, Reader, document};
use crate::texts::{Text, Texts, placeholders};
use crate::{Finding, PolicySource, StepKind};

const STOPS: [&str; 8] = [
    "unknown-touchpoint",
    "no-route",
    "declined",
    "consent-refused",
    "under-age",
    "assurance-not-reached",
    "provider-withheld",
    "no-biometrics",
];

/// One table of a texts file: which keys it must and may have, and what may stand in curly brackets.
struct Section {
    name: String,
    /// With the line of `policy.toml` that names it, if one does.
    needed: Vec<(String, Option<usize>)>,
    allowed: Vec<String>,
    placeholders: &'static [&'static str],
}

/// Reads every texts file into the draft's policy and returns what is wrong with them.
pub(super) fn read(draft: &mut Draft<'_>, source: &PolicySource) -> Vec<Finding> {
    let mut findings = Vec::new();
    let sections = sections(draft);
    for (locale, text) in &source.texts {
        let file = text_file(locale);
        let (mut reader, table) = document(&file, text);
        if !is_locale(locale) {
            let sentence = format!("{locale:?} is no language: name the file like en.toml or de-AT.toml.");
            reader.report("bad-name", 0..0, sentence);
        }
        if let Some(table) = table {
            let root = crate::reader::Table::of_document(&table);
            let texts = read_file(&mut reader, &root.entries, &sections, &draft.uses);
            draft.policy.texts.insert(locale.clone(), texts);
        }
        findings.append(&mut reader.findings);
    }
    let default = &draft.policy.default_locale;
    if !default.is_empty() && !source.texts.contains_key(default) {
        let sentence = format!("locale = {default:?} needs the file {}.", text_file(default));
        let (line, column) = crate::reader::locate(&source.policy_toml, &["locale"]);
        findings.push(Finding {
            file: "policy.toml".to_owned(),
            line,
            column,
            rule: "missing-text",
            sentence,
        });
    }
    findings
}

/// All tables a texts file has for this policy.
fn sections(draft: &Draft<'_>) -> Vec<Section> {
    let fixed = |name: &str, keys: &[&str], placeholders| Section {
        name: name.to_owned(),
        needed: keys.iter().map(|key| ((*key).to_owned(), None)).collect(),
        allowed: Vec::new(),
        placeholders,
    };
    let named = |name: &'static str, placeholders| Section {
        name: name.to_owned(),
        needed: draft
            .uses
            .iter()
            .filter(|used| used.section == name)
            .map(|used| (used.key.clone(), Some(used.line)))
            .collect(),
        allowed: Vec::new(),
        placeholders,
    };
    let optional = |name: &str, allowed: Vec<String>| Section {
        name: name.to_owned(),
        needed: Vec::new(),
        allowed,
        placeholders: &[],
    };
    let purposes = &draft.policy.purposes;
    let mut sections = vec![
        named("touchpoint", &[]),
        named("level", &[]),
        named("route", &[]),
        named("field", &["age"]),
        optional("recipient", purposes.iter().filter_map(|purpose| purpose.recipient.clone()).collect()),
        optional("because", purposes.iter().map(|purpose| purpose.id.clone()).collect()),
        fixed("stop", &STOPS, &["touchpoint", "level", "purpose", "fields", "age"]),
        fixed("prompt.unlock", &["title", "reason", "cancel"], &[]),
        fixed("prompt.enrol", &["title", "reason", "cancel"], &[]),
        fixed("revoke", &["consent", "legitimate-interest"], &[]),
    ];
    for kind in StepKind::ALL {
        sections.push(fixed(&format!("ask.{kind}"), &["title", "text"], &["touchpoint", "level", "age"]));
    }
    if let Some(consent) = sections.iter_mut().find(|section| section.name == "ask.consent") {
        consent.needed.push(("required".to_owned(), None));
    }
    sections
}

fn read_file(reader: &mut Reader<'_>, entries: &[Entry<'_>], sections: &[Section], uses: &[Use]) -> Texts {
    let mut texts = Texts::default();
    for Entry { key, value } in entries {
        if key.text.contains('@') {
            if let Some(text) = read_text(reader, key, value) {
                texts.entries.insert(key.text.clone(), text);
            }
        } else if let Some(section) = sections.iter().find(|section| section.name == key.text) {
            read_section(reader, section, value, &mut texts);
        } else if ["ask", "prompt"].contains(&key.text.as_str()) {
            let Some(group) = reader.open_table(format!("[{}]", key.text), value) else { continue };
            for inner in &group.entries {
                let name = format!("{}.{}", key.text, inner.key.text);
                match sections.iter().find(|section| section.name == name) {
                    Some(section) => read_section(reader, section, inner.value, &mut texts),
                    None => unknown_section(reader, inner, &name, sections),
                }
            }
        } else {
            unknown_section(reader, &Entry { key: key.clone(), value }, &key.text, sections);
        }
    }
    for used in uses.iter().filter(|used| used.section == "text") {
        if !texts.entries.contains_key(&used.key) {
            let file = &reader.file;
            let sentence =
                format!("{file} has no text {}, which policy.toml line {} names.", used.key, used.line);
            reader.report("missing-text", 0..0, sentence);
        }
    }
    for section in sections {
        for (key, line) in &section.needed {
            if texts.word(&section.name, key).is_none() {
                let wanted =
                    line.map(|line| format!(", which policy.toml line {line} names")).unwrap_or_default();
                let sentence =
                    format!("{} has no words for {key} in [{}]{wanted}.", reader.file, section.name);
                reader.report("missing-text", 0..0, sentence);
            }
        }
    }
    texts
}

fn read_text(reader: &mut Reader<'_>, key: &crate::reader::Name, value: Value<'_>) -> Option<Text> {
    if text_id_parts(&key.text).is_none() {
        let sentence = format!("{:?} is no name for a text: write it like [\"analytics@2\"].", key.text);
        reader.report("bad-name", key.span.clone(), sentence);
    }
    let table = reader.table(format!("[{:?}]", key.text), value, &["title", "body"])?;
    let mut part = |name: &str| match reader.text(&table, name) {
        Some(text) if text.text.is_empty() => {
            reader.report("empty-text", text.span, format!("{name} in {} is empty.", table.title));
            None
        }
        Some(text) => Some(text.text),
        None => {
            if table.value(name).is_none() {
                reader.missing(&table, name, "\"…\"");
            }
            None
        }
    };
    let (title, body) = (part("title"), part("body"));
    Some(Text::new(title?, body?))
}

fn read_section(reader: &mut Reader<'_>, section: &Section, value: Value<'_>, texts: &mut Texts) {
    let keys: Vec<&str> =
        section.needed.iter().map(|(key, _)| key).chain(&section.allowed).map(String::as_str).collect();
    let Some(table) = reader.open_table(format!("[{}]", section.name), value) else { return };
    let words = texts.words.entry(section.name.clone()).or_default();
    for Entry { key, value } in &table.entries {
        if !keys.contains(&key.text.as_str()) {
            let hint = did_you_mean(&key.text, keys.iter().copied());
            let sentence = format!(
                "[{}] has words for {}, which nothing in policy.toml uses{hint}.",
                section.name, key.text
            );
            reader.report("unknown-key", key.span.clone(), sentence);
            continue;
        }
        let Some(word) = reader.text_value(&format!("{} in [{}]", key.text, section.name), value) else {
            continue;
        };
        if word.text.is_empty() {
            reader.report(
                "empty-text",
                word.span.clone(),
                format!("{} in [{}] is empty.", key.text, section.name),
            );
        }
        for name in placeholders(&word.text) {
            if !section.placeholders.contains(&name) {
                let known = section
                    .placeholders
                    .iter()
                    .map(|name| format!("{{{name}}}"))
                    .collect::<Vec<_>>()
                    .join(", ");
                let known = if known.is_empty() { "nothing".to_owned() } else { known };
                let sentence = format!(
                    "{{{name}}} can't stand in curly brackets here{}; what can: {known}.",
                    did_you_mean(name, section.placeholders.iter().copied())
                );
                reader.report("unknown-placeholder", word.span.clone(), sentence);
            }
        }
        words.insert(key.text.clone(), word.text);
    }
}

fn unknown_section(reader: &mut Reader<'_>, entry: &Entry<'_>, name: &str, sections: &[Section]) {
    let hint = did_you_mean(name, sections.iter().map(|section| section.name.as_str()));
    let sentence = format!(
        "Texts have no table [{name}]{hint}; a text about a purpose is named like [\"analytics@2\"]."
    );
    reader.report("unknown-key", entry.key.span.clone(), sentence);
}

type Value<'t> = &'t toml::Spanned<toml::de::DeValue<'t>>;

/// Whether it looks like a language tag (BCP 47): parts of letters and digits, joined by hyphens.
fn is_locale(text: &str) -> bool {
    let mut parts = text.split('-');
    let language = parts
        .next()
        .is_some_and(|part| (2..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphabetic()));
    language
        && parts.all(|part| (1..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric()))
}
