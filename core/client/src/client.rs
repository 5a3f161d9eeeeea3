//! The client.

use std::sync::{Arc, Mutex, PoisonError};

use pforte_gate::{Policy, PolicySource, PromptUse};
use pforte_host::{Answer, Ask, FileStore, Host, Moment};
use pforte_journey::TouchpointEvent;
use pforte_session::lock::LockPolicy;
use pforte_session::{Session, SessionSettings, SignOutReport, Status};
use pforte_transport::{Transport, TransportSettings};
use tokio::sync::{broadcast, watch};

use crate::drive::{Aim, Drive, Progress};
use crate::drives::Drives;
use crate::error::{browser_closed, policy_mistakes, provider_without_worth};
use crate::profile_writing::ProfileWriting;
use crate::track::Tracking;
use crate::{
    AppCall, Challenge, Config, Consent, Entry, Error, Header, HttpRequest, HttpResponse, Resumed, Security,
    Turn, calls,
};

/// How many events a slow observer may lag behind before it misses some.
const EVENTS_KEPT: usize = 256;

/// Names the visit of a plain sign-in.
pub(crate) const SIGN_IN: &str = "sign-in";

/// Names the visit that answers a server's challenge.
const STEP_UP: &str = "step-up";

/// One app's client; one instance a process and account.
pub struct Client {
    pub(crate) config: Config,
    pub(crate) policy: Policy,
    pub(crate) host: Host,
    pub(crate) session: Session,
    pub(crate) transport: Transport,
    events: broadcast::Sender<TouchpointEvent>,
    /// Who is on the way to which touchpoint.
    pub(crate) drives: Drives,
    resumed: broadcast::Sender<Resumed>,
    /// Ends that came before anybody followed them.
    unheard: Mutex<Vec<Resumed>>,
    /// Events for purposes that wait to be delivered.
    pub(crate) tracking: Tracking,
    pub(crate) profile_writing: ProfileWriting,
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
        config.provider.protocol.judge_apis(&config.api_origins)?;
        let policy = Policy::parse(&source).map_err(|mistakes| policy_mistakes(&mistakes))?;
        if !policy.values_sign_ins_of(&config.provider.name) {
            return Err(provider_without_worth(&config.provider.name));
        }
        let transport = Transport::new(TransportSettings {
            allow_loopback_http: config.provider.allow_loopback_http,
            pins: config.provider.protocol.pins()?,
            ..TransportSettings::default()
        })
        .map_err(|error| Error::FixConfiguration { hint: error.to_string() })?;
        let settings = SessionSettings {
            account: config.account.clone(),
            provider: config.provider.settings(&config),
            consent_service: config
                .consent_service
                .as_ref()
                .map(crate::ConsentService::settings)
                .transpose()?,
        };
        let session = Session::open(settings, host.clone(), transport.clone()).await?;
        let lock = policy.lock();
        let rules = LockPolicy {
            on_background: lock.on_background,
            grace_ms: lock.grace_s.saturating_mul(1000),
            idle_ms: lock.idle_s.map(|idle_s| idle_s.saturating_mul(1000)),
            open_at_most_ms: lock.open_at_most_s.map(|open_s| open_s.saturating_mul(1000)),
        };
        session.lock_by(rules).await?;
        Ok(Arc::new(Self {
            config,
            policy,
            host,
            session,
            transport: transport.with_max_body_bytes(calls::MAX_BODY_BYTES),
            events: broadcast::Sender::new(EVENTS_KEPT),
            drives: Drives::default(),
            resumed: broadcast::Sender::new(EVENTS_KEPT),
            unheard: Mutex::default(),
            tracking: Tracking::default(),
            profile_writing: ProfileWriting::default(),
        }))
    }

    /// May this go ahead? Asks what is missing, one thing at a time, until the touchpoint is cleared or given up.
    ///
    /// A second call for the same touchpoint joins the first. When every caller has gone away (the future was dropped),
    /// the ask leaves the screen and counts as interrupted, not as given up: the next call resumes at the same ask.
    /// Work under way, such as a sign-in in the browser or a token rotation, goes on to its end.
    pub async fn enter(self: &Arc<Self>, touchpoint: &str) -> Result<Entry, Error> {
        Drives::join(self, touchpoint, |progress, interruption| {
            self.to_touchpoint(touchpoint, progress).present(interruption)
        })
        .await
    }

    /// Answers a server's step-up challenge (RFC 9470); then the call can be made again.
    pub async fn enter_challenge(self: &Arc<Self>, challenge: Challenge) -> Result<Entry, Error> {
        Drives::join(self, STEP_UP, |progress, interruption| {
            let aim = Aim::Challenge { challenge, answered: false };
            Drive::new(self.clone(), STEP_UP.to_owned(), aim, progress).present(interruption)
        })
        .await
    }

    /// Enters `touchpoint`, runs `work`, and once more after a server's step-up challenge was answered.
    ///
    /// [`Error::Cancelled`] says that the touchpoint was not cleared, or the challenge not answered: then `work` has not
    /// been done.
    pub async fn call<T, F>(self: &Arc<Self>, touchpoint: &str, work: impl Fn() -> F) -> Result<T, Error>
    where
        F: Future<Output = Result<T, Error>>,
    {
        cleared(self.enter(touchpoint).await?)?;
        match work().await {
            Err(Error::StepUpNeeded { challenge, .. }) => {
                cleared(self.enter_challenge(challenge).await?)?;
                work().await
            }
            done => done,
        }
    }

    /// The next turn on the way to `touchpoint`, for an app that draws its own screens: an ask, or the end. The
    /// presenter is not used. Called again before the answer, it gives the same ask; after the end of the process, too.
    pub async fn next(self: &Arc<Self>, touchpoint: &str) -> Result<Turn, Error> {
        self.turn(touchpoint.to_owned(), None).await
    }

    /// Takes the answer to an ask of [`Client::next`] in, and gives the next turn.
    ///
    /// An answer to an ask that is no longer open changes nothing and ends in [`Error::Retry`].
    pub async fn answer(self: &Arc<Self>, ask: Ask, answer: Answer) -> Result<Turn, Error> {
        self.turn(ask.touchpoint.clone(), Some((ask, answer))).await
    }

    /// Signs in outside any touchpoint, for a plain "sign in" button, and settles how the session is kept.
    pub async fn sign_in(self: &Arc<Self>, route: Option<String>) -> Result<(), Error> {
        let entry = Drives::join(self, SIGN_IN, |progress, interruption| {
            Drive::new(self.clone(), SIGN_IN.to_owned(), Aim::SignIn, progress).sign_in(route, interruption)
        })
        .await?;
        match entry {
            Entry::Cleared { .. } => Ok(()),
            Entry::Abandoned { .. } => Err(browser_closed()),
            Entry::Stopped { reason } => Err(Error::Cancelled { hint: reason }),
        }
    }

    /// Hands over a redirect that reached the app by another way, after the process had ended during sign-in.
    ///
    /// Returns when the sign-in is done. The visit that had led to it goes on by itself, with the host's presenter, and
    /// its end comes through [`Client::resumed`].
    pub async fn resume(self: &Arc<Self>, callback_url: &str) -> Result<(), Error> {
        let signed_in = self.session.resume(callback_url.to_owned()).await?;
        let touchpoint = signed_in.touchpoint.unwrap_or_else(|| SIGN_IN.to_owned());
        let client = self.clone();
        tokio::spawn(async move {
            let result = Drives::join(&client, &touchpoint, |progress, interruption| {
                let drive = match touchpoint.as_str() {
                    SIGN_IN | STEP_UP => {
                        Drive::new(client.clone(), touchpoint.clone(), Aim::SignIn, progress)
                    }
                    _ => client.to_touchpoint(&touchpoint, progress),
                };
                drive.go_on_after_sign_in(signed_in.stepped_up, interruption)
            })
            .await;
            client.announce(Resumed { touchpoint, end: result.into() });
        });
        Ok(())
    }

    /// Follows the ends of visits that began in an earlier process. What came before anybody followed is told first,
    /// once.
    pub fn resumed(&self) -> (Vec<Resumed>, broadcast::Receiver<Resumed>) {
        let mut unheard = self.unheard.lock().unwrap_or_else(PoisonError::into_inner);
        (std::mem::take(&mut *unheard), self.resumed.subscribe())
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

    /// Takes an unlock prompt off the screen; the call that showed it ends with [`Error::Cancelled`].
    pub async fn cancel_unlock(self: &Arc<Self>) -> Result<(), Error> {
        Ok(self.session.cancel_unlock().await?)
    }

    /// The app left the front: locks where the policy says so, after the policy's grace. Browser and prompts of the client
    /// are exempt for five minutes; not to be called for being merely inactive.
    pub async fn entered_background(self: &Arc<Self>) -> Result<(), Error> {
        Ok(self.session.left_front().await?)
    }

    /// The app is in front again.
    pub async fn entered_foreground(self: &Arc<Self>) -> Result<(), Error> {
        Ok(self.session.came_to_front().await?)
    }

    /// The app is about to leave the front for something of its own, such as the camera: for five minutes that does not
    /// lock.
    pub async fn announce_departure(self: &Arc<Self>) -> Result<(), Error> {
        Ok(self.session.announce_departure().await?)
    }

    /// The person did something in the app: where the policy locks an idle session, its time begins anew. Unlocking,
    /// choosing and filling in count by themselves; calls do not, because an app that polls would never be idle.
    pub async fn used(self: &Arc<Self>) -> Result<(), Error> {
        Ok(self.session.used().await?)
    }

    /// The accounts that keep something in the folder of `files`, in the order of their names. Opens none of them;
    /// [`Config::account`] names the one to open.
    pub async fn accounts(files: Arc<dyn FileStore>) -> Result<Vec<String>, Error> {
        Ok(pforte_session::accounts_in(files).await?)
    }

    /// Signs the account out and removes everything of it from this device: secrets, files, device keys, and the consent
    /// ledger, which is evidence: export it before. Other accounts stay as they are. The client is of no use afterwards.
    pub async fn remove_account(self: &Arc<Self>) -> Result<SignOutReport, Error> {
        self.tracking.forget(None);
        Ok(self.session.remove().await?)
    }

    /// Ends the session on this device at once, then at the provider. Where it is locked, the person is offered to open it
    /// once, so that the provider can be told; refused, the report says that its session may live on.
    pub async fn sign_out(self: &Arc<Self>) -> Result<SignOutReport, Error> {
        self.tracking.forget(None);
        let prompt = self.policy.prompt(PromptUse::Unlock, &self.config.locale);
        Ok(self.session.sign_out_offering_unlock(prompt).await?)
    }

    /// Makes an authorised call to a listed API origin. Token, refresh and one retry after a refused token stay
    /// inside; a step-up challenge comes out as [`Error::StepUpNeeded`].
    pub async fn send(self: &Arc<Self>, request: HttpRequest) -> Result<HttpResponse, Error> {
        calls::send(self, request).await
    }

    /// Begins a call to a listed API origin that another HTTP stack makes: [`AppCall`] says what it has to send.
    pub async fn begin_call(self: &Arc<Self>, method: &str, url: &str) -> Result<AppCall, Error> {
        AppCall::begin(self.clone(), method, url).await
    }

    /// The `Authorization` header's value for a request that another HTTP stack makes to a listed API origin.
    pub async fn authorization(self: &Arc<Self>, url: &str) -> Result<String, Error> {
        calls::authorization(self, url).await
    }

    /// The headers that authorise one request of another HTTP stack to a listed API origin: `authorization`, and `dpop`
    /// where the token is bound. Each set is for one sending of that very request.
    pub async fn authorize(self: &Arc<Self>, request: &HttpRequest) -> Result<Vec<Header>, Error> {
        calls::authorize(self, request).await
    }

    /// Judges the response that another HTTP stack got. Headers come back where the same request is to be sent once more:
    /// with the server's nonce, or after a refused token. `request` holds the headers it was sent with; call it at most
    /// once for each of the two reasons, as [`Client::send`] does. A step-up challenge is [`Error::StepUpNeeded`].
    pub async fn authorize_again(
        self: &Arc<Self>,
        request: &HttpRequest,
        response: &HttpResponse,
    ) -> Result<Option<Vec<Header>>, Error> {
        calls::authorize_again(self, request, response).await
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

    /// The gate before the session.
    pub fn security(self: &Arc<Self>) -> Security {
        Security::new(self.clone())
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

    fn to_touchpoint(self: &Arc<Self>, touchpoint: &str, progress: Progress) -> Drive {
        Drive::new(self.clone(), touchpoint.to_owned(), Aim::Touchpoint(touchpoint.to_owned()), progress)
    }

    /// Runs beside its caller: an answer that is being taken in is not cut off.
    async fn turn(
        self: &Arc<Self>,
        touchpoint: String,
        answered: Option<(Ask, Answer)>,
    ) -> Result<Turn, Error> {
        let mut drive =
            Drives::sit_down(self, &touchpoint, |progress| self.to_touchpoint(&touchpoint, progress))?;
        let client = self.clone();
        let turn = tokio::spawn(async move {
            let turn = drive.turn(answered).await;
            let ended = matches!(turn, Ok(Turn::Ended { .. }));
            client.drives.stand_up(&touchpoint, (!ended).then_some(drive));
            turn
        });
        turn.await.unwrap_or_else(|_| {
            Err(Error::Unavailable {
                hint: "A port panicked. Open the client again, and report this.".to_owned(),
            })
        })
    }

    fn announce(&self, end: Resumed) {
        let mut unheard = self.unheard.lock().unwrap_or_else(PoisonError::into_inner);
        if let Err(nobody) = self.resumed.send(end) {
            unheard.push(nobody.0);
        }
    }
}

fn cleared(entry: Entry) -> Result<(), Error> {
    match entry {
        Entry::Cleared { .. } => Ok(()),
        Entry::Stopped { reason } => Err(Error::Cancelled { hint: reason }),
        Entry::Abandoned { at } => Err(Error::Cancelled {
            hint: format!("The person gave up at: {at}. Nothing was done; offer it again."),
        }),
    }
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Client(..)")
    }
}
