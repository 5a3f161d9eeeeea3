//! Where tracked events go: to Kotlin or Swift, one at a time.

use std::sync::Arc;

use pforte_client::TrackedEvent;
use uniffi::UnexpectedUniFFICallbackError;

use crate::port_errors::undeclared;

/// Where tracked events go. Called on a thread that may block, one event at a time; it must not call back into the
/// library.
#[uniffi::export(foreign)]
pub trait EventSink: Send + Sync {
    /// Takes one event. After an error it is offered again, with the next event or the next call of `deliverEvents`, as
    /// long as its purpose is granted.
    fn deliver(&self, event: TrackedEvent) -> Result<(), EventSinkError>;
}

/// Why an event was not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, uniffi::Error)]
pub enum EventSinkError {
    /// It failed; the event is offered again.
    #[error("the event was not taken: {reason}")]
    Failed {
        /// What happened.
        reason: String,
    },
}

impl From<UnexpectedUniFFICallbackError> for EventSinkError {
    fn from(error: UnexpectedUniFFICallbackError) -> Self {
        Self::Failed { reason: undeclared(&error.reason) }
    }
}

/// A foreign sink as the client's.
pub(crate) struct ForeignSink(pub Arc<dyn EventSink>);

impl pforte_client::EventSink for ForeignSink {
    fn deliver(&self, event: TrackedEvent) -> Result<(), pforte_client::SinkError> {
        self.0.deliver(event).map_err(|EventSinkError::Failed { reason }| pforte_client::SinkError { reason })
    }
}
