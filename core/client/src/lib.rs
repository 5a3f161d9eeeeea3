//! The façade: open a client, enter a touchpoint, make authorised calls, see and change what was agreed to.
//!
//! **What it is.** The one room an app in Rust links, and the one that bindings wrap. It joins the policy's decisions
//! (`pforte-gate`), the session (`pforte-session`), the consent ledger and the journey's events.
//!
//! **What it promises.** [`Client::enter`] asks only what is missing, one thing at a time, in the policy's order, and
//! ends in [`Entry::Cleared`], [`Entry::Stopped`] or [`Entry::Abandoned`]. Errors are named by what the caller should
//! do ([`Error`]). Tokens stay inside unless the app asks for an authorisation header.
//!
//! **What it never does.** It parses no protocol, seals no file and knows no foreign language.

mod calls;
mod client;
mod config;
mod consent;
mod direct;
mod drive;
mod drives;
mod entry;
mod error;
mod facts;
mod http;
mod other_ways;
mod profile;
mod profile_writing;
mod protocol;
mod security;
mod track;

pub use calls::{AppCall, Sending};
pub use client::Client;
pub use config::{Config, ConsentService, Controller, LocaleTexts, PolicyFolder, Provider, ProviderKind};
pub use consent::{Consent, ConsentStatus, ErasureReport, ExportFormat, PurposeView};
pub use direct::DirectSignIn;
pub use entry::{Clearance, Entry, Resumed, ResumedEnd, Turn};
pub use error::{Challenge, Error};
pub use http::{Header, HttpRequest, HttpResponse};
pub use other_ways::OtherDeviceSignIn;
#[cfg(feature = "cases")]
pub use pforte_gate::cases::decide_case;
pub use pforte_host as host;
pub use pforte_journey::{Outcome, TouchpointEvent};
pub use pforte_oauth::Use;
pub use pforte_session::{
    ConfirmationChannel, DirectAnswer, DirectAsk, DirectRoute, Kept, OtherDevice, SocialProvider,
};
pub use pforte_session::{ProfileField, SignOutReport, Status, SyncReport, UnavailableCause};
pub use profile_writing::{ProfileWriter, ProfileWriterError};
pub use protocol::{Api, Pin, Protocol};
pub use security::{Security, SecurityView};
pub use track::{EventSink, SinkError, TrackedEvent};
