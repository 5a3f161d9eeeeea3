//! Pushed authorization requests (RFC 9126).

use std::collections::HashMap;
use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::header::CACHE_CONTROL;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use serde_json::json;

use crate::authorize::{Refusal, read};
use crate::parameters::Parameters;
use crate::proof;
use crate::random;
use crate::settings::Offer;
use crate::token::{OAuthError, client_form};
use crate::world::World;

/// How long a pushed request lies here, in seconds.
const LIFETIME_S: i64 = 60;

const PREFIX: &str = "urn:ietf:params:oauth:request_uri:";

/// The requests that were pushed and not fetched yet.
#[derive(Debug, Default)]
pub(crate) struct Pushed(HashMap<String, (Parameters, i64)>);

pub(crate) fn routes() -> Router<Arc<World>> {
    Router::new().route("/par", post(push))
}

async fn push(
    State(world): State<Arc<World>>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, OAuthError> {
    if world.settings.par == Offer::Off {
        return Ok(StatusCode::NOT_FOUND.into_response());
    }
    let mut form = client_form(&world, &headers, &body)?;
    if form.first("request_uri").is_some() {
        return Err(OAuthError::new(
            "invalid_request",
            "request_uri must not be pushed (RFC 9126, section 2.1)",
        ));
    }
    if let Some(key) = proof::thumbprint(&world, &headers, "POST", "/par", None)? {
        match form.first("dpop_jkt") {
            Some(named) if named != key => {
                return Err(OAuthError::new("invalid_dpop_proof", "dpop_jkt is another key's"));
            }
            Some(_) => {}
            None => form.push("dpop_jkt", &key),
        }
    }
    read(&world, &form).map_err(|refusal| match refusal {
        Refusal::Page(text) => OAuthError::new("invalid_request", text),
        Refusal::Redirect { error, description, .. } => OAuthError::new(error, description),
    })?;
    let request_uri = format!("{PREFIX}{}", random::token()?);
    let expires = world.clock.now().saturating_add(LIFETIME_S);
    world.state().pushed.0.insert(request_uri.clone(), (form, expires));
    let body = Json(json!({"request_uri": request_uri, "expires_in": LIFETIME_S}));
    let mut response = (StatusCode::CREATED, [(CACHE_CONTROL, "no-store")], body).into_response();
    crate::token::add_nonce(&world, &mut response);
    Ok(response)
}

/// The request behind the parameters: themselves, or what was pushed under the name they carry, once.
pub(crate) fn fetched(world: &World, parameters: &Parameters) -> Result<Parameters, Refusal> {
    let page = |text: &str| Refusal::Page(text.to_owned());
    let Some(name) = parameters.first("request_uri").filter(|name| name.starts_with(PREFIX)) else {
        return match world.settings.par {
            Offer::Required => Err(page("This provider takes pushed authorization requests only.")),
            _ => Ok(parameters.clone()),
        };
    };
    let (form, expires) = world
        .state()
        .pushed
        .0
        .remove(name)
        .ok_or_else(|| page("This request is unknown, or was used before."))?;
    if world.clock.now() >= expires {
        return Err(page("This request has expired."));
    }
    if parameters.first("client_id") != form.first("client_id") {
        return Err(page("This request was pushed by another client."));
    }
    Ok(form)
}
