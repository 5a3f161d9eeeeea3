//! The protocol steps of `pforte-oauth` against other people's identity servers, over `pforte-transport`.
//!
//! **What it is.** [`Driver`] runs the steps as an app would: discovery, sign-in through a [`Browser`] that fills forms
//! in, tokens, refresh, logout. [`features`] asks a provider for one feature after the other, and [`Table`] says what
//! came of it.
//!
//! **What it promises.** A cell of the table is computed from what was seen: `yes`, `no` with the server's own reason,
//! or `not offered` by the provider's metadata. Nothing is assumed.
//!
//! **What it never does.** It reaches nothing but this machine, and keeps no secret: every password and key in it is a
//! test's.

mod browser;
mod driver;
pub mod features;
mod html;
mod one_time_code;
mod table;

pub use browser::{Browser, BrowserError, Ended};
pub use driver::{Driver, Miss, SignedIn, Target};
pub use table::{Cell, Table};
