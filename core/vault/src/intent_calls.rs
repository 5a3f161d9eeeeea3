//! The vault's calls around a refresh: the intent before it, and where its result goes.
//!
//! ```text
//!           open_intent                  close_intent (unlocked): content and end of the intent, one write
//!  Closed ───────────────► Open ──┬──────────────────────────────────────────────► Closed
//!                            ▲    │ put_inbox (locked): sealed under the intent's own key
//!              open_intent   │    ▼
//!              (it failed) ──┘  Open, inbox ── unlock, take_inbox, close_intent ──► Closed, inbox removed
//! ```
//!
//! The intent lies in the gated file, its id in the header. A result whose intent is not the open one comes too late:
//! another process went on, or the session was ended or sealed anew. It is refused, and the caller revokes it.

use std::fmt;

use zeroize::Zeroizing;

use crate::crypto::{draw, draw_key};
use crate::format::{MAX_FILE, Unread, check_content};
use crate::gated_calls::{Over, WHAT};
use crate::gated_file::{Header, Intent};
use crate::inbox_file::{self, InboxFile};
use crate::vault::INBOX;
use crate::{GatedKey, IntentKey, Lease, Vault, VaultError};

/// What lay in the inbox.
pub enum Inbox {
    /// Nothing.
    Empty,
    /// A rotation that arrived while locked. It stays there until [`Vault::close_intent`] is called with this intent
    /// and the merged content, so that a crash in between loses nothing.
    Arrived {
        /// The intent it answers.
        intent: IntentKey,
        /// What was put there.
        content: Zeroizing<Vec<u8>>,
    },
    /// Something that no intent of this session sealed. It was set aside; worth a note, no obstacle.
    Refused,
}

impl fmt::Debug for Inbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "Empty",
            Self::Arrived { .. } => "Arrived { .. }",
            Self::Refused => "Refused",
        })
    }
}

impl Vault {
    /// Journals that a refresh begins, durably, and hands out the one-time key for its result. An intent that was
    /// still open is over by that.
    ///
    /// # Errors
    /// [`VaultError::Stale`] where another process wrote since `key` last read, or where the inbox holds a result that
    /// was not taken: [`Vault::read_gated`] and [`Vault::take_inbox`] first. As [`Vault::write_gated`] otherwise.
    pub fn open_intent(&self, key: &GatedKey) -> Result<IntentKey, VaultError> {
        self.begin_intent(key, None)
    }

    /// The same under a lease: the fence is compared at the write.
    ///
    /// # Errors
    /// [`VaultError::Superseded`] also where somebody took the lease since. As [`Vault::open_intent`] otherwise.
    pub fn open_intent_fenced(&self, key: &GatedKey, lease: &Lease) -> Result<IntentKey, VaultError> {
        self.begin_intent(key, Some(lease))
    }

    fn begin_intent(&self, key: &GatedKey, lease: Option<&Lease>) -> Result<IntentKey, VaultError> {
        let (intent_id, intent_key) = (draw(&*self.random)?, draw_key(&*self.random)?);
        self.change_gated(key, Over::Known, lease, |header, content, _| {
            if self.inbox_answers(header)? {
                return Err(VaultError::Stale);
            }
            header.intent = Intent::Open(intent_id);
            content.intent_key = Some(intent_key.clone());
            Ok(())
        })?;
        Ok(IntentKey { key: intent_key, vault_id: key.vault_id, intent_id })
    }

    /// Whether a refresh was begun whose result was never stored: it is to be tried again soon, within the provider's
    /// grace.
    ///
    /// # Errors
    /// As [`Vault::gate`].
    pub fn intent_is_open(&self) -> Result<bool, VaultError> {
        self.run(|known| {
            let Some(bytes) = self.gated_bytes()? else { return Ok(false) };
            Ok(matches!(self.current(known, &bytes)?.gated.header.intent, Intent::Open(_)))
        })
    }

    /// Stores a refresh's result while unlocked: the content and the end of the intent, in one write. What another
    /// process wrote in between is replaced: a rotated token is never withheld for it.
    ///
    /// # Errors
    /// [`VaultError::Superseded`] where the intent is not the open one. As [`Vault::write_gated`] otherwise.
    pub fn close_intent(&self, key: &GatedKey, intent: &IntentKey, content: &[u8]) -> Result<(), VaultError> {
        self.end_intent(key, Over::Any, None, intent, content)
    }

    /// The same under a lease, and over what `key` has seen only: a profile that a sibling wrote during the refresh is
    /// not lost.
    ///
    /// # Errors
    /// [`VaultError::Stale`] where another process wrote since `key` last read: [`Vault::read_gated`], put the tokens
    /// into what is there, and close again; nothing of the refresh is lost in between. [`VaultError::Superseded`] where
    /// the intent is not the open one, or somebody took the lease since: revoke the result. As
    /// [`Vault::write_gated`] otherwise.
    pub fn close_intent_fenced(
        &self,
        key: &GatedKey,
        lease: &Lease,
        intent: &IntentKey,
        content: &[u8],
    ) -> Result<(), VaultError> {
        self.end_intent(key, Over::Known, Some(lease), intent, content)
    }

    fn end_intent(
        &self,
        key: &GatedKey,
        over: Over,
        lease: Option<&Lease>,
        intent: &IntentKey,
        content: &[u8],
    ) -> Result<(), VaultError> {
        check_content(content)?;
        self.change_gated(key, over, lease, |header, kept, _| {
            if header.intent != Intent::Open(intent.intent_id) || header.vault_id != intent.vault_id {
                return Err(VaultError::Superseded);
            }
            header.intent = Intent::Closed(intent.intent_id);
            kept.intent_key = None;
            kept.bytes = Zeroizing::new(content.to_vec());
            Ok(())
        })?;
        // A leftover is recognised by its intent and removed when the inbox is next looked at.
        drop(self.locked(|| Ok(self.files.remove(&self.account.name(INBOX))?)));
        Ok(())
    }

    /// Stores a refresh's result while locked.
    ///
    /// # Errors
    /// [`VaultError::Superseded`] where the session was ended or sealed anew, or another refresh was begun: revoke the
    /// result. As [`Vault::gate`] otherwise.
    pub fn put_inbox(&self, intent: &IntentKey, content: &[u8]) -> Result<(), VaultError> {
        self.seal_inbox(None, intent, content)
    }

    /// The same under a lease: the fence is compared at the write.
    ///
    /// # Errors
    /// [`VaultError::Superseded`] also where somebody took the lease since. As [`Vault::put_inbox`] otherwise.
    pub fn put_inbox_fenced(
        &self,
        lease: &Lease,
        intent: &IntentKey,
        content: &[u8],
    ) -> Result<(), VaultError> {
        self.seal_inbox(Some(lease), intent, content)
    }

    fn seal_inbox(
        &self,
        lease: Option<&Lease>,
        intent: &IntentKey,
        content: &[u8],
    ) -> Result<(), VaultError> {
        check_content(content)?;
        let sealed = inbox_file::encode(intent, &self.salt()?, content)?;
        self.run(|known| {
            let bytes = self.gated_bytes()?.ok_or(VaultError::Superseded)?;
            let header = self.current(known, &bytes)?.gated.header;
            if header.vault_id != intent.vault_id || header.intent != Intent::Open(intent.intent_id) {
                return Err(VaultError::Superseded);
            }
            if let Some(lease) = lease {
                self.check_fence(known, lease)?;
            }
            Ok(self.files.replace(&self.account.name(INBOX), &sealed)?)
        })
    }

    /// After an unlock: what arrived while locked.
    ///
    /// # Errors
    /// As [`Vault::read_gated`]; [`VaultError::UnknownVersion`] where a newer version put something there.
    pub fn take_inbox(&self, key: &GatedKey) -> Result<Inbox, VaultError> {
        let taken = self.run(|known| {
            let gated = self.gated_bytes()?.ok_or(VaultError::Superseded)?;
            let (current, content) = self.current_open(known, key, &gated)?;
            let Some(bytes) = self.inbox_bytes()? else { return Ok(Inbox::Empty) };
            let refused = |unread| self.refuse(known, INBOX, "the inbox", unread);
            let inbox = InboxFile::read(&bytes).map_err(refused)?;
            let intent = current.gated.header.intent;
            if (inbox.vault_id, intent) == (key.vault_id, Intent::Closed(inbox.intent_id)) {
                // Merged before, and the process ended before it was removed.
                self.files.remove(&self.account.name(INBOX))?;
                return Ok(Inbox::Empty);
            }
            let Some(intent_key) = content.intent_key else { return Err(refused(Unread::Damaged)) };
            let is_ours = (inbox.vault_id, Intent::Open(inbox.intent_id)) == (key.vault_id, intent);
            let opened = if is_ours { inbox.open(intent_key.as_slice()) } else { Err(Unread::Damaged) };
            let content = opened.map_err(refused)?;
            let intent_id = inbox.intent_id;
            Ok(Inbox::Arrived {
                intent: IntentKey { key: intent_key, vault_id: key.vault_id, intent_id },
                content,
            })
        });
        match taken {
            Err(VaultError::Corrupt { what }) if what != WHAT => Ok(Inbox::Refused),
            other => other,
        }
    }

    /// Whether the inbox says that it answers the open intent: then it is to be taken first.
    pub(crate) fn inbox_answers(&self, header: &Header) -> Result<bool, VaultError> {
        let (Intent::Open(open), Some(bytes)) = (header.intent, self.inbox_bytes()?) else {
            return Ok(false);
        };
        let inbox = InboxFile::read(&bytes);
        Ok(inbox.is_ok_and(|inbox| (inbox.vault_id, inbox.intent_id) == (header.vault_id, open)))
    }

    fn inbox_bytes(&self) -> Result<Option<Vec<u8>>, VaultError> {
        self.read_file(INBOX, MAX_FILE)
    }
}
