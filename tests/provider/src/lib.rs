//! A development identity provider with the portal's API, a consent receiver and a CRM receiver.
//!
//! **For development and tests only.** Every password is right, everybody may read the log, and it misbehaves on demand.
//!
//! **What it is.** One small HTTP server on this machine: an OpenID provider for public clients, and behind it the
//! hotel portal's API, a receiver for consent entries and one for CRM contacts. It keeps everything in memory.
//!
//! **What it promises.** Without misbehaviour it does what the specifications say. Its request log holds no port, no
//! time and no random value, so that two runs of the same client can be compared. Its clock moves when told to, so
//! that no test waits. Each misbehaviour changes exactly what its name says.
//!
//! **What it never does.** It never listens at an address that others can reach, never makes a request of its own,
//! never writes a file.
//!
//! **What it follows.** RFC 6749 and 6750 (OAuth 2.0), 7009 (revocation), 7636 (PKCE), 8252 (native apps), 8414 and
//! OIDC Discovery 1.0 (metadata), 8628 (device grant), 8693 (token exchange), 8707 (resource indicators), 9068 (JWT access tokens), 9126
//! (PAR), 9207 (`iss` in the redirect),
//! 9470 (step-up), 9700 (refresh token rotation), OIDC Core 1.0, OIDC RP-Initiated Logout 1.0.
//!
//! ```
//! use pforte_provider::{Act, Endpoint, Misbehaviour, Provider, Settings};
//!
//! # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
//! let settings = Settings { automatic: Some("alice".to_owned()), ..Settings::default() };
//! let running = Provider::start(settings).await.unwrap();
//! assert!(running.issuer().starts_with("http://127.0.0.1:"));
//!
//! let control = running.control();
//! control.misbehave(Misbehaviour::once(Endpoint::Token, Act::DropAfter)).unwrap();
//! control.advance_clock(7200);
//! assert!(control.log().is_empty());
//! running.stop().await;
//! # });
//! ```
//!
//! # Control over HTTP
//!
//! | Request | What it does |
//! |---|---|
//! | `GET /dev/log` | the [request log](LogEntry), a JSON array |
//! | `DELETE /dev/log` | forgets it |
//! | `POST /dev/clock` `{"advance_seconds": 7200}` | moves the clock |
//! | `POST /dev/misbehave` | one [`Misbehaviour`], or an array of them, added to those that are active |
//! | `DELETE /dev/misbehave` | ends all misbehaviour |
//! | `GET /dev/state` | the [state](StateReport) |
//! | `POST /dev/automatic` `{"person": "bob"}` | signs this person in from now on; `null` shows the page |
//! | `POST /dev/end_sessions` `{"person": "bob"}` | ends all sessions of a person, as an administrator would |
//! | `POST /dev/one_time_code` `{"person": "alice@example.com"}` | the code that was sent there, or that an authenticator shows |
//!
//! Requests under `/dev` are not logged. When several misbehaviours are active at an endpoint, they are done in the
//! order in which they were given.

mod authorize;
mod bearer;
mod browser;
mod clock;
mod consent;
mod control;
mod device;
mod discovery;
mod endpoint;
mod exchange;
mod id_token;
mod keys;
mod login_page;
mod misbehaviour;
mod par;
mod parameters;
mod portal;
mod proof;
mod random;
mod raw_object;
mod receivers;
mod request_log;
mod server;
mod sessions;
mod settings;
mod token;
mod userinfo;
mod vendor;
mod wire;
mod world;

pub use consent::{CONSENT_OPERATIONS, ConsentCall, ConsentReport};
pub use control::{Control, FamilyReport, StateReport, UnknownPerson};
pub use endpoint::Endpoint;
pub use misbehaviour::{
    Act, DEPTH_LIMIT, Edit, Edits, IdTokenSignature, KeyOffer, Misbehaviour, OVERSIZED_BODY_LIMIT,
    PAUSE_LIMIT_MILLIS, PublicKeyForm, Times, UnfitMisbehaviour,
};
pub use request_log::LogEntry;
pub use server::{Provider, Running, StartError};
pub use sessions::{Ending, Origin, Reuse};
pub use settings::{
    AccessTokenFormat, Offer, Person, RegisteredClient, Rotation, Settings, SigningAlgorithm,
};
