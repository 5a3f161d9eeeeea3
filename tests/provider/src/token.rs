//! The token endpoint (RFC 6749, section 3.2) and revocation (RFC 7009).

use std::sync::Arc;

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::error::Unspecified;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Extension, Json, Router};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::authorize::is_resource;
use crate::id_token::{access_token, at_hash, id_token};
use crate::keys::KeyError;
use crate::misbehaviour::Act;
use crate::parameters::Parameters;
use crate::proof::{self, ProofError};
use crate::random;
use crate::sessions::{Code, Ending, Grant, GrantError};
use crate::settings::{AccessTokenFormat, Offer, Rotation};
use crate::wire::{self, DueActs};
use crate::world::World;
use crate::{device, exchange, vendor};

pub(crate) fn routes() -> Router<Arc<World>> {
    Router::new().route("/token", post(token)).route("/revoke", post(revoke))
}

/// An error answer (RFC 6749, section 5.2).
#[derive(Debug)]
pub(crate) struct OAuthError {
    status: StatusCode,
    error: &'static str,
    description: String,
    /// The nonce a proof must carry.
    nonce: Option<String>,
    /// What stands for the first factor, where a second one is wanted.
    mfa_token: Option<String>,
}

impl OAuthError {
    pub(crate) fn new(error: &'static str, description: impl Into<String>) -> Self {
        let status = StatusCode::BAD_REQUEST;
        Self { status, error, description: description.into(), nonce: None, mfa_token: None }
    }

    /// The settings leave this endpoint out.
    pub(crate) fn not_here() -> Self {
        let error = Self::new("not_found", "the provider's settings leave this out");
        Self { status: StatusCode::NOT_FOUND, ..error }
    }

    /// A second factor is wanted.
    pub(crate) fn second_factor(mfa_token: String) -> Self {
        let error = Self::new("mfa_required", "Multifactor authentication required");
        Self { status: StatusCode::FORBIDDEN, mfa_token: Some(mfa_token), ..error }
    }

    fn server() -> Self {
        let error = Self::new("server_error", "a key or a random value could not be made");
        Self { status: StatusCode::INTERNAL_SERVER_ERROR, ..error }
    }
}

impl IntoResponse for OAuthError {
    fn into_response(self) -> Response {
        let mut body = json!({"error": self.error, "error_description": self.description});
        if let Some(token) = self.mfa_token {
            body["mfa_token"] = token.into();
        }
        let mut response = (self.status, [(CACHE_CONTROL, "no-store")], Json(body)).into_response();
        if let Some(nonce) = self.nonce.and_then(|nonce| HeaderValue::from_str(&nonce).ok()) {
            response.headers_mut().insert("dpop-nonce", nonce);
        }
        response
    }
}

impl From<ProofError> for OAuthError {
    fn from(error: ProofError) -> Self {
        match error {
            ProofError::Wrong(what) => Self::new("invalid_dpop_proof", what),
            ProofError::Nonce(nonce) => {
                Self { nonce: Some(nonce), ..Self::new("use_dpop_nonce", "the proof lacks the nonce") }
            }
        }
    }
}

/// Gives a response the nonce that the next proof must carry, where nonces are used.
pub(crate) fn add_nonce(world: &World, response: &mut Response) {
    if let Some(nonce) = proof::nonce(world).and_then(|nonce| HeaderValue::from_str(&nonce).ok()) {
        response.headers_mut().insert("dpop-nonce", nonce);
    }
}

impl From<GrantError> for OAuthError {
    fn from(error: GrantError) -> Self {
        match error {
            GrantError::NoRandom => Self::server(),
            error => Self::new("invalid_grant", error.to_string()),
        }
    }
}

impl From<KeyError> for OAuthError {
    fn from(_: KeyError) -> Self {
        Self::server()
    }
}

impl From<Unspecified> for OAuthError {
    fn from(_: Unspecified) -> Self {
        Self::server()
    }
}

async fn token(
    State(world): State<Arc<World>>,
    Extension(DueActs(acts)): Extension<DueActs>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, OAuthError> {
    let form = token_form(&world, &headers, &body)?;
    let client_id = required(&form, "client_id")?;
    let resource = form.first("resource").map(str::to_owned);
    if resource.as_deref().is_some_and(|resource| !is_resource(resource)) {
        return Err(OAuthError::new("invalid_target", "resource must be an absolute URI without a fragment"));
    }
    let key = proof::thumbprint(&world, &headers, "POST", "/token", None)?;
    if key.is_none() && world.settings.dpop == Offer::Required {
        return Err(OAuthError::new("invalid_dpop_proof", "this provider issues bound tokens only"));
    }
    let other_key = || OAuthError::new("invalid_grant", "the code or token is bound to another key");
    let answer = match required(&form, "grant_type")? {
        "authorization_code" => {
            let (code, verifier) = (required(&form, "code")?, required(&form, "code_verifier")?);
            let redirect_uri = required(&form, "redirect_uri")?;
            let now = world.clock.now();
            let bound = world.state().proofs.codes.get(code).cloned();
            if bound.is_some() && bound != key {
                return Err(other_key());
            }
            let redeemed = world.state().sessions.redeem(code, client_id, redirect_uri, verifier, now)?;
            bind(&world, redeemed.family, key);
            let rotates = Rotates { issues: true, nonce: redeemed.nonce };
            issue(&world, redeemed.family, resource, rotates, &acts)?
        }
        "refresh_token" => {
            let keeps = acts.contains(&Act::RefreshWithoutRotation);
            let rotation = if keeps { Rotation::Off } else { world.settings.rotation };
            let value = required(&form, "refresh_token")?;
            let bound = {
                let state = world.state();
                let family = state.sessions.family_of(value);
                family.and_then(|family| state.proofs.families.get(&family).cloned())
            };
            if bound.is_some() && bound != key {
                return Err(other_key());
            }
            let family = world.state().sessions.refresh(value, client_id, rotation, world.clock.now())?;
            bind(&world, family, key);
            issue(
                &world,
                family,
                resource,
                Rotates { issues: rotation != Rotation::Off, nonce: None },
                &acts,
            )?
        }
        "urn:ietf:params:oauth:grant-type:device_code" if world.settings.device_grant => {
            let grant = device::poll(&world, required(&form, "device_code")?, client_id)?;
            let family = begin(&world, grant)?;
            bind(&world, family, key);
            issue(&world, family, resource, Rotates { issues: true, nonce: None }, &acts)?
        }
        "urn:ietf:params:oauth:grant-type:token-exchange" if world.settings.token_exchange => {
            let grant = exchange::grant(&world, &form, client_id)?;
            let family = begin(&world, grant)?;
            bind(&world, family, key);
            let mut answer = issue(&world, family, resource, Rotates { issues: true, nonce: None }, &acts)?;
            answer["issued_token_type"] = "urn:ietf:params:oauth:token-type:access_token".into();
            answer
        }
        other => {
            let Some(grant) = vendor::grant(&world, other, &form, client_id)? else {
                return Err(OAuthError::new(
                    "unsupported_grant_type",
                    "see grant_types_supported in the metadata",
                ));
            };
            let family = begin(&world, grant)?;
            bind(&world, family, key);
            issue(&world, family, resource, Rotates { issues: true, nonce: None }, &acts)?
        }
    };
    let mut response = ([(CACHE_CONTROL, "no-store")], Json(answer)).into_response();
    add_nonce(&world, &mut response);
    Ok(response)
}

/// Binds a family to the key of its first proof.
fn bind(world: &World, family: usize, key: Option<String>) {
    if let Some(key) = key {
        world.state().proofs.families.entry(family).or_insert(key);
    }
}

/// Begins a family without a browser: by a code that nobody but this function sees.
fn begin(world: &World, grant: Grant) -> Result<usize, OAuthError> {
    let now = world.clock.now();
    let verifier = random::token()?;
    let client_id = grant.client_id.clone();
    let code = Code {
        grant,
        redirect_uri: String::new(),
        code_challenge: URL_SAFE_NO_PAD.encode(digest(&SHA256, verifier.as_bytes())),
        nonce: None,
        expires_at: now.saturating_add(1),
    };
    let mut state = world.state();
    let code = state.sessions.issue_code(code)?;
    Ok(state.sessions.redeem(&code, &client_id, "", &verifier, now)?.family)
}

/// What differs between the first tokens of a family and later ones.
struct Rotates {
    /// Whether a new refresh token comes along.
    issues: bool,
    /// Only in the first ID token (OIDC Core 1.0, section 12.2).
    nonce: Option<String>,
}

/// The successful answer (RFC 6749, section 5.1; OIDC Core 1.0, section 3.1.3.3).
fn issue(
    world: &World,
    family: usize,
    resource: Option<String>,
    rotates: Rotates,
    acts: &[Act],
) -> Result<Value, OAuthError> {
    let now = world.clock.now();
    let settings = &world.settings;
    let until = |seconds: u32| now.saturating_add(i64::from(seconds));
    let bound_to = world.state().proofs.families.get(&family).cloned();
    let (grant, sid) = {
        let state = world.state();
        let family = state.sessions.family(family).ok_or(GrantError::Unknown)?;
        (family.grant.clone(), family.sid.clone())
    };
    let audience = resource.or_else(|| grant.resource.clone()).unwrap_or_else(|| world.portal_audience());
    let who = &grant.authentication;
    let access = match settings.access_token_format {
        AccessTokenFormat::Opaque => random::token()?,
        AccessTokenFormat::Jwt => {
            let mut claims = json!({
                "iss": world.issuer, "sub": who.subject, "aud": audience, "client_id": grant.client_id,
                "scope": grant.scope, "iat": now, "exp": until(settings.access_token_seconds),
                "auth_time": who.auth_time, "acr": who.acr, "jti": random::token()?,
            });
            if let Some(key) = &bound_to {
                claims["cnf"] = json!({"jkt": key});
            }
            access_token(&world.keys, &claims)?
        }
    };
    let mut answer = json!({
        "access_token": access,
        "token_type": if bound_to.is_some() { "DPoP" } else { "Bearer" },
        "expires_in": settings.access_token_seconds,
        "scope": grant.scope,
    });
    if grant.has_scope("openid") {
        let mut claims = json!({
            "iss": world.issuer, "sub": who.subject, "aud": grant.client_id, "azp": grant.client_id, "sid": sid,
            "iat": now, "exp": until(settings.id_token_seconds), "auth_time": who.auth_time, "acr": who.acr,
            "amr": if who.acr == "mfa" { json!(["pwd", "otp", "mfa"]) } else { json!(["pwd"]) },
            "at_hash": at_hash(&access),
        });
        if let Some(nonce) = rotates.nonce {
            claims["nonce"] = nonce.into();
        }
        add_profile(world, &mut claims, &grant);
        answer["id_token"] =
            id_token(&world.keys, settings.id_token_algorithm, &world.issuer, &claims, acts)?.into();
    }
    let mut state = world.state();
    state.sessions.keep_access_token(&access, family, &audience, until(settings.access_token_seconds));
    if rotates.issues && grant.has_scope("offline_access") {
        let refresh = state.sessions.issue_refresh_token(family, until(settings.refresh_token_seconds))?;
        answer["refresh_token"] = refresh.into();
    }
    Ok(answer)
}

/// The claims that the scopes stand for (OIDC Core 1.0, section 5.4).
pub(crate) fn add_profile(world: &World, claims: &mut Value, grant: &crate::sessions::Grant) {
    let Some(person) = world.person(&grant.authentication.subject) else { return };
    if grant.has_scope("profile") {
        claims["name"] = person.name.clone().into();
    }
    if grant.has_scope("email") {
        claims["email"] = person.email.clone().into();
        claims["email_verified"] = person.email_verified.into();
    }
}

/// Ends the family of the token; an unknown token is no error (RFC 7009, section 2.2).
async fn revoke(
    State(world): State<Arc<World>>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<StatusCode, OAuthError> {
    let form = client_form(&world, &headers, &body)?;
    let value = required(&form, "token")?;
    let mut state = world.state();
    if let Some(index) = state.sessions.family_of(value) {
        let owner = state.sessions.family(index).map(|family| family.grant.client_id.as_str());
        if owner != form.first("client_id") {
            return Err(OAuthError::new("invalid_client", "the token belongs to another client"));
        }
        state.sessions.end(index, Ending::Revocation);
    }
    Ok(StatusCode::OK)
}

/// The form of a registered client.
/// A token request; the fakes of vendors take one as JSON, too.
fn token_form(world: &World, headers: &HeaderMap, body: &[u8]) -> Result<Parameters, OAuthError> {
    let is_json = headers.get(CONTENT_TYPE).is_some_and(|value| value == "application/json");
    if !(world.settings.vendor_steps && is_json) {
        return client_form(world, headers, body);
    }
    let form = vendor::parameters(body);
    match world.client(required(&form, "client_id")?) {
        Some(_) => Ok(form),
        None => Err(OAuthError::new("invalid_client", "no client is registered under this client_id")),
    }
}

pub(crate) fn client_form(world: &World, headers: &HeaderMap, body: &[u8]) -> Result<Parameters, OAuthError> {
    if !wire::is_form(headers.get(CONTENT_TYPE)) {
        return Err(OAuthError::new("invalid_request", "the body must be application/x-www-form-urlencoded"));
    }
    let form = wire::form(body);
    if let Some(name) = form.repeated() {
        return Err(OAuthError::new("invalid_request", format!("{name} was given twice")));
    }
    let client_id = required(&form, "client_id")?;
    if world.client(client_id).is_none() {
        let error = OAuthError::new("invalid_client", "no client is registered under this client_id");
        return Err(OAuthError { status: StatusCode::UNAUTHORIZED, ..error });
    }
    if let Err(error) = proof::is_authenticated(world, client_id, &form) {
        let error = OAuthError::new("invalid_client", format!("{error:?}"));
        return Err(OAuthError { status: StatusCode::UNAUTHORIZED, ..error });
    }
    Ok(form)
}

fn required<'a>(form: &'a Parameters, name: &str) -> Result<&'a str, OAuthError> {
    let missing = || OAuthError::new("invalid_request", format!("{name} is missing"));
    form.first(name).ok_or_else(missing)
}
