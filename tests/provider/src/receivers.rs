//! The receivers of consent entries and of CRM contacts.
//!
//! Consent entries are opaque here: bytes that a person's devices hand in and read back, under the subject of the
//! access token. The CRM takes contacts by an identifier that the sender chose, as a back office would, without a token.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::bearer::{self, Challenge};
use crate::world::World;

#[derive(Debug, Default)]
pub(crate) struct Received {
    /// By subject, in the order of arrival.
    entries: BTreeMap<String, Vec<Vec<u8>>>,
    /// By external identifier.
    contacts: BTreeMap<String, Value>,
}

pub(crate) fn routes() -> Router<Arc<World>> {
    Router::new()
        .route("/consent/entries", get(entries).post(post_entries))
        .route("/crm/contacts", get(contacts))
        .route("/crm/contacts/{external_id}", get(contact).put(put_contact).delete(delete_contact))
}

/// The person's entries, base64url, oldest first.
async fn entries(
    State(world): State<Arc<World>>,
    headers: HeaderMap,
) -> Result<Json<Vec<String>>, Challenge> {
    let grant = bearer::portal_grant(&world, &headers)?;
    let state = world.state();
    let entries = state.received.entries.get(&grant.authentication.subject);
    Ok(Json(entries.into_iter().flatten().map(|entry| URL_SAFE_NO_PAD.encode(entry)).collect()))
}

/// Takes a JSON array of base64url texts, or with any other media type the bytes of one entry. An entry that is
/// there already is not stored again, so that handing in twice does no harm.
async fn post_entries(
    State(world): State<Arc<World>>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Challenge> {
    let grant = bearer::portal_grant(&world, &headers)?;
    let content_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let new = if content_type.starts_with("application/json") {
        from_json(&body)
    } else {
        Some(vec![body.to_vec()])
    };
    let Some(new) = new.filter(|new| new.iter().all(|entry| !entry.is_empty())) else {
        let error =
            json!({"error": "entries are a JSON array of base64url texts, or the bytes of one entry"});
        return Ok((StatusCode::UNPROCESSABLE_ENTITY, Json(error)).into_response());
    };
    let mut state = world.state();
    let stored = state.received.entries.entry(grant.authentication.subject).or_default();
    let before = stored.len();
    for entry in new {
        if !stored.contains(&entry) {
            stored.push(entry);
        }
    }
    let answer = json!({"stored": stored.len() - before, "entries": stored.len()});
    Ok((StatusCode::OK, Json(answer)).into_response())
}

fn from_json(body: &[u8]) -> Option<Vec<Vec<u8>>> {
    let texts: Vec<String> = serde_json::from_slice(body).ok()?;
    texts.iter().map(|text| URL_SAFE_NO_PAD.decode(text).ok()).collect()
}

async fn contacts(State(world): State<Arc<World>>) -> Json<BTreeMap<String, Value>> {
    Json(world.state().received.contacts.clone())
}

async fn contact(State(world): State<Arc<World>>, Path(id): Path<String>) -> Response {
    match world.state().received.contacts.get(&id) {
        Some(contact) => Json(contact.clone()).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

/// Makes or replaces a contact.
async fn put_contact(State(world): State<Arc<World>>, Path(id): Path<String>, body: Bytes) -> Response {
    let Some(contact) = serde_json::from_slice::<Value>(&body).ok().filter(Value::is_object) else {
        let error = json!({"error": "a contact is a JSON object"});
        return (StatusCode::UNPROCESSABLE_ENTITY, Json(error)).into_response();
    };
    let replaced = world.state().received.contacts.insert(id, contact.clone());
    let status = if replaced.is_some() { StatusCode::OK } else { StatusCode::CREATED };
    (status, Json(contact)).into_response()
}

async fn delete_contact(State(world): State<Arc<World>>, Path(id): Path<String>) -> StatusCode {
    match world.state().received.contacts.remove(&id) {
        Some(_) => StatusCode::NO_CONTENT,
        None => StatusCode::NOT_FOUND,
    }
}
