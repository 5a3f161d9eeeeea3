//! Access tokens at a protected resource (RFC 6750) and the step-up challenge (RFC 9470).

use axum::Json;
use axum::http::header::{AUTHORIZATION, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::sessions::Grant;
use crate::world::World;

/// Why a request is not let in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Challenge {
    /// No token came along: no error is named (RFC 6750, section 3.1).
    NoToken,
    /// The token is unknown, expired, revoked or for another audience.
    InvalidToken,
    /// The token lacks a scope.
    InsufficientScope(&'static str),
    /// The sign-in is too weak or too old (RFC 9470, section 3).
    InsufficientAuthentication { acr: &'static str, max_age: i64 },
}

impl IntoResponse for Challenge {
    fn into_response(self) -> Response {
        let (status, error, challenge) = match self {
            Self::NoToken => (StatusCode::UNAUTHORIZED, None, "Bearer realm=\"portal\"".to_owned()),
            Self::InvalidToken => (
                StatusCode::UNAUTHORIZED,
                Some("invalid_token"),
                "Bearer error=\"invalid_token\", error_description=\"the access token is not valid here, or no more\""
                    .to_owned(),
            ),
            Self::InsufficientScope(scope) => (
                StatusCode::FORBIDDEN,
                Some("insufficient_scope"),
                format!("Bearer error=\"insufficient_scope\", scope=\"{scope}\""),
            ),
            Self::InsufficientAuthentication { acr, max_age } => (
                StatusCode::UNAUTHORIZED,
                Some("insufficient_user_authentication"),
                format!(
                    "Bearer error=\"insufficient_user_authentication\", acr_values=\"{acr}\", max_age={max_age}"
                ),
            ),
        };
        let body = error.map_or_else(|| json!({}), |error| json!({"error": error}));
        let mut response = (status, Json(body)).into_response();
        if let Ok(value) = HeaderValue::from_str(&challenge) {
            response.headers_mut().insert(WWW_AUTHENTICATE, value);
        }
        response
    }
}

/// The grant behind the request's token, whatever its audience.
pub(crate) fn grant(world: &World, headers: &HeaderMap) -> Result<Grant, Challenge> {
    live(world, headers).map(|(grant, _)| grant)
}

/// The grant behind the request's token, if the token is for the portal.
pub(crate) fn portal_grant(world: &World, headers: &HeaderMap) -> Result<Grant, Challenge> {
    let (grant, audience) = live(world, headers)?;
    if audience == world.portal_audience() { Ok(grant) } else { Err(Challenge::InvalidToken) }
}

fn live(world: &World, headers: &HeaderMap) -> Result<(Grant, String), Challenge> {
    let value = headers.get(AUTHORIZATION).ok_or(Challenge::NoToken)?;
    let (scheme, token) =
        value.to_str().ok().and_then(|text| text.split_once(' ')).ok_or(Challenge::InvalidToken)?;
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(Challenge::NoToken);
    }
    let state = world.state();
    let (grant, audience) =
        state.sessions.access(token.trim(), world.clock.now()).ok_or(Challenge::InvalidToken)?;
    Ok((grant.clone(), audience.to_owned()))
}
