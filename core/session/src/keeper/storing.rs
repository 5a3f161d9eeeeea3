//! What the keeper writes: the open record, the session, the profile.

use pforte_vault::VaultError;

use super::{Keeper, MOST_TRIES};
use crate::content::{GatedContent, OpenContent};
use crate::context::Context;
use crate::lock::LockState;
use crate::{ProfileField, SessionError};

impl Keeper {
    /// Changes the open record as it lies on the device at this moment: another process of the app writes it, too.
    /// Nothing is written where nothing changes.
    pub(super) async fn change_open<T>(
        &mut self,
        change: impl FnOnce(&mut OpenContent) -> T,
    ) -> Result<T, SessionError> {
        let kept = self.context.vault(|vault| match vault.read_open() {
            // Written anew.
            Err(VaultError::Corrupt { .. } | VaultError::Rollback { .. }) => Ok(None),
            kept => kept,
        });
        let kept = kept.await?.and_then(|bytes| OpenContent::from_bytes(&bytes).ok());
        let mut open = kept.clone().unwrap_or_default();
        let result = change(&mut open);
        if kept.as_ref() != Some(&open) && (kept.is_some() || open != OpenContent::default()) {
            open.provider = self.context.provider.kept_documents();
            let bytes = open.to_bytes()?;
            self.context.vault(move |vault| vault.write_open(&bytes)).await?;
        }
        self.open = open;
        Ok(result)
    }

    /// Persists, then publishes. Where another process wrote meanwhile, its content is replaced by this one.
    pub(super) async fn write_gated(&mut self, content: GatedContent) -> Result<(), SessionError> {
        let key = self.key.clone().ok_or(SessionError::Locked)?;
        let bytes = content.to_bytes()?;
        let write = move |context: &Context| {
            for _ in 0..MOST_TRIES {
                match context.opened()?.write_gated(&key, &bytes) {
                    Err(VaultError::Stale) => drop(context.opened()?.read_gated(&key)?),
                    written => return Ok(written?),
                }
            }
            Err(VaultError::Stale.into())
        };
        self.context.blocking(write).await?;
        self.content = Some(content);
        Ok(())
    }

    /// What another process of the app wrote since is known to this one. Whether there is something open to read.
    pub(super) async fn read_session_again(&mut self) -> Result<bool, SessionError> {
        let (LockState::Unlocked, Some(key)) = (self.lock.state, self.key.clone()) else { return Ok(false) };
        let bytes = self.context.vault(move |vault| vault.read_gated(&key)).await?;
        self.content = Some(GatedContent::from_bytes(&bytes)?);
        Ok(true)
    }

    pub(super) async fn save_profile(&mut self, fields: Vec<ProfileField>) -> Result<(), SessionError> {
        self.read_session_again().await?;
        let Some(content) = self.content.clone() else {
            return Err(self.not_open());
        };
        let content = GatedContent { profile: self.merged_profile(&fields), ..content };
        if self.lock.state == LockState::Unlocked {
            self.write_gated(content).await?;
        } else {
            self.content = Some(content);
        }
        self.publish();
        Ok(())
    }

    /// The account has taken `fields` over. One that the person changed meanwhile is another, and stays theirs to write.
    pub(super) async fn mark_written(&mut self, fields: &[ProfileField]) -> Result<(), SessionError> {
        if !self.read_session_again().await? {
            return Err(self.not_open());
        }
        let Some(mut content) = self.content.clone() else { return Err(self.not_open()) };
        for field in content.profile.iter_mut().filter(|field| fields.contains(field)) {
            "account".clone_into(&mut field.source);
        }
        self.write_gated(content).await?;
        self.publish();
        Ok(())
    }

    /// Today's profile with `fields` put over it.
    pub(super) fn merged_profile(&self, fields: &[ProfileField]) -> Vec<ProfileField> {
        let kept = self.content.iter().flat_map(|content| &content.profile);
        let mut merged: Vec<ProfileField> =
            kept.filter(|field| fields.iter().all(|new| new.name != field.name)).cloned().collect();
        merged.extend_from_slice(fields);
        merged
    }
}
