//! The provider, seen from a client: what it does right, and what it does wrong when told to.
#![allow(clippy::unwrap_used, reason = "these are tests, their helpers included")]

mod app;
mod control;
mod misbehaviour;
mod portal;
mod program;
mod refresh;
mod sign_in;
mod strict;
