//! The right to refresh, waited for: at most one process of the app renews an account's tokens at a time.

use std::sync::Arc;
use std::time::Duration;

use pforte_vault::{Lease, LeaseNow, LeaseOutcome};

use crate::SessionError;
use crate::context::Context;

/// The term of a lease, in milliseconds. A process that was killed or suspended while it held the lease keeps the others
/// waiting for no longer than that; well below the grace of a provider that has one, so that the next is in time.
pub(crate) const TERM_MS: u64 = 10_000;

/// How often its holder puts the end off while it waits for the provider.
const RENEWED: Duration = Duration::from_millis(TERM_MS / 4);

/// How often a held lease is looked at again: its holder usually gives it back long before its term is over.
const LOOK_AGAIN: Duration = Duration::from_millis(100);

/// How long a holder that goes on renewing its lease is waited for: longer than any exchange with the provider takes.
const LONGEST: Duration = Duration::from_secs(90);

/// Waits until the lease is free and takes it; a minute and a half at most.
pub(crate) async fn wait(context: &Arc<Context>) -> Result<Lease, SessionError> {
    let given_up = tokio::time::Instant::now() + LONGEST;
    loop {
        let now = LeaseNow::read(&*context.host.clock);
        match context.vault(move |vault| vault.take_lease(now, TERM_MS)).await? {
            LeaseOutcome::Held(lease) => return Ok(lease),
            LeaseOutcome::Busy { .. } if tokio::time::Instant::now() >= given_up => {
                return Err(SessionError::Unreachable {
                    reason: "another process of this app is renewing the session and does not come to an end"
                        .to_owned(),
                    after_seconds: TERM_MS / 1000,
                });
            }
            LeaseOutcome::Busy { retry_after_ms } => {
                tokio::time::sleep(LOOK_AGAIN.min(Duration::from_millis(retry_after_ms.max(1)))).await;
            }
        }
    }
}

/// Does `work` and keeps the lease meanwhile, however long the provider takes to answer.
pub(crate) async fn hold<T>(context: &Arc<Context>, lease: &Lease, work: impl Future<Output = T>) -> T {
    tokio::pin!(work);
    loop {
        tokio::select! {
            biased;
            done = &mut work => return done,
            () = tokio::time::sleep(RENEWED) => {
                let (now, lease) = (LeaseNow::read(&*context.host.clock), lease.clone());
                // Whether it is still held is asked where it counts: at the write.
                drop(context.vault(move |vault| vault.renew_lease(&lease, now, TERM_MS)).await);
            }
        }
    }
}

/// Gives the lease back. One that can't be given back ends by itself.
pub(crate) async fn release(context: &Arc<Context>, lease: Lease) {
    drop(context.vault(move |vault| vault.release_lease(&lease)).await);
}
