//! The lease: at most one process refreshes at a time, and one that wakes too late changes nothing.
//!
//! ```text
//!             take_lease: fence + 1, term
//!   Free ────────────────────────────────────► Held (holder, fence, ends)
//!    ▲                                           │
//!    ├── release_lease ──────────────────────────┤
//!    └── the term is over, or another boot ──────┘   (a taking then raises the fence: the old holder is superseded)
//! ```
//!
//! The term only says when somebody else may try; what protects the session is the **fence**. It rises with every
//! taking and never falls: it is in the lease file and in the anchor before it is handed out, then in the gated header of
//! each fenced write, and the next one is higher than all three. A fenced write compares it under the folder's lock,
//! together with a random name of the holder, which tells two holders apart even where all three places were put back.

use pforte_host::Clock;

use crate::crypto::{draw, hash};
use crate::entries::Anchor;
use crate::format::Id;
use crate::gated_file;
use crate::lease_file::{self, LeaseFile};
use crate::open_calls::next;
use crate::vault::{Anchored, Known, LEASE};
use crate::{Vault, VaultError};

const WHAT: &str = "the lease";

/// The longest term, in milliseconds. A term that ends further ahead than that is not believed.
pub const MAX_TERM_MS: u64 = 120_000;

/// The holder's name in a lease that was given back.
const NOBODY: Id = [0; 16];

/// What time it is for a lease: a term is measured within one boot, with the clock that counts sleep.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeaseNow {
    /// Milliseconds since boot, sleep included.
    pub elapsed_ms: u64,
    /// Names the boot, the same in every process of the device.
    pub boot_id: String,
}

impl LeaseNow {
    /// As the clock says.
    pub fn read(clock: &dyn Clock) -> Self {
        Self { elapsed_ms: clock.elapsed_ms(), boot_id: clock.boot_id() }
    }
}

/// The right to refresh, for one term. Give it back with [`Vault::release_lease`]; one that is dropped ends by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// The fencing number: higher than that of every lease before.
    pub fence: u64,
    /// When the term ends, in milliseconds since boot.
    pub ends_elapsed_ms: u64,
    install_id: Id,
    holder: Id,
}

/// Whether the lease was free.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LeaseOutcome {
    /// It is held now.
    Held(Lease),
    /// Somebody else holds it.
    Busy {
        /// When its term ends at the latest, in milliseconds from now; it may be given back before.
        retry_after_ms: u64,
    },
}

impl Vault {
    /// Takes the lease for `term_ms`, at most [`MAX_TERM_MS`], if nobody holds it. Durable on return.
    ///
    /// A holder of another boot is gone; one that was killed blocks until its term is over, and no longer. A damaged
    /// lease file is set aside and blocks nobody.
    ///
    /// # Errors
    /// [`VaultError::NotNow`] and [`VaultError::Storage`], also where the number could not be noted in the secret store;
    /// [`VaultError::UnknownVersion`], [`VaultError::Lost`]; [`VaultError::Superseded`] where the account has no secrets:
    /// nothing was ever kept, or it was destroyed.
    pub fn take_lease(&self, now: LeaseNow, term_ms: u64) -> Result<LeaseOutcome, VaultError> {
        let (holder, boot) = (draw(&*self.random)?, hash(&[now.boot_id.as_bytes()]));
        let ends_elapsed_ms = now.elapsed_ms.saturating_add(term_ms.min(MAX_TERM_MS));
        let outcome = self.run(|known| {
            let keys = known.keys.as_ref().ok_or(VaultError::Superseded)?;
            let kept = self.lease_file(known)?;
            if let Some(retry_after_ms) = kept.and_then(|kept| held_for(&kept, &boot, now.elapsed_ms)) {
                return Ok(LeaseOutcome::Busy { retry_after_ms });
            }
            let fence = next(self.newest_fence(known, kept)?)?;
            let taken = LeaseFile { fence, holder, boot, ends_elapsed_ms };
            self.files.replace(&self.account.name(LEASE), &lease_file::encode(&taken, keys)?)?;
            Ok(LeaseOutcome::Held(Lease { fence, ends_elapsed_ms, install_id: keys.install_id, holder }))
        })?;
        if let LeaseOutcome::Held(lease) = &outcome {
            let raise = |anchor: &mut Anchor| anchor.fence = anchor.fence.max(lease.fence);
            if let Err(error) = self.try_raise(lease.install_id, Anchored::Fence, raise) {
                // A number that is in one place only is not handed out; if this fails, too, the term ends by itself.
                drop(self.release_lease(lease));
                return Err(error);
            }
        }
        Ok(outcome)
    }

    /// Puts the end of a lease that is held off to `term_ms` from `now`, at most [`MAX_TERM_MS`]: its holder is alive and
    /// waits for an answer. The fence stays as it is.
    ///
    /// # Errors
    /// [`VaultError::Superseded`] where somebody took the lease since. As [`Vault::take_lease`] otherwise.
    pub fn renew_lease(&self, lease: &Lease, now: LeaseNow, term_ms: u64) -> Result<(), VaultError> {
        let boot = hash(&[now.boot_id.as_bytes()]);
        let ends_elapsed_ms = now.elapsed_ms.saturating_add(term_ms.min(MAX_TERM_MS));
        self.run(|known| {
            self.check_fence(known, lease)?;
            let renewed = LeaseFile { fence: lease.fence, holder: lease.holder, boot, ends_elapsed_ms };
            let keys = known.keys(WHAT)?;
            Ok(self.files.replace(&self.account.name(LEASE), &lease_file::encode(&renewed, keys)?)?)
        })
    }

    /// Gives the lease back. Nothing happens where somebody else took it since.
    ///
    /// # Errors
    /// As [`Vault::take_lease`]; the term ends by itself all the same.
    pub fn release_lease(&self, lease: &Lease) -> Result<(), VaultError> {
        self.run(|known| {
            let Some(keys) = known.keys.as_ref() else { return Ok(()) };
            let Some(kept) = self.lease_file(known)? else { return Ok(()) };
            if !is_held(&kept, keys.install_id, lease) {
                return Ok(());
            }
            let released = LeaseFile { holder: NOBODY, ends_elapsed_ms: 0, ..kept };
            Ok(self.files.replace(&self.account.name(LEASE), &lease_file::encode(&released, keys)?)?)
        })
    }

    /// Whether nobody took the lease since, also where its term is over. A look only: what is written under the lease
    /// goes through the fenced calls, which compare at the write.
    ///
    /// # Errors
    /// [`VaultError::Superseded`] where somebody did, or where it was given back. As [`Vault::take_lease`] otherwise.
    pub fn check_lease(&self, lease: &Lease) -> Result<(), VaultError> {
        self.run(|known| self.check_fence(known, lease))
    }

    /// The same, where the folder's lock is held already.
    pub(crate) fn check_fence(&self, known: &Known, lease: &Lease) -> Result<(), VaultError> {
        let keys = known.keys.as_ref().ok_or(VaultError::Superseded)?;
        if keys.install_id != lease.install_id {
            return Err(VaultError::Superseded);
        }
        match self.lease_file(known)? {
            Some(kept) if is_held(&kept, keys.install_id, lease) => Ok(()),
            Some(_) => Err(VaultError::Superseded),
            // The file is gone or damaged. A rotated token is not withheld for that, unless a later lease is known of.
            None if self.newest_fence(known, None)? <= lease.fence => Ok(()),
            None => Err(VaultError::Superseded),
        }
    }

    /// The lease file; nothing where there is none, or where a damaged one was set aside just now.
    fn lease_file(&self, known: &Known) -> Result<Option<LeaseFile>, VaultError> {
        let Some(bytes) = self.read_file(LEASE, lease_file::LENGTH)? else { return Ok(None) };
        let read = lease_file::decode(&bytes, known.keys(WHAT)?);
        match read.map_err(|unread| self.refuse(known, LEASE, WHAT, unread)) {
            Err(error) if known.is_settled(&error) => Ok(None),
            other => other.map(Some),
        }
    }

    /// The highest fence that is known of, in any of its places.
    fn newest_fence(&self, known: &Known, kept: Option<LeaseFile>) -> Result<u64, VaultError> {
        let written = match (self.gated_bytes()?, known.keys.as_ref()) {
            (Some(bytes), Some(keys)) => gated_file::claimed_vault_id(&bytes)
                .ok()
                .and_then(|vault_id| keys.device_secret(&vault_id))
                .and_then(|secret| gated_file::decode(&bytes, secret).ok())
                .map_or(0, |gated| gated.header.fence),
            _ => 0,
        };
        Ok(kept.map_or(0, |kept| kept.fence).max(known.anchor.fence).max(written))
    }
}

/// For how long it blocks others, in milliseconds; nothing where it is free.
fn held_for(kept: &LeaseFile, boot: &[u8; 32], now_elapsed_ms: u64) -> Option<u64> {
    let left_ms = kept.ends_elapsed_ms.checked_sub(now_elapsed_ms)?;
    let believed = left_ms > 0 && left_ms <= MAX_TERM_MS;
    (kept.holder != NOBODY && kept.boot == *boot && believed).then_some(left_ms)
}

fn is_held(kept: &LeaseFile, install_id: Id, lease: &Lease) -> bool {
    (install_id, kept.fence, kept.holder) == (lease.install_id, lease.fence, lease.holder)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(ends_elapsed_ms: u64) -> LeaseFile {
        LeaseFile { fence: 1, holder: [1; 16], boot: [2; 32], ends_elapsed_ms }
    }

    #[test]
    fn a_term_blocks_until_it_ends_and_only_in_its_own_boot() {
        assert_eq!(held_for(&kept(1_500), &[2; 32], 1_000), Some(500));
        assert_eq!(held_for(&kept(1_500), &[2; 32], 1_500), None);
        assert_eq!(held_for(&kept(1_500), &[2; 32], 9_000), None);
        assert_eq!(held_for(&kept(1_500), &[3; 32], 1_000), None, "another boot");
        assert_eq!(held_for(&LeaseFile { holder: NOBODY, ..kept(1_500) }, &[2; 32], 1_000), None);
    }

    #[test]
    fn an_end_far_ahead_is_not_believed() {
        assert_eq!(held_for(&kept(1_000 + MAX_TERM_MS), &[2; 32], 1_000), Some(MAX_TERM_MS));
        assert_eq!(held_for(&kept(1_001 + MAX_TERM_MS), &[2; 32], 1_000), None);
        assert_eq!(held_for(&kept(u64::MAX), &[2; 32], 0), None);
    }
}
