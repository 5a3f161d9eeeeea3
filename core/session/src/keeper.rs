//! The keeper: the one task that owns an account's keys and content.
//!
//! Everything that changes a session goes through it, one command after the other, so there is no lock to hold and no
//! order to get wrong. What waits for a person or for the network runs beside it and reports back as a command that
//! carries the number under which it started; a number that is no longer the current one means: too late, wipe it.
//!
//! ```text
//!  callers ──command──►┐                      ┌──► vault (on a thread that may block)
//!                      │  keeper: transition  │
//!  tasks ───finished──►┘   persist, publish   └──► tasks: prompt, browser, refresh, revoke
//!                                 │
//!                                 └──► status, view (watch): after the vault has it, never before
//! ```

use std::sync::Arc;

use pforte_consent::{Digest, Statement};
use pforte_host::{GateError, Prompt, Secret};
use pforte_oauth::Transaction;
use pforte_oauth::device::Grant;
use pforte_oauth::token::RefreshOptions;
use pforte_vault::{GateState, GatedKey, Inbox, Lease, NewSlot, SlotKind, Vault, VaultError};
use tokio::sync::{mpsc, oneshot, watch};

use crate::consent_book::ConsentBook;
use crate::consent_ledger::ConsentCommand;
use crate::content::{GatedContent, OpenContent};
use crate::context::Context;
use crate::lock::{LockEffect, LockEvent, LockState, transition};
use crate::refresh::{self, Keeping, Rotation};
use crate::transitions::Transitions;
use crate::{Kept, ProfileField, SessionError, SessionView, Status, Token, gate};

/// Reads the ledgers.
pub(crate) type LedgerReader = Box<dyn FnOnce(&ConsentBook) + Send>;

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
    /// Tokens arrived by a sign-in.
    Arrive { content: Box<GatedContent>, reply: Reply<()> },
    /// Puts the session of a moment ago behind finger or face.
    SealBehindGate { prompt: Prompt, reply: Reply<()> },
    /// The gate holds the slot's secret.
    GateReady { session: u64, slot: Box<NewSlot>, wrapped: Result<Vec<u8>, GateError>, reply: Reply<()> },
    /// Seals the session of a moment ago on this device without a gate.
    SealOnDevice { reply: Reply<()> },
    /// Opens the locked session.
    Unlock { prompt: Prompt, reply: Reply<()> },
    /// The gate answered.
    Unwrapped { attempt: u64, slot: String, secret: Result<Option<Secret>, GateError> },
    /// Locks.
    Lock { reply: Reply<()> },
    /// Hands out the access token; `rejected` is one a server has refused.
    Token { asked: RefreshOptions, rejected: Option<Token>, reply: Reply<Token> },
    /// What lies in the vault is newer than what is in memory: another process of the app wrote it.
    Adopted { session: u64, content: Box<GatedContent> },
    /// New tokens came; they are kept before anybody judges or uses them.
    Rotated { session: u64, rotation: Box<Rotation>, reply: Reply<Keeping> },
    /// A refresh has ended.
    RefreshEnded { session: u64, result: Result<(), SessionError> },
    /// Adds or replaces details about the person.
    SaveProfile { fields: Vec<ProfileField>, reply: Reply<()> },
    /// Records what the person was told or chose.
    Record { statements: Vec<Statement>, reply: Reply<()> },
    /// Reads the ledgers.
    ReadLedger { read: LedgerReader },
    /// Changes them.
    Consent(ConsentCommand),
    /// Ends the session here; the tokens are handed out to be revoked.
    SignOut { reply: Reply<Option<Box<GatedContent>>> },
}

/// How often another process may come in between before a write gives up.
const MOST_TRIES: usize = 4;

/// The keeper's own state; nobody else sees it.
pub(crate) struct Keeper {
    pub(crate) context: Arc<Context>,
    tasks: mpsc::WeakUnboundedSender<Command>,
    pub(crate) lock: LockState,
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
    /// The consent ledgers; see `consent_ledger.rs`.
    pub(crate) book: ConsentBook,
    /// Whose session it is or was last, as a digest; nothing before a sign-in or an unlock in this process.
    pub(crate) owner: Option<Digest>,
    opening: Vec<Reply<()>>,
    /// Who waits for a token, for what, and which one was refused.
    waiting: Vec<(RefreshOptions, Option<Token>, Reply<Token>)>,
    /// What the refresh under way asks for; one at a time, because each may spend the refresh token.
    refreshing: Option<RefreshOptions>,
    status: watch::Sender<Status>,
    view: watch::Sender<SessionView>,
    transitions: Transitions,
}

impl Keeper {
    /// Reads the account's open part: who, whether something is sealed, and the consent ledger.
    pub async fn open(
        context: Arc<Context>,
        tasks: mpsc::WeakUnboundedSender<Command>,
        status: watch::Sender<Status>,
        view: watch::Sender<SessionView>,
        transitions: Transitions,
    ) -> Result<Self, SessionError> {
        let (open, gate) = context.vault(|vault| Ok((vault.read_open()?, vault.gate()?))).await?;
        let open = match open {
            Some(bytes) => OpenContent::from_bytes(&bytes)?,
            None => OpenContent::default(),
        };
        context.provider.recall(&open.provider);
        let mut keeper = Self {
            context,
            tasks,
            lock: LockState::SignedOut,
            attempt: 0,
            wrong_secrets: 0,
            session: 0,
            key: None,
            content: None,
            kept: Kept::Not,
            proved_elapsed_ms: None,
            open,
            book: ConsentBook::default(),
            owner: None,
            opening: Vec::new(),
            waiting: Vec::new(),
            refreshing: None,
            status,
            view,
            transitions,
        };
        if let GateState::Sealed { slots } = &gate {
            if keeper.open.issuer == keeper.context.settings.provider.issuer
                && keeper.open.client_id == keeper.context.settings.provider.client_id
            {
                keeper.lock = LockState::Locked;
                keeper.kept = slots.first().map_or(Kept::Not, |slot| kept_by(slot.kind));
            } else {
                keeper.note("a session of another issuer or client is kept here and left alone");
            }
        }
        keeper.open_book().await?;
        keeper.publish();
        Ok(keeper)
    }

    /// Runs until the last handle is gone; what is in memory is wiped then.
    pub async fn run(mut self, mut commands: mpsc::UnboundedReceiver<Command>) {
        while let Some(command) = commands.recv().await {
            self.handle(command).await;
        }
    }

    async fn handle(&mut self, command: Command) {
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
                let open = OpenContent { device_grant: grant.map(|grant| *grant), ..self.open.clone() };
                drop(reply.send(self.write_open(open).await));
            }
            Command::DeviceGrant { reply } => drop(reply.send(Ok(self.open.device_grant.clone()))),
            Command::Subject { reply } => {
                let subject = self.content.as_ref().map(|content| content.subject.clone());
                drop(reply.send(subject.ok_or(SessionError::Locked)));
            }
            Command::Arrive { content, reply } => drop(reply.send(self.arrive(*content).await)),
            Command::SealBehindGate { prompt, reply } => self.seal_behind_gate(prompt, reply).await,
            Command::GateReady { session, slot, wrapped, reply } => {
                drop(reply.send(self.gate_ready(session, *slot, wrapped).await));
            }
            Command::SealOnDevice { reply } => drop(reply.send(self.seal_on_device().await)),
            Command::Unlock { prompt, reply } => self.unlock(prompt, reply).await,
            Command::Unwrapped { attempt, slot, secret } => self.unwrapped(attempt, slot, secret).await,
            Command::Lock { reply } => {
                self.advance(LockEvent::LockAsked, "locked").await;
                drop(reply.send(Ok(())));
            }
            Command::Token { asked, rejected, reply } => self.token(asked, rejected, reply),
            Command::Adopted { session, content } => self.adopted(session, *content),
            Command::Rotated { session, rotation, reply } => {
                drop(reply.send(self.rotated(session, *rotation).await));
            }
            Command::RefreshEnded { session, result } => self.refresh_ended(session, result).await,
            Command::SaveProfile { fields, reply } => drop(reply.send(self.save_profile(fields).await)),
            Command::Record { statements, reply } => drop(reply.send(self.record(statements).await)),
            Command::ReadLedger { read } => read(&self.book),
            Command::Consent(command) => self.consent(command).await,
            Command::SignOut { reply } => drop(reply.send(self.sign_out().await)),
        }
    }

    // Sign-in.

    async fn keep_transaction(&mut self, transaction: &Transaction) -> Result<(), SessionError> {
        let mut open = self.open.clone();
        let now_s = self.context.now_s();
        open.transactions.retain(|kept| !kept.is_expired(now_s));
        open.transactions.push(transaction.clone());
        self.write_open(open).await
    }

    async fn take_transaction(&mut self, callback_url: &str) -> Result<Transaction, SessionError> {
        let mut open = self.open.clone();
        let found = open.transactions.iter().position(|kept| kept.is_answered_by(callback_url));
        let transaction =
            found.map(|at| open.transactions.remove(at)).ok_or_else(|| SessionError::Refused {
                reason: "the redirect belongs to no sign-in of this device, or was used before".to_owned(),
            })?;
        self.write_open(open).await?;
        Ok(transaction)
    }

    async fn end_transaction(&mut self, transaction: &Transaction) -> Result<(), SessionError> {
        let mut open = self.open.clone();
        let before = open.transactions.len();
        open.transactions.retain(|kept| kept != transaction);
        if open.transactions.len() == before {
            return Ok(());
        }
        self.write_open(open).await
    }

    /// A sign-in while the same person's session is open renews it in place; any other begins a new session, which is
    /// in memory only until it is sealed.
    async fn arrive(&mut self, content: GatedContent) -> Result<(), SessionError> {
        let same = self.content.as_ref().is_some_and(|kept| kept.subject == content.subject);
        if self.lock == LockState::Unlocked && same {
            let content = GatedContent { profile: self.merged_profile(&content.profile), ..content };
            self.write_gated(content).await?;
            self.session += 1;
            self.prove();
            self.note("signed in again");
            self.publish();
            return Ok(());
        }
        self.context.vault(|vault| vault.drop_gated()).await?;
        let mut open = self.open.clone();
        open.issuer = self.context.settings.provider.issuer.clone();
        open.client_id = self.context.settings.provider.client_id.clone();
        self.write_open(open).await?;
        self.session += 1;
        self.advance(LockEvent::SignedIn, "signed in").await;
        self.greet(&content.subject).await;
        self.content = Some(content);
        self.kept = Kept::Not;
        self.prove();
        self.publish();
        Ok(())
    }

    // The gate.

    /// Makes the key and wraps the slot's secret beside the keeper: both may wait for a finger.
    async fn seal_behind_gate(&mut self, prompt: Prompt, reply: Reply<()>) {
        if self.lock != LockState::Fresh {
            drop(reply.send(Err(SessionError::Internal { what: "nothing to seal" })));
            return;
        }
        let slot = match self.context.vault(|vault| vault.prepare_slot(SlotKind::Biometric)).await {
            Ok(slot) => slot,
            Err(error) => return drop(reply.send(Err(error))),
        };
        let (context, tasks, session) = (self.context.clone(), self.tasks.clone(), self.session);
        tokio::spawn(async move {
            let wrapped = gate::wrap(&context, &slot, prompt).await;
            if let Some(keeper) = tasks.upgrade() {
                drop(keeper.send(Command::GateReady { session, slot: Box::new(slot), wrapped, reply }));
            }
        });
    }

    async fn gate_ready(
        &mut self,
        session: u64,
        slot: NewSlot,
        wrapped: Result<Vec<u8>, GateError>,
    ) -> Result<(), SessionError> {
        let wrapped = wrapped.map_err(SessionError::Gate)?;
        if session != self.session || self.lock != LockState::Fresh {
            return Err(SessionError::Cancelled { what: "the session ended in between" });
        }
        self.seal(slot, Some(wrapped), "sealed behind finger or face").await
    }

    async fn seal_on_device(&mut self) -> Result<(), SessionError> {
        if self.lock != LockState::Fresh {
            return Err(SessionError::Internal { what: "nothing to seal" });
        }
        let slot = self.context.vault(|vault| vault.prepare_slot(SlotKind::DeviceOnly)).await?;
        self.seal(slot, None, "sealed on this device, without finger or face").await
    }

    async fn seal(&mut self, slot: NewSlot, wrapped: Option<Vec<u8>>, why: &str) -> Result<(), SessionError> {
        let content = self.content.as_ref().ok_or(SessionError::SignedOut)?.to_bytes()?;
        let kept = kept_by(slot.kind());
        let key = self.context.vault(move |vault| vault.create_gated(slot, wrapped, &content)).await?;
        self.key = Some(Arc::new(key));
        self.kept = kept;
        self.advance(LockEvent::Sealed, why).await;
        Ok(())
    }

    async fn unlock(&mut self, prompt: Prompt, reply: Reply<()>) {
        match self.lock {
            LockState::Unlocked | LockState::Fresh => drop(reply.send(Ok(()))),
            LockState::SignedOut => drop(reply.send(Err(SessionError::SignedOut))),
            LockState::KeyLost => drop(reply.send(Err(SessionError::KeyLost))),
            LockState::Unlocking { .. } => self.opening.push(reply),
            LockState::Locked => {
                let slot = match self.context.vault(|vault| vault.gate()).await {
                    Ok(GateState::Sealed { slots }) => slots.into_iter().next(),
                    Ok(GateState::None) => {
                        self.follow_sibling().await;
                        return drop(reply.send(Err(SessionError::SignedOut)));
                    }
                    Err(error) => return drop(reply.send(Err(error))),
                };
                let Some(slot) = slot else {
                    return drop(reply.send(Err(SessionError::Corrupt { what: "the session" })));
                };
                self.opening.push(reply);
                self.attempt += 1;
                let attempt = self.attempt;
                self.advance(LockEvent::UnlockAsked { attempt }, "unlock asked").await;
                let (context, tasks) = (self.context.clone(), self.tasks.clone());
                tokio::spawn(async move {
                    let secret = gate::unwrap(&context, &slot, prompt).await;
                    if let Some(keeper) = tasks.upgrade() {
                        drop(keeper.send(Command::Unwrapped { attempt, slot: slot.id, secret }));
                    }
                });
            }
        }
    }

    async fn unwrapped(&mut self, attempt: u64, slot: String, secret: Result<Option<Secret>, GateError>) {
        if self.lock != (LockState::Unlocking { attempt }) {
            self.advance(LockEvent::Opened { attempt }, "a late answer of the gate was wiped").await;
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
                self.advance(LockEvent::Opened { attempt }, "unlocked").await;
                self.finish_refresh().await;
                Ok(())
            }
            Err(SessionError::KeyLost) => {
                self.advance(LockEvent::KeyVanished { attempt }, "the key behind finger or face is gone")
                    .await;
                Err(SessionError::KeyLost)
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

    /// A refresh whose answer never came, because the process was killed or the network went away, is tried again at
    /// once: within the provider's grace the old token is still good.
    async fn finish_refresh(&mut self) {
        let Some(content) = self.content.clone().filter(|content| content.refresh_token.is_some()) else {
            return;
        };
        if self.refreshing.is_none() && self.context.vault(|vault| vault.intent_is_open()).await == Ok(true) {
            self.note("a renewal that was cut off is tried again");
            self.begin_refresh(content, RefreshOptions::default(), None, true);
        }
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

    /// It is known now who is there: their consents, and what a visitor chose a moment ago, are in use.
    async fn greet(&mut self, subject: &str) {
        if let Err(error) = self.person_arrived(subject).await {
            self.note(&format!("the consents could not be taken along: {error}"));
        }
    }

    // Tokens.

    fn token(&mut self, asked: RefreshOptions, rejected: Option<Token>, reply: Reply<Token>) {
        let content = match (&self.lock, &self.content) {
            (LockState::Unlocked | LockState::Fresh, Some(content)) => content,
            (LockState::SignedOut, _) => return drop(reply.send(Err(SessionError::SignedOut))),
            (LockState::KeyLost, _) => return drop(reply.send(Err(SessionError::KeyLost))),
            _ => return drop(reply.send(Err(SessionError::Locked))),
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

    fn begin_refresh(
        &mut self,
        content: GatedContent,
        asked: RefreshOptions,
        rejected: Option<Token>,
        unfinished: bool,
    ) {
        self.refreshing = Some(asked.clone());
        let work = refresh::Work {
            context: self.context.clone(),
            keeper: self.tasks.clone(),
            session: self.session,
            content,
            asked,
            rejected,
            unfinished,
            key: self.key.as_ref().map(Arc::downgrade),
        };
        tokio::spawn(refresh::run(work));
    }

    fn adopted(&mut self, session: u64, content: GatedContent) {
        if session == self.session && self.lock == LockState::Unlocked {
            self.content = Some(content);
            self.publish();
        }
    }

    /// Keeps a rotation: in the vault where it is open, in the inbox where it was locked meanwhile. Where the person
    /// signed out meanwhile, nothing is kept, and the error tells the task to revoke.
    async fn rotated(&mut self, session: u64, rotation: Rotation) -> Result<Keeping, SessionError> {
        if session != self.session || self.lock == LockState::SignedOut {
            return Err(SessionError::SignedOut);
        }
        match (self.lock, rotation.lease.clone()) {
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
                    kept(context.vault.put_inbox_fenced(&lease, &intent, &bytes), &context.vault)
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
                let vault = &context.vault;
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

    async fn refresh_ended(&mut self, session: u64, result: Result<(), SessionError>) {
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
        if result == Err(SessionError::Locked) && self.lock == LockState::Unlocked {
            // Locked and opened again meanwhile: the key that this refresh lost is back, and the next one has it.
            self.finish_refresh().await;
            for (asked, rejected, reply) in std::mem::take(&mut self.waiting) {
                self.token(asked, rejected, reply);
            }
            return;
        }
        let token = result.and_then(|()| match (&self.lock, &self.content) {
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

    /// Another process of the app ended the session, or sealed it anew: this one does the same.
    async fn follow_sibling(&mut self) {
        if self.lock == LockState::SignedOut || self.read_session_again().await == Ok(true) {
            return;
        }
        match self.context.vault(|vault| vault.gate()).await {
            Ok(GateState::Sealed { slots }) => {
                self.kept = slots.first().map_or(Kept::Not, |slot| kept_by(slot.kind));
                self.advance(LockEvent::LockAsked, "another process of this app sealed the session anew")
                    .await;
            }
            Ok(GateState::None) => {
                self.session += 1;
                self.kept = Kept::Not;
                self.advance(LockEvent::SignedOut, "signed out in another process of this app").await;
            }
            Err(error) => self.note(&format!("the session can't be looked at: {error}")),
        }
    }

    /// Takes the session out of memory and off the device at once: signing out wins over whatever is under way.
    async fn sign_out(&mut self) -> Result<Option<Box<GatedContent>>, SessionError> {
        let content = self.content.take().map(Box::new);
        // With the device's secret gone, no copy of a file can be opened; the next person begins a ledger of their own.
        self.context.vault(|vault| vault.destroy()).await?;
        self.open = OpenContent::default();
        let aliases = self.ledger_aliases();
        self.delete_ledger_keys(aliases).await;
        self.book = ConsentBook::default();
        self.owner = None;
        self.kept = Kept::Not;
        self.session += 1;
        self.advance(LockEvent::SignedOut, "signed out").await;
        Ok(content)
    }

    // Profile and consent.

    async fn save_profile(&mut self, fields: Vec<ProfileField>) -> Result<(), SessionError> {
        self.read_session_again().await?;
        let Some(content) = self.content.clone() else {
            return Err(if self.lock == LockState::SignedOut {
                SessionError::SignedOut
            } else {
                SessionError::Locked
            });
        };
        let content = GatedContent { profile: self.merged_profile(&fields), ..content };
        if self.lock == LockState::Unlocked {
            self.write_gated(content).await?;
        } else {
            self.content = Some(content);
        }
        self.publish();
        Ok(())
    }

    /// Today's profile with `fields` put over it.
    fn merged_profile(&self, fields: &[ProfileField]) -> Vec<ProfileField> {
        let kept = self.content.iter().flat_map(|content| &content.profile);
        let mut merged: Vec<ProfileField> =
            kept.filter(|field| fields.iter().all(|new| new.name != field.name)).cloned().collect();
        merged.extend_from_slice(fields);
        merged
    }

    // What all of them need.

    /// Moves the lock and does what the move asks for.
    async fn advance(&mut self, event: LockEvent, why: &str) {
        let (next, effects) = transition(self.lock, event);
        if next != self.lock {
            self.note(why);
        }
        self.lock = next;
        for effect in effects {
            match effect {
                LockEffect::Wipe => {
                    self.key = None;
                    self.content = None;
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
        self.publish();
    }

    async fn write_open(&mut self, mut open: OpenContent) -> Result<(), SessionError> {
        open.provider = self.context.provider.kept_documents();
        let bytes = open.to_bytes()?;
        self.context.vault(move |vault| vault.write_open(&bytes)).await?;
        self.open = open;
        Ok(())
    }

    /// Persists, then publishes. Where another process wrote meanwhile, its content is replaced by this one.
    async fn write_gated(&mut self, content: GatedContent) -> Result<(), SessionError> {
        let key = self.key.clone().ok_or(SessionError::Locked)?;
        let bytes = content.to_bytes()?;
        let write = move |context: &Context| {
            for _ in 0..MOST_TRIES {
                match context.vault.write_gated(&key, &bytes) {
                    Err(VaultError::Stale) => drop(context.vault.read_gated(&key)?),
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
    async fn read_session_again(&mut self) -> Result<bool, SessionError> {
        let (LockState::Unlocked, Some(key)) = (self.lock, self.key.clone()) else { return Ok(false) };
        let bytes = self.context.vault(move |vault| vault.read_gated(&key)).await?;
        self.content = Some(GatedContent::from_bytes(&bytes)?);
        Ok(true)
    }

    /// The person was there just now.
    fn prove(&mut self) {
        self.proved_elapsed_ms = Some(self.context.host.clock.elapsed_ms());
    }

    fn note(&self, what: &str) {
        self.transitions.note(self.context.host.clock.wall_ms(), what);
    }

    fn publish(&self) {
        let content = self.content.as_ref();
        self.view.send_replace(SessionView {
            lock: self.lock,
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
            profile: content.map(|content| content.profile.clone()).unwrap_or_default(),
        });
        let status = match self.lock {
            LockState::SignedOut => Status::SignedOut,
            LockState::Locked | LockState::Unlocking { .. } => {
                Status::Locked { login_hint: self.open.login_hint.clone() }
            }
            LockState::Fresh | LockState::Unlocked => Status::Unlocked {
                profile: content.map(|content| content.profile.clone()).unwrap_or_default(),
            },
            LockState::KeyLost => Status::Unavailable {
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

fn kept_by(kind: SlotKind) -> Kept {
    match kind {
        SlotKind::DeviceOnly => Kept::OnDevice,
        SlotKind::Biometric | SlotKind::DeviceCredential => Kept::BehindGate,
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
