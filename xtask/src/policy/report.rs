//! A walk in one language: what the table, the JSON and the page show.

use pforte_gate::{
    Asked, Basis, Decision, Event, Facts, FieldSource, Policy, Purpose, Stage, Step, StepKind, Touchpoint,
};
use pforte_host::{Ask, AskKind};
use serde_json::{Value, json};

use super::frame::Frame;

pub struct Report {
    pub locale: String,
    pub frame: Frame,
    pub rows: Vec<Row>,
}

/// One event of the walk.
pub struct Row {
    /// `review.write`, or the word for another event.
    pub id: String,
    /// As the person reads it.
    pub name: String,
    /// Nothing for another event than a touchpoint.
    pub level: Option<String>,
    pub asks: Vec<Question>,
    /// What is not asked, because it is known already or not due.
    pub spared: Vec<Spared>,
    pub end: Option<End>,
}

/// One question as it was shown, and what came of it.
pub struct Question {
    pub kind: StepKind,
    pub title: String,
    pub text: String,
    /// Routes and fields, as the person reads them.
    pub labels: Vec<String>,
    pub items: Vec<Item>,
    pub answer: String,
    pub positive: bool,
}

/// A purpose in a question.
pub struct Item {
    pub purpose: String,
    pub title: String,
    pub text: String,
    pub owner: Option<String>,
    pub basis: Basis,
    pub recipient: Option<String>,
    pub fields: Vec<String>,
    pub retain: Option<String>,
    pub because: Option<String>,
    pub revoke: Option<String>,
    /// Nothing where nobody is asked to agree.
    pub agreed: Option<bool>,
}

/// Something that could be asked here and was not.
pub struct Spared {
    pub kind: StepKind,
    pub label: String,
    pub owner: Option<String>,
}

pub enum End {
    Clear,
    Stop(String),
}

impl Report {
    pub fn new(policy: &Policy, stages: &[Stage], locale: &str) -> Self {
        let writer = Writer { policy, locale, frame: Frame::of(locale) };
        let rows = stages.iter().map(|stage| writer.row(stage)).collect();
        Self { locale: locale.to_owned(), frame: writer.frame, rows }
    }

    pub fn json(&self) -> Value {
        let item = |item: &Item| {
            json!({
                "purpose": item.purpose, "title": item.title, "text": item.text, "owner": item.owner,
                "basis": item.basis.as_str(), "recipient": item.recipient, "fields": item.fields,
                "agreed": item.agreed, "required_because": item.because,
            })
        };
        let question = |question: &Question| {
            json!({
                "kind": question.kind.as_str(), "title": question.title, "text": question.text,
                "labels": question.labels, "purposes": question.items.iter().map(item).collect::<Vec<_>>(),
                "answer": question.answer,
            })
        };
        let row = |row: &Row| {
            let end = row.end.as_ref().map(|end| match end {
                End::Clear => json!({ "clear": true }),
                End::Stop(why) => json!({ "clear": false, "reason": why }),
            });
            json!({
                "event": row.id, "name": row.name, "level": row.level,
                "asked": row.asks.iter().map(question).collect::<Vec<_>>(), "end": end,
            })
        };
        json!({ "locale": self.locale, "walk": self.rows.iter().map(row).collect::<Vec<_>>() })
    }
}

struct Writer<'a> {
    policy: &'a Policy,
    locale: &'a str,
    frame: Frame,
}

impl Writer<'_> {
    fn row(&self, stage: &Stage) -> Row {
        let plain = |id: String, name: String| Row {
            id,
            name,
            level: None,
            asks: Vec::new(),
            spared: Vec::new(),
            end: None,
        };
        let say = |english, german| self.frame.say(english, german).to_owned();
        match &stage.event {
            Event::Enter(id) => {
                let touchpoint = self.policy.touchpoint(id);
                let asks: Vec<Question> = stage.asked.iter().map(|asked| self.question(asked)).collect();
                Row {
                    id: id.clone(),
                    name: self.policy.touchpoint_name(id, self.locale),
                    level: touchpoint
                        .map(|touchpoint| self.policy.level_name(&touchpoint.level, self.locale)),
                    spared: touchpoint.map(|touchpoint| self.spared(touchpoint, stage)).unwrap_or_default(),
                    asks,
                    end: stage.end.as_ref().and_then(|end| self.end(end)),
                }
            }
            Event::Wait(seconds) => {
                let passed = self.frame.passed(*seconds);
                plain(format!("+{passed}"), format!("{passed} {}", self.frame.say("pass", "vergehen")))
            }
            Event::Restart => {
                plain("restart".to_owned(), say("The app is started again", "Die App wird neu gestartet"))
            }
            Event::SignOut => plain("sign-out".to_owned(), say("The visitor signs out", "Abmeldung")),
            Event::Withdraw(id) => {
                let text = self
                    .policy
                    .purpose(id)
                    .and_then(|purpose| self.policy.text(&purpose.text_id, self.locale));
                let title = text.map_or(id.as_str(), |text| text.title.as_str());
                plain(
                    format!("withdraw:{id}"),
                    format!("{}: {title}", self.frame.say("Taken back", "Widerrufen")),
                )
            }
        }
    }

    fn end(&self, end: &Decision) -> Option<End> {
        match end {
            Decision::Clear(_) => Some(End::Clear),
            Decision::Stop(reason) => Some(End::Stop(self.policy.stop_text(reason, self.locale))),
            Decision::Ask(_) => None,
        }
    }

    fn question(&self, asked: &Asked) -> Question {
        let Ask { title, text, kind, .. } = self.policy.ask(&asked.step, self.locale, &Facts::default());
        let say = |english, german| self.frame.say(english, german).to_owned();
        let mut items = Vec::new();
        let mut labels = Vec::new();
        match kind {
            AskKind::Inform { notices } => {
                items.extend(notices.into_iter().filter_map(|notice| self.item(&notice.purpose, None, None)));
            }
            AskKind::Consent { questions } => {
                items.extend(questions.into_iter().filter_map(|question| {
                    let agreed = !asked.declined && asked.agreed.contains(&question.purpose);
                    self.item(&question.purpose, Some(agreed), question.required_because)
                }));
            }
            AskKind::SignIn { routes } => labels.extend(routes.into_iter().map(|route| route.label)),
            AskKind::Profile { fields } => labels.extend(fields.into_iter().map(|field| field.label)),
            AskKind::Unlock { .. }
            | AskKind::StepUp { .. }
            | AskKind::EnrolBiometrics
            | AskKind::EnrolPasskey => {}
        }
        let agreed = items.iter().filter(|item| item.agreed == Some(true)).count();
        let answer = if asked.declined {
            say("declined", "abgelehnt")
        } else {
            match asked.step.kind() {
                StepKind::Inform => say("read", "gelesen"),
                StepKind::Unlock => say("unlocked", "entsperrt"),
                StepKind::SignIn => say("signed in", "angemeldet"),
                StepKind::StepUp => say("confirmed", "bestätigt"),
                StepKind::EnrolBiometrics | StepKind::EnrolPasskey => say("set up", "eingerichtet"),
                StepKind::Profile => say("given", "angegeben"),
                StepKind::Consent if agreed == items.len() => say("agreed", "eingewilligt"),
                StepKind::Consent if agreed == 0 => say("refused", "abgelehnt"),
                StepKind::Consent => {
                    format!(
                        "{agreed} {} {} {}",
                        self.frame.say("of", "von"),
                        items.len(),
                        self.frame.say("agreed", "eingewilligt")
                    )
                }
            }
        };
        let positive = !asked.declined && (asked.step.kind() != StepKind::Consent || agreed > 0);
        Question { kind: asked.step.kind(), title, text, labels, items, answer, positive }
    }

    fn item(&self, purpose: &str, agreed: Option<bool>, because: Option<String>) -> Option<Item> {
        let Purpose { id, owner, basis, text_id, retain, .. } = self.policy.purpose(purpose)?;
        let text = self.policy.text(text_id, self.locale)?;
        Some(Item {
            purpose: id.clone(),
            title: text.title.clone(),
            text: text.body.clone(),
            owner: owner.clone(),
            basis: *basis,
            recipient: self.policy.recipient(id, self.locale),
            fields: self.policy.field_labels(id, self.locale),
            retain: retain.map(|span| self.frame.span(span)),
            because,
            revoke: self.policy.how_to_revoke(id, self.locale),
            agreed,
        })
    }

    /// What the touchpoint wants and the visitor was not asked.
    fn spared(&self, touchpoint: &Touchpoint, stage: &Stage) -> Vec<Spared> {
        let steps: Vec<&Step> = stage.asked.iter().map(|asked| &asked.step.step).collect();
        let mut spared = Vec::new();
        let named = |id: &String| steps.iter().any(|step| names(step, id));
        let purposes = [
            (StepKind::Inform, &touchpoint.inform),
            (StepKind::Consent, &touchpoint.require),
            (StepKind::Consent, &touchpoint.offer),
        ];
        for (kind, ids) in purposes {
            for purpose in ids.iter().filter(|id| !named(id)).filter_map(|id| self.policy.purpose(id)) {
                let text = self.policy.text(&purpose.text_id, self.locale);
                let label = text.map_or_else(|| purpose.id.clone(), |text| text.title.clone());
                spared.push(Spared { kind, label, owner: purpose.owner.clone() });
            }
        }
        for name in touchpoint.profile.iter().filter(|name| !named(name)) {
            let from_person =
                self.policy.field(name).is_some_and(|field| field.source == FieldSource::Person);
            if from_person {
                let label = self.policy.field_name(name, self.locale);
                spared.push(Spared { kind: StepKind::Profile, label, owner: None });
            }
        }
        let above_lowest = self.policy.level_rank(&touchpoint.level) > Some(0);
        let wants_fresh =
            touchpoint.max_auth_age_s.is_some() || self.policy.level_rank(&touchpoint.level) > Some(1);
        let account = [
            (StepKind::Unlock, touchpoint.unlock.is_some()),
            (StepKind::SignIn, above_lowest),
            (StepKind::StepUp, wants_fresh),
            (StepKind::EnrolPasskey, touchpoint.offer_passkey),
        ];
        for (kind, wanted) in account {
            if wanted && !steps.iter().any(|step| step.kind() == kind) {
                let label = match kind {
                    StepKind::Unlock => self.frame.say("unlocked", "entsperrt"),
                    StepKind::SignIn => self.frame.say("signed in", "angemeldet"),
                    StepKind::StepUp => self.frame.say("recent enough", "frisch genug"),
                    _ => self.frame.say("has one", "vorhanden"),
                };
                spared.push(Spared { kind, label: label.to_owned(), owner: None });
            }
        }
        spared
    }
}

fn names(step: &Step, id: &String) -> bool {
    match step {
        Step::Inform { purposes } => purposes.contains(id),
        Step::Profile { fields } => fields.contains(id),
        Step::Consent { required, offered } => required.contains(id) || offered.contains(id),
        _ => false,
    }
}
