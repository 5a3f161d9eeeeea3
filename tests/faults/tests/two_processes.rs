//! Two processes with the same account: one refresh, whoever dies or sleeps in the middle of it.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]
#![allow(clippy::print_stdout, reason = "the measured delay is a result")]

use std::time::{Duration, Instant};

use pforte_faults::kept;
use pforte_faults::process::{PATIENCE, Process, Surroundings};
use pforte_provider::{Act, Control, Endpoint, Misbehaviour, Provider, Rotation, Running, Settings};
use pforte_vault::MAX_TERM_MS;
use rustix::process::{Pid, Signal, kill_process};

const CHILD: &str = env!("CARGO_BIN_EXE_pforte-faults-child");

/// Two hours: the access token has run out.
const EXPIRED_S: u64 = 7200;

/// A provider, and a folder in which somebody is signed in.
struct World {
    provider: Running,
    control: Control,
    folder: tempfile::TempDir,
    grace_seconds: u32,
}

impl World {
    async fn new(grace_seconds: u32) -> Self {
        let settings = Settings {
            automatic: Some("alice".to_owned()),
            rotation: Rotation::GraceSeconds(grace_seconds),
            ..Settings::default()
        };
        let provider = Provider::start(settings).await.unwrap();
        let (control, folder) = (provider.control(), tempfile::tempdir().unwrap());
        let world = Self { provider, control, folder, grace_seconds };
        world.child("sign-in").expect("signed-in").unwrap();
        world
    }

    fn child(&self, task: &str) -> Process {
        let surroundings = Surroundings {
            folder: self.folder.path(),
            issuer: self.provider.issuer(),
            grace_seconds: self.grace_seconds,
            ahead_seconds: 0,
        };
        Process::start(CHILD, &surroundings, task).unwrap()
    }

    /// Two processes with the session open, and its access token expired for both and for the provider.
    fn two_at_expiry(&self) -> [Process; 2] {
        let mut processes = [self.child("serve"), self.child("serve")];
        for process in &processes {
            process.expect("unlocked").unwrap();
        }
        self.expire(&mut processes);
        processes
    }

    fn expire(&self, processes: &mut [Process]) {
        self.control.advance_clock(i64::try_from(EXPIRED_S).unwrap());
        for process in processes {
            process.tell(&format!("advance {EXPIRED_S}"));
            process.expect("advanced").unwrap();
        }
    }

    /// The access token that is sealed on the device.
    async fn stored(&self) -> String {
        kept::kept(self.folder.path()).await.unwrap().unwrap().access_token.expose().to_owned()
    }

    fn nothing_is_lost(&self) {
        let state = self.control.state();
        assert_eq!(state.revocations, 0, "{state:?}");
        assert_eq!(state.families.len(), 1);
    }

    /// Waits until `holds`.
    async fn until(&self, what: &str, holds: impl Fn(&Control) -> bool) {
        let deadline = Instant::now() + PATIENCE;
        while !holds(&self.control) {
            assert!(Instant::now() < deadline, "{what} never happened");
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }
}

/// Whether a refresh request has arrived that was not answered yet.
fn refresh_is_under_way(control: &Control) -> bool {
    control.log().iter().any(|entry| {
        entry.form.get("grant_type").is_some_and(|grant| grant == "refresh_token") && entry.status.is_none()
    })
}

fn signal(process: &Process, signal: Signal) {
    let id = i32::try_from(process.id()).ok().and_then(Pid::from_raw).unwrap();
    kill_process(id, signal).unwrap();
}

/// With a provider that forgives no second use: two requests would end the session.
#[tokio::test(flavor = "multi_thread")]
async fn two_processes_with_fifty_threads_each_send_one_refresh() {
    let world = World::new(0).await;
    let mut processes = world.two_at_expiry();
    for round in 1..=5 {
        for process in &mut processes {
            process.tell("callers 50");
        }
        let [one, other] = [0, 1].map(|at| processes[at].expect("tokens").unwrap());
        assert_eq!(one, other, "round {round}");
        assert_eq!(world.stored().await, one);
        assert_eq!(world.control.state().refreshes, round);
        world.expire(&mut processes);
    }
    println!("2 processes, 50 threads each, 5 times: 5 refreshes");
    world.nothing_is_lost();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_holder_delays_the_other_by_no_more_than_the_lease() {
    let world = World::new(30).await;
    let [mut holder, mut other] = world.two_at_expiry();
    let slow = Act::Delay { millis: 2000, processed: false };
    world.control.misbehave(Misbehaviour::once(Endpoint::Token, slow)).unwrap();
    holder.tell("callers 1");
    world.until("the holder's refresh", refresh_is_under_way).await;
    holder.kill();
    let killed = Instant::now();
    other.tell("callers 50");
    let token = other.expect("tokens").unwrap();
    let delay = killed.elapsed();
    println!("the other was delayed by {} ms", delay.as_millis());
    assert!(delay <= Duration::from_millis(MAX_TERM_MS), "{delay:?}");
    assert_eq!(world.stored().await, token);
    world.nothing_is_lost();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stopped_holder_that_wakes_late_overwrites_nothing() {
    let world = World::new(30).await;
    let [mut holder, mut other] = world.two_at_expiry();
    let slow = Act::Delay { millis: 1000, processed: true };
    world.control.misbehave(Misbehaviour::once(Endpoint::Token, slow)).unwrap();
    holder.tell("callers 1");
    world.until("the provider's rotation", |control| control.state().refreshes == 1).await;
    signal(&holder, Signal::STOP);

    // The lease runs out by the other's clock; to the provider, not a second of the grace has passed.
    other.tell(&format!("advance {LEASE_OVER_S}"));
    other.expect("advanced").unwrap();
    other.tell("callers 50");
    let successor = other.expect("tokens").unwrap();
    assert_eq!(world.stored().await, successor);

    signal(&holder, Signal::CONT);
    let woken = holder.expect("tokens").unwrap();
    assert_eq!(world.stored().await, successor, "the late holder wrote over its successor");
    assert_eq!(woken, successor, "the late holder goes on with what its successor has");
    world.nothing_is_lost();

    // Both go on from there, by one clock again: a device has only one.
    holder.tell(&format!("advance {LEASE_OVER_S}"));
    holder.expect("advanced").unwrap();
    let mut processes = [holder, other];
    world.expire(&mut processes);
    for process in &mut processes {
        process.tell("callers 50");
    }
    let [one, other] = [0, 1].map(|at| processes[at].expect("tokens").unwrap());
    assert_eq!(one, other);
    world.nothing_is_lost();
}

/// Longer than every lease, and short enough for the token of a refresh to stay fresh.
const LEASE_OVER_S: u64 = 120;
