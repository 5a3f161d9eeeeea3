//! The one object.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use pforte_client::host::Act;
use pforte_client::{
    Challenge, Client, Config, Entry, HttpRequest, HttpResponse, PurposeView, SignOutReport, Status,
};
use pforte_platform::FolderFiles;
use tokio::task::JoinHandle;

use crate::engine::Engine;
use crate::observer::{Observer, forward_events, forward_status};
use crate::ports::Ports;
use crate::values::Error;

/// One app's client; one instance a process and account.
///
/// Every call leaves the caller's thread. Cancelling the caller ends the waiting, never the work.
#[derive(uniffi::Object)]
pub struct PforteCore {
    engine: Engine,
    client: Arc<Client>,
    forwarding: Mutex<Vec<JoinHandle<()>>>,
}

#[uniffi::export]
impl PforteCore {
    /// Starts the client: reads the policy, the vault's open part and the clock. Prompts nobody, uses no network.
    ///
    /// `folder` is where the sealed files go: private to the app, excluded from backups; made where it is missing.
    #[uniffi::constructor]
    pub async fn start(config: Config, ports: Ports, folder: String) -> Result<Arc<Self>, Error> {
        let engine = Engine::start()?;
        let client = engine
            .run(async move {
                let files = open_folder(PathBuf::from(folder)).await?;
                Client::open(config, ports.into_host(files)).await
            })
            .await?;
        Ok(Arc::new(Self { engine, client, forwarding: Mutex::default() }))
    }

    /// May this go ahead? Asks what is missing, one thing at a time, until the touchpoint is cleared or given up.
    ///
    /// A second call for the same touchpoint joins the first. A caller that goes away ends its waiting, not the ask on
    /// the screen: the next call joins it.
    pub async fn enter(&self, touchpoint: String) -> Result<Entry, Error> {
        let client = self.client.clone();
        self.engine.run(async move { client.enter(&touchpoint).await }).await
    }

    /// Answers a server's step-up challenge, then the call can be made again (RFC 9470).
    pub async fn enter_challenge(&self, challenge: Challenge) -> Result<Entry, Error> {
        let client = self.client.clone();
        self.engine.run(async move { client.enter_challenge(challenge).await }).await
    }

    /// Signs in outside any touchpoint, for a plain "sign in" button.
    #[uniffi::method(default(route = None))]
    pub async fn sign_in(&self, route: Option<String>) -> Result<(), Error> {
        let client = self.client.clone();
        self.engine.run(async move { client.sign_in(route).await }).await
    }

    /// Hands over a redirect that reached the app by another way, after the process had ended during sign-in.
    pub async fn resume(&self, callback_url: String) -> Result<(), Error> {
        let client = self.client.clone();
        self.engine.run(async move { client.resume(&callback_url).await }).await
    }

    /// Opens the locked session: a key operation behind finger or face.
    pub async fn unlock(&self) -> Result<(), Error> {
        let client = self.client.clone();
        self.engine.run(async move { client.unlock().await }).await
    }

    /// Locks at once; ends a prompt on the screen.
    pub async fn lock(&self) -> Result<(), Error> {
        let client = self.client.clone();
        self.engine.run(async move { client.lock().await }).await
    }

    /// The app left the front: locks where the policy says so. Not to be called for a departure to the browser or a
    /// prompt of our own.
    pub async fn entered_background(&self) -> Result<(), Error> {
        let client = self.client.clone();
        self.engine.run(async move { client.entered_background().await }).await
    }

    /// Ends the session on this device at once, then at the provider.
    pub async fn sign_out(&self) -> Result<SignOutReport, Error> {
        let client = self.client.clone();
        self.engine.run(async move { client.sign_out().await }).await
    }

    /// Makes an authorised call to a listed API origin. Token, refresh and one retry after a refused token stay inside; a
    /// step-up challenge comes out as `StepUpNeeded`.
    pub async fn send(&self, request: HttpRequest) -> Result<HttpResponse, Error> {
        let client = self.client.clone();
        self.engine.run(async move { client.send(request).await }).await
    }

    /// The `Authorization` header's value for a request that another HTTP stack makes to a listed API origin.
    pub async fn authorization(&self, url: String) -> Result<String, Error> {
        let client = self.client.clone();
        self.engine.run(async move { client.authorization(&url).await }).await
    }

    /// The status now.
    pub fn status(&self) -> Status {
        self.client.status()
    }

    /// The last transitions in words, newest first, for the app's support screen.
    pub fn why(&self) -> Vec<String> {
        self.client.why()
    }

    /// Has `observer` told of the present status, of each that follows and of each touchpoint event, until this object
    /// goes away.
    pub fn observe(&self, observer: Arc<dyn Observer>) {
        let forwarding = [
            self.engine.spawn(forward_status(self.client.statuses(), Arc::clone(&observer))),
            self.engine.spawn(forward_events(self.client.events(), observer)),
        ];
        let mut held = self.forwarding.lock().unwrap_or_else(PoisonError::into_inner);
        held.retain(|task| !task.is_finished());
        held.extend(forwarding.into_iter().flatten());
    }

    /// Every purpose of the policy with its state: what, for whom, since when, how to revoke.
    pub async fn consent_purposes(&self) -> Result<Vec<PurposeView>, Error> {
        let consent = self.client.consent();
        self.engine.run(async move { consent.purposes().await }).await
    }

    /// Takes a consent back, or objects where the basis is legitimate interest. Works offline.
    pub async fn consent_withdraw(&self, purpose: String, act: Act) -> Result<(), Error> {
        let consent = self.client.consent();
        self.engine.run(async move { consent.withdraw(purpose, act).await }).await
    }

    /// Agrees from a settings screen that shows the purpose's text as `consentPurposes` returns it.
    pub async fn consent_grant(&self, purpose: String, act: Act) -> Result<(), Error> {
        let consent = self.client.consent();
        self.engine.run(async move { consent.grant(purpose, act).await }).await
    }

    /// Every entry of the ledger, oldest first, as JSON for display.
    pub async fn consent_history(&self) -> Result<String, Error> {
        let consent = self.client.consent();
        self.engine.run(async move { consent.history().await }).await
    }

    /// The ledger as evidence the person can keep (JSON-LD in the shape of ISO/IEC TS 27560).
    pub async fn consent_export(&self) -> Result<String, Error> {
        let consent = self.client.consent();
        self.engine.run(async move { consent.export().await }).await
    }
}

impl Drop for PforteCore {
    fn drop(&mut self) {
        let held = self.forwarding.get_mut().unwrap_or_else(PoisonError::into_inner);
        held.iter().for_each(JoinHandle::abort);
    }
}

/// Opens the folder on a thread that may block.
async fn open_folder(folder: PathBuf) -> Result<FolderFiles, Error> {
    let shown = folder.display().to_string();
    let opened = tokio::task::spawn_blocking(move || FolderFiles::open(folder)).await;
    match opened {
        Ok(Ok(files)) => Ok(files),
        Ok(Err(error)) => Err(Error::Unavailable {
            hint: format!(
                "The folder {shown} can't be used: {error}. Name a folder that is private to the app."
            ),
        }),
        Err(_) => Err(Error::Unavailable { hint: format!("The folder {shown} can't be opened.") }),
    }
}
