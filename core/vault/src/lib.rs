//! Sealed storage for one account at a time: an open file, a gated file with its slots and inbox, and sealed logs.
//!
//! **What it is.** The one room that writes to the device. Bytes in, bytes out, over two ports: the folder of files
//! ([`FileStore`](pforte_host::FileStore)) and the small secret store ([`SecretStore`](pforte_host::SecretStore)).
//! Every call is synchronous and may block.
//!
//! **What it promises.** Whatever is cut short at whatever step leaves the old content or the new one, and a file that
//! was changed, cut, swapped, copied from elsewhere or put back from before is refused with an error that says which.
//! The gated file opens only with the secret that a gate key unwrapped for one slot, together with this device's own;
//! losing the gate's key costs the gated file and nothing else. Several processes may share an account: a write is made
//! over what its writer has read, and a refresh happens under a [`Lease`] whose number only rises, so that a process that
//! was suspended and wakes late changes nothing. What is damaged is renamed, not deleted; what is newer
//! than this library is left alone; "not at this moment" is never taken for "lost".
//!
//! **What it never does.** It prompts nobody, calls no gate key, knows no token, holds no secret between calls (the
//! caller holds [`GatedKey`] and [`IntentKey`], which wipe themselves), and puts no secret in an error or `Debug`.
//!
//! **What it follows.** `FORMAT.md` beside this crate, byte by byte, with golden vectors; AES-256-GCM (NIST SP 800-38D),
//! HKDF-SHA256 (RFC 5869), HMAC-SHA256 (RFC 2104), SHA-256, all from aws-lc-rs.
//!
//! | | Sealed with | Opens while locked |
//! |---|---|---|
//! | open file, logs | the account's open secret | yes |
//! | gated file | DEK, under a slot's secret and the device's | no |
//! | inbox | the one-time key of a refresh | no |
//! | lease | nothing in it is secret; a key of the open secret checks it | yes |
//!
//! Unlocking is split, because a gate key waits for a person and the vault does not: [`Vault::gate`] names alias and
//! wrapped secret, the caller has them unwrapped, and [`Vault::unlock`] takes the 32 bytes.
//!
//! ```
//! # use std::sync::Arc;
//! # use pforte_host::{FileStore, Secret, SecretStore};
//! use pforte_vault::{AccountId, GateState, SlotKind, Vault, VaultError};
//!
//! # type Wrap = fn(&Secret) -> Vec<u8>;
//! # type Unwrap = fn(&str, &[u8]) -> Secret;
//! # fn example(
//! #     files: Arc<dyn FileStore>, secrets: Arc<dyn SecretStore>, wrap: Wrap, unwrap: Unwrap,
//! # ) -> Result<(), VaultError> {
//! let vault = Vault::open(&AccountId::new("default")?, files, secrets)?;
//! vault.write_open(b"who, where")?;
//!
//! // Sealing: the gate key wraps the slot's secret.
//! let slot = vault.prepare_slot(SlotKind::Biometric)?;
//! let wrapped = slot.secret().map(|secret| wrap(secret));
//! let key = vault.create_gated(slot, wrapped, b"tokens")?;
//! vault.write_gated(&key, b"newer tokens")?;
//! drop(key); // locked
//!
//! // Unlocking: the gate key unwraps it again.
//! if let GateState::Sealed { slots } = vault.gate()? {
//!     let slot = &slots[0];
//!     let secret = slot.alias.as_deref().zip(slot.wrapped.as_deref()).map(|(alias, wrapped)| unwrap(alias, wrapped));
//!     let (_key, content) = vault.unlock(&slot.id, secret)?;
//!     assert_eq!(content.as_slice(), b"newer tokens");
//! }
//! # Ok(())
//! # }
//! ```

#[cfg(test)]
extern crate self as pforte_vault;

mod account;
mod crypto;
mod entries;
mod error;
mod format;
mod gated_calls;
mod gated_file;
#[cfg(test)]
mod golden;
mod inbox_file;
mod intent_calls;
mod lease;
mod lease_file;
mod log;
mod log_calls;
mod log_file;
mod open_calls;
mod open_file;
mod slot;
mod vault;

pub use account::AccountId;
pub use error::VaultError;
pub use intent_calls::Inbox;
pub use lease::{Lease, LeaseNow, LeaseOutcome, MAX_TERM_MS};
pub use log::{Log, LogHead};
pub use slot::{GateState, GatedKey, IntentKey, NewSlot, SlotInfo, SlotKind};
pub use vault::Vault;
