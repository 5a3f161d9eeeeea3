//! Limits and trust.

use std::time::Duration;

use crate::Trace;

/// The limits of every exchange, and whom to trust. The defaults are right for an app.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TransportSettings {
    /// How long a connection may take, TLS included.
    pub connect_timeout: Duration,
    /// How long a whole exchange may take, from sending to the last byte of the body.
    pub total_timeout: Duration,
    /// The longest body that is read, in bytes. Reading stops there.
    pub max_body_bytes: usize,
    /// Whether `http://127.0.0.1`, `http://[::1]` and `http://localhost` are allowed. For development only.
    pub allow_loopback_http: bool,
    /// Further root certificates (DER), for development and tests. Android takes none: add them to the app's
    /// network security configuration there.
    pub extra_roots: Vec<Vec<u8>>,
    /// Keys that hosts must show. A host without a pin is judged by its certificate alone.
    pub pins: Vec<Pin>,
    /// Follows every exchange, without anything secret in it.
    pub trace: Option<Trace>,
}

impl Default for TransportSettings {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(10),
            total_timeout: Duration::from_secs(30),
            max_body_bytes: 1024 * 1024,
            allow_loopback_http: false,
            extra_roots: Vec::new(),
            pins: Vec::new(),
            trace: None,
        }
    }
}

/// The keys a host may show in its own certificate, each as the SHA-256 of its SubjectPublicKeyInfo
/// (RFC 7469, section 2.4).
///
/// The host's own key is compared, not those of its issuers: further certificates a server sends are not proven to be
/// part of the chain. The backup is not optional: make its key before you pin, and keep it away from the server, so
/// that the server's key can be replaced without a new version of the app.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pin {
    /// The host name, in lower case, without a port.
    pub host: String,
    /// The key in use.
    pub current: [u8; 32],
    /// The key that will follow it.
    pub backup: [u8; 32],
}
