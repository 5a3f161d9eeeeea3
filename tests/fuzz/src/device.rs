//! A device in memory: both ports of the vault, filled from its golden vectors.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use pforte_host::{FileError, FileStore, Secret, SecretStore, StoreError};
use pforte_vault::{AccountId, Vault};

const VECTORS: &str = include_str!("../../../core/vault/tests/data/v1.txt");

#[derive(Default, Clone)]
pub struct Device(Arc<Mutex<Disk>>);

#[derive(Default, Clone)]
pub struct Disk {
    pub files: BTreeMap<String, Vec<u8>>,
    pub secrets: BTreeMap<String, Vec<u8>>,
}

/// The device of the golden vectors, and its one slot secret.
pub fn golden() -> (Disk, Secret) {
    let (mut disk, mut slot_secret) = (Disk::default(), Vec::new());
    for line in VECTORS.lines().filter(|line| !line.starts_with('#')) {
        match line.split(' ').collect::<Vec<_>>()[..] {
            ["slot-secret", bytes] => slot_secret = unhex(bytes),
            ["file", name, bytes] => drop(disk.files.insert(name.to_owned(), unhex(bytes))),
            ["secret", name, bytes] => drop(disk.secrets.insert(name.to_owned(), unhex(bytes))),
            _ => panic!("a line of the vectors is not understood: {line}"),
        }
    }
    (disk, Secret::new(slot_secret))
}

pub fn golden_file(name: &str) -> Vec<u8> {
    golden().0.files.remove(&format!("golden.{name}")).unwrap()
}

impl Device {
    pub fn new(disk: Disk) -> Self {
        Self(Arc::new(Mutex::new(disk)))
    }

    pub fn disk(&self) -> Disk {
        self.0.lock().unwrap().clone()
    }

    /// The golden device with other bytes in one file.
    pub fn with(name: &str, bytes: &[u8]) -> Self {
        let (mut disk, _) = golden();
        disk.files.insert(format!("golden.{name}"), bytes.to_vec());
        Self::new(disk)
    }

    pub fn vault(&self) -> Vault {
        let account = AccountId::new("golden").unwrap();
        Vault::open(&account, Arc::new(self.clone()), Arc::new(self.clone())).unwrap()
    }

    /// What is left of a file that was refused: nothing of it may be lost, whatever it is called now.
    pub fn still_holds(&self, bytes: &[u8]) -> bool {
        self.0.lock().unwrap().files.values().any(|file| file == bytes)
    }
}

impl FileStore for Device {
    fn read(&self, name: &str, limit: u64) -> Result<Option<Vec<u8>>, FileError> {
        match self.0.lock().unwrap().files.get(name) {
            Some(bytes) if bytes.len() as u64 > limit => {
                Err(FileError::TooLong { name: name.to_owned(), limit })
            }
            bytes => Ok(bytes.cloned()),
        }
    }

    fn replace(&self, name: &str, bytes: &[u8]) -> Result<(), FileError> {
        self.0.lock().unwrap().files.insert(name.to_owned(), bytes.to_vec());
        Ok(())
    }

    fn append(&self, name: &str, bytes: &[u8]) -> Result<(), FileError> {
        self.0.lock().unwrap().files.entry(name.to_owned()).or_default().extend_from_slice(bytes);
        Ok(())
    }

    fn truncate(&self, name: &str, length: u64) -> Result<(), FileError> {
        if let Some(file) = self.0.lock().unwrap().files.get_mut(name) {
            file.truncate(usize::try_from(length).unwrap());
        }
        Ok(())
    }

    fn remove(&self, name: &str) -> Result<(), FileError> {
        self.0.lock().unwrap().files.remove(name);
        Ok(())
    }

    fn rename(&self, name: &str, to: &str) -> Result<(), FileError> {
        let files = &mut self.0.lock().unwrap().files;
        if let Some(bytes) = files.remove(name) {
            files.insert(to.to_owned(), bytes);
        }
        Ok(())
    }

    fn names(&self) -> Result<Vec<String>, FileError> {
        Ok(self.0.lock().unwrap().files.keys().cloned().collect())
    }

    fn with_lock(&self, work: &mut dyn FnMut()) -> Result<(), FileError> {
        work();
        Ok(())
    }
}

impl SecretStore for Device {
    fn read(&self, name: String) -> Result<Option<Secret>, StoreError> {
        Ok(self.0.lock().unwrap().secrets.get(&name).cloned().map(Secret::new))
    }

    fn write(&self, name: String, secret: Secret) -> Result<(), StoreError> {
        self.0.lock().unwrap().secrets.insert(name, secret.expose().to_vec());
        Ok(())
    }

    fn remove(&self, name: String) -> Result<(), StoreError> {
        self.0.lock().unwrap().secrets.remove(&name);
        Ok(())
    }
}

fn unhex(text: &str) -> Vec<u8> {
    let pairs = text.as_bytes().chunks(2).map(|pair| std::str::from_utf8(pair).unwrap());
    pairs.map(|pair| u8::from_str_radix(pair, 16).unwrap()).collect()
}
