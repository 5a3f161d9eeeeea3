//! Metadata (OIDC Discovery 1.0, section 3; RFC 8414, section 2) and the JWK set.

use std::sync::Arc;

use axum::extract::State;
use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Value, json};

use crate::settings::Offer;
use crate::world::World;

/// The scopes that can be asked for.
pub(crate) const SCOPES: [&str; 4] = ["openid", "profile", "email", "offline_access"];

/// The authentication contexts, in rising order.
pub(crate) const ACR_VALUES: [&str; 2] = ["pwd", "mfa"];

pub(crate) fn routes() -> Router<Arc<World>> {
    Router::new()
        .route("/.well-known/openid-configuration", get(metadata))
        .route("/jwks", get(jwks))
        .route("/foreign/jwks", get(foreign_jwks))
}

async fn metadata(State(world): State<Arc<World>>) -> Json<Value> {
    let at = |path: &str| format!("{}{path}", world.issuer);
    let mut metadata = json!({
        "issuer": world.issuer,
        "authorization_endpoint": at("/authorize"),
        "token_endpoint": at("/token"),
        "revocation_endpoint": at("/revoke"),
        "userinfo_endpoint": at("/userinfo"),
        "end_session_endpoint": at("/end_session"),
        "jwks_uri": at("/jwks"),
        "scopes_supported": SCOPES,
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": ["authorization_code", "refresh_token"],
        "acr_values_supported": ACR_VALUES,
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["ES256", "RS256"],
        "token_endpoint_auth_methods_supported": ["none", "private_key_jwt"],
        "token_endpoint_auth_signing_alg_values_supported": ["ES256"],
        "revocation_endpoint_auth_methods_supported": ["none"],
        "code_challenge_methods_supported": ["S256"],
        "prompt_values_supported": ["none", "login", "consent", "select_account"],
        "claims_supported": [
            "sub", "iss", "aud", "exp", "iat", "auth_time", "nonce", "acr", "amr", "azp", "at_hash", "sid",
            "name", "email", "email_verified",
        ],
        "claims_parameter_supported": false,
        "request_parameter_supported": false,
        "request_uri_parameter_supported": false,
        "authorization_response_iss_parameter_supported": true,
    });
    let settings = &world.settings;
    if settings.par != Offer::Off {
        metadata["pushed_authorization_request_endpoint"] = at("/par").into();
        metadata["require_pushed_authorization_requests"] = (settings.par == Offer::Required).into();
    }
    if settings.dpop != Offer::Off {
        metadata["dpop_signing_alg_values_supported"] = json!(["ES256"]);
    }
    let mut grants = vec!["authorization_code", "refresh_token"];
    if settings.device_grant {
        metadata["device_authorization_endpoint"] = at("/device_authorization").into();
        grants.push("urn:ietf:params:oauth:grant-type:device_code");
    }
    if settings.token_exchange {
        grants.push("urn:ietf:params:oauth:grant-type:token-exchange");
    }
    metadata["grant_types_supported"] = json!(grants);
    Json(metadata)
}

async fn jwks(State(world): State<Arc<World>>) -> Json<Value> {
    Json(world.keys.jwks())
}

async fn foreign_jwks(State(world): State<Arc<World>>) -> Json<Value> {
    Json(json!({"keys": [world.keys.foreign_jwk()]}))
}
