//! The gate turned on and off, and the ways in changed.
//!
//! ```text
//!   Fresh ── seal_behind_gate ──► behind finger or face ◄── turn_on (new DEK, device secret, vault id) ──┐
//!     │                                │      │  + device credential, renewed key: same DEK              │
//!     └── seal_on_device ──► on the device ◄──┘ turn_off: one more unwrap, then all of it new ───────────┘
//! ```

use pforte_host::Prompt;
use pforte_vault::{GateState, NewSlot, SlotInfo, SlotKind};

use super::{Command, GateReady, Keeper, Reply, gate_kind};
use crate::content::GatedContent;
use crate::lock::{LockEvent, LockState};
use crate::{Kept, SessionError, gate, lease};

/// Why a session is kept without a gate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OnDeviceBecause {
    /// The person, or the policy, wants it so.
    Chosen,
    /// Nobody's finger or face is enrolled: to be asked again once somebody's is.
    NotEnrolled,
}

/// What becomes of the gate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum GateChange {
    /// A session that is in memory only is sealed.
    Seal,
    /// An open session is sealed anew, behind finger or face.
    TurnOn,
    /// An open session is sealed anew, on this device alone.
    TurnOff,
    /// The device's own credential opens it, too.
    AddCredential,
    /// It does not any more.
    RemoveCredential,
    /// Another key takes the place of the one behind finger or face.
    Renew,
}

const BUSY: SessionError = SessionError::Cancelled { what: "a change of the gate; another is under way" };

impl Keeper {
    /// Makes the key and wraps the slot's secret beside the keeper: both may wait for a finger.
    pub(super) async fn seal_behind_gate(&mut self, prompt: Prompt, reply: Reply<()>) {
        let change = match (self.lock.state, self.kept) {
            (LockState::Fresh, _) => GateChange::Seal,
            (LockState::Unlocked, Kept::OnDevice) => GateChange::TurnOn,
            (LockState::Unlocked, _) => return drop(reply.send(Ok(()))),
            _ => return drop(reply.send(Err(self.not_open()))),
        };
        self.prepare(change, SlotKind::Biometric, prompt, reply).await;
    }

    /// Seals a session that is in memory only, or, after one more unwrap, takes the gate away from an open one.
    pub(super) async fn seal_on_device(
        &mut self,
        because: OnDeviceBecause,
        prompt: Option<Prompt>,
        reply: Reply<()>,
    ) {
        match (self.lock.state, self.kept, prompt) {
            (LockState::Fresh, ..) => drop(reply.send(self.seal_fresh_on_device(because).await)),
            (LockState::Unlocked, Kept::OnDevice, _) => {
                drop(reply.send(self.note_choice(because).await));
            }
            (LockState::Unlocked, Kept::BehindGate, Some(prompt)) => {
                self.prepare(GateChange::TurnOff, SlotKind::DeviceOnly, prompt, reply).await;
            }
            (LockState::Unlocked, ..) => {
                drop(reply.send(Err(SessionError::Internal { what: "nothing to seal" })));
            }
            _ => drop(reply.send(Err(self.not_open()))),
        }
    }

    async fn seal_fresh_on_device(&mut self, because: OnDeviceBecause) -> Result<(), SessionError> {
        let slot = self.context.vault(|vault| vault.prepare_slot(SlotKind::DeviceOnly)).await?;
        self.note_choice(because).await?;
        self.seal(slot, None, "sealed on this device, without finger or face").await
    }

    /// Whether the person is to be asked again once a finger or face is enrolled.
    async fn note_choice(&mut self, because: OnDeviceBecause) -> Result<(), SessionError> {
        let awaits = because == OnDeviceBecause::NotEnrolled;
        if awaits != self.open.awaits_enrolment {
            self.change_open(|open| open.awaits_enrolment = awaits).await?;
            self.publish();
        }
        Ok(())
    }

    pub(super) async fn change_slots(&mut self, change: GateChange, prompt: Prompt, reply: Reply<()>) {
        if self.lock.state != LockState::Unlocked {
            return drop(reply.send(Err(self.not_open())));
        }
        if self.kept != Kept::BehindGate {
            let hint = "the session is not behind finger or face; turn the gate on first".to_owned();
            return drop(reply.send(Err(SessionError::Configuration { hint })));
        }
        match change {
            GateChange::RemoveCredential => drop(reply.send(self.remove_credential().await)),
            GateChange::AddCredential => {
                self.prepare(change, SlotKind::DeviceCredential, prompt, reply).await;
            }
            _ => self.prepare(change, SlotKind::Biometric, prompt, reply).await,
        }
    }

    /// Lets the person be asked, beside the keeper.
    async fn prepare(&mut self, change: GateChange, kind: SlotKind, prompt: Prompt, reply: Reply<()>) {
        if self.changing_gate {
            return drop(reply.send(Err(BUSY)));
        }
        let prepared = self.context.vault(move |vault| vault.prepare_slot(kind)).await;
        let slots = if change == GateChange::Seal { Ok(Vec::new()) } else { self.slots().await };
        let (slot, slots) = match (prepared, slots) {
            (Ok(slot), Ok(slots)) => (slot, slots),
            (Err(error), _) | (_, Err(error)) => return drop(reply.send(Err(error))),
        };
        self.changing_gate = true;
        let at_ms = self.context.host.clock.elapsed_ms();
        self.advance(LockEvent::DepartureAnnounced { at_ms, until_over: true }, "").await;
        let (context, tasks) = (self.context.clone(), self.tasks.clone());
        let (session, epoch) = (self.session, self.lock.epoch);
        tokio::spawn(async move {
            let asked = {
                let (context, change) = (context.clone(), change.clone());
                tokio::spawn(async move {
                    let wrapped = match change {
                        GateChange::TurnOff => agreed(&context, &slots, prompt).await.map(|()| None),
                        _ => gate::wrap(&context, &slot, gate_kind(&slot), prompt).await.map(Some),
                    };
                    (slot, wrapped)
                })
            };
            let Ok((slot, wrapped)) = asked.await else {
                // The adapter panicked; the keeper is told that nothing is waited for any more.
                if let Some(keeper) = tasks.upgrade() {
                    drop(keeper.send(Command::GateBrokeOff { reply }));
                }
                return;
            };
            let anew = matches!(change, GateChange::TurnOn | GateChange::TurnOff);
            let held = if anew && wrapped.is_ok() { lease::wait(&context).await.ok() } else { None };
            if let Some(keeper) = tasks.upgrade() {
                let ready = Box::new(GateReady { slot, wrapped, change, lease: held });
                drop(keeper.send(Command::GateReady { session, epoch, ready, reply }));
            }
        });
    }

    pub(super) async fn gate_ready(
        &mut self,
        session: u64,
        epoch: u64,
        ready: GateReady,
    ) -> Result<(), SessionError> {
        self.changing_gate = false;
        self.advance(LockEvent::DepartureOver, "").await;
        let GateReady { slot, wrapped, change, lease } = ready;
        let made = slot.alias();
        let state = if change == GateChange::Seal { LockState::Fresh } else { LockState::Unlocked };
        let result = if (session, epoch, state) == (self.session, self.lock.epoch, self.lock.state) {
            match wrapped {
                Ok(wrapped) => self.take_gate(slot, wrapped, &change, lease.as_ref()).await,
                Err(error) => Err(SessionError::Gate(error)),
            }
        } else {
            Err(SessionError::Cancelled { what: "a change of the gate; the app locked in between" })
        };
        if let Some(lease) = lease {
            lease::release(&self.context, lease).await;
        }
        if result.is_err() {
            self.forget_unused(made).await;
        }
        if result.is_ok() {
            self.prove();
        }
        self.publish();
        result
    }

    /// Deletes a key that was made for nothing. A write that was answered with an error may have happened all the same:
    /// only what the vault surely does not name is deleted.
    async fn forget_unused(&self, alias: Option<String>) {
        let Ok(slots) = self.slots().await else { return };
        let unused = alias.filter(|alias| slots.iter().all(|slot| slot.alias.as_ref() != Some(alias)));
        gate::forget(&self.context, unused.into_iter().collect()).await;
    }

    async fn take_gate(
        &mut self,
        slot: NewSlot,
        wrapped: Option<Vec<u8>>,
        change: &GateChange,
        lease: Option<&pforte_vault::Lease>,
    ) -> Result<(), SessionError> {
        let before = if *change == GateChange::Seal { Vec::new() } else { self.slots().await? };
        let key = self.key.clone();
        let old: Vec<String> = match change {
            GateChange::Seal => {
                return self.seal(slot, wrapped, "sealed behind finger or face").await;
            }
            GateChange::TurnOn | GateChange::TurnOff => {
                let key = key.ok_or(SessionError::Locked)?;
                let lease = lease.cloned().ok_or(SessionError::Unreachable {
                    reason: "another process of this app is renewing the session".to_owned(),
                    after_seconds: 1,
                })?;
                self.catch_up().await?;
                let anew = self.context.vault(move |vault| vault.rekey_gated(&key, &lease, slot, wrapped));
                self.key = Some(std::sync::Arc::new(anew.await?));
                before.iter().filter_map(|slot| slot.alias.clone()).collect()
            }
            GateChange::AddCredential => {
                let key = key.ok_or(SessionError::Locked)?;
                self.context.vault(move |vault| vault.add_slot(&key, slot, wrapped)).await?;
                Vec::new()
            }
            GateChange::Renew => {
                let key = key.ok_or(SessionError::Locked)?;
                let old = before.iter().find(|slot| slot.kind == SlotKind::Biometric).cloned();
                let id = old.as_ref().map(|slot| slot.id.clone());
                self.context
                    .vault(move |vault| match id {
                        Some(id) => vault.replace_slot(&key, &id, slot, wrapped),
                        None => vault.add_slot(&key, slot, wrapped),
                    })
                    .await?;
                old.and_then(|slot| slot.alias).into_iter().collect()
            }
            GateChange::RemoveCredential => Vec::new(),
        };
        gate::forget(&self.context, old).await;
        self.kept = Kept::by(&self.slots().await?);
        self.note(match change {
            GateChange::TurnOn => "put behind finger or face",
            GateChange::TurnOff => "kept on this device from now on, without finger or face",
            GateChange::AddCredential => "the device's own credential opens it, too",
            _ => "the key behind finger or face was renewed",
        });
        if self.open.awaits_enrolment
            && let Err(error) = self.change_open(|open| open.awaits_enrolment = false).await
        {
            self.note(&format!("what was chosen could not be noted: {error}"));
        }
        Ok(())
    }

    async fn remove_credential(&mut self) -> Result<(), SessionError> {
        let slots = self.slots().await?;
        let Some(slot) = slots.into_iter().find(|slot| slot.kind == SlotKind::DeviceCredential) else {
            return Ok(());
        };
        let key = self.key.clone().ok_or(SessionError::Locked)?;
        let id = slot.id;
        self.context.vault(move |vault| vault.remove_slot(&key, &id)).await?;
        gate::forget(&self.context, slot.alias.into_iter().collect()).await;
        self.note("the device's own credential does not open it any more");
        Ok(())
    }

    async fn seal(&mut self, slot: NewSlot, wrapped: Option<Vec<u8>>, why: &str) -> Result<(), SessionError> {
        let content = self.content.as_ref().ok_or(SessionError::SignedOut)?.to_bytes()?;
        let gated = slot.kind() != SlotKind::DeviceOnly;
        let key = self.context.vault(move |vault| vault.create_gated(slot, wrapped, &content)).await?;
        self.key = Some(std::sync::Arc::new(key));
        self.kept = if gated { Kept::BehindGate } else { Kept::OnDevice };
        self.advance(LockEvent::Sealed, why).await;
        Ok(())
    }

    /// The ways into the sealed session; none where there is none.
    pub(super) async fn slots(&self) -> Result<Vec<SlotInfo>, SessionError> {
        Ok(match self.context.vault(|vault| vault.gate()).await? {
            GateState::Sealed { slots } => slots,
            GateState::None => Vec::new(),
        })
    }

    /// Everything that lies in the vault is in memory: what a sibling wrote, and what waits in the inbox.
    async fn catch_up(&mut self) -> Result<(), SessionError> {
        let key = self.key.clone().ok_or(SessionError::Locked)?;
        let bytes = self.context.vault(move |vault| crate::refresh::newest_bytes(vault, &key)).await?;
        self.content = Some(GatedContent::from_bytes(&bytes)?);
        Ok(())
    }

    /// Why something needs an open session.
    pub(super) fn not_open(&self) -> SessionError {
        match self.lock.state {
            LockState::SignedOut => SessionError::SignedOut,
            LockState::KeyLost => SessionError::KeyLost,
            LockState::Corrupt => SessionError::Corrupt { what: "the session" },
            LockState::Unavailable => SessionError::NotNow { reason: self.unavailable.clone() },
            _ => SessionError::Locked,
        }
    }
}

impl Kept {
    /// How a session with these ways in is kept.
    pub(crate) fn by(slots: &[SlotInfo]) -> Self {
        match slots.first() {
            None => Self::Not,
            Some(_) if slots.iter().all(|slot| slot.kind == SlotKind::DeviceOnly) => Self::OnDevice,
            Some(_) => Self::BehindGate,
        }
    }
}

/// The person agrees by opening the gate once more; the vault itself says whether the secret is the right one.
async fn agreed(
    context: &std::sync::Arc<crate::context::Context>,
    slots: &[SlotInfo],
    prompt: Prompt,
) -> Result<(), pforte_host::GateError> {
    let (slot, secret) = gate::unwrap_any(context, slots, prompt).await;
    let secret = secret?;
    let opened = context.vault(move |vault| vault.unlock(&slot, secret).map(drop)).await;
    opened.map_err(|error| pforte_host::GateError::Failed { reason: error.to_string() })
}
