//! Ports of a platform that has nothing to offer, or nothing to limit.

use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use pforte_host::{BackgroundError, BackgroundTime, Grant, PasskeyError, PasskeyProvider};

/// A desktop: a program in the background simply goes on.
#[derive(Debug, Default)]
pub struct NoBackgroundLimits {
    granted: AtomicU64,
}

impl BackgroundTime for NoBackgroundLimits {
    fn begin(&self, _task: String) -> Result<Grant, BackgroundError> {
        Ok(Grant { id: self.granted.fetch_add(1, Ordering::Relaxed) })
    }

    fn finish(&self, _grant: Grant) -> Result<(), BackgroundError> {
        Ok(())
    }
}

/// A host without passkeys: the route is left out.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoPasskeys;

impl NoPasskeys {
    fn not_supported() -> PasskeyError {
        PasskeyError::NotSupported { reason: "this host has no passkeys".to_owned() }
    }
}

#[async_trait]
impl PasskeyProvider for NoPasskeys {
    async fn register_passkey(&self, _options_json: String) -> Result<String, PasskeyError> {
        Err(Self::not_supported())
    }

    async fn use_passkey(&self, _options_json: String) -> Result<String, PasskeyError> {
        Err(Self::not_supported())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_wish_for_time_is_granted_by_its_own_number() {
        let time = NoBackgroundLimits::default();
        let (first, second) = (time.begin("refresh".into()).unwrap(), time.begin("refresh".into()).unwrap());
        assert_ne!(first, second);
        assert_eq!((time.finish(first), time.finish(second)), (Ok(()), Ok(())));
    }

    #[tokio::test]
    async fn no_passkeys_is_a_reason_to_leave_the_route_out() {
        let answers =
            [NoPasskeys.register_passkey("{}".into()).await, NoPasskeys.use_passkey("{}".into()).await];
        assert!(answers.iter().all(|answer| matches!(answer, Err(PasskeyError::NotSupported { .. }))));
    }
}
