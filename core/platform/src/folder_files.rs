//! A folder of sealed files.

use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

use atomic_write_file::AtomicWriteFile;
use pforte_host::{FileError, FileStore};

/// The lock's file; it holds nothing and is never replaced.
const LOCK: &str = ".lock";

/// Files in one folder of this machine, readable by this user only.
#[derive(Debug, Clone)]
pub struct FolderFiles {
    folder: PathBuf,
}

impl FolderFiles {
    /// Opens the folder, and makes it where it is missing.
    pub fn open(folder: impl Into<PathBuf>) -> Result<Self, FileError> {
        let folder = folder.into();
        private_folder(&folder).map_err(failed)?;
        Ok(Self { folder })
    }

    fn path(&self, name: &str) -> Result<PathBuf, FileError> {
        let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"._-".contains(&byte);
        if name.is_empty() || name.len() > 100 || name.starts_with('.') || !name.bytes().all(fits) {
            return Err(FileError::Failed {
                reason: "a file's name has 1 to 100 characters of a-z 0-9 . _ -".into(),
            });
        }
        Ok(self.folder.join(name))
    }

    /// A name is durable when its folder is.
    fn sync_folder(&self) -> Result<(), FileError> {
        if cfg!(unix) {
            File::open(&self.folder).and_then(|folder| folder.sync_all()).map_err(failed)
        } else {
            Ok(())
        }
    }
}

impl FileStore for FolderFiles {
    fn read(&self, name: &str, limit: u64) -> Result<Option<Vec<u8>>, FileError> {
        let file = match File::open(self.path(name)?) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(failed(error)),
        };
        let mut bytes = Vec::new();
        file.take(limit.saturating_add(1)).read_to_end(&mut bytes).map_err(failed)?;
        if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > limit {
            return Err(FileError::TooLong { name: name.to_owned(), limit });
        }
        Ok(Some(bytes))
    }

    fn replace(&self, name: &str, bytes: &[u8]) -> Result<(), FileError> {
        let mut options = AtomicWriteFile::options();
        #[cfg(unix)]
        {
            use atomic_write_file::unix::OpenOptionsExt as _;
            use std::os::unix::fs::OpenOptionsExt as _;
            options.preserve_mode(false).mode(0o600);
        }
        let mut file = options.open(self.path(name)?).map_err(failed)?;
        file.write_all(bytes).map_err(failed)?;
        file.commit().map_err(failed)
    }

    fn append(&self, name: &str, bytes: &[u8]) -> Result<(), FileError> {
        let path = self.path(name)?;
        let fresh = !path.exists();
        let mut options = OpenOptions::new();
        options.append(true).create(true);
        #[cfg(unix)]
        {
            use std::os::unix::fs::OpenOptionsExt as _;
            options.mode(0o600);
        }
        let mut file = options.open(path).map_err(failed)?;
        file.write_all(bytes).map_err(failed)?;
        file.sync_all().map_err(failed)?;
        if fresh { self.sync_folder() } else { Ok(()) }
    }

    fn truncate(&self, name: &str, length: u64) -> Result<(), FileError> {
        let file = OpenOptions::new().write(true).open(self.path(name)?).map_err(failed)?;
        file.set_len(length).map_err(failed)?;
        file.sync_all().map_err(failed)
    }

    fn remove(&self, name: &str) -> Result<(), FileError> {
        match fs::remove_file(self.path(name)?) {
            Ok(()) => self.sync_folder(),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
            Err(error) => Err(failed(error)),
        }
    }

    fn rename(&self, name: &str, to: &str) -> Result<(), FileError> {
        fs::rename(self.path(name)?, self.path(to)?).map_err(failed)?;
        self.sync_folder()
    }

    fn names(&self) -> Result<Vec<String>, FileError> {
        let mut names = Vec::new();
        for entry in fs::read_dir(&self.folder).map_err(failed)? {
            let name = entry.map_err(failed)?.file_name();
            names.extend(name.to_str().filter(|name| self.path(name).is_ok()).map(str::to_owned));
        }
        Ok(names)
    }

    fn with_lock(&self, work: &mut dyn FnMut()) -> Result<(), FileError> {
        let lock = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(self.folder.join(LOCK))
            .map_err(failed)?;
        lock.lock().map_err(failed)?;
        work();
        lock.unlock().map_err(failed)
    }
}

pub(crate) fn private_folder(folder: &Path) -> std::io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt as _;
        builder.mode(0o700);
    }
    builder.create(folder)
}

/// The system's own words hold no content of a file.
pub(crate) fn failed(error: std::io::Error) -> FileError {
    match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => FileError::Full,
        ErrorKind::PermissionDenied => FileError::NotNow { reason: error.to_string() },
        _ => FileError::Failed { reason: error.to_string() },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files() -> (tempfile::TempDir, FolderFiles) {
        let folder = tempfile::tempdir().unwrap();
        let files = FolderFiles::open(folder.path().join("vault")).unwrap();
        (folder, files)
    }

    #[test]
    fn files_come_back_as_they_were_written() {
        let (_folder, files) = files();
        assert_eq!(files.read("main.open", 10), Ok(None));
        files.replace("main.open", b"one").unwrap();
        files.replace("main.open", b"two").unwrap();
        assert_eq!(files.read("main.open", 3), Ok(Some(b"two".to_vec())));
        files.append("main.ledger", b"ab").unwrap();
        files.append("main.ledger", b"cd").unwrap();
        files.truncate("main.ledger", 3).unwrap();
        assert_eq!(files.read("main.ledger", 10), Ok(Some(b"abc".to_vec())));
        files.rename("main.ledger", "main.ledger.corrupt-1").unwrap();
        let mut names = files.names().unwrap();
        names.sort();
        assert_eq!(names, ["main.ledger.corrupt-1", "main.open"]);
        files.remove("main.open").unwrap();
        files.remove("main.open").unwrap();
        assert_eq!(files.read("main.open", 10), Ok(None));
    }

    #[test]
    fn a_file_longer_than_the_limit_is_an_error() {
        let (_folder, files) = files();
        files.replace("a", b"1234").unwrap();
        assert_eq!(files.read("a", 3), Err(FileError::TooLong { name: "a".into(), limit: 3 }));
    }

    #[test]
    fn a_name_cannot_leave_the_folder() {
        let (_folder, files) = files();
        for name in ["", "../a", "a/b", ".lock", "A", "a\0", &"a".repeat(101)] {
            assert!(matches!(files.replace(name, b""), Err(FileError::Failed { .. })), "{name:?}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn only_this_user_can_read_them() {
        use std::os::unix::fs::PermissionsExt as _;
        let (folder, files) = files();
        files.replace("a", b"x").unwrap();
        files.append("b", b"x").unwrap();
        let mode = |path: &str| fs::metadata(folder.path().join(path)).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode("vault"), mode("vault/a"), mode("vault/b")), (0o700, 0o600, 0o600));
    }

    #[test]
    fn the_lock_keeps_others_out() {
        let (_folder, files) = files();
        let inside = std::sync::atomic::AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    files
                        .with_lock(&mut || {
                            use std::sync::atomic::Ordering::SeqCst;
                            assert_eq!(inside.fetch_add(1, SeqCst), 0);
                            std::thread::sleep(std::time::Duration::from_millis(5));
                            inside.fetch_sub(1, SeqCst);
                        })
                        .unwrap();
                });
            }
        });
    }
}
