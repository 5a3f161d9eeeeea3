//! Files in memory.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use pforte_host::{FileError, FileStore};

/// A folder for tests. Clones are the same folder: it outlives a client, as the real one outlives a process.
#[derive(Debug, Clone, Default)]
pub struct MemoryFiles(Arc<Mutex<BTreeMap<String, Vec<u8>>>>);

impl MemoryFiles {
    /// Every file by name: to look at what was kept.
    pub fn all(&self) -> BTreeMap<String, Vec<u8>> {
        self.with(|files| files.clone())
    }

    /// Puts a file there behind the client's back.
    pub fn put(&self, name: &str, bytes: Vec<u8>) {
        self.with(|files| drop(files.insert(name.to_owned(), bytes)));
    }

    fn with<T>(&self, work: impl FnOnce(&mut BTreeMap<String, Vec<u8>>) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl FileStore for MemoryFiles {
    fn read(&self, name: &str, limit: u64) -> Result<Option<Vec<u8>>, FileError> {
        let bytes = self.with(|files| files.get(name).cloned());
        match bytes {
            Some(bytes) if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > limit => {
                Err(FileError::TooLong { name: name.to_owned(), limit })
            }
            bytes => Ok(bytes),
        }
    }

    fn replace(&self, name: &str, bytes: &[u8]) -> Result<(), FileError> {
        self.put(name, bytes.to_vec());
        Ok(())
    }

    fn append(&self, name: &str, bytes: &[u8]) -> Result<(), FileError> {
        self.with(|files| files.entry(name.to_owned()).or_default().extend_from_slice(bytes));
        Ok(())
    }

    fn truncate(&self, name: &str, length: u64) -> Result<(), FileError> {
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        self.with(|files| files.entry(name.to_owned()).or_default().truncate(length));
        Ok(())
    }

    fn remove(&self, name: &str) -> Result<(), FileError> {
        self.with(|files| drop(files.remove(name)));
        Ok(())
    }

    fn rename(&self, name: &str, to: &str) -> Result<(), FileError> {
        self.with(|files| match files.remove(name) {
            Some(bytes) => {
                files.insert(to.to_owned(), bytes);
                Ok(())
            }
            None => Err(FileError::Failed { reason: format!("there is no file {name}") }),
        })
    }

    fn names(&self) -> Result<Vec<String>, FileError> {
        Ok(self.with(|files| files.keys().cloned().collect()))
    }

    fn with_lock(&self, work: &mut dyn FnMut()) -> Result<(), FileError> {
        work();
        Ok(())
    }
}
