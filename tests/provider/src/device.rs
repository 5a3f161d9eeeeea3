//! The device grant (RFC 8628).

use std::collections::HashMap;
use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use serde_json::json;

use crate::control::{Control, UnknownPerson};
use crate::discovery::ACR_VALUES;
use crate::random;
use crate::sessions::{Authentication, Grant};
use crate::token::{OAuthError, client_form};
use crate::world::World;

/// How long a code lives, in seconds.
const LIFETIME_S: i64 = 600;

/// How long to wait between two polls, in seconds.
const INTERVAL_S: i64 = 5;

/// Grants that wait for the person, by their device code.
#[derive(Debug, Default)]
pub(crate) struct DeviceGrants(HashMap<String, Waiting>);

#[derive(Debug)]
struct Waiting {
    client_id: String,
    user_code: String,
    scope: String,
    expires: i64,
    interval: i64,
    polled: Option<i64>,
    answer: Option<Answer>,
}

#[derive(Debug, Clone)]
enum Answer {
    Confirmed { subject: String, at: i64 },
    Denied,
}

impl Control {
    /// The codes that people are to type in, in no order.
    pub fn device_codes(&self) -> Vec<String> {
        self.world.state().device_grants.0.values().map(|waiting| waiting.user_code.clone()).collect()
    }

    /// Types a code in as `person` and confirms; an unknown code changes nothing.
    pub fn confirm_device(&self, user_code: &str, person: &str) -> Result<(), UnknownPerson> {
        if self.world.person(person).is_none() {
            return Err(UnknownPerson { subject: person.to_owned() });
        }
        let answer = Answer::Confirmed { subject: person.to_owned(), at: self.world.clock.now() };
        self.answer_device(user_code, answer);
        Ok(())
    }

    /// Types a code in and declines.
    pub fn deny_device(&self, user_code: &str) {
        self.answer_device(user_code, Answer::Denied);
    }

    fn answer_device(&self, user_code: &str, answer: Answer) {
        let mut state = self.world.state();
        let mut waiting = state.device_grants.0.values_mut();
        if let Some(waiting) = waiting.find(|waiting| waiting.user_code == user_code) {
            waiting.answer = Some(answer);
        }
    }
}

pub(crate) fn routes() -> Router<Arc<World>> {
    Router::new().route("/device_authorization", post(begin))
}

async fn begin(
    State(world): State<Arc<World>>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, OAuthError> {
    if !world.settings.device_grant {
        return Ok(StatusCode::NOT_FOUND.into_response());
    }
    let form = client_form(&world, &headers, &body)?;
    let device_code = random::token()?;
    let user_code: String = random::token()?.chars().filter(char::is_ascii_uppercase).take(6).collect();
    let waiting = Waiting {
        client_id: form.first("client_id").unwrap_or_default().to_owned(),
        user_code: user_code.clone(),
        scope: form.first("scope").unwrap_or_default().to_owned(),
        expires: world.clock.now().saturating_add(LIFETIME_S),
        interval: INTERVAL_S,
        polled: None,
        answer: None,
    };
    world.state().device_grants.0.insert(device_code.clone(), waiting);
    let page = format!("{}/device", world.issuer);
    Ok(Json(json!({
        "device_code": device_code,
        "user_code": user_code,
        "verification_uri": page,
        "verification_uri_complete": format!("{page}?user_code={user_code}"),
        "expires_in": LIFETIME_S,
        "interval": INTERVAL_S,
    }))
    .into_response())
}

/// One poll: the grant where the person has confirmed (RFC 8628, section 3.5).
pub(crate) fn poll(world: &World, device_code: &str, client_id: &str) -> Result<Grant, OAuthError> {
    let now = world.clock.now();
    let mut state = world.state();
    let waiting = state.device_grants.0.get_mut(device_code);
    let waiting = waiting
        .filter(|waiting| waiting.client_id == client_id)
        .ok_or_else(|| OAuthError::new("invalid_grant", "the device code is unknown"))?;
    if now >= waiting.expires {
        return Err(OAuthError::new("expired_token", "the device code has expired"));
    }
    let too_soon = waiting.polled.is_some_and(|polled| now < polled.saturating_add(waiting.interval));
    waiting.polled = Some(now);
    if too_soon {
        waiting.interval += 5;
        return Err(OAuthError::new("slow_down", "wait 5 seconds longer, from now on"));
    }
    let answer = waiting.answer.clone();
    let scope = waiting.scope.clone();
    let answer =
        answer.ok_or_else(|| OAuthError::new("authorization_pending", "the person has not confirmed yet"))?;
    state.device_grants.0.remove(device_code);
    match answer {
        Answer::Denied => Err(OAuthError::new("access_denied", "the person declined")),
        Answer::Confirmed { subject, at } => Ok(Grant {
            client_id: client_id.to_owned(),
            scope,
            resource: None,
            authentication: Authentication { subject, acr: ACR_VALUES[0], auth_time: at },
        }),
    }
}
