//! An in-memory device: both ports, with a cut at any operation; and a gate that turns each byte over.
#![allow(dead_code, reason = "each test binary uses its part")]

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread::ThreadId;

use pforte_host::{FileError, FileStore, Secret, SecretStore, StoreError};
use pforte_vault::{
    AccountId, GateState, GatedKey, Lease, LeaseNow, LeaseOutcome, SlotInfo, SlotKind, Vault, VaultError,
};

/// How an operation is cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    /// It fails and did nothing.
    Before,
    /// It happened, and reports failure.
    After,
    /// An append wrote half; everything else is all or nothing, as the ports promise.
    Short,
    /// It happened as far as the process can see, the flush to disk failed, and the loss of power takes it back unless
    /// a later operation of that port was flushed.
    Unsynced,
}

impl Cut {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Before, Self::After, Self::Short, Self::Unsynced];
}

/// What follows a cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Then {
    /// The process is gone: every later operation fails.
    Death,
    /// Only that one operation failed.
    Recovery,
}

type Contents = BTreeMap<String, Vec<u8>>;

/// What lies on the device.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Disk {
    pub files: Contents,
    pub secrets: Contents,
}

#[derive(Default)]
struct State {
    disk: Disk,
    operations: usize,
    cut: Option<(usize, Cut, Then)>,
    dead: bool,
    /// What the disk falls back to when the power is lost now: files, secrets.
    unsynced: (Option<Contents>, Option<Contents>),
    files_read: usize,
    store_fault: Option<StoreError>,
    store_is_read_only: bool,
    files_not_now: bool,
}

/// The device.
#[derive(Default)]
pub struct Device {
    state: Mutex<State>,
    folder: Mutex<()>,
    /// Who holds the folder's lock.
    holder: Mutex<Option<ThreadId>>,
}

impl Device {
    pub fn new() -> Arc<Self> {
        Arc::default()
    }

    pub fn with(disk: Disk) -> Arc<Self> {
        let device = Self::new();
        device.state().disk = disk;
        device
    }

    pub fn disk(&self) -> Disk {
        self.state().disk.clone()
    }

    /// What lies there after the power was lost: without what was not flushed.
    pub fn after_power_loss(&self) -> Disk {
        let state = self.state();
        let (files, secrets) = state.unsynced.clone();
        Disk {
            files: files.unwrap_or_else(|| state.disk.files.clone()),
            secrets: secrets.unwrap_or_else(|| state.disk.secrets.clone()),
        }
    }

    /// How many bytes of files were read since this was asked last.
    pub fn bytes_read(&self) -> usize {
        std::mem::take(&mut self.state().files_read)
    }

    pub fn change(&self, change: impl FnOnce(&mut Disk)) {
        change(&mut self.state().disk);
    }

    pub fn file(&self, name: &str) -> Vec<u8> {
        self.state().disk.files[name].clone()
    }

    pub fn put(&self, name: &str, bytes: Vec<u8>) {
        self.state().disk.files.insert(name.to_owned(), bytes);
    }

    /// Whether a file was set aside: its name, then a dot and a reason.
    pub fn is_set_aside(&self, name: &str) -> bool {
        let prefix = format!("{name}.");
        self.state().disk.files.keys().any(|kept| kept.starts_with(&prefix))
    }

    /// Cuts the operation with this number, counted from now on.
    pub fn cut_at(&self, number: usize, cut: Cut, then: Then) {
        let mut state = self.state();
        (state.operations, state.cut) = (0, Some((number, cut, then)));
    }

    /// Whether the cut has happened.
    pub fn was_cut(&self) -> bool {
        let state = self.state();
        state.cut.is_some_and(|(number, ..)| state.operations > number)
    }

    pub fn fail_store(&self, fault: Option<StoreError>) {
        self.state().store_fault = fault;
    }

    pub fn make_store_read_only(&self, read_only: bool) {
        self.state().store_is_read_only = read_only;
    }

    pub fn protect_files(&self, protected: bool) {
        self.state().files_not_now = protected;
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// Does an operation, unless it is cut. `work` is told whether it is cut short.
    fn operate<T>(&self, work: impl FnOnce(&mut Disk, bool) -> T) -> Result<T, String> {
        let mut state = self.state();
        let number = state.operations;
        state.operations += 1;
        if state.dead {
            return Err("the process is gone".to_owned());
        }
        let before = state.disk.clone();
        let Some((_, cut, then)) = state.cut.filter(|(at, ..)| *at == number) else {
            let result = work(&mut state.disk, false);
            // A flush takes what was written to that port before with it.
            if state.disk.files != before.files {
                state.unsynced.0 = None;
            }
            if state.disk.secrets != before.secrets {
                state.unsynced.1 = None;
            }
            return Ok(result);
        };
        state.dead = then == Then::Death;
        if cut != Cut::Before {
            work(&mut state.disk, cut == Cut::Short);
        }
        if cut == Cut::Unsynced {
            state.unsynced = (Some(before.files), Some(before.secrets));
        }
        Err(format!("cut at operation {number}"))
    }

    fn files<T>(&self, work: impl FnOnce(&mut Disk, bool) -> T) -> Result<T, FileError> {
        if self.state().files_not_now {
            return Err(FileError::NotNow { reason: "before the first unlock".to_owned() });
        }
        self.operate(work).map_err(|reason| FileError::Failed { reason })
    }

    fn store<T>(&self, writes: bool, work: impl FnOnce(&mut Disk, bool) -> T) -> Result<T, StoreError> {
        let holder = *self.holder.lock().unwrap();
        assert_ne!(holder, Some(std::thread::current().id()), "the folder's lock is for files only");
        let state = self.state();
        if let Some(fault) = state.store_fault.clone() {
            return Err(fault);
        }
        if writes && state.store_is_read_only {
            return Err(StoreError::Failed { reason: "read-only".to_owned() });
        }
        drop(state);
        self.operate(work).map_err(|reason| StoreError::Failed { reason })
    }
}

impl FileStore for Device {
    fn read(&self, name: &str, limit: u64) -> Result<Option<Vec<u8>>, FileError> {
        let bytes = self.files(|disk, _| disk.files.get(name).cloned())?;
        self.state().files_read += bytes.as_ref().map_or(0, Vec::len);
        match bytes {
            Some(bytes) if bytes.len() as u64 > limit => {
                Err(FileError::TooLong { name: name.to_owned(), limit })
            }
            other => Ok(other),
        }
    }

    fn read_part(&self, name: &str, from: u64, limit: u64) -> Result<Option<Vec<u8>>, FileError> {
        let from = usize::try_from(from).unwrap();
        let limit = usize::try_from(limit).unwrap();
        let part = self.files(|disk, _| {
            let bytes = disk.files.get(name)?;
            Some(bytes.iter().skip(from).take(limit).copied().collect::<Vec<u8>>())
        })?;
        self.state().files_read += part.as_ref().map_or(0, Vec::len);
        Ok(part)
    }

    fn replace(&self, name: &str, bytes: &[u8]) -> Result<(), FileError> {
        self.files(|disk, short| {
            if !short {
                disk.files.insert(name.to_owned(), bytes.to_vec());
            }
        })
    }

    fn append(&self, name: &str, bytes: &[u8]) -> Result<(), FileError> {
        self.files(|disk, short| {
            let bytes = if short { &bytes[..bytes.len() / 2] } else { bytes };
            disk.files.entry(name.to_owned()).or_default().extend_from_slice(bytes);
        })
    }

    fn truncate(&self, name: &str, length: u64) -> Result<(), FileError> {
        self.files(|disk, short| {
            if let (Some(file), false) = (disk.files.get_mut(name), short) {
                file.truncate(usize::try_from(length).unwrap());
            }
        })
    }

    fn remove(&self, name: &str) -> Result<(), FileError> {
        self.files(|disk, short| {
            if !short {
                disk.files.remove(name);
            }
        })
    }

    fn rename(&self, name: &str, to: &str) -> Result<(), FileError> {
        self.files(|disk, short| {
            if short {
                return;
            }
            if let Some(bytes) = disk.files.remove(name) {
                disk.files.insert(to.to_owned(), bytes);
            }
        })
    }

    fn names(&self) -> Result<Vec<String>, FileError> {
        self.files(|disk, _| disk.files.keys().cloned().collect())
    }

    fn with_lock(&self, work: &mut dyn FnMut()) -> Result<(), FileError> {
        self.files(|_, _| ())?;
        let _held = self.folder.lock().unwrap();
        *self.holder.lock().unwrap() = Some(std::thread::current().id());
        work();
        *self.holder.lock().unwrap() = None;
        Ok(())
    }
}

impl SecretStore for Device {
    fn read(&self, name: String) -> Result<Option<Secret>, StoreError> {
        self.store(false, |disk, _| disk.secrets.get(&name).cloned().map(Secret::new))
    }

    fn write(&self, name: String, secret: Secret) -> Result<(), StoreError> {
        self.store(true, |disk, short| {
            if !short {
                disk.secrets.insert(name, secret.expose().to_vec());
            }
        })
    }

    fn remove(&self, name: String) -> Result<(), StoreError> {
        self.store(true, |disk, short| {
            if !short {
                disk.secrets.remove(&name);
            }
        })
    }
}

/// The lease's clock in boot `boot`.
pub fn at(elapsed_ms: u64, boot: &str) -> LeaseNow {
    LeaseNow { elapsed_ms, boot_id: boot.to_owned() }
}

/// The lease, which has to be free.
pub fn lease(vault: &Vault, now: LeaseNow) -> Lease {
    match vault.take_lease(now, 30_000).unwrap() {
        LeaseOutcome::Held(lease) => lease,
        LeaseOutcome::Busy { retry_after_ms } => panic!("busy for {retry_after_ms} ms"),
    }
}

pub fn account() -> AccountId {
    AccountId::new("a").unwrap()
}

pub fn open(device: &Arc<Device>) -> Vault {
    Vault::open(&account(), device.clone(), device.clone()).unwrap()
}

/// The gate: it turns each byte over.
pub fn wrap(secret: &Secret) -> Vec<u8> {
    secret.expose().iter().map(|byte| !byte).collect()
}

pub fn unwrap(slot: &SlotInfo) -> Option<Secret> {
    slot.wrapped.as_ref().map(|wrapped| Secret::new(wrapped.iter().map(|byte| !byte).collect()))
}

pub fn seal(vault: &Vault, kind: SlotKind, content: &[u8]) -> GatedKey {
    let slot = vault.prepare_slot(kind).unwrap();
    let wrapped = slot.secret().map(wrap);
    vault.create_gated(slot, wrapped, content).unwrap()
}

pub fn slots(vault: &Vault) -> Vec<SlotInfo> {
    match vault.gate().unwrap() {
        GateState::Sealed { slots } => slots,
        GateState::None => Vec::new(),
    }
}

pub fn unlock(vault: &Vault) -> Result<(GatedKey, Vec<u8>), VaultError> {
    let GateState::Sealed { slots } = vault.gate()? else { return Err(VaultError::Superseded) };
    vault.unlock(&slots[0].id, unwrap(&slots[0])).map(|(key, content)| (key, content.to_vec()))
}
