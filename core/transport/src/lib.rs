//! The one user of HTTP and TLS.
//!
//! **What it is.** [`Transport::send`] takes an [`http::Request`] and gives an [`http::Response`]; nothing else.
//!
//! **What it promises.** TLS by rustls with aws-lc-rs as its explicit provider, X25519MLKEM768 preferred, certificates
//! judged by the platform's verifier and, where set, by [`Pin`]s with a backup. One connect deadline, one deadline for
//! the whole exchange, one cap on body bytes, enforced while reading. A [`TransportError`] says what to do and whether
//! the request may have arrived.
//!
//! **What it never does.** No redirects followed, no retries, no cookies, no proxies from the environment, no
//! decompression, no plain `http` except to this machine where that was allowed. It never shows a URL's query, a header
//! or a body in an error or a `Debug`, and never looks at what it carries.
//!
//! **What it follows.** RFC 9110 to 9113 (HTTP), RFC 8446 (TLS 1.3), RFC 7469, section 2.4 (what a pin is).
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use pforte_transport::{Transport, TransportSettings};
//!
//! let transport = Transport::new(TransportSettings::default())?;
//! let request = http::Request::get("https://id.example.com/.well-known/openid-configuration").body(Vec::new())?;
//! let response = transport.send(request).await?;
//! assert!(response.body().len() <= 1024 * 1024);
//! # Ok(()) }
//! ```

mod error;
mod settings;
mod tls;
mod trace;
mod transport;

pub use error::{TlsFailure, TransportError};
pub use settings::{Pin, TransportSettings};
pub use trace::{Trace, TraceLine};
pub use transport::Transport;
