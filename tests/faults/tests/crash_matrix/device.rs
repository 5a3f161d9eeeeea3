//! A device in memory whose storage fails at any operation: both stores, and what a power failure leaves of them.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

use pforte_host::{FileError, FileStore, Secret, SecretStore, StoreError};

/// How an operation is cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    /// It fails and did nothing.
    Before,
    /// It happened, and reports failure.
    After,
    /// An append wrote half; everything else is all or nothing, as the ports promise.
    Short,
    /// It happened and reports failure, because the folder could not be flushed: a power failure undoes it, unless a
    /// later operation flushed the folder.
    Unsynced,
}

/// What follows a cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Then {
    /// The process is gone: every later operation fails.
    Death,
    /// Only that one operation failed.
    Recovery,
}

/// Every way to cut. A lost flush followed by death is the same as no operation at all.
pub const CUTS: [(Cut, Then); 7] = [
    (Cut::Before, Then::Death),
    (Cut::After, Then::Death),
    (Cut::Short, Then::Death),
    (Cut::Before, Then::Recovery),
    (Cut::After, Then::Recovery),
    (Cut::Short, Then::Recovery),
    (Cut::Unsynced, Then::Recovery),
];

type Entries = BTreeMap<String, Vec<u8>>;

/// What lies on the device.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Disk {
    pub files: Entries,
    pub secrets: Entries,
}

/// Which of the two stores.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Store {
    Files,
    Secrets,
}

#[derive(Default)]
struct State {
    disk: Disk,
    /// What a power failure brings back, where a change of the folder was not flushed; and the same of the secrets.
    unsynced: [Option<Entries>; 2],
    operations: usize,
    cut: Option<(usize, Cut, Then)>,
    dead: bool,
}

/// The device.
#[derive(Default)]
pub struct Device {
    state: Mutex<State>,
    folder: Mutex<()>,
}

impl Device {
    pub fn with(disk: Disk) -> Arc<Self> {
        Arc::new(Self { state: Mutex::new(State { disk, ..State::default() }), folder: Mutex::default() })
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

    /// The power fails: nothing works any more, and this is left.
    pub fn power_off(&self) -> Disk {
        let mut state = self.state();
        state.dead = true;
        let [files, secrets] = std::mem::take(&mut state.unsynced);
        let disk = state.disk.clone();
        Disk { files: files.unwrap_or(disk.files), secrets: secrets.unwrap_or(disk.secrets) }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// Does an operation, unless it is cut. `work` is told whether it is cut short.
    fn operate<T>(
        &self,
        store: Store,
        flushes: bool,
        work: impl Fn(&mut Entries, bool) -> T,
    ) -> Result<T, String> {
        let mut state = self.state();
        if state.dead {
            return Err("the process is gone".to_owned());
        }
        let State { disk, unsynced, operations, cut, dead } = &mut *state;
        let entries = if store == Store::Files { &mut disk.files } else { &mut disk.secrets };
        let unsynced = &mut unsynced[store as usize];
        let number = *operations;
        *operations += 1;
        let Some((_, cut, then)) = cut.filter(|(at, ..)| *at == number) else {
            match unsynced {
                Some(_) if flushes => *unsynced = None,
                // What is written into a file that is there already is flushed with the file.
                Some(before) => drop(work(before, false)),
                None => {}
            }
            return Ok(work(entries, false));
        };
        *dead = then == Then::Death;
        if cut == Cut::Unsynced {
            *unsynced = Some(entries.clone());
        }
        if cut != Cut::Before {
            work(entries, cut == Cut::Short);
        }
        Err(format!("cut at operation {number}"))
    }

    fn files<T>(&self, flushes: bool, work: impl Fn(&mut Entries, bool) -> T) -> Result<T, FileError> {
        self.operate(Store::Files, flushes, work).map_err(|reason| FileError::Failed { reason })
    }

    fn store<T>(&self, flushes: bool, work: impl Fn(&mut Entries, bool) -> T) -> Result<T, StoreError> {
        self.operate(Store::Secrets, flushes, work).map_err(|reason| StoreError::Failed { reason })
    }
}

impl FileStore for Device {
    fn read(&self, name: &str, limit: u64) -> Result<Option<Vec<u8>>, FileError> {
        match self.files(false, |entries, _| entries.get(name).cloned())? {
            Some(bytes) if bytes.len() as u64 > limit => {
                Err(FileError::TooLong { name: name.to_owned(), limit })
            }
            other => Ok(other),
        }
    }

    fn replace(&self, name: &str, bytes: &[u8]) -> Result<(), FileError> {
        self.files(true, |entries, short| {
            if !short {
                entries.insert(name.to_owned(), bytes.to_vec());
            }
        })
    }

    fn append(&self, name: &str, bytes: &[u8]) -> Result<(), FileError> {
        self.files(false, |entries, short| {
            let bytes = if short { &bytes[..bytes.len() / 2] } else { bytes };
            entries.entry(name.to_owned()).or_default().extend_from_slice(bytes);
        })
    }

    fn truncate(&self, name: &str, length: u64) -> Result<(), FileError> {
        self.files(false, |entries, short| {
            if let (Some(file), false) = (entries.get_mut(name), short) {
                file.truncate(usize::try_from(length).unwrap());
            }
        })
    }

    fn remove(&self, name: &str) -> Result<(), FileError> {
        self.files(true, |entries, short| {
            if !short {
                entries.remove(name);
            }
        })
    }

    fn rename(&self, name: &str, to: &str) -> Result<(), FileError> {
        self.files(true, |entries, short| {
            if let (false, Some(bytes)) = (short, entries.get(name).cloned()) {
                entries.remove(name);
                entries.insert(to.to_owned(), bytes);
            }
        })
    }

    fn names(&self) -> Result<Vec<String>, FileError> {
        self.files(false, |entries, _| entries.keys().cloned().collect())
    }

    fn with_lock(&self, work: &mut dyn FnMut()) -> Result<(), FileError> {
        self.files(false, |_, _| ())?;
        let _held = self.folder.lock().unwrap();
        work();
        Ok(())
    }
}

impl SecretStore for Device {
    fn read(&self, name: String) -> Result<Option<Secret>, StoreError> {
        self.store(false, |entries, _| entries.get(&name).cloned().map(Secret::new))
    }

    fn write(&self, name: String, secret: Secret) -> Result<(), StoreError> {
        self.store(true, |entries, short| {
            if !short {
                entries.insert(name.clone(), secret.expose().to_vec());
            }
        })
    }

    fn remove(&self, name: String) -> Result<(), StoreError> {
        self.store(true, |entries, short| {
            if !short {
                entries.remove(&name);
            }
        })
    }
}
