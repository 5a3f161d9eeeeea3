//! Decisions in the person's language.

use pforte_host::{Ask, AskKind, ConsentQuestion, FieldQuestion, Notice, Prompt, Route};

use crate::texts::{Texts, fill};
use crate::{AskStep, Basis, Facts, Policy, Purpose, Step, StopReason, Text};

/// Which platform prompt is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PromptUse {
    /// To open the locked session.
    Unlock,
    /// To put the session behind finger or face.
    Enrol,
}

impl Policy {
    /// The language that `wanted` leads to: itself, its language without region, any of that language, or the
    /// policy's default.
    pub fn locale(&self, wanted: &str) -> &str {
        let wanted = wanted.replace('_', "-").to_lowercase();
        let language = wanted.split('-').next().unwrap_or_default();
        let find = |fits: &dyn Fn(&str) -> bool| {
            self.texts.keys().map(String::as_str).find(|locale| fits(&locale.to_lowercase()))
        };
        find(&|locale| locale == wanted)
            .or_else(|| find(&|locale| locale == language))
            .or_else(|| find(&|locale| locale.split('-').next() == Some(language)))
            .unwrap_or(&self.default_locale)
    }

    /// The text `id@revision` in that language (see [`Policy::locale`]); earlier revisions are there as long as the
    /// texts keep them.
    pub fn text(&self, text_id: &str, locale: &str) -> Option<&Text> {
        self.texts(locale)?.entries.get(text_id)
    }

    /// SHA-256 of that text, in lower-case hex: goes into the evidence.
    pub fn text_hash(&self, text_id: &str, locale: &str) -> Option<&str> {
        self.text(text_id, locale).map(|text| text.hash.as_str())
    }

    /// The whole question, ready for the presenter.
    ///
    /// Total: names in `step` that the policy does not know are left out.
    pub fn ask(&self, step: &AskStep, locale: &str, facts: &Facts) -> Ask {
        let locale = self.locale(locale);
        let touchpoint = self.words("touchpoint", &step.touchpoint, locale);
        let level = match &step.step {
            Step::SignIn { level, .. } | Step::StepUp { level, .. } => self.words("level", level, locale),
            _ => String::new(),
        };
        let age = self.age_text();
        let values = [("touchpoint", touchpoint.as_str()), ("level", level.as_str()), ("age", age.as_str())];
        let section = format!("ask.{}", step.kind());
        Ask {
            touchpoint: step.touchpoint.clone(),
            locale: locale.to_owned(),
            title: fill(&self.words(&section, "title", locale), &values),
            text: fill(&self.words(&section, "text", locale), &values),
            kind: self.ask_kind(&step.step, locale, facts),
        }
    }

    fn ask_kind(&self, step: &Step, locale: &str, facts: &Facts) -> AskKind {
        match step {
            Step::Inform { purposes } => {
                let notice = |id: &String| self.notice(self.purpose(id)?, locale);
                AskKind::Inform { notices: purposes.iter().filter_map(notice).collect() }
            }
            Step::Unlock => AskKind::Unlock { login_hint: facts.login_hint.clone() },
            Step::SignIn { routes, .. } => {
                let route = |id: &String| Route { id: id.clone(), label: self.words("route", id, locale) };
                AskKind::SignIn { routes: routes.iter().map(route).collect() }
            }
            Step::StepUp { level, max_auth_age_s } => {
                AskKind::StepUp { level: level.clone(), max_auth_age_seconds: *max_auth_age_s }
            }
            Step::Profile { fields } => {
                let field = |name: &String| {
                    self.field(name).map(|field| FieldQuestion {
                        name: name.clone(),
                        label: self.field_label(name, locale),
                        kind: field.kind,
                    })
                };
                AskKind::Profile { fields: fields.iter().filter_map(field).collect() }
            }
            Step::Consent { required, offered } => {
                let required = required.iter().map(|id| (id, true));
                let all = required.chain(offered.iter().map(|id| (id, false)));
                let question = |(id, required): (&String, bool)| {
                    self.consent_question(self.purpose(id)?, required, locale)
                };
                AskKind::Consent { questions: all.filter_map(question).collect() }
            }
            Step::EnrolBiometrics => AskKind::EnrolBiometrics,
            Step::EnrolPasskey => AskKind::EnrolPasskey,
        }
    }

    fn notice(&self, purpose: &Purpose, locale: &str) -> Option<Notice> {
        let text = self.text(&purpose.text_id, locale)?;
        Some(Notice {
            purpose: purpose.id.clone(),
            title: text.title.clone(),
            text: text.body.clone(),
            text_id: purpose.text_id.clone(),
            text_hash: text.hash.clone(),
        })
    }

    fn consent_question(&self, purpose: &Purpose, required: bool, locale: &str) -> Option<ConsentQuestion> {
        let text = self.text(&purpose.text_id, locale)?;
        let because = || {
            let own = self.texts(locale).and_then(|texts| texts.word("because", &purpose.id));
            own.map_or_else(|| self.words("ask.consent", "required", locale), str::to_owned)
        };
        Some(ConsentQuestion {
            purpose: purpose.id.clone(),
            title: text.title.clone(),
            text: text.body.clone(),
            text_id: purpose.text_id.clone(),
            text_hash: text.hash.clone(),
            recipient: self.recipient(&purpose.id, locale),
            fields: self.field_labels(&purpose.id, locale),
            required_because: required.then(because),
        })
    }

    /// Why it stops, in one or two sentences.
    pub fn stop_text(&self, reason: &StopReason, locale: &str) -> String {
        let locale = self.locale(locale);
        let purpose = match reason {
            StopReason::ConsentRefused { purpose } | StopReason::UnderAge { purpose } => {
                let text = self.purpose(purpose).and_then(|purpose| self.text(&purpose.text_id, locale));
                text.map_or_else(|| purpose.clone(), |text| text.title.clone())
            }
            _ => String::new(),
        };
        let level = match reason {
            StopReason::AssuranceNotReached { level } => self.words("level", level, locale),
            _ => String::new(),
        };
        let fields = match reason {
            StopReason::ProviderWithheld { fields } => {
                fields.iter().map(|name| self.field_label(name, locale)).collect::<Vec<_>>().join(", ")
            }
            _ => String::new(),
        };
        let touchpoint = match reason {
            StopReason::UnknownTouchpoint { touchpoint, .. } => touchpoint.as_str(),
            _ => "",
        };
        let age = self.age_text();
        let values = [
            ("purpose", purpose.as_str()),
            ("level", level.as_str()),
            ("fields", fields.as_str()),
            ("touchpoint", touchpoint),
            ("age", age.as_str()),
        ];
        fill(&self.words("stop", reason.as_str(), locale), &values)
    }

    /// What the platform's prompt for finger or face says.
    pub fn prompt(&self, prompt: PromptUse, locale: &str) -> Prompt {
        let section = match prompt {
            PromptUse::Unlock => "prompt.unlock",
            PromptUse::Enrol => "prompt.enrol",
        };
        let word = |key| self.words(section, key, locale);
        Prompt { title: word("title"), reason: word("reason"), cancel: word("cancel") }
    }

    /// A touchpoint's name, as the person reads it.
    pub fn touchpoint_name(&self, touchpoint: &str, locale: &str) -> String {
        self.words("touchpoint", touchpoint, locale)
    }

    /// A level's name, as the person reads it.
    pub fn level_name(&self, level: &str, locale: &str) -> String {
        self.words("level", level, locale)
    }

    /// Who receives a purpose's data, as the person reads it.
    pub fn recipient(&self, purpose: &str, locale: &str) -> Option<String> {
        let recipient = self.purpose(purpose)?.recipient.as_ref()?;
        Some(self.words("recipient", recipient, locale))
    }

    /// Which data a purpose concerns, as the person reads it.
    pub fn field_labels(&self, purpose: &str, locale: &str) -> Vec<String> {
        let fields = self.purpose(purpose).map_or(&[][..], |purpose| &purpose.fields);
        fields.iter().map(|name| self.field_label(name, locale)).collect()
    }

    /// How a purpose can be taken back or objected to; nothing where its basis does not allow it.
    pub fn how_to_revoke(&self, purpose: &str, locale: &str) -> Option<String> {
        let basis = self.purpose(purpose)?.basis;
        match basis {
            Basis::Consent | Basis::LegitimateInterest => Some(self.words("revoke", basis.as_str(), locale)),
            Basis::Contract | Basis::LegalObligation => None,
        }
    }

    /// A field's label, as the person reads it.
    pub fn field_name(&self, name: &str, locale: &str) -> String {
        self.field_label(name, locale)
    }

    pub(crate) fn field_label(&self, name: &str, locale: &str) -> String {
        fill(&self.words("field", name, locale), &[("age", &self.age_text())])
    }

    fn age_text(&self) -> String {
        self.consent_from_age.map(|age| age.to_string()).unwrap_or_default()
    }

    /// A word for `key`; the key itself where it needs none.
    pub(crate) fn words(&self, section: &str, key: &str, locale: &str) -> String {
        self.texts(locale).and_then(|texts| texts.word(section, key)).unwrap_or(key).to_owned()
    }

    fn texts(&self, locale: &str) -> Option<&Texts> {
        self.texts.get(self.locale(locale))
    }
}
