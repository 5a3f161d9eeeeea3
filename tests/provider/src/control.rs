//! What tests tell the provider and ask it, in Rust and over HTTP under `/dev`.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::consent::{ConsentCall, ConsentReport};
use crate::misbehaviour::{Misbehaviour, UnfitMisbehaviour};
use crate::request_log::LogEntry;
use crate::sessions::Ending;
use crate::world::World;

/// Controls a running provider; any number of them may be about.
#[derive(Debug, Clone)]
pub struct Control {
    pub(crate) world: Arc<World>,
}

impl Control {
    /// The request log so far.
    pub fn log(&self) -> Vec<LogEntry> {
        self.world.state().log.entries()
    }

    /// Forgets the request log; numbers start at 1 again.
    pub fn clear_log(&self) {
        self.world.state().log.clear();
    }

    /// Moves the provider's clock by so many seconds; negative moves it back.
    pub fn advance_clock(&self, seconds: i64) {
        self.world.clock.advance(seconds);
    }

    /// The provider's time, in seconds since 1970-01-01T00:00:00Z.
    pub fn now(&self) -> i64 {
        self.world.clock.now()
    }

    /// Adds a misbehaviour to those that are active.
    pub fn misbehave(&self, misbehaviour: Misbehaviour) -> Result<(), UnfitMisbehaviour> {
        self.misbehave_all(vec![misbehaviour])
    }

    /// Adds several, or none of them if one does not fit.
    pub fn misbehave_all(&self, misbehaviours: Vec<Misbehaviour>) -> Result<(), UnfitMisbehaviour> {
        misbehaviours.iter().try_for_each(Misbehaviour::check)?;
        self.world.state().misbehaviours.extend(misbehaviours);
        Ok(())
    }

    /// Ends all misbehaviour.
    pub fn behave(&self) {
        self.world.state().misbehaviours.clear();
    }

    /// Signs this person in without a page from now on; nobody shows the page.
    pub fn sign_in_automatically(&self, person: Option<&str>) -> Result<(), UnknownPerson> {
        person.map_or(Ok(()), |subject| self.check_person(subject))?;
        self.world.state().automatic = person.map(str::to_owned);
        Ok(())
    }

    /// Ends all sessions of a person, as an administrator would.
    pub fn end_sessions(&self, person: &str) -> Result<(), UnknownPerson> {
        self.check_person(person)?;
        let mut state = self.world.state();
        state.sessions.end_all_of(person, Ending::Administrator);
        state.browser.forget(person);
        Ok(())
    }

    /// What is there now.
    pub fn state(&self) -> StateReport {
        let state = self.world.state();
        let families: Vec<FamilyReport> = state
            .sessions
            .families()
            .iter()
            .map(|family| FamilyReport {
                subject: family.grant.authentication.subject.clone(),
                client_id: family.grant.client_id.clone(),
                scope: family.grant.scope.clone(),
                acr: family.grant.authentication.acr.to_owned(),
                refreshes: family.refreshes,
                revoked: family.ended,
            })
            .collect();
        StateReport {
            refreshes: families.iter().map(|family| family.refreshes).sum(),
            revocations: families.iter().filter(|family| family.revoked.is_some()).count() as u64,
            families,
            misbehaviours: state.misbehaviours.clone(),
        }
    }

    /// The key with which the account service certifies devices and confirms entries, as apps pin it: 130 hex digits.
    pub fn consent_service_key(&self) -> String {
        self.world.state().consents.public_key().unwrap_or_default()
    }

    /// What the account service holds about a person's consents, one report for each subject, oldest first.
    pub fn consents(&self, person: &str) -> Vec<ConsentReport> {
        self.world.state().consents.report(person)
    }

    /// Every call to the account service's part for consent, with its bodies.
    pub fn consent_calls(&self) -> Vec<ConsentCall> {
        self.world.state().consents.calls()
    }

    /// Lets the account service give out at most so many entries at once.
    pub fn limit_consent_pages(&self, entries: usize) {
        self.world.state().consents.limit_pages(entries);
    }

    fn check_person(&self, subject: &str) -> Result<(), UnknownPerson> {
        self.world.person(subject).map(|_| ()).ok_or_else(|| UnknownPerson { subject: subject.to_owned() })
    }
}

/// What a provider holds, without anything that differs between two runs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StateReport {
    /// Every sign-in, oldest first.
    pub families: Vec<FamilyReport>,
    /// Refreshes that were answered, over all families.
    pub refreshes: u64,
    /// Families that have ended.
    pub revocations: u64,
    /// The misbehaviour that is active, with the times that are left.
    pub misbehaviours: Vec<Misbehaviour>,
}

/// One sign-in with all tokens that came from it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FamilyReport {
    /// Who signed in.
    pub subject: String,
    /// To which client.
    pub client_id: String,
    /// The granted scope, separated by spaces.
    pub scope: String,
    /// At which level: `pwd` or `mfa`.
    pub acr: String,
    /// How often it was refreshed.
    pub refreshes: u64,
    /// Why it ended; nothing while it lives.
    pub revoked: Option<Ending>,
}

/// Nobody of that name is among the settings' people.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no person {subject:?}; people are named in the settings")]
pub struct UnknownPerson {
    /// The name that was given.
    pub subject: String,
}

pub(crate) fn routes() -> axum::Router<Arc<World>> {
    axum::Router::new()
        .route("/dev/log", get(log).delete(clear_log))
        .route("/dev/clock", post(clock))
        .route("/dev/misbehave", post(misbehave).delete(behave))
        .route("/dev/state", get(report))
        .route("/dev/automatic", post(automatic))
        .route("/dev/end_sessions", post(end_sessions))
        .route("/dev/one_time_code", post(one_time_code))
}

async fn log(State(world): State<Arc<World>>) -> Json<Vec<LogEntry>> {
    Json(Control { world }.log())
}

async fn clear_log(State(world): State<Arc<World>>) -> StatusCode {
    Control { world }.clear_log();
    StatusCode::NO_CONTENT
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ClockMove {
    advance_seconds: i64,
}

async fn clock(State(world): State<Arc<World>>, Json(moved): Json<ClockMove>) -> StatusCode {
    Control { world }.advance_clock(moved.advance_seconds);
    StatusCode::NO_CONTENT
}

async fn misbehave(State(world): State<Arc<World>>, Json(given): Json<serde_json::Value>) -> Response {
    let one_by_one = match given {
        serde_json::Value::Array(all) => all,
        one => vec![one],
    };
    let read: Result<Vec<Misbehaviour>, _> = one_by_one.into_iter().map(serde_json::from_value).collect();
    match read {
        Err(error) => refusal(&error),
        Ok(misbehaviours) => done(Control { world }.misbehave_all(misbehaviours)),
    }
}

async fn behave(State(world): State<Arc<World>>) -> StatusCode {
    Control { world }.behave();
    StatusCode::NO_CONTENT
}

async fn report(State(world): State<Arc<World>>) -> Json<StateReport> {
    Json(Control { world }.state())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SomePerson {
    person: Option<String>,
}

async fn automatic(State(world): State<Arc<World>>, Json(chosen): Json<SomePerson>) -> Response {
    done(Control { world }.sign_in_automatically(chosen.person.as_deref()))
}

async fn end_sessions(State(world): State<Arc<World>>, Json(chosen): Json<SomePerson>) -> Response {
    done(Control { world }.end_sessions(&chosen.person.unwrap_or_default()))
}

async fn one_time_code(State(world): State<Arc<World>>, Json(chosen): Json<SomePerson>) -> Json<String> {
    Json(Control { world }.one_time_code(&chosen.person.unwrap_or_default()))
}

fn done<E: std::error::Error>(result: Result<(), E>) -> Response {
    match result {
        Ok(()) => StatusCode::NO_CONTENT.into_response(),
        Err(error) => refusal(&error),
    }
}

fn refusal(error: &dyn std::error::Error) -> Response {
    (StatusCode::BAD_REQUEST, Json(json!({"error": error.to_string()}))).into_response()
}
