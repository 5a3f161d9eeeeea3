//! Sign-ins without a browser on this device, and what belongs to them.

use std::sync::Arc;

use pforte_client::{OtherDevice, OtherDeviceSignIn};

use crate::core::PforteCore;
use crate::engine::Engine;
use crate::values::Error;

/// A sign-in that waits for the person on another device (RFC 8628).
#[derive(uniffi::Object)]
pub struct OtherDeviceWait {
    engine: Engine,
    sign_in: Arc<OtherDeviceSignIn>,
}

#[uniffi::export]
impl OtherDeviceWait {
    /// What to show.
    pub fn shown(&self) -> OtherDevice {
        self.sign_in.shown.clone()
    }

    /// Waits until the person has confirmed, and settles how the session is kept. Cancelling ends the waiting, not the
    /// sign-in.
    pub async fn wait_for_person(&self) -> Result<(), Error> {
        let sign_in = self.sign_in.clone();
        self.engine.run(async move { sign_in.wait().await }).await
    }
}

#[uniffi::export]
impl PforteCore {
    /// Signs in on another device: gives out what the person types there. One that is still under way is taken up.
    pub async fn sign_in_on_other_device(&self) -> Result<Arc<OtherDeviceWait>, Error> {
        let client = self.client();
        let sign_in = self.engine().run(async move { client.sign_in_on_other_device().await }).await?;
        Ok(Arc::new(OtherDeviceWait { engine: self.engine().clone(), sign_in: Arc::new(sign_in) }))
    }

    /// Asks the provider for the person's details (OIDC Core 1.0, section 5.3), for a provider that puts none into the ID
    /// token.
    pub async fn fetch_profile(&self) -> Result<(), Error> {
        let client = self.client();
        self.engine().run(async move { client.fetch_profile().await }).await
    }

    /// The public key to register at the provider under `key_id` for `private_key_jwt`, as a JWK: this installation's own.
    pub async fn client_jwk(&self, key_id: String) -> Result<String, Error> {
        let client = self.client();
        self.engine().run(async move { client.client_jwk(&key_id).await }).await
    }
}
