//! A folder of sealed files.

use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use atomic_write_file::AtomicWriteFile;
use pforte_host::{FileError, FileStore};

/// The lock's file; it holds nothing and is never replaced.
const LOCK: &str = ".lock";

/// A temporary file of a writer that was ended is removed when it is this old; a younger one may be in use.
const LEFT_OVER: Duration = Duration::from_secs(3600);

/// Files in one folder of this machine, readable by this user only (0600 in a folder of 0700, on Unix).
#[derive(Debug, Clone)]
pub struct FolderFiles {
    folder: PathBuf,
}

impl FolderFiles {
    /// Opens the folder, makes it where it is missing, and removes what an ended writer left over.
    pub fn open(folder: impl Into<PathBuf>) -> Result<Self, FileError> {
        let folder = folder.into();
        private_folder(&folder).map_err(failed)?;
        let files = Self { folder };
        files.remove_left_over()?;
        Ok(files)
    }

    /// What can't be removed now stays until the next time: it harms nobody.
    fn remove_left_over(&self) -> Result<(), FileError> {
        for entry in fs::read_dir(&self.folder).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let temporary = entry.file_name().to_str().is_some_and(is_temporary);
            let written = entry.metadata().and_then(|data| data.modified()).ok();
            let age = written.and_then(|then| SystemTime::now().duration_since(then).ok());
            if temporary && age.is_some_and(|age| age > LEFT_OVER) {
                drop(fs::remove_file(entry.path()));
            }
        }
        Ok(())
    }

    fn path(&self, name: &str) -> Result<PathBuf, FileError> {
        if fits(name) {
            return Ok(self.folder.join(name));
        }
        Err(FileError::Failed {
            reason: "a file's name has 1 to 100 characters of a-z 0-9 . _ - and begins with no dot"
                .to_owned(),
        })
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
        let too_long = || FileError::TooLong { name: name.to_owned(), limit };
        if file.metadata().map_err(failed)?.len() > limit {
            return Err(too_long());
        }
        let mut bytes = Vec::new();
        // It may grow while it is read.
        file.take(limit.saturating_add(1)).read_to_end(&mut bytes).map_err(failed)?;
        if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > limit {
            return Err(too_long());
        }
        Ok(Some(bytes))
    }

    fn read_part(&self, name: &str, from: u64, limit: u64) -> Result<Option<Vec<u8>>, FileError> {
        let mut file = match File::open(self.path(name)?) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(failed(error)),
        };
        let mut bytes = Vec::new();
        file.seek(SeekFrom::Start(from)).map_err(failed)?;
        file.take(limit).read_to_end(&mut bytes).map_err(failed)?;
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
        let mut file = private(OpenOptions::new().append(true).create(true)).open(path).map_err(failed)?;
        file.write_all(bytes).map_err(failed)?;
        file.sync_all().map_err(failed)?;
        if fresh { self.sync_folder() } else { Ok(()) }
    }

    fn truncate(&self, name: &str, length: u64) -> Result<(), FileError> {
        let file = OpenOptions::new().write(true).open(self.path(name)?).map_err(failed)?;
        let now = file.metadata().map_err(failed)?.len();
        file.set_len(length.min(now)).map_err(failed)?;
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
        let mut options = OpenOptions::new();
        let lock = private(options.create(true).truncate(false).write(true)).open(self.folder.join(LOCK));
        // The lock ends with the open file, also where `work` panics or the process is killed.
        let held = wait_for(lock.map_err(failed)?).map_err(failed)?;
        work();
        drop(held);
        Ok(())
    }
}

fn fits(name: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"._-".contains(&byte);
    (1..=100).contains(&name.len()) && !name.starts_with('.') && name.bytes().all(fits)
}

/// What a replacement is called before it takes its place: `.name.` and six letters or digits.
fn is_temporary(name: &str) -> bool {
    let parts = name.strip_prefix('.').and_then(|rest| rest.rsplit_once('.'));
    parts.is_some_and(|(name, end)| {
        fits(name) && end.len() == 6 && end.bytes().all(|byte| byte.is_ascii_alphanumeric())
    })
}

fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    options
}

#[cfg(unix)]
fn wait_for(lock: File) -> std::io::Result<File> {
    rustix::io::retry_on_intr(|| rustix::fs::flock(&lock, rustix::fs::FlockOperation::LockExclusive))?;
    Ok(lock)
}

#[cfg(not(unix))]
fn wait_for(lock: File) -> std::io::Result<File> {
    lock.lock()?;
    Ok(lock)
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
    fn a_part_is_what_lies_there_and_no_more() {
        let (_folder, files) = files();
        assert_eq!(files.read_part("log", 0, 8).unwrap(), None);
        files.replace("log", b"0123456789").unwrap();
        for (from, limit, part) in [
            (0, 3, b"012".as_slice()),
            (7, 3, b"789"),
            (7, 4, b"789"),
            (10, 4, b""),
            (99, 4, b""),
            (0, u64::MAX, b"0123456789"),
        ] {
            assert_eq!(files.read_part("log", from, limit).unwrap().unwrap(), part, "{from} {limit}");
        }
        assert!(files.read_part("../log", 0, 1).is_err());
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
        files.truncate("main.open", 100).unwrap();
        assert_eq!(files.read("main.open", 10), Ok(Some(b"two".to_vec())));
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
        files.with_lock(&mut || {}).unwrap();
        assert_eq!(mode("vault/.lock"), 0o600);
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
    #[test]
    fn the_lock_ends_with_the_work_that_panics() {
        let (_folder, files) = files();
        let panicked = std::thread::scope(|scope| {
            scope.spawn(|| files.with_lock(&mut || panic!("work went wrong"))).join().is_err()
        });
        assert!(panicked);
        let mut done = false;
        files.with_lock(&mut || done = true).unwrap();
        assert!(done);
    }

    #[test]
    fn what_an_ended_writer_left_over_is_removed_once_it_is_old() {
        let (folder, files) = files();
        let vault = folder.path().join("vault");
        let write = |name: &str, age: u64| {
            let file = File::create(vault.join(name)).unwrap();
            file.set_modified(SystemTime::now() - Duration::from_secs(age)).unwrap();
        };
        write(".main.open.Ab12yZ", 7200);
        write(".main.gated.Ab12yZ", 60);
        write(".nomedia", 7200);
        write("main.open", 7200);
        files.with_lock(&mut || {}).unwrap();
        FolderFiles::open(&vault).unwrap();
        let mut left: Vec<_> = fs::read_dir(&vault)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        left.sort();
        assert_eq!(left, [".lock", ".main.gated.Ab12yZ", ".nomedia", "main.open"]);
        assert_eq!(files.names().unwrap(), ["main.open"]);
    }

    #[cfg(unix)]
    #[test]
    fn a_file_being_replaced_has_the_name_that_is_cleared_away() {
        let (folder, files) = files();
        let writing = AtomicWriteFile::open(folder.path().join("vault/main.open")).unwrap();
        let entry = fs::read_dir(folder.path().join("vault")).unwrap().next().unwrap().unwrap();
        assert!(is_temporary(entry.file_name().to_str().unwrap()), "{:?}", entry.file_name());
        assert!(files.names().unwrap().is_empty());
        drop(writing);
    }

    #[test]
    fn a_full_device_and_a_protected_file_are_told_apart() {
        let map = |kind: ErrorKind| failed(std::io::Error::from(kind));
        assert_eq!(map(ErrorKind::StorageFull), FileError::Full);
        assert_eq!(map(ErrorKind::QuotaExceeded), FileError::Full);
        assert!(matches!(map(ErrorKind::PermissionDenied), FileError::NotNow { .. }));
        assert!(matches!(map(ErrorKind::Other), FileError::Failed { .. }));
    }

    /// `/dev/full` refuses every write as a device without room does.
    #[cfg(target_os = "linux")]
    #[test]
    fn a_write_without_room_says_so() {
        let (folder, files) = files();
        std::os::unix::fs::symlink("/dev/full", folder.path().join("vault/main.ledger")).unwrap();
        assert_eq!(files.append("main.ledger", b"x"), Err(FileError::Full));
    }
}
