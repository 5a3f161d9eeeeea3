//! The vault's calls on the open file.

use zeroize::Zeroizing;

use crate::format::{MAX_FILE, Unread, check_content};
use crate::open_file::{self, OpenFile};
use crate::vault::{Anchored, Known, OPEN};
use crate::{Vault, VaultError};

const WHAT: &str = "the account's open file";

impl Vault {
    /// The open file's content; nothing where there is none.
    ///
    /// # Errors
    /// Any but those of the gate: [`VaultError::Corrupt`] once, then the file is set aside and there is none;
    /// [`VaultError::Rollback`] until it is written again.
    pub fn read_open(&self) -> Result<Option<Zeroizing<Vec<u8>>>, VaultError> {
        let found = self.run(|known| {
            let Some((generation, content)) = self.load_open(known)? else { return Ok(None) };
            if generation < known.anchor.open {
                return Err(VaultError::Rollback { what: WHAT });
            }
            let repair = generation > known.anchor.open || self.anchor_is_behind();
            Ok(Some((generation, content, known.anchor.install_id, repair)))
        })?;
        let Some((generation, content, install_id, repair)) = found else { return Ok(None) };
        if repair {
            self.raise(install_id, Anchored::Open, |anchor| anchor.open = anchor.open.max(generation));
        }
        Ok(Some(content))
    }

    /// Replaces the open file. A damaged or rolled back one is no obstacle; a newer format is.
    ///
    /// # Errors
    /// [`VaultError::NotNow`], [`VaultError::Storage`], [`VaultError::Invalid`] over 1 MiB,
    /// [`VaultError::UnknownVersion`], [`VaultError::Lost`]. The old content is still there.
    pub fn write_open(&self, content: &[u8]) -> Result<(), VaultError> {
        check_content(content)?;
        self.keys_or_new()?;
        let (install_id, generation) = self.run(|known| {
            let before = match self.load_open(known) {
                Err(error) if known.is_settled(&error) => None,
                other => other?,
            };
            let newest = before.map_or(0, |(generation, _)| generation).max(known.anchor.open);
            let generation = next(newest)?;
            let keys = known.keys(WHAT)?;
            let bytes = open_file::encode(keys, generation, &self.salt()?, content)?;
            self.files.replace(&self.account.name(OPEN), &bytes)?;
            Ok((keys.install_id, generation))
        })?;
        self.raise(install_id, Anchored::Open, |anchor| anchor.open = anchor.open.max(generation));
        Ok(())
    }

    fn load_open(&self, known: &Known) -> Result<Option<OpenFile>, VaultError> {
        let Some(bytes) = self.read_file(OPEN, MAX_FILE)? else { return Ok(None) };
        let read = open_file::decode(&bytes, known.keys(WHAT)?);
        read.map(Some).map_err(|unread: Unread| self.refuse(known, OPEN, WHAT, unread))
    }
}

/// The next generation.
pub(crate) fn next(generation: u64) -> Result<u64, VaultError> {
    generation.checked_add(1).ok_or(VaultError::Storage { reason: "no generation is left".to_owned() })
}
