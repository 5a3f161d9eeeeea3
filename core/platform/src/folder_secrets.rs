//! Secrets in plain files, for machines without any keyring.

use std::path::PathBuf;

use pforte_host::{FileError, FileStore, Secret, SecretStore, StoreError};

use crate::FolderFiles;

/// The longest secret, in bytes.
const LONGEST: u64 = 64 * 1024;

/// A secret store in a folder. **Not secure, for development only**: who can read the folder has the secrets.
#[derive(Debug, Clone)]
pub struct FolderSecrets(FolderFiles);

impl FolderSecrets {
    /// Opens the folder, and makes it where it is missing.
    pub fn open(folder: impl Into<PathBuf>) -> Result<Self, StoreError> {
        FolderFiles::open(folder).map(Self).map_err(store_error)
    }
}

impl SecretStore for FolderSecrets {
    fn read(&self, name: String) -> Result<Option<Secret>, StoreError> {
        let bytes = self.0.read(&file(&name), LONGEST).map_err(store_error)?;
        Ok(bytes.map(Secret::new))
    }

    fn write(&self, name: String, secret: Secret) -> Result<(), StoreError> {
        if u64::try_from(secret.len()).unwrap_or(u64::MAX) > LONGEST {
            return Err(StoreError::Failed { reason: format!("a secret has at most {LONGEST} bytes") });
        }
        self.0.replace(&file(&name), secret.expose()).map_err(store_error)
    }

    fn remove(&self, name: String) -> Result<(), StoreError> {
        self.0.remove(&file(&name)).map_err(store_error)
    }
}

/// Two names are never one file: what a file's name can't hold, and the underscore, become `_` and two hex digits.
fn file(name: &str) -> String {
    let mut file = String::new();
    for byte in name.bytes() {
        let plain = byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        if plain || (byte == b'.' && !file.is_empty()) {
            file.push(char::from(byte));
        } else {
            file.push_str(&format!("_{byte:02x}"));
        }
    }
    file
}

fn store_error(error: FileError) -> StoreError {
    match error {
        FileError::NotNow { reason } => StoreError::NotNow { reason },
        other => StoreError::Failed { reason: other.to_string() },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_come_back_and_go() {
        let folder = tempfile::tempdir().unwrap();
        let secrets = FolderSecrets::open(folder.path()).unwrap();
        assert!(secrets.read("main/anchor".into()).unwrap().is_none());
        secrets.write("main/anchor".into(), Secret::new(vec![1, 2])).unwrap();
        assert_eq!(secrets.read("main/anchor".into()).unwrap().unwrap().expose(), [1, 2]);
        secrets.remove("main/anchor".into()).unwrap();
        assert!(secrets.read("main/anchor".into()).unwrap().is_none());
    }
    #[test]
    fn names_are_kept_apart() {
        let folder = tempfile::tempdir().unwrap();
        let secrets = FolderSecrets::open(folder.path()).unwrap();
        let names = ["a/b", "a_b", "a_2fb", "A/b", ".a", "ä"];
        for (number, name) in (0_u8..).zip(names) {
            secrets.write(name.into(), Secret::new(vec![number])).unwrap();
        }
        for (number, name) in (0_u8..).zip(names) {
            assert_eq!(secrets.read(name.into()).unwrap().unwrap().expose(), [number], "{name}");
        }
    }

    #[test]
    fn a_secret_that_could_not_be_read_again_is_not_written() {
        let folder = tempfile::tempdir().unwrap();
        let secrets = FolderSecrets::open(folder.path()).unwrap();
        let written = secrets.write("large".into(), Secret::new(vec![0; 64 * 1024 + 1]));
        assert!(matches!(written, Err(StoreError::Failed { .. })));
        assert!(secrets.read("large".into()).unwrap().is_none());
        secrets.write("large".into(), Secret::new(vec![0; 64 * 1024])).unwrap();
        assert_eq!(secrets.read("large".into()).unwrap().unwrap().len(), 64 * 1024);
    }

    #[cfg(unix)]
    #[test]
    fn only_this_user_can_read_them() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let secrets = FolderSecrets::open(folder.path().join("secrets")).unwrap();
        secrets.write("a".into(), Secret::new(vec![1])).unwrap();
        let mode = std::fs::metadata(folder.path().join("secrets/a")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}
