//! Opening the sealed session: one prompt at a time, shared by everybody who asks.

use std::sync::Arc;

use pforte_host::{GateError, Prompt, Secret};
use pforte_vault::Inbox;

use super::{Command, Keeper, Reply, broke_off};
use crate::content::{EndedBy, GatedContent};
use crate::lock::{LockEvent, LockState};
use crate::{Kept, SessionError, gate};

impl Keeper {
    pub(super) async fn unlock(&mut self, prompt: Prompt, reply: Reply<()>) {
        match self.lock.state {
            LockState::Unlocked | LockState::Fresh => {
                self.used().await;
                drop(reply.send(Ok(())));
            }
            LockState::Unlocking { .. } => self.opening.push(reply),
            LockState::Locked => match self.slots().await {
                Ok(slots) if slots.is_empty() => {
                    self.follow_sibling().await;
                    drop(reply.send(Err(self.not_open())));
                }
                Ok(slots) => {
                    self.opening.push(reply);
                    self.attempt += 1;
                    let (attempt, at_ms) = (self.attempt, self.context.host.clock.elapsed_ms());
                    self.kept = Kept::by(&slots);
                    self.advance(LockEvent::UnlockAsked { attempt, at_ms }, "unlock asked").await;
                    let (context, tasks) = (self.context.clone(), self.tasks.clone());
                    tokio::spawn(async move {
                        // A task of its own: an adapter that panics must not leave the prompt's state behind.
                        let asked =
                            tokio::spawn(async move { gate::unwrap_any(&context, &slots, prompt).await });
                        let (slot, secret) = asked.await.unwrap_or((String::new(), Err(broke_off())));
                        if let Some(keeper) = tasks.upgrade() {
                            drop(keeper.send(Command::Unwrapped { attempt, slot, secret }));
                        }
                    });
                }
                Err(error @ SessionError::Corrupt { .. }) => {
                    self.found_damage().await;
                    drop(reply.send(Err(error)));
                }
                Err(error) => drop(reply.send(Err(error))),
            },
            _ => drop(reply.send(Err(self.not_open()))),
        }
    }

    pub(super) async fn unwrapped(
        &mut self,
        attempt: u64,
        slot: String,
        secret: Result<Option<Secret>, GateError>,
    ) {
        let at_ms = self.context.host.clock.elapsed_ms();
        if self.lock.state != (LockState::Unlocking { attempt }) {
            self.advance(LockEvent::Opened { attempt, at_ms }, "").await;
            self.note("a late answer of the gate was wiped");
            return;
        }
        // Taken before the lock moves: a wipe tells those who wait that the app locked, and these are told more.
        let opening = std::mem::take(&mut self.opening);
        let opened = match secret {
            Ok(secret) => self.open_vault(slot, secret).await,
            Err(GateError::KeyLost) => Err(SessionError::KeyLost),
            Err(error) => Err(SessionError::Gate(error)),
        };
        let result = match opened {
            Ok(()) => {
                self.wrong_secrets = 0;
                // Opening without a gate proves nobody's presence.
                if self.kept == Kept::BehindGate {
                    self.prove();
                }
                self.advance(LockEvent::Opened { attempt, at_ms }, "unlocked").await;
                if self.lock.state == LockState::Unlocked {
                    self.finish_refresh().await;
                    Ok(())
                } else {
                    Err(SessionError::Cancelled { what: "the unlock; the app was away for too long" })
                }
            }
            Err(SessionError::KeyLost) => {
                self.remember_end(EndedBy::KeyLost).await;
                self.advance(LockEvent::KeyVanished { attempt }, "the key behind finger or face is gone")
                    .await;
                Err(SessionError::KeyLost)
            }
            Err(error @ SessionError::Corrupt { .. }) => {
                self.found_damage().await;
                Err(error)
            }
            Err(error) => {
                self.advance(LockEvent::Failed { attempt }, &format!("not unlocked: {error}")).await;
                Err(error)
            }
        };
        for reply in opening {
            drop(reply.send(result.clone()));
        }
    }

    /// The sealed session can't be read: it is never called signed out, and only a new sign-in helps.
    async fn found_damage(&mut self) {
        self.remember_end(EndedBy::Damage).await;
        self.advance(LockEvent::Damaged, "the session on this device can't be read").await;
    }

    /// Opens the gated file and takes in a rotation that arrived while it was locked.
    async fn open_vault(&mut self, slot: String, secret: Option<Secret>) -> Result<(), SessionError> {
        let opened = self.context.vault(move |vault| vault.unlock(&slot, secret)).await;
        let (key, bytes) = match opened {
            Err(SessionError::WrongSecret) => {
                self.wrong_secrets += 1;
                let lost = self.wrong_secrets >= 2;
                return Err(if lost { SessionError::KeyLost } else { SessionError::WrongSecret });
            }
            other => other?,
        };
        let mut content = GatedContent::from_bytes(&bytes)?;
        let key = Arc::new(key);
        let inbox_key = key.clone();
        match self.context.vault(move |vault| vault.take_inbox(&inbox_key)).await? {
            Inbox::Empty => {}
            Inbox::Arrived { intent, content: bytes } => {
                content = GatedContent::from_bytes(&bytes)?;
                let key = key.clone();
                self.context.vault(move |vault| vault.close_intent(&key, &intent, &bytes)).await?;
                self.note("a token that was renewed while locked was taken in");
            }
            Inbox::Refused => {
                self.note("something that this session did not put into its inbox was set aside")
            }
        }
        self.greet(&content.subject).await;
        self.key = Some(key);
        self.content = Some(content);
        Ok(())
    }
}
