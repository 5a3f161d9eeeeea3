//! The logs of an account.

/// The append-only logs of an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Log {
    /// The consent ledger.
    Ledger,
    /// Journey events that wait to be sent.
    Outbox,
}

/// Where a log ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogHead {
    /// The last record's number; the first is 1, and 0 means: no record.
    pub seq: u64,
    /// SHA-256 over the whole log, record by record; zeros where there is no log.
    pub hash: [u8; 32],
}
