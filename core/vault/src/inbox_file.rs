//! The inbox: one rotation that arrived while locked, sealed under the one-time key of its intent.
//!
//! `prefix 8 | vault id 16 | intent id 16 | payload`

use zeroize::Zeroizing;

use crate::format::{Id, Kind, Payload, Salt, Unread, prefix, read_prefix, seal_behind};
use crate::{IntentKey, VaultError};

/// What an inbox file says about itself; believed only once its payload opens.
pub(crate) struct InboxFile<'a> {
    pub vault_id: Id,
    pub intent_id: Id,
    payload: Payload<'a>,
}

impl<'a> InboxFile<'a> {
    pub fn read(bytes: &'a [u8]) -> Result<Self, Unread> {
        let mut reader = read_prefix(bytes, Kind::Inbox)?;
        let (vault_id, intent_id) = (reader.array()?, reader.array()?);
        let payload = Payload::read(&mut reader)?;
        reader.end()?;
        Ok(Self { vault_id, intent_id, payload })
    }

    pub fn open(&self, key: &[u8]) -> Result<Zeroizing<Vec<u8>>, Unread> {
        self.payload.open(key, 1, &[])
    }
}

pub(crate) fn encode(intent: &IntentKey, salt: &Salt, content: &[u8]) -> Result<Vec<u8>, VaultError> {
    let mut header = prefix(Kind::Inbox);
    header.extend_from_slice(&intent.vault_id);
    header.extend_from_slice(&intent.intent_id);
    seal_behind(header, intent.key.as_slice(), 1, salt, &[], content)
}
