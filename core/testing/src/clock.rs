//! A clock that stands until it is moved.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use pforte_host::{Clock, Moment};

/// A clock for tests. Clones are the same clock.
#[derive(Debug, Clone)]
pub struct SettableClock(Arc<Mutex<(Moment, u32)>>);

impl SettableClock {
    /// Begins at this wall time, in milliseconds since 1970, one hour after boot.
    pub fn at(wall_ms: i64) -> Self {
        Self(Arc::new(Mutex::new((Moment { wall_ms, elapsed_ms: 3_600_000 }, 1))))
    }

    /// Time passes: both clocks go on.
    pub fn advance(&self, by: Duration) {
        let ms = u64::try_from(by.as_millis()).unwrap_or(u64::MAX);
        self.change(|moment, _| {
            moment.wall_ms = moment.wall_ms.saturating_add(i64::try_from(ms).unwrap_or(i64::MAX));
            moment.elapsed_ms = moment.elapsed_ms.saturating_add(ms);
        });
    }

    /// The person sets the wall clock; elapsed time does not care.
    pub fn set_wall(&self, wall_ms: i64) {
        self.change(|moment, _| moment.wall_ms = wall_ms);
    }

    /// The device starts anew.
    pub fn restart(&self) {
        self.change(|moment, boot| {
            moment.elapsed_ms = 1000;
            *boot += 1;
        });
    }

    fn change(&self, change: impl FnOnce(&mut Moment, &mut u32)) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (moment, boot) = &mut *state;
        change(moment, boot);
    }
}

impl Clock for SettableClock {
    fn wall_ms(&self) -> i64 {
        self.now().wall_ms
    }

    fn elapsed_ms(&self) -> u64 {
        self.now().elapsed_ms
    }

    fn boot_id(&self) -> String {
        format!("boot-{}", self.0.lock().unwrap_or_else(PoisonError::into_inner).1)
    }

    fn now(&self) -> Moment {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_stands_until_it_is_moved() {
        let clock = SettableClock::at(1_000);
        assert_eq!(clock.now(), Moment { wall_ms: 1_000, elapsed_ms: 3_600_000 });
        assert_eq!(clock.now(), clock.clone().now());
        clock.clone().advance(Duration::from_millis(5));
        assert_eq!(clock.now(), Moment { wall_ms: 1_005, elapsed_ms: 3_600_005 });
    }

    #[test]
    fn the_person_sets_one_clock_and_a_restart_the_other() {
        let clock = SettableClock::at(1_000);
        clock.set_wall(-1);
        assert_eq!(clock.now(), Moment { wall_ms: -1, elapsed_ms: 3_600_000 });
        let before = clock.boot_id();
        clock.restart();
        assert_ne!(clock.boot_id(), before);
        assert_eq!(clock.now(), Moment { wall_ms: -1, elapsed_ms: 1_000 });
    }

    #[test]
    fn time_without_end_does_not_overflow() {
        let clock = SettableClock::at(i64::MAX);
        clock.advance(Duration::MAX);
        assert_eq!(clock.now(), Moment { wall_ms: i64::MAX, elapsed_ms: u64::MAX });
    }
}
