//! The client's values, declared for the generator.
//!
//! Each `remote` block repeats a type of the client so that UniFFI can read it; no second type comes of it. A field
//! that is added, renamed or removed in the client fails to compile here.

mod ask;
mod config;
mod consent;
mod device;
mod error;
mod http;
mod session;

pub use config::{auth0_provider, development_provider, oidc_provider};
pub(crate) use error::Error;
