//! Unlock and sealed writes beside the bare cryptography and file operations, and what an app waits for: a cached token in
//! three languages, and a cold start.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::process::Command;
use std::sync::{Arc, Mutex};

use pforte_client::{Client, Entry};
use pforte_host::{FileStore, Secret, SecretStore, StoreError};
use pforte_journeys::World;
use pforte_platform::FolderFiles;
use pforte_testing::MemoryFiles;
use pforte_vault::{AccountId, GateState, Log, SlotKind, Vault};
use tokio::runtime::Runtime;

use crate::bare;
use crate::measure::{Contender, Worker, in_turns};
use crate::table::Table;

/// Tokens and a profile, and a lot of both.
const CONTENTS: [usize; 2] = [4 << 10, 64 << 10];
const LOG_LENGTHS: [usize; 4] = [10, 100, 1_000, 10_000];
const RECORD: [u8; 400] = [0x5A; 400];

/// A secret store without a keyring behind it: how long a keyring takes is not ours.
#[derive(Clone, Default)]
struct Secrets(Arc<Mutex<BTreeMap<String, Vec<u8>>>>);

impl SecretStore for Secrets {
    fn read(&self, name: String) -> Result<Option<Secret>, StoreError> {
        Ok(self.0.lock().unwrap().get(&name).cloned().map(Secret::new))
    }

    fn write(&self, name: String, secret: Secret) -> Result<(), StoreError> {
        self.0.lock().unwrap().insert(name, secret.expose().to_vec());
        Ok(())
    }

    fn remove(&self, name: String) -> Result<(), StoreError> {
        self.0.lock().unwrap().remove(&name);
        Ok(())
    }
}

fn open(files: Arc<dyn FileStore>, secrets: &Secrets) -> Vault {
    Vault::open(&AccountId::new("main").unwrap(), files, Arc::new(secrets.clone())).unwrap()
}

/// `others` are `NAME=COMMAND`: the same cached token from other languages.
pub fn run(others: &[&str]) {
    let mut table = Table::new("pforte-vault");
    for content in CONTENTS {
        gated(&mut table, &vec![0x5A; content]);
    }
    for length in LOG_LENGTHS {
        append(&mut table, length);
    }
    table.print(
        "The vault, on this machine's disk. Both sides seal the same bytes and wait for the disk as often.",
    );
    client(others);
}

/// Below target: on the disk that the project is on, and not in memory.
fn disk() -> tempfile::TempDir {
    tempfile::tempdir_in(std::env::current_exe().unwrap().parent().unwrap()).unwrap()
}

fn gated(table: &mut Table, content: &[u8]) {
    let (ours, theirs, secrets) = (disk(), disk(), Secrets::default());
    let vault = open(Arc::new(FolderFiles::open(ours.path()).unwrap()), &secrets);
    let slot = vault.prepare_slot(SlotKind::Biometric).unwrap();
    let secret = slot.secret().unwrap().clone();
    let key = vault.create_gated(slot, Some(vec![0xEE; 60]), content).unwrap();
    bare::write(theirs.path(), content);
    let sealed_key = bare::sealed_key();
    let kilobytes = content.len() >> 10;

    let unlock = || {
        let GateState::Sealed { slots } = vault.gate().unwrap() else { panic!("nothing is sealed") };
        let (_, text) = vault.unlock(&slots[0].id, Some(secret.clone())).unwrap();
        assert_eq!(text.len(), content.len());
    };
    let bare_unlock = || assert_eq!(bare::read(theirs.path(), &sealed_key).len(), content.len());
    let figures = in_turns(vec![
        Contender::new("ours", unlock),
        Contender::new("bare read, HKDF, HMAC, AES-GCM", bare_unlock),
    ]);
    table.add(&format!("unlock, {kilobytes} KiB"), &figures);

    let figures = in_turns(vec![
        Contender::new("ours", || vault.write_gated(&key, content).unwrap()),
        Contender::new("bare HKDF, AES-GCM, HMAC, write, flush, rename, flush", || {
            bare::write(theirs.path(), content);
        }),
    ]);
    table.add(&format!("sealed write, {kilobytes} KiB"), &figures);
}

fn append(table: &mut Table, length: usize) {
    let (ours, theirs, secrets) = (disk(), disk(), Secrets::default());
    // Filled in memory, so that only what is measured waits for the disk.
    let memory = MemoryFiles::default();
    let filling = open(Arc::new(memory.clone()), &secrets);
    (0..length).for_each(|_| filling.append(Log::Ledger, &RECORD).unwrap());
    let files = FolderFiles::open(ours.path()).unwrap();
    for (name, bytes) in memory.all() {
        files.replace(&name, &bytes).unwrap();
    }
    let vault = open(Arc::new(files), &secrets);
    let figures = in_turns(vec![
        Contender::new("ours", || vault.append(Log::Ledger, &RECORD).unwrap()),
        Contender::new("bare HKDF, AES-GCM, append, flush", || bare::append(theirs.path(), &RECORD)),
    ]);
    table.add(&format!("append to a log of {length} records"), &figures);
}

fn client(others: &[&str]) {
    let runtime = Runtime::new().unwrap();
    let world = runtime.block_on(World::new());
    let client = runtime.block_on(signed_in(&world));
    let url = format!("{}/portal/reviews", world.issuer());
    let mut table = Table::new("Pforte");

    let workers: Vec<(String, RefCell<Worker>)> = others
        .iter()
        .map(|other| {
            let (name, command) = other.split_once('=').unwrap();
            (name.to_owned(), RefCell::new(Worker::start(Command::new("bash").args(["-c", command]))))
        })
        .collect();
    let (asks, mut asked) = tokio::sync::mpsc::channel::<tokio::sync::oneshot::Sender<String>>(1);
    runtime.spawn(async move {
        while let Some(answer) = asked.recv().await {
            drop(answer.send("Bearer an-access-token".to_owned()));
        }
    });
    let bare = || {
        runtime.block_on(async {
            let (answer, answered) = tokio::sync::oneshot::channel();
            asks.send(answer).await.unwrap();
            answered.await.unwrap()
        })
    };
    let mut contenders = vec![
        Contender::new("ours", || runtime.block_on(client.authorization(&url)).unwrap()),
        Contender::new("bare question to a task", bare),
    ];
    for (name, worker) in &workers {
        contenders.push(Contender::with_turn(&format!("from {name}"), |times| {
            worker.borrow_mut().turn("token", times)
        }));
    }
    let figures = in_turns(contenders);
    table.add("cached token, from Rust", &figures);
    workers.into_iter().for_each(|(_, worker)| worker.into_inner().end());

    let theirs = disk();
    bare::write(theirs.path(), &[0x5A; 4 << 10]);
    let sealed_key = bare::sealed_key();
    let cold_start = || {
        runtime.block_on(async {
            let client = world.open().await.unwrap();
            client.unlock().await.unwrap();
            client.authorization(&url).await.unwrap()
        })
    };
    let figures = in_turns(vec![
        Contender::new("ours", cold_start),
        Contender::new("opening the client alone", || runtime.block_on(world.open()).unwrap()),
        Contender::new("bare read, HKDF, HMAC, AES-GCM", || bare::read(theirs.path(), &sealed_key)),
    ]);
    table.add("cold start to a cached token", &figures);
    table.print(
        "What an app waits for. The finger is scripted and takes no time; the policy is the portal's.",
    );
    runtime.block_on(world.end());
}

async fn signed_in(world: &World) -> Arc<Client> {
    let client = world.open().await.unwrap();
    let entry = client.enter("review.write").await.unwrap();
    assert!(matches!(entry, Entry::Cleared { .. }), "{entry:?}");
    client
}
