//! Real processes on a real folder: one that is suspended under the lease, one that is killed under it, many that are
//! killed wherever they are, and two that append at once. Which time it is for the lease is told, so nobody waits.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]
#![allow(clippy::print_stdout, reason = "processes answer each other, and the number of kills is shown")]

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Arc;

use pforte_platform::{FolderFiles, FolderSecrets};
use pforte_vault::{
    AccountId, GateState, GatedKey, Inbox, IntentKey, Lease, LeaseNow, LeaseOutcome, Log, SlotKind, Vault,
    VaultError,
};

const FOLDER: &str = "PFORTE_VAULT_FOLDER";
const TERM_MS: u64 = 30_000;

fn open(folder: &Path) -> Vault {
    let files = Arc::new(FolderFiles::open(folder.join("sealed")).unwrap());
    // A stand-in for a keyring: files, too. The real ones have a test run of their own.
    let secrets = Arc::new(FolderSecrets::open(folder.join("secrets")).unwrap());
    Vault::open(&AccountId::new("a").unwrap(), files, secrets).unwrap()
}

fn unlock(vault: &Vault) -> (GatedKey, Vec<u8>) {
    let GateState::Sealed { slots } = vault.gate().unwrap() else { panic!("nothing is sealed") };
    let (key, content) = vault.unlock(&slots[0].id, None).unwrap();
    (key, content.to_vec())
}

fn sealed(content: &[u8]) -> (tempfile::TempDir, Vault, GatedKey) {
    let folder = tempfile::tempdir().unwrap();
    let vault = open(folder.path());
    let slot = vault.prepare_slot(SlotKind::DeviceOnly).unwrap();
    let key = vault.create_gated(slot, None, content).unwrap();
    (folder, vault, key)
}

fn take(vault: &Vault, elapsed_ms: u64, boot: &str) -> LeaseOutcome {
    vault.take_lease(LeaseNow { elapsed_ms, boot_id: boot.to_owned() }, TERM_MS).unwrap()
}

fn held(vault: &Vault, elapsed_ms: u64, boot: &str) -> Lease {
    match take(vault, elapsed_ms, boot) {
        LeaseOutcome::Held(lease) => lease,
        LeaseOutcome::Busy { retry_after_ms } => panic!("busy for {retry_after_ms} ms"),
    }
}

/// Started by another test, this is the process on the other side; by itself, it asks such a process one thing.
#[test]
fn a_process_answers_what_it_is_asked() {
    if let Some(folder) = std::env::var_os(FOLDER) {
        return answer(Path::new(&folder));
    }
    let (folder, vault, _) = sealed(b"old");
    let mut process = Process::start(folder.path());
    assert_eq!(process.ask("take 1000"), "done");
    assert_eq!(take(&vault, 1_000, "boot"), LeaseOutcome::Busy { retry_after_ms: TERM_MS });
}

/// Does what it is told, line by line, and answers each with a line.
fn answer(folder: &Path) {
    let vault = open(folder);
    let (key, _) = unlock(&vault);
    let mut lease: Option<Lease> = None;
    let mut intent: Option<IntentKey> = None;
    let short = |done: Result<(), VaultError>| match done {
        Ok(()) => "done".to_owned(),
        Err(error) => format!("{error:?}"),
    };
    for line in std::io::stdin().lines() {
        let line = line.unwrap();
        let (command, argument) = line.split_once(' ').unwrap_or((&line, ""));
        let answer = match command {
            "take" => {
                lease = Some(held(&vault, argument.parse().unwrap(), "boot"));
                "done".to_owned()
            }
            "begin" => short(
                vault.open_intent_fenced(&key, lease.as_ref().unwrap()).map(|begun| intent = Some(begun)),
            ),
            "end" => short(vault.close_intent_fenced(
                &key,
                lease.as_ref().unwrap(),
                intent.as_ref().unwrap(),
                b"late",
            )),
            "inbox" => {
                short(vault.put_inbox_fenced(lease.as_ref().unwrap(), intent.as_ref().unwrap(), b"late"))
            }
            "write" => short(vault.write_gated_fenced(&key, lease.as_ref().unwrap(), b"late")),
            "append" => {
                (0..60).for_each(|_| vault.append(Log::Ledger, argument.as_bytes()).unwrap());
                "done".to_owned()
            }
            "refresh" => refresh_for_ever(&vault, &key, argument),
            other => panic!("{other}"),
        };
        println!("> {answer}");
    }
}

/// Refreshes under the lease, each time with the next number, half of them into the inbox; says each that is kept.
fn refresh_for_ever(vault: &Vault, key: &GatedKey, boot: &str) -> ! {
    loop {
        let lease = held(vault, 0, boot);
        let mut number: u64 =
            String::from_utf8(vault.read_gated(key).unwrap().to_vec()).unwrap().parse().unwrap();
        if let Inbox::Arrived { intent, content } = vault.take_inbox(key).unwrap() {
            number = String::from_utf8(content.to_vec()).unwrap().parse().unwrap();
            vault.close_intent_fenced(key, &lease, &intent, &content).unwrap();
        }
        let intent = vault.open_intent_fenced(key, &lease).unwrap();
        let next = (number + 1).to_string();
        if number.is_multiple_of(2) {
            vault.put_inbox_fenced(&lease, &intent, next.as_bytes()).unwrap();
        } else {
            vault.close_intent_fenced(key, &lease, &intent, next.as_bytes()).unwrap();
        }
        println!("> {next}");
        vault.release_lease(&lease).unwrap();
    }
}

struct Process {
    child: Child,
    says: BufReader<ChildStdout>,
    hears: ChildStdin,
}

impl Process {
    fn start(folder: &Path) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "a_process_answers_what_it_is_asked", "--nocapture"])
            .env(FOLDER, folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let (says, hears) = (BufReader::new(child.stdout.take().unwrap()), child.stdin.take().unwrap());
        Self { child, says, hears }
    }

    fn tell(&mut self, command: &str) {
        writeln!(self.hears, "{command}").unwrap();
        self.hears.flush().unwrap();
    }

    /// The next answer; nothing where the process is gone.
    fn hear(&mut self) -> Option<String> {
        let mut line = String::new();
        while self.says.read_line(&mut line).unwrap() > 0 {
            // The first answer stands behind what the test run says.
            if let Some((_, answer)) = line.trim_end().split_once("> ") {
                return Some(answer.to_owned());
            }
            line.clear();
        }
        None
    }

    fn ask(&mut self, command: &str) -> String {
        self.tell(command);
        self.hear().expect("an answer")
    }

    fn signal(&self, signal: &str) {
        let sent = Command::new("kill").args([signal, &self.child.id().to_string()]).status().unwrap();
        assert!(sent.success());
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

#[test]
fn a_suspended_process_that_wakes_late_changes_nothing() {
    let (folder, vault, key) = sealed(b"old");
    let mut suspended = Process::start(folder.path());
    assert_eq!(suspended.ask("take 1000"), "done");
    assert_eq!(suspended.ask("begin"), "done");
    suspended.signal("-STOP");

    assert_eq!(take(&vault, 2_000, "boot"), LeaseOutcome::Busy { retry_after_ms: 29_000 });
    let successor = held(&vault, 31_000, "boot");
    vault.read_gated(&key).unwrap();
    let intent = vault.open_intent_fenced(&key, &successor).unwrap();
    vault.close_intent_fenced(&key, &successor, &intent, b"newest").unwrap();

    // All of it is waiting for it when it wakes.
    let late = ["end", "inbox", "write", "begin"];
    late.iter().for_each(|command| suspended.tell(command));
    suspended.signal("-CONT");
    for command in late {
        assert_eq!(suspended.hear().unwrap(), "Superseded", "{command}");
    }
    vault.check_lease(&successor).unwrap();
    assert_eq!(unlock(&open(folder.path())).1, b"newest");
    assert!(matches!(vault.take_inbox(&key).unwrap(), Inbox::Empty));
}

#[test]
fn a_killed_process_delays_by_no_more_than_its_term() {
    let (folder, vault, _) = sealed(b"old");
    let mut killed = Process::start(folder.path());
    assert_eq!(killed.ask("take 1000"), "done");
    drop(killed);
    assert_eq!(take(&vault, 1_000, "boot"), LeaseOutcome::Busy { retry_after_ms: TERM_MS });
    assert_eq!(take(&vault, 30_999, "boot"), LeaseOutcome::Busy { retry_after_ms: 1 });
    held(&vault, 31_000, "boot");
}

/// Killed wherever it is: what it has said is kept, and at most the one it was writing beside that.
#[test]
fn a_process_killed_in_the_middle_of_a_refresh_keeps_what_it_said() {
    const KILLS: u64 = 40;
    let (folder, vault, _) = sealed(b"0");
    let (mut kept, mut last_fence, mut refreshes) = (0, 0, 0);
    for kill in 0..KILLS {
        let mut process = Process::start(folder.path());
        process.tell(&format!("refresh boot {kill}"));
        // Some after the first, some later; then it goes on while the signal is on its way.
        let mut said = kept;
        for _ in 0..=(kill % 4) {
            said = process.hear().expect("a number").parse::<u64>().unwrap();
        }
        process.signal("-KILL");
        while let Some(number) = process.hear() {
            said = number.parse().unwrap();
        }
        drop(process);

        let (key, content) = unlock(&open(folder.path()));
        let content = match vault.take_inbox(&key).unwrap() {
            Inbox::Arrived { content, .. } => content.to_vec(),
            Inbox::Empty => content,
            Inbox::Refused => panic!("nobody else wrote here"),
        };
        let found: u64 = String::from_utf8(content).unwrap().parse().unwrap();
        assert!(found == said || found == said + 1, "kill {kill}: said {said}, found {found}");
        let lease = held(&vault, 0, &format!("after {kill}"));
        assert!(lease.fence > last_fence);
        last_fence = lease.fence;
        vault.release_lease(&lease).unwrap();
        refreshes += found - kept;
        kept = found;
    }
    println!(
        "{KILLS} processes killed with SIGKILL over {refreshes} refreshes: none lost, last fence {last_fence}"
    );
}

#[test]
fn two_processes_append_at_once_and_every_record_arrives() {
    let (folder, vault, _) = sealed(b"old");
    let mut both = [Process::start(folder.path()), Process::start(folder.path())];
    both.iter_mut().zip(["one", "two"]).for_each(|(process, name)| process.tell(&format!("append {name}")));
    for _ in 0..20 {
        vault.append(Log::Ledger, b"parent").unwrap();
    }
    both.iter_mut().for_each(|process| assert_eq!(process.hear().unwrap(), "done"));
    let records = vault.read_log(Log::Ledger).unwrap();
    for (name, count) in [(b"one".as_slice(), 60), (b"two", 60), (b"parent", 20)] {
        assert_eq!(records.iter().filter(|record| *record == name).count(), count);
    }
    assert_eq!(records.len(), 140);
}
