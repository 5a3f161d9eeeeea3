//! The open file: readable while locked, sealed with the account's open secret.
//!
//! `prefix 8 | install id 16 | generation 8 | payload`

use zeroize::Zeroizing;

use crate::VaultError;
use crate::crypto::{self, Key};
use crate::entries::Keys;
use crate::format::{Kind, Payload, Salt, Unread, prefix, read_prefix, seal_behind};

/// Generation and content.
pub(crate) type OpenFile = (u64, Zeroizing<Vec<u8>>);

pub(crate) fn decode(bytes: &[u8], keys: &Keys) -> Result<OpenFile, Unread> {
    let mut reader = read_prefix(bytes, Kind::Open)?;
    if reader.array()? != keys.install_id {
        return Err(Unread::Damaged);
    }
    let generation = reader.u64()?;
    let payload = Payload::read(&mut reader)?;
    reader.end()?;
    let key = key(keys).map_err(|_| Unread::Damaged)?;
    Ok((generation, payload.open(key.as_slice(), generation, &[])?))
}

pub(crate) fn encode(
    keys: &Keys,
    generation: u64,
    salt: &Salt,
    content: &[u8],
) -> Result<Vec<u8>, VaultError> {
    let mut header = prefix(Kind::Open);
    header.extend_from_slice(&keys.install_id);
    header.extend_from_slice(&generation.to_be_bytes());
    seal_behind(header, key(keys)?.as_slice(), generation, salt, &[], content)
}

fn key(keys: &Keys) -> Result<Key, VaultError> {
    crypto::derive(&keys.install_id, keys.open_secret.as_slice(), &[b"open/v1"])
}
