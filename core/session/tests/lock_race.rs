//! The app locks while the gate's answer arrives: every order of the two, by loom, over the lock's own rules behind a
//! queue, as the keeper has it.

#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]
#![allow(clippy::print_stdout, reason = "how many orders were tried is a result")]

use std::sync::atomic::{AtomicU64, Ordering};

use loom::sync::mpsc::{Sender, channel};
use loom::sync::{Arc, Mutex};
use loom::thread;
use pforte_session::lock::{Found, Lock, LockEffect, LockEvent, LockState, transition};

type Rules = fn(Lock, LockEvent) -> (Lock, Vec<LockEffect>);

/// What the keeper is told.
enum Command {
    /// The gate's answer to this attempt, with the right bytes.
    Unwrapped(u64),
    Lock(Sender<()>),
    Unlock,
    SignOut(Sender<()>),
}

/// What is published: the state, and which attempt's bytes are in memory.
#[derive(Clone, Copy)]
struct View {
    lock: Lock,
    readable: Option<u64>,
}

/// Handles so many commands, as the keeper does: one after the other, its memory its own.
fn keeper(rules: Rules, commands: &loom::sync::mpsc::Receiver<Command>, count: usize, view: &Mutex<View>) {
    let mut now = *view.lock().unwrap();
    let mut attempt = 1;
    for _ in 0..count {
        let (event, done) = match commands.recv().unwrap() {
            Command::Unwrapped(attempt) => (LockEvent::Opened { attempt, at_ms: 0 }, None),
            Command::Lock(done) => (LockEvent::LockAsked, Some(done)),
            Command::SignOut(done) => (LockEvent::SignedOut, Some(done)),
            Command::Unlock => {
                attempt += 1;
                (LockEvent::UnlockAsked { attempt, at_ms: 0 }, None)
            }
        };
        let (next, effects) = rules(now.lock, event);
        if let LockEvent::Opened { attempt, .. } = event
            && !effects.contains(&LockEffect::WipeLate)
        {
            now.readable = Some(attempt);
        }
        if effects.contains(&LockEffect::Wipe) {
            now.readable = None;
        }
        now.lock = next;
        *view.lock().unwrap() = now;
        if let Some(done) = done {
            done.send(()).unwrap();
        }
    }
}

/// A sealed session with the prompt of attempt 1 on the screen.
fn first_prompt() -> Lock {
    let (lock, _) = transition(Lock::new(), LockEvent::Looked { found: Found::Sealed });
    transition(lock, LockEvent::UnlockAsked { attempt: 1, at_ms: 0 }).0
}

/// Attempt 1 is under way; its answer races with `race`, which is told what is published and gives the number of commands
/// it sends.
fn every_order(rules: Rules, sent: usize, race: fn(&Sender<Command>, &Mutex<View>)) -> u64 {
    static ORDERS: AtomicU64 = AtomicU64::new(0);
    let before = ORDERS.load(Ordering::SeqCst);
    loom::model(move || {
        ORDERS.fetch_add(1, Ordering::SeqCst);
        let (sender, commands) = channel();
        let view = Arc::new(Mutex::new(View { lock: first_prompt(), readable: None }));
        let keeping = {
            let view = view.clone();
            thread::spawn(move || keeper(rules, &commands, sent + 1, &view))
        };
        let gate = {
            let sender = sender.clone();
            thread::spawn(move || sender.send(Command::Unwrapped(1)).unwrap())
        };
        race(&sender, &view);
        gate.join().unwrap();
        keeping.join().unwrap();
        let end = *view.lock().unwrap();
        assert_eq!(end.readable, None, "{:?}", end.lock.state);
    });
    ORDERS.load(Ordering::SeqCst) - before
}

fn lock(sender: &Sender<Command>, view: &Mutex<View>) {
    let (done, locked) = channel();
    sender.send(Command::Lock(done)).unwrap();
    // Readable before that, perhaps; and then only as the lock says.
    let seen = *view.lock().unwrap();
    assert_eq!(seen.readable.is_some(), seen.lock.state == LockState::Unlocked);
    locked.recv().unwrap();
    let seen = *view.lock().unwrap();
    assert_eq!((seen.lock.state, seen.readable), (LockState::Locked, None));
}

fn lock_and_ask_again(sender: &Sender<Command>, view: &Mutex<View>) {
    lock(sender, view);
    sender.send(Command::Unlock).unwrap();
    let seen = *view.lock().unwrap();
    assert_eq!(seen.readable, None, "the first attempt's answer opened the second: {:?}", seen.lock.state);
}

fn sign_out(sender: &Sender<Command>, view: &Mutex<View>) {
    let (done, signed_out) = channel();
    sender.send(Command::SignOut(done)).unwrap();
    signed_out.recv().unwrap();
    let seen = *view.lock().unwrap();
    assert_eq!((seen.lock.state, seen.readable), (LockState::SignedOut, None));
}

#[test]
fn a_lock_that_races_with_the_answer_ends_closed_in_every_order() {
    let orders = [
        ("lock", every_order(transition, 1, lock)),
        ("lock, unlock again", every_order(transition, 2, lock_and_ask_again)),
        ("sign out", every_order(transition, 1, sign_out)),
    ];
    for (race, orders) in orders {
        println!("{race}: {orders} orders");
        assert!(orders > 1, "{race}");
    }
}

/// Rules that take any attempt's answer.
fn takes_any_answer(mut lock: Lock, event: LockEvent) -> (Lock, Vec<LockEffect>) {
    match (lock.state, event) {
        (LockState::Unlocking { .. }, LockEvent::Opened { .. }) => {
            lock.state = LockState::Unlocked;
            (lock, vec![])
        }
        _ => transition(lock, event),
    }
}

#[test]
#[should_panic(expected = "None")]
fn the_race_finds_rules_that_take_any_attempts_answer() {
    every_order(takes_any_answer, 2, lock_and_ask_again);
}
