//! Texts: is each there in each language, used, and translated?

use super::Lint;
use crate::names::text_id_parts;

impl Lint<'_> {
    pub(super) fn wording(&mut self) {
        if self.policy.texts.len() == 1 {
            let sentence = format!("There is only one language, {}.", self.policy.default_locale);
            self.policy_finding("single-language", &["locale"], sentence);
        }
        self.unused_texts();
        self.untranslated_texts();
        self.recipients();
    }

    fn unused_texts(&mut self) {
        let policy = self.policy;
        for (locale, texts) in &policy.texts {
            for text_id in texts.entries.keys() {
                let Some((id, revision)) = text_id_parts(text_id) else { continue };
                let current = policy
                    .purposes()
                    .iter()
                    .filter_map(|purpose| text_id_parts(&purpose.text_id))
                    .filter(|(name, _)| *name == id)
                    .map(|(_, revision)| revision)
                    .max();
                // Earlier revisions stay, so that people can read what they once agreed to.
                let sentence = match current {
                    None => format!("No purpose uses the text {text_id}."),
                    Some(current) if revision > current => {
                        format!("policy.toml still uses {id}@{current}, and {text_id} is newer.")
                    }
                    Some(_) => continue,
                };
                self.text_finding("unused-text", locale, &[text_id], sentence);
            }
        }
    }

    fn untranslated_texts(&mut self) {
        let policy = self.policy;
        let Some(default) = policy.texts.get(&policy.default_locale) else { return };
        let language = |locale: &str| locale.split('-').next().map(str::to_lowercase);
        for (locale, texts) in &policy.texts {
            if language(locale) == language(&policy.default_locale) {
                continue;
            }
            for (text_id, text) in &texts.entries {
                if default.entries.get(text_id).is_some_and(|original| original.body == text.body) {
                    let sentence =
                        format!("{text_id} says the same as in {}: is it translated?", policy.default_locale);
                    self.text_finding("untranslated", locale, &[text_id], sentence);
                }
            }
        }
    }

    fn recipients(&mut self) {
        let policy = self.policy;
        for purpose in policy.purposes() {
            let Some(recipient) = &purpose.recipient else { continue };
            for (locale, texts) in &policy.texts {
                if texts.word("recipient", recipient).is_none() {
                    let sentence = format!("{recipient:?} has no words in this language under [recipient].");
                    self.text_finding("recipient-without-words", locale, &["recipient"], sentence);
                }
            }
        }
    }
}
