//! One provider, one device, one client.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use pforte_client::{Client, Config, Entry, Error, HttpRequest, Status};
use pforte_host::{FileStore, Host, UserAgent};
use pforte_journeys::World;
use pforte_provider::{Act, Endpoint, Misbehaviour, Settings};

/// The variants of [`Error`], to be compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "they are named as there")]
pub enum Kind {
    Retry,
    SignInAgain,
    StepUpNeeded,
    Locked,
    FixConfiguration,
    Unavailable,
    Cancelled,
}

impl Kind {
    /// Which variant an error is.
    pub fn of(error: &Error) -> Self {
        match error {
            Error::Retry { .. } => Self::Retry,
            Error::SignInAgain { .. } => Self::SignInAgain,
            Error::StepUpNeeded { .. } => Self::StepUpNeeded,
            Error::Locked { .. } => Self::Locked,
            Error::FixConfiguration { .. } => Self::FixConfiguration,
            Error::Unavailable { .. } => Self::Unavailable,
            Error::Cancelled { .. } => Self::Cancelled,
        }
    }
}

/// Where an attack is tried.
pub struct Scene {
    /// The provider and the device.
    pub world: World,
    /// The client.
    pub client: Arc<Client>,
}

/// What may not change: the status and the files.
#[derive(Debug, PartialEq)]
pub struct Standing {
    status: Status,
    /// Byte by byte. The open file is left out: it holds the sign-in under way, and each sealing makes other bytes.
    files: BTreeMap<String, Vec<u8>>,
}

impl Standing {
    /// The status and the files' names. A refresh writes its intent down before it asks, so that its bytes differ.
    pub fn outline(&self) -> (&Status, Vec<&str>) {
        (&self.status, self.files.keys().map(String::as_str).collect())
    }
}

impl Scene {
    /// Nobody is signed in.
    pub async fn nobody() -> Self {
        Self::with(Self::automatic()).await
    }

    /// The same with other settings of the provider.
    pub async fn with(settings: Settings) -> Self {
        let world = World::with(settings).await;
        let client = opened(world.open().await);
        Self { world, client }
    }

    /// The same with another configuration and browser.
    pub async fn with_browser(configure: impl FnOnce(Config) -> Config, browser: Arc<dyn UserAgent>) -> Self {
        let world = World::with(Self::automatic()).await;
        let host = Host { user_agent: browser, ..world.device.host_with_files(world.files()) };
        let client = opened(Client::open(configure(world.config()), host).await);
        Self { world, client }
    }

    /// Alice is signed in, her session is behind the finger and open.
    pub async fn signed_in() -> Self {
        Self::nobody().await.after_signing_in().await
    }

    /// One with nobody, one with Alice: what must fail fails in both.
    pub async fn both() -> [Self; 2] {
        [Self::nobody().await, Self::signed_in().await]
    }

    /// Alice signs in without anybody in her way.
    pub async fn after_signing_in(self) -> Self {
        match self.client.enter("review.write").await {
            Ok(Entry::Cleared { .. }) => self,
            other => panic!("an honest sign-in did not come through: {other:?}"),
        }
    }

    /// A provider that signs Alice in without a page.
    pub fn automatic() -> Settings {
        Settings { automatic: Some("alice".to_owned()), ..Settings::default() }
    }

    /// What the provider does from now on, each once.
    pub fn will(&self, on: Endpoint, act: Act) {
        let accepted = self.world.control().misbehave(Misbehaviour::once(on, act));
        accepted.unwrap_or_else(|error| panic!("{error}"));
    }

    /// What the provider does until it behaves again.
    pub fn will_always(&self, on: Endpoint, act: Act) {
        let accepted = self.world.control().misbehave(Misbehaviour::always(on, act));
        accepted.unwrap_or_else(|error| panic!("{error}"));
    }

    /// The paths the provider was asked for, without metadata and keys, which may come from a cache.
    pub fn asked(&self) -> Vec<String> {
        let paths = self.world.control().log().into_iter().map(|entry| entry.path);
        paths.filter(|path| path != "/.well-known/openid-configuration" && path != "/jwks").collect()
    }

    /// How often the provider was asked for `path`.
    pub fn count(&self, path: &str) -> usize {
        self.world.control().log().iter().filter(|entry| entry.path == path).count()
    }

    /// What may not change.
    pub fn standing(&self) -> Standing {
        let files = self.world.files();
        let names = files.names().unwrap_or_default();
        // Processes agree by `.lock` and `.lease`; `.installed` says that this is no new device.
        let says_nothing =
            |name: &str| [".open", ".lock", ".lease", ".installed"].iter().any(|end| name.ends_with(end));
        let kept = names.into_iter().filter(|name| !says_nothing(name));
        let files = kept.map(|name| (name.clone(), read(&*files, &name))).collect();
        Standing { status: self.client.status(), files }
    }

    /// Every file, the open one included.
    pub fn all_files(&self) -> Vec<u8> {
        self.world.file_bytes()
    }

    /// A sign-in fails with this error and reason, after these requests and no other, and nothing is stored.
    pub async fn refuses_sign_in(&self, kind: Kind, reason: impl std::fmt::Display, asked: &[&str]) {
        let before = self.standing();
        let header = self.authorization().await;
        self.world.control().clear_log();
        let error = match self.client.sign_in(None).await {
            Err(error) => error,
            Ok(()) => panic!("the attack came through where this was expected: {reason}"),
        };
        self.holds(&error, kind, &reason, asked);
        assert_eq!(self.standing(), before, "{reason}: nothing may change");
        // Whoever was signed in still is, with the same token, and nobody was asked for another.
        assert_eq!(self.authorization().await, header, "{reason}");
        assert_eq!(self.asked(), asked, "{reason}");
        self.world.control().behave();
    }

    /// The error is of this kind, tells the reason, and the provider was asked for these paths.
    pub fn holds(&self, error: &Error, kind: Kind, reason: &impl std::fmt::Display, asked: &[&str]) {
        let reason = reason.to_string();
        assert_eq!(Kind::of(error), kind, "{error:?}");
        assert!(error.to_string().contains(&reason), "{error} does not say: {reason}");
        assert_eq!(self.asked(), asked, "{reason}: no request may follow");
    }

    /// The header that an open session hands out.
    pub async fn authorization(&self) -> Option<String> {
        self.client.authorization(self.world.issuer()).await.ok()
    }

    /// The access token has run out, here and at the provider.
    pub fn two_hours_later(&self) {
        self.world.control().advance_clock(7200);
        self.world.device.clock.advance(Duration::from_secs(7200));
    }

    /// An authorised call to the portal.
    pub fn reviews(&self) -> HttpRequest {
        self.get("/portal/reviews")
    }

    /// An authorised call to the provider's origin.
    pub fn get(&self, path: &str) -> HttpRequest {
        HttpRequest {
            method: "GET".to_owned(),
            url: format!("{}{path}", self.world.issuer()),
            headers: Vec::new(),
            body: Vec::new(),
        }
    }
}

fn opened(client: Result<Arc<Client>, Error>) -> Arc<Client> {
    client.unwrap_or_else(|error| panic!("the client did not open: {error}"))
}

fn read(files: &dyn FileStore, name: &str) -> Vec<u8> {
    files.read(name, u64::MAX - 1).ok().flatten().unwrap_or_default()
}
