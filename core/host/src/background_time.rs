//! Time to finish work after the app left the front.

/// A grant of time from the system (`beginBackgroundTask` on Apple; a foreground or short service rule on Android).
/// No token refresh starts without one: a rotated token must not be lost because the app was frozen in between.
pub trait BackgroundTime: Send + Sync {
    /// Asks for time to finish `task`; the grant is given back with [`BackgroundTime::finish`].
    fn begin(&self, task: String) -> Result<Grant, BackgroundError>;

    /// Gives a grant back.
    fn finish(&self, grant: Grant) -> Result<(), BackgroundError>;
}

/// Names one grant of background time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Grant {
    /// The host's own number for it.
    pub id: u64,
}

/// Why no time was granted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BackgroundError {
    /// The system gives none now; the work waits until the app is in front.
    #[error("no background time is granted now")]
    NotGranted,
    /// Anything else the platform said.
    #[error("background time failed: {reason}")]
    Failed {
        /// What the platform said.
        reason: String,
    },
}
