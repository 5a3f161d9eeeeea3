//! Where the details go that a person filled in: to Kotlin or Swift.

use std::sync::Arc;

use async_trait::async_trait;
use pforte_client::ProfileField;
use uniffi::UnexpectedUniFFICallbackError;

use crate::core::PforteCore;
use crate::port_errors::undeclared;
use crate::values::Error;

/// Writes the details that a person filled in to their account, such as by the app's own server.
#[uniffi::export(foreign)]
#[async_trait]
pub trait ProfileWriter: Send + Sync {
    /// Writes details whose source is `self`. The same may come twice. After an error they stay on this device as they are,
    /// and are offered again.
    async fn write_profile(&self, fields: Vec<ProfileField>) -> Result<(), ProfileWriterError>;
}

/// Why details were not written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, uniffi::Error)]
pub enum ProfileWriterError {
    /// It failed; they are offered again.
    #[error("the details were not written: {reason}")]
    Failed {
        /// What happened.
        reason: String,
    },
}

impl From<UnexpectedUniFFICallbackError> for ProfileWriterError {
    fn from(error: UnexpectedUniFFICallbackError) -> Self {
        Self::Failed { reason: undeclared(&error.reason) }
    }
}

/// A foreign writer as the client's.
struct ForeignWriter(Arc<dyn ProfileWriter>);

#[async_trait]
impl pforte_client::ProfileWriter for ForeignWriter {
    async fn write(&self, fields: Vec<ProfileField>) -> Result<(), pforte_client::ProfileWriterError> {
        let written = self.0.write_profile(fields).await;
        written.map_err(|ProfileWriterError::Failed { reason }| pforte_client::ProfileWriterError { reason })
    }
}

#[uniffi::export]
impl PforteCore {
    /// Has `writer` told of each detail that the person fills in, from now on and of those that wait: once it is sealed on
    /// this device, and while the session is open. What it took has the source `account` then.
    pub async fn write_profile_to(&self, writer: Arc<dyn ProfileWriter>) -> Result<(), Error> {
        let client = self.client();
        self.engine()
            .run(async move {
                client.write_profile_to(Arc::new(ForeignWriter(writer)));
                Ok(())
            })
            .await
    }
}
