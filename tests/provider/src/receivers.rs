//! The receiver of CRM contacts: by an identifier that the sender chose, as a back office would, without a token.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Value, json};

use crate::world::World;

#[derive(Debug, Default)]
pub(crate) struct Received {
    /// By external identifier.
    contacts: BTreeMap<String, Value>,
}

pub(crate) fn routes() -> Router<Arc<World>> {
    Router::new()
        .route("/crm/contacts", get(contacts))
        .route("/crm/contacts/{external_id}", get(contact).put(put_contact).delete(delete_contact))
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
