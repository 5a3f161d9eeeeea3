//! The gate, the lock's surroundings and the accounts.

use std::path::PathBuf;
use std::sync::Arc;

use pforte_client::host::FileStore;
use pforte_client::{Client, SecurityView, SignOutReport};

use crate::core::{PforteCore, open_folder};
use crate::engine::Engine;
use crate::values::Error;

/// The accounts that keep something in `folder`, in the order of their names. Opens none of them.
#[uniffi::export]
pub async fn accounts(folder: String) -> Result<Vec<String>, Error> {
    let engine = Engine::start()?;
    engine
        .run(async move {
            let files: Arc<dyn FileStore> = Arc::new(open_folder(PathBuf::from(folder)).await?);
            Client::accounts(files).await
        })
        .await
}

#[uniffi::export]
impl PforteCore {
    /// How the session is kept, and what the device offers. Prompts nobody.
    pub async fn security_view(&self) -> Result<SecurityView, Error> {
        let security = self.client().security();
        self.engine().run(async move { security.view().await }).await
    }

    /// Puts the open session behind finger or face. What could open it before opens nothing any more.
    pub async fn turn_gate_on(&self) -> Result<(), Error> {
        let security = self.client().security();
        self.engine().run(async move { security.turn_gate_on().await }).await
    }

    /// Takes the gate away from the open session, after the person has opened it once more. `FixConfiguration` where the
    /// policy requires the gate.
    pub async fn turn_gate_off(&self) -> Result<(), Error> {
        let security = self.client().security();
        self.engine().run(async move { security.turn_gate_off().await }).await
    }

    /// Puts another key in the place of the one behind finger or face, as after a new finger was enrolled.
    pub async fn renew_gate_key(&self) -> Result<(), Error> {
        let security = self.client().security();
        self.engine().run(async move { security.renew_gate_key().await }).await
    }

    /// Lets the device's own PIN, pattern or password open the session, too.
    pub async fn add_device_credential(&self) -> Result<(), Error> {
        let security = self.client().security();
        self.engine().run(async move { security.add_device_credential().await }).await
    }

    /// Takes that away again; prompts nobody.
    pub async fn remove_device_credential(&self) -> Result<(), Error> {
        let security = self.client().security();
        self.engine().run(async move { security.remove_device_credential().await }).await
    }

    /// Whether this device shows whose session it is while it is locked. Off until the person chooses it.
    pub async fn remember_person(&self, remembers: bool) -> Result<(), Error> {
        let security = self.client().security();
        self.engine().run(async move { security.remember_person(remembers).await }).await
    }

    /// Takes an unlock prompt off the screen; the call that showed it ends with `Cancelled`.
    pub async fn cancel_unlock(&self) -> Result<(), Error> {
        let client = self.client();
        self.engine().run(async move { client.cancel_unlock().await }).await
    }

    /// The app is in front again: locks where it was away for too long.
    pub async fn entered_foreground(&self) -> Result<(), Error> {
        let client = self.client();
        self.engine().run(async move { client.entered_foreground().await }).await
    }

    /// The app is about to leave the front for something of its own, such as the camera: for five minutes that does not
    /// lock.
    pub async fn announce_departure(&self) -> Result<(), Error> {
        let client = self.client();
        self.engine().run(async move { client.announce_departure().await }).await
    }

    /// The person did something in the app: where the policy locks an idle session, its time begins anew.
    pub async fn used(&self) -> Result<(), Error> {
        let client = self.client();
        self.engine().run(async move { client.used().await }).await
    }

    /// Signs the account out and removes everything of it from this device, the consent ledger included: export it before.
    /// Other accounts stay as they are. The client is of no use afterwards.
    pub async fn remove_account(&self) -> Result<SignOutReport, Error> {
        let client = self.client();
        self.engine().run(async move { client.remove_account().await }).await
    }
}
