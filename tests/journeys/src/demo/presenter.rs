//! Shows each ask as text, and answers as the journey's visitor does.

use async_trait::async_trait;
use pforte_host::{Answer, Ask, AskKind, GateError, Presenter, PresenterError, Prompt};
use pforte_journeys::answers;
use pforte_platform::Confirm;

use crate::narrator::Narrator;

/// The visitor in front of the terminal.
#[derive(Debug, Clone, Copy)]
pub struct Visitor {
    pub narrator: Narrator,
    pub step: bool,
}

#[async_trait]
impl Presenter for Visitor {
    async fn present(&self, ask: Ask) -> Result<Answer, PresenterError> {
        self.narrator.asked(&format!("{}: {}", ask.title, ask.text));
        for line in lines(&ask.kind) {
            self.narrator.say(&format!("       {line}"));
        }
        if self.step {
            let visitor = *self;
            let typed =
                tokio::task::spawn_blocking(move || visitor.narrator.wait("Enter to answer, x to close:"))
                    .await
                    .unwrap_or_default();
            if typed == "x" {
                self.narrator.answered("closes the question; nothing is granted or refused by that");
                return Ok(Answer::Dismissed);
            }
        }
        let answer = answers(&ask);
        self.narrator.answered(&told(&answer));
        Ok(answer)
    }

    fn withdraw_ask(&self) -> Result<(), PresenterError> {
        Ok(())
    }
}

impl Confirm for Visitor {
    fn confirm(&self, prompt: &Prompt) -> Result<(), GateError> {
        self.narrator.asked(&format!("{}: {}", prompt.title, prompt.reason));
        self.narrator
            .say("       (a software gate key for development stands in for the fingerprint sensor)");
        if self.step && self.narrator.wait("Enter for the right finger, x to close:") == "x" {
            return Err(GateError::Cancelled);
        }
        self.narrator.answered("the right finger: the key hands out the secret that opens the session");
        Ok(())
    }
}

fn lines(kind: &AskKind) -> Vec<String> {
    match kind {
        AskKind::Inform { notices } => notices.iter().map(|notice| notice.text.clone()).collect(),
        AskKind::SignIn { routes } => routes.iter().map(|route| format!("[{}]", route.label)).collect(),
        AskKind::Profile { fields } => fields.iter().map(|field| format!("{}: ____", field.label)).collect(),
        AskKind::Consent { questions } => questions
            .iter()
            .map(|question| {
                let recipient = question.recipient.as_deref().unwrap_or("nobody else");
                format!("[ ] {}: {} (goes to: {recipient})", question.title, question.text)
            })
            .collect(),
        AskKind::Unlock { .. }
        | AskKind::StepUp { .. }
        | AskKind::EnrolBiometrics
        | AskKind::EnrolPasskey => Vec::new(),
    }
}

fn told(answer: &Answer) -> String {
    match answer {
        Answer::Acknowledged { .. } => "has read it and goes on".to_owned(),
        Answer::Proceed { .. } => "yes, go on".to_owned(),
        Answer::Profile { values } => format!("fills in {} fields", values.len()),
        Answer::Consent { choices, .. } => {
            let granted = choices.iter().filter(|choice| choice.granted).count();
            format!("agrees to {granted} of {}; refusing an offer still passes", choices.len())
        }
        Answer::Skipped => "not now".to_owned(),
        Answer::Dismissed => "closes it".to_owned(),
    }
}
