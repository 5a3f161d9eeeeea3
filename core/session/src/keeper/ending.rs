//! How a session ends: by the person, by the provider, by another process of the app.

use pforte_vault::GateState;

use super::Keeper;
use crate::consent_book::ConsentBook;
use crate::content::{EndedBy, GatedContent, OpenContent};
use crate::lock::{LockEvent, LockState};
use crate::{Kept, SessionError};

impl Keeper {
    /// Takes the session out of memory and off the device at once: signing out wins over whatever is under way.
    ///
    /// The ledger stays where it is, sealed with the account's open secret: evidence does not end with a session. It is
    /// at rest until its person signs in again; erasing it is an act of its own.
    pub(super) async fn sign_out(&mut self) -> Result<Option<Box<GatedContent>>, SessionError> {
        let content = self.content.take().map(Box::new);
        // With the device secret gone, no copy of the gated file can be opened.
        self.context.vault(|vault| vault.drop_gated()).await?;
        self.change_open(|open| *open = OpenContent::default()).await?;
        self.book.resting = true;
        self.signed_out().await;
        Ok(content)
    }

    /// The same, and nothing of the account is left on this device: secrets, files and evidence.
    pub(super) async fn remove(&mut self) -> Result<Option<Box<GatedContent>>, SessionError> {
        let content = self.content.take().map(Box::new);
        let account = self.context.settings.account.clone();
        let aliases = self.book.sections.iter().map(|section| section.begin.key.alias(&account)).collect();
        self.context.vault(|vault| vault.destroy()).await?;
        self.delete_ledger_keys(aliases).await;
        self.open = OpenContent::default();
        self.book = ConsentBook::default();
        self.signed_out().await;
        Ok(content)
    }

    async fn signed_out(&mut self) {
        self.book.notes.clear();
        self.owner = None;
        self.kept = Kept::Not;
        self.session += 1;
        self.advance(LockEvent::SignedOut, "signed out").await;
    }

    /// Another process of the app ended the session, or sealed it anew: this one does the same.
    pub(super) async fn follow_sibling(&mut self) {
        if self.lock.state == LockState::SignedOut || self.read_session_again().await == Ok(true) {
            return;
        }
        match self.context.vault(|vault| vault.gate()).await {
            Ok(GateState::Sealed { slots }) => {
                self.kept = Kept::by(&slots);
                self.advance(LockEvent::LockAsked, "another process of this app sealed the session anew")
                    .await;
            }
            Ok(GateState::None) => {
                self.session += 1;
                self.kept = Kept::Not;
                if let Err(error) = self.change_open(|_| ()).await {
                    self.note(&format!("the account's record can't be looked at: {error}"));
                }
                self.book.resting = self.open.issuer.is_empty();
                self.advance(LockEvent::SignedOut, "signed out in another process of this app").await;
            }
            Err(error) => self.note(&format!("the session can't be looked at: {error}")),
        }
    }

    /// Notes how the session ended, so that the next start of the app does not take it for signed out.
    pub(super) async fn remember_end(&mut self, ended: EndedBy) {
        if let Err(error) = self.change_open(|open| open.ended = Some(ended)).await {
            self.note(&format!("how the session ended could not be noted: {error}"));
        }
    }
}
