//! One visit to a touchpoint: decide, ask, take the answer in, decide again.
//!
//! ```text
//!            ┌──────────────────────── answer taken in ◄──────────┐
//!            ▼                                                    │
//!  facts ─► decide ─► Ask ─► presenter ─► answered, skipped ──────┘
//!              │                  ├────► dismissed ─► Abandoned
//!              │                  └────► interrupted ─► Retry, resumes at the same ask
//!              ├────► Clear ─► Cleared
//!              └────► Stop  ─► Stopped
//! ```

use std::sync::Arc;

use pforte_consent::State;
use pforte_gate::{
    AskStep, Decision, Facts, GateRequirement, Now, PromptUse, Step, StepKind, Visit, WithoutBiometrics,
    decide,
};
use pforte_host::{
    Act, Answer, AskKind, ConsentChoice, FieldValue, GateError, GateReadiness, PresenterError,
};
use pforte_journey::{Outcome, TouchpointEvent};
use pforte_oauth::AuthorizeOptions;
use pforte_session::lock::LockState;
use pforte_session::{ProfileField, SessionError};

use crate::error::wrong_answer;
use crate::{Challenge, Clearance, Client, Entry, Error, consent, facts, profile};

/// More asks than this in one visit mean that answers lead nowhere.
const MOST_ASKS: u32 = 32;

/// What an answer led to.
enum Taken {
    /// The ask is answered or skipped: decide again.
    GoOn(Outcome),
    /// The person gave up.
    GaveUp,
}

pub(crate) struct Drive {
    client: Arc<Client>,
    flow: String,
    touchpoint: String,
    visit: Visit,
    step_n: u32,
}

impl Drive {
    pub fn new(client: Arc<Client>, flow: u64, touchpoint: String) -> Self {
        let flow = format!("{touchpoint}#{flow}");
        Self { client, flow, touchpoint, visit: Visit::default(), step_n: 0 }
    }

    /// The whole visit.
    pub async fn enter(mut self) -> Result<Entry, Error> {
        let began_ms = self.client.host.clock.elapsed_ms();
        for _ in 0..MOST_ASKS {
            let facts = facts::gather(&self.client, &self.visit).await?;
            match decide(&self.client.policy, &self.touchpoint, &facts, self.now()) {
                Decision::Clear(clearance) => {
                    self.observe("leave", Outcome::Done, began_ms, None);
                    let clearance = Clearance { touchpoint: clearance.touchpoint, level: clearance.level };
                    return Ok(Entry::Cleared { clearance });
                }
                Decision::Stop(reason) => {
                    self.observe("leave", Outcome::Error, began_ms, None);
                    return Ok(Entry::Stopped {
                        reason: self.client.policy.stop_text(&reason, &self.client.config.locale),
                    });
                }
                Decision::Ask(step) => {
                    if let Some(entry) = self.ask(step, &facts).await? {
                        return Ok(entry);
                    }
                }
            }
        }
        Err(wrong_answer("The same question came back too often; check what the app's presenter answers."))
    }

    /// A server's step-up challenge: one ask, one sign-in.
    pub async fn answer(mut self, challenge: Challenge) -> Result<Entry, Error> {
        let level = self.level_of(&challenge);
        let step = Step::StepUp { level: level.clone(), max_auth_age_s: challenge.max_age_seconds };
        let facts = facts::gather(&self.client, &self.visit).await?;
        if self.client.session.view().lock == LockState::Locked {
            let unlock = AskStep { touchpoint: self.touchpoint.clone(), step: Step::Unlock };
            if let Some(entry) = self.ask(unlock, &facts).await? {
                return Ok(entry);
            }
        }
        let step = AskStep { touchpoint: self.touchpoint.clone(), step };
        let options = AuthorizeOptions {
            acr_values: challenge.acr_values,
            max_age_seconds: challenge.max_age_seconds,
            ..AuthorizeOptions::default()
        };
        Ok(self.ask_and(step, &facts, Some(options)).await?.unwrap_or(Entry::Cleared {
            clearance: Clearance { touchpoint: self.touchpoint.clone(), level },
        }))
    }

    /// A plain sign-in, without a touchpoint.
    pub async fn sign_in(mut self, route: Option<String>) -> Result<Entry, Error> {
        let began_ms = self.client.host.clock.elapsed_ms();
        self.observe(StepKind::SignIn.as_str(), Outcome::Shown, began_ms, route.clone());
        if let Err(error) = self.client.session.sign_in(AuthorizeOptions::default()).await {
            let outcome = outcome_of(&error);
            self.observe(StepKind::SignIn.as_str(), outcome, began_ms, route);
            return match error {
                SessionError::Cancelled { .. } => {
                    Ok(Entry::Abandoned { at: StepKind::SignIn.as_str().to_owned() })
                }
                error => Err(error.into()),
            };
        }
        self.observe(StepKind::SignIn.as_str(), Outcome::Done, began_ms, route);
        self.settle().await?;
        if self.client.session.view().lock == LockState::Fresh {
            let facts = facts::gather(&self.client, &self.visit).await?;
            let step = AskStep { touchpoint: self.touchpoint.clone(), step: Step::EnrolBiometrics };
            if let Some(entry) = self.ask(step, &facts).await? {
                return Ok(entry);
            }
        }
        let level = facts::level(&self.client, &self.client.session.view()).to_owned();
        Ok(Entry::Cleared { clearance: Clearance { touchpoint: self.touchpoint.clone(), level } })
    }

    async fn ask(&mut self, step: AskStep, facts: &Facts) -> Result<Option<Entry>, Error> {
        self.ask_and(step, facts, None).await
    }

    /// Shows one ask and takes the answer in. An entry comes back where the visit ends with it.
    async fn ask_and(
        &mut self,
        step: AskStep,
        facts: &Facts,
        options: Option<AuthorizeOptions>,
    ) -> Result<Option<Entry>, Error> {
        let kind = step.kind();
        let began_ms = self.client.host.clock.elapsed_ms();
        let ask = self.client.policy.ask(&step, &self.client.config.locale, facts);
        self.observe(kind.as_str(), Outcome::Shown, began_ms, None);
        let answer = match self.client.host.presenter.present(ask.clone()).await {
            Ok(answer) => answer,
            Err(error) => {
                let outcome =
                    if error == PresenterError::Interrupted { Outcome::Interrupted } else { Outcome::Error };
                self.observe(kind.as_str(), outcome, began_ms, None);
                return Err(error.into());
            }
        };
        let route = match &answer {
            Answer::Proceed { route } => route.clone(),
            _ => None,
        };
        let taken = self.take(&step, &ask.kind, answer, options).await;
        match taken {
            Ok(Taken::GoOn(outcome)) => {
                self.visit.answered.insert(kind, self.client.host.clock.elapsed_ms());
                self.observe(kind.as_str(), outcome, began_ms, route);
                self.step_n += 1;
                Ok(None)
            }
            Ok(Taken::GaveUp) => {
                self.observe(kind.as_str(), Outcome::Aborted, began_ms, route);
                Ok(Some(Entry::Abandoned { at: kind.as_str().to_owned() }))
            }
            Err(error) => {
                self.observe(kind.as_str(), Outcome::Error, began_ms, route);
                Err(error)
            }
        }
    }

    async fn take(
        &mut self,
        step: &AskStep,
        shown: &AskKind,
        answer: Answer,
        options: Option<AuthorizeOptions>,
    ) -> Result<Taken, Error> {
        match (&step.step, answer) {
            (_, Answer::Dismissed) => Ok(Taken::GaveUp),
            (Step::EnrolBiometrics, Answer::Skipped) => self.decline_gate().await,
            (_, Answer::Skipped) => {
                self.visit.skipped.insert(step.kind());
                if let Step::Consent { required, offered } = &step.step {
                    self.visit.consent_asked.extend(required.iter().chain(offered).cloned());
                }
                Ok(Taken::GoOn(Outcome::Skipped))
            }
            (Step::Inform { .. }, Answer::Acknowledged { act }) => self.inform(shown, act).await,
            (Step::Unlock, Answer::Proceed { .. }) => self.unlock().await,
            (
                Step::SignIn { level, max_auth_age_s, .. } | Step::StepUp { level, max_auth_age_s },
                Answer::Proceed { .. },
            ) => {
                let asked = AuthorizeOptions {
                    acr_values: self.client.policy.acr_values(&self.client.config.provider.name, level),
                    max_age_seconds: *max_auth_age_s,
                    ..AuthorizeOptions::default()
                };
                self.authenticate(options.unwrap_or(asked)).await
            }
            (Step::Profile { fields }, Answer::Profile { values }) => self.profile(fields, values).await,
            (Step::Consent { required, offered }, Answer::Consent { choices, act }) => {
                self.visit.consent_asked.extend(required.iter().chain(offered).cloned());
                self.consent(shown, choices, act).await
            }
            (Step::EnrolBiometrics, Answer::Proceed { .. }) => self.enrol().await,
            (_, _) => Err(wrong_answer(&format!(
                "The presenter gave an answer that does not fit the ask `{}`; see the documentation of AskKind.",
                step.kind()
            ))),
        }
    }

    async fn inform(&mut self, shown: &AskKind, act: Act) -> Result<Taken, Error> {
        let AskKind::Inform { notices } = shown else { return Err(wrong_answer("not a notice")) };
        let statements = notices
            .iter()
            .map(|notice| {
                let text = consent::shown_text(&self.client, &notice.text_id, &notice.text_hash)?;
                consent::statement(&self.client, &notice.purpose, State::Informed, Some(text), &act)
            })
            .collect::<Result<Vec<_>, Error>>()?;
        self.client.session.record(statements).await?;
        Ok(Taken::GoOn(Outcome::Done))
    }

    async fn consent(
        &mut self,
        shown: &AskKind,
        choices: Vec<ConsentChoice>,
        act: Act,
    ) -> Result<Taken, Error> {
        let AskKind::Consent { questions } = shown else { return Err(wrong_answer("not a consent ask")) };
        let mut statements = Vec::new();
        for question in questions {
            let choice = choices.iter().find(|choice| choice.purpose == question.purpose);
            let state = match choice {
                Some(choice) if choice.granted => State::Granted,
                Some(_) => State::Denied,
                None => State::Asked,
            };
            let text = consent::shown_text(&self.client, &question.text_id, &question.text_hash)?;
            statements.push(consent::statement(&self.client, &question.purpose, state, Some(text), &act)?);
        }
        self.client.session.record(statements).await?;
        Ok(Taken::GoOn(Outcome::Done))
    }

    async fn unlock(&mut self) -> Result<Taken, Error> {
        let prompt = self.client.policy.prompt(PromptUse::Unlock, &self.client.config.locale);
        match self.client.session.unlock(prompt).await {
            Ok(()) => Ok(Taken::GoOn(Outcome::Done)),
            Err(SessionError::Gate(GateError::Cancelled)) => Ok(Taken::GaveUp),
            // The next decision sees that nobody is signed in any more, and asks for that.
            Err(SessionError::KeyLost) => Ok(Taken::GoOn(Outcome::Error)),
            Err(error) => Err(error.into()),
        }
    }

    async fn authenticate(&mut self, options: AuthorizeOptions) -> Result<Taken, Error> {
        let options = AuthorizeOptions { touchpoint: Some(self.touchpoint.clone()), ..options };
        match self.client.session.sign_in(options).await {
            Ok(()) => {
                self.settle().await?;
                Ok(Taken::GoOn(Outcome::Done))
            }
            Err(SessionError::Cancelled { .. }) => Ok(Taken::GaveUp),
            Err(error) => Err(error.into()),
        }
    }

    async fn profile(&mut self, asked: &[String], values: Vec<FieldValue>) -> Result<Taken, Error> {
        let fields: Vec<ProfileField> = values
            .into_iter()
            .filter(|value| asked.contains(&value.name))
            .filter_map(|value| profile::accept(&self.client.policy, value))
            .collect();
        if !fields.is_empty() {
            self.client.session.save_profile(fields).await?;
        }
        Ok(Taken::GoOn(Outcome::Done))
    }

    async fn enrol(&mut self) -> Result<Taken, Error> {
        let prompt = self.client.policy.prompt(PromptUse::Enrol, &self.client.config.locale);
        match self.client.session.seal_behind_gate(prompt).await {
            Ok(()) => Ok(Taken::GoOn(Outcome::Done)),
            Err(SessionError::Gate(GateError::Cancelled)) => self.decline_gate().await,
            Err(error) => Err(error.into()),
        }
    }

    /// Without finger or face the session is kept on the device alone, where the policy leaves that to the person.
    async fn decline_gate(&mut self) -> Result<Taken, Error> {
        self.visit.skipped.insert(StepKind::EnrolBiometrics);
        match self.client.policy.lock().gate {
            GateRequirement::Optional => {
                self.client.session.seal_on_device().await?;
                Ok(Taken::GoOn(Outcome::Skipped))
            }
            GateRequirement::Required => {
                self.client.session.sign_out().await?;
                Ok(Taken::GaveUp)
            }
        }
    }

    /// After a sign-in: where nobody will be asked about finger or face, the session is kept by the policy's rule.
    async fn settle(&mut self) -> Result<(), Error> {
        if self.client.session.view().lock != LockState::Fresh || facts::gate_is_offered(&self.client).await {
            return Ok(());
        }
        let ready = facts::readiness(&self.client).await == GateReadiness::Ready;
        match self.client.policy.biometrics().without {
            WithoutBiometrics::SignInEachTime if !ready => Ok(()),
            _ => Ok(self.client.session.seal_on_device().await?),
        }
    }

    fn level_of(&self, challenge: &Challenge) -> String {
        let provider = &self.client.config.provider.name;
        let acr = challenge.acr_values.first().map(String::as_str);
        match acr {
            Some(acr) => self.client.policy.level_of_acr(provider, Some(acr)).to_owned(),
            None => facts::level(&self.client, &self.client.session.view()).to_owned(),
        }
    }

    fn now(&self) -> Now {
        let now = Now::from(self.client.now());
        let provider_ms = self.client.session.provider_now_ms();
        Now { provider_s: provider_ms.map_or(now.provider_s, |ms| ms.div_euclid(1000)), ..now }
    }

    fn observe(&self, step: &str, outcome: Outcome, began_ms: u64, route: Option<String>) {
        self.client.observe(TouchpointEvent {
            flow: self.flow.clone(),
            step: step.to_owned(),
            step_n: self.step_n,
            outcome,
            ms: self.client.host.clock.elapsed_ms().saturating_sub(began_ms),
            route,
            policy_hash: self.client.policy.hash().to_owned(),
        });
    }
}

fn outcome_of(error: &SessionError) -> Outcome {
    match error {
        SessionError::Cancelled { .. } => Outcome::Aborted,
        _ => Outcome::Error,
    }
}
