//! What the person filled in, on its way back to the account.
//!
//! ```text
//!  self ── sealed on this device ──► the writer ─┬─ took it ──► account   (where the person changed it meanwhile: self)
//!    ▲                                           │
//!    └── again after a while, or at the next change ◄─ failed
//! ```

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use pforte_session::lock::LockState;
use pforte_session::{Kept, SessionView};
use tokio::sync::watch;
use tokio::task::AbortHandle;

use crate::{Client, ProfileField};

/// What the person filled in is offered again after this time, doubled each time up to an hour.
const OFFERED_AGAIN: Duration = Duration::from_secs(30);
const OFFERED_AGAIN_AT_MOST: Duration = Duration::from_secs(3600);

/// Writes the details that a person filled in to their account, such as by the app's own server.
#[async_trait]
pub trait ProfileWriter: Send + Sync {
    /// Writes details whose source is `self`. The same may come twice, where the device was locked before it was noted that
    /// the account has them. After an error they stay on this device as they are, and are offered again.
    async fn write(&self, fields: Vec<ProfileField>) -> Result<(), ProfileWriterError>;
}

/// The account could not be told.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the details were not written: {reason}")]
pub struct ProfileWriterError {
    /// What happened.
    pub reason: String,
}

/// The one task that writes; none until a writer is named.
#[derive(Default)]
pub(crate) struct ProfileWriting(Mutex<Option<AbortHandle>>);

impl Drop for ProfileWriting {
    fn drop(&mut self) {
        if let Some(task) = self.0.get_mut().unwrap_or_else(PoisonError::into_inner).take() {
            task.abort();
        }
    }
}

impl Client {
    /// Has `writer` told of each detail that the person fills in, from now on and of those that wait: once it is sealed on
    /// this device, and while the session is open. What it took has the source `account` then. Called again, the next
    /// writer takes the place of this one.
    pub fn write_profile_to(self: &Arc<Self>, writer: Arc<dyn ProfileWriter>) {
        let mut views = self.session.views();
        let client = Arc::downgrade(self);
        let task = tokio::spawn(async move {
            let mut again = OFFERED_AGAIN;
            loop {
                let fields = to_write(&views.borrow_and_update());
                let mut wait = None;
                if !fields.is_empty() {
                    if writer.write(fields.clone()).await.is_ok() {
                        again = OFFERED_AGAIN;
                        let Some(client) = client.upgrade() else { return };
                        // Locked meanwhile: they are written once more after the next unlock.
                        drop(client.session.mark_written(fields).await);
                    } else {
                        wait = Some(again);
                        again = (again * 2).min(OFFERED_AGAIN_AT_MOST);
                    }
                }
                if !changed(&mut views, wait).await {
                    return;
                }
            }
        });
        let mut held = self.profile_writing.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(before) = held.replace(task.abort_handle()) {
            before.abort();
        }
    }
}

/// Details that are sealed here and not yet in the account.
fn to_write(view: &SessionView) -> Vec<ProfileField> {
    if view.lock != LockState::Unlocked || view.kept == Kept::Not {
        return Vec::new();
    }
    view.profile.iter().filter(|field| field.source == "self").cloned().collect()
}

/// Waits for a change of the session, or for `at_most`. False where the session is gone.
async fn changed(views: &mut watch::Receiver<SessionView>, at_most: Option<Duration>) -> bool {
    match at_most {
        None => views.changed().await.is_ok(),
        Some(at_most) => !matches!(tokio::time::timeout(at_most, views.changed()).await, Ok(Err(_))),
    }
}
