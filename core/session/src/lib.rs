//! One account's session: sign-in, lock, refresh, sign-out, the profile, and the stored consent ledger.
//!
//! **What it is.** The room that joins the protocol (`pforte-oauth`), the network (`pforte-transport`), the sealed
//! files (`pforte-vault`) and the ledger (`pforte-consent`) behind the host's ports.
//!
//! **What it promises.** A rotated refresh token is sealed before anybody sees or judges it. However many callers find
//! the access token expired, one refresh is sent. A caller that goes away ends its waiting and nothing else. No gated
//! byte is in memory unless the lock says so ([`lock`]), and it locks by itself where its rules say so. Trouble with the
//! network never signs anybody out; a storage that does not answer yet, a lost key and a damaged file are states of their
//! own, never "signed out". Several accounts know nothing of each other ([`Accounts`]).
//!
//! **What it never does.** It decides nothing about touchpoints, shows no screen but the host's own prompts, and knows
//! no foreign language.
//!
//! **What it follows.** RFC 6749 and OpenID Connect Core by way of `pforte-oauth`; sections 5 to 9 of the design are
//! summed up as invariants in ARCHITECTURE.md.

mod accounts;
mod consent_book;
mod consent_ledger;
mod consent_sync;
mod content;
mod context;
mod direct;
mod error;
mod gate;
mod keeper;
mod lease;
pub mod lock;
mod logout;
#[cfg(test)]
mod model;
mod other_ways;
mod provider;
mod random;
mod refresh;
mod session;
mod sign_in;
mod status;
mod transitions;

pub use accounts::{Accounts, accounts_in};
pub use consent_ledger::Erased;
pub use consent_sync::{AuthorisedSend, ConsentService, SyncReport};
pub use context::SessionSettings;
pub use direct::{ConfirmationChannel, DirectAnswer, DirectAsk, DirectRoute, DirectSignIn, SocialProvider};
pub use error::SessionError;
pub use other_ways::{OtherDevice, OtherDeviceAnswer};
pub use session::{Kept, PurposeStanding, Session, SessionView, Token};
pub use sign_in::TakenUp;
pub use status::{ProfileField, SignOutReport, Status, UnavailableCause};
