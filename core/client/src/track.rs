//! Events for purposes: no live grant, no event.
//!
//! ```text
//!  track ─► permit? ── no ──► dropped
//!             │ yes
//!             ▼
//!           queue (memory, at most 256) ─► permit? ── no ──► dropped
//!             ▲                              │ yes: written under the permit
//!             └── the sink could not ◄───── sink
//! ```
//!
//! A withdrawal empties the queue first, is recorded, and empties it again.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use pforte_consent::{Permit, Rule};

use crate::consent::rules;
use crate::error::wrong_answer;
use crate::{Client, Error};

/// The most events that wait; beyond, the oldest are dropped.
const MOST_WAITING: usize = 256;

/// The longest name of an event, in bytes.
const LONGEST_NAME: usize = 64;

/// Where tracked events go. Called on a thread that may block, one event at a time; it must not call back into the
/// library.
pub trait EventSink: Send + Sync {
    /// Takes one event. After an error it is offered again, with the next event or the next call of
    /// [`Client::deliver_events`], as long as its purpose is granted.
    fn deliver(&self, event: TrackedEvent) -> Result<(), SinkError>;
}

/// The sink could not take an event.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the event was not taken: {reason}")]
pub struct SinkError {
    /// What happened.
    pub reason: String,
}

/// An event as it leaves the device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrackedEvent {
    /// The purpose it is for.
    pub purpose: String,
    /// The event in JSON: its name, its purpose, when it happened (milliseconds since 1970 by the device's clock), and
    /// the ledger's entry that allows it.
    pub json: String,
}

/// An event that waits. Only [`Waiting::write`] makes bytes of it, and that takes the permit.
struct Waiting {
    name: String,
    purpose: String,
    wall_ms: i64,
}

impl Waiting {
    fn write(&self, permit: &Permit<'_>) -> Option<TrackedEvent> {
        if permit.purpose() != self.purpose {
            return None;
        }
        let json = serde_json::json!({
            "event": self.name,
            "purpose": self.purpose,
            "wall_ms": self.wall_ms,
            "grant": permit.grant().to_string(),
        });
        Some(TrackedEvent { purpose: self.purpose.clone(), json: json.to_string() })
    }
}

/// The events of one client.
#[derive(Default)]
pub(crate) struct Tracking(Mutex<Queue>);

#[derive(Default)]
struct Queue {
    waiting: VecDeque<Waiting>,
    sink: Option<Arc<dyn EventSink>>,
    /// Whether somebody is delivering.
    busy: bool,
}

impl Tracking {
    /// Drops what waits for `purpose`, or everything.
    pub fn forget(&self, purpose: Option<&str>) {
        self.queue().waiting.retain(|event| purpose.is_some_and(|purpose| event.purpose != purpose));
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn add(&self, event: Waiting) {
        let mut queue = self.queue();
        if queue.waiting.len() >= MOST_WAITING {
            queue.waiting.pop_front();
        }
        queue.waiting.push_back(event);
    }

    /// The next event and its sink; the caller delivers until there is none.
    fn begin(&self, was_busy: bool) -> Option<(Waiting, Arc<dyn EventSink>)> {
        let mut queue = self.queue();
        if queue.busy && !was_busy {
            return None;
        }
        let sink = queue.sink.clone();
        let next = sink.and_then(|sink| Some((queue.waiting.pop_front()?, sink)));
        queue.busy = next.is_some();
        next
    }

    fn put_back(&self, event: Waiting) {
        let mut queue = self.queue();
        queue.busy = false;
        if queue.waiting.len() < MOST_WAITING {
            queue.waiting.push_front(event);
        }
    }
}

impl Client {
    /// Tracks an event for a purpose of the policy. Returns whether it waits to be delivered: without a live grant it is
    /// dropped, here and once more before it leaves the device. Works offline; what waits is in memory only.
    ///
    /// Errors: [`Error::FixConfiguration`] for a purpose that the policy does not have, and for a name that is not made of
    /// 1 to 64 lower-case letters, digits, dots, hyphens and underscores: an event carries no personal data.
    pub async fn track(self: &Arc<Self>, event: &str, purpose: &str) -> Result<bool, Error> {
        let letter = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b".-_".contains(&byte);
        if event.is_empty() || event.len() > LONGEST_NAME || !event.bytes().all(letter) {
            return Err(wrong_answer(&format!(
                "An event's name is 1 to {LONGEST_NAME} lower-case letters, digits, dots, hyphens and underscores, such \
                 as `review.posted`."
            )));
        }
        let rule = self.rule(purpose)?;
        if self.session.with_permit(purpose.to_owned(), rule, |_| ()).await?.is_none() {
            return Ok(false);
        }
        let wall_ms = self.host.clock.wall_ms();
        self.tracking.add(Waiting { name: event.to_owned(), purpose: purpose.to_owned(), wall_ms });
        self.start_delivery();
        Ok(true)
    }

    /// Hands tracked events to `sink` from now on, first those that wait. Called again with the next sink, or with the
    /// same after trouble.
    pub fn deliver_events(self: &Arc<Self>, sink: Arc<dyn EventSink>) {
        self.tracking.queue().sink = Some(sink);
        self.start_delivery();
    }

    fn start_delivery(self: &Arc<Self>) {
        let Some(first) = self.tracking.begin(false) else { return };
        let client = self.clone();
        tokio::spawn(async move {
            let mut next = Some(first);
            while let Some((event, sink)) = next.take() {
                if !client.deliver(event, sink).await {
                    return;
                }
                next = client.tracking.begin(true);
            }
        });
    }

    /// Whether to go on with the next event.
    async fn deliver(&self, event: Waiting, sink: Arc<dyn EventSink>) -> bool {
        let Ok(rule) = self.rule(&event.purpose) else { return true };
        let written = self.session.with_permit(event.purpose.clone(), rule, move |permit| {
            let written = event.write(permit);
            (event, written)
        });
        // Without a permit the event is gone with the closure that would have written it.
        let Ok(Some((event, Some(written)))) = written.await else { return true };
        let delivered = tokio::task::spawn_blocking(move || sink.deliver(written)).await;
        if matches!(delivered, Ok(Ok(()))) {
            return true;
        }
        self.tracking.put_back(event);
        false
    }

    fn rule(&self, purpose: &str) -> Result<Rule, Error> {
        let found = rules(self).into_iter().find(|(id, _)| id == purpose);
        found.map(|(_, rule)| rule).ok_or_else(|| {
            wrong_answer(&format!(
                "The policy has no purpose `{purpose}`; add it to policy.toml or correct the name."
            ))
        })
    }
}
