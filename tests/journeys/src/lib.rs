//! The journey through the whole client (`JOURNEY.md`), with ports written in Rust against the development provider.
//!
//! **What it is.** [`World`] is a fresh provider and a fresh device; [`walk`] is the journey's steps.
//!
//! **What it promises.** A step that does not come out as the journey has it is an error that names the step.
//!
//! **What it never does.** It reaches nothing but this machine.

mod cookie_browser;
mod other_library;
pub mod portal;
mod search;
mod surroundings;
mod walk;
mod world;

pub use cookie_browser::CookieBrowser;
pub use other_library::OtherLibrary;
pub use search::found;
pub use surroundings::{policy, policy_folder};
pub use walk::{Misstep, answers, walk};
pub use world::World;
