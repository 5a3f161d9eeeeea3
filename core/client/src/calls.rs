//! An app's own calls: the token goes to listed origins and nowhere else.
//!
//! ```text
//!  token ─► proof (bound tokens) ─► send ─┬─► 2xx and the rest ─────────────────────► the app
//!    ▲            ▲                       ├─► the server's nonce ── once ──► proof
//!    │            └───────────────────────┤
//!    └── refresh ── once ─────────────────┼─► the token is refused
//!                                         ├─► step-up ───────────────────► StepUpNeeded
//!                                         └─► redirect ── origin listed? ─► authorised anew, or refused
//! ```

use std::sync::Arc;

use http::header::{AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, LOCATION};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode};
use pforte_host::SecretText;
use pforte_oauth::challenge::{Refusal, refusal};
use pforte_oauth::token::RefreshOptions;
use pforte_session::{SessionError, Token};
use url::{Host, Url};

use crate::{Challenge, Client, Error, Header, HttpRequest, HttpResponse};

/// The longest body of a request or a response, in bytes.
pub(crate) const MAX_BODY_BYTES: usize = 16 * 1024 * 1024;

/// The most redirects of one call.
const MOST_REDIRECTS: usize = 5;

/// One call over the client's own transport, with its retries and redirects.
pub(crate) async fn send(client: &Arc<Client>, request: HttpRequest) -> Result<HttpResponse, Error> {
    let mut request = prepared(&request)?;
    let mut call = AppCall::of(client.clone(), request.method().clone(), &request.uri().to_string()).await?;
    loop {
        let response = exchange(client, &request, &call.sending.credentials).await?;
        let step = call.judge(response.status(), response.headers()).await?;
        if step == Step::Deliver {
            return Ok(from_response(response));
        }
        *request.method_mut() = call.method.clone();
        *request.uri_mut() = call.sending.url.parse().map_err(|_| not_http("the URL can't be used"))?;
        if !call.sending.keeps_body {
            *request.body_mut() = Vec::new();
            request.headers_mut().remove(CONTENT_TYPE);
            request.headers_mut().remove(CONTENT_LENGTH);
        }
    }
}

/// One call of an HTTP stack that the app brought itself, step by step: what is to be sent, and what comes of the answer.
///
/// Send what [`AppCall::sending`] says, with redirects turned off in the stack; hand each answer's head to
/// [`AppCall::answered`], and send again for as long as it says so. Token, nonce, refresh and redirects are settled here,
/// each of them so often and no more often than by [`Client::send`].
pub struct AppCall {
    client: Arc<Client>,
    method: Method,
    sending: Sending,
    wanted: RefreshOptions,
    token: Token,
    nonces: usize,
    refreshes: usize,
    redirects: usize,
}

/// What is to be sent.
#[derive(Clone, PartialEq, Eq)]
pub struct Sending {
    /// The method.
    pub method: String,
    /// The absolute URL.
    pub url: String,
    /// The headers that authorise this very sending, in the place of any of the same name.
    pub credentials: Vec<Header>,
    /// Whether the call's body goes along; false where a redirect made a `GET` of it.
    pub keeps_body: bool,
}

impl std::fmt::Debug for Sending {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sending")
            .field("method", &self.method)
            .field("url", &self.url)
            .finish_non_exhaustive()
    }
}

#[derive(PartialEq, Eq)]
enum Step {
    Deliver,
    SendAgain,
}

impl AppCall {
    /// Begins a call to a listed origin.
    pub(crate) async fn begin(client: Arc<Client>, method: &str, url: &str) -> Result<Self, Error> {
        let method = Method::from_bytes(method.as_bytes())
            .map_err(|_| not_http("the method is not an HTTP method"))?;
        Self::of(client, method, url).await
    }

    async fn of(client: Arc<Client>, method: Method, url: &str) -> Result<Self, Error> {
        let wanted = listed(&client, url)?;
        let sending = Sending {
            method: method.to_string(),
            url: url.to_owned(),
            credentials: Vec::new(),
            keeps_body: true,
        };
        let token = client.session.token_for(wanted.clone()).await?;
        let mut call = Self {
            client,
            method,
            sending,
            wanted,
            token,
            nonces: 1,
            refreshes: 1,
            redirects: MOST_REDIRECTS,
        };
        call.sign().await?;
        Ok(call)
    }

    /// What is to be sent now.
    pub fn sending(&self) -> &Sending {
        &self.sending
    }

    /// Judges an answer by its head. Whether to send again, as [`AppCall::sending`] says then; otherwise the answer is the
    /// app's. A step-up challenge is [`Error::StepUpNeeded`], a session that was locked meanwhile [`Error::Locked`].
    pub async fn answered(&mut self, status: u16, headers: &[Header]) -> Result<bool, Error> {
        let status =
            StatusCode::from_u16(status).map_err(|_| not_http("the status is not an HTTP status"))?;
        Ok(self.judge(status, &header_map(headers)?).await? == Step::SendAgain)
    }

    async fn judge(&mut self, status: StatusCode, headers: &HeaderMap) -> Result<Step, Error> {
        self.client.session.remember_nonce(&self.sending.url, headers);
        match refusal_of(status, headers) {
            Some(Refusal::DpopNonceNeeded { .. }) if self.nonces > 0 => {
                self.nonces -= 1;
                return self.sign().await;
            }
            Some(Refusal::InvalidToken) if self.refreshes > 0 => {
                self.refreshes -= 1;
                let (rejected, wanted) = (self.token.clone(), self.wanted.clone());
                self.token = self.client.session.token_for_instead_of(wanted, rejected).await?;
                return self.sign().await;
            }
            Some(Refusal::StepUp { acr_values, max_age_seconds }) => {
                return Err(step_up(acr_values, max_age_seconds));
            }
            _ => {}
        }
        let Some(target) = redirected(&self.method, &self.sending.url, status, headers)? else {
            return Ok(Step::Deliver);
        };
        if self.redirects == 0 {
            return Err(not_http("the server redirects it from page to page without an end"));
        }
        self.redirects -= 1;
        (self.nonces, self.refreshes) = (1, 1);
        // Elsewhere it leads to no call: whoever redirects must choose neither who gets the token nor what the app sends.
        self.wanted = listed(&self.client, &target.url)?;
        self.token = self.client.session.token_for(self.wanted.clone()).await?;
        if !target.keeps_method {
            self.method = Method::GET;
            self.sending.keeps_body = false;
        }
        self.sending.url = target.url;
        self.sending.method = self.method.to_string();
        self.sign().await
    }

    /// Credentials for the next sending.
    async fn sign(&mut self) -> Result<Step, Error> {
        self.sending.credentials =
            credentials(&self.client, &self.method, &self.sending.url, &self.token).await?;
        Ok(Step::SendAgain)
    }
}

impl std::fmt::Debug for AppCall {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AppCall").field("sending", &self.sending).finish_non_exhaustive()
    }
}

/// The `Authorization` header's value, for tokens that need nothing else.
pub(crate) async fn authorization(client: &Client, url: &str) -> Result<String, Error> {
    let wanted = listed(client, url)?;
    let token = client.session.token_for(wanted).await?;
    if token.is_bound() {
        return Err(Error::FixConfiguration {
            hint: "The token is bound to this device's key, so each request needs a proof beside it: call authorize \
                   with the whole request."
                .to_owned(),
        });
    }
    Ok(header_value(&token))
}

/// The headers for one sending of a request by another HTTP stack.
pub(crate) async fn authorize(client: &Client, request: &HttpRequest) -> Result<Vec<Header>, Error> {
    let request = prepared(request)?;
    let url = request.uri().to_string();
    let wanted = listed(client, &url)?;
    let token = client.session.token_for(wanted).await?;
    credentials(client, request.method(), &url, &token).await
}

/// The headers for sending it once more, where the response asks for that.
pub(crate) async fn authorize_again(
    client: &Client,
    sent: &HttpRequest,
    response: &HttpResponse,
) -> Result<Option<Vec<Header>>, Error> {
    let used = sent.headers.iter().find(|header| header.name.eq_ignore_ascii_case("authorization"));
    let used = used
        .and_then(|header| header.value.split_once(' '))
        .map(|(scheme, value)| Token { scheme: scheme.to_owned(), value: SecretText::new(value.to_owned()) });
    let request = prepared(sent)?;
    let wanted = listed(client, &sent.url)?;
    let response = to_response(response)?;
    client.session.remember_nonce(&sent.url, response.headers());
    let token = match (refusal_of(response.status(), response.headers()), used) {
        (Some(Refusal::InvalidToken), Some(used)) => {
            client.session.token_for_instead_of(wanted, used).await?
        }
        (Some(Refusal::DpopNonceNeeded { .. } | Refusal::InvalidToken), _) => {
            client.session.token_for(wanted).await?
        }
        (Some(Refusal::StepUp { acr_values, max_age_seconds }), _) => {
            return Err(step_up(acr_values, max_age_seconds));
        }
        _ => return Ok(None),
    };
    credentials(client, request.method(), &sent.url, &token).await.map(Some)
}

fn step_up(acr_values: Vec<String>, max_age_seconds: Option<u64>) -> Error {
    Error::StepUpNeeded {
        challenge: Challenge { acr_values, max_age_seconds },
        hint: "The server wants a stronger or more recent sign-in: call enter with the challenge, then call again."
            .to_owned(),
    }
}

fn header_value(token: &Token) -> String {
    format!("{} {}", token.scheme, token.value.expose())
}

async fn credentials(
    client: &Client,
    method: &Method,
    url: &str,
    token: &Token,
) -> Result<Vec<Header>, Error> {
    let header = |name: &str, value| Header { name: name.to_owned(), value };
    let mut headers = vec![header("authorization", header_value(token))];
    if token.is_bound() {
        headers.push(header("dpop", client.session.proof(method, url, token).await?));
    }
    Ok(headers)
}

/// Sends the request once, with credentials made for this sending.
async fn exchange(
    client: &Client,
    request: &Request<Vec<u8>>,
    credentials: &[Header],
) -> Result<Response<Vec<u8>>, Error> {
    let mut sent = request.clone();
    for Header { name, value } in credentials {
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| not_http("a credential's name"))?;
        let mut value =
            HeaderValue::from_str(value).map_err(|_| not_http("the access token is not a header value"))?;
        value.set_sensitive(true);
        sent.headers_mut().insert(name, value);
    }
    client.transport.send(sent).await.map_err(|error| Error::from(SessionError::from(error)))
}

/// A challenge that can't be read is the app's to see: it gets the response as it came.
fn refusal_of(status: StatusCode, headers: &HeaderMap) -> Option<Refusal> {
    let mut head = Response::new(());
    *head.status_mut() = status;
    *head.headers_mut() = headers.clone();
    refusal(&head).ok().flatten()
}

/// Where a redirect leads.
struct Target {
    url: String,
    keeps_method: bool,
}

/// What a redirect asks for (RFC 9110, section 15.4); nothing where the response is none.
fn redirected(
    method: &Method,
    url: &str,
    status: StatusCode,
    headers: &HeaderMap,
) -> Result<Option<Target>, Error> {
    let keeps_method = match status {
        StatusCode::TEMPORARY_REDIRECT | StatusCode::PERMANENT_REDIRECT => true,
        StatusCode::MOVED_PERMANENTLY | StatusCode::FOUND => *method != Method::POST,
        StatusCode::SEE_OTHER => *method == Method::HEAD,
        _ => return Ok(None),
    };
    let Some(location) = headers.get(LOCATION) else { return Ok(None) };
    let here = Url::parse(url).map_err(|_| not_http("the URL is not absolute"))?;
    let mut there = location
        .to_str()
        .ok()
        .and_then(|text| here.join(text).ok())
        .filter(|there| matches!(there.scheme(), "https" | "http"))
        .ok_or_else(|| not_http("the server redirects it to something that is no HTTP URL"))?;
    there.set_fragment(None);
    Ok(Some(Target { url: there.into(), keeps_method }))
}

/// Whether the token may go there, and which one.
fn listed(client: &Client, url: &str) -> Result<RefreshOptions, Error> {
    let parsed = Url::parse(url).map_err(|_| not_http("the URL is not absolute"))?;
    let origin = parsed.origin().ascii_serialization();
    let known = |listed: &String| Url::parse(listed).is_ok_and(|listed| listed.origin() == parsed.origin());
    if !parsed.has_host() || !client.config.api_origins.iter().any(known) {
        return Err(Error::FixConfiguration {
            hint: format!(
                "The access token is not sent to {origin}: add it to api_origins of the configuration, if it is yours."
            ),
        });
    }
    let provider = &client.config.provider;
    match parsed.scheme() {
        "https" => Ok(provider.protocol.token_for(&parsed, provider.kind)),
        "http" if provider.allow_loopback_http && is_loopback(&parsed) => {
            Ok(provider.protocol.token_for(&parsed, provider.kind))
        }
        _ => Err(Error::FixConfiguration {
            hint: format!(
                "The access token is not sent to {origin}: it goes over https only, or over http to this machine where \
                 allow_loopback_http is set. Correct it in api_origins."
            ),
        }),
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// The request without credentials; those an app put there are not used.
fn prepared(request: &HttpRequest) -> Result<Request<Vec<u8>>, Error> {
    if request.body.len() > MAX_BODY_BYTES {
        return Err(not_http("the body is longer than 16 MiB; send it in parts"));
    }
    let method = Method::from_bytes(request.method.as_bytes())
        .map_err(|_| not_http("the method is not an HTTP method"))?;
    let mut prepared = Request::new(request.body.clone());
    *prepared.method_mut() = method;
    *prepared.uri_mut() = request.url.parse().map_err(|_| not_http("the URL can't be used"))?;
    *prepared.headers_mut() = header_map(&request.headers)?;
    prepared.headers_mut().remove(AUTHORIZATION);
    prepared.headers_mut().remove("dpop");
    Ok(prepared)
}

fn to_response(response: &HttpResponse) -> Result<Response<Vec<u8>>, Error> {
    let mut read = Response::new(response.body.clone());
    *read.status_mut() =
        StatusCode::from_u16(response.status).map_err(|_| not_http("the status is not an HTTP status"))?;
    *read.headers_mut() = header_map(&response.headers)?;
    Ok(read)
}

fn header_map(headers: &[Header]) -> Result<HeaderMap, Error> {
    let mut map = HeaderMap::new();
    for header in headers {
        let name = HeaderName::from_bytes(header.name.as_bytes())
            .map_err(|_| not_http("a header name is not allowed in HTTP"))?;
        let value = HeaderValue::from_str(&header.value)
            .map_err(|_| not_http("a header value is not allowed in HTTP"))?;
        map.append(name, value);
    }
    Ok(map)
}

fn from_response(response: Response<Vec<u8>>) -> HttpResponse {
    let (parts, body) = response.into_parts();
    let headers = parts
        .headers
        .iter()
        .map(|(name, value)| Header {
            name: name.as_str().to_owned(),
            value: String::from_utf8_lossy(value.as_bytes()).into_owned(),
        })
        .collect();
    HttpResponse { status: parts.status.as_u16(), headers, body }
}

fn not_http(what: &str) -> Error {
    Error::FixConfiguration { hint: format!("The request can't be sent: {what}.") }
}
