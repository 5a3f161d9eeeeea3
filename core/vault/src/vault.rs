//! The vault itself: opening, destroying, and how each call reads its secrets and reaches its files.
//!
//! ```text
//!  every call:  keys, anchor  ──►  under the folder's lock:            ──►  anchor raised
//!               (secret store)     read, check, write one file              (secret store)
//! ```
//!
//! The folder's lock is held for file operations only. No content is cached, so several processes may share an account.
//! What was read before the lock may be outdated inside it: a file that does not fit the keys is judged a second time
//! with fresh ones before it is set aside.

use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::{Arc, Mutex};

use pforte_host::{FileError, FileStore, SecretStore, StoreError};

use crate::crypto::{self, DeviceRandom, Random, draw, draw_key};
use crate::entries::{Anchor, Keys, unread_entry};
use crate::format::{Id, Kind, Unread, hex, prefix};
use crate::log_file::Tail;
use crate::{AccountId, VaultError};

pub(crate) const OPEN: &str = "open";
pub(crate) const GATED: &str = "gated";
pub(crate) const INBOX: &str = "inbox";
pub(crate) const LEDGER: &str = "ledger";
pub(crate) const OUTBOX: &str = "outbox";
pub(crate) const LEASE: &str = "lease";
const INSTALLED: &str = "installed";
const KEYS: &str = "keys";
const ANCHOR: &str = "anchor";

/// The files that only the account's secrets open.
const SEALED: [&str; 6] = [OPEN, GATED, INBOX, LEDGER, OUTBOX, LEASE];

/// One account's vault. Holds no secret: each call reads what it needs and wipes it.
///
/// All calls may block on the two ports, and are safe from several threads and processes.
pub struct Vault {
    pub(crate) account: AccountId,
    pub(crate) files: Arc<dyn FileStore>,
    secrets: Arc<dyn SecretStore>,
    pub(crate) random: Arc<dyn Random>,
    reinstalled: AtomicBool,
    /// One bit for each [`Anchored`] whose last note failed.
    behind: AtomicU8,
    /// Where ledger and outbox ended when this handle last wrote them; a hint, compared before it is used.
    pub(crate) tails: Mutex<[Option<Tail>; 2]>,
}

impl std::fmt::Debug for Vault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Vault").field("account", &self.account).finish_non_exhaustive()
    }
}

/// What the anchor remembers, one bit each.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Anchored {
    Open = 1,
    Gated = 2,
    Ledger = 4,
    Outbox = 8,
    Fence = 16,
}

/// What a call knows before it looks at a file.
pub(crate) struct Known {
    pub keys: Option<Keys>,
    pub anchor: Anchor,
    /// Whether damage was seen twice, so that the file is set aside.
    settle: bool,
}

impl Known {
    /// The account's keys, for a file that is there.
    pub fn keys(&self, what: &'static str) -> Result<&Keys, VaultError> {
        self.keys.as_ref().ok_or(VaultError::Lost { what })
    }

    /// Whether a damaged file was set aside by this call, so that a new one may take its place.
    pub fn is_settled(&self, error: &VaultError) -> bool {
        self.settle && matches!(error, VaultError::Corrupt { .. })
    }
}

impl Vault {
    /// Looks whether the account's secrets and files belong together. Writes nothing, except that it finishes what an
    /// interrupted [`Vault::destroy`] began, and forgets secrets that outlived their files (a re-installation: the
    /// platform's secret store may survive the app). A locked device is never taken for either.
    ///
    /// # Errors
    /// [`VaultError::NotNow`]: try again later. [`VaultError::Lost`]: there are files and no secret to open them, as
    /// after a copy from another device; [`Vault::start_anew`] is the way on.
    pub fn open(
        account: &AccountId,
        files: Arc<dyn FileStore>,
        secrets: Arc<dyn SecretStore>,
    ) -> Result<Self, VaultError> {
        Self::with_random(account, files, secrets, Arc::new(DeviceRandom))
    }

    pub(crate) fn with_random(
        account: &AccountId,
        files: Arc<dyn FileStore>,
        secrets: Arc<dyn SecretStore>,
        random: Arc<dyn Random>,
    ) -> Result<Self, VaultError> {
        let vault = Self::unchecked(account, files, secrets, random);
        if vault.read_anchor()?.is_some_and(|anchor| anchor.destroying) {
            vault.finish_destroying()?;
            return Ok(vault);
        }
        let mut keys = vault.read_keys()?;
        let names = vault.files.names()?;
        let sealed = SEALED.iter().any(|part| names.contains(&vault.account.name(part)));
        if keys.is_none() && sealed {
            // Perhaps written by another process since.
            keys = vault.read_keys()?;
        }
        match keys {
            None if sealed => return Err(VaultError::Lost { what: "the account" }),
            Some(_) if !names.iter().any(|name| vault.account.owns(name)) => {
                vault.forget_secrets()?;
                vault.reinstalled.store(true, Ordering::Relaxed);
            }
            _ => {}
        }
        Ok(vault)
    }

    /// Sets the account's files aside, forgets its secrets, and opens an empty vault: the answer to
    /// [`VaultError::Lost`]. Nothing of the account can be read afterwards.
    ///
    /// # Errors
    /// [`VaultError::NotNow`] and [`VaultError::Storage`]; it can be called again.
    pub fn start_anew(
        account: &AccountId,
        files: Arc<dyn FileStore>,
        secrets: Arc<dyn SecretStore>,
    ) -> Result<Self, VaultError> {
        let vault = Self::unchecked(account, files, secrets, Arc::new(DeviceRandom));
        vault.locked(|| {
            let names = vault.files.names()?;
            for part in SEALED.iter().filter(|part| names.contains(&vault.account.name(part))) {
                vault.set_aside(part, "lost")?;
            }
            Ok(())
        })?;
        vault.forget_secrets()?;
        Ok(vault)
    }

    /// Whether [`Vault::open`] found secrets without files and forgot them: the app was installed again.
    pub fn reinstalled(&self) -> bool {
        self.reinstalled.load(Ordering::Relaxed)
    }

    /// Whether the last note of what is newest could not be stored. It is made good when that file is next read or
    /// written; until then an older copy put in its place would not be noticed. Nothing is withheld for it.
    pub fn anchor_is_behind(&self) -> bool {
        self.behind.load(Ordering::Relaxed) != 0
    }

    /// Removes the account: its secrets first, so that nothing can be read from then on, then every file, those set
    /// aside included. What is interrupted is finished by the next [`Vault::open`].
    ///
    /// # Errors
    /// [`VaultError::NotNow`] and [`VaultError::Storage`]; it can be called again.
    pub fn destroy(&self) -> Result<(), VaultError> {
        let mut anchor = Anchor::new([0; 16]);
        anchor.destroying = true;
        self.secrets.write(self.account.name(ANCHOR), anchor.encode())?;
        self.finish_destroying()
    }

    fn unchecked(
        account: &AccountId,
        files: Arc<dyn FileStore>,
        secrets: Arc<dyn SecretStore>,
        random: Arc<dyn Random>,
    ) -> Self {
        let account = account.clone();
        let (reinstalled, behind) = (AtomicBool::new(false), AtomicU8::new(0));
        Self { account, files, secrets, random, reinstalled, behind, tails: Mutex::default() }
    }

    fn finish_destroying(&self) -> Result<(), VaultError> {
        self.remove_secret(KEYS)?;
        self.locked(|| {
            for name in self.files.names()?.iter().filter(|name| self.account.owns(name)) {
                self.files.remove(name)?;
            }
            Ok(())
        })?;
        self.remove_secret(ANCHOR)
    }

    fn forget_secrets(&self) -> Result<(), VaultError> {
        self.remove_secret(KEYS)?;
        self.remove_secret(ANCHOR)
    }

    fn remove_secret(&self, part: &str) -> Result<(), VaultError> {
        match self.secrets.remove(self.account.name(part)) {
            Ok(()) | Err(StoreError::Lost) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    // What every call is made of.

    /// Runs `work` under the folder's lock with the keys and anchor read just before. Damage, or missing keys, is
    /// judged again with fresh ones; only then the file is set aside.
    pub(crate) fn run<T>(&self, work: impl Fn(&Known) -> Result<T, VaultError>) -> Result<T, VaultError> {
        let attempt = |settle| {
            let keys = self.read_keys()?;
            let install_id = keys.as_ref().map(|keys| keys.install_id).unwrap_or_default();
            let anchor = self.read_anchor()?.filter(|anchor| anchor.install_id == install_id);
            let known = Known { keys, anchor: anchor.unwrap_or_else(|| Anchor::new(install_id)), settle };
            self.locked(|| work(&known))
        };
        match attempt(false) {
            Err(VaultError::Corrupt { .. } | VaultError::Lost { .. }) => attempt(true),
            other => other,
        }
    }

    /// Runs `work` under the folder's lock; only file operations belong there.
    pub(crate) fn locked<T>(&self, work: impl FnOnce() -> Result<T, VaultError>) -> Result<T, VaultError> {
        let (mut work, mut result) = (Some(work), None);
        let lock = self.files.with_lock(&mut || {
            if let Some(work) = work.take() {
                result = Some(work());
            }
        });
        // Work that was done counts, even if the lock could not be given back.
        match (result, lock) {
            (Some(result), _) => result,
            (None, Err(error)) => Err(error.into()),
            (None, Ok(())) => Err(VaultError::Storage { reason: "the folder's lock did not run".to_owned() }),
        }
    }

    /// Reads a file. One that is longer than `limit` reads as empty, which no format accepts.
    pub(crate) fn read_file(&self, part: &str, limit: u64) -> Result<Option<Vec<u8>>, VaultError> {
        match self.files.read(&self.account.name(part), limit) {
            Err(FileError::TooLong { .. }) => Ok(Some(Vec::new())),
            other => Ok(other?),
        }
    }

    /// The error for a file that was not read; a damaged one is set aside, or stays where that fails. Belongs under the
    /// folder's lock.
    pub(crate) fn refuse(&self, known: &Known, part: &str, what: &'static str, unread: Unread) -> VaultError {
        match unread {
            Unread::Version(version) => VaultError::UnknownVersion { what, version },
            Unread::Damaged => {
                if known.settle
                    && let Err(error) = self.set_aside(part, "damaged")
                {
                    return error;
                }
                VaultError::Corrupt { what }
            }
        }
    }

    /// Renames a file to a name that was never used before.
    pub(crate) fn set_aside(&self, part: &str, why: &str) -> Result<(), VaultError> {
        let suffix = hex(&draw::<8>(&*self.random)?);
        let to = self.account.name(&format!("{part}.{why}-{suffix}"));
        Ok(self.files.rename(&self.account.name(part), &to)?)
    }

    /// Notes what is newest. A failure withholds nothing: the file is written, and the note is made good later.
    pub(crate) fn raise(&self, install_id: Id, anchored: Anchored, raise: impl FnOnce(&mut Anchor)) {
        drop(self.try_raise(install_id, anchored, raise));
    }

    /// The same, for what must not be handed out before it is noted.
    pub(crate) fn try_raise(
        &self,
        install_id: Id,
        anchored: Anchored,
        raise: impl FnOnce(&mut Anchor),
    ) -> Result<(), VaultError> {
        let noted = self.read_anchor().and_then(|kept| {
            let before = kept.filter(|anchor| anchor.install_id == install_id);
            let mut after = before.clone().unwrap_or_else(|| Anchor::new(install_id));
            raise(&mut after);
            if before.as_ref() != Some(&after) {
                self.secrets.write(self.account.name(ANCHOR), after.encode())?;
            }
            Ok(())
        });
        if noted.is_ok() {
            self.behind.fetch_and(!(anchored as u8), Ordering::Relaxed);
        } else {
            self.behind.fetch_or(anchored as u8, Ordering::Relaxed);
        }
        noted
    }

    pub(crate) fn read_keys(&self) -> Result<Option<Keys>, VaultError> {
        let entry = self.secrets.read(self.account.name(KEYS))?;
        entry.map(|entry| Keys::decode(entry.expose()).map_err(unread_entry)).transpose()
    }

    pub(crate) fn write_keys(&self, keys: &Keys) -> Result<(), VaultError> {
        Ok(self.secrets.write(self.account.name(KEYS), keys.encode())?)
    }

    /// The account's keys; with the first file of an account they are drawn. The mark in the folder comes first, so
    /// that secrets without it mean: installed again.
    pub(crate) fn keys_or_new(&self) -> Result<Keys, VaultError> {
        if let Some(keys) = self.read_keys()? {
            return Ok(keys);
        }
        let keys = Keys {
            install_id: draw(&*self.random)?,
            open_secret: draw_key(&*self.random)?,
            device_secrets: Vec::new(),
        };
        let sealed = self.locked(|| {
            let names = self.files.names()?;
            let sealed = SEALED.iter().any(|part| names.contains(&self.account.name(part)));
            if !sealed {
                self.files.replace(&self.account.name(INSTALLED), &prefix(Kind::Installed))?;
            }
            Ok(sealed)
        })?;
        if sealed {
            // Either another process was faster, or the secrets of these files are gone.
            return self.read_keys()?.ok_or(VaultError::Lost { what: "the account" });
        }
        self.write_keys(&keys)?;
        // What the store kept counts: another process may have been faster.
        self.read_keys()?
            .ok_or(VaultError::Storage { reason: "the secret store kept nothing it was given".to_owned() })
    }

    /// The anchor; one that can't be parsed counts as none and is written anew.
    fn read_anchor(&self) -> Result<Option<Anchor>, VaultError> {
        let Some(entry) = self.secrets.read(self.account.name(ANCHOR))? else { return Ok(None) };
        match Anchor::decode(entry.expose()) {
            Ok(anchor) => Ok(Some(anchor)),
            Err(Unread::Damaged) => Ok(None),
            Err(newer) => Err(unread_entry(newer)),
        }
    }

    /// A fresh salt.
    pub(crate) fn salt(&self) -> Result<crate::format::Salt, VaultError> {
        crypto::draw(&*self.random)
    }
}
