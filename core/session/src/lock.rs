//! The lock as a pure state machine: `transition(state, event) -> (state, effects)`.
//!
//! ```text
//!              SignedIn                    Lock / Background
//!  SignedOut ───────────► Fresh ─────────────────────────────► SignedOut   (nothing was sealed: nothing to open)
//!                           │ Sealed
//!                           ▼          Lock / Background
//!                        Unlocked ───────────────────────────► Locked
//!                           ▲                                    │ UnlockAsked: attempt n, prompt
//!                           │ Opened(n)                          ▼
//!                           └───────────────────────────── Unlocking(n)
//!                                                                │ Failed(n) / Lock ──► Locked
//!                                                                │ KeyVanished(n) ────► KeyLost
//!  SignedOut ◄── SignedOut ── any state
//!  Opened(m), Failed(m), KeyVanished(m) with m ≠ n: the late result is wiped, the state stays.
//! ```
//!
//! **Invariant.** `Unlocked` is reached only by `Sealed` from `Fresh`, or by `Opened(n)` while attempt `n` is the one
//! under way: no gated byte is readable without an unwrap of that very attempt.

/// Where the lock is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LockState {
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
}

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LockEvent {
    /// Tokens arrived by a sign-in.
    SignedIn,
    /// The session was written to the vault for the first time.
    Sealed,
    /// Somebody wants the session open; `attempt` is a fresh number.
    UnlockAsked {
        /// The number for this attempt.
        attempt: u64,
    },
    /// The gate handed out its secret and the vault opened.
    Opened {
        /// The attempt it belongs to.
        attempt: u64,
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
    /// The app locks, or left the front where the policy locks then.
    LockAsked,
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

/// The whole of the lock's behaviour. Total: an event that means nothing in a state changes nothing.
pub fn transition(state: LockState, event: LockEvent) -> (LockState, Vec<LockEffect>) {
    use LockEffect as Effect;
    use LockEvent as Event;
    use LockState as State;

    match (state, event) {
        (State::Unlocking { .. }, Event::SignedIn) => {
            (State::Fresh, vec![Effect::DismissPrompt, Effect::Wipe])
        }
        (_, Event::SignedIn) => (State::Fresh, vec![Effect::Wipe]),
        (State::Fresh, Event::Sealed) => (State::Unlocked, vec![]),

        (State::Locked, Event::UnlockAsked { attempt }) => {
            (State::Unlocking { attempt }, vec![Effect::Prompt { attempt }])
        }

        (State::Unlocking { attempt: now }, Event::Opened { attempt }) if now == attempt => {
            (State::Unlocked, vec![])
        }
        (State::Unlocking { attempt: now }, Event::Failed { attempt }) if now == attempt => {
            (State::Locked, vec![Effect::Wipe])
        }
        (State::Unlocking { attempt: now }, Event::KeyVanished { attempt }) if now == attempt => {
            (State::KeyLost, vec![Effect::Wipe, Effect::DropGated])
        }
        (state, Event::Opened { .. } | Event::Failed { .. } | Event::KeyVanished { .. }) => {
            (state, vec![Effect::WipeLate])
        }

        (State::Unlocked, Event::LockAsked) => (State::Locked, vec![Effect::Wipe]),
        (State::Unlocking { .. }, Event::LockAsked) => {
            (State::Locked, vec![Effect::DismissPrompt, Effect::Wipe])
        }
        (State::Fresh, Event::LockAsked) => (State::SignedOut, vec![Effect::Revoke, Effect::Wipe]),

        (State::Unlocking { .. }, Event::SignedOut) => {
            (State::SignedOut, vec![Effect::DismissPrompt, Effect::Wipe])
        }
        (_, Event::SignedOut) => (State::SignedOut, vec![Effect::Wipe]),

        (state, Event::Sealed | Event::UnlockAsked { .. } | Event::LockAsked) => (state, vec![]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STATES: [LockState; 7] = [
        LockState::SignedOut,
        LockState::Fresh,
        LockState::Locked,
        LockState::Unlocking { attempt: 1 },
        LockState::Unlocking { attempt: 2 },
        LockState::Unlocked,
        LockState::KeyLost,
    ];

    const EVENTS: [LockEvent; 12] = [
        LockEvent::SignedIn,
        LockEvent::Sealed,
        LockEvent::UnlockAsked { attempt: 1 },
        LockEvent::UnlockAsked { attempt: 2 },
        LockEvent::Opened { attempt: 1 },
        LockEvent::Opened { attempt: 2 },
        LockEvent::Failed { attempt: 1 },
        LockEvent::Failed { attempt: 2 },
        LockEvent::KeyVanished { attempt: 1 },
        LockEvent::KeyVanished { attempt: 2 },
        LockEvent::LockAsked,
        LockEvent::SignedOut,
    ];

    #[test]
    fn unlocked_is_reached_only_by_the_attempt_under_way_or_from_a_fresh_sign_in() {
        let mut reached = 0;
        for state in STATES {
            for event in EVENTS {
                let (next, _) = transition(state, event);
                if next != LockState::Unlocked || state == LockState::Unlocked {
                    continue;
                }
                reached += 1;
                match (state, event) {
                    (LockState::Fresh, LockEvent::Sealed) => {}
                    (LockState::Unlocking { attempt: now }, LockEvent::Opened { attempt }) => {
                        assert_eq!(now, attempt)
                    }
                    other => panic!("unlocked by {other:?}"),
                }
            }
        }
        assert_eq!(reached, 3);
    }

    #[test]
    fn leaving_an_open_state_wipes() {
        for state in [LockState::Unlocked, LockState::Fresh, LockState::Unlocking { attempt: 1 }] {
            for event in EVENTS {
                let (next, effects) = transition(state, event);
                if matches!(next, LockState::Locked | LockState::SignedOut | LockState::KeyLost) {
                    assert!(effects.contains(&LockEffect::Wipe), "{state:?} {event:?}");
                }
            }
        }
    }

    #[test]
    fn a_late_result_is_wiped_and_changes_nothing() {
        for state in STATES {
            let late = LockEvent::Opened { attempt: 99 };
            assert_eq!(transition(state, late), (state, vec![LockEffect::WipeLate]));
        }
    }
}
