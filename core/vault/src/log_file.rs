//! A sealed log: records that follow each other, each bound to all before it.
//!
//! ```text
//! header = prefix 8 | install id 16 | number 8 | log salt 32 | check 32
//! record = sequence 8 | payload, bound to the hash of everything before
//! hash 0 = SHA-256(header), hash n = SHA-256(hash n-1 || record n)
//! ```

use std::cmp::Ordering;

use zeroize::Zeroizing;

use crate::VaultError;
use crate::crypto::{self, Key, Random, draw};
use crate::entries::{Keys, LogAnchor};
use crate::format::{Id, Kind, MAX_CONTENT, Payload, Reader, Salt, Unread, prefix, read_prefix, seal_behind};
use crate::log::{Log, LogHead};

/// The longest log that is read or written, in bytes.
pub(crate) const MAX_LOG: u64 = 16 << 20;

/// A log as far as it could be read.
pub(crate) struct LogFile {
    pub number: u64,
    pub head: LogHead,
    pub records: Vec<Zeroizing<Vec<u8>>>,
    /// How many bytes are whole; what follows is a torn append.
    pub whole: u64,
    /// Whether what follows is long enough to be a whole record, and isn't one.
    pub damaged_tail: bool,
    /// Whether anything follows.
    pub is_torn: bool,
    salt: Salt,
    /// The last bytes that are whole: a tag or check, which no other log ends with.
    end: End,
    key: Key,
}

/// How many of a log's first bytes are compared.
pub(crate) const PREFIX: u64 = 8;

/// How many of its last bytes.
pub(crate) const END: u64 = 16;

type End = [u8; END as usize];

/// Where a log ended when it was last read or written through this handle, so that an append need not read it again.
/// Nothing in it is secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Tail {
    install_id: Id,
    number: u64,
    head: LogHead,
    whole: u64,
    salt: Salt,
    end: End,
}

impl Tail {
    /// Whether this is the log that the anchor knows, or a newer state of it.
    pub fn is_current(&self, install_id: Id, anchor: &LogAnchor) -> bool {
        let newest = (self.number, self.head.seq).cmp(&(anchor.number, anchor.head.seq));
        self.install_id == install_id
            && (newest == Ordering::Greater || newest == Ordering::Equal && self.head == anchor.head)
    }

    /// Where the bytes begin that the log has to end with.
    pub fn end_at(&self) -> u64 {
        self.whole.saturating_sub(END)
    }

    /// Whether the log still ends here, if these are its bytes from [`Tail::end_at`] on.
    pub fn ends_with(&self, bytes: &[u8]) -> bool {
        bytes == self.end
    }
}

impl LogFile {
    /// Reads as far as the records are whole. `anchor` tells how far they have to be: a record that was once known
    /// here and does not open is damage, one beyond is a torn append.
    pub fn decode(bytes: &[u8], log: Log, keys: &Keys, anchor: &LogAnchor) -> Result<Self, Unread> {
        let mut reader = read_prefix(bytes, kind(log))?;
        if reader.array()? != keys.install_id {
            return Err(Unread::Damaged);
        }
        let (number, salt) = (reader.u64()?, reader.array::<32>()?);
        let checked = reader.taken();
        let key = key(log, keys, &salt).map_err(|_| Unread::Damaged)?;
        let check_key = check_key(&key).map_err(|_| Unread::Damaged)?;
        if !crypto::is_authentic(&check_key, checked, &reader.array::<32>()?) {
            return Err(Unread::Damaged);
        }
        let mut whole = reader.position();
        let mut head = LogHead { seq: 0, hash: crypto::hash(&[reader.taken()]) };
        let mut log = Self::empty(number, head, salt, key);
        while let Some(rest) = bytes.get(whole..).filter(|rest| !rest.is_empty()) {
            match read_record(rest, &log.key, &head) {
                Ok((length, next, record)) => {
                    whole = whole.checked_add(length).ok_or(Unread::Damaged)?;
                    head = next;
                    log.records.push(record);
                    if (number, head.seq) == (anchor.number, anchor.head.seq) && head.hash != anchor.head.hash
                    {
                        return Err(Unread::Damaged);
                    }
                }
                Err(complete) => {
                    log.damaged_tail = complete;
                    break;
                }
            }
        }
        log.head = head;
        log.is_torn = whole < bytes.len();
        log.whole = u64::try_from(whole).map_err(|_| Unread::Damaged)?;
        log.end = end_of(bytes.get(..whole).unwrap_or_default());
        Ok(log)
    }

    /// Goes on where a log was left; the caller has seen that it still ends there.
    pub fn resume(tail: &Tail, log: Log, keys: &Keys) -> Result<Self, VaultError> {
        let key = key(log, keys, &tail.salt)?;
        Ok(Self { whole: tail.whole, end: tail.end, ..Self::empty(tail.number, tail.head, tail.salt, key) })
    }

    /// Where it ends.
    pub fn tail(&self, install_id: Id) -> Tail {
        let Self { number, head, whole, salt, end, .. } = *self;
        Tail { install_id, number, head, whole, salt, end }
    }

    fn empty(number: u64, head: LogHead, salt: Salt, key: Key) -> Self {
        let (whole, end) = (0, End::default());
        Self { number, head, records: Vec::new(), whole, damaged_tail: false, is_torn: false, salt, end, key }
    }

    /// Notes that these bytes were written behind what was whole.
    fn grow(&mut self, bytes: &[u8]) -> Result<(), VaultError> {
        let whole = u64::try_from(bytes.len()).ok().and_then(|length| self.whole.checked_add(length));
        self.whole = whole.ok_or(VaultError::Invalid { what: "the log is too long" })?;
        self.end = end_of(bytes);
        Ok(())
    }

    /// Begins a log.
    pub fn begin(
        log: Log,
        keys: &Keys,
        number: u64,
        random: &dyn Random,
    ) -> Result<(Self, Vec<u8>), VaultError> {
        let salt = draw::<32>(random)?;
        let key = key(log, keys, &salt)?;
        let mut bytes = prefix(kind(log));
        bytes.extend_from_slice(&keys.install_id);
        bytes.extend_from_slice(&number.to_be_bytes());
        bytes.extend_from_slice(&salt);
        bytes.extend_from_slice(&crypto::authenticate(&check_key(&key)?, &bytes));
        let head = LogHead { seq: 0, hash: crypto::hash(&[&bytes]) };
        let mut log = Self::empty(number, head, salt, key);
        log.grow(&bytes)?;
        Ok((log, bytes))
    }

    /// The next record, sealed; head and end move on, as if it were written.
    pub fn seal(&mut self, record: &[u8], random: &dyn Random) -> Result<Vec<u8>, VaultError> {
        let full = || VaultError::Storage { reason: "the log is full".to_owned() };
        let seq = self.head.seq.checked_add(1).ok_or_else(full)?;
        let salt = draw(random)?;
        let bytes = seal_behind(
            seq.to_be_bytes().to_vec(),
            self.key.as_slice(),
            seq,
            &salt,
            &self.head.hash,
            record,
        )?;
        self.head = LogHead { seq, hash: crypto::hash(&[&self.head.hash, &bytes]) };
        self.grow(&bytes)?;
        Ok(bytes)
    }

    /// What to remember of it.
    pub fn anchor(&self) -> LogAnchor {
        LogAnchor { number: self.number, head: self.head }
    }
}

/// Length, new head and content of the record at the front; otherwise whether it was long enough to be whole.
fn read_record(
    bytes: &[u8],
    key: &Key,
    head: &LogHead,
) -> Result<(usize, LogHead, Zeroizing<Vec<u8>>), bool> {
    let mut reader = Reader::new(bytes);
    let seq = reader.u64().map_err(|_| false)?;
    let payload = Payload::read(&mut reader).map_err(|_| false)?;
    if head.seq.checked_add(1) != Some(seq) {
        return Err(true);
    }
    let record = payload.open(key.as_slice(), seq, &head.hash).map_err(|_| true)?;
    if record.len() > MAX_CONTENT {
        return Err(true);
    }
    let hash = crypto::hash(&[&head.hash, reader.taken()]);
    Ok((reader.position(), LogHead { seq, hash }, record))
}

/// The bytes a log begins with in this version.
pub(crate) fn prefix_of(log: Log) -> Vec<u8> {
    prefix(kind(log))
}

fn end_of(bytes: &[u8]) -> End {
    bytes.last_chunk().copied().unwrap_or_default()
}

fn kind(log: Log) -> Kind {
    match log {
        Log::Ledger => Kind::Ledger,
        Log::Outbox => Kind::Outbox,
    }
}

fn key(log: Log, keys: &Keys, salt: &[u8; 32]) -> Result<Key, VaultError> {
    crypto::derive(salt, keys.open_secret.as_slice(), &[b"log/v1", &[kind(log) as u8]])
}

fn check_key(key: &Key) -> Result<Key, VaultError> {
    crypto::derive(&[], key.as_slice(), &[b"check/v1"])
}
