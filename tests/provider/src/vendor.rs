//! Fakes of the steps that Auth0 and Okta have for sign-ins without a page. Neither can run here: these answer as their
//! public documents say, and no more than an app's client needs.

use std::collections::HashMap;
use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::control::Control;
use crate::discovery::ACR_VALUES;
use crate::parameters::Parameters;
use crate::random;
use crate::sessions::{Authentication, Grant};
use crate::token::{OAuthError, client_form};
use crate::world::World;

const OKTA_OOB: &str = "urn:okta:params:oauth:grant-type:oob";

/// What waits for the person.
#[derive(Debug, Default)]
pub(crate) struct VendorSteps {
    /// The code that was sent to an address or number, or that an authenticator shows to somebody.
    codes: HashMap<String, String>,
    /// Challenges of passkeys, by the session they were given with.
    passkeys: HashMap<String, String>,
    /// Whose confirmation is waited for, by the code that names it, and whether it came.
    confirmations: HashMap<String, (String, Option<bool>)>,
    /// Whose second factor is waited for, by the token that stands for the first.
    second_factors: HashMap<String, String>,
}

impl Control {
    /// The code that was sent to an address or a number, or that somebody's authenticator shows; it is made on first sight.
    pub fn one_time_code(&self, whose: &str) -> String {
        self.world.state().vendor_steps.code(whose)
    }

    /// Confirms, or declines, on the other device whatever waits for this person.
    pub fn confirm_elsewhere(&self, person: &str, confirms: bool) {
        for (whose, answer) in self.world.state().vendor_steps.confirmations.values_mut() {
            if whose == person {
                *answer = Some(confirms);
            }
        }
    }
}

impl VendorSteps {
    fn code(&mut self, whose: &str) -> String {
        let next = 100_000 + self.codes.len() * 7_919;
        self.codes.entry(whose.to_owned()).or_insert_with(|| next.to_string()).clone()
    }
}

pub(crate) fn routes() -> Router<Arc<World>> {
    Router::new()
        .route("/passwordless/start", post(start_code))
        .route("/passkey/challenge", post(passkey_challenge))
        .route("/passkey/register", post(passkey_challenge))
        .route("/mfa/challenge", post(second_factor_challenge))
        .route("/primary-authenticate", post(start_confirmation))
}

fn json_form(world: &World, body: &[u8]) -> Result<Value, OAuthError> {
    if !world.settings.vendor_steps {
        return Err(OAuthError::not_here());
    }
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    match body["client_id"].as_str().and_then(|client_id| world.client(client_id)) {
        Some(_) => Ok(body),
        None => Err(OAuthError::new("invalid_client", "no client is registered under this client_id")),
    }
}

async fn start_code(State(world): State<Arc<World>>, body: Bytes) -> Result<Response, OAuthError> {
    let body = json_form(&world, &body)?;
    let to = match body["connection"].as_str() {
        Some("email") => body["email"].as_str(),
        Some("sms") => body["phone_number"].as_str(),
        _ => return Err(OAuthError::new("bad.connection", "Connection does not exist")),
    };
    let to = to.ok_or_else(|| OAuthError::new("bad.request", "nobody to send it to"))?;
    world.state().vendor_steps.code(to);
    Ok(Json(json!({})).into_response())
}

async fn passkey_challenge(State(world): State<Arc<World>>, body: Bytes) -> Result<Response, OAuthError> {
    let body = json_form(&world, &body)?;
    let (session, challenge) = (random::token()?, random::token()?);
    world.state().vendor_steps.passkeys.insert(session.clone(), challenge.clone());
    let relying_party = world.settings.address.to_string();
    let options = match body["user_profile"]["email"].as_str() {
        None => json!({"challenge": challenge, "rpId": relying_party, "timeout": 60_000}),
        Some(email) => json!({
            "challenge": challenge,
            "rp": {"id": relying_party, "name": "Portal"},
            "user": {"id": URL_SAFE_NO_PAD.encode(person_of(email)), "name": email, "displayName": email},
            "pubKeyCredParams": [{"type": "public-key", "alg": -7}],
        }),
    };
    Ok(Json(json!({"auth_session": session, "authn_params_public_key": options})).into_response())
}

async fn second_factor_challenge(
    State(world): State<Arc<World>>,
    body: Bytes,
) -> Result<Response, OAuthError> {
    let body = json_form(&world, &body)?;
    let known = body["mfa_token"].as_str().unwrap_or_default();
    if !world.state().vendor_steps.second_factors.contains_key(known) {
        return Err(OAuthError::new("invalid_grant", "Malformed mfa_token"));
    }
    Ok(Json(json!({"challenge_type": "otp"})).into_response())
}

async fn start_confirmation(
    State(world): State<Arc<World>>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, OAuthError> {
    if !world.settings.vendor_steps {
        return Err(OAuthError::not_here());
    }
    let form = client_form(&world, &headers, &body)?;
    let (person, code) = (form.first("login_hint").unwrap_or_default(), random::token()?);
    if form.first("challenge_hint") != Some(OKTA_OOB) {
        return Err(OAuthError::new("invalid_request", "challenge_hint is unknown"));
    }
    let mut answer = json!({
        "challenge_type": OKTA_OOB, "oob_code": code, "expires_in": 300, "interval": 5,
        "channel": form.first("channel_hint"), "binding_method": "transfer", "binding_code": "95",
    });
    if form.first("channel_hint") != Some("push") {
        answer["binding_method"] = "prompt".into();
    }
    world.state().vendor_steps.confirmations.insert(code, (person.to_owned(), None));
    Ok(Json(answer).into_response())
}

/// What is granted for a vendor's own grant; nothing where `grant_type` is none of them.
pub(crate) fn grant(
    world: &World,
    grant_type: &str,
    form: &Parameters,
    client_id: &str,
) -> Result<Option<Grant>, OAuthError> {
    if !world.settings.vendor_steps {
        return Ok(None);
    }
    let value = |name: &str| form.first(name).unwrap_or_default();
    let wrong = |what: &str| OAuthError::new("invalid_grant", what);
    let mut state = world.state();
    let steps = &mut state.vendor_steps;
    let mut right = |whose: &str, code: &str| {
        let right = steps.codes.get(whose).is_some_and(|sent| sent == code);
        // A code is good once, an authenticator's for its time.
        if right && whose.contains(['@', '+']) {
            steps.codes.remove(whose);
        }
        right
    };
    let (subject, first_factor) = match grant_type {
        "http://auth0.com/oauth/grant-type/passwordless/otp" => {
            if !right(value("username"), value("otp")) {
                return Err(wrong("Wrong email or verification code."));
            }
            (person_of(value("username")), true)
        }
        "http://auth0.com/oauth/grant-type/mfa-otp" => {
            let subject = steps.second_factors.get(value("mfa_token")).cloned();
            let subject = subject.ok_or_else(|| wrong("Malformed mfa_token"))?;
            if steps.codes.get(&subject).is_none_or(|shown| shown != value("otp")) {
                return Err(wrong("Invalid otp_code."));
            }
            steps.second_factors.remove(value("mfa_token"));
            (subject, false)
        }
        "urn:okta:params:oauth:grant-type:webauthn" => {
            let challenge =
                steps.passkeys.remove(value("auth_session")).ok_or_else(|| wrong("Invalid session"))?;
            let answer: Value = serde_json::from_str(value("authn_response")).unwrap_or_default();
            (passkey_holder(&answer, &challenge).ok_or_else(|| wrong("Passkey not found"))?, true)
        }
        "urn:okta:params:oauth:grant-type:otp" => {
            if !right(value("login_hint"), value("otp")) {
                return Err(wrong("The password or OTP was invalid."));
            }
            (value("login_hint").to_owned(), false)
        }
        OKTA_OOB => {
            let (whose, answer) = steps.confirmations.get(value("oob_code")).cloned().unwrap_or_default();
            let typed = form.first("binding_code");
            let confirmed = match typed {
                Some(typed) => Some(steps.codes.get(&whose).is_some_and(|sent| sent == typed)),
                None => answer,
            };
            match confirmed {
                _ if whose.is_empty() => return Err(wrong("The OOB code is unknown.")),
                None => return Err(OAuthError::new("authorization_pending", "Nobody has confirmed yet.")),
                Some(false) if typed.is_some() => return Err(wrong("The binding code was wrong.")),
                Some(false) => return Err(OAuthError::new("access_denied", "The person declined.")),
                Some(true) => {}
            }
            steps.confirmations.remove(value("oob_code"));
            (whose, false)
        }
        _ => return Ok(None),
    };
    if world.person(&subject).is_none() {
        return Err(wrong("nobody is known by that name"));
    }
    if first_factor && world.settings.second_factor {
        let token = random::token()?;
        steps.second_factors.insert(token.clone(), subject);
        return Err(OAuthError::second_factor(token));
    }
    let now = world.clock.now();
    Ok(Some(Grant {
        client_id: client_id.to_owned(),
        scope: form.first("scope").unwrap_or("openid").to_owned(),
        resource: form.first("audience").map(str::to_owned),
        authentication: Authentication { subject, acr: ACR_VALUES[0], auth_time: now },
    }))
}

/// The parameters of a token request that came as JSON, as Auth0's passkey grant does; objects as their JSON.
pub(crate) fn parameters(body: &[u8]) -> Parameters {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    let mut parameters = Parameters::default();
    for (name, value) in body.as_object().into_iter().flatten() {
        match value {
            Value::String(text) => parameters.push(name, text),
            other => parameters.push(name, &other.to_string()),
        }
    }
    parameters
}

/// Whose address or number it is: `alice@example.com` is alice's, and every number bob's.
fn person_of(address: &str) -> String {
    address.split_once('@').map_or("bob", |(person, _)| person).to_owned()
}

/// Whose passkey answered, by the user handle; the challenge must be the one that was given.
fn passkey_holder(answer: &Value, challenge: &str) -> Option<String> {
    let decoded = |value: &Value| URL_SAFE_NO_PAD.decode(value.as_str()?).ok();
    let client_data: Value = serde_json::from_slice(&decoded(&answer["response"]["clientDataJSON"])?).ok()?;
    let holder = decoded(&answer["response"]["userHandle"])?;
    (client_data["challenge"] == challenge).then(|| String::from_utf8(holder).ok())?
}
