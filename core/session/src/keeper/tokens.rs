//! Access tokens: handed out, renewed by one refresh at a time, and what becomes of its result.

use std::sync::Arc;

use pforte_vault::{GateState, Lease, Vault, VaultError};

use super::{Keeper, MOST_TRIES, Reply};
use crate::content::GatedContent;
use crate::context::Context;
use crate::lock::{LockEvent, LockState};
use crate::refresh::{self, Keeping, Rotation, Wanted};
use crate::{SessionError, Token};

impl Keeper {
    pub(super) fn token(&mut self, asked: Wanted, rejected: Option<Token>, reply: Reply<Token>) {
        let content = match (&self.lock.state, &self.content) {
            (LockState::Unlocked | LockState::Fresh, Some(content)) => content,
            _ => return drop(reply.send(Err(self.not_open()))),
        };
        if let Some((token, true)) = content.token_for(&asked, &*self.context.host.clock)
            && rejected.as_ref() != Some(&token)
        {
            return drop(reply.send(Ok(token)));
        }
        self.waiting.push((asked.clone(), rejected.clone(), reply));
        if self.refreshing.is_some() {
            return;
        }
        let content = content.clone();
        self.begin_refresh(content, asked, rejected, false);
    }

    /// A refresh whose answer never came, because the process was killed or the network went away, is tried again at
    /// once: within the provider's grace the old token is still good.
    pub(super) async fn finish_refresh(&mut self) {
        let Some(content) = self.content.clone().filter(|content| content.refresh_token.is_some()) else {
            return;
        };
        if self.refreshing.is_none() && self.context.vault(|vault| vault.intent_is_open()).await == Ok(true) {
            let grace_s = self.context.settings.provider.refresh_grace_s;
            self.note(&match grace_s {
                0 => "a renewal that was cut off is tried again; the provider promises nothing for that".to_owned(),
                _ => format!(
                    "a renewal that was cut off is tried again; the provider accepts that for {grace_s} seconds"
                ),
            });
            self.begin_refresh(content, Wanted::default(), None, true);
        }
    }

    fn begin_refresh(
        &mut self,
        content: GatedContent,
        asked: Wanted,
        rejected: Option<Token>,
        unfinished: bool,
    ) {
        self.refreshing = Some(asked.clone());
        let work = refresh::Work {
            context: self.context.clone(),
            keeper: self.tasks.clone(),
            session: self.session,
            epoch: self.lock.epoch,
            content,
            asked,
            rejected,
            unfinished,
            key: self.key.as_ref().map(Arc::downgrade),
        };
        tokio::spawn(refresh::run(work));
    }

    pub(super) fn adopted(&mut self, session: u64, epoch: u64, content: GatedContent) {
        let current =
            (session, epoch, LockState::Unlocked) == (self.session, self.lock.epoch, self.lock.state);
        if current {
            self.content = Some(content);
            self.publish();
        }
    }

    /// Keeps a rotation: in the vault where it is open, in the inbox where it was locked meanwhile. Where the person
    /// signed out meanwhile, nothing is kept, and the error tells the task to revoke.
    pub(super) async fn rotated(
        &mut self,
        session: u64,
        rotation: Rotation,
    ) -> Result<Keeping, SessionError> {
        if session != self.session || self.lock.state == LockState::SignedOut {
            return Err(SessionError::SignedOut);
        }
        match (self.lock.state, rotation.lease.clone()) {
            (LockState::Unlocked, Some(lease)) => self.keep_rotation(lease, rotation).await,
            (LockState::Fresh | LockState::Unlocked, None) => {
                self.content = Some(rotation.content);
                Ok(Keeping::Kept)
            }
            // The session was sealed or renewed by a sign-in while the refresh was under way.
            (LockState::Fresh, Some(_)) => Err(SessionError::SignedOut),
            (_, Some(lease)) => {
                let Some(intent) = rotation.intent else { return Ok(Keeping::Late) };
                let bytes = rotation.content.to_bytes()?;
                let put = move |context: &Context| {
                    let vault = context.opened()?;
                    kept(vault.put_inbox_fenced(&lease, &intent, &bytes), vault)
                };
                let keeping = self.context.blocking(put).await?;
                if keeping == Keeping::Kept {
                    self.note("a token was renewed while locked; it waits sealed for the next unlock");
                }
                Ok(keeping)
            }
            (_, None) => Err(SessionError::SignedOut),
        }
    }

    /// Writes the new tokens over what this process has seen; what a sibling changed in the profile stays.
    async fn keep_rotation(&mut self, lease: Lease, rotation: Rotation) -> Result<Keeping, SessionError> {
        let key = self.key.clone().ok_or(SessionError::Locked)?;
        for _ in 0..MOST_TRIES {
            let content = GatedContent { profile: self.merged_profile(&[]), ..rotation.content.clone() };
            let bytes = content.to_bytes()?;
            let (key, lease, intent) = (key.clone(), lease.clone(), rotation.intent.clone());
            let write = move |context: &Context| {
                let vault = context.opened()?;
                let written = match &intent {
                    Some(intent) => vault.close_intent_fenced(&key, &lease, intent, &bytes),
                    None => vault.write_gated_fenced(&key, &lease, &bytes),
                };
                match written {
                    Err(VaultError::Stale) => Ok(Err(vault.read_gated(&key)?)),
                    other => kept(other, vault).map(Ok),
                }
            };
            match self.context.blocking(write).await? {
                Ok(Keeping::Kept) => {
                    self.content = Some(content);
                    return Ok(Keeping::Kept);
                }
                Ok(Keeping::Late) => return Ok(Keeping::Late),
                Err(newer) => self.content = Some(GatedContent::from_bytes(&newer)?),
            }
        }
        Err(SessionError::Storage {
            reason: "other processes of this app kept changing the session".to_owned(),
        })
    }

    pub(super) async fn refresh_ended(&mut self, session: u64, result: Result<(), SessionError>) {
        let asked = self.refreshing.take().unwrap_or_default();
        if let (true, Err(SessionError::Ended { reason })) = (session == self.session, &result) {
            let why = format!("the provider ended the session: {reason}");
            self.session += 1;
            if let Err(error) = self.context.vault(|vault| vault.drop_gated()).await {
                self.note(&format!("the ended session could not be removed: {error}"));
            }
            self.advance(LockEvent::SignedOut, &why).await;
        }
        if session == self.session && result == Err(SessionError::SignedOut) {
            self.follow_sibling().await;
        }
        if result == Err(SessionError::Locked) && self.lock.state == LockState::Unlocked {
            // Locked and opened again meanwhile: the key that this refresh lost is back, and the next one has it.
            self.finish_refresh().await;
            for (asked, rejected, reply) in std::mem::take(&mut self.waiting) {
                self.token(asked, rejected, reply);
            }
            return;
        }
        let token = result.and_then(|()| match (&self.lock.state, &self.content) {
            (LockState::Unlocked | LockState::Fresh, Some(content)) => {
                let token = content.token_for(&asked, &*self.context.host.clock);
                token.map(|(token, _)| token).ok_or(SessionError::Internal { what: "a renewed token" })
            }
            (LockState::SignedOut, _) => Err(SessionError::SignedOut),
            _ => Err(SessionError::Locked),
        });
        self.publish();
        let waiting = std::mem::take(&mut self.waiting);
        let (served, others): (Vec<_>, Vec<_>) =
            waiting.into_iter().partition(|(for_what, ..)| *for_what == asked);
        for (_, _, reply) in served {
            drop(reply.send(token.clone()));
        }
        // Whoever waits for another token has its turn now.
        for (asked, rejected, reply) in others {
            self.token(asked, rejected, reply);
        }
    }
}

/// What a fenced write came to: refused where somebody took the lease since, or where the session ended, which is told
/// apart here.
fn kept(written: Result<(), VaultError>, vault: &Vault) -> Result<Keeping, SessionError> {
    match written {
        Ok(()) => Ok(Keeping::Kept),
        Err(VaultError::Superseded) => match vault.gate()? {
            GateState::Sealed { .. } => Ok(Keeping::Late),
            GateState::None => Err(SessionError::SignedOut),
        },
        Err(error) => Err(error.into()),
    }
}
