//! The folder of sealed files.

/// One flat folder, excluded from backups. Names are `[a-z0-9._-]`, at most 100 characters.
///
/// Called on a thread that may block. Everything written is sealed already; the port sees no secret.
pub trait FileStore: Send + Sync {
    /// The whole file, or nothing where there is none. A file longer than `limit` bytes is an error, unread.
    fn read(&self, name: &str, limit: u64) -> Result<Option<Vec<u8>>, FileError>;

    /// At most `limit` bytes from `from` on, fewer where the file ends before; nothing where there is none. So that an
    /// append can look at a long file's end without reading it: a store that can, reads no more than that.
    fn read_part(&self, name: &str, from: u64, limit: u64) -> Result<Option<Vec<u8>>, FileError> {
        let Some(mut bytes) = self.read(name, u64::MAX)? else { return Ok(None) };
        let place = |at: u64| usize::try_from(at).unwrap_or(usize::MAX).min(bytes.len());
        let (from, end) = (place(from), place(from.saturating_add(limit)));
        bytes.truncate(end);
        Ok(Some(bytes.split_off(from)))
    }

    /// Replaces the whole file so that after a crash it is the old one or the new one, and is durable on return:
    /// temporary file in the same folder, flush to disk, rename, flush the folder.
    fn replace(&self, name: &str, bytes: &[u8]) -> Result<(), FileError>;

    /// Appends and flushes to disk. After a crash a prefix of `bytes` may be there: the reader copes.
    fn append(&self, name: &str, bytes: &[u8]) -> Result<(), FileError>;

    /// Cuts the file to its first `length` bytes, durably.
    fn truncate(&self, name: &str, length: u64) -> Result<(), FileError>;

    /// Removes the file, durably; nothing happens where there is none.
    fn remove(&self, name: &str) -> Result<(), FileError>;

    /// Gives the file another name in the same folder, durably; used to set a corrupt file aside.
    fn rename(&self, name: &str, to: &str) -> Result<(), FileError>;

    /// The names of all files, in no order.
    fn names(&self) -> Result<Vec<String>, FileError>;

    /// Runs `work` while holding the folder's lock against other processes and threads.
    /// `work` is short: no network, no prompt, no port but this one.
    fn with_lock(&self, work: &mut dyn FnMut()) -> Result<(), FileError>;
}

/// Why a file operation failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FileError {
    /// Not readable at this moment: protected until the first unlock since start.
    #[error("the file is protected at this moment: {reason}")]
    NotNow {
        /// What the platform said.
        reason: String,
    },
    /// There is no room left.
    #[error("the device's storage is full")]
    Full,
    /// The file is longer than the reader allows.
    #[error("the file {name} is longer than {limit} bytes")]
    TooLong {
        /// The file.
        name: String,
        /// The most that would have been read, in bytes.
        limit: u64,
    },
    /// Anything else the platform said.
    #[error("a file operation failed: {reason}")]
    Failed {
        /// What the platform said.
        reason: String,
    },
}
