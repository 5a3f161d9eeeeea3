//! One caller that may go away.

use std::future::Future;

use tokio::sync::watch;

use crate::values::Error;

/// One caller of `enter`: told when the waiting ends, because a cancelled task does not reach this library by itself.
///
/// Make one for each call, and cancel it when the calling coroutine or task is cancelled. Cancelling ends the waiting;
/// when nobody else waits for the same touchpoint, the ask leaves the screen, too.
#[derive(uniffi::Object)]
pub struct Caller(watch::Sender<bool>);

#[uniffi::export]
impl Caller {
    /// A caller that waits.
    #[uniffi::constructor]
    #[expect(clippy::new_without_default, reason = "the generator exports no Default")]
    pub fn new() -> Self {
        Self(watch::Sender::new(false))
    }

    /// The caller waits no longer. Nothing happens where the call has ended.
    pub fn cancel(&self) {
        self.0.send_replace(true);
    }
}

impl Caller {
    /// Waits for `work` until the caller goes away; the waiting is dropped then.
    pub(crate) fn or_cancelled<T, F>(
        &self,
        work: F,
    ) -> impl Future<Output = Result<T, Error>> + Send + use<T, F>
    where
        F: Future<Output = Result<T, Error>> + Send,
    {
        let mut cancelled = self.0.subscribe();
        async move {
            tokio::select! {
                biased;
                result = work => result,
                Ok(_) = cancelled.wait_for(|cancelled| *cancelled) => Err(Error::Cancelled {
                    hint: "The caller went away. Call enter again; it resumes at the same ask.".to_owned(),
                }),
            }
        }
    }
}
