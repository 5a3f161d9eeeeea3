//! The screens that ask.

use async_trait::async_trait;

use crate::{Answer, Ask};

/// Shows one ask and returns what the person did. Only one ask is shown at a time.
#[async_trait]
pub trait Presenter: Send + Sync {
    /// Shows `ask` until the person answers, skips or closes it. There is no time limit.
    async fn present(&self, ask: Ask) -> Result<Answer, PresenterError>;

    /// Takes the ask off the screen: the caller went away. The ask is not answered by that.
    fn withdraw_ask(&self) -> Result<(), PresenterError>;
}

/// Why an ask could not be shown.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PresenterError {
    /// There is no window in front to show it over.
    #[error("there is no window in front")]
    NoWindow,
    /// The ask went away without an act of the person: the app left the front, the screen was destroyed.
    #[error("the ask was interrupted")]
    Interrupted,
    /// Anything else.
    #[error("the ask could not be shown: {reason}")]
    Failed {
        /// What went wrong.
        reason: String,
    },
}
