//! What a person reads, in each language.

use std::collections::BTreeMap;

use crate::hash::sha256_hex;

/// One text about a purpose, in one language.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text {
    /// A short headline.
    pub title: String,
    /// The text as it is to be shown.
    pub body: String,
    /// SHA-256 over `title`, a line feed and `body`, in lower-case hex.
    pub hash: String,
}

impl Text {
    pub(crate) fn new(title: String, body: String) -> Self {
        let hash = sha256_hex(format!("{title}\n{body}").as_bytes());
        Self { title, body, hash }
    }
}

/// All texts of one language.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Texts {
    /// By `id@revision`.
    pub entries: BTreeMap<String, Text>,
    /// By section, such as `ask.profile`, and key.
    pub words: BTreeMap<String, BTreeMap<String, String>>,
}

impl Texts {
    /// The word under `key` in `section`.
    pub fn word(&self, section: &str, key: &str) -> Option<&str> {
        self.words.get(section)?.get(key).map(String::as_str)
    }
}

/// Puts values in place of `{name}`.
pub(crate) fn fill(sentence: &str, values: &[(&str, &str)]) -> String {
    let mut rest = sentence;
    let mut filled = String::with_capacity(sentence.len());
    while let Some((before, after)) = rest.split_once('{') {
        filled.push_str(before);
        let Some((name, tail)) = after.split_once('}') else {
            filled.push('{');
            rest = after;
            continue;
        };
        match values.iter().find(|(known, _)| *known == name) {
            Some((_, value)) => filled.push_str(value),
            None => filled.extend(["{", name, "}"]),
        }
        rest = tail;
    }
    filled.push_str(rest);
    filled
}

/// The names in curly brackets.
pub(crate) fn placeholders(sentence: &str) -> impl Iterator<Item = &str> {
    sentence.split('{').skip(1).filter_map(|part| part.split_once('}').map(|(name, _)| name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_filled_once_and_values_are_not_read_again() {
        let values = [("level", "{age}"), ("age", "16")];
        assert_eq!(fill("{level}, {age}, {other}, {", &values), "{age}, 16, {other}, {");
    }

    #[test]
    fn placeholders_are_found() {
        assert_eq!(placeholders("a {b} c {d} {e").collect::<Vec<_>>(), ["b", "d"]);
    }

    #[test]
    fn the_hash_covers_title_and_body() {
        let text = Text::new("Title".to_owned(), "Body".to_owned());
        assert_eq!(text.hash, sha256_hex(b"Title\nBody"));
        assert_ne!(text.hash, Text::new("Title".to_owned(), "Body.".to_owned()).hash);
    }
}
