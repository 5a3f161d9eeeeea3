//! Background time that is always granted, and passkeys that are never there.

use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use pforte_host::{BackgroundError, BackgroundTime, Grant, PasskeyError, PasskeyProvider};

use crate::PortLog;

/// Grants every wish for time.
pub struct GrantedBackground {
    granted: AtomicU64,
    log: PortLog,
}

impl GrantedBackground {
    /// Grants from now on.
    pub fn new(log: PortLog) -> Self {
        Self { granted: AtomicU64::new(0), log }
    }
}

impl BackgroundTime for GrantedBackground {
    fn begin(&self, task: String) -> Result<Grant, BackgroundError> {
        self.log.note("background_time.begin", &task);
        Ok(Grant { id: self.granted.fetch_add(1, Ordering::Relaxed) })
    }

    fn finish(&self, _grant: Grant) -> Result<(), BackgroundError> {
        self.log.note("background_time.finish", "");
        Ok(())
    }
}

/// A device without passkeys.
#[derive(Debug, Clone, Copy, Default)]
pub struct WithoutPasskeys;

#[async_trait]
impl PasskeyProvider for WithoutPasskeys {
    async fn register_passkey(&self, _options_json: String) -> Result<String, PasskeyError> {
        Err(PasskeyError::NotSupported { reason: "this test device has no passkeys".to_owned() })
    }

    async fn use_passkey(&self, _options_json: String) -> Result<String, PasskeyError> {
        Err(PasskeyError::NotSupported { reason: "this test device has no passkeys".to_owned() })
    }
}
