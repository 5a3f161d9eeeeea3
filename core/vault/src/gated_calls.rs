//! The vault's calls on the gated file and its slots.
//!
//! ```text
//!            create_gated                 unlock (slot's secret)
//!   None ─────────────────► Sealed ──────────────────────────────► GatedKey: read, write, slots, intent
//!     ▲                       │  ▲
//!     └────── drop_gated ─────┘  └── rekey_gated (the gate turned on or off, a slot upgraded), create_gated (a new
//!                                    session): new DEK, device secret, vault id
//! ```

use std::sync::{Mutex, PoisonError};

use pforte_host::Secret;
use zeroize::Zeroizing;

use crate::crypto::{Key, draw, draw_key};
use crate::entries::Keys;
use crate::format::{Id, MAX_FILE, Salt, check_content, hex};
use crate::gated_file::{self, Content, Gated, Header, Intent, MAX_SLOTS, Slot};
use crate::open_calls::next;
use crate::vault::{Anchored, GATED, INBOX, Known};
use crate::{GateState, GatedKey, Lease, NewSlot, SlotKind, Vault, VaultError};

pub(crate) const WHAT: &str = "the sealed session";

impl Vault {
    /// Whether a gated file is there, and what opens it. Damage and roll-back are found here, before anybody is
    /// prompted.
    ///
    /// # Errors
    /// [`VaultError::Corrupt`] once, then the file is set aside and there is none; [`VaultError::Rollback`] until it is
    /// made anew or dropped; [`VaultError::UnknownVersion`], [`VaultError::NotNow`], [`VaultError::Lost`].
    pub fn gate(&self) -> Result<GateState, VaultError> {
        let (install_id, header, repair) = self.run(|known| {
            let Some(bytes) = self.gated_bytes()? else { return Ok((known.anchor.install_id, None, false)) };
            let header = self.current(known, &bytes)?.gated.header;
            let repair = header.generation > known.anchor.gated || self.anchor_is_behind();
            Ok((known.anchor.install_id, Some(header), repair))
        })?;
        let Some(header) = header else { return Ok(GateState::None) };
        if repair {
            self.raise_gated(install_id, header.generation);
        }
        Ok(GateState::Sealed { slots: header.slots.iter().map(Slot::info).collect() })
    }

    /// The aliases of the gate keys in use; none where they can't be read.
    pub fn aliases(&self) -> Vec<String> {
        match self.gate() {
            Ok(GateState::Sealed { slots }) => slots.into_iter().filter_map(|slot| slot.alias).collect(),
            Ok(GateState::None) | Err(_) => Vec::new(),
        }
    }

    /// Draws a slot: id, alias and secret. Nothing is stored; the gate key is to be made under its alias and to wrap
    /// its secret, then the slot goes to [`Vault::create_gated`], [`Vault::add_slot`] or [`Vault::replace_slot`].
    ///
    /// # Errors
    /// [`VaultError::Crypto`] where there is no randomness.
    pub fn prepare_slot(&self, kind: SlotKind) -> Result<NewSlot, VaultError> {
        let id: Id = draw(&*self.random)?;
        if kind == SlotKind::DeviceOnly {
            return Ok(NewSlot { id, kind, alias: None, secret: None });
        }
        let alias = format!("{}/gate/{}", self.account.as_str(), hex(&id));
        let secret = Secret::new(draw_key(&*self.random)?.to_vec());
        Ok(NewSlot { id, kind, alias: Some(alias), secret: Some(secret) })
    }

    /// Seals `content` under a new DEK, device secret and vault id, in place of whatever gated file was there: a session
    /// begins. Headers from before open nothing any more. [`Vault::rekey_gated`] goes on with the session that is there.
    ///
    /// `wrapped` is what the gate key made of the slot's secret; none for [`SlotKind::DeviceOnly`].
    ///
    /// # Errors
    /// [`VaultError::Invalid`], [`VaultError::NotNow`], [`VaultError::Storage`], [`VaultError::UnknownVersion`]: the
    /// gated file from before is still there.
    pub fn create_gated(
        &self,
        slot: NewSlot,
        wrapped: Option<Vec<u8>>,
        content: &[u8],
    ) -> Result<GatedKey, VaultError> {
        check_content(content)?;
        self.seal_anew(slot, wrapped, Source::Given(content))
    }

    /// Seals the open session anew, in one write: new DEK, device secret and vault id, the content and an open intent
    /// as they are. The gate turned on or off, and a slot upgraded from device-only to a gate key: whoever could open
    /// the file from before, with a copy of this device's storage, opens nothing that is written from here on.
    ///
    /// Under a lease, so that no refresh is under way: its result would come too late.
    ///
    /// # Errors
    /// [`VaultError::Stale`] where another process wrote since `key` last read, or where the inbox holds a result that
    /// was not taken: [`Vault::read_gated`] and [`Vault::take_inbox`] first. [`VaultError::Superseded`] where the
    /// session was ended or sealed anew, or somebody took the lease since. As [`Vault::create_gated`] otherwise; the
    /// gated file from before is still there.
    pub fn rekey_gated(
        &self,
        key: &GatedKey,
        lease: &Lease,
        slot: NewSlot,
        wrapped: Option<Vec<u8>>,
    ) -> Result<GatedKey, VaultError> {
        self.seal_anew(slot, wrapped, Source::Present(key, lease))
    }

    fn seal_anew(
        &self,
        slot: NewSlot,
        wrapped: Option<Vec<u8>>,
        source: Source<'_>,
    ) -> Result<GatedKey, VaultError> {
        let (vault_id, device_secret): (Id, Key) = (draw(&*self.random)?, draw_key(&*self.random)?);
        let dek = draw_key(&*self.random)?;
        let mut keys = self.keys_or_new()?;
        let install_id = keys.install_id;
        let slot = Slot::seal(slot, wrapped, 1, (&install_id, &vault_id), &device_secret, &dek)?;

        // The successor's secret lies beside the present one until the file has changed hands.
        let before = self.gated_bytes()?.and_then(|bytes| gated_file::claimed_vault_id(&bytes).ok());
        keys.forget_before(before.as_ref());
        keys.device_secrets.push((vault_id, device_secret.clone()));
        self.write_keys(&keys)?;

        let salt = self.salt()?;
        let generation = self.run(|known| {
            let moved = self.moved(known, &source)?;
            let generation = next(moved.generation.max(known.anchor.gated))?;
            let (fence, intent, slots) = (moved.fence, moved.intent, vec![slot.clone()]);
            let header = Header { install_id, vault_id, generation, epoch: 1, fence, intent, slots };
            let bytes = gated_file::encode(&header, &device_secret, &dek, &salt, &moved.content)?;
            self.files.replace(&self.account.name(GATED), &bytes)?;
            // What waits there belongs to the session from before, and could not be opened any more.
            drop(self.files.remove(&self.account.name(INBOX)));
            Ok(generation)
        })?;
        self.raise_gated(install_id, generation);
        // If this fails, the secret from before lies there until the next unlock, with nothing to open.
        drop(self.settle_device_secrets(vault_id, &device_secret));
        Ok(GatedKey { dek, vault_id, known: Mutex::new([salt; 2]) })
    }

    /// What goes from the gated file of before into its successor.
    fn moved(&self, known: &Known, source: &Source<'_>) -> Result<Moved, VaultError> {
        match source {
            Source::Given(content) => {
                let (generation, fence) = match self.gated_bytes()? {
                    None => (0, 0),
                    Some(bytes) => match self.current(known, &bytes) {
                        Ok(current) => (current.gated.header.generation, current.gated.header.fence),
                        Err(VaultError::Rollback { .. }) => (0, 0),
                        Err(error) if known.is_settled(&error) => (0, 0),
                        Err(error) => return Err(error),
                    },
                };
                let content = Content { intent_key: None, bytes: Zeroizing::new(content.to_vec()) };
                Ok(Moved { generation, fence, intent: Intent::Never, content })
            }
            Source::Present(key, lease) => {
                let bytes = self.gated_bytes()?.ok_or(VaultError::Superseded)?;
                let (current, content) = self.current_open(known, key, &bytes)?;
                self.check_fence(known, lease)?;
                let header = &current.gated.header;
                if !key.knows(&current.gated.payload.salt) || self.inbox_answers(header)? {
                    return Err(VaultError::Stale);
                }
                let fence = header.fence.max(lease.fence);
                Ok(Moved { generation: header.generation, fence, intent: header.intent, content })
            }
        }
    }

    /// Opens the gated file with what the gate unwrapped; none for [`SlotKind::DeviceOnly`].
    ///
    /// # Errors
    /// [`VaultError::WrongSecret`]: these are not the bytes that were wrapped; the file is whole.
    /// [`VaultError::Superseded`]: there is no gated file any more, or no such slot. As [`Vault::gate`] otherwise.
    pub fn unlock(
        &self,
        slot_id: &str,
        secret: Option<Secret>,
    ) -> Result<(GatedKey, Zeroizing<Vec<u8>>), VaultError> {
        let (install_id, generation, unsettled, key, content) = self.run(|known| {
            let bytes = self.gated_bytes()?.ok_or(VaultError::Superseded)?;
            let current = self.current(known, &bytes)?;
            let header = &current.gated.header;
            let slot = header.slots.iter().find(|slot| hex(&slot.id) == slot_id);
            let slot = slot.ok_or(VaultError::Superseded)?;
            let ids = (&header.install_id, &header.vault_id);
            let dek = slot.open(ids, secret.as_ref(), current.device_secret)?;
            let content =
                current.gated.open(&dek).map_err(|unread| self.refuse(known, GATED, WHAT, unread))?;
            let salt = current.gated.payload.salt;
            let key = GatedKey { dek, vault_id: header.vault_id, known: Mutex::new([salt; 2]) };
            let first = known.keys(WHAT)?.device_secrets.first().map(|(id, _)| *id);
            let unsettled = (first != Some(header.vault_id)).then(|| current.device_secret.clone());
            Ok((header.install_id, header.generation, unsettled, key, content.bytes))
        })?;
        self.raise_gated(install_id, generation);
        if let Some(device_secret) = unsettled {
            // A change of the gate was interrupted after the file had changed hands.
            drop(self.settle_device_secrets(key.vault_id, &device_secret));
        }
        Ok((key, content))
    }

    /// Reads the gated file again: what another process wrote is known to `key` from then on.
    ///
    /// # Errors
    /// [`VaultError::Superseded`] where the session was ended or sealed anew; as [`Vault::gate`] otherwise.
    pub fn read_gated(&self, key: &GatedKey) -> Result<Zeroizing<Vec<u8>>, VaultError> {
        self.run(|known| {
            let bytes = self.gated_bytes()?.ok_or(VaultError::Superseded)?;
            let (current, content) = self.current_open(known, key, &bytes)?;
            key.know([current.gated.payload.salt; 2]);
            Ok(content.bytes)
        })
    }

    /// Replaces the content. An open intent stays open.
    ///
    /// # Errors
    /// [`VaultError::Stale`] where another process wrote since `key` last read; [`VaultError::Superseded`] where the
    /// session was ended or sealed anew; [`VaultError::Invalid`] over 1 MiB. The old content is still there.
    pub fn write_gated(&self, key: &GatedKey, content: &[u8]) -> Result<(), VaultError> {
        check_content(content)?;
        self.change_gated(key, Over::Known, None, |_, kept, _| {
            kept.bytes = Zeroizing::new(content.to_vec());
            Ok(())
        })
    }

    /// The same under a lease: the fence is compared at the write.
    ///
    /// # Errors
    /// [`VaultError::Superseded`] also where somebody took the lease since. As [`Vault::write_gated`] otherwise.
    pub fn write_gated_fenced(
        &self,
        key: &GatedKey,
        lease: &Lease,
        content: &[u8],
    ) -> Result<(), VaultError> {
        check_content(content)?;
        self.change_gated(key, Over::Known, Some(lease), |_, kept, _| {
            kept.bytes = Zeroizing::new(content.to_vec());
            Ok(())
        })
    }

    /// The generation that lies on the device at this moment, to see cheaply whether somebody wrote; nothing where
    /// there is no gated file, or none that can be parsed. A hint: it is not checked, and [`Vault::read_gated`] is.
    ///
    /// # Errors
    /// [`VaultError::NotNow`] and [`VaultError::Storage`].
    pub fn gated_generation(&self) -> Result<Option<u64>, VaultError> {
        let begin = self.files.read_part(&self.account.name(GATED), 0, gated_file::GENERATION_ENDS)?;
        Ok(begin.and_then(|bytes| gated_file::claimed_generation(&bytes).ok()))
    }

    /// Adds a way in, at most 4.
    ///
    /// # Errors
    /// As [`Vault::create_gated`] and [`Vault::write_gated`].
    pub fn add_slot(
        &self,
        key: &GatedKey,
        slot: NewSlot,
        wrapped: Option<Vec<u8>>,
    ) -> Result<(), VaultError> {
        self.change_slots(key, None, Some((slot, wrapped)))
    }

    /// Puts a new way in at the place of an old one, in one write: the gate key is rotated. The DEK stays the same, so a
    /// device-only slot is upgraded with [`Vault::rekey_gated`] instead: whoever copied the storage before has its DEK.
    ///
    /// # Errors
    /// As [`Vault::add_slot`]; [`VaultError::Invalid`] where there is no such slot.
    pub fn replace_slot(
        &self,
        key: &GatedKey,
        old_slot_id: &str,
        slot: NewSlot,
        wrapped: Option<Vec<u8>>,
    ) -> Result<(), VaultError> {
        self.change_slots(key, Some(old_slot_id), Some((slot, wrapped)))
    }

    /// Takes a way in away; the last one stays. The DEK stays the same: against somebody who holds the slot's secret
    /// *and* a copy of this device's storage from before, seal anew with [`Vault::rekey_gated`].
    ///
    /// # Errors
    /// As [`Vault::replace_slot`].
    pub fn remove_slot(&self, key: &GatedKey, slot_id: &str) -> Result<(), VaultError> {
        self.change_slots(key, Some(slot_id), None)
    }

    /// Gives the gated file and the inbox up, without opening them; the open file and the logs stay. Nothing happens
    /// where there is none.
    ///
    /// # Errors
    /// [`VaultError::NotNow`] and [`VaultError::Storage`]; it can be called again.
    pub fn drop_gated(&self) -> Result<(), VaultError> {
        self.locked(|| {
            self.files.remove(&self.account.name(GATED))?;
            Ok(self.files.remove(&self.account.name(INBOX))?)
        })?;
        let Some(mut keys) = self.read_keys()?.filter(|keys| !keys.device_secrets.is_empty()) else {
            return Ok(());
        };
        keys.device_secrets.clear();
        self.write_keys(&keys)
    }

    /// Changes the gated file of `key` in one write, under `lease` if there is one.
    pub(crate) fn change_gated(
        &self,
        key: &GatedKey,
        over: Over,
        lease: Option<&Lease>,
        change: impl Fn(&mut Header, &mut Content, &Current<'_>) -> Result<(), VaultError>,
    ) -> Result<(), VaultError> {
        let salt = self.salt()?;
        let (install_id, generation) = self.run(|known| {
            let bytes = self.gated_bytes()?.ok_or(VaultError::Superseded)?;
            let (current, mut content) = self.current_open(known, key, &bytes)?;
            if let Some(lease) = lease {
                self.check_fence(known, lease)?;
            }
            let is_known = key.knows(&current.gated.payload.salt);
            if over == Over::Known && !is_known {
                return Err(VaultError::Stale);
            }
            let mut header = current.gated.header.clone();
            header.fence = header.fence.max(lease.map_or(0, |lease| lease.fence));
            header.generation = next(header.generation.max(known.anchor.gated))?;
            change(&mut header, &mut content, &current)?;
            let bytes = gated_file::encode(&header, current.device_secret, &key.dek, &salt, &content)?;
            // A write that reports failure may have happened all the same, so it is known from here on.
            if is_known {
                key.know([current.gated.payload.salt, salt]);
            }
            self.files.replace(&self.account.name(GATED), &bytes)?;
            Ok((header.install_id, header.generation))
        })?;
        self.raise_gated(install_id, generation);
        Ok(())
    }

    fn change_slots(
        &self,
        key: &GatedKey,
        remove: Option<&str>,
        add: Option<(NewSlot, Option<Vec<u8>>)>,
    ) -> Result<(), VaultError> {
        self.change_gated(key, Over::Any, None, |header, _, current| {
            header.epoch =
                header.epoch.checked_add(1).ok_or(VaultError::Invalid { what: "no epoch is left" })?;
            let mut at = header.slots.len();
            if let Some(remove) = remove {
                let found = header.slots.iter().position(|slot| hex(&slot.id) == remove);
                at = found.ok_or(VaultError::Invalid { what: "there is no such slot" })?;
                header.slots.remove(at);
            }
            if let Some((new, wrapped)) = &add {
                let new = NewSlot {
                    id: new.id,
                    kind: new.kind,
                    alias: new.alias.clone(),
                    secret: new.secret.clone(),
                };
                let ids = (&header.install_id, &header.vault_id);
                let slot =
                    Slot::seal(new, wrapped.clone(), header.epoch, ids, current.device_secret, &key.dek)?;
                header.slots.insert(at, slot);
            }
            if header.slots.is_empty() || header.slots.len() > MAX_SLOTS {
                return Err(VaultError::Invalid { what: "the gated file has 1 to 4 slots" });
            }
            Ok(())
        })
    }

    pub(crate) fn gated_bytes(&self) -> Result<Option<Vec<u8>>, VaultError> {
        self.read_file(GATED, MAX_FILE)
    }

    /// The gated file, whole and not rolled back.
    pub(crate) fn current<'a>(&self, known: &'a Known, bytes: &'a [u8]) -> Result<Current<'a>, VaultError> {
        let keys: &Keys = known.keys(WHAT)?;
        let read = gated_file::claimed_vault_id(bytes).and_then(|vault_id| {
            let device_secret = keys.device_secret(&vault_id).ok_or(crate::format::Unread::Damaged)?;
            Ok(Current { gated: gated_file::decode(bytes, device_secret)?, device_secret })
        });
        let current = read.map_err(|unread| self.refuse(known, GATED, WHAT, unread))?;
        if current.gated.header.generation < known.anchor.gated {
            return Err(VaultError::Rollback { what: WHAT });
        }
        Ok(current)
    }

    /// The same, opened with a key from before.
    pub(crate) fn current_open<'a>(
        &self,
        known: &'a Known,
        key: &GatedKey,
        bytes: &'a [u8],
    ) -> Result<(Current<'a>, Content), VaultError> {
        let current = self.current(known, bytes)?;
        if current.gated.header.vault_id != key.vault_id {
            return Err(VaultError::Superseded);
        }
        let content =
            current.gated.open(&key.dek).map_err(|unread| self.refuse(known, GATED, WHAT, unread))?;
        Ok((current, content))
    }

    fn raise_gated(&self, install_id: Id, generation: u64) {
        self.raise(install_id, Anchored::Gated, |anchor| anchor.gated = anchor.gated.max(generation));
    }

    /// Forgets the device secrets from before this one. Those behind it are kept: another process may be about to
    /// write its file.
    fn settle_device_secrets(&self, vault_id: Id, device_secret: &Key) -> Result<(), VaultError> {
        let Some(mut keys) = self.read_keys()? else { return Ok(()) };
        let (count, known) = (keys.device_secrets.len(), keys.device_secret(&vault_id).is_some());
        if known {
            keys.forget_before(Some(&vault_id));
        } else {
            keys.device_secrets.insert(0, (vault_id, device_secret.clone()));
        }
        if known && keys.device_secrets.len() == count { Ok(()) } else { self.write_keys(&keys) }
    }
}

/// Where the content of a file that is sealed anew comes from.
enum Source<'a> {
    /// From the caller: a session begins.
    Given(&'a [u8]),
    /// From the file of before, opened with this key under this lease.
    Present(&'a GatedKey, &'a Lease),
}

/// What a gated file takes over from the one before.
struct Moved {
    generation: u64,
    fence: u64,
    intent: Intent,
    content: Content,
}

/// What a write may replace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Over {
    /// Only the state that the key has seen: compare and swap.
    Known,
    /// Any state of the same session: the change is made to whatever is there.
    Any,
}

/// The gated file as it is now, and the secret that checked it.
pub(crate) struct Current<'a> {
    pub gated: Gated<'a>,
    pub device_secret: &'a Key,
}

impl GatedKey {
    fn knows(&self, salt: &Salt) -> bool {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).contains(salt)
    }

    fn know(&self, salts: [Salt; 2]) {
        *self.known.lock().unwrap_or_else(PoisonError::into_inner) = salts;
    }
}
