//! What was asked of the ports, in order.

use std::sync::{Arc, Mutex, PoisonError};

/// Every port call, one line each; the format is in the crate's documentation. Clones share their lines.
#[derive(Debug, Clone, Default)]
pub struct PortLog(Arc<Mutex<Vec<String>>>);

impl PortLog {
    /// Everything so far.
    pub fn lines(&self) -> Vec<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Writes `call(summary)`.
    pub fn note(&self, call: &str, summary: &str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(format!("{call}({summary})"));
    }
}

/// What follows the last `/`: what a name is for, without whose it is.
pub(crate) fn last_segment(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clones_write_one_log_and_names_are_cut_to_what_they_are_for() {
        let log = PortLog::default();
        log.note("secret_store.read", last_segment("main/anchor"));
        log.clone().note("secret_store.read", last_segment("anchor"));
        assert_eq!(log.lines(), ["secret_store.read(anchor)", "secret_store.read(anchor)"]);
    }
}
