//! The last transitions in words, for an app's support screen.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, UNIX_EPOCH};

/// How many are kept; the oldest go first.
const KEPT: usize = 32;

/// The last transitions, newest first. They hold no token and no detail about the person, and live in memory only.
#[derive(Debug, Clone, Default)]
pub(crate) struct Transitions(Arc<Mutex<VecDeque<String>>>);

impl Transitions {
    pub fn note(&self, wall_ms: i64, what: &str) {
        let when = UNIX_EPOCH + Duration::from_millis(u64::try_from(wall_ms).unwrap_or(0));
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.push_front(format!("{}: {what}", httpdate::fmt_http_date(when)));
        kept.truncate(KEPT);
    }

    pub fn all(&self) -> Vec<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_is_first_and_the_oldest_go() {
        let transitions = Transitions::default();
        for n in 0..40 {
            transitions.note(0, &format!("step {n}"));
        }
        let all = transitions.all();
        assert_eq!(all.len(), KEPT);
        assert_eq!(all.first().map(String::as_str), Some("Thu, 01 Jan 1970 00:00:00 GMT: step 39"));
    }
}
