//! The lease file: who may refresh at this moment, and the newest fencing number.
//!
//! `prefix 8 | install id 16 | fence 8 | holder 16 | boot 32 | ends 8 | check 32`
//!
//! Nothing in it is secret. The check keeps anybody without the account's secrets from handing out a lease or a number.

use crate::VaultError;
use crate::crypto::{self, Key};
use crate::entries::Keys;
use crate::format::{Id, Kind, Unread, prefix, read_prefix};

/// The only length there is, in bytes.
pub(crate) const LENGTH: u64 = 120;

/// What the file says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LeaseFile {
    pub fence: u64,
    /// Drawn for each taking; zeros once it was released.
    pub holder: Id,
    /// SHA-256 of the boot's name.
    pub boot: [u8; 32],
    /// When the term ends, in milliseconds since that boot.
    pub ends_elapsed_ms: u64,
}

pub(crate) fn decode(bytes: &[u8], keys: &Keys) -> Result<LeaseFile, Unread> {
    let mut reader = read_prefix(bytes, Kind::Lease)?;
    if reader.array()? != keys.install_id {
        return Err(Unread::Damaged);
    }
    let (fence, holder, boot) = (reader.u64()?, reader.array()?, reader.array()?);
    let ends_elapsed_ms = reader.u64()?;
    let checked = reader.taken();
    let check: [u8; 32] = reader.array()?;
    reader.end()?;
    let key = key(keys).map_err(|_| Unread::Damaged)?;
    if !crypto::is_authentic(&key, checked, &check) {
        return Err(Unread::Damaged);
    }
    Ok(LeaseFile { fence, holder, boot, ends_elapsed_ms })
}

pub(crate) fn encode(lease: &LeaseFile, keys: &Keys) -> Result<Vec<u8>, VaultError> {
    let mut bytes = prefix(Kind::Lease);
    bytes.extend_from_slice(&keys.install_id);
    bytes.extend_from_slice(&lease.fence.to_be_bytes());
    bytes.extend_from_slice(&lease.holder);
    bytes.extend_from_slice(&lease.boot);
    bytes.extend_from_slice(&lease.ends_elapsed_ms.to_be_bytes());
    let check = crypto::authenticate(&key(keys)?, &bytes);
    bytes.extend_from_slice(&check);
    Ok(bytes)
}

fn key(keys: &Keys) -> Result<Key, VaultError> {
    crypto::derive(&keys.install_id, keys.open_secret.as_slice(), &[b"lease/v1"])
}
