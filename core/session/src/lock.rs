//! The lock as a pure state machine: `transition(lock, event) -> (lock, effects)`.
//!
//! ```text
//!  Unavailable ── Looked ──► SignedOut, Locked, KeyLost or Corrupt      (before that, nothing is known and nothing is said)
//!
//!              SignedIn                    locks
//!  SignedOut ───────────► Fresh ─────────────────────────────► SignedOut   (nothing was sealed: nothing to open)
//!                           │ Sealed
//!                           ▼          locks
//!                        Unlocked ───────────────────────────► Locked
//!                           ▲                                    │ UnlockAsked: attempt n, prompt
//!                           │ Opened(n)                          ▼
//!                           └───────────────────────────── Unlocking(n)
//!                                                                │ Failed(n) / CancelAsked / LockAsked ──► Locked
//!                                                                │ KeyVanished(n) ────► KeyLost
//!  SignedOut ◄── SignedOut ── any state        Damaged: any state of a sealed session ──► Corrupt
//!  Fresh     ◄── SignedIn ─── any state but Unavailable
//!  Opened(m), Failed(m), KeyVanished(m) with m ≠ n: the late result is wiped, the state stays.
//!
//!  locks = LockAsked, or a time that is over when any event comes that carries the time:
//!            away      LeftFront, and the grace is over without CameToFront    (with grace 0: at LeftFront)
//!            departed  the same for a departure that was announced: five minutes after the announcement
//!            idle      since the last Used, Opened, SignedIn or CameToFront
//!            age       since Opened or SignedIn, however much it is used
//! ```
//!
//! Times are of the clock that counts sleep and can't be set; they live in memory only, so a new process begins locked.
//!
//! **Invariant.** `Unlocked` is reached only by `Sealed` from `Fresh`, or by `Opened(n)` while attempt `n` is the one
//! under way: no gated byte is readable without an unwrap of that very attempt. Each wipe begins a new epoch, and what
//! was begun in an epoch before counts for nothing.

/// The longest grace after leaving the front, in milliseconds; a longer one in a policy counts as this.
pub const LONGEST_GRACE_MS: u64 = 300_000;

/// The longest departure that is exempt because it was announced, in milliseconds.
pub const LONGEST_DEPARTURE_MS: u64 = 300_000;

/// When an open session locks by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LockPolicy {
    /// Whether it locks when the app leaves the front. Being inactive, as under a prompt of the system, is not leaving.
    pub on_background: bool,
    /// For how long after leaving it stays open, in milliseconds; at most [`LONGEST_GRACE_MS`].
    pub grace_ms: u64,
    /// After how long without the person doing anything it locks, in milliseconds; nothing: never for that.
    pub idle_ms: Option<u64>,
    /// How long it stays open at most, however much it is used, in milliseconds; nothing: no limit.
    pub open_at_most_ms: Option<u64>,
}

impl Default for LockPolicy {
    /// Locks at once when the app leaves the front.
    fn default() -> Self {
        Self { on_background: true, grace_ms: 0, idle_ms: None, open_at_most_ms: None }
    }
}

/// Where the lock is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LockState {
    /// Not known yet: the device has not been unlocked since it started, or its secret store does not answer.
    Unavailable,
    /// Nobody is signed in.
    SignedOut,
    /// Signed in a moment ago; the session is in memory only, until the person has said how to keep it.
    Fresh,
    /// Sealed and closed.
    Locked,
    /// A prompt is on the screen for this attempt.
    Unlocking {
        /// The attempt's number, never used twice in a process.
        attempt: u64,
    },
    /// Sealed and open.
    Unlocked,
    /// The gate's key is gone; only a new sign-in helps.
    KeyLost,
    /// What was kept can't be read and was set aside; only a new sign-in helps.
    Corrupt,
}

/// What the device's storage says of the session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    /// Nobody is signed in.
    Nothing,
    /// A sealed session.
    Sealed,
    /// The key behind the last session was lost, and nobody has signed in since.
    KeyLost,
    /// The last session could not be read, and nobody has signed in since.
    Corrupt,
}

/// What happened. Times are in milliseconds of the elapsed clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LockEvent {
    /// The storage answered for the first time.
    Looked {
        /// What it holds.
        found: Found,
    },
    /// The rules for locking are these from now on.
    Ruled {
        /// The rules.
        policy: LockPolicy,
    },
    /// Tokens arrived by a sign-in.
    SignedIn {
        /// When.
        at_ms: u64,
    },
    /// The session was written to the vault for the first time.
    Sealed,
    /// Somebody wants the session open; `attempt` is a fresh number.
    UnlockAsked {
        /// The number for this attempt.
        attempt: u64,
        /// When.
        at_ms: u64,
    },
    /// The gate handed out its secret and the vault opened.
    Opened {
        /// The attempt it belongs to.
        attempt: u64,
        /// When.
        at_ms: u64,
    },
    /// The attempt ended without opening; the key is intact.
    Failed {
        /// The attempt it belongs to.
        attempt: u64,
    },
    /// The attempt showed that the key is gone for good.
    KeyVanished {
        /// The attempt it belongs to.
        attempt: u64,
    },
    /// The sealed session can't be read.
    Damaged,
    /// The app locks.
    LockAsked,
    /// Whoever asked for the prompt takes it back.
    CancelAsked,
    /// The app left the front.
    LeftFront {
        /// When.
        at_ms: u64,
    },
    /// The app is in front again.
    CameToFront {
        /// When.
        at_ms: u64,
    },
    /// The app will leave the front for something of its own: a browser, a prompt, the camera.
    DepartureAnnounced {
        /// When.
        at_ms: u64,
        /// Whether it lasts until [`LockEvent::DepartureOver`]; otherwise it is used up by coming to the front.
        until_over: bool,
    },
    /// What was announced has ended. An app that is not in front then stays exempt until it is, within the five minutes.
    DepartureOver,
    /// The person did something.
    Used {
        /// When.
        at_ms: u64,
    },
    /// Time went by.
    TimePassed {
        /// What time it is.
        at_ms: u64,
    },
    /// The person signed out, or the provider ended the session.
    SignedOut,
}

/// What is to be done, in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LockEffect {
    /// Wipe keys and content from memory.
    Wipe,
    /// Wipe a result that came too late.
    WipeLate,
    /// Take the prompt off the screen.
    DismissPrompt,
    /// Show the prompt for this attempt.
    Prompt {
        /// The attempt's number.
        attempt: u64,
    },
    /// Remove the gated file: its key is gone.
    DropGated,
    /// Tell the provider that the session ends: it can't be opened here again.
    Revoke,
}

/// The lock: its state, and what decides when it locks by itself. Lives in memory only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lock {
    /// Where it is.
    pub state: LockState,
    /// Rises with each wipe: what was begun in another epoch counts for nothing.
    pub epoch: u64,
    policy: LockPolicy,
    opened_ms: u64,
    used_ms: u64,
    in_front: bool,
    /// When it locks for being away.
    away_until_ms: Option<u64>,
    departure: Option<Departure>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Departure {
    announced_ms: u64,
    until_over: bool,
}

impl Lock {
    /// Before anybody has looked what the device keeps.
    pub fn new() -> Self {
        Self {
            state: LockState::Unavailable,
            epoch: 0,
            policy: LockPolicy::default(),
            opened_ms: 0,
            used_ms: 0,
            in_front: true,
            away_until_ms: None,
            departure: None,
        }
    }

    /// When an open session locks by itself, in milliseconds of the elapsed clock; nothing while no time is running.
    pub fn deadline_ms(&self) -> Option<u64> {
        if !matches!(self.state, LockState::Fresh | LockState::Unlocked) {
            return None;
        }
        let idle = self.policy.idle_ms.map(|idle_ms| self.used_ms.saturating_add(idle_ms));
        let age = self.policy.open_at_most_ms.map(|most_ms| self.opened_ms.saturating_add(most_ms));
        [self.away_until_ms, idle, age].into_iter().flatten().min()
    }

    fn to(self, state: LockState) -> Self {
        Self { state, ..self }
    }

    /// In `state`, with everything wiped that was in memory, and what it went away for.
    fn wiped(self, state: LockState) -> Self {
        Self { state, epoch: self.epoch.saturating_add(1), departure: None, ..self }
    }

    /// Somebody has just opened it: the times begin anew.
    fn opened(self, state: LockState, at_ms: u64) -> Self {
        Self { state, opened_ms: at_ms, used_ms: at_ms, ..self }
    }

    fn leaves(self, at_ms: u64) -> Self {
        let exempt_until_ms = self
            .departure
            .map(|departure| departure.announced_ms.saturating_add(LONGEST_DEPARTURE_MS))
            .filter(|until_ms| at_ms < *until_ms);
        let grace_ms = self.policy.grace_ms.min(LONGEST_GRACE_MS);
        let until_ms = exempt_until_ms.unwrap_or_else(|| at_ms.saturating_add(grace_ms));
        // Told twice without having been told of the return: that never makes it longer.
        let until_ms = self.away_until_ms.map_or(until_ms, |before_ms| until_ms.min(before_ms));
        Self { in_front: false, away_until_ms: self.policy.on_background.then_some(until_ms), ..self }
    }

    fn announces(self, at_ms: u64, until_over: bool) -> Self {
        Self { departure: Some(Departure { announced_ms: at_ms, until_over }), ..self }
    }

    /// The session's own prompt or page, asked for while the app is not known to be in front: the app is expected back.
    fn expected_back(self, at_ms: u64) -> Self {
        let until_ms = at_ms.saturating_add(LONGEST_DEPARTURE_MS);
        let away = !self.in_front && self.policy.on_background;
        Self { away_until_ms: away.then_some(until_ms), ..self }
    }

    fn comes_back(self) -> Self {
        let departure = self.departure.filter(|departure| departure.until_over);
        Self { in_front: true, away_until_ms: None, departure, ..self }
    }

    fn locked(self) -> (Self, Vec<LockEffect>) {
        use LockEffect as Effect;
        match self.state {
            LockState::Unlocked => (self.wiped(LockState::Locked), vec![Effect::Wipe]),
            LockState::Unlocking { .. } => {
                (self.wiped(LockState::Locked), vec![Effect::DismissPrompt, Effect::Wipe])
            }
            LockState::Fresh => (self.wiped(LockState::SignedOut), vec![Effect::Revoke, Effect::Wipe]),
            _ => (self, vec![]),
        }
    }
}

impl Default for Lock {
    fn default() -> Self {
        Self::new()
    }
}

/// The whole of the lock's behaviour. Total: an event that means nothing in a state changes nothing.
pub fn transition(lock: Lock, event: LockEvent) -> (Lock, Vec<LockEffect>) {
    let over = |lock: &Lock| {
        event.at_ms().zip(lock.deadline_ms()).is_some_and(|(at_ms, deadline_ms)| deadline_ms <= at_ms)
    };
    let (lock, mut effects) = if over(&lock) { lock.locked() } else { (lock, vec![]) };
    let (next, own) = step(lock, event);
    effects.extend(own);
    // Leaving with no grace, or opening after the app was away for too long.
    let (next, last) = if over(&next) { next.locked() } else { (next, vec![]) };
    effects.extend(last);
    (next, effects)
}

fn step(lock: Lock, event: LockEvent) -> (Lock, Vec<LockEffect>) {
    use LockEffect as Effect;
    use LockEvent as Event;
    use LockState as State;

    match (lock.state, event) {
        (State::Unavailable, Event::Looked { found }) => {
            let state = match found {
                Found::Nothing => State::SignedOut,
                Found::Sealed => State::Locked,
                Found::KeyLost => State::KeyLost,
                Found::Corrupt => State::Corrupt,
            };
            (lock.to(state), vec![])
        }
        (_, Event::Ruled { policy }) => (Lock { policy, ..lock }, vec![]),
        // Nothing is known yet, so nothing is opened, begun or ended.
        (State::Unavailable, Event::SignedIn { .. } | Event::SignedOut) => (lock, vec![]),

        (State::Unlocking { .. }, Event::SignedIn { at_ms }) => {
            let lock = lock.wiped(State::Fresh).opened(State::Fresh, at_ms).expected_back(at_ms);
            (lock, vec![Effect::DismissPrompt, Effect::Wipe])
        }
        (_, Event::SignedIn { at_ms }) => {
            (lock.wiped(State::Fresh).opened(State::Fresh, at_ms).expected_back(at_ms), vec![Effect::Wipe])
        }
        (State::Fresh, Event::Sealed) => (lock.to(State::Unlocked), vec![]),

        (State::Locked, Event::UnlockAsked { attempt, at_ms }) => {
            let lock = lock.to(State::Unlocking { attempt }).announces(at_ms, true).expected_back(at_ms);
            (lock, vec![Effect::Prompt { attempt }])
        }
        (State::Unlocking { attempt: now }, Event::Opened { attempt, at_ms }) if now == attempt => {
            (Lock { departure: None, ..lock.opened(State::Unlocked, at_ms) }, vec![])
        }
        (State::Unlocking { attempt: now }, Event::Failed { attempt }) if now == attempt => {
            (lock.wiped(State::Locked), vec![Effect::Wipe])
        }
        (State::Unlocking { attempt: now }, Event::KeyVanished { attempt }) if now == attempt => {
            (lock.wiped(State::KeyLost), vec![Effect::Wipe, Effect::DropGated])
        }
        (_, Event::Opened { .. } | Event::Failed { .. } | Event::KeyVanished { .. }) => {
            (lock, vec![Effect::WipeLate])
        }

        (State::Unlocking { .. }, Event::Damaged) => {
            (lock.wiped(State::Corrupt), vec![Effect::DismissPrompt, Effect::Wipe])
        }
        (State::Locked | State::Unlocked, Event::Damaged) => (lock.wiped(State::Corrupt), vec![Effect::Wipe]),

        (_, Event::LockAsked) => lock.locked(),
        (State::Unlocking { .. }, Event::CancelAsked) => lock.locked(),

        (_, Event::LeftFront { at_ms }) => (lock.leaves(at_ms), vec![]),
        (_, Event::CameToFront { at_ms }) => (Lock { used_ms: at_ms, ..lock.comes_back() }, vec![]),
        (_, Event::DepartureAnnounced { at_ms, until_over }) => (lock.announces(at_ms, until_over), vec![]),
        (_, Event::DepartureOver) => (Lock { departure: None, ..lock }, vec![]),
        (_, Event::Used { at_ms }) => (Lock { used_ms: at_ms, ..lock }, vec![]),

        (State::Unlocking { .. }, Event::SignedOut) => {
            (lock.wiped(State::SignedOut), vec![Effect::DismissPrompt, Effect::Wipe])
        }
        (_, Event::SignedOut) => (lock.wiped(State::SignedOut), vec![Effect::Wipe]),

        (
            _,
            Event::Looked { .. }
            | Event::Sealed
            | Event::UnlockAsked { .. }
            | Event::Damaged
            | Event::CancelAsked
            | Event::TimePassed { .. },
        ) => (lock, vec![]),
    }
}

impl LockEvent {
    /// What time it is, where the event says.
    fn at_ms(&self) -> Option<u64> {
        match *self {
            Self::SignedIn { at_ms }
            | Self::UnlockAsked { at_ms, .. }
            | Self::Opened { at_ms, .. }
            | Self::LeftFront { at_ms }
            | Self::CameToFront { at_ms }
            | Self::DepartureAnnounced { at_ms, .. }
            | Self::Used { at_ms }
            | Self::TimePassed { at_ms } => Some(at_ms),
            Self::Looked { .. }
            | Self::Ruled { .. }
            | Self::Sealed
            | Self::Failed { .. }
            | Self::KeyVanished { .. }
            | Self::Damaged
            | Self::LockAsked
            | Self::CancelAsked
            | Self::DepartureOver
            | Self::SignedOut => None,
        }
    }
}

#[cfg(test)]
mod tests;
