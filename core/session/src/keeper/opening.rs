//! Looking for the first time what the device keeps.

use std::sync::Arc;

use pforte_vault::{GateState, SlotInfo, VaultError};
use tokio::sync::{mpsc, watch};

use super::{ASK_AGAIN, Command, Keeper};
use crate::consent_book::ConsentBook;
use crate::content::{EndedBy, OpenContent};
use crate::context::Context;
use crate::lock::{Found, Lock, LockEvent};
use crate::transitions::Transitions;
use crate::{Kept, SessionError, SessionView, Status};

/// How many damaged files may be set aside before the storage itself is at fault.
const MOST_DAMAGED: usize = 6;

/// What one look found.
struct Seen {
    open: OpenContent,
    /// The ways into the sealed session.
    slots: Option<Vec<SlotInfo>>,
    /// Whether the session's own record, or the sealed session, can't be read.
    damaged: bool,
}

impl Keeper {
    /// Begins without knowing anything, and looks. A storage that does not answer now is no obstacle: the account is
    /// `Unavailable` until it does.
    pub async fn open(
        context: Arc<Context>,
        tasks: mpsc::WeakUnboundedSender<Command>,
        status: watch::Sender<Status>,
        view: watch::Sender<SessionView>,
        transitions: Transitions,
    ) -> Result<Self, SessionError> {
        let mut keeper = Self {
            context,
            tasks,
            lock: Lock::new(),
            attempt: 0,
            wrong_secrets: 0,
            session: 0,
            key: None,
            content: None,
            kept: Kept::Not,
            proved_elapsed_ms: None,
            open: OpenContent::default(),
            unavailable: String::new(),
            ask_again: ASK_AGAIN.0,
            book: ConsentBook::default(),
            owner: None,
            opening: Vec::new(),
            changing_gate: false,
            waiting: Vec::new(),
            refreshing: None,
            status,
            view,
            transitions,
        };
        match keeper.look().await {
            Ok(()) => {}
            Err(SessionError::NotNow { reason }) => {
                keeper.note(&format!("the device's storage does not answer yet: {reason}"));
                keeper.unavailable = reason;
                keeper.publish();
            }
            Err(error) => return Err(error),
        }
        Ok(keeper)
    }

    /// Reads the account's open part: who, whether something is sealed, and the consent ledger.
    pub(super) async fn look(&mut self) -> Result<(), SessionError> {
        let mut damaged = false;
        for _ in 0..MOST_DAMAGED {
            match self.look_once(damaged).await {
                Err(SessionError::Corrupt { what }) => {
                    self.note(&format!("{what} on this device can't be read and was set aside"));
                    damaged = damaged || what != LEDGER;
                }
                looked => return looked,
            }
        }
        Err(SessionError::Storage { reason: "what can't be read can't be set aside either".to_owned() })
    }

    async fn look_once(&mut self, damaged: bool) -> Result<(), SessionError> {
        let context = self.context.clone();
        let seen = self.context.blocking(move |_| see(&context)).await?;
        let provider = &self.context.settings.provider;
        let ours = seen.open.issuer == provider.issuer && seen.open.client_id == provider.client_id;
        self.book.resting = seen.open.issuer.is_empty();
        self.open = seen.open;
        self.context.provider.recall(&self.open.provider);
        self.open_book().await?;

        let damaged = damaged || seen.damaged;
        let found = match (&seen.slots, self.open.ended) {
            (Some(_), _) if ours => Found::Sealed,
            (_, Some(EndedBy::Damage)) => Found::Corrupt,
            (_, Some(EndedBy::KeyLost)) => Found::KeyLost,
            // A sealed session whose record is gone: signing out removes the session first.
            (Some(_), _) if self.open.issuer.is_empty() => Found::Corrupt,
            _ if damaged => Found::Corrupt,
            _ => Found::Nothing,
        };
        self.kept = Kept::Not;
        match seen.slots {
            Some(slots) if found == Found::Sealed => self.kept = Kept::by(&slots),
            Some(_) if found == Found::Corrupt => {}
            Some(_) => self.note("a session of another issuer or client is kept here and left alone"),
            None => {}
        }
        if self.context.started_anew() {
            self.note("files of another device or installation were set aside");
        }
        if self.context.opened().is_ok_and(pforte_vault::Vault::reinstalled) {
            self.note("the app was installed anew; what the earlier installation kept was forgotten");
        }
        if found == Found::Corrupt && self.open.ended.is_none() && !self.open.issuer.is_empty() {
            // Remembered, so that it is not taken for signed out at the next start.
            self.remember_end(EndedBy::Damage).await;
        }
        let why = if self.unavailable.is_empty() { "" } else { "the device's storage answers now" };
        self.advance(LockEvent::Looked { found }, why).await;
        self.publish();
        Ok(())
    }
}

/// What a damaged ledger is called.
const LEDGER: &str = "the consent ledger";

fn see(context: &Context) -> Result<Seen, SessionError> {
    let vault = context.opened()?;
    let mut damaged = false;
    let open = match vault.read_open() {
        Ok(None) => OpenContent::default(),
        // What can't be parsed is written anew at the next change.
        Ok(Some(bytes)) => OpenContent::from_bytes(&bytes).unwrap_or_else(|_| {
            damaged = true;
            OpenContent::default()
        }),
        // Older than what was written here: somebody put it there, and it says nothing.
        Err(VaultError::Rollback { .. }) => {
            damaged = true;
            OpenContent::default()
        }
        Err(error) => return Err(error.into()),
    };
    let slots = match vault.gate() {
        Ok(GateState::Sealed { slots }) => Some(slots),
        Ok(GateState::None) => None,
        Err(VaultError::Rollback { .. }) => {
            damaged = true;
            None
        }
        Err(error) => return Err(error.into()),
    };
    Ok(Seen { open, slots, damaged })
}
