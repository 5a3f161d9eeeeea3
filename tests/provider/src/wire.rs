//! One request and its response, with what can go wrong on the way.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::http::header::{AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, DATE, HOST, LOCATION};
use axum::http::{HeaderName, HeaderValue, Request, Response, StatusCode};
use axum::response::IntoResponse;
use futures_util::stream;
use hyper::body::Incoming;
use serde_json::{Value, json};
use tower_service::Service as _;

use crate::clock::http_date;
use crate::endpoint::Endpoint;
use crate::misbehaviour::Act;
use crate::parameters::Parameters;
use crate::raw_object::RawObject;
use crate::world::World;

/// The longest request body.
const REQUEST_LIMIT: usize = 1024 * 1024;

/// A header of this server's own: the method and the path of the request.
pub(crate) const REQUEST_LINE: &str = "x-request-line";

/// The acts that are due at this request, for the endpoint's own use.
#[derive(Debug, Clone, Default)]
pub(crate) struct DueActs(pub Arc<[Act]>);

/// The connection is to end without an answer.
#[derive(Debug, thiserror::Error)]
#[error("the answer is dropped on purpose")]
pub(crate) struct Dropped;

pub(crate) async fn answer(
    world: Arc<World>,
    mut router: Router,
    request: Request<Incoming>,
) -> Result<Response<Body>, Dropped> {
    let (mut parts, body) = request.into_parts();
    if !is_local(parts.headers.get(HOST)) {
        // A page of another origin whose name was made to resolve to this machine.
        return Ok((StatusCode::MISDIRECTED_REQUEST, "only loopback names are served").into_response());
    }
    let Ok(body) = to_bytes(Body::new(body), REQUEST_LIMIT).await else {
        return Ok(StatusCode::PAYLOAD_TOO_LARGE.into_response());
    };
    let path = parts.uri.path().to_owned();
    // For whoever checks a proof: what was asked, whatever the client sent under this name.
    if let Ok(line) = HeaderValue::from_str(&format!("{} {path}", parts.method)) {
        parts.headers.insert(REQUEST_LINE, line);
    }
    let ticket = (!path.starts_with("/dev/")).then(|| {
        let query = Parameters::parse(parts.uri.query().unwrap_or_default());
        let auth = parts.headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
        let form = if is_form(parts.headers.get(CONTENT_TYPE)) { form(&body) } else { Parameters::default() };
        world.state().log.open(parts.method.as_str(), &path, &query, &form, auth)
    });
    let acts: Arc<[Act]> = Endpoint::of_path(&path).map(|on| world.take_acts(on)).unwrap_or_default().into();
    parts.extensions.insert(DueActs(acts.clone()));

    let mut response = match before(&acts).await? {
        Some(replaced) => replaced,
        None => match router.call(Request::from_parts(parts, Body::from(body))).await {
            Ok(response) => response,
            Err(never) => match never {},
        },
    };
    if let Ok(date) = HeaderValue::from_str(&http_date(world.clock.now())) {
        response.headers_mut().insert(DATE, date);
    }
    let response = if acts.is_empty() { response } else { after(&acts, response).await? };
    if let Some(ticket) = ticket {
        world.state().log.close(ticket, response.status().as_u16());
    }
    Ok(response)
}

/// Reads a form body.
pub(crate) fn form(body: &[u8]) -> Parameters {
    Parameters::parse(&String::from_utf8_lossy(body))
}

/// Whether a body is a form (RFC 6749, appendix B).
pub(crate) fn is_form(content_type: Option<&HeaderValue>) -> bool {
    let text = content_type.and_then(|value| value.to_str().ok()).unwrap_or_default();
    let media_type = text.split(';').next().unwrap_or_default().trim();
    media_type.eq_ignore_ascii_case("application/x-www-form-urlencoded")
}

fn is_local(host: Option<&HeaderValue>) -> bool {
    let host = host.and_then(|value| value.to_str().ok()).unwrap_or_default();
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    matches!(name, "127.0.0.1" | "localhost" | "[::1]")
}

/// What happens before the request is processed, and what may take the place of processing it.
async fn before(acts: &[Act]) -> Result<Option<Response<Body>>, Dropped> {
    let mut replaced = None;
    for act in acts {
        match act {
            Act::DropBefore => return Err(Dropped),
            Act::Delay { millis, processed: false } => {
                tokio::time::sleep(Duration::from_millis(*millis)).await
            }
            Act::Status { code, body, content_type, processed: false } => {
                replaced = Some(fixed(*code, body, content_type));
            }
            Act::Redirect { code, location } => {
                let mut response = fixed(*code, "", "text/plain");
                if let Ok(location) = HeaderValue::from_str(location) {
                    response.headers_mut().insert(LOCATION, location);
                }
                replaced = Some(response);
            }
            _ => {}
        }
    }
    Ok(replaced)
}

/// What happens to the response.
async fn after(acts: &[Act], response: Response<Body>) -> Result<Response<Body>, Dropped> {
    let (mut parts, body) = response.into_parts();
    let mut body = to_bytes(body, usize::MAX).await.map_err(|_| Dropped)?;
    let mut manner = Manner::default();
    for act in acts {
        match act {
            Act::DropAfter => return Err(Dropped),
            Act::Delay { millis, processed: true } => {
                tokio::time::sleep(Duration::from_millis(*millis)).await
            }
            Act::Status { code, body: text, content_type, processed: true } => {
                let date = parts.headers.remove(DATE);
                (parts, _) = fixed(*code, "", content_type).into_parts();
                parts.headers.extend(date.map(|date| (DATE, date)));
                body = Bytes::from(text.clone());
            }
            Act::Header { name, value } => set_header(&mut parts.headers, name, value.as_deref()),
            Act::OversizedBody { bytes } => manner.padding = *bytes,
            Act::SlowBody { chunk_bytes, pause_millis } => {
                manner.chunk_bytes = *chunk_bytes;
                manner.pause = Duration::from_millis(*pause_millis);
            }
            act => body = edited(act, body),
        }
    }
    parts.headers.remove(CONTENT_LENGTH);
    Ok(Response::from_parts(parts, manner.send(body)))
}

/// The acts that change a JSON object; a body that is none stays as it is.
fn edited(act: &Act, body: Bytes) -> Bytes {
    let Some(mut object) = RawObject::parse(&body) else { return body };
    match act {
        Act::Members(edits) => object.edit(edits),
        Act::DuplicateMember { name, value } => object.push_last(name, value.to_string()),
        Act::DeepJson { depth } => {
            let depth = usize::try_from(*depth).unwrap_or_default();
            object.push_first("deep", "[".repeat(depth) + &"]".repeat(depth));
        }
        Act::HttpEndpoints { host } => {
            let Ok(metadata) = serde_json::from_slice::<Value>(&body) else { return body };
            for (name, value) in metadata.as_object().into_iter().flatten() {
                let address = value.as_str().and_then(|value| url::Url::parse(value).ok());
                if let Some(address) = address.filter(|_| name.ends_with("_endpoint") || name == "jwks_uri") {
                    object.set(name, json!(format!("http://{host}{}", address.path())).to_string());
                }
            }
        }
        Act::KeysOnly { kids } => {
            let Ok(Value::Object(set)) = serde_json::from_slice(&body) else { return body };
            let keys = set.get("keys").and_then(Value::as_array).into_iter().flatten();
            let kept: Vec<&Value> = keys
                .filter(|key| kids.iter().any(|kid| key.get("kid").is_some_and(|value| value == kid)))
                .collect();
            object.set("keys", json!(kept).to_string());
        }
        _ => return body,
    }
    Bytes::from(object.to_text())
}

fn fixed(code: u16, body: &str, content_type: &str) -> Response<Body> {
    let mut response = Response::new(Body::from(body.to_owned()));
    *response.status_mut() = StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    set_header(response.headers_mut(), "content-type", Some(content_type));
    response
}

fn set_header(headers: &mut axum::http::HeaderMap, name: &str, value: Option<&str>) {
    let Ok(name) = HeaderName::from_bytes(name.as_bytes()) else { return };
    match value.map(HeaderValue::from_str) {
        None => {
            headers.remove(name);
        }
        Some(Ok(value)) => {
            headers.insert(name, value);
        }
        Some(Err(_)) => {}
    }
}

/// How a body is sent.
#[derive(Debug, Clone, Copy, Default)]
struct Manner {
    /// Spaces to send after it.
    padding: u64,
    /// 0: as it comes.
    chunk_bytes: usize,
    pause: Duration,
}

impl Manner {
    fn send(self, body: Bytes) -> Body {
        if self.padding == 0 && self.chunk_bytes == 0 {
            return Body::from(body);
        }
        Body::from_stream(stream::unfold((body, self.padding), move |(mut rest, mut padding)| async move {
            const SPACES: &[u8] = &[b' '; 64 * 1024];
            tokio::time::sleep(self.pause).await;
            let most = if self.chunk_bytes == 0 { SPACES.len() } else { self.chunk_bytes };
            let chunk = if rest.is_empty() {
                let bytes = padding.min(most.min(SPACES.len()) as u64);
                padding -= bytes;
                Bytes::from_static(SPACES.get(..bytes as usize).unwrap_or_default())
            } else {
                rest.split_to(most.min(rest.len()))
            };
            (!chunk.is_empty()).then_some((Ok::<_, Dropped>(chunk), (rest, padding)))
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_loopback_names_are_served() {
        for (host, local) in [
            ("127.0.0.1:80", true),
            ("localhost:80", true),
            ("[::1]:80", true),
            ("localhost", true),
            ("evil.example:80", false),
            ("127.0.0.1.evil.example", false),
            ("", false),
        ] {
            assert_eq!(is_local(Some(&HeaderValue::from_static(host))), local, "{host}");
        }
        assert!(!is_local(None));
    }
}
