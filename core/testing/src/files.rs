//! Files in memory.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use pforte_host::{FileError, FileStore};

/// A folder for tests. Clones are the same folder: it outlives a client, as the real one outlives a process.
#[derive(Debug, Clone, Default)]
pub struct MemoryFiles {
    files: Arc<Mutex<BTreeMap<String, Vec<u8>>>>,
    lock: Arc<Mutex<()>>,
}

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
        work(&mut self.files.lock().unwrap_or_else(PoisonError::into_inner))
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
        self.with(|files| files.get_mut(name).map(|bytes| bytes.truncate(length)))
            .ok_or_else(|| missing(name))
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
            None => Err(missing(name)),
        })
    }

    fn names(&self) -> Result<Vec<String>, FileError> {
        Ok(self.with(|files| files.keys().cloned().collect()))
    }

    fn with_lock(&self, work: &mut dyn FnMut()) -> Result<(), FileError> {
        let _held = self.lock.lock().unwrap_or_else(PoisonError::into_inner);
        work();
        Ok(())
    }
}

fn missing(name: &str) -> FileError {
    FileError::Failed { reason: format!("there is no file {name}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_behaves_as_a_folder_does() {
        let files = MemoryFiles::default();
        assert_eq!(files.read("a", 10), Ok(None));
        files.replace("a", b"old").unwrap();
        files.replace("a", b"new").unwrap();
        files.append("b", b"ab").unwrap();
        files.append("b", b"cd").unwrap();
        files.truncate("b", 3).unwrap();
        files.truncate("b", 100).unwrap();
        assert_eq!(files.read("a", 3), Ok(Some(b"new".to_vec())));
        assert_eq!(files.read("a", 2), Err(FileError::TooLong { name: "a".into(), limit: 2 }));
        files.rename("b", "b.corrupt-1").unwrap();
        assert_eq!(files.clone().names().unwrap(), ["a", "b.corrupt-1"]);
        assert_eq!(files.all().get("b.corrupt-1"), Some(&b"abc".to_vec()));
        files.remove("a").unwrap();
        files.remove("a").unwrap();
        assert!(matches!(files.truncate("a", 0), Err(FileError::Failed { .. })));
        assert!(matches!(files.rename("a", "b"), Err(FileError::Failed { .. })));
    }

    #[test]
    fn the_lock_keeps_others_out() {
        let files = MemoryFiles::default();
        let inside = std::sync::atomic::AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    files.with_lock(&mut || {
                        use std::sync::atomic::Ordering::SeqCst;
                        assert_eq!(inside.fetch_add(1, SeqCst), 0);
                        files.append("a", b"x").unwrap();
                        std::thread::sleep(std::time::Duration::from_millis(5));
                        inside.fetch_sub(1, SeqCst);
                    })
                });
            }
        });
        assert_eq!(files.read("a", 10), Ok(Some(b"xxxx".to_vec())));
    }
}
