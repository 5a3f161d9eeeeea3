//! The two entries of an account in the secret store.
//!
//! The *keys* entry changes only when a gated file is made or given up; the *anchor* entry with every write. They are
//! apart so that the frequent write, failing or racing with another process, can't cost a key.

use pforte_host::Secret;
use zeroize::Zeroizing;

use crate::VaultError;
use crate::crypto::Key;
use crate::format::{Id, Reader, Unread};
use crate::log::{Log, LogHead};

const VERSION: u8 = 1;

/// The account's secrets: `version 1 | install id 16 | open secret 32 | count 1 | (vault id 16 | device secret 32)*`.
pub(crate) struct Keys {
    /// Drawn when the account's first file is written on this device.
    pub install_id: Id,
    /// Seals the open file and the logs.
    pub open_secret: Key,
    /// One for each gated file, in the order in which they were made: the one in use, and behind it a successor that is
    /// being made.
    pub device_secrets: Vec<(Id, Key)>,
}

impl Keys {
    pub fn device_secret(&self, vault_id: &Id) -> Option<&Key> {
        self.device_secrets.iter().find(|(id, _)| id == vault_id).map(|(_, secret)| secret)
    }

    /// Forgets what was made before the file in use, and what came to nothing behind it but the last two: another
    /// process may be about to write one of these.
    pub fn forget_before(&mut self, in_use: Option<&Id>) {
        let at = in_use.and_then(|id| self.device_secrets.iter().position(|(known, _)| known == id));
        self.device_secrets.drain(..at.unwrap_or(0));
        let first = usize::from(at.is_some());
        let surplus = self.device_secrets.len().saturating_sub(first + 2);
        self.device_secrets.drain(first..first + surplus);
    }

    pub fn encode(&self) -> Secret {
        let mut bytes = Vec::with_capacity(50 + 48 * self.device_secrets.len());
        bytes.push(VERSION);
        bytes.extend_from_slice(&self.install_id);
        bytes.extend_from_slice(self.open_secret.as_slice());
        bytes.push(u8::try_from(self.device_secrets.len()).unwrap_or(u8::MAX));
        for (vault_id, secret) in &self.device_secrets {
            bytes.extend_from_slice(vault_id);
            bytes.extend_from_slice(secret.as_slice());
        }
        Secret::new(bytes)
    }

    pub fn decode(bytes: &[u8]) -> Result<Self, Unread> {
        let mut reader = Reader::new(bytes);
        read_version(&mut reader)?;
        let install_id = reader.array()?;
        let open_secret = Zeroizing::new(reader.array()?);
        let mut device_secrets = Vec::new();
        for _ in 0..reader.u8()? {
            device_secrets.push((reader.array()?, Zeroizing::new(reader.array()?)));
        }
        reader.end()?;
        Ok(Self { install_id, open_secret, device_secrets })
    }
}

/// The newest that was written here, so that nothing older is taken for it:
/// `version 1 | flags 1 | install id 16 | open generation 8 | gated generation 8 | fence 8 |
/// (log number 8 | sequence 8 | head 32) for ledger and outbox`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Anchor {
    pub install_id: Id,
    /// The account is being destroyed (flag 1); whoever reads this finishes it.
    pub destroying: bool,
    pub open: u64,
    pub gated: u64,
    /// The fencing number of the last lease.
    pub fence: u64,
    ledger: LogAnchor,
    outbox: LogAnchor,
}

/// Where a log ended when it was last written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LogAnchor {
    /// How many times the log was begun.
    pub number: u64,
    pub head: LogHead,
}

const NO_LOG: LogAnchor = LogAnchor { number: 0, head: LogHead { seq: 0, hash: [0; 32] } };

impl Anchor {
    pub fn new(install_id: Id) -> Self {
        Self { install_id, destroying: false, open: 0, gated: 0, fence: 0, ledger: NO_LOG, outbox: NO_LOG }
    }

    pub fn log(&self, log: Log) -> &LogAnchor {
        match log {
            Log::Ledger => &self.ledger,
            Log::Outbox => &self.outbox,
        }
    }

    /// Takes over what is newer in the log, never what is older.
    pub fn raise_log(&mut self, log: Log, to: LogAnchor) {
        let kept = match log {
            Log::Ledger => &mut self.ledger,
            Log::Outbox => &mut self.outbox,
        };
        if (to.number, to.head.seq) > (kept.number, kept.head.seq) {
            *kept = to;
        }
    }

    pub fn encode(&self) -> Secret {
        let mut bytes = vec![VERSION, u8::from(self.destroying)];
        bytes.extend_from_slice(&self.install_id);
        bytes.extend_from_slice(&self.open.to_be_bytes());
        bytes.extend_from_slice(&self.gated.to_be_bytes());
        bytes.extend_from_slice(&self.fence.to_be_bytes());
        for log in [&self.ledger, &self.outbox] {
            bytes.extend_from_slice(&log.number.to_be_bytes());
            bytes.extend_from_slice(&log.head.seq.to_be_bytes());
            bytes.extend_from_slice(&log.head.hash);
        }
        Secret::new(bytes)
    }

    pub fn decode(bytes: &[u8]) -> Result<Self, Unread> {
        let mut reader = Reader::new(bytes);
        read_version(&mut reader)?;
        let destroying = match reader.u8()? {
            0 => false,
            1 => true,
            _ => return Err(Unread::Damaged),
        };
        let install_id = reader.array()?;
        let (open, gated, fence) = (reader.u64()?, reader.u64()?, reader.u64()?);
        let (ledger, outbox) = (read_log(&mut reader)?, read_log(&mut reader)?);
        reader.end()?;
        Ok(Self { install_id, destroying, open, gated, fence, ledger, outbox })
    }
}

fn read_version(reader: &mut Reader<'_>) -> Result<(), Unread> {
    match reader.u8()? {
        VERSION => Ok(()),
        version => Err(Unread::Version(version)),
    }
}

fn read_log(reader: &mut Reader<'_>) -> Result<LogAnchor, Unread> {
    Ok(LogAnchor { number: reader.u64()?, head: LogHead { seq: reader.u64()?, hash: reader.array()? } })
}

/// An entry that can't be parsed is as good as gone; a newer one is left alone.
pub(crate) fn unread_entry(unread: Unread) -> VaultError {
    match unread {
        Unread::Version(version) => VaultError::UnknownVersion { what: "the account's secret", version },
        Unread::Damaged => VaultError::Lost { what: "the account" },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_come_back_as_they_were() {
        let keys = Keys {
            install_id: [1; 16],
            open_secret: Zeroizing::new([2; 32]),
            device_secrets: vec![([3; 16], Zeroizing::new([4; 32])), ([5; 16], Zeroizing::new([6; 32]))],
        };
        let bytes = keys.encode();
        let back = Keys::decode(bytes.expose()).unwrap();
        assert_eq!(back.encode().expose(), bytes.expose());
        assert_eq!(back.device_secret(&[5; 16]).unwrap().as_slice(), [6; 32]);
        assert!(back.device_secret(&[7; 16]).is_none());
        for length in 0..bytes.len() {
            assert!(Keys::decode(&bytes.expose()[..length]).is_err());
        }

        let mut anchor = Anchor::new([1; 16]);
        (anchor.open, anchor.gated, anchor.fence) = (7, 8, 9);
        anchor.raise_log(Log::Outbox, LogAnchor { number: 1, head: LogHead { seq: 9, hash: [9; 32] } });
        let bytes = anchor.encode();
        assert_eq!(Anchor::decode(bytes.expose()), Ok(anchor));
        for length in 0..bytes.len() {
            assert!(Anchor::decode(&bytes.expose()[..length]).is_err());
        }
    }

    #[test]
    fn an_anchor_only_rises() {
        let mut anchor = Anchor::new([1; 16]);
        let newer = LogAnchor { number: 2, head: LogHead { seq: 5, hash: [5; 32] } };
        anchor.raise_log(Log::Ledger, newer);
        anchor.raise_log(Log::Ledger, LogAnchor { number: 2, head: LogHead { seq: 4, hash: [4; 32] } });
        anchor.raise_log(Log::Ledger, LogAnchor { number: 1, head: LogHead { seq: 9, hash: [9; 32] } });
        assert_eq!(*anchor.log(Log::Ledger), newer);
        anchor.raise_log(Log::Ledger, LogAnchor { number: 3, head: LogHead { seq: 0, hash: [3; 32] } });
        assert_eq!(anchor.log(Log::Ledger).number, 3);
    }
}
