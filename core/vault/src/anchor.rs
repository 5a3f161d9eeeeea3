//! The secret store's entry: the device's secret, and how far each file has come.

use std::fmt;

use pforte_host::Secret;
use zeroize::Zeroizing;

use crate::VaultError;
use crate::reader::Reader;
use crate::sealing::{Key, random};

const VERSION: u8 = 1;

/// `version || device_secret || vault_id || install_id || open || gated || log count || log head`
const LENGTH: usize = 1 + 32 + 16 + 16 + 8 + 8 + 8 + 32;

/// What the secret store keeps for one account. Without it no file can be read.
#[derive(Clone)]
pub(crate) struct Anchor {
    pub device_secret: Key,
    pub vault_id: [u8; 16],
    /// Names this installation; a new one is made when the app is installed again.
    pub install_id: [u8; 16],
    /// The generation of the open file written last; 0 before the first.
    pub open: u64,
    /// The generation of the gated file written last; 0 before the first. Never goes back, also when it is removed.
    pub gated: u64,
    /// How many records the ledger has.
    pub ledger_count: u64,
    /// The hash over all of them.
    pub ledger_head: [u8; 32],
}

impl Anchor {
    pub fn fresh() -> Result<Self, VaultError> {
        Ok(Self {
            device_secret: random()?,
            vault_id: *random()?,
            install_id: *random()?,
            open: 0,
            gated: 0,
            ledger_count: 0,
            ledger_head: [0; 32],
        })
    }

    pub fn to_secret(&self) -> Secret {
        let mut bytes = Vec::with_capacity(LENGTH);
        bytes.push(VERSION);
        bytes.extend_from_slice(self.device_secret.as_slice());
        bytes.extend_from_slice(&self.vault_id);
        bytes.extend_from_slice(&self.install_id);
        bytes.extend_from_slice(&self.open.to_be_bytes());
        bytes.extend_from_slice(&self.gated.to_be_bytes());
        bytes.extend_from_slice(&self.ledger_count.to_be_bytes());
        bytes.extend_from_slice(&self.ledger_head);
        Secret::new(bytes)
    }

    /// Reads an entry. One of another version is left untouched.
    pub fn from_secret(secret: &Secret) -> Result<Self, VaultError> {
        let damaged = || VaultError::Corrupt { file: "the secret store's entry".to_owned() };
        let mut reader = Reader::new(secret.expose());
        match reader.byte().ok_or_else(damaged)? {
            VERSION => {}
            version => {
                return Err(VaultError::UnknownVersion {
                    file: "the secret store's entry".to_owned(),
                    version,
                });
            }
        }
        if secret.len() != LENGTH {
            return Err(damaged());
        }
        let mut read = || -> Option<Self> {
            Some(Self {
                device_secret: Zeroizing::new(reader.array()?),
                vault_id: reader.array()?,
                install_id: reader.array()?,
                open: reader.u64()?,
                gated: reader.u64()?,
                ledger_count: reader.u64()?,
                ledger_head: reader.array()?,
            })
        };
        read().ok_or_else(damaged)
    }
}

impl fmt::Debug for Anchor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Anchor").field("open", &self.open).field("gated", &self.gated).finish_non_exhaustive()
    }
}
