//! The lock moved, its effects done, and what everybody may see of it.

use super::Keeper;
use crate::lock::{LockEffect, LockEvent, LockState, transition};
use crate::{Kept, SessionError, SessionView, Status, UnavailableCause};

/// Said where a time ran out.
pub(super) const TIME_OVER: &str = "locked: the time it may stay open is over";

impl Keeper {
    /// Moves the lock and does what the move asks for.
    pub(super) async fn advance(&mut self, event: LockEvent, why: &str) {
        let (next, effects) = transition(self.lock, event);
        if next.state != self.lock.state && !why.is_empty() {
            self.note(why);
        }
        let moved = next.state != self.lock.state || !effects.is_empty();
        self.lock = next;
        for effect in effects {
            match effect {
                LockEffect::Wipe => {
                    self.key = None;
                    self.content = None;
                    self.context.provider.forget_connections();
                    for reply in self.opening.drain(..) {
                        drop(reply.send(Err(SessionError::Cancelled { what: "the unlock" })));
                    }
                }
                LockEffect::DismissPrompt => {
                    let dismissed =
                        self.context.blocking(|context| Ok(context.host.gate_key.dismiss_prompt())).await;
                    if let Ok(Err(error)) | Err(SessionError::Gate(error)) = dismissed {
                        self.note(&format!("the prompt could not be taken off the screen: {error}"));
                    }
                }
                LockEffect::DropGated => {
                    if let Err(error) = self.context.vault(|vault| vault.drop_gated()).await {
                        self.note(&format!("what nobody can open any more could not be removed: {error}"));
                    }
                }
                LockEffect::Revoke => {
                    if let Some(content) = self.content.take() {
                        self.session += 1;
                        let context = self.context.clone();
                        tokio::spawn(async move { context.revoke(&content).await });
                    }
                }
                // The prompt is shown by the caller of `advance`, which knows the slot; a late secret wipes itself.
                LockEffect::Prompt { .. } | LockEffect::WipeLate => {}
            }
        }
        if moved {
            self.publish();
        }
    }

    /// The person did something.
    pub(super) async fn used(&mut self) {
        let at_ms = self.context.host.clock.elapsed_ms();
        self.advance(LockEvent::Used { at_ms }, TIME_OVER).await;
    }

    /// The person was there just now.
    pub(super) fn prove(&mut self) {
        self.proved_elapsed_ms = Some(self.context.host.clock.elapsed_ms());
    }

    pub(crate) fn note(&self, what: &str) {
        self.transitions.note(self.context.host.clock.wall_ms(), what);
    }

    pub(super) fn publish(&self) {
        let content = self.content.as_ref();
        self.view.send_replace(SessionView {
            lock: self.lock.state,
            acr: content.and_then(|content| content.acr.clone()),
            auth_time_ms: content
                .and_then(|content| content.auth_time_s)
                .map(|seconds| seconds.saturating_mul(1000)),
            provider_ahead_ms: content.and_then(|content| {
                let clock = &*self.context.host.clock;
                let elapsed_ms = i64::try_from(clock.elapsed_ms()).ok()?;
                content.time.now_ms(clock).checked_sub(elapsed_ms)
            }),
            proved_elapsed_ms: self.proved_elapsed_ms,
            kept: self.kept,
            awaits_enrolment: self.kept == Kept::OnDevice && self.open.awaits_enrolment,
            profile: content.map(|content| content.profile.clone()).unwrap_or_default(),
        });
        let status = match self.lock.state {
            LockState::SignedOut => Status::SignedOut,
            LockState::Locked | LockState::Unlocking { .. } => {
                Status::Locked { login_hint: self.open.login_hint.clone() }
            }
            LockState::Fresh | LockState::Unlocked => Status::Unlocked {
                profile: content.map(|content| content.profile.clone()).unwrap_or_default(),
            },
            LockState::Unavailable => Status::Unavailable {
                cause: UnavailableCause::NotNow,
                why: format!(
                    "The device's storage does not answer yet: {}. Nothing is lost; it is looked at again.",
                    self.unavailable
                ),
            },
            LockState::Corrupt => Status::Unavailable {
                cause: UnavailableCause::Unreadable,
                why: "What this device kept of the session can't be read; it was set aside, not deleted. Sign in again."
                    .to_owned(),
            },
            LockState::KeyLost => Status::Unavailable {
                cause: UnavailableCause::KeyLost,
                why:
                    "The key behind finger or face is gone, for instance because a new finger was enrolled. \
                      Sign in again; nothing else is lost."
                        .to_owned(),
            },
        };
        self.status.send_if_modified(|now| {
            let changed = *now != status;
            *now = status;
            changed
        });
    }
}
