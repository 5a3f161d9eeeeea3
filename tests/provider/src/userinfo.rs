//! UserInfo (OIDC Core 1.0, section 5.3) and logout (OIDC RP-Initiated Logout 1.0).

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Value, json};

use crate::bearer::{self, Challenge};
use crate::id_token::own_claims;
use crate::login_page;
use crate::parameters::Parameters;
use crate::sessions::Ending;
use crate::token::add_profile;
use crate::wire;
use crate::world::World;

pub(crate) fn routes() -> Router<Arc<World>> {
    Router::new()
        .route("/userinfo", get(userinfo).post(userinfo))
        .route("/end_session", get(end_session_by_query).post(end_session_by_form))
}

async fn userinfo(State(world): State<Arc<World>>, headers: HeaderMap) -> Result<Json<Value>, Challenge> {
    let grant = bearer::grant(&world, &headers)?;
    if !grant.has_scope("openid") {
        return Err(Challenge::InsufficientScope("openid"));
    }
    let mut claims = json!({"sub": grant.authentication.subject});
    add_profile(&world, &mut claims, &grant);
    Ok(Json(claims))
}

async fn end_session_by_query(
    State(world): State<Arc<World>>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Response {
    let parameters = Parameters::parse(&query.unwrap_or_default());
    end_session(&world, &headers, &parameters, StatusCode::FOUND)
}

async fn end_session_by_form(State(world): State<Arc<World>>, headers: HeaderMap, body: Bytes) -> Response {
    end_session(&world, &headers, &wire::form(&body), StatusCode::SEE_OTHER)
}

/// Ends the family that the hint names and the browser's session; goes back only where the client is certain.
fn end_session(world: &World, headers: &HeaderMap, parameters: &Parameters, status: StatusCode) -> Response {
    let hint = parameters.first("id_token_hint");
    let claims = hint.and_then(|token| own_claims(&world.keys, token));
    if hint.is_some() && claims.is_none() {
        return login_page::error("id_token_hint is not an ID token of this provider.");
    }
    let claim = |name: &str| claims.as_ref().and_then(|claims| claims.get(name)).and_then(Value::as_str);
    let client_id = claim("aud").or_else(|| parameters.first("client_id"));
    if parameters.first("client_id").is_some_and(|given| Some(given) != client_id) {
        return login_page::error("client_id is not the one that the ID token was issued to.");
    }
    {
        let mut state = world.state();
        if let Some(family) = claim("sid").and_then(|sid| state.sessions.family_with_sid(sid)) {
            state.sessions.end(family, Ending::EndSession);
        }
        state.browser.sign_out(headers);
    }
    let Some(target) = parameters.first("post_logout_redirect_uri") else {
        return login_page::signed_out();
    };
    let client = client_id.and_then(|client_id| world.client(client_id));
    if !client.is_some_and(|client| client.accepts_post_logout_redirect(target)) {
        return login_page::error("This post_logout_redirect_uri is not registered for the client.");
    }
    let query = parameters.first("state").map(|state| {
        let query = url::form_urlencoded::Serializer::new(String::new()).append_pair("state", state).finish();
        format!("{}{query}", if target.contains('?') { '&' } else { '?' })
    });
    crate::authorize::redirect(&format!("{target}{}", query.unwrap_or_default()), status)
}
