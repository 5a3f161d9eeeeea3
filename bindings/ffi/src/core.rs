//! The one object.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use pforte_client::host::{Act, Answer, Ask, SecretText};
use pforte_client::{
    Challenge, Client, Config, Entry, ErasureReport, ExportFormat, HttpRequest, HttpResponse, PurposeView,
    SignOutReport, Status, SyncReport, Turn,
};
use pforte_platform::FolderFiles;
use tokio::task::JoinHandle;

use crate::caller::Caller;
use crate::engine::Engine;
use crate::event_sink::{EventSink, ForeignSink};
use crate::observer::{Observer, forward_events, forward_resumed, forward_status};
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
    /// A second call for the same touchpoint joins the first. When every caller is cancelled, the ask leaves the screen
    /// and counts as interrupted, not as given up: the next call resumes at the same ask.
    pub async fn enter(&self, touchpoint: String, caller: Arc<Caller>) -> Result<Entry, Error> {
        let client = self.client.clone();
        self.engine.run(caller.or_cancelled(async move { client.enter(&touchpoint).await })).await
    }

    /// Answers a server's step-up challenge, then the call can be made again (RFC 9470).
    pub async fn enter_challenge(&self, challenge: Challenge, caller: Arc<Caller>) -> Result<Entry, Error> {
        let client = self.client.clone();
        self.engine.run(caller.or_cancelled(async move { client.enter_challenge(challenge).await })).await
    }

    /// The next turn on the way to a touchpoint, for an app that draws its own screens: an ask, or the end. The
    /// presenter is not used. Called again before the answer, it gives the same ask; after the end of the process, too.
    pub async fn next(&self, touchpoint: String) -> Result<Turn, Error> {
        let client = self.client.clone();
        self.engine.run(async move { client.next(&touchpoint).await }).await
    }

    /// Takes the answer to an ask of `next` in, and gives the next turn. An answer to an ask that is no longer open
    /// changes nothing and ends in `Retry`.
    pub async fn answer(&self, ask: Ask, answer: Answer) -> Result<Turn, Error> {
        let client = self.client.clone();
        self.engine.run(async move { client.answer(ask, answer).await }).await
    }

    /// Signs in outside any touchpoint, for a plain "sign in" button.
    #[uniffi::method(default(route = None))]
    pub async fn sign_in(&self, route: Option<String>) -> Result<(), Error> {
        let client = self.client.clone();
        self.engine.run(async move { client.sign_in(route).await }).await
    }

    /// Hands over a redirect that reached the app by another way, after the process had ended during sign-in. Returns
    /// when the sign-in is done; the visit that had led to it goes on by itself, and its end is told to the observer.
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

    /// Signs out on this device, and then ends the provider's own session in the browser, so that its next page asks who
    /// is there. `post_logout_redirect_uri` is registered at the provider (RP-Initiated Logout 1.0).
    pub async fn sign_out_in_browser(
        &self,
        post_logout_redirect_uri: String,
    ) -> Result<SignOutReport, Error> {
        let client = self.client.clone();
        self.engine.run(async move { client.sign_out_in_browser(post_logout_redirect_uri).await }).await
    }

    /// Signs in with another token (RFC 8693), such as the ID token of a native social sign-in. `token_type` is its
    /// identifier, such as `urn:ietf:params:oauth:token-type:id_token`.
    pub async fn sign_in_with_token(&self, token: String, token_type: String) -> Result<(), Error> {
        let (client, token) = (self.client.clone(), SecretText::new(token));
        self.engine.run(async move { client.sign_in_with_token(token, token_type).await }).await
    }

    /// Takes over a session that another library began, by its refresh token, so that nobody has to sign in again.
    pub async fn adopt(&self, refresh_token: String) -> Result<(), Error> {
        let (client, token) = (self.client.clone(), SecretText::new(refresh_token));
        self.engine.run(async move { client.adopt(token).await }).await
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

    /// Has `observer` told of the present status, of each that follows, of each touchpoint event and of each resumed
    /// visit, until this object goes away.
    pub fn observe(&self, observer: Arc<dyn Observer>) {
        let forwarding = [
            self.engine.spawn(forward_status(self.client.statuses(), Arc::clone(&observer))),
            self.engine.spawn(forward_events(self.client.events(), Arc::clone(&observer))),
            self.engine.spawn(forward_resumed(self.client.resumed(), observer)),
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

    /// The ledger in use, in the form asked for; `{}` while there is none. It says up to which entry the account service
    /// has confirmed it.
    pub async fn consent_export(&self, format: ExportFormat) -> Result<String, Error> {
        let consent = self.client.consent();
        self.engine.run(async move { consent.export(format).await }).await
    }

    /// Takes an exported ledger (JSON-LD) in again, and returns how many of its records were new. What another device
    /// refused counts at once; what it granted counts where the account service has certified it.
    pub async fn consent_import(&self, document: String) -> Result<u64, Error> {
        let consent = self.client.consent();
        self.engine.run(async move { consent.import(document).await }).await
    }

    /// Erases the ledger in use (GDPR, Art. 17): nothing is granted any more, the evidence is destroyed at once, and the
    /// report says what remains and why. Works offline.
    pub async fn consent_erase(&self) -> Result<ErasureReport, Error> {
        let consent = self.client.consent();
        self.engine.run(async move { consent.erase().await }).await
    }

    /// Brings the known person's ledger and the account service's to the same state. Broken off, it is simply called
    /// again.
    pub async fn consent_sync(&self) -> Result<SyncReport, Error> {
        let consent = self.client.consent();
        self.engine.run(async move { consent.sync().await }).await
    }

    /// Tracks an event for a purpose. Returns whether it waits to be delivered: without a live grant it is dropped, here
    /// and once more before it leaves the device.
    pub async fn track(&self, event: String, purpose: String) -> Result<bool, Error> {
        let client = self.client.clone();
        self.engine.run(async move { client.track(&event, &purpose).await }).await
    }

    /// Hands tracked events to `sink` from now on, first those that wait.
    pub async fn deliver_events(&self, sink: Arc<dyn EventSink>) -> Result<(), Error> {
        let client = self.client.clone();
        self.engine
            .run(async move {
                client.deliver_events(Arc::new(ForeignSink(sink)));
                Ok(())
            })
            .await
    }
}

impl PforteCore {
    pub(crate) fn client(&self) -> Arc<Client> {
        self.client.clone()
    }

    pub(crate) fn engine(&self) -> &Engine {
        &self.engine
    }
}

impl Drop for PforteCore {
    fn drop(&mut self) {
        let held = self.forwarding.get_mut().unwrap_or_else(PoisonError::into_inner);
        held.iter().for_each(JoinHandle::abort);
    }
}

/// Opens the folder on a thread that may block.
pub(crate) async fn open_folder(folder: PathBuf) -> Result<FolderFiles, Error> {
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
