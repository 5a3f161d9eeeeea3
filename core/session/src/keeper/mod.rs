//! The keeper: the one task that owns an account's keys and content.
//!
//! Everything that changes a session goes through it, one command after the other, so there is no lock to hold and no
//! order to get wrong. What waits for a person or for the network runs beside it and reports back as a command that
//! carries the number under which it started; a number that is no longer the current one means: too late, wipe it.
//!
//! ```text
//!  callers ──command──►┐                      ┌──► vault (on a thread that may block)
//!                      │  keeper: transition  │
//!  tasks ───finished──►┤   persist, publish   └──► tasks: prompt, browser, refresh, revoke
//!  time  ──────────────┘          │
//!                                 └──► status, view (watch): after the vault has it, never before
//! ```

mod ending;
mod gating;
mod opening;
mod publishing;
mod signing_in;
mod storing;
mod tokens;
mod unlocking;

use std::sync::Arc;
use std::time::Duration;

use pforte_consent::{Digest, Statement};
use pforte_host::{GateError, GateKind, Prompt, Secret};
use pforte_oauth::Transaction;
use pforte_oauth::device::Grant;
use pforte_vault::{GatedKey, Lease, NewSlot};
use tokio::sync::{mpsc, oneshot, watch};

pub(crate) use gating::{GateChange, OnDeviceBecause};

use crate::consent_book::ConsentBook;
use crate::consent_ledger::ConsentCommand;
use crate::content::{GatedContent, OpenContent};
use crate::context::Context;
use crate::lock::{Lock, LockEvent, LockPolicy, LockState};
use crate::refresh::{Keeping, Rotation, Wanted};
use crate::transitions::Transitions;
use crate::{Kept, ProfileField, SessionError, SessionView, Status, Token};

/// Reads the ledgers.
pub(crate) type LedgerReader = Box<dyn FnOnce(Result<&ConsentBook, SessionError>) + Send>;

pub(crate) type Reply<T> = oneshot::Sender<Result<T, SessionError>>;

/// What callers and tasks say to the keeper.
pub(crate) enum Command {
    /// Keeps a sign-in under way, so that it survives the end of the process.
    KeepTransaction { transaction: Box<Transaction>, reply: Reply<()> },
    /// Hands the sign-in that a callback answers out, once.
    TakeTransaction { callback_url: String, reply: Reply<Transaction> },
    /// Forgets a sign-in that came to nothing.
    EndTransaction { transaction: Box<Transaction>, reply: Reply<()> },
    /// Keeps the sign-in on another device that is under way, or forgets it.
    KeepDeviceGrant { grant: Option<Box<Grant>>, reply: Reply<()> },
    /// The sign-in on another device that is under way.
    DeviceGrant { reply: Reply<Option<Grant>> },
    /// The provider's identifier of the person whose session is open.
    Subject { reply: Reply<String> },
    /// Who is remembered on this device.
    LoginHint { reply: Reply<Option<String>> },
    /// Whether the person is remembered on this device.
    Remember { remembers: bool, reply: Reply<()> },
    /// Tokens arrived by a sign-in.
    Arrive { content: Box<GatedContent>, reply: Reply<()> },
    /// Puts the session behind finger or face.
    SealBehindGate { prompt: Prompt, reply: Reply<()> },
    /// Seals the session on this device without a gate.
    SealOnDevice { because: OnDeviceBecause, prompt: Option<Prompt>, reply: Reply<()> },
    /// Adds or takes away a way in, or renews the gate's key.
    ChangeSlots { change: GateChange, prompt: Prompt, reply: Reply<()> },
    /// The gate holds the slot's secret, or the person agreed at the prompt.
    GateReady { session: u64, epoch: u64, ready: Box<GateReady>, reply: Reply<()> },
    /// The gate's adapter panicked.
    GateBrokeOff { reply: Reply<()> },
    /// Opens the locked session.
    Unlock { prompt: Prompt, reply: Reply<()> },
    /// Takes the prompt off the screen.
    CancelUnlock { reply: Reply<()> },
    /// The gate answered.
    Unwrapped { attempt: u64, slot: String, secret: Result<Option<Secret>, GateError> },
    /// Something about front, departures, use or rules that only the lock has to know.
    LockMoves { event: LockEvent, why: &'static str, reply: Reply<()> },
    /// Hands out the access token; `rejected` is one a server has refused.
    Token { asked: Wanted, rejected: Option<Token>, reply: Reply<Token> },
    /// What lies in the vault is newer than what is in memory: another process of the app wrote it.
    Adopted { session: u64, epoch: u64, content: Box<GatedContent> },
    /// New tokens came; they are kept before anybody judges or uses them.
    Rotated { session: u64, rotation: Box<Rotation>, reply: Reply<Keeping> },
    /// A refresh has ended.
    RefreshEnded { session: u64, result: Result<(), SessionError> },
    /// Adds or replaces details about the person.
    SaveProfile { fields: Vec<ProfileField>, reply: Reply<()> },
    /// The account has taken these details over.
    MarkWritten { fields: Vec<ProfileField>, reply: Reply<()> },
    /// Records what the person was told or chose.
    Record { statements: Vec<Statement>, reply: Reply<()> },
    /// Reads the ledgers.
    ReadLedger { read: LedgerReader },
    /// Changes them.
    Consent(ConsentCommand),
    /// Ends the session here; the tokens are handed out to be revoked.
    SignOut { reply: Reply<Option<Box<GatedContent>>> },
    /// Removes the account from this device, its evidence included; the tokens are handed out to be revoked.
    Remove { reply: Reply<Option<Box<GatedContent>>> },
}

/// What the gate's task brings back.
pub(crate) struct GateReady {
    pub slot: NewSlot,
    pub wrapped: Result<Option<Vec<u8>>, GateError>,
    pub change: GateChange,
    /// Held from before the prompt, where the open session is sealed anew.
    pub lease: Option<Lease>,
}

/// How often another process may come in between before a write gives up.
const MOST_TRIES: usize = 4;

/// How soon a storage that does not answer is asked again, and how late.
const ASK_AGAIN: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(30));

/// The longest sleep until a time that is to be kept: the runtime's clock may stand still while the device sleeps.
const LONGEST_SLEEP_MS: u64 = 10_000;

/// The shortest, so that a clock that stands still is not asked without pause.
const SHORTEST_SLEEP_MS: u64 = 20;

/// The keeper's own state; nobody else sees it.
pub(crate) struct Keeper {
    pub(crate) context: Arc<Context>,
    tasks: mpsc::WeakUnboundedSender<Command>,
    pub(crate) lock: Lock,
    /// The last attempt's number.
    attempt: u64,
    /// How many attempts in a row opened the gate and not the vault.
    wrong_secrets: u32,
    /// Which sign-in this is: rises with each arrival and each end.
    session: u64,
    key: Option<Arc<GatedKey>>,
    content: Option<GatedContent>,
    kept: Kept,
    proved_elapsed_ms: Option<u64>,
    open: OpenContent,
    /// Why the storage did not answer yet.
    unavailable: String,
    ask_again: Duration,
    /// The consent ledgers; see `consent_ledger.rs`.
    pub(crate) book: ConsentBook,
    /// Whose session it is or was last, as a digest; nothing before a sign-in or an unlock in this process.
    pub(crate) owner: Option<Digest>,
    opening: Vec<Reply<()>>,
    /// A change of the gate is waiting for the person.
    changing_gate: bool,
    /// Who waits for a token, for what, and which one was refused.
    waiting: Vec<(Wanted, Option<Token>, Reply<Token>)>,
    /// What the refresh under way asks for; one at a time, because each may spend the refresh token.
    refreshing: Option<Wanted>,
    status: watch::Sender<Status>,
    view: watch::Sender<SessionView>,
    transitions: Transitions,
}

impl Keeper {
    /// Runs until the last handle is gone; what is in memory is wiped then.
    pub async fn run(mut self, mut commands: mpsc::UnboundedReceiver<Command>) {
        loop {
            let command = match self.wakes_in() {
                None => commands.recv().await,
                Some(after) => match tokio::time::timeout(after, commands.recv()).await {
                    Ok(command) => command,
                    Err(_) => {
                        self.time_passed().await;
                        continue;
                    }
                },
            };
            let Some(command) = command else { return };
            self.handle(command).await;
        }
    }

    /// For how long nothing happens unless somebody calls.
    fn wakes_in(&self) -> Option<Duration> {
        if self.lock.state == LockState::Unavailable {
            return Some(self.ask_again);
        }
        let left_ms = self.lock.deadline_ms()?.saturating_sub(self.context.host.clock.elapsed_ms());
        Some(Duration::from_millis(left_ms.clamp(SHORTEST_SLEEP_MS, LONGEST_SLEEP_MS)))
    }

    /// Locks where it is time to, and asks a storage again that did not answer.
    async fn time_passed(&mut self) {
        if self.lock.state == LockState::Unavailable {
            if let Err(error) = self.look().await {
                self.ask_again = (self.ask_again * 2).min(ASK_AGAIN.1);
                self.unavailable = error.to_string();
            }
        } else if self.lock.deadline_ms().is_some() {
            let at_ms = self.context.host.clock.elapsed_ms();
            self.advance(LockEvent::TimePassed { at_ms }, publishing::TIME_OVER).await;
        }
    }

    async fn handle(&mut self, command: Command) {
        if self.lock.state == LockState::Unavailable {
            if let Err(error) = self.look().await {
                self.unavailable = error.to_string();
                return command.refuse(error);
            }
        } else if self.lock.deadline_ms().is_some() {
            // Nothing is handed out that should have been locked away by now.
            self.time_passed().await;
        }
        // A caller that went away needs no reply: what was asked for is done all the same.
        match command {
            Command::KeepTransaction { transaction, reply } => {
                drop(reply.send(self.keep_transaction(&transaction).await));
            }
            Command::TakeTransaction { callback_url, reply } => {
                drop(reply.send(self.take_transaction(&callback_url).await));
            }
            Command::EndTransaction { transaction, reply } => {
                drop(reply.send(self.end_transaction(&transaction).await));
            }
            Command::KeepDeviceGrant { grant, reply } => {
                let grant = grant.map(|grant| *grant);
                drop(reply.send(self.change_open(|open| open.device_grant = grant).await));
            }
            Command::DeviceGrant { reply } => drop(reply.send(Ok(self.open.device_grant.clone()))),
            Command::Subject { reply } => {
                let subject = self.content.as_ref().map(|content| content.subject.clone());
                drop(reply.send(subject.ok_or(SessionError::Locked)));
            }
            Command::LoginHint { reply } => drop(reply.send(Ok(self.open.login_hint.clone()))),
            Command::Remember { remembers, reply } => drop(reply.send(self.remember(remembers).await)),
            Command::Arrive { content, reply } => drop(reply.send(self.arrive(*content).await)),
            Command::SealBehindGate { prompt, reply } => self.seal_behind_gate(prompt, reply).await,
            Command::SealOnDevice { because, prompt, reply } => {
                self.seal_on_device(because, prompt, reply).await;
            }
            Command::ChangeSlots { change, prompt, reply } => self.change_slots(change, prompt, reply).await,
            Command::GateReady { session, epoch, ready, reply } => {
                drop(reply.send(self.gate_ready(session, epoch, *ready).await));
            }
            Command::GateBrokeOff { reply } => {
                self.changing_gate = false;
                self.advance(LockEvent::DepartureOver, "").await;
                drop(reply.send(Err(SessionError::Gate(broke_off()))));
            }
            Command::Unlock { prompt, reply } => self.unlock(prompt, reply).await,
            Command::CancelUnlock { reply } => {
                self.advance(LockEvent::CancelAsked, "the prompt was taken back").await;
                drop(reply.send(Ok(())));
            }
            Command::Unwrapped { attempt, slot, secret } => self.unwrapped(attempt, slot, secret).await,
            Command::LockMoves { event, why, reply } => {
                self.advance(event, why).await;
                drop(reply.send(Ok(())));
            }
            Command::Token { asked, rejected, reply } => self.token(asked, rejected, reply),
            Command::Adopted { session, epoch, content } => self.adopted(session, epoch, *content),
            Command::Rotated { session, rotation, reply } => {
                drop(reply.send(self.rotated(session, *rotation).await));
            }
            Command::RefreshEnded { session, result } => self.refresh_ended(session, result).await,
            Command::SaveProfile { fields, reply } => {
                self.used().await;
                drop(reply.send(self.save_profile(fields).await));
            }
            Command::MarkWritten { fields, reply } => drop(reply.send(self.mark_written(&fields).await)),
            Command::Record { statements, reply } => {
                self.used().await;
                drop(reply.send(self.record(statements).await));
            }
            Command::ReadLedger { read } => read(Ok(&self.book)),
            Command::Consent(command) => self.consent(command).await,
            Command::SignOut { reply } => drop(reply.send(self.sign_out().await)),
            Command::Remove { reply } => drop(reply.send(self.remove().await)),
        }
    }
}

impl Command {
    /// Locks now.
    pub fn lock(reply: Reply<()>) -> Self {
        Self::LockMoves { event: LockEvent::LockAsked, why: "locked", reply }
    }

    /// Other rules for locking.
    pub fn rule(policy: LockPolicy, reply: Reply<()>) -> Self {
        Self::LockMoves { event: LockEvent::Ruled { policy }, why: "", reply }
    }

    /// Nothing is known of the session yet: the caller is told why, and nothing is changed.
    fn refuse(self, error: SessionError) {
        match self {
            Self::KeepTransaction { reply, .. }
            | Self::EndTransaction { reply, .. }
            | Self::KeepDeviceGrant { reply, .. }
            | Self::Remember { reply, .. }
            | Self::Arrive { reply, .. }
            | Self::SealBehindGate { reply, .. }
            | Self::SealOnDevice { reply, .. }
            | Self::ChangeSlots { reply, .. }
            | Self::GateReady { reply, .. }
            | Self::GateBrokeOff { reply }
            | Self::Unlock { reply, .. }
            | Self::SaveProfile { reply, .. }
            | Self::MarkWritten { reply, .. }
            | Self::Record { reply, .. } => drop(reply.send(Err(error))),
            // Nothing is open that could be locked, and nothing is on the screen.
            Self::LockMoves { reply, .. } | Self::CancelUnlock { reply } => drop(reply.send(Ok(()))),
            Self::TakeTransaction { reply, .. } => drop(reply.send(Err(error))),
            Self::DeviceGrant { reply } => drop(reply.send(Err(error))),
            Self::Subject { reply } => drop(reply.send(Err(error))),
            Self::LoginHint { reply } => drop(reply.send(Err(error))),
            Self::Token { reply, .. } => drop(reply.send(Err(error))),
            Self::Rotated { reply, .. } => drop(reply.send(Err(error))),
            Self::SignOut { reply } | Self::Remove { reply } => drop(reply.send(Err(error))),
            Self::ReadLedger { read } => read(Err(error)),
            Self::Consent(command) => command.refuse(error),
            Self::Unwrapped { .. } | Self::Adopted { .. } | Self::RefreshEnded { .. } => {}
        }
    }
}

/// The host's part of the gate panicked.
fn broke_off() -> GateError {
    GateError::Failed { reason: "the app's adapter for finger or face broke off".to_owned() }
}

/// What a gate key is made for.
fn gate_kind(slot: &NewSlot) -> GateKind {
    match slot.kind() {
        pforte_vault::SlotKind::DeviceCredential => GateKind::DeviceCredential,
        _ => GateKind::Biometric,
    }
}
