//! What is fuzzed: every parser of bytes from outside, each with what must hold beyond "no panic".
//!
//! **What it is.** One module for each target: `seeds` makes the inputs to begin with, `run` judges one input. A target
//! goes through the room's public functions only, and where a tag or a signature would stop every mutation, it seals or
//! signs what it was given with keys of its own, as an attacker would who has them.
//!
//! **What it promises.** Seeds are made when a target starts, none is committed. An input never costs more memory than a
//! bound that grows with its length ([`bounded`]).
//!
//! **What it never does.** It fills no port with anything real: files and secrets lie in memory.

#![allow(missing_docs, reason = "a program for this project alone")]

mod allocation;
pub mod callback;
pub mod challenge;
pub mod consent_entry;
pub mod consent_import;
pub mod consent_payload;
mod device;
pub mod discovery;
pub mod id_token;
pub mod jwks;
mod keys;
mod ledger;
pub mod passkey;
pub mod policy;
mod provider;
pub mod replies;
mod seal;
pub mod token_response;
pub mod vault_gated;
pub mod vault_inbox;
pub mod vault_lease;
pub mod vault_log;
pub mod vault_open;

pub use allocation::bounded;

/// Writes the seeds where the fuzzer reads its first inputs; a name of its own for each keeps what it found there before.
pub fn plant(seeds: &[Vec<u8>]) {
    let Some(folder) = std::env::var_os("PFORTE_FUZZ_SEEDS").map(std::path::PathBuf::from) else { return };
    std::fs::create_dir_all(&folder).unwrap();
    for (number, seed) in seeds.iter().enumerate() {
        std::fs::write(folder.join(format!("seed-{number:02}")), seed).unwrap();
    }
}

/// Makes a fuzz target of one module of this crate.
#[macro_export]
macro_rules! target {
    ($module:ident) => {
        libfuzzer_sys::fuzz_target!(init: $crate::plant(&$crate::$module::seeds()), |input: &[u8]| {
            $crate::$module::run(input)
        });
    };
}
