//! The UniFFI surface: Pforte's client for Kotlin and Swift.
//!
//! **What it is.** The one library that Kotlin and Swift link. Values that cross are the client's own types, declared
//! here once more for the generator ([`values`]); ports are traits that Kotlin or Swift implement ([`ports`]); the one
//! object is [`PforteCore`], which owns the runtime on which all work happens.
//!
//! **What it promises.** Work leaves the calling thread and goes on when the caller is cancelled: a token rotation
//! under way is never cut off by a screen that went away. A panic arrives as an error. A port that throws something
//! undeclared arrives as that port's `Failed`. No lock is held while a port or an observer is called.
//!
//! **What it never does.** It decides nothing, parses nothing and stores nothing: there is no rule here. Tokens stay
//! inside unless the app asks for an authorisation header. Secret bytes cross in two ports only ([`ports::GateKey`],
//! [`ports::SecretStore`]); the copies that this room owns are wiped, the two that the generator's transport makes on
//! the way are freed without wiping, and the copy on the other side is the adapter's to wipe.
//!
//! **What it follows.** UniFFI 0.32; names that are keywords of neither Kotlin nor Swift; errors by what the caller
//! should do (`CoreError`).

uniffi::setup_scaffolding!();

/// What is freed is wiped, also by crates that know nothing of secrets: buffers of HTTP, JSON and text hold tokens, too.
#[global_allocator]
static WIPES_WHAT_IS_FREED: zeroizing_alloc::ZeroAlloc<std::alloc::System> =
    zeroizing_alloc::ZeroAlloc(std::alloc::System);

mod adapters;
#[cfg(target_os = "android")]
mod android;
mod app_calls;
mod caller;
mod core;
mod direct;
mod engine;
mod event_sink;
mod observer;
mod other_ways;
pub mod port_errors;
pub mod ports;
mod profile_writer;
mod security;
pub mod values;

pub use crate::caller::Caller;
pub use crate::core::PforteCore;
pub use app_calls::AppCallSteps;
pub use direct::{DirectAnswer, DirectRoute, DirectSteps};
pub use event_sink::{EventSink, EventSinkError};
pub use observer::{Observer, ObserverError};
pub use other_ways::OtherDeviceWait;
pub use profile_writer::{ProfileWriter, ProfileWriterError};
pub use security::accounts;

/// Decides a case of the gate that is written as JSON; the decision as canonical JSON. For tests: the answers of all three
/// languages are compared byte by byte.
#[cfg(feature = "cases")]
#[uniffi::export]
pub fn decide_case(json: String) -> String {
    pforte_client::decide_case(&json)
}

/// The library's version, such as `0.1.0`.
#[uniffi::export]
pub fn version() -> String {
    env!("CARGO_PKG_VERSION").to_owned()
}
