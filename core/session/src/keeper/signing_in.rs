//! Sign-ins under way, and the session that comes of one.

use pforte_oauth::Transaction;

use super::Keeper;
use crate::content::GatedContent;
use crate::lock::{LockEvent, LockState};
use crate::{Kept, SessionError, gate};

impl Keeper {
    pub(super) async fn keep_transaction(&mut self, transaction: &Transaction) -> Result<(), SessionError> {
        let now_s = self.context.now_s();
        self.change_open(|open| {
            open.transactions.retain(|kept| !kept.is_expired(now_s));
            open.transactions.push(transaction.clone());
        })
        .await
    }

    pub(super) async fn take_transaction(&mut self, callback_url: &str) -> Result<Transaction, SessionError> {
        let taken = self
            .change_open(|open| {
                let found = open.transactions.iter().position(|kept| kept.is_answered_by(callback_url));
                found.map(|at| open.transactions.remove(at))
            })
            .await?;
        taken.ok_or_else(|| SessionError::Refused {
            reason: "the redirect belongs to no sign-in of this device, or was used before".to_owned(),
        })
    }

    pub(super) async fn end_transaction(&mut self, transaction: &Transaction) -> Result<(), SessionError> {
        if self.open.transactions.iter().all(|kept| kept != transaction) {
            return Ok(());
        }
        self.change_open(|open| open.transactions.retain(|kept| kept != transaction)).await
    }

    /// A sign-in while the same person's session is open renews it in place; any other begins a new session, which is
    /// in memory only until it is sealed.
    pub(super) async fn arrive(&mut self, content: GatedContent) -> Result<(), SessionError> {
        let same = self.content.as_ref().is_some_and(|kept| kept.subject == content.subject);
        let hint = content.email();
        if self.lock.state == LockState::Unlocked && same {
            let content = GatedContent { profile: self.merged_profile(&content.profile), ..content };
            self.write_gated(content).await?;
            self.session += 1;
            self.used().await;
            self.prove();
            self.note("signed in again");
            self.publish();
            return Ok(());
        }
        let aliases = self.context.vault(|vault| Ok(vault.aliases())).await?;
        self.context.vault(|vault| vault.drop_gated()).await?;
        if !aliases.is_empty() {
            let context = self.context.clone();
            tokio::spawn(async move { gate::forget(&context, aliases).await });
        }
        self.wrong_secrets = 0;
        let provider = self.context.settings.provider.clone();
        self.change_open(|open| {
            open.issuer = provider.issuer;
            open.client_id = provider.client_id;
            open.ended = None;
            open.awaits_enrolment = false;
            open.login_hint = hint.filter(|_| open.remembers);
        })
        .await?;
        self.book.resting = false;
        self.session += 1;
        let at_ms = self.context.host.clock.elapsed_ms();
        self.advance(LockEvent::SignedIn { at_ms }, "signed in").await;
        self.greet(&content.subject).await;
        self.content = Some(content);
        self.kept = Kept::Not;
        self.prove();
        self.publish();
        Ok(())
    }

    /// The person chose whether this device shows whose session it is while it is locked, and fills that in when they
    /// have to sign in again.
    pub(super) async fn remember(&mut self, remembers: bool) -> Result<(), SessionError> {
        let known = self.content.as_ref().and_then(GatedContent::email);
        self.change_open(|open| {
            open.remembers = remembers;
            open.login_hint = if remembers { known.or(open.login_hint.take()) } else { None };
        })
        .await?;
        self.publish();
        Ok(())
    }

    /// It is known now who is there: their consents, and what a visitor chose a moment ago, are in use.
    pub(super) async fn greet(&mut self, subject: &str) {
        if let Err(error) = self.person_arrived(subject).await {
            self.note(&format!("the consents could not be taken along: {error}"));
        }
    }
}
