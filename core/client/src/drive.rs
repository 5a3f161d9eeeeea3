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
//!
//! One turn is [`Drive::next`] and [`Drive::answer`]; [`Drive::present`] takes turns with the host's presenter until
//! the visit ends, and an app that draws its own screens takes them itself ([`crate::Client::next`]).

use std::sync::Arc;

use pforte_consent::State;
use pforte_gate::{
    AskStep, Clearance as Cleared, Decision, Facts, GateRequirement, Now, PromptUse, Step, StepKind, Visit,
    WithoutBiometrics, decide,
};
use pforte_host::{
    Act, Answer, Ask, AskKind, ConsentChoice, FieldValue, GateError, GateReadiness, PresenterError,
};
use pforte_journey::{Outcome, TouchpointEvent};
use pforte_oauth::AuthorizeOptions;
use pforte_session::lock::LockState;
use pforte_session::{ProfileField, SessionError};

use crate::drives::Interruption;
use crate::error::wrong_answer;
use crate::{Challenge, Clearance, Client, Entry, Error, Turn, consent, facts, profile};

/// More asks than this in one visit mean that answers lead nowhere.
const MOST_ASKS: u32 = 32;

/// What an answer led to.
enum Taken {
    /// The ask is answered or skipped: decide again.
    GoOn(Outcome),
    /// The person gave up.
    GaveUp,
}

/// What a drive is for.
pub(crate) enum Aim {
    /// A touchpoint of the policy.
    Touchpoint(String),
    /// A server's step-up challenge: one ask, one sign-in.
    Challenge {
        /// What the server wants.
        challenge: Challenge,
        /// Whether the person has signed in for it.
        answered: bool,
    },
    /// A plain sign-in, without a touchpoint: what is left to settle after it.
    SignIn,
}

/// How far a visit has come; it outlives an interruption.
#[derive(Clone)]
pub(crate) struct Progress {
    flow: String,
    visit: Visit,
    step_n: u32,
}

impl Progress {
    /// A visit that begins.
    pub fn new(flow: String) -> Self {
        Self { flow, visit: Visit::default(), step_n: 0 }
    }
}

/// The ask that is open.
struct OpenAsk {
    step: AskStep,
    ask: Ask,
    began_ms: u64,
}

pub(crate) struct Drive {
    client: Arc<Client>,
    name: String,
    aim: Aim,
    progress: Progress,
    began_ms: u64,
    open: Option<OpenAsk>,
}

impl Drive {
    pub fn new(client: Arc<Client>, name: String, aim: Aim, progress: Progress) -> Self {
        let began_ms = client.host.clock.elapsed_ms();
        Self { client, name, aim, progress, began_ms, open: None }
    }

    /// Takes turns with the host's presenter until the visit ends or is interrupted.
    pub async fn present(mut self, mut interruption: Interruption) -> (Progress, Result<Entry, Error>) {
        let client = self.client.clone();
        let result = loop {
            let screen = tokio::select! {
                biased;
                () = interruption.come() => break Err(PresenterError::Interrupted.into()),
                screen = client.drives.screen.acquire() => screen,
            };
            let entry = match self.next().await {
                Ok(Turn::Ended { entry }) => Ok(Some(entry)),
                Ok(Turn::Asked { ask }) => match self.shown(ask, &mut interruption).await {
                    Ok(answer) => self.answer(answer, &mut interruption).await,
                    Err(error) => Err(error),
                },
                Err(error) => Err(error),
            };
            drop(screen);
            match entry {
                Ok(Some(entry)) => break Ok(entry),
                Ok(None) => {}
                Err(error) => break Err(error),
            }
        };
        (self.progress, result)
    }

    /// A plain sign-in by the policy's first route or `route`, and then what is left to settle.
    pub async fn sign_in(
        mut self,
        route: Option<String>,
        interruption: Interruption,
    ) -> (Progress, Result<Entry, Error>) {
        let kind = StepKind::SignIn.as_str();
        let began_ms = self.client.host.clock.elapsed_ms();
        self.observe(kind, Outcome::Shown, began_ms, route.clone());
        if let Err(error) = self.client.session.sign_in(self.by_route(route.as_deref())).await {
            self.observe(kind, outcome_of(&error), began_ms, route);
            let result = match error {
                SessionError::Cancelled { .. } => Ok(Entry::Abandoned { at: kind.to_owned() }),
                error => Err(error.into()),
            };
            return (self.progress, result);
        }
        self.observe(kind, Outcome::Done, began_ms, route);
        match self.settle().await {
            Ok(()) => self.present(interruption).await,
            Err(error) => (self.progress, Err(error)),
        }
    }

    /// Goes on after a sign-in whose redirect came back to a new process.
    pub async fn go_on_after_sign_in(
        mut self,
        stepped_up: bool,
        interruption: Interruption,
    ) -> (Progress, Result<Entry, Error>) {
        let answered = [Some(StepKind::SignIn), stepped_up.then_some(StepKind::StepUp)];
        let now_ms = self.client.host.clock.elapsed_ms();
        self.progress.visit.answered.extend(answered.into_iter().flatten().map(|kind| (kind, now_ms)));
        self.progress.step_n += 1;
        match self.settle().await {
            Ok(()) => self.present(interruption).await,
            Err(error) => (self.progress, Err(error)),
        }
    }

    /// The next turn: an ask, or the end. Called again before the answer, it gives the same ask.
    pub async fn next(&mut self) -> Result<Turn, Error> {
        let facts = facts::gather(&self.client, &self.progress.visit).await?;
        let ended = match self.decide(&facts) {
            Decision::Ask(_) if self.progress.step_n >= MOST_ASKS => {
                return Err(wrong_answer(
                    "The same question came back too often; check what the app's presenter answers.",
                ));
            }
            Decision::Ask(step) => return Ok(Turn::Asked { ask: self.open(step, &facts) }),
            Decision::Clear(Cleared { touchpoint, level }) => {
                self.leave(Outcome::Done);
                Entry::Cleared { clearance: Clearance { touchpoint, level } }
            }
            Decision::Stop(reason) => {
                self.leave(Outcome::Error);
                let reason = self.client.policy.stop_text(&reason, &self.client.config.locale);
                Entry::Stopped { reason }
            }
        };
        self.open = None;
        Ok(Turn::Ended { entry: ended })
    }

    /// One turn of an app that draws its own screens.
    pub async fn turn(&mut self, answered: Option<(Ask, Answer)>) -> Result<Turn, Error> {
        let Some((ask, answer)) = answered else { return self.next().await };
        if !self.is_open(&ask) {
            // After the end of the process the same ask comes from the same facts.
            let turn = self.next().await?;
            if turn != (Turn::Asked { ask }) {
                return Err(Error::Retry {
                    after_seconds: 0,
                    hint: "That ask is no longer open. Call next, and show what it gives.".to_owned(),
                });
            }
        }
        match self.answer(answer, &mut Interruption::never()).await? {
            Some(entry) => Ok(Turn::Ended { entry }),
            None => self.next().await,
        }
    }

    /// Whether `ask` is the one that is open.
    fn is_open(&self, ask: &Ask) -> bool {
        self.open.as_ref().is_some_and(|open| open.ask == *ask)
    }

    /// Takes the answer to the open ask in. An entry comes back where the visit ends with it.
    pub async fn answer(
        &mut self,
        answer: Answer,
        interruption: &mut Interruption,
    ) -> Result<Option<Entry>, Error> {
        let Some(OpenAsk { step, ask, began_ms }) = self.open.take() else {
            return Err(wrong_answer("No ask is open; call next first."));
        };
        let kind = step.kind();
        let route = match &answer {
            Answer::Proceed { route } => route.clone(),
            _ => None,
        };
        match self.take(&step, &ask.kind, answer, interruption).await {
            Ok(Taken::GoOn(outcome)) => {
                self.progress.visit.answered.insert(kind, self.client.host.clock.elapsed_ms());
                self.observe(kind.as_str(), outcome, began_ms, route);
                self.progress.step_n += 1;
                Ok(None)
            }
            Ok(Taken::GaveUp) => {
                self.observe(kind.as_str(), Outcome::Aborted, began_ms, route);
                Ok(Some(Entry::Abandoned { at: kind.as_str().to_owned() }))
            }
            Err(error) => {
                let outcome = if interruption.has_come() { Outcome::Interrupted } else { Outcome::Error };
                self.observe(kind.as_str(), outcome, began_ms, route);
                Err(error)
            }
        }
    }

    fn decide(&self, facts: &Facts) -> Decision {
        let view = self.client.session.view();
        let step = match &self.aim {
            Aim::Touchpoint(touchpoint) => {
                return decide(&self.client.policy, touchpoint, facts, self.now());
            }
            Aim::Challenge { answered: false, .. } if facts.session.is_sealed() => Some(Step::Unlock),
            Aim::Challenge { challenge, answered: false } => Some(Step::StepUp {
                level: self.level_of(challenge),
                max_auth_age_s: challenge.max_age_seconds,
            }),
            Aim::SignIn if view.lock == LockState::Fresh => Some(Step::EnrolBiometrics),
            Aim::Challenge { .. } | Aim::SignIn => None,
        };
        match step {
            Some(step) => Decision::Ask(AskStep { touchpoint: self.name.clone(), step }),
            None => Decision::Clear(Cleared {
                touchpoint: self.name.clone(),
                level: match &self.aim {
                    Aim::Challenge { challenge, .. } => self.level_of(challenge),
                    _ => facts::level(&self.client, &view).to_owned(),
                },
            }),
        }
    }

    fn open(&mut self, step: AskStep, facts: &Facts) -> Ask {
        let ask = self.client.policy.ask(&step, &self.client.config.locale, facts);
        if !self.is_open(&ask) {
            let began_ms = self.client.host.clock.elapsed_ms();
            self.observe(step.kind().as_str(), Outcome::Shown, began_ms, None);
            self.open = Some(OpenAsk { step, ask: ask.clone(), began_ms });
        }
        ask
    }

    /// Shows the ask by the host's presenter; it leaves the screen when nobody waits any more.
    async fn shown(&mut self, ask: Ask, interruption: &mut Interruption) -> Result<Answer, Error> {
        let presenter = self.client.host.presenter.clone();
        let answer = tokio::select! {
            biased;
            () = interruption.come() => {
                // The ask is gone for us whatever the presenter says to this.
                drop(tokio::task::spawn_blocking(move || presenter.withdraw_ask()).await);
                Err(PresenterError::Interrupted)
            }
            answer = self.client.host.presenter.present(ask) => answer,
        };
        answer.map_err(|error| {
            if let Some(open) = self.open.take() {
                let interrupted = error == PresenterError::Interrupted;
                let outcome = if interrupted { Outcome::Interrupted } else { Outcome::Error };
                self.observe(open.step.kind().as_str(), outcome, open.began_ms, None);
            }
            error.into()
        })
    }

    async fn take(
        &mut self,
        step: &AskStep,
        shown: &AskKind,
        answer: Answer,
        interruption: &mut Interruption,
    ) -> Result<Taken, Error> {
        match (&step.step, answer) {
            (_, Answer::Dismissed) => Ok(Taken::GaveUp),
            (Step::EnrolBiometrics, Answer::Skipped) => self.decline_gate().await,
            (_, Answer::Skipped) => {
                self.progress.visit.skipped.insert(step.kind());
                if let Step::Consent { required, offered } = &step.step {
                    self.progress.visit.consent_asked.extend(required.iter().chain(offered).cloned());
                }
                Ok(Taken::GoOn(Outcome::Skipped))
            }
            (Step::Inform { .. }, Answer::Acknowledged { act }) => self.inform(shown, act).await,
            (Step::Unlock, Answer::Proceed { .. }) => self.unlock(interruption).await,
            (
                Step::SignIn { level, max_auth_age_s, .. } | Step::StepUp { level, max_auth_age_s },
                Answer::Proceed { route },
            ) => {
                let asked = AuthorizeOptions {
                    acr_values: self.client.policy.acr_values(&self.client.config.provider.name, level),
                    max_age_seconds: *max_auth_age_s,
                    ..self.by_route(route.as_deref())
                };
                self.authenticate(self.challenged(asked)).await
            }
            (Step::Profile { fields }, Answer::Profile { values }) => self.profile(fields, values).await,
            (Step::Consent { required, offered }, Answer::Consent { choices, act }) => {
                self.progress.visit.consent_asked.extend(required.iter().chain(offered).cloned());
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

    async fn unlock(&mut self, interruption: &mut Interruption) -> Result<Taken, Error> {
        let prompt = self.client.policy.prompt(PromptUse::Unlock, &self.client.config.locale);
        let unlocking = self.client.session.unlock(prompt);
        tokio::pin!(unlocking);
        let unlocked = tokio::select! {
            biased;
            unlocked = &mut unlocking => unlocked,
            () = interruption.come() => {
                let gate_key = self.client.host.gate_key.clone();
                drop(tokio::task::spawn_blocking(move || gate_key.dismiss_prompt()).await);
                unlocking.await
            }
        };
        match unlocked {
            Ok(()) => Ok(Taken::GoOn(Outcome::Done)),
            Err(SessionError::Gate(GateError::Cancelled)) if interruption.has_come() => {
                Err(PresenterError::Interrupted.into())
            }
            Err(SessionError::Gate(GateError::Cancelled)) => Ok(Taken::GaveUp),
            // The next decision sees that nobody is signed in any more, and asks for that.
            Err(SessionError::KeyLost) => Ok(Taken::GoOn(Outcome::Error)),
            Err(error) => Err(error.into()),
        }
    }

    async fn authenticate(&mut self, options: AuthorizeOptions) -> Result<Taken, Error> {
        let options = AuthorizeOptions { touchpoint: Some(self.name.clone()), ..options };
        match self.client.session.sign_in(options).await {
            Ok(()) => {
                if let Aim::Challenge { answered, .. } = &mut self.aim {
                    *answered = true;
                }
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
        self.progress.visit.skipped.insert(StepKind::EnrolBiometrics);
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
            WithoutBiometrics::DeviceOnly if !ready => Ok(self.client.session.seal_until_enrolled().await?),
            _ => Ok(self.client.session.seal_on_device().await?),
        }
    }

    /// A server that challenges names what it wants itself.
    fn challenged(&self, asked: AuthorizeOptions) -> AuthorizeOptions {
        match &self.aim {
            Aim::Challenge { challenge, .. } => AuthorizeOptions {
                acr_values: challenge.acr_values.clone(),
                max_age_seconds: challenge.max_age_seconds,
                ..asked
            },
            _ => asked,
        }
    }

    /// What a route means to the provider: `social:google` goes to that provider's page at once.
    fn by_route(&self, route: Option<&str>) -> AuthorizeOptions {
        AuthorizeOptions {
            identity_provider: route.and_then(|route| self.client.config.provider.connection(route)),
            ..AuthorizeOptions::default()
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

    /// Only a touchpoint's visit has an event of its own for its end.
    fn leave(&self, outcome: Outcome) {
        if matches!(self.aim, Aim::Touchpoint(_)) {
            self.observe("leave", outcome, self.began_ms, None);
        }
    }

    fn observe(&self, step: &str, outcome: Outcome, began_ms: u64, route: Option<String>) {
        self.client.observe(TouchpointEvent {
            flow: self.progress.flow.clone(),
            step: step.to_owned(),
            step_n: self.progress.step_n,
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
