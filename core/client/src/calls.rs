//! An app's own calls: the token goes to listed origins and nowhere else.

use http::{HeaderName, HeaderValue, Method, Request, Response};
use pforte_oauth::challenge::{Refusal, refusal};
use pforte_session::Token;
use url::Url;

use crate::{Challenge, Client, Error, Header, HttpRequest, HttpResponse};

/// One call: at most one retry, after a refused token.
pub(crate) async fn send(client: &Client, request: HttpRequest) -> Result<HttpResponse, Error> {
    listed(client, &request.url)?;
    let token = client.session.token().await?;
    let response = exchange(client, &request, &token).await?;
    let (response, refused) = match refusal_of(&response) {
        Some(Refusal::InvalidToken) => {
            let token = client.session.token_instead_of(token).await?;
            let response = exchange(client, &request, &token).await?;
            let refused = refusal_of(&response);
            (response, refused)
        }
        refused => (response, refused),
    };
    if let Some(Refusal::StepUp { acr_values, max_age_seconds }) = refused {
        return Err(Error::StepUpNeeded {
            challenge: Challenge { acr_values, max_age_seconds },
            hint: "The server wants a stronger or more recent sign-in: call enter with the challenge, then call again."
                .to_owned(),
        });
    }
    Ok(from_response(response))
}

/// The `Authorization` header's value.
pub(crate) async fn authorization(client: &Client, url: &str) -> Result<String, Error> {
    listed(client, url)?;
    let token = client.session.token().await?;
    Ok(header_value(&token))
}

fn header_value(token: &Token) -> String {
    format!("{} {}", token.scheme, token.value.expose())
}

async fn exchange(client: &Client, request: &HttpRequest, token: &Token) -> Result<Response<Vec<u8>>, Error> {
    let mut prepared = to_request(request)?;
    let mut authorization = HeaderValue::from_str(&header_value(token))
        .map_err(|_| not_http("the access token is not a header value"))?;
    authorization.set_sensitive(true);
    prepared.headers_mut().insert(http::header::AUTHORIZATION, authorization);
    client.transport.send(prepared).await.map_err(|error| pforte_session::SessionError::from(error).into())
}

/// A challenge that can't be read is the app's to see: it gets the response as it came.
fn refusal_of(response: &Response<Vec<u8>>) -> Option<Refusal> {
    refusal(response).ok().flatten()
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

fn to_request(request: &HttpRequest) -> Result<Request<Vec<u8>>, Error> {
    let method = Method::from_bytes(request.method.as_bytes())
        .map_err(|_| not_http("the method is not an HTTP method"))?;
    let mut prepared = Request::new(request.body.clone());
    *prepared.method_mut() = method;
    *prepared.uri_mut() = request.url.parse().map_err(|_| not_http("the URL can't be used"))?;
    for header in &request.headers {
        let name = HeaderName::from_bytes(header.name.as_bytes())
            .map_err(|_| not_http("a header name is not allowed in HTTP"))?;
        let value = HeaderValue::from_str(&header.value)
            .map_err(|_| not_http("a header value is not allowed in HTTP"))?;
        prepared.headers_mut().append(name, value);
    }
    Ok(prepared)
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
