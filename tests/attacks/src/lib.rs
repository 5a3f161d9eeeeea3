//! What the tests of the attack list share.
//!
//! **What it is.** A [`Scene`] is a provider, a device and a client, with nobody signed in or with somebody behind the
//! finger. An attack is tried on it, and the scene says what must hold afterwards.
//!
//! **What it promises.** [`Scene::refuses_sign_in`] asserts all three at once: the typed error with its reason, no
//! request after the one whose answer was refused, and nothing stored that was not there before.
//!
//! **What it never does.** It reaches nothing but this machine.

mod scene;
mod tampering;
mod trap;

pub use scene::{Kind, Scene, Standing};
pub use tampering::Tampering;
pub use trap::Trap;

/// Declares the tests of one part of the attack list, and tells which numbers they cover: a test's name begins with
/// `attack_` and its number.
#[macro_export]
macro_rules! attacks {
    ($($(#[$about:meta])* async fn $name:ident() $body:block)*) => {
        /// The names of the tests in this file.
        pub const TESTS: &[&str] = &[$(stringify!($name)),*];
        $($(#[$about])* #[tokio::test(flavor = "multi_thread")] async fn $name() $body)*
    };
}
