//! Access tokens at a protected resource (RFC 6750) and the step-up challenge (RFC 9470).

use axum::Json;
use axum::http::header::{AUTHORIZATION, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::proof::{self, ProofError};
use crate::sessions::Grant;
use crate::wire::REQUEST_LINE;
use crate::world::World;

/// Why a request is not let in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Challenge {
    /// No token came along: no error is named (RFC 6750, section 3.1).
    NoToken,
    /// The proof beside a bound token is missing or wrong (RFC 9449, section 7.1).
    WrongProof(&'static str),
    /// The proof lacks the nonce (RFC 9449, section 9).
    Nonce(String),
    /// The token is unknown, expired, revoked or for another audience.
    InvalidToken,
    /// The token lacks a scope.
    InsufficientScope(&'static str),
    /// The sign-in is too weak or too old (RFC 9470, section 3).
    InsufficientAuthentication { acr: &'static str, max_age: i64 },
}

impl IntoResponse for Challenge {
    fn into_response(self) -> Response {
        let nonce = if let Self::Nonce(nonce) = &self { HeaderValue::from_str(nonce).ok() } else { None };
        let (status, error, challenge) = match self {
            Self::WrongProof(what) => (
                StatusCode::UNAUTHORIZED,
                Some("invalid_dpop_proof"),
                format!("DPoP error=\"invalid_dpop_proof\", error_description=\"{what}\", algs=\"ES256\""),
            ),
            Self::Nonce(_) => (
                StatusCode::UNAUTHORIZED,
                Some("use_dpop_nonce"),
                "DPoP error=\"use_dpop_nonce\", algs=\"ES256\"".to_owned(),
            ),
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
        if let Some(nonce) = nonce {
            response.headers_mut().insert("dpop-nonce", nonce);
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
    let bound_to = {
        let state = world.state();
        let family = state.sessions.family_of(token.trim());
        family.and_then(|family| state.proofs.families.get(&family).cloned())
    };
    if scheme.eq_ignore_ascii_case("dpop") {
        let line = headers.get(REQUEST_LINE).and_then(|line| line.to_str().ok()).unwrap_or_default();
        let (method, path) = line.split_once(' ').unwrap_or_default();
        let key = proof::thumbprint(world, headers, method, path, Some(token.trim()));
        let key = key.map_err(|error| match error {
            ProofError::Wrong(what) => Challenge::WrongProof(what),
            ProofError::Nonce(nonce) => Challenge::Nonce(nonce),
        })?;
        if key.is_none() || key != bound_to {
            return Err(Challenge::WrongProof("the proof is missing, or of another key than the token"));
        }
    } else if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(Challenge::NoToken);
    } else if bound_to.is_some() {
        return Err(Challenge::InvalidToken);
    }
    let state = world.state();
    let (grant, audience) =
        state.sessions.access(token.trim(), world.clock.now()).ok_or(Challenge::InvalidToken)?;
    Ok((grant.clone(), audience.to_owned()))
}
