//! The lock against a model of a person, a device and its key: no gated byte is readable without an unwrap of the very
//! attempt that is under way. Callbacks come late, twice, in any order, and after the key has gone.

#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]
#![allow(clippy::print_stdout, reason = "how many cases were tried is a result")]

use std::marker::PhantomData;
use std::sync::atomic::{AtomicU64, Ordering};

use pforte_session::lock::{Found, Lock, LockEffect, LockEvent, LockPolicy, LockState, transition};
use proptest::prelude::*;
use proptest::test_runner::{TestError, TestRunner};
use proptest_state_machine::{ReferenceStateMachine, StateMachineTest};

/// How long an open session may lie there unused, in milliseconds.
const IDLE_MS: u64 = 60_000;

/// How long it may be open at most.
const OPEN_AT_MOST_MS: u64 = 150_000;

/// What happens, in any order.
#[derive(Debug, Clone, Copy)]
enum Step {
    SignIn,
    /// The gate has wrapped the slot's secret, or says so: it may be too late.
    Seal,
    Unlock,
    Lock,
    /// Whoever asked for the prompt takes it back.
    Cancel,
    /// Leaves the front and comes back.
    Background,
    /// The finger touches the sensor at the prompt of that number.
    Touch(usize, Touch),
    /// The system calls back with what came of that prompt; perhaps once more.
    CallBack(usize),
    /// The lock screen is taken away, and every key behind it.
    LoseKey,
    /// Another finger is enrolled: a new key, the old one is gone.
    Enrol,
    SignOut,
    /// Time passes, in milliseconds.
    Wait(u64),
    /// The person does something.
    Use,
    /// The sealed file turns out to be unreadable.
    Damage,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Touch {
    Right,
    WrongBytes,
    Refused,
}

/// What came of a prompt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    /// The secret that this key had wrapped.
    Secret(u32),
    WrongBytes,
    Refused,
    KeyGone,
}

fn outcome(wrapped_by: u32, key: Option<u32>, touch: Touch) -> Outcome {
    match touch {
        _ if key != Some(wrapped_by) => Outcome::KeyGone,
        Touch::Right => Outcome::Secret(wrapped_by),
        Touch::WrongBytes => Outcome::WrongBytes,
        Touch::Refused => Outcome::Refused,
    }
}

/// What there is of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Held {
    Nothing,
    MemoryOnly,
    SealedBy(u32),
}

/// What should be, told without the lock's states: what is held, whether it may be read, whose answer counts.
#[derive(Debug, Clone)]
struct Expected {
    held: Held,
    readable: bool,
    /// The one prompt whose answer counts.
    asking: Option<usize>,
    /// For each prompt the key it needs, and what came of it.
    prompts: Vec<(u32, Option<Outcome>)>,
    key: Option<u32>,
    keys_made: u32,
    key_loss_told: bool,
    damage_told: bool,
    revoked: u32,
    now_ms: u64,
    opened_ms: u64,
    used_ms: u64,
}

impl Expected {
    fn close(&mut self) {
        self.asking = None;
        self.readable = false;
        if self.held == Held::MemoryOnly {
            self.held = Held::Nothing;
            self.revoked += 1;
        }
    }

    fn close_in_time(&mut self) {
        let is_over =
            self.now_ms - self.used_ms >= IDLE_MS || self.now_ms - self.opened_ms >= OPEN_AT_MOST_MS;
        if self.readable && is_over {
            self.close();
        }
    }

    fn open(&mut self) {
        self.readable = true;
        self.opened_ms = self.now_ms;
        self.used_ms = self.now_ms;
        self.close_in_time();
    }
}

struct World;

impl ReferenceStateMachine for World {
    type State = Expected;
    type Transition = Step;

    fn init_state() -> BoxedStrategy<Expected> {
        Just(Expected {
            held: Held::Nothing,
            readable: false,
            asking: None,
            prompts: Vec::new(),
            key: Some(0),
            keys_made: 1,
            key_loss_told: false,
            damage_told: false,
            revoked: 0,
            now_ms: 0,
            opened_ms: 0,
            used_ms: 0,
        })
        .boxed()
    }

    fn transitions(state: &Expected) -> BoxedStrategy<Step> {
        let sealing = if state.held == Held::MemoryOnly { 30 } else { 2 };
        let unlocking = if state.readable { 2 } else { 20 };
        let signing_in = if state.held == Held::Nothing { 30 } else { 1 };
        let anything = prop_oneof![
            signing_in => Just(Step::SignIn),
            sealing => Just(Step::Seal),
            unlocking => Just(Step::Unlock),
            6 => Just(Step::Lock),
            4 => Just(Step::Background),
            1 => Just(Step::LoseKey),
            2 => Just(Step::Enrol),
            1 => Just(Step::SignOut),
            2 => Just(Step::Cancel),
            2 => Just(Step::Use),
            1 => Just(Step::Damage),
            4 => (0..IDLE_MS).prop_map(Step::Wait),
            // The device sleeps for days.
            1 => (0..1_000_000_000_u64).prop_map(Step::Wait),
        ];
        if state.prompts.is_empty() {
            return anything.boxed();
        }
        // The last prompts more often: those are the ones that race.
        let prompts = state.prompts.len();
        let prompt = prop_oneof![1 => 0..prompts, 4 => prompts.saturating_sub(2)..prompts];
        let touch =
            prop_oneof![6 => Just(Touch::Right), 1 => Just(Touch::WrongBytes), 1 => Just(Touch::Refused)];
        prop_oneof![
            4 => anything,
            4 => (prompt.clone(), touch).prop_map(|(prompt, touch)| Step::Touch(prompt, touch)),
            4 => prompt.prop_map(Step::CallBack),
        ]
        .boxed()
    }

    fn preconditions(state: &Expected, step: &Step) -> bool {
        match step {
            Step::Touch(prompt, _) | Step::CallBack(prompt) => *prompt < state.prompts.len(),
            _ => true,
        }
    }

    fn apply(mut state: Expected, step: &Step) -> Expected {
        match *step {
            Step::SignIn => {
                state.asking = None;
                state.held = Held::MemoryOnly;
                (state.key_loss_told, state.damage_told) = (false, false);
                state.open();
            }
            Step::Seal => {
                if let (Held::MemoryOnly, Some(key)) = (state.held, state.key) {
                    state.held = Held::SealedBy(key);
                }
            }
            Step::Unlock => {
                if let (Held::SealedBy(key), false, None) = (state.held, state.readable, state.asking) {
                    state.asking = Some(state.prompts.len());
                    state.prompts.push((key, None));
                }
            }
            Step::Lock => state.close(),
            // Under our own prompt the app may leave: that is announced by the prompt itself.
            Step::Background => {
                if state.asking.is_none() {
                    state.close();
                }
                state.used_ms = state.now_ms;
            }
            Step::Cancel => state.asking = None,
            Step::Touch(prompt, touch) => {
                let (wrapped_by, came) = &mut state.prompts[prompt];
                *came = came.or(Some(outcome(*wrapped_by, state.key, touch)));
            }
            Step::CallBack(prompt) => {
                if let (true, Some(came)) = (state.asking == Some(prompt), state.prompts[prompt].1) {
                    state.asking = None;
                    match came {
                        Outcome::Secret(_) => state.open(),
                        Outcome::WrongBytes | Outcome::Refused => {}
                        Outcome::KeyGone => {
                            state.held = Held::Nothing;
                            state.key_loss_told = true;
                        }
                    }
                }
            }
            Step::LoseKey => state.key = None,
            Step::Enrol => {
                state.key = Some(state.keys_made);
                state.keys_made += 1;
            }
            Step::SignOut => {
                state.asking = None;
                state.readable = false;
                state.held = Held::Nothing;
                (state.key_loss_told, state.damage_told) = (false, false);
            }
            Step::Wait(ms) => {
                state.now_ms += ms;
                state.close_in_time();
            }
            Step::Use => state.used_ms = state.now_ms,
            Step::Damage => {
                if matches!(state.held, Held::SealedBy(_)) {
                    state.asking = None;
                    state.readable = false;
                    state.held = Held::Nothing;
                    state.damage_told = true;
                }
            }
        }
        state
    }
}

/// The rules that are tried.
trait Rules: 'static {
    fn next(lock: Lock, event: LockEvent) -> (Lock, Vec<LockEffect>);
}

/// The lock's own.
struct Real;

impl Rules for Real {
    fn next(lock: Lock, event: LockEvent) -> (Lock, Vec<LockEffect>) {
        transition(lock, event)
    }
}

/// Gated bytes in memory, and the unwrap they came from; none for those of a sign-in.
#[derive(Debug, Clone, Copy)]
struct Readable {
    unwrapped_in: Option<u64>,
}

/// One process of the app: the rules, with a memory, a screen, a file and a key to do what they ask for.
struct App<R> {
    lock: Lock,
    attempt: u64,
    memory: Option<Readable>,
    on_screen: Option<u64>,
    file: Option<u32>,
    key: Option<u32>,
    keys_made: u32,
    prompts: Vec<(u64, u32, Option<Outcome>)>,
    revoked: u32,
    now_ms: u64,
    rules: PhantomData<R>,
}

static STEPS: AtomicU64 = AtomicU64::new(0);
static UNLOCKED: AtomicU64 = AtomicU64::new(0);
static LATE: AtomicU64 = AtomicU64::new(0);

impl<R: Rules> App<R> {
    fn advance(&mut self, event: LockEvent) -> Vec<LockEffect> {
        let (next, effects) = R::next(self.lock, event);
        let is_new_epoch = next.epoch > self.lock.epoch;
        assert_eq!(effects.contains(&LockEffect::Wipe), is_new_epoch, "each wipe begins an epoch");
        self.lock = next;
        for effect in &effects {
            match effect {
                LockEffect::Wipe => self.memory = None,
                LockEffect::DismissPrompt => self.on_screen = None,
                LockEffect::Prompt { attempt } => {
                    self.on_screen = Some(*attempt);
                    if let Some(wrapped_by) = self.file {
                        self.prompts.push((*attempt, wrapped_by, None));
                    }
                }
                LockEffect::DropGated => self.file = None,
                LockEffect::Revoke => self.revoked += 1,
                LockEffect::WipeLate => {
                    LATE.fetch_add(1, Ordering::Relaxed);
                }
            }
        }
        if effects.contains(&LockEffect::DismissPrompt) {
            // The system says that the prompt has gone.
            self.advance(LockEvent::DepartureOver);
        }
        effects
    }

    fn call_back(&mut self, prompt: usize) {
        let (attempt, _, Some(came)) = self.prompts[prompt] else { return };
        if self.on_screen == Some(attempt) {
            self.on_screen = None;
        }
        let event = match came {
            // The secret of another session's file opens nothing here.
            Outcome::Secret(key) if self.file == Some(key) => {
                LockEvent::Opened { attempt, at_ms: self.now_ms }
            }
            Outcome::Secret(_) | Outcome::WrongBytes | Outcome::Refused => LockEvent::Failed { attempt },
            Outcome::KeyGone => LockEvent::KeyVanished { attempt },
        };
        let effects = self.advance(event);
        let is_opened = matches!(event, LockEvent::Opened { .. }) && !effects.contains(&LockEffect::WipeLate);
        if is_opened {
            UNLOCKED.fetch_add(1, Ordering::Relaxed);
            self.memory = Some(Readable { unwrapped_in: Some(attempt) });
        }
    }
}

impl<R: Rules> StateMachineTest for App<R> {
    type SystemUnderTest = Self;
    type Reference = World;

    fn init_test(_: &Expected) -> Self {
        let mut app = Self {
            lock: Lock::new(),
            attempt: 0,
            memory: None,
            on_screen: None,
            file: None,
            key: Some(0),
            keys_made: 1,
            prompts: Vec::new(),
            revoked: 0,
            now_ms: 0,
            rules: PhantomData,
        };
        let policy = LockPolicy {
            on_background: true,
            grace_ms: 0,
            idle_ms: Some(IDLE_MS),
            open_at_most_ms: Some(OPEN_AT_MOST_MS),
        };
        app.advance(LockEvent::Looked { found: Found::Nothing });
        app.advance(LockEvent::Ruled { policy });
        app
    }

    fn apply(mut app: Self, _: &Expected, step: Step) -> Self {
        STEPS.fetch_add(1, Ordering::Relaxed);
        match step {
            Step::SignIn => {
                app.file = None;
                app.advance(LockEvent::SignedIn { at_ms: app.now_ms });
                app.memory = Some(Readable { unwrapped_in: None });
            }
            Step::Seal => {
                if let (LockState::Fresh, Some(key)) = (app.lock.state, app.key) {
                    app.file = Some(key);
                    app.advance(LockEvent::Sealed);
                } else if app.lock.state != LockState::Fresh {
                    // A wrap that ends when the session has gone on.
                    app.advance(LockEvent::Sealed);
                }
            }
            Step::Unlock => {
                app.attempt += 1;
                let attempt = app.attempt;
                app.advance(LockEvent::UnlockAsked { attempt, at_ms: app.now_ms });
            }
            Step::Lock => drop(app.advance(LockEvent::LockAsked)),
            Step::Background => {
                app.advance(LockEvent::LeftFront { at_ms: app.now_ms });
                app.advance(LockEvent::CameToFront { at_ms: app.now_ms });
            }
            Step::Cancel => drop(app.advance(LockEvent::CancelAsked)),
            Step::Touch(prompt, touch) => {
                let (_, wrapped_by, came) = &mut app.prompts[prompt];
                *came = came.or(Some(outcome(*wrapped_by, app.key, touch)));
            }
            Step::CallBack(prompt) => app.call_back(prompt),
            Step::LoseKey => app.key = None,
            Step::Enrol => {
                app.key = Some(app.keys_made);
                app.keys_made += 1;
            }
            Step::SignOut => {
                app.file = None;
                app.advance(LockEvent::SignedOut);
            }
            Step::Wait(ms) => {
                app.now_ms += ms;
                app.advance(LockEvent::TimePassed { at_ms: app.now_ms });
            }
            Step::Use => drop(app.advance(LockEvent::Used { at_ms: app.now_ms })),
            Step::Damage => {
                // What can't be read was set aside by whoever read it.
                app.file = None;
                app.advance(LockEvent::Damaged);
            }
        }
        app
    }

    fn check_invariants(app: &Self, expected: &Expected) {
        // No gated byte without an unwrap of that attempt, and none withheld after one.
        assert_eq!(app.memory.is_some(), expected.readable, "{:?}", app.lock);
        if let Some(Readable { unwrapped_in: Some(attempt) }) = app.memory {
            let (of, _, came) = app.prompts.iter().rfind(|(of, ..)| *of == attempt).unwrap();
            assert_eq!((*of, *came), (attempt, Some(Outcome::Secret(app.file.unwrap()))));
            assert!(app.prompts.iter().all(|(other, ..)| *other <= attempt), "an earlier attempt opened");
        }
        assert_eq!(
            matches!(app.lock.state, LockState::Unlocked | LockState::Fresh),
            expected.readable,
            "an open state without content, or content without one: {:?}",
            app.lock
        );
        assert_eq!(app.lock.state == LockState::Fresh, expected.held == Held::MemoryOnly);
        assert_eq!(matches!(app.lock.state, LockState::Unlocking { .. }), expected.asking.is_some());
        assert_eq!(app.on_screen.is_some(), expected.asking.is_some(), "{:?}", app.lock);
        assert_eq!(app.lock.state == LockState::KeyLost, expected.key_loss_told);
        assert_eq!(app.lock.state == LockState::Corrupt, expected.damage_told);
        let sealed_by = match expected.held {
            Held::SealedBy(key) => Some(key),
            Held::Nothing | Held::MemoryOnly => None,
        };
        assert_eq!((app.file, app.revoked), (sealed_by, expected.revoked));
    }
}

fn try_rules<R: Rules>(cases: u32) -> Result<(), String> {
    let config = ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() };
    let mut runner = TestRunner::new(config.clone());
    let steps = World::sequential_strategy(1..60);
    let tried = runner.run(&steps, |(initial, steps, seen)| {
        App::<R>::test_sequential(config.clone(), initial, steps, seen);
        Ok(())
    });
    tried.map_err(|error| match error {
        TestError::Fail(why, (_, steps, _)) => format!("{why}\nafter {steps:?}"),
        TestError::Abort(why) => format!("given up: {why}"),
    })
}

#[test]
fn no_gated_byte_is_readable_without_an_unwrap_of_that_attempt() {
    const CASES: u32 = 10_000;
    try_rules::<Real>(CASES).unwrap_or_else(|why| panic!("{why}"));
    let [steps, unlocked, late] = [&STEPS, &UNLOCKED, &LATE].map(|count| count.load(Ordering::Relaxed));
    println!("{CASES} cases, {steps} steps, {unlocked} unlocks, {late} late answers wiped");
    // The interesting ones did happen.
    assert!(unlocked > u64::from(CASES) / 10 && late > u64::from(CASES) / 10, "{unlocked} {late}");
}

/// Rules with one mistake: where the state and the event match, this state and these effects come of it.
macro_rules! mistaken {
    ($name:ident, $state:pat, $event:pat => $next:expr, $effects:expr) => {
        struct $name;

        impl Rules for $name {
            fn next(mut lock: Lock, event: LockEvent) -> (Lock, Vec<LockEffect>) {
                let ($state, $event) = (lock.state, event) else { return transition(lock, event) };
                lock.state = $next;
                (lock, $effects)
            }
        }
    };
}

mistaken!(TakesAnyAnswer, LockState::Unlocking { .. }, LockEvent::Opened { .. } => LockState::Unlocked, vec![]);
mistaken!(OpensLate, LockState::Locked, LockEvent::Opened { .. } => LockState::Unlocked, vec![]);
mistaken!(SealsLate, LockState::Locked, LockEvent::Sealed => LockState::Unlocked, vec![]);
mistaken!(KeepsContent, LockState::Unlocked, LockEvent::LockAsked => LockState::Locked, vec![]);
mistaken!(LosesTheFile, LockState::Locked, LockEvent::KeyVanished { .. } => LockState::Locked, vec![LockEffect::DropGated]);
mistaken!(NeverLate, LockState::Unlocked, LockEvent::TimePassed { .. } => LockState::Unlocked, vec![]);

/// The model is no mirror: it finds each of these mistakes.
#[test]
fn the_model_finds_mistakes() {
    let quietly = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    let found = [
        ("takes any attempt's answer", try_rules::<TakesAnyAnswer>(5_000)),
        ("opens after locking", try_rules::<OpensLate>(5_000)),
        ("opens by a late seal", try_rules::<SealsLate>(5_000)),
        ("locks without wiping", try_rules::<KeepsContent>(5_000)),
        ("drops the file for a late answer", try_rules::<LosesTheFile>(5_000)),
        ("lets time pass", try_rules::<NeverLate>(5_000)),
    ];
    std::panic::set_hook(quietly);
    for (mistake, tried) in found {
        assert!(tried.is_err(), "not found: {mistake}");
    }
}
