//! The vault's calls on the logs.

use std::sync::PoisonError;

use crate::format::{Id, check_content};
use crate::log_file::{self, END, LogFile, MAX_LOG, PREFIX, Tail};
use crate::open_calls::next;
use crate::vault::{Anchored, Known, LEDGER, OUTBOX};
use crate::{Log, LogHead, Vault, VaultError};

impl Vault {
    /// Appends one record; it is durable on return. A torn append before it is cut off first.
    ///
    /// # Errors
    /// [`VaultError::Rollback`] where the log is shorter than it was, [`VaultError::Corrupt`] where it was damaged and
    /// is set aside: [`Vault::clear_log`] begins anew. [`VaultError::Storage`] also where the log is full (16 MiB).
    pub fn append(&self, log: Log, record: &[u8]) -> Result<(), VaultError> {
        check_content(record)?;
        self.keys_or_new()?;
        let name = self.account.name(part(log));
        let (install_id, file) = self.run(|known| {
            let install_id = known.anchor.install_id;
            let Some(mut file) = self.resume_log(known, log)? else {
                let number = known.anchor.log(log).number.max(1);
                let (mut file, mut bytes) =
                    LogFile::begin(log, known.keys(what(log))?, number, &*self.random)?;
                bytes.extend_from_slice(&file.seal(record, &*self.random)?);
                self.files.replace(&name, &bytes)?;
                self.keep_tail(log, Some(file.tail(install_id)));
                return Ok((install_id, file));
            };
            let (before, is_torn) = (file.whole, file.is_torn);
            let bytes = file.seal(record, &*self.random)?;
            if file.whole > MAX_LOG {
                return Err(VaultError::Storage { reason: format!("{} is full", what(log)) });
            }
            self.keep_tail(log, None);
            if is_torn {
                self.files.truncate(&name, before)?;
            }
            if let Err(error) = self.files.append(&name, &bytes) {
                // Perhaps all of it is there; a caller that tries again must not find it twice. Where this fails, too,
                // the next append cuts what is torn.
                drop(self.files.truncate(&name, before));
                return Err(error.into());
            }
            self.keep_tail(log, Some(file.tail(install_id)));
            Ok((install_id, file))
        })?;
        self.raise_log(install_id, log, &file);
        Ok(())
    }

    /// All records, oldest first; a torn append at the end is left out.
    ///
    /// # Errors
    /// As [`Vault::append`].
    pub fn read_log(&self, log: Log) -> Result<Vec<Vec<u8>>, VaultError> {
        let file = self.look(log, Self::load_log)?;
        Ok(file.map_or_else(Vec::new, |file| file.records.iter().map(|record| record.to_vec()).collect()))
    }

    /// Where the log ends.
    ///
    /// # Errors
    /// As [`Vault::append`].
    pub fn log_head(&self, log: Log) -> Result<LogHead, VaultError> {
        let file = self.look(log, Self::resume_log)?;
        Ok(file.map_or(LogHead { seq: 0, hash: [0; 32] }, |file| file.head))
    }

    /// Begins the log anew with these records: the old log or the new one is there, never a part. A damaged or rolled
    /// back log is set aside and is no obstacle; a newer format is.
    ///
    /// # Errors
    /// [`VaultError::NotNow`], [`VaultError::Storage`], [`VaultError::Invalid`], [`VaultError::UnknownVersion`].
    pub fn rewrite_log(&self, log: Log, records: &[Vec<u8>]) -> Result<(), VaultError> {
        records.iter().try_for_each(|record| check_content(record))?;
        self.keys_or_new()?;
        let (install_id, file) = self.run(|known| {
            let before = match self.load_log(known, log) {
                Err(VaultError::Rollback { .. }) => {
                    if self.read_file(part(log), MAX_LOG)?.is_some() {
                        self.set_aside(part(log), "cut")?;
                    }
                    None
                }
                Err(error) if known.is_settled(&error) => None,
                other => other?,
            };
            let newest = before.map_or(0, |file| file.number).max(known.anchor.log(log).number);
            let keys = known.keys(what(log))?;
            let (mut file, mut bytes) = LogFile::begin(log, keys, next(newest)?, &*self.random)?;
            for record in records {
                bytes.extend_from_slice(&file.seal(record, &*self.random)?);
            }
            if u64::try_from(bytes.len()).is_ok_and(|length| length > MAX_LOG) {
                return Err(VaultError::Invalid { what: "the records are longer than 16 MiB" });
            }
            self.keep_tail(log, None);
            self.files.replace(&self.account.name(part(log)), &bytes)?;
            self.keep_tail(log, Some(file.tail(keys.install_id)));
            Ok((keys.install_id, file))
        })?;
        self.raise_log(install_id, log, &file);
        Ok(())
    }

    /// Begins the log anew, empty; nothing is written where there never was one.
    ///
    /// # Errors
    /// As [`Vault::rewrite_log`].
    pub fn clear_log(&self, log: Log) -> Result<(), VaultError> {
        let nothing = self.run(|known| {
            Ok(self.read_file(part(log), MAX_LOG)?.is_none() && known.anchor.log(log).head.seq == 0)
        })?;
        if nothing { Ok(()) } else { self.rewrite_log(log, &[]) }
    }

    fn look(
        &self,
        log: Log,
        load: impl Fn(&Self, &Known, Log) -> Result<Option<LogFile>, VaultError>,
    ) -> Result<Option<LogFile>, VaultError> {
        let (install_id, file, repair) = self.run(|known| {
            let file = load(self, known, log)?;
            if let Some(file) = file.as_ref().filter(|file| !file.is_torn) {
                self.keep_tail(log, Some(file.tail(known.anchor.install_id)));
            }
            let repair = file.as_ref().is_some_and(|file| file.anchor() != *known.anchor.log(log));
            Ok((known.anchor.install_id, file, repair || self.anchor_is_behind()))
        })?;
        if let (Some(file), true) = (&file, repair) {
            self.raise_log(install_id, log, file);
        }
        Ok(file)
    }

    /// The log's end. It is read whole only where this handle has not seen it, or somebody wrote it since.
    fn resume_log(&self, known: &Known, log: Log) -> Result<Option<LogFile>, VaultError> {
        let tail = self.kept_tail(log);
        if let Some(tail) =
            tail.filter(|tail| tail.is_current(known.anchor.install_id, known.anchor.log(log)))
        {
            let name = self.account.name(part(log));
            // Two short reads, however long the log is.
            let begin = self.files.read_part(&name, 0, PREFIX)?;
            let end = self.files.read_part(&name, tail.end_at(), END.saturating_add(1))?;
            if begin.is_some_and(|begin| begin == log_file::prefix_of(log))
                && end.is_some_and(|end| tail.ends_with(&end))
            {
                return LogFile::resume(&tail, log, known.keys(what(log))?).map(Some);
            }
        }
        self.load_log(known, log)
    }

    fn kept_tail(&self, log: Log) -> Option<Tail> {
        let [ledger, outbox] = &*self.tails.lock().unwrap_or_else(PoisonError::into_inner);
        match log {
            Log::Ledger => ledger.clone(),
            Log::Outbox => outbox.clone(),
        }
    }

    fn keep_tail(&self, log: Log, tail: Option<Tail>) {
        let [ledger, outbox] = &mut *self.tails.lock().unwrap_or_else(PoisonError::into_inner);
        match log {
            Log::Ledger => *ledger = tail,
            Log::Outbox => *outbox = tail,
        }
    }

    /// The log, as long as the anchor says at least.
    fn load_log(&self, known: &Known, log: Log) -> Result<Option<LogFile>, VaultError> {
        let (what, anchor) = (what(log), known.anchor.log(log));
        let Some(bytes) = self.read_file(part(log), MAX_LOG)? else {
            let cut = anchor.head.seq > 0;
            return if cut { Err(VaultError::Rollback { what }) } else { Ok(None) };
        };
        let file = LogFile::decode(&bytes, log, known.keys(what)?, anchor)
            .map_err(|unread| self.refuse(known, part(log), what, unread))?;
        if (file.number, file.head.seq) < (anchor.number, anchor.head.seq) {
            return Err(if file.damaged_tail && file.number == anchor.number {
                self.refuse(known, part(log), what, crate::format::Unread::Damaged)
            } else {
                VaultError::Rollback { what }
            });
        }
        Ok(Some(file))
    }

    fn raise_log(&self, install_id: Id, log: Log, file: &LogFile) {
        let anchored = match log {
            Log::Ledger => Anchored::Ledger,
            Log::Outbox => Anchored::Outbox,
        };
        self.raise(install_id, anchored, |anchor| anchor.raise_log(log, file.anchor()));
    }
}

fn part(log: Log) -> &'static str {
    match log {
        Log::Ledger => LEDGER,
        Log::Outbox => OUTBOX,
    }
}

fn what(log: Log) -> &'static str {
    match log {
        Log::Ledger => "the consent ledger",
        Log::Outbox => "the outbox",
    }
}
