//! Sending one request.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use http::{Request, Response};

use crate::error::sort;
use crate::{Trace, TraceLine, TransportError, TransportSettings, tls};

/// Idle connections are closed soon: a phone that changed networks finds most of them dead.
const IDLE_TIMEOUT: Duration = Duration::from_secs(30);

/// Sends requests within limits. Cheap to clone; clones share their connections.
#[derive(Clone)]
pub struct Transport {
    connections: Arc<Connections>,
    allow_loopback_http: bool,
    max_body_bytes: usize,
    trace: Option<Trace>,
}

impl Transport {
    /// Prepares TLS and reads the platform's roots; connects to nobody.
    pub fn new(settings: TransportSettings) -> Result<Self, TransportError> {
        let connections = Arc::new(Connections {
            tls: tls::client_config(&settings)?,
            connect_timeout: settings.connect_timeout,
            total_timeout: settings.total_timeout,
            allow_loopback_http: settings.allow_loopback_http,
            in_use: Mutex::default(),
        });
        connections.client()?;
        Ok(Self {
            connections,
            allow_loopback_http: settings.allow_loopback_http,
            max_body_bytes: settings.max_body_bytes,
            trace: settings.trace,
        })
    }

    /// Lets go of every idle connection, and with them of the bytes of the last request that each still holds. Exchanges
    /// under way come to their end.
    pub fn forget_connections(&self) {
        drop(self.connections.in_use.lock().unwrap_or_else(PoisonError::into_inner).take());
    }

    /// The same connections and trust with another cap on body bytes.
    #[must_use]
    pub fn with_max_body_bytes(&self, max_body_bytes: usize) -> Self {
        Self { max_body_bytes, ..self.clone() }
    }

    /// Sends `request` once and reads the whole response. Any status is a response, redirects and errors, too.
    ///
    /// Runs on a tokio runtime with I/O and time enabled.
    pub async fn send(&self, request: Request<Vec<u8>>) -> Result<Response<Vec<u8>>, TransportError> {
        let Some(trace) = &self.trace else { return self.exchange(request).await };
        let (method, uri, began) = (request.method().clone(), request.uri().clone(), Instant::now());
        let result = self.exchange(request).await;
        trace.tell(&TraceLine::new(method, &uri, &result, began.elapsed()));
        result
    }

    async fn exchange(&self, request: Request<Vec<u8>>) -> Result<Response<Vec<u8>>, TransportError> {
        self.check(&request)?;
        let request = reqwest::Request::try_from(request).map_err(|error| sort(&error))?;
        let mut response = self.connections.client()?.execute(request).await.map_err(|error| sort(&error))?;

        let too_large = TransportError::TooLarge { limit: self.max_body_bytes };
        let announced = response.content_length().unwrap_or(0);
        if usize::try_from(announced).map_or(true, |length| length > self.max_body_bytes) {
            return Err(too_large);
        }
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| after_headers(&error))? {
            if chunk.len() > self.max_body_bytes.saturating_sub(body.len()) {
                return Err(too_large);
            }
            body.extend_from_slice(&chunk);
        }

        let mut whole = Response::new(body);
        *whole.status_mut() = response.status();
        *whole.version_mut() = response.version();
        *whole.headers_mut() = std::mem::take(response.headers_mut());
        Ok(whole)
    }

    fn check(&self, request: &Request<Vec<u8>>) -> Result<(), TransportError> {
        let uri = request.uri();
        let host = uri.host().ok_or(TransportError::NotAllowed { why: "the URL must be absolute" })?;
        if uri.authority().is_some_and(|authority| authority.as_str().contains('@')) {
            return Err(TransportError::NotAllowed { why: "the URL must not carry a user name or password" });
        }
        match uri.scheme_str() {
            Some("https") => Ok(()),
            Some("http") if is_loopback(host) && self.allow_loopback_http => Ok(()),
            Some("http") if is_loopback(host) => Err(TransportError::NotAllowed {
                why: "http to this machine is for development; set allow_loopback_http to allow it",
            }),
            _ => Err(TransportError::NotAllowed { why: "only https is allowed; use an https URL" }),
        }
    }
}

/// The connections in use; made anew when they are needed after they were let go of.
struct Connections {
    tls: rustls::ClientConfig,
    connect_timeout: Duration,
    total_timeout: Duration,
    allow_loopback_http: bool,
    in_use: Mutex<Option<reqwest::Client>>,
}

impl Connections {
    fn client(&self) -> Result<reqwest::Client, TransportError> {
        let mut in_use = self.in_use.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = &*in_use {
            return Ok(client.clone());
        }
        let mut builder = reqwest::Client::builder()
            .tls_backend_preconfigured(self.tls.clone())
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .no_proxy()
            .referer(false)
            .https_only(!self.allow_loopback_http)
            .connect_timeout(self.connect_timeout)
            .timeout(self.total_timeout)
            .pool_idle_timeout(IDLE_TIMEOUT);
        if self.allow_loopback_http {
            // No resolver may send `localhost` to another machine (RFC 6761, section 6.3).
            let loopback = [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)]
                .map(|ip| SocketAddr::new(ip, 0));
            builder = builder.resolve_to_addrs("localhost", &loopback);
        }
        let client = builder.build().map_err(|error| sort(&error))?;
        *in_use = Some(client.clone());
        Ok(client)
    }
}

impl fmt::Debug for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transport")
            .field("allow_loopback_http", &self.allow_loopback_http)
            .field("max_body_bytes", &self.max_body_bytes)
            .finish_non_exhaustive()
    }
}

/// After the headers came, every trouble means that the request had arrived.
fn after_headers(error: &reqwest::Error) -> TransportError {
    if error.is_timeout() {
        TransportError::TimedOut { may_have_arrived: true }
    } else {
        TransportError::Interrupted
    }
}

fn is_loopback(host: &str) -> bool {
    let bare = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host);
    bare.eq_ignore_ascii_case("localhost") || bare.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}
