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

use http::header::{AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, LOCATION};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode};
use pforte_host::SecretText;
use pforte_oauth::challenge::{Refusal, refusal};
use pforte_session::{SessionError, Token};
use url::Url;

use crate::{Challenge, Client, Error, Header, HttpRequest, HttpResponse};

/// The longest body of a request or a response, in bytes.
pub(crate) const MAX_BODY_BYTES: usize = 16 * 1024 * 1024;

/// The most redirects of one call.
const MOST_REDIRECTS: usize = 5;

/// One call, with its retries and redirects.
pub(crate) async fn send(client: &Client, request: HttpRequest) -> Result<HttpResponse, Error> {
    let mut request = prepared(&request)?;
    let mut token = listed_token(client, request.uri()).await?;
    let (mut nonces, mut refreshes, mut redirects) = (1, 1, MOST_REDIRECTS);
    loop {
        let response = exchange(client, &request, &token).await?;
        match refusal_of(&response) {
            Some(Refusal::DpopNonceNeeded { .. }) if nonces > 0 => nonces -= 1,
            Some(Refusal::InvalidToken) if refreshes > 0 => {
                refreshes -= 1;
                token = client.session.token_instead_of(token).await?;
            }
            Some(Refusal::StepUp { acr_values, max_age_seconds }) => {
                return Err(step_up(acr_values, max_age_seconds));
            }
            _ => match redirected(&request, &response)? {
                None => return Ok(from_response(response)),
                Some(_) if redirects == 0 => {
                    return Err(not_http("the server redirects it from page to page without an end"));
                }
                Some(next) => {
                    redirects -= 1;
                    (nonces, refreshes) = (1, 1);
                    request = next;
                    token = listed_token(client, request.uri()).await?;
                }
            },
        }
    }
}

/// The `Authorization` header's value, for tokens that need nothing else.
pub(crate) async fn authorization(client: &Client, url: &str) -> Result<String, Error> {
    listed(client, url)?;
    let token = client.session.token().await?;
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
    let token = listed_token(client, request.uri()).await?;
    credentials(client, &request, &token).await
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
    listed(client, &sent.url)?;
    let response = to_response(response)?;
    client.session.remember_nonce(&sent.url, response.headers());
    let token = match (refusal_of(&response), used) {
        (Some(Refusal::DpopNonceNeeded { .. }), _) => client.session.token().await?,
        (Some(Refusal::InvalidToken), Some(used)) => client.session.token_instead_of(used).await?,
        (Some(Refusal::InvalidToken), None) => client.session.token().await?,
        (Some(Refusal::StepUp { acr_values, max_age_seconds }), _) => {
            return Err(step_up(acr_values, max_age_seconds));
        }
        _ => return Ok(None),
    };
    credentials(client, &request, &token).await.map(Some)
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
    request: &Request<Vec<u8>>,
    token: &Token,
) -> Result<Vec<Header>, Error> {
    let header = |name: &str, value| Header { name: name.to_owned(), value };
    let mut headers = vec![header("authorization", header_value(token))];
    if token.is_bound() {
        let url = request.uri().to_string();
        headers.push(header("dpop", client.session.proof(request.method(), &url, token).await?));
    }
    Ok(headers)
}

/// Sends the request once, with credentials made for this sending, and keeps the nonce that comes back.
async fn exchange(
    client: &Client,
    request: &Request<Vec<u8>>,
    token: &Token,
) -> Result<Response<Vec<u8>>, Error> {
    let mut sent = request.clone();
    for Header { name, value } in credentials(client, request, token).await? {
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| not_http("a credential's name"))?;
        let mut value =
            HeaderValue::from_str(&value).map_err(|_| not_http("the access token is not a header value"))?;
        value.set_sensitive(true);
        sent.headers_mut().insert(name, value);
    }
    let response =
        client.transport.send(sent).await.map_err(|error| Error::from(SessionError::from(error)))?;
    client.session.remember_nonce(&request.uri().to_string(), response.headers());
    Ok(response)
}

/// A challenge that can't be read is the app's to see: it gets the response as it came.
fn refusal_of(response: &Response<Vec<u8>>) -> Option<Refusal> {
    refusal(response).ok().flatten()
}

/// The request a redirect asks for (RFC 9110, section 15.4); nothing where the response is none.
fn redirected(
    request: &Request<Vec<u8>>,
    response: &Response<Vec<u8>>,
) -> Result<Option<Request<Vec<u8>>>, Error> {
    let keeps_method = match response.status() {
        StatusCode::TEMPORARY_REDIRECT | StatusCode::PERMANENT_REDIRECT => true,
        StatusCode::MOVED_PERMANENTLY | StatusCode::FOUND => *request.method() != Method::POST,
        StatusCode::SEE_OTHER => *request.method() == Method::HEAD,
        _ => return Ok(None),
    };
    let Some(location) = response.headers().get(LOCATION) else { return Ok(None) };
    let here = Url::parse(&request.uri().to_string()).map_err(|_| not_http("the URL is not absolute"))?;
    let mut there = location
        .to_str()
        .ok()
        .and_then(|text| here.join(text).ok())
        .ok_or_else(|| not_http("the server redirects it to something that is no URL"))?;
    there.set_fragment(None);
    let mut next = request.clone();
    *next.uri_mut() = there
        .as_str()
        .parse()
        .map_err(|_| not_http("the server redirects it to something that is no URL"))?;
    if !keeps_method {
        *next.method_mut() = Method::GET;
        *next.body_mut() = Vec::new();
        next.headers_mut().remove(CONTENT_TYPE);
        next.headers_mut().remove(CONTENT_LENGTH);
    }
    Ok(Some(next))
}

async fn listed_token(client: &Client, uri: &http::Uri) -> Result<Token, Error> {
    listed(client, &uri.to_string())?;
    Ok(client.session.token().await?)
}

fn listed(client: &Client, url: &str) -> Result<(), Error> {
    let parsed = Url::parse(url).map_err(|_| not_http("the URL is not absolute"))?;
    let origin = parsed.origin().ascii_serialization();
    let known = |listed: &String| Url::parse(listed).is_ok_and(|listed| listed.origin() == parsed.origin());
    if parsed.has_host() && client.config.api_origins.iter().any(known) {
        return Ok(());
    }
    Err(Error::FixConfiguration {
        hint: format!(
            "The access token is not sent to {origin}: add it to api_origins of the configuration, if it is yours."
        ),
    })
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
