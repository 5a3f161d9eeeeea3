//! Errors, told apart by what the caller should do.

use std::error::Error;

use rustls::CertificateError;

use crate::tls::{NoPlatformVerifier, PinMismatch};

/// Why there is no response. Holds no URL, header or body.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TransportError {
    /// No connection: no network, no such host, or nobody answers. Nothing was sent; try again later.
    #[error("no connection to the server; try again when the network is back")]
    Offline,
    /// A deadline passed; try again later.
    #[error("the server took too long; try again later")]
    TimedOut {
        /// Whether the connection was there, so that the server may have acted on the request.
        may_have_arrived: bool,
    },
    /// The connection broke after the request was under way. The server may have acted on it.
    #[error(
        "the connection broke before the whole response was here; the server may have acted on the request"
    )]
    Interrupted,
    /// The server could not prove who it is. Nothing was sent.
    #[error("no trusted connection to the server: {why}")]
    Tls {
        /// What was wrong.
        why: TlsFailure,
    },
    /// The body is longer than the limit; reading was stopped.
    #[error("the response is longer than {limit} bytes and was not read")]
    TooLarge {
        /// The limit, in bytes.
        limit: usize,
    },
    /// The request, or a setting, is not allowed. Nothing was sent.
    #[error("not allowed: {why}")]
    NotAllowed {
        /// Which rule, and what to change.
        why: &'static str,
    },
}

impl TransportError {
    /// Whether the server may have acted on the request: then a refresh token in it may be spent.
    pub fn may_have_arrived(&self) -> bool {
        matches!(self, Self::TimedOut { may_have_arrived: true } | Self::Interrupted | Self::TooLarge { .. })
    }
}

/// Why a server's proof of itself was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TlsFailure {
    /// Nobody this device trusts has signed the certificate; self-signed ones are among these.
    #[error("its certificate is not signed by anyone this device trusts")]
    UnknownIssuer,
    /// The certificate is another host's.
    #[error("its certificate belongs to another host")]
    WrongHost,
    /// The certificate has expired or is not valid yet. Check the device's date, too.
    #[error("its certificate is not valid at this time; check the device's date, too")]
    Expired,
    /// The issuer took the certificate back.
    #[error("its certificate was revoked")]
    Revoked,
    /// The host shows neither the pinned key nor the backup.
    #[error(
        "it shows neither the pinned key nor the backup; pin the key it uses now, or stop what is in between"
    )]
    PinMismatch,
    /// The platform's verifier is not there. On Android it must be initialised with the app's context first.
    #[error(
        "the platform's certificate verifier is not there; on Android, initialise it with the app's context"
    )]
    NoVerifier,
    /// No common ground on version, cipher or key exchange, or a broken handshake.
    #[error("the handshake failed")]
    Handshake,
}

/// Sorts a client error; the error itself is dropped, because it holds the URL.
pub(crate) fn sort(error: &reqwest::Error) -> TransportError {
    if let Some(why) = tls_failure(error) {
        return TransportError::Tls { why };
    }
    if error.is_timeout() {
        return TransportError::TimedOut { may_have_arrived: !error.is_connect() };
    }
    if error.is_connect() {
        return TransportError::Offline;
    }
    if error.is_builder() {
        return TransportError::NotAllowed {
            why: "the request is not valid HTTP; check its URL and headers",
        };
    }
    TransportError::Interrupted
}

/// Looks for a TLS error among the causes. `io::Error` hides its own cause from `source()`, so it is opened by hand.
fn tls_failure(error: &reqwest::Error) -> Option<TlsFailure> {
    let mut cause: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(current) = cause {
        if let Some(tls) = current.downcast_ref::<rustls::Error>() {
            return Some(name_of(tls));
        }
        cause = match current.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref) {
            Some(inner) => Some(inner),
            None => current.source(),
        };
    }
    None
}

fn name_of(error: &rustls::Error) -> TlsFailure {
    let rustls::Error::InvalidCertificate(certificate) = error else {
        return TlsFailure::Handshake;
    };
    match certificate {
        CertificateError::UnknownIssuer => TlsFailure::UnknownIssuer,
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            TlsFailure::WrongHost
        }
        CertificateError::Expired
        | CertificateError::ExpiredContext { .. }
        | CertificateError::NotValidYet
        | CertificateError::NotValidYetContext { .. } => TlsFailure::Expired,
        CertificateError::Revoked => TlsFailure::Revoked,
        CertificateError::Other(other) if other.0.is::<PinMismatch>() => TlsFailure::PinMismatch,
        CertificateError::Other(other) if other.0.is::<NoPlatformVerifier>() => TlsFailure::NoVerifier,
        CertificateError::Other(other) if other.0.to_string().contains("CaUsedAsEndEntity") => {
            TlsFailure::UnknownIssuer
        }
        _ => TlsFailure::Handshake,
    }
}
