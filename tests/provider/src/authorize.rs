//! The authorization endpoint (RFC 6749, section 3.1; OIDC Core 1.0, section 3.1.2) and what the login page sends.

use std::sync::Arc;

use aws_lc_rs::error::Unspecified;
use axum::Router;
use axum::body::Bytes;
use axum::extract::{RawQuery, State};
use axum::http::header::{CACHE_CONTROL, LOCATION, SET_COOKIE};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde_json::Value;

use crate::discovery::{ACR_VALUES, SCOPES};
use crate::endpoint::Endpoint;
use crate::login_page;
use crate::misbehaviour::{Act, Edit};
use crate::parameters::Parameters;
use crate::sessions::{Authentication, Code, Grant};
use crate::wire;
use crate::world::World;

pub(crate) fn routes() -> Router<Arc<World>> {
    Router::new().route("/authorize", get(by_query).post(by_form)).route("/login", post(login))
}

/// A request whose client and redirect URI are right and whose parameters make sense.
#[derive(Debug, Clone)]
pub(crate) struct AuthorizationRequest {
    pub client_id: String,
    pub redirect_uri: String,
    pub state: Option<String>,
    pub nonce: Option<String>,
    pub scope: String,
    pub resource: Option<String>,
    pub code_challenge: String,
    pub prompt: Vec<String>,
    pub login_hint: Option<String>,
    pub max_age: Option<u32>,
    /// The key the code is bound to (RFC 9449, section 10).
    pub dpop_jkt: Option<String>,
    /// The level that is asked for: one of [`ACR_VALUES`].
    pub acr: &'static str,
}

/// Why there is no code.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// The client or redirect URI is not to be trusted: the person is told, and nobody is redirected.
    Page(String),
    /// The client is told (RFC 6749, section 4.1.2.1).
    Redirect { redirect_uri: String, state: Option<String>, error: &'static str, description: String },
}

impl From<Unspecified> for Refusal {
    fn from(_: Unspecified) -> Self {
        Self::Page("No random value could be made on this machine.".to_owned())
    }
}

async fn by_query(
    State(world): State<Arc<World>>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Response {
    start(&world, &headers, &Parameters::parse(&query.unwrap_or_default()), StatusCode::FOUND)
}

async fn by_form(State(world): State<Arc<World>>, headers: HeaderMap, body: Bytes) -> Response {
    start(&world, &headers, &wire::form(&body), StatusCode::SEE_OTHER)
}

/// Answers with the redirect, the login page, or an error page.
fn start(world: &World, headers: &HeaderMap, parameters: &Parameters, status: StatusCode) -> Response {
    let pushed = crate::par::fetched(world, parameters);
    let outcome = pushed.and_then(|parameters| read(world, &parameters)).and_then(|request| {
        let automatic = world.state().automatic.clone();
        if let Some(subject) = automatic {
            let authentication = Authentication { subject, acr: request.acr, auth_time: world.clock.now() };
            return grant(world, &request, authentication, status);
        }
        let asks_again = request.prompt.iter().any(|prompt| prompt != "none");
        let signed_in = world.state().browser.who(headers).cloned();
        match signed_in.filter(|who| !asks_again && suffices(who, &request, world.clock.now())) {
            Some(authentication) => grant(world, &request, authentication, status),
            None if request.prompt.iter().any(|prompt| prompt == "none") => {
                Err(refused(&request, "login_required", "nobody is signed in who meets the request"))
            }
            None => {
                let transaction = world.state().browser.keep(request.clone())?;
                Ok(login_page::login(&world.settings.people, &request, &transaction, None))
            }
        }
    });
    outcome.unwrap_or_else(|refusal| refusal_response(world, refusal, status))
}

/// The login page was sent.
async fn login(State(world): State<Arc<World>>, body: Bytes) -> Response {
    let form = wire::form(&body);
    let transaction = form.first("transaction").unwrap_or_default();
    let Some(request) = world.state().browser.pending(transaction).cloned() else {
        return login_page::error("This sign-in has ended. Go back to the app and start again.");
    };
    let outcome = if form.first("action") == Some("cancel") {
        Err(refused(&request, "access_denied", "the person cancelled"))
    } else {
        match checked(&world, &request, &form) {
            Ok(authentication) => sign_in(&world, &request, authentication),
            Err(mistake) => {
                return login_page::login(&world.settings.people, &request, transaction, Some(mistake));
            }
        }
    };
    world.state().browser.finish(transaction);
    outcome.unwrap_or_else(|refusal| refusal_response(&world, refusal, StatusCode::SEE_OTHER))
}

fn sign_in(
    world: &World,
    request: &AuthorizationRequest,
    authentication: Authentication,
) -> Result<Response, Refusal> {
    let cookie = world.state().browser.sign_in(authentication.clone())?;
    let mut response = grant(world, request, authentication, StatusCode::SEE_OTHER)?;
    if let Ok(cookie) = HeaderValue::from_str(&cookie) {
        response.headers_mut().insert(SET_COOKIE, cookie);
    }
    Ok(response)
}

/// Any password is right, and any six digits; what was not entered is a mistake.
fn checked(
    world: &World,
    request: &AuthorizationRequest,
    form: &Parameters,
) -> Result<Authentication, &'static str> {
    let person =
        form.first("person").and_then(|subject| world.person(subject)).ok_or("Choose who you are.")?;
    form.first("password").ok_or("Enter a password; any will do.")?;
    let code = form.first("one_time_code").unwrap_or_default();
    if request.acr == "mfa" && (code.len() != 6 || !code.bytes().all(|byte| byte.is_ascii_digit())) {
        return Err("Enter a code of six digits; any will do.");
    }
    Ok(Authentication { subject: person.subject.clone(), acr: request.acr, auth_time: world.clock.now() })
}

/// Reads a request; the client and the redirect URI first, because all other errors go there.
pub(crate) fn read(world: &World, parameters: &Parameters) -> Result<AuthorizationRequest, Refusal> {
    let twice = parameters.repeated();
    if let Some(name @ ("client_id" | "redirect_uri")) = twice {
        return Err(Refusal::Page(format!("The parameter {name} was given twice.")));
    }
    let page = |text: &str| Refusal::Page(text.to_owned());
    let client_id =
        parameters.first("client_id").ok_or_else(|| page("The parameter client_id is missing."))?;
    let client =
        world.client(client_id).ok_or_else(|| page("No client is registered under this client_id."))?;
    let redirect_uri = parameters.first("redirect_uri").ok_or_else(|| page("redirect_uri is missing."))?;
    if !client.accepts_redirect(redirect_uri) {
        return Err(page("This redirect_uri is not registered for the client."));
    }
    let state = parameters.first("state").map(str::to_owned);
    let refuse = |error, description: &str| Refusal::Redirect {
        redirect_uri: redirect_uri.to_owned(),
        state: state.clone(),
        error,
        description: description.to_owned(),
    };
    let invalid = |description: &str| refuse("invalid_request", description);

    if let Some(name) = twice {
        return Err(invalid(&format!("{name} was given twice")));
    }
    if parameters.first("request").is_some() {
        return Err(refuse("request_not_supported", "request objects are not supported"));
    }
    if parameters.first("request_uri").is_some() {
        return Err(refuse("request_uri_not_supported", "request objects are not supported"));
    }
    match parameters.first("response_type") {
        Some("code") => {}
        Some(_) => return Err(refuse("unsupported_response_type", "response_type must be code")),
        None => return Err(invalid("response_type is missing")),
    }
    if parameters.first("response_mode").is_some_and(|mode| mode != "query") {
        return Err(invalid("response_mode must be query"));
    }
    if parameters.first("code_challenge_method") != Some("S256") {
        return Err(invalid("code_challenge_method must be S256 (RFC 7636)"));
    }
    let is_challenge = |text: &&str| text.len() == 43 && text.bytes().all(is_base64url);
    let code_challenge = parameters.first("code_challenge").filter(is_challenge);
    let code_challenge =
        code_challenge.ok_or_else(|| invalid("code_challenge must be 43 characters of base64url"))?;
    let scope = parameters.first("scope").unwrap_or_default();
    if scope.is_empty() || !scope.split(' ').all(|name| SCOPES.contains(&name)) {
        return Err(refuse("invalid_scope", "scope must be some of those in scopes_supported"));
    }
    let prompt: Vec<String> = words(parameters.first("prompt"));
    let is_prompt = |word: &String| matches!(word.as_str(), "none" | "login" | "consent" | "select_account");
    if !prompt.iter().all(is_prompt) || (prompt.len() > 1 && prompt.iter().any(|word| word == "none")) {
        return Err(invalid("prompt is unknown, or none stands beside another"));
    }
    let max_age = match parameters.first("max_age").map(str::parse) {
        None => None,
        Some(Ok(seconds)) => Some(seconds),
        Some(Err(_)) => return Err(invalid("max_age must be a number of seconds")),
    };
    let resource = parameters.first("resource").map(str::to_owned);
    if resource.as_deref().is_some_and(|resource| !is_resource(resource)) {
        return Err(refuse("invalid_target", "resource must be an absolute URI without a fragment"));
    }
    let [known, stronger] = ACR_VALUES;
    let acr = if words(parameters.first("acr_values")).iter().any(|acr| acr == stronger) {
        stronger
    } else {
        known
    };
    Ok(AuthorizationRequest {
        client_id: client_id.to_owned(),
        redirect_uri: redirect_uri.to_owned(),
        nonce: parameters.first("nonce").map(str::to_owned),
        scope: scope.to_owned(),
        resource,
        code_challenge: code_challenge.to_owned(),
        prompt,
        login_hint: parameters.first("login_hint").map(str::to_owned),
        max_age,
        dpop_jkt: parameters.first("dpop_jkt").map(str::to_owned),
        acr,
        state,
    })
}

/// Whether a URI can name a resource (RFC 8707, section 2).
pub(crate) fn is_resource(uri: &str) -> bool {
    url::Url::parse(uri).is_ok_and(|uri| uri.fragment().is_none())
}

fn is_base64url(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_'
}

fn words(text: Option<&str>) -> Vec<String> {
    text.unwrap_or_default().split_whitespace().map(str::to_owned).collect()
}

/// Whether somebody who is signed in already need not sign in again.
fn suffices(who: &Authentication, request: &AuthorizationRequest, now: i64) -> bool {
    let strong = request.acr == "pwd" || who.acr == request.acr;
    let recent = request.max_age.is_none_or(|max_age| now.saturating_sub(who.auth_time) < i64::from(max_age));
    let hinted = request.login_hint.as_deref().is_none_or(|hint| is_hint_for(hint, &who.subject));
    strong && recent && hinted
}

/// Whether a login hint means a person: by name or by e-mail address.
pub(crate) fn is_hint_for(hint: &str, subject: &str) -> bool {
    hint.split('@').next().is_some_and(|name| name.eq_ignore_ascii_case(subject))
}

fn grant(
    world: &World,
    request: &AuthorizationRequest,
    authentication: Authentication,
    status: StatusCode,
) -> Result<Response, Refusal> {
    let code = Code {
        grant: Grant {
            client_id: request.client_id.clone(),
            scope: request.scope.clone(),
            resource: request.resource.clone(),
            authentication,
        },
        redirect_uri: request.redirect_uri.clone(),
        code_challenge: request.code_challenge.clone(),
        nonce: request.nonce.clone(),
        expires_at: world.clock.now().saturating_add(i64::from(world.settings.code_seconds)),
    };
    let code = {
        let mut state = world.state();
        let code = state.sessions.issue_code(code)?;
        if let Some(key) = &request.dpop_jkt {
            state.proofs.codes.insert(code.clone(), key.clone());
        }
        code
    };
    let parameters = vec![("code".to_owned(), code)];
    Ok(callback(world, &request.redirect_uri, parameters, request.state.as_deref(), status))
}

fn refused(request: &AuthorizationRequest, error: &'static str, description: &str) -> Refusal {
    Refusal::Redirect {
        redirect_uri: request.redirect_uri.clone(),
        state: request.state.clone(),
        error,
        description: description.to_owned(),
    }
}

fn refusal_response(world: &World, refusal: Refusal, status: StatusCode) -> Response {
    match refusal {
        Refusal::Page(text) => login_page::error(&text),
        Refusal::Redirect { redirect_uri, state, error, description } => {
            let parameters =
                vec![("error".to_owned(), error.to_owned()), ("error_description".to_owned(), description)];
            callback(world, &redirect_uri, parameters, state.as_deref(), status)
        }
    }
}

/// The redirect back to the client, with `state` and `iss` (RFC 9207), and with what is to be wrong with it.
fn callback(
    world: &World,
    redirect_uri: &str,
    mut parameters: Vec<(String, String)>,
    state: Option<&str>,
    status: StatusCode,
) -> Response {
    parameters.extend(state.map(|state| ("state".to_owned(), state.to_owned())));
    parameters.push(("iss".to_owned(), world.issuer.clone()));
    let mut target = redirect_uri.to_owned();
    for act in world.take_acts(Endpoint::Callback) {
        if let Act::Callback { redirect_uri, parameters: edits, append } = act {
            target = redirect_uri.unwrap_or(target);
            for (name, edit) in edits {
                edit_parameter(&mut parameters, &name, edit);
            }
            parameters.extend(append);
        }
    }
    let query = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(parameters).finish();
    let separator = if target.contains('?') { '&' } else { '?' };
    redirect(&format!("{target}{separator}{query}"), status)
}

fn edit_parameter(parameters: &mut Vec<(String, String)>, name: &str, edit: Edit) {
    let value = match edit {
        Edit::Remove => return parameters.retain(|(other, _)| other != name),
        Edit::Set(Value::String(text)) | Edit::Raw(text) => text,
        Edit::Set(other) => other.to_string(),
    };
    match parameters.iter_mut().find(|(other, _)| other == name) {
        Some((_, old)) => *old = value,
        None => parameters.push((name.to_owned(), value)),
    }
}

/// A redirect of the browser that nobody keeps.
pub(crate) fn redirect(location: &str, status: StatusCode) -> Response {
    match HeaderValue::from_str(location) {
        Ok(location) => {
            let no_store = (CACHE_CONTROL, HeaderValue::from_static("no-store"));
            (status, [(LOCATION, location), no_store]).into_response()
        }
        Err(_) => login_page::error("The redirect can't be written into a header."),
    }
}
