//! The client.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use pforte_gate::{Policy, PolicySource, PromptUse};
use pforte_host::{Host, Moment};
use pforte_journey::TouchpointEvent;
use pforte_session::{Session, SessionSettings, SignOutReport, Status};
use pforte_transport::{Transport, TransportSettings};
use tokio::sync::{broadcast, watch};

use crate::drive::Drive;
use crate::error::{browser_closed, policy_mistakes};
use crate::{Challenge, Config, Consent, Entry, Error, HttpRequest, HttpResponse, calls};

/// How many events a slow observer may lag behind before it misses some.
const EVENTS_KEPT: usize = 256;

/// The end of a drive, for everybody who waits for it.
pub(crate) type Ending = watch::Receiver<Option<Result<Entry, Error>>>;

/// One app's client; one instance a process and account.
pub struct Client {
    pub(crate) config: Config,
    pub(crate) policy: Policy,
    pub(crate) host: Host,
    pub(crate) session: Session,
    pub(crate) transport: Transport,
    events: broadcast::Sender<TouchpointEvent>,
    /// The drives under way, by touchpoint: a second `enter` joins the first.
    drives: Mutex<HashMap<String, Ending>>,
    /// How many drives were begun; names a flow.
    flows: std::sync::atomic::AtomicU64,
}

impl Client {
    /// Opens the client: reads the policy and the account's files. Prompts nobody, uses no network. Needs a tokio
    /// runtime.
    pub async fn open(config: Config, host: Host) -> Result<Arc<Self>, Error> {
        let source = PolicySource {
            policy_toml: config.policy.policy_toml.clone(),
            texts: config
                .policy
                .texts
                .iter()
                .map(|texts| (texts.locale.clone(), texts.toml.clone()))
                .collect(),
        };
        let policy = Policy::parse(&source).map_err(|mistakes| policy_mistakes(&mistakes))?;
        let transport = Transport::new(TransportSettings {
            allow_loopback_http: config.provider.allow_loopback_http,
            ..TransportSettings::default()
        })
        .map_err(|error| Error::FixConfiguration { hint: error.to_string() })?;
        let settings =
            SessionSettings { account: config.account.clone(), provider: config.provider.settings(&config) };
        let session = Session::open(settings, host.clone(), transport.clone()).await?;
        Ok(Arc::new(Self {
            config,
            policy,
            host,
            session,
            transport,
            events: broadcast::Sender::new(EVENTS_KEPT),
            drives: Mutex::default(),
            flows: std::sync::atomic::AtomicU64::new(0),
        }))
    }

    /// May this go ahead? Asks what is missing, one thing at a time, until the touchpoint is cleared or given up.
    ///
    /// A second call for the same touchpoint joins the first. A caller that goes away ends its waiting, not the ask on
    /// the screen: the next call joins it.
    pub async fn enter(self: &Arc<Self>, touchpoint: &str) -> Result<Entry, Error> {
        self.join(touchpoint.to_owned(), |client, flow| {
            let touchpoint = touchpoint.to_owned();
            async move { Drive::new(client, flow, touchpoint).enter().await }
        })
        .await
    }

    /// Answers a server's step-up challenge (RFC 9470); then the call can be made again.
    pub async fn enter_challenge(self: &Arc<Self>, challenge: Challenge) -> Result<Entry, Error> {
        self.join("step-up".to_owned(), |client, flow| async move {
            Drive::new(client, flow, "step-up".to_owned()).answer(challenge).await
        })
        .await
    }

    /// Signs in outside any touchpoint, for a plain "sign in" button, and settles how the session is kept.
    pub async fn sign_in(self: &Arc<Self>, route: Option<String>) -> Result<(), Error> {
        let entry = self
            .join("sign-in".to_owned(), |client, flow| async move {
                Drive::new(client, flow, "sign-in".to_owned()).sign_in(route).await
            })
            .await?;
        match entry {
            Entry::Cleared { .. } => Ok(()),
            Entry::Abandoned { .. } => Err(browser_closed()),
            Entry::Stopped { reason } => Err(Error::Cancelled { hint: reason }),
        }
    }

    /// Hands over a redirect that reached the app by another way, after the process had ended during sign-in.
    pub async fn resume(self: &Arc<Self>, callback_url: &str) -> Result<(), Error> {
        Ok(self.session.resume(callback_url.to_owned()).await?)
    }

    /// Opens the locked session: a key operation behind finger or face.
    pub async fn unlock(self: &Arc<Self>) -> Result<(), Error> {
        let prompt = self.policy.prompt(PromptUse::Unlock, &self.config.locale);
        Ok(self.session.unlock(prompt).await?)
    }

    /// Locks at once; ends a prompt on the screen.
    pub async fn lock(self: &Arc<Self>) -> Result<(), Error> {
        Ok(self.session.lock().await?)
    }

    /// The app left the front: locks where the policy says so. Not to be called for a departure to the browser or a
    /// prompt of our own.
    pub async fn entered_background(self: &Arc<Self>) -> Result<(), Error> {
        if self.policy.lock().on_background { self.lock().await } else { Ok(()) }
    }

    /// Ends the session on this device at once, then at the provider.
    pub async fn sign_out(self: &Arc<Self>) -> Result<SignOutReport, Error> {
        Ok(self.session.sign_out().await?)
    }

    /// Makes an authorised call to a listed API origin. Token, refresh and one retry after a refused token stay
    /// inside; a step-up challenge comes out as [`Error::StepUpNeeded`].
    pub async fn send(self: &Arc<Self>, request: HttpRequest) -> Result<HttpResponse, Error> {
        calls::send(self, request).await
    }

    /// The `Authorization` header's value for a request that another HTTP stack makes to a listed API origin.
    pub async fn authorization(self: &Arc<Self>, url: &str) -> Result<String, Error> {
        calls::authorization(self, url).await
    }

    /// The status now.
    pub fn status(&self) -> Status {
        self.session.status()
    }

    /// Follows the status, starting with the present one.
    pub fn statuses(&self) -> watch::Receiver<Status> {
        self.session.statuses()
    }

    /// Follows the touchpoint events from now on.
    pub fn events(&self) -> broadcast::Receiver<TouchpointEvent> {
        self.events.subscribe()
    }

    /// The last transitions in words, newest first, for the app's support screen.
    pub fn why(&self) -> Vec<String> {
        self.session.why()
    }

    /// The person's consents.
    pub fn consent(self: &Arc<Self>) -> Consent {
        Consent::new(self.clone())
    }

    pub(crate) fn now(&self) -> Moment {
        self.host.clock.now()
    }

    pub(crate) fn observe(&self, event: TouchpointEvent) {
        // Nobody observing is no error.
        drop(self.events.send(event));
    }

    /// Starts a drive beside its caller, or joins the one under way under the same name.
    async fn join<F>(
        self: &Arc<Self>,
        name: String,
        start: impl FnOnce(Arc<Self>, u64) -> F,
    ) -> Result<Entry, Error>
    where
        F: Future<Output = Result<Entry, Error>> + Send + 'static,
    {
        let mut ending = {
            let mut drives = self.drives.lock().unwrap_or_else(PoisonError::into_inner);
            match drives.get(&name) {
                Some(ending) => ending.clone(),
                None => {
                    let flow = self.flows.fetch_add(1, std::sync::atomic::Ordering::Relaxed) + 1;
                    let (done, ending) = watch::channel(None);
                    drives.insert(name.clone(), ending.clone());
                    let (client, work) = (self.clone(), start(self.clone(), flow));
                    tokio::spawn(async move {
                        let leaves = Leaves { client, name };
                        let result = work.await;
                        // Off the list first: who enters after the end begins anew.
                        drop(leaves);
                        done.send_replace(Some(result));
                    });
                    ending
                }
            }
        };
        let ended = ending.wait_for(Option::is_some).await;
        match ended {
            Ok(result) => result.clone().unwrap_or_else(|| Err(interrupted())),
            Err(_) => Err(interrupted()),
        }
    }
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Client(..)")
    }
}

/// Takes a drive off the list when it ends, also when a port panics.
struct Leaves {
    client: Arc<Client>,
    name: String,
}

impl Drop for Leaves {
    fn drop(&mut self) {
        self.client.drives.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.name);
    }
}

fn interrupted() -> Error {
    Error::Retry { after_seconds: 0, hint: "The entry was interrupted; call enter again.".to_owned() }
}
