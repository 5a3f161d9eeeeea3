//! Scripted answers.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use pforte_host::{
    Act, Answer, Ask, AskKind, ConsentChoice, FieldKind, FieldValue, Presenter, PresenterError,
};

use crate::{PortLog, ask_summary};

type Script = Box<dyn FnMut(&Ask) -> Result<Answer, PresenterError> + Send>;

/// A presenter for tests: every ask is answered by a script.
#[derive(Clone)]
pub struct ScriptedAsks {
    script: Arc<Mutex<Script>>,
    log: PortLog,
}

impl ScriptedAsks {
    /// Answers as [`ScriptedAsks::agreeable`] does.
    pub fn new(log: PortLog) -> Self {
        Self { script: Arc::new(Mutex::new(Box::new(|ask| Ok(Self::agreeable(ask))))), log }
    }

    /// From now on `script` answers.
    pub fn answer_with(&self, script: impl FnMut(&Ask) -> Result<Answer, PresenterError> + Send + 'static) {
        *self.script.lock().unwrap_or_else(PoisonError::into_inner) = Box::new(script);
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
        let mut script = self.script.lock().unwrap_or_else(PoisonError::into_inner);
        script(&ask)
    }

    fn withdraw_ask(&self) -> Result<(), PresenterError> {
        self.log.note("presenter.withdraw_ask", "");
        Ok(())
    }
}
