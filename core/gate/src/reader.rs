//! Reads TOML with positions, and collects every mistake instead of stopping at the first.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::Finding;
use crate::names::did_you_mean;

/// The longest file that is read, in bytes.
const LONGEST_FILE: usize = 1 << 20;

/// One file under reading, with what was found so far.
pub(crate) struct Reader<'i> {
    pub file: String,
    text: &'i str,
    pub findings: Vec<Finding>,
}

/// A string with its place in the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Name {
    pub text: String,
    pub span: Range<usize>,
}

/// A table whose keys are known to be allowed, in the file's order.
pub(crate) struct Table<'t> {
    /// As a person would say it: `[purpose.analytics]`.
    pub title: String,
    pub span: Range<usize>,
    pub entries: Vec<Entry<'t>>,
}

/// One key and its value.
pub(crate) struct Entry<'t> {
    pub key: Name,
    pub value: &'t Spanned<DeValue<'t>>,
}

impl<'t> Table<'t> {
    /// A whole file.
    pub fn of_document(table: &'t Spanned<DeTable<'t>>) -> Self {
        entries("the file".to_owned(), table.span(), table.get_ref())
    }

    pub fn value(&self, key: &str) -> Option<&'t Spanned<DeValue<'t>>> {
        self.entries.iter().find(|entry| entry.key.text == key).map(|entry| entry.value)
    }
}

/// Reads a whole file as TOML; nothing where it is not.
pub(crate) fn document<'i>(file: &str, text: &'i str) -> (Reader<'i>, Option<Spanned<DeTable<'i>>>) {
    let mut reader = Reader { file: file.to_owned(), text, findings: Vec::new() };
    if text.len() > LONGEST_FILE {
        reader.report("too-long", 0..0, format!("{file} is longer than {LONGEST_FILE} bytes."));
        return (reader, None);
    }
    let (table, errors) = DeTable::parse_recoverable(text);
    for error in &errors {
        let reason = error.message().lines().collect::<Vec<_>>().join(", ");
        reader.report(
            "toml",
            error.span().unwrap_or(0..0),
            format!("This is not valid TOML ({reason}). A text stands in quotes, a list in square brackets."),
        );
    }
    let table = reader.findings.is_empty().then_some(table);
    (reader, table)
}

impl<'i> Reader<'i> {
    /// Notes a mistake.
    pub fn report(&mut self, rule: &'static str, span: Range<usize>, sentence: String) {
        let (line, column) = position(self.text, span.start);
        self.findings.push(Finding { file: self.file.clone(), line, column, rule, sentence });
    }

    /// The line of a place, from 1.
    pub fn line(&self, span: &Range<usize>) -> usize {
        position(self.text, span.start).0
    }

    /// The file's own table; reports keys that are not allowed.
    pub fn root<'t>(&mut self, table: &'t Spanned<DeTable<'t>>, allowed: &[&str]) -> Table<'t> {
        let table = Table::of_document(table);
        self.check_keys(&table, allowed);
        table
    }

    /// A table with known keys; reports others.
    pub fn table<'t>(
        &mut self,
        title: String,
        value: &'t Spanned<DeValue<'t>>,
        allowed: &[&str],
    ) -> Option<Table<'t>> {
        let table = self.open_table(title, value)?;
        self.check_keys(&table, allowed);
        Some(table)
    }

    /// A table whose keys are names that its author chose.
    pub fn open_table<'t>(&mut self, title: String, value: &'t Spanned<DeValue<'t>>) -> Option<Table<'t>> {
        match value.get_ref() {
            DeValue::Table(table) => Some(entries(title, value.span(), table)),
            other => {
                let found = kind(other);
                self.report("wrong-type", value.span(), format!("{title} must be a table, not {found}."));
                None
            }
        }
    }

    fn check_keys(&mut self, table: &Table<'_>, allowed: &[&str]) {
        for Entry { key, .. } in &table.entries {
            if !allowed.contains(&key.text.as_str()) {
                let hint = did_you_mean(&key.text, allowed.iter().copied());
                let sentence = format!("{} has no setting {}{hint}.", capital(&table.title), key.text);
                self.report("unknown-key", key.span.clone(), sentence);
            }
        }
    }

    /// Reports that a key is missing in `table`.
    pub fn missing(&mut self, table: &Table<'_>, key: &str, example: &str) {
        let sentence = format!("{} needs {key}, such as {key} = {example}.", capital(&table.title));
        self.report("missing-key", table.span.clone(), sentence);
    }

    /// The text under `key`, if there is one.
    pub fn text(&mut self, table: &Table<'_>, key: &str) -> Option<Name> {
        let value = table.value(key)?;
        self.text_value(&format!("{key} in {}", table.title), value)
    }

    /// A value that must be a text.
    pub fn text_value(&mut self, what: &str, value: &Spanned<DeValue<'_>>) -> Option<Name> {
        match value.get_ref() {
            DeValue::String(text) => Some(Name { text: text.trim().to_owned(), span: value.span() }),
            other => {
                let sentence = format!("{} must be a text in quotes, not {}.", capital(what), kind(other));
                self.report("wrong-type", value.span(), sentence);
                None
            }
        }
    }

    /// The list of different texts under `key`; empty where there is none.
    pub fn texts(&mut self, table: &Table<'_>, key: &str) -> Vec<Name> {
        let Some(value) = table.value(key) else { return Vec::new() };
        let DeValue::Array(items) = value.get_ref() else {
            let sentence = format!(
                "{key} in {} must be a list, such as {key} = [\"…\"], not {}.",
                table.title,
                kind(value.get_ref())
            );
            self.report("wrong-type", value.span(), sentence);
            return Vec::new();
        };
        let mut names: Vec<Name> = Vec::new();
        for item in items.iter() {
            let Some(name) = self.text_value(&format!("each entry of {key} in {}", table.title), item) else {
                continue;
            };
            if names.iter().any(|earlier| earlier.text == name.text) {
                let sentence = format!("{key} in {} names {} twice.", table.title, name.text);
                self.report("twice", name.span, sentence);
            } else {
                names.push(name);
            }
        }
        names
    }

    /// The boolean under `key`.
    pub fn boolean(&mut self, table: &Table<'_>, key: &str) -> Option<bool> {
        let value = table.value(key)?;
        if let DeValue::Boolean(boolean) = value.get_ref() {
            return Some(*boolean);
        }
        let sentence =
            format!("{key} in {} must be true or false, not {}.", table.title, kind(value.get_ref()));
        self.report("wrong-type", value.span(), sentence);
        None
    }

    /// The whole number under `key`.
    pub fn number(&mut self, table: &Table<'_>, key: &str) -> Option<(u64, Range<usize>)> {
        let value = table.value(key)?;
        self.number_value(&format!("{key} in {}", table.title), value).map(|number| (number, value.span()))
    }

    /// A value that must be a whole number.
    pub fn number_value(&mut self, what: &str, value: &Spanned<DeValue<'_>>) -> Option<u64> {
        if let DeValue::Integer(number) = value.get_ref()
            && let Ok(number) = u64::from_str_radix(number.as_str(), number.radix())
        {
            return Some(number);
        }
        let sentence = format!("{} must be a whole number from 0.", capital(what));
        self.report("wrong-type", value.span(), sentence);
        None
    }

    /// One of a few words under `key`.
    pub fn word<T: Copy>(&mut self, table: &Table<'_>, key: &str, words: &[(&str, T)]) -> Option<T> {
        let name = self.text(table, key)?;
        self.one_of(&format!("{key} in {}", table.title), &name, words)
    }

    /// A text that must be one of a few words.
    pub fn one_of<T: Copy>(&mut self, what: &str, name: &Name, words: &[(&str, T)]) -> Option<T> {
        if let Some((_, meaning)) = words.iter().find(|(word, _)| *word == name.text) {
            return Some(*meaning);
        }
        let hint = did_you_mean(&name.text, words.iter().map(|(word, _)| *word));
        let all = words.iter().map(|(word, _)| *word).collect::<Vec<_>>().join(", ");
        let sentence = format!("{} can't be {:?}{hint}; it is one of {all}.", capital(what), name.text);
        self.report("unknown-word", name.span.clone(), sentence);
        None
    }
}

/// A table's entries in the file's order.
fn entries<'t>(title: String, span: Range<usize>, table: &'t DeTable<'t>) -> Table<'t> {
    let mut entries: Vec<Entry<'t>> = table
        .iter()
        .map(|(key, value)| Entry { key: Name { text: key.get_ref().to_string(), span: key.span() }, value })
        .collect();
    entries.sort_by_key(|entry| entry.key.span.start);
    Table { title, span, entries }
}

/// Line and column, from 1, of a byte offset.
pub(crate) fn position(text: &str, offset: usize) -> (usize, usize) {
    let before = text.get(..offset).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or("").chars().count() + 1;
    (line, column)
}

/// The place of a nested key, such as `["touchpoint", "review.write", "offer"]`, or of the deepest part that is there.
/// A last part that is no key may be an entry of a list.
pub(crate) fn locate(text: &str, path: &[&str]) -> (usize, usize) {
    let (root, _) = DeTable::parse_recoverable(text);
    let mut table = root.get_ref();
    let mut offset = 0;
    let mut parts = path.iter().peekable();
    while let Some(part) = parts.next() {
        let Some((key, value)) = table.iter().find(|(key, _)| key.get_ref() == part) else { break };
        offset = key.span().start;
        match value.get_ref() {
            DeValue::Table(inner) => table = inner,
            DeValue::Array(items) => {
                let wanted = parts
                    .peek()
                    .and_then(|part| items.iter().find(|item| item.get_ref().as_str() == Some(part)));
                offset = wanted.map_or(offset, |item| item.span().start);
                break;
            }
            _ => break,
        }
    }
    position(text, offset)
}

/// The first letter in upper case, for the start of a sentence; a name from the policy stays as it is written there.
fn capital(text: &str) -> String {
    if !["the ", "each ", "level "].iter().any(|start| text.starts_with(start)) {
        return text.to_owned();
    }
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

fn kind(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a text",
        DeValue::Integer(_) | DeValue::Float(_) => "a number",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}
