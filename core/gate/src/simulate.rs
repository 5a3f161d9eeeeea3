//! A made-up visitor, walked through touchpoints: for people who write policies, and for tests.

use std::collections::BTreeSet;

use pforte_host::GateReadiness;

use crate::explain::UnknownTouchpoint;
use crate::span::parse_duration;
use crate::{
    Age, AskStep, ConsentRecord, ConsentState, Decision, Fact, Facts, FieldSource, GateChoice, Now, Policy,
    Session, Shown, Step, StepKind, decide,
};

/// Every touchpoint takes the visitor this long, in seconds.
const SECONDS_AT_A_TOUCHPOINT: u64 = 60;
/// More asks than this at one touchpoint mean that answers lead nowhere; [`decide`] never comes near it.
const MOST_ASKS: usize = 32;
/// When a walk begins.
const START: Now = Now { wall_ms: 1_700_000_000_000, elapsed_ms: 3_600_000, provider_s: 1_700_000_000 };

/// Somebody who answers, with a device and an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Visitor {
    /// What they say about their age, when they are asked.
    pub age: Age,
    /// The purposes they agree to; they refuse the others.
    pub agrees: BTreeSet<String>,
    /// The kinds of ask they decline.
    pub declines: BTreeSet<StepKind>,
    /// The fields that the provider tells at sign-in.
    pub told_by_provider: BTreeSet<String>,
    /// The provider they sign in at, by the policy's name. Without one, a sign-in gives the level that was asked for.
    pub provider: Option<String>,
    /// What lies in the vault or the account, and shows at unlock or sign-in.
    pub account: Facts,
}

impl Visitor {
    /// Agrees to everything, declines nothing, and is old enough. Signs in at the policy's first provider, which tells
    /// every field it can.
    pub fn agreeable(policy: &Policy) -> Self {
        let from_provider = policy.fields().iter().filter(|field| field.source == FieldSource::Provider);
        Self {
            age: Age::Over,
            agrees: policy.purposes().iter().map(|purpose| purpose.id.clone()).collect(),
            declines: BTreeSet::new(),
            told_by_provider: from_provider.map(|field| field.name.clone()).collect(),
            provider: policy.providers.first().map(|table| table.provider.clone()),
            account: Facts::default(),
        }
    }

    /// Refuses every consent, and declines finger or face and a passkey.
    pub fn refusing(policy: &Policy) -> Self {
        Self {
            agrees: BTreeSet::new(),
            declines: [StepKind::EnrolBiometrics, StepKind::EnrolPasskey].into(),
            ..Self::agreeable(policy)
        }
    }

    /// Takes the answer to `step` into the facts, as a client does.
    pub fn answer(&self, policy: &Policy, facts: &mut Facts, step: &AskStep, now: Now) {
        if self.declines.contains(&step.kind()) {
            facts.visit.skipped.insert(step.kind());
            match step.kind() {
                StepKind::EnrolBiometrics => {
                    facts.biometrics.gate = GateChoice::Off;
                    facts.biometrics.offered_wall_ms = Some(now.wall_ms);
                }
                StepKind::EnrolPasskey => facts.passkey.offered_wall_ms = Some(now.wall_ms),
                _ => {}
            }
            return;
        }
        facts.visit.answered.insert(step.kind(), now.elapsed_ms);
        if !facts.session.is_sealed() {
            // Without a locked session nothing is sealed; what says so is absent.
            open_sealed(facts, &Facts::default());
        }
        match &step.step {
            Step::Inform { purposes } => {
                let mut told = facts.notices.known().cloned().unwrap_or_default();
                told.extend(purposes.iter().filter_map(|id| Some((id.clone(), policy.shown(id)?))));
                facts.notices = Fact::Known(told);
            }
            Step::Unlock => self.unlock(facts, now),
            Step::SignIn { level, .. } | Step::StepUp { level, .. } => {
                self.sign_in(facts, self.level_given(policy, level), now);
            }
            Step::Profile { fields } => {
                let mut known = facts.profile.known().cloned().unwrap_or_default();
                for field in fields {
                    if policy.is_age(field) {
                        facts.age = Fact::Known(self.age);
                    } else {
                        known.insert(field.clone());
                    }
                }
                facts.profile = Fact::Known(known);
            }
            Step::Consent { required, offered } => {
                for id in required.iter().chain(offered) {
                    let state =
                        if self.agrees.contains(id) { ConsentState::Granted } else { ConsentState::Denied };
                    facts.set_consent(policy, id, state, now);
                    facts.visit.consent_asked.insert(id.clone());
                }
            }
            Step::EnrolBiometrics => facts.biometrics.gate = GateChoice::On,
            Step::EnrolPasskey => facts.passkey.enrolled = true,
        }
    }

    /// What the provider gives when `wanted` is asked for: the weakest that will do, or what it gives at all.
    fn level_given<'a>(&self, policy: &'a Policy, wanted: &'a str) -> &'a str {
        let Some(provider) = &self.provider else { return wanted };
        let acr_values = policy.acr_values(provider, wanted);
        policy.level_of_acr(provider, acr_values.first().map(String::as_str))
    }

    fn unlock(&self, facts: &mut Facts, now: Now) {
        if facts.session.is_sealed() {
            facts.session = Fact::Known(self.account.session.known().cloned().unwrap_or_default());
        }
        if let Fact::Known(session) = &mut facts.session {
            session.unlocked_elapsed_ms = Some(now.elapsed_ms);
        }
        open_sealed(facts, &self.account);
    }

    fn sign_in(&self, facts: &mut Facts, level: &str, now: Now) {
        facts.session = Fact::Known(Session {
            level: level.to_owned(),
            auth_time_s: Some(now.provider_s),
            unlocked_elapsed_ms: Some(now.elapsed_ms),
        });
        open_sealed(facts, &self.account);
        let mut known = facts.profile.known().cloned().unwrap_or_default();
        known.extend(self.told_by_provider.iter().cloned());
        facts.profile = Fact::Known(known);
    }
}

/// Puts what lies `inside` in the place of what is sealed.
fn open_sealed(facts: &mut Facts, inside: &Facts) {
    fn open<T: Clone>(fact: &mut Fact<T>, inside: &Fact<T>) {
        if fact.is_sealed() {
            *fact = if inside.is_sealed() { Fact::Absent } else { inside.clone() };
        }
    }
    open(&mut facts.profile, &inside.profile);
    open(&mut facts.age, &inside.age);
    open(&mut facts.consents, &inside.consents);
    open(&mut facts.notices, &inside.notices);
}

impl Facts {
    /// A first visit, on a device where every route works and finger or face and passkeys can be set up.
    pub fn first_visit(policy: &Policy) -> Self {
        let mut facts = Self {
            routes: policy.routes().iter().cloned().collect(),
            consents: Fact::Known(Default::default()),
            notices: Fact::Known(Default::default()),
            ..Self::default()
        };
        facts.biometrics.readiness = GateReadiness::Ready;
        facts.passkey.available = true;
        facts
    }

    fn set_consent(&mut self, policy: &Policy, purpose: &str, state: ConsentState, now: Now) {
        let mut consents = self.consents.known().cloned().unwrap_or_default();
        let shown = policy.shown(purpose);
        let record = ConsentRecord { state, shown, asked_wall_ms: Some(now.wall_ms) };
        consents.insert(purpose.to_owned(), record);
        self.consents = Fact::Known(consents);
    }
}

impl Policy {
    /// What somebody is shown who reads a purpose's text today.
    fn shown(&self, purpose: &str) -> Option<Shown> {
        let purpose = self.purpose(purpose)?;
        Some(Shown {
            text_id: purpose.text_id.clone(),
            text_hash: self.text_hash(&purpose.text_id, &self.default_locale).map(str::to_owned),
            terms_hash: Some(purpose.terms_hash.clone()),
        })
    }
}

/// What happens on a walk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// The visitor comes to a touchpoint: `review.write`.
    Enter(String),
    /// Time passes, in seconds: `+10m`.
    Wait(u64),
    /// The app is ended and started again: `restart`.
    Restart,
    /// The visitor signs out: `sign-out`.
    SignOut,
    /// The visitor takes a consent back, or objects: `withdraw:newsletter`.
    Withdraw(String),
}

impl Event {
    /// Reads an event as a person writes it.
    ///
    /// # Errors
    ///
    /// [`UnknownTouchpoint`] where it is neither one of the words above nor a touchpoint or purpose of the policy.
    pub fn read(policy: &Policy, word: &str) -> Result<Self, UnknownTouchpoint> {
        let unknown = || UnknownTouchpoint::new(policy, word);
        if let Some(time) = word.strip_prefix('+') {
            return parse_duration(time).map(Self::Wait).ok_or_else(unknown);
        }
        if let Some(purpose) = word.strip_prefix("withdraw:") {
            let known = policy.purpose(purpose).is_some();
            return if known { Ok(Self::Withdraw(purpose.to_owned())) } else { Err(unknown()) };
        }
        match word {
            "restart" => Ok(Self::Restart),
            "sign-out" => Ok(Self::SignOut),
            _ if policy.touchpoint(word).is_some() => Ok(Self::Enter(word.to_owned())),
            _ => Err(unknown()),
        }
    }
}

/// What happened at one event of a walk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stage {
    /// The event.
    pub event: Event,
    /// What was asked, in order. Only touchpoints ask.
    pub asked: Vec<Asked>,
    /// How it ended: clear or stop. Only touchpoints have an end.
    pub end: Option<Decision>,
}

/// One ask, and what the visitor did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// The ask.
    pub step: AskStep,
    /// Whether it was declined.
    pub declined: bool,
    /// Of the purposes that were asked about, those that were agreed to.
    pub agreed: Vec<String>,
}

/// Walks a visitor from a first visit through `events`, a minute for each touchpoint.
pub fn simulate(policy: &Policy, visitor: &Visitor, events: &[Event]) -> Vec<Stage> {
    let mut walk = Walk { policy, visitor: visitor.clone(), facts: Facts::first_visit(policy), now: START };
    events.iter().map(|event| walk.take(event)).collect()
}

struct Walk<'a> {
    policy: &'a Policy,
    visitor: Visitor,
    facts: Facts,
    now: Now,
}

impl Walk<'_> {
    fn take(&mut self, event: &Event) -> Stage {
        let mut stage = Stage { event: event.clone(), asked: Vec::new(), end: None };
        match event {
            Event::Enter(touchpoint) => {
                self.facts.visit = Default::default();
                while stage.end.is_none() {
                    match decide(self.policy, touchpoint, &self.facts, self.now) {
                        Decision::Ask(step) if stage.asked.len() < MOST_ASKS => {
                            stage.asked.push(self.answer(step))
                        }
                        end => stage.end = Some(end),
                    }
                }
                self.pass(SECONDS_AT_A_TOUCHPOINT);
            }
            Event::Wait(seconds) => self.pass(*seconds),
            Event::Restart => self.restart(),
            Event::SignOut => self.sign_out(),
            Event::Withdraw(purpose) => {
                let objected = self
                    .policy
                    .purpose(purpose)
                    .is_some_and(|purpose| purpose.basis != crate::Basis::Consent);
                let state = if objected { ConsentState::Objected } else { ConsentState::Withdrawn };
                self.facts.set_consent(self.policy, purpose, state, self.now);
            }
        }
        stage
    }

    fn answer(&mut self, step: AskStep) -> Asked {
        self.visitor.answer(self.policy, &mut self.facts, &step, self.now);
        let agreed = match &step.step {
            Step::Consent { required, offered } => required
                .iter()
                .chain(offered)
                .filter(|id| self.visitor.agrees.contains(*id))
                .cloned()
                .collect(),
            _ => Vec::new(),
        };
        Asked { declined: self.visitor.declines.contains(&step.kind()), step, agreed }
    }

    fn pass(&mut self, seconds: u64) {
        let whole = i64::try_from(seconds).unwrap_or(i64::MAX);
        self.now.elapsed_ms = self.now.elapsed_ms.saturating_add(seconds.saturating_mul(1000));
        self.now.wall_ms = self.now.wall_ms.saturating_add(whole.saturating_mul(1000));
        self.now.provider_s = self.now.provider_s.saturating_add(whole);
    }

    /// What is behind finger or face is locked, what is kept on the device opens by itself, the rest is gone.
    fn restart(&mut self) {
        match self.facts.biometrics.gate {
            GateChoice::On if self.facts.session.known().is_some() => {
                let sealed = Facts {
                    session: Fact::Sealed,
                    profile: Fact::Sealed,
                    age: Fact::Sealed,
                    ..self.facts.clone()
                };
                self.visitor.account = std::mem::replace(&mut self.facts, sealed);
            }
            GateChoice::Off => {
                if let Fact::Known(session) = &mut self.facts.session {
                    session.unlocked_elapsed_ms = None;
                }
            }
            GateChoice::On => {}
            GateChoice::Undecided => self.sign_out(),
        }
    }

    /// The next person begins afresh: session, profile and ledger go.
    fn sign_out(&mut self) {
        self.visitor.account = Facts::default();
        self.facts = Facts::first_visit(self.policy);
    }
}
