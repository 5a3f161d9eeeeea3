//! Scripted answers.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use pforte_host::{
    Act, Answer, Ask, AskKind, ConsentChoice, FieldKind, FieldValue, Presenter, PresenterError,
};

use crate::{PortLog, ask_summary};

type Script = Arc<Mutex<dyn FnMut(&Ask) -> Result<Answer, PresenterError> + Send>>;

/// A presenter for tests: every ask is answered by a script, and remembered. Clones are the same presenter.
#[derive(Clone)]
pub struct ScriptedAsks {
    script: Arc<Mutex<Script>>,
    asked: Arc<Mutex<Vec<Ask>>>,
    log: PortLog,
}

impl ScriptedAsks {
    /// Answers as [`ScriptedAsks::agreeable`] does.
    pub fn new(log: PortLog) -> Self {
        let script: Script = Arc::new(Mutex::new(|ask: &Ask| Ok(Self::agreeable(ask))));
        Self { script: Arc::new(Mutex::new(script)), asked: Arc::default(), log }
    }

    /// From now on `script` answers. It may itself hand over to another script, for the asks that follow.
    pub fn answer_with(&self, script: impl FnMut(&Ask) -> Result<Answer, PresenterError> + Send + 'static) {
        *self.script.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(Mutex::new(script));
    }

    /// From now on the asks are answered one after the other; what is asked beyond that fails.
    pub fn answer_in_turn(&self, answers: impl IntoIterator<Item = Result<Answer, PresenterError>>) {
        let mut answers = answers.into_iter().collect::<VecDeque<_>>();
        self.answer_with(move |ask| {
            answers.pop_front().unwrap_or_else(|| {
                let reason = format!("the script has no answer to: {}", ask_summary(&ask.kind));
                Err(PresenterError::Failed { reason })
            })
        });
    }

    /// Everything that was asked, as the person would have seen it.
    pub fn asked(&self) -> Vec<Ask> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// A person who does whatever is asked: reads, signs in by the first route, gives made-up details, is old enough,
    /// and agrees to everything by a genuine act.
    pub fn agreeable(ask: &Ask) -> Answer {
        let act = Act { surface: "sheet".to_owned(), control: "accept".to_owned(), genuine: true };
        match &ask.kind {
            AskKind::Inform { .. } => Answer::Acknowledged { act },
            AskKind::SignIn { routes } => {
                Answer::Proceed { route: routes.first().map(|route| route.id.clone()) }
            }
            AskKind::Unlock { .. } | AskKind::StepUp { .. } | AskKind::EnrolBiometrics => {
                Answer::Proceed { route: None }
            }
            AskKind::EnrolPasskey => Answer::Skipped,
            AskKind::Profile { fields } => Answer::Profile {
                values: fields
                    .iter()
                    .map(|field| FieldValue {
                        name: field.name.clone(),
                        value: match field.kind {
                            FieldKind::Text => "Alice",
                            FieldKind::Email => "alice@example.com",
                            FieldKind::OverAge => "over",
                            FieldKind::Country => "DE",
                        }
                        .to_owned(),
                    })
                    .collect(),
            },
            AskKind::Consent { questions } => Answer::Consent {
                choices: questions
                    .iter()
                    .map(|question| ConsentChoice { purpose: question.purpose.clone(), granted: true })
                    .collect(),
                act,
            },
        }
    }
}

#[async_trait]
impl Presenter for ScriptedAsks {
    async fn present(&self, ask: Ask) -> Result<Answer, PresenterError> {
        self.log.note("presenter.present", &ask_summary(&ask.kind));
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).push(ask.clone());
        let script = self.script.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let mut script = script.lock().unwrap_or_else(PoisonError::into_inner);
        script(&ask)
    }

    fn withdraw_ask(&self) -> Result<(), PresenterError> {
        self.log.note("presenter.withdraw_ask", "");
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use pforte_host::{ConsentQuestion, FieldQuestion, Route};

    use super::*;

    fn ask(kind: AskKind) -> Ask {
        let [touchpoint, locale, title, text] = ["review.write", "en", "Title", "Text"].map(str::to_owned);
        Ask { touchpoint, locale, title, text, kind }
    }

    fn consent(purposes: &[&str]) -> AskKind {
        let question = |purpose: &&str| ConsentQuestion {
            purpose: (*purpose).to_owned(),
            title: String::new(),
            text: String::new(),
            text_id: String::new(),
            text_hash: String::new(),
            recipient: None,
            fields: Vec::new(),
            required_because: None,
        };
        AskKind::Consent { questions: purposes.iter().map(question).collect() }
    }

    #[tokio::test]
    async fn asks_are_answered_in_turn_and_remembered() {
        let log = PortLog::default();
        let asks = ScriptedAsks::new(log.clone());
        asks.answer_in_turn([Ok(Answer::Dismissed), Err(PresenterError::Interrupted)]);
        let asked = ask(consent(&["profile.store", "crm.link"]));
        assert_eq!(asks.present(asked.clone()).await, Ok(Answer::Dismissed));
        assert_eq!(asks.present(ask(AskKind::EnrolPasskey)).await, Err(PresenterError::Interrupted));
        let beyond = asks.present(ask(AskKind::EnrolBiometrics)).await;
        let reason = "the script has no answer to: enrol-biometrics".to_owned();
        assert_eq!(beyond, Err(PresenterError::Failed { reason }));
        asks.withdraw_ask().unwrap();
        assert_eq!((asks.asked().len(), asks.asked().first()), (3, Some(&asked)));
        assert_eq!(
            log.lines(),
            [
                "presenter.present(consent profile.store crm.link)",
                "presenter.present(enrol-passkey)",
                "presenter.present(enrol-biometrics)",
                "presenter.withdraw_ask()",
            ]
        );
    }

    #[tokio::test]
    async fn a_script_may_hand_over_to_the_next() {
        let asks = ScriptedAsks::new(PortLog::default());
        let next = asks.clone();
        asks.answer_with(move |_| {
            next.answer_with(|_| Ok(Answer::Skipped));
            Ok(Answer::Dismissed)
        });
        assert_eq!(asks.present(ask(AskKind::EnrolBiometrics)).await, Ok(Answer::Dismissed));
        assert_eq!(asks.present(ask(AskKind::EnrolBiometrics)).await, Ok(Answer::Skipped));
    }

    #[test]
    fn the_agreeable_person_answers_every_kind_of_ask() {
        let routes = vec![Route { id: "page".to_owned(), label: String::new() }];
        let name = |name: &str, kind| FieldQuestion { name: name.to_owned(), label: String::new(), kind };
        let fields = vec![name("display_name", FieldKind::Text), name("age", FieldKind::OverAge)];
        let answer = |kind| ScriptedAsks::agreeable(&ask(kind));
        assert_eq!(answer(AskKind::SignIn { routes }), Answer::Proceed { route: Some("page".to_owned()) });
        assert_eq!(answer(AskKind::Unlock { login_hint: None }), Answer::Proceed { route: None });
        assert!(matches!(
            answer(AskKind::Inform { notices: Vec::new() }),
            Answer::Acknowledged { act } if act.genuine
        ));
        assert!(matches!(
            answer(consent(&["a", "b"])),
            Answer::Consent { choices, act }
                if act.genuine && choices.len() == 2 && choices.iter().all(|choice| choice.granted)
        ));
        match answer(AskKind::Profile { fields }) {
            Answer::Profile { values } => {
                let values: Vec<_> = values.iter().map(|value| (&*value.name, &*value.value)).collect();
                assert_eq!(values, [("display_name", "Alice"), ("age", "over")]);
            }
            other => panic!("{other:?}"),
        }
    }
}
