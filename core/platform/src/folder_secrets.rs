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
        self.0.replace(&file(&name), secret.expose()).map_err(store_error)
    }

    fn remove(&self, name: String) -> Result<(), StoreError> {
        self.0.remove(&file(&name)).map_err(store_error)
    }
}

fn file(name: &str) -> String {
    name.replace('/', "_")
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
}
