//! Status and events, forwarded to Kotlin and Swift.

use std::sync::Arc;

use pforte_client::{Resumed, Status, TouchpointEvent};
use tokio::sync::{broadcast, watch};
use uniffi::UnexpectedUniFFICallbackError;

use crate::port_errors::undeclared;

/// Follows the status, the touchpoint events and the resumed visits. Called on a thread that may block, one call at a
/// time for each of the three; it must not call back into the library. An error ends the following.
#[uniffi::export(foreign)]
pub trait Observer: Send + Sync {
    /// The status changed; called first with the present one. Statuses that came and went in between are left out.
    fn on_status(&self, status: Status) -> Result<(), ObserverError>;

    /// A step of a touchpoint happened.
    fn on_event(&self, event: TouchpointEvent) -> Result<(), ObserverError>;

    /// A visit that began in an earlier process has ended. What ended before anybody observed is told first, once.
    fn on_resumed(&self, resumed: Resumed) -> Result<(), ObserverError>;
}

/// Why an observer wants to hear no more.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, uniffi::Error)]
pub enum ObserverError {
    /// It failed; it is not called again.
    #[error("the observer failed: {reason}")]
    Failed {
        /// What happened.
        reason: String,
    },
}

impl From<UnexpectedUniFFICallbackError> for ObserverError {
    fn from(error: UnexpectedUniFFICallbackError) -> Self {
        Self::Failed { reason: undeclared(&error.reason) }
    }
}

/// Tells the observer each status until the client or the observer ends.
pub(crate) async fn forward_status(mut statuses: watch::Receiver<Status>, observer: Arc<dyn Observer>) {
    statuses.mark_changed();
    while statuses.changed().await.is_ok() {
        let status = statuses.borrow_and_update().clone();
        if !told(&observer, move |observer| observer.on_status(status)).await {
            return;
        }
    }
}

/// Tells the observer each event until the client or the observer ends. An observer too slow misses the oldest.
pub(crate) async fn forward_events(
    mut events: broadcast::Receiver<TouchpointEvent>,
    observer: Arc<dyn Observer>,
) {
    loop {
        match events.recv().await {
            Ok(event) => {
                if !told(&observer, move |observer| observer.on_event(event)).await {
                    return;
                }
            }
            Err(broadcast::error::RecvError::Lagged(_)) => {}
            Err(broadcast::error::RecvError::Closed) => return,
        }
    }
}

/// Tells the observer each end of a visit that began in an earlier process, first those that nobody heard.
pub(crate) async fn forward_resumed(
    (unheard, mut resumed): (Vec<Resumed>, broadcast::Receiver<Resumed>),
    observer: Arc<dyn Observer>,
) {
    for end in unheard {
        if !told(&observer, move |observer| observer.on_resumed(end)).await {
            return;
        }
    }
    loop {
        match resumed.recv().await {
            Ok(end) => {
                if !told(&observer, move |observer| observer.on_resumed(end)).await {
                    return;
                }
            }
            Err(broadcast::error::RecvError::Lagged(_)) => {}
            Err(broadcast::error::RecvError::Closed) => return,
        }
    }
}

/// Calls the observer on a thread that may block; whether it wants to hear more.
async fn told(
    observer: &Arc<dyn Observer>,
    tell: impl FnOnce(&dyn Observer) -> Result<(), ObserverError> + Send + 'static,
) -> bool {
    let observer = Arc::clone(observer);
    matches!(tokio::task::spawn_blocking(move || tell(observer.as_ref())).await, Ok(Ok(())))
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use pforte_client::Outcome;

    use super::*;

    /// Writes down what it is told, and fails from the `last` call on.
    struct Listener {
        heard: Mutex<Vec<String>>,
        last: usize,
    }

    impl Listener {
        fn new(last: usize) -> Arc<Self> {
            Arc::new(Self { heard: Mutex::default(), last })
        }

        fn hear(&self, what: String) -> Result<(), ObserverError> {
            let mut heard = self.heard.lock().unwrap();
            heard.push(what);
            if heard.len() < self.last {
                Ok(())
            } else {
                Err(ObserverError::Failed { reason: "enough".to_owned() })
            }
        }
    }

    impl Observer for Listener {
        fn on_status(&self, status: Status) -> Result<(), ObserverError> {
            self.hear(format!("{status:?}"))
        }

        fn on_event(&self, event: TouchpointEvent) -> Result<(), ObserverError> {
            self.hear(event.step)
        }

        fn on_resumed(&self, resumed: Resumed) -> Result<(), ObserverError> {
            self.hear(resumed.touchpoint)
        }
    }

    #[tokio::test]
    async fn the_present_status_comes_first_and_the_end_of_the_client_ends_it() {
        let (statuses, receiver) = watch::channel(Status::SignedOut);
        let listener = Listener::new(usize::MAX);
        let told = tokio::spawn(forward_status(receiver, listener.clone()));
        while listener.heard.lock().unwrap().is_empty() {
            tokio::task::yield_now().await;
        }
        statuses.send_replace(Status::Locked { login_hint: None });
        drop(statuses);
        told.await.unwrap();
        assert_eq!(*listener.heard.lock().unwrap(), ["SignedOut", "Locked { login_hint: None }"]);
    }

    #[tokio::test]
    async fn an_observer_that_fails_is_not_called_again() {
        let (events, receiver) = broadcast::channel(8);
        for step in ["enter", "consent", "leave"] {
            let (flow, step) = ("hotel.browse#1".to_owned(), step.to_owned());
            let policy_hash = String::new();
            let event = TouchpointEvent {
                flow,
                step,
                step_n: 0,
                outcome: Outcome::Done,
                ms: 1,
                route: None,
                policy_hash,
            };
            events.send(event).unwrap();
        }
        let listener = Listener::new(2);
        forward_events(receiver, listener.clone()).await;
        assert_eq!(*listener.heard.lock().unwrap(), ["enter", "consent"]);
    }
}
