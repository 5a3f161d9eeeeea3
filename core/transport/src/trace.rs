//! What went over the network, without anything secret in it.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::{Method, Response, StatusCode, Uri};

use crate::TransportError;

/// Follows every exchange, for a support screen or a log. Clones are the same follower.
#[derive(Clone)]
pub struct Trace(Arc<dyn Fn(&TraceLine) + Send + Sync>);

impl Trace {
    /// Calls `follow` after each exchange, on the thread that made it. It must not block.
    pub fn new(follow: impl Fn(&TraceLine) + Send + Sync + 'static) -> Self {
        Self(Arc::new(follow))
    }

    pub(crate) fn tell(&self, line: &TraceLine) {
        (self.0)(line);
    }
}

impl fmt::Debug for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Trace(..)")
    }
}

impl PartialEq for Trace {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for Trace {}

/// One exchange. It holds no query, no header and no body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TraceLine {
    /// The method.
    pub method: Method,
    /// The host, with its port where one is named.
    pub host: String,
    /// The path; a part that is no plain word of letters is `*`. An API that names people by such words in its paths is
    /// better not traced.
    pub path: String,
    /// The status, or what came instead.
    pub outcome: Result<StatusCode, TransportError>,
    /// How long it took.
    pub took: Duration,
}

impl TraceLine {
    pub(crate) fn new(
        method: Method,
        uri: &Uri,
        result: &Result<Response<Vec<u8>>, TransportError>,
        took: Duration,
    ) -> Self {
        let host = uri.host().unwrap_or_default();
        let host = uri.port_u16().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
        let path: Vec<&str> =
            uri.path().split('/').map(|part| if is_word(part) { part } else { "*" }).collect();
        let outcome = match result {
            Ok(response) => Ok(response.status()),
            Err(error) => Err(error.clone()),
        };
        Self { method, host, path: path.join("/"), outcome, took }
    }
}

/// A short word as endpoints have them; a version such as `v2` is one, a name with a number is none.
fn is_word(part: &str) -> bool {
    let version = part.strip_prefix('v').is_some_and(|rest| rest.len() == 1);
    let word = |byte: u8| byte.is_ascii_alphabetic() || matches!(byte, b'-' | b'_' | b'.');
    version || (part.len() <= 32 && part.bytes().all(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_shows_no_query_and_no_name() {
        let uri: Uri =
            "https://id.example.com:8443/realms/portal/users/4711/a%40b.example/v2/token?code=canary"
                .parse()
                .unwrap();
        let result = Err(TransportError::Offline);
        let line = TraceLine::new(Method::GET, &uri, &result, Duration::ZERO);
        assert_eq!(
            (line.host.as_str(), line.path.as_str()),
            ("id.example.com:8443", "/realms/portal/users/*/*/v2/token")
        );
        assert!(!format!("{line:?}").contains("canary"));
        assert_eq!(format!("{:?}", Trace::new(|_| ())), "Trace(..)");
    }
}
