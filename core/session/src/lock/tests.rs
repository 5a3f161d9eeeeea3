use super::*;

const MINUTE_MS: u64 = 60_000;

fn after(lock: Lock, events: &[LockEvent]) -> Lock {
    events.iter().fold(lock, |lock, event| transition(lock, *event).0)
}

fn ruled(policy: LockPolicy) -> Lock {
    after(Lock::new(), &[LockEvent::Ruled { policy }, LockEvent::Looked { found: Found::Sealed }])
}

/// Opened at time 0.
fn open(policy: LockPolicy) -> Lock {
    let events = [
        LockEvent::UnlockAsked { attempt: 1, at_ms: 0 },
        LockEvent::Opened { attempt: 1, at_ms: 0 },
        LockEvent::CameToFront { at_ms: 0 },
    ];
    after(ruled(policy), &events)
}

fn state_after(lock: Lock, events: &[LockEvent]) -> LockState {
    after(lock, events).state
}

fn states() -> Vec<Lock> {
    use LockState as State;
    let states = [
        State::Unavailable,
        State::SignedOut,
        State::Fresh,
        State::Locked,
        State::Unlocking { attempt: 1 },
        State::Unlocking { attempt: 2 },
        State::Unlocked,
        State::KeyLost,
        State::Corrupt,
    ];
    states.map(|state| Lock { state, ..Lock::new() }).to_vec()
}

fn events() -> Vec<LockEvent> {
    use LockEvent as Event;
    let mut events = vec![
        Event::Ruled { policy: LockPolicy::default() },
        Event::SignedIn { at_ms: 1 },
        Event::Sealed,
        Event::Damaged,
        Event::LockAsked,
        Event::CancelAsked,
        Event::LeftFront { at_ms: 1 },
        Event::CameToFront { at_ms: 1 },
        Event::DepartureAnnounced { at_ms: 1, until_over: false },
        Event::DepartureOver,
        Event::Used { at_ms: 1 },
        Event::TimePassed { at_ms: 1 },
        Event::SignedOut,
    ];
    for found in [Found::Nothing, Found::Sealed, Found::KeyLost, Found::Corrupt] {
        events.push(Event::Looked { found });
    }
    for attempt in [1, 2] {
        events.extend([
            Event::UnlockAsked { attempt, at_ms: 1 },
            Event::Opened { attempt, at_ms: 1 },
            Event::Failed { attempt },
            Event::KeyVanished { attempt },
        ]);
    }
    events
}

#[test]
fn unlocked_is_reached_only_by_the_attempt_under_way_or_from_a_fresh_sign_in() {
    let mut reached = 0;
    for lock in states() {
        for event in events() {
            let (next, _) = transition(lock, event);
            if next.state != LockState::Unlocked || lock.state == LockState::Unlocked {
                continue;
            }
            reached += 1;
            match (lock.state, event) {
                (LockState::Fresh, LockEvent::Sealed) => {}
                (LockState::Unlocking { attempt: now }, LockEvent::Opened { attempt, .. }) => {
                    assert_eq!(now, attempt);
                }
                other => panic!("unlocked by {other:?}"),
            }
        }
    }
    assert_eq!(reached, 3);
}

#[test]
fn leaving_an_open_state_wipes_and_begins_a_new_epoch() {
    let opens = |state| matches!(state, LockState::Unlocked | LockState::Fresh | LockState::Unlocking { .. });
    let mut left = 0;
    for lock in states().into_iter().filter(|lock| opens(lock.state)) {
        for event in events() {
            let (next, effects) = transition(lock, event);
            if !opens(next.state) {
                left += 1;
                assert!(effects.contains(&LockEffect::Wipe), "{lock:?} {event:?}");
            }
            assert_eq!(effects.contains(&LockEffect::Wipe), next.epoch > lock.epoch, "{lock:?} {event:?}");
        }
    }
    assert!(left > 10);
}

#[test]
fn a_late_result_is_wiped_and_changes_nothing() {
    for lock in states() {
        let late = LockEvent::Opened { attempt: 99, at_ms: 1 };
        assert_eq!(transition(lock, late), (lock, vec![LockEffect::WipeLate]));
    }
}

#[test]
fn what_is_not_known_is_never_called_signed_out_until_the_storage_says_so() {
    for event in events() {
        let (next, _) = transition(Lock::new(), event);
        match event {
            LockEvent::Looked { .. } => assert_ne!(next.state, LockState::Unavailable),
            _ => assert_eq!(next.state, LockState::Unavailable, "{event:?}"),
        }
    }
    for found in [Found::KeyLost, Found::Corrupt] {
        let lock = after(Lock::new(), &[LockEvent::Looked { found }]);
        assert_ne!(lock.state, LockState::SignedOut);
        assert_eq!(state_after(lock, &[LockEvent::SignedIn { at_ms: 1 }]), LockState::Fresh);
    }
}

#[test]
fn leaving_the_front_locks_at_once_or_after_the_grace_by_the_clock_that_counts_sleep() {
    let left = LockEvent::LeftFront { at_ms: 1_000 };
    assert_eq!(state_after(open(LockPolicy::default()), &[left]), LockState::Locked);
    let graceful = open(LockPolicy { grace_ms: MINUTE_MS, ..LockPolicy::default() });
    let back = |at_ms| LockEvent::CameToFront { at_ms };
    assert_eq!(state_after(graceful, &[left, back(60_999)]), LockState::Unlocked);
    assert_eq!(state_after(graceful, &[left, back(61_000)]), LockState::Locked);
    // The device slept: nobody told the time in between, and the first who does locks.
    assert_eq!(
        state_after(graceful, &[left, LockEvent::TimePassed { at_ms: 90_000_000 }]),
        LockState::Locked
    );
    // Leaving twice does not begin the grace anew.
    assert_eq!(
        state_after(graceful, &[left, LockEvent::LeftFront { at_ms: 50_000 }, back(61_000)]),
        LockState::Locked
    );
    // Nor does an app that never says that it came back stay open for it.
    let unlocked = [
        LockEvent::UnlockAsked { attempt: 2, at_ms: 70_000 },
        LockEvent::Opened { attempt: 2, at_ms: 70_000 },
        LockEvent::LeftFront { at_ms: 71_000 },
    ];
    assert_eq!(state_after(after(open(LockPolicy::default()), &[left]), &unlocked), LockState::Locked);
    let never = open(LockPolicy { on_background: false, ..LockPolicy::default() });
    assert_eq!(state_after(never, &[left, back(u64::MAX)]), LockState::Unlocked);
}

#[test]
fn the_grace_is_capped() {
    let lock = open(LockPolicy { grace_ms: u64::MAX, ..LockPolicy::default() });
    let away = after(lock, &[LockEvent::LeftFront { at_ms: 10 }]);
    assert_eq!(away.deadline_ms(), Some(10 + LONGEST_GRACE_MS));
}

#[test]
fn an_announced_departure_is_exempt_for_five_minutes_from_its_announcement() {
    let announced = LockEvent::DepartureAnnounced { at_ms: 0, until_over: false };
    let left = LockEvent::LeftFront { at_ms: MINUTE_MS };
    let lock = after(open(LockPolicy::default()), &[announced, left]);
    assert_eq!(lock.state, LockState::Unlocked);
    assert_eq!(
        state_after(lock, &[LockEvent::TimePassed { at_ms: LONGEST_DEPARTURE_MS - 1 }]),
        LockState::Unlocked
    );
    assert_eq!(
        state_after(lock, &[LockEvent::TimePassed { at_ms: LONGEST_DEPARTURE_MS }]),
        LockState::Locked
    );
    // It is used up by coming back; one that lasts until it is over is not.
    let again = [LockEvent::CameToFront { at_ms: 70_000 }, LockEvent::LeftFront { at_ms: 80_000 }];
    assert_eq!(state_after(lock, &again), LockState::Locked);
    let lasting = LockEvent::DepartureAnnounced { at_ms: 0, until_over: true };
    let lock = after(open(LockPolicy::default()), &[lasting, left]);
    assert_eq!(state_after(lock, &again), LockState::Unlocked);
    let over = [LockEvent::CameToFront { at_ms: 70_000 }, LockEvent::DepartureOver, again[1]];
    assert_eq!(state_after(lock, &over), LockState::Locked);
    // An old announcement exempts nobody.
    let late = LockEvent::LeftFront { at_ms: LONGEST_DEPARTURE_MS };
    assert_eq!(state_after(open(LockPolicy::default()), &[lasting, late]), LockState::Locked);
}

#[test]
fn a_prompt_that_sends_the_app_away_does_not_lock_and_the_app_has_to_come_back() {
    let asked = LockEvent::UnlockAsked { attempt: 1, at_ms: 0 };
    let left = LockEvent::LeftFront { at_ms: 10 };
    let opened = |at_ms| LockEvent::Opened { attempt: 1, at_ms };
    let lock = after(ruled(LockPolicy::default()), &[asked, left, opened(500)]);
    assert_eq!((lock.state, lock.deadline_ms()), (LockState::Unlocked, Some(LONGEST_DEPARTURE_MS)));
    let back = after(lock, &[LockEvent::CameToFront { at_ms: 600 }]);
    assert_eq!((back.state, back.deadline_ms()), (LockState::Unlocked, None));
    assert_eq!(state_after(back, &[LockEvent::LeftFront { at_ms: 700 }]), LockState::Locked);
    // An answer that comes when the app was away for too long opens and locks in one.
    let (late, effects) = transition(
        after(ruled(LockPolicy::default()), &[asked, left]),
        LockEvent::Opened { attempt: 1, at_ms: LONGEST_DEPARTURE_MS },
    );
    assert_eq!((late.state, effects), (LockState::Locked, vec![LockEffect::Wipe]));
}

#[test]
fn it_locks_when_idle_and_at_an_age_that_use_does_not_change() {
    let idle = open(LockPolicy { idle_ms: Some(1_000), ..LockPolicy::default() });
    let used = |at_ms| LockEvent::Used { at_ms };
    let time = |at_ms| LockEvent::TimePassed { at_ms };
    assert_eq!(state_after(idle, &[used(999), used(1_998), time(2_997)]), LockState::Unlocked);
    assert_eq!(state_after(idle, &[used(999), time(1_999)]), LockState::Locked);
    // Use that comes too late does not save it.
    assert_eq!(state_after(idle, &[used(1_000)]), LockState::Locked);
    let aged = open(LockPolicy { open_at_most_ms: Some(1_000), ..LockPolicy::default() });
    assert_eq!(state_after(aged, &[used(500), used(999)]), LockState::Unlocked);
    assert_eq!(state_after(aged, &[used(500), used(999), used(1_000)]), LockState::Locked);
}

#[test]
fn only_a_prompt_is_cancelled() {
    for lock in states() {
        let (next, effects) = transition(lock, LockEvent::CancelAsked);
        match lock.state {
            LockState::Unlocking { .. } => {
                assert_eq!(next.state, LockState::Locked);
                assert_eq!(effects, [LockEffect::DismissPrompt, LockEffect::Wipe]);
            }
            _ => assert_eq!((next, effects), (lock, vec![])),
        }
    }
}

/// Whatever is in memory is wiped in every interleaving of an answer of the gate, a lock and a reader; the keeper takes
/// the two in whichever order they reach its queue.
#[test]
fn in_every_interleaving_of_lock_and_late_result_nothing_stays_open() {
    use loom::sync::{Arc, Mutex};
    use std::collections::VecDeque;

    struct Keeper {
        lock: Lock,
        content: Option<&'static str>,
    }

    fn take(keeper: &mut Keeper, event: LockEvent) {
        // As the keeper does: what the gate's answer opens is put in place before the lock moves.
        if let (LockState::Unlocking { attempt: now }, LockEvent::Opened { attempt, .. }) =
            (keeper.lock.state, event)
            && now == attempt
        {
            keeper.content = Some("gated");
        }
        let (lock, effects) = transition(keeper.lock, event);
        keeper.lock = lock;
        if effects.contains(&LockEffect::Wipe) {
            keeper.content = None;
        }
    }

    let explored = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let count = explored.clone();
    loom::model(move || {
        count.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let lock = after(ruled(LockPolicy::default()), &[LockEvent::UnlockAsked { attempt: 1, at_ms: 0 }]);
        let keeper = Arc::new(Mutex::new(Keeper { lock, content: None }));
        let queue = Arc::new(Mutex::new(VecDeque::new()));
        let senders = [LockEvent::Opened { attempt: 1, at_ms: 1 }, LockEvent::LockAsked].map(|event| {
            let (keeper, queue) = (keeper.clone(), queue.clone());
            loom::thread::spawn(move || {
                queue.lock().unwrap().push_back(event);
                // One at a time takes what is in the queue, in its order; whoever comes is the keeper for that.
                let mut keeper = keeper.lock().unwrap();
                let event = queue.lock().unwrap().pop_front();
                take(&mut keeper, event.unwrap());
            })
        });
        {
            let seen = keeper.lock().unwrap();
            assert!(seen.content.is_none() || seen.lock.state == LockState::Unlocked);
        }
        for sender in senders {
            sender.join().unwrap();
        }
        let end = keeper.lock().unwrap();
        assert_eq!((end.lock.state, end.content), (LockState::Locked, None));
    });
    let explored = explored.load(std::sync::atomic::Ordering::Relaxed);
    assert!(explored > 10, "{explored} interleavings");
}
