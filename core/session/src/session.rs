//! The handle of one account's session.

use std::sync::Arc;

use pforte_consent::{ExportContext, HistoryLine, Rule, Standing, Statement};
use pforte_host::{GateAvailability, Host, Prompt, SecretText};
use pforte_oauth::AuthorizeOptions;
use pforte_transport::Transport;
use pforte_vault::{AccountId, Vault, VaultError};
use tokio::sync::{mpsc, watch};

use crate::consent_book::ConsentBook;
use crate::context::Context;
use crate::keeper::{Command, Keeper};
use crate::lock::LockState;
use crate::sign_in::{self, ask};
use crate::transitions::Transitions;
use crate::{ProfileField, SessionError, SessionSettings, SignOutReport, Status};

/// An access token, as it is presented. Redacted in `Debug`, wiped on drop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// The authentication scheme: `Bearer` or `DPoP`.
    pub scheme: String,
    /// The token itself.
    pub value: SecretText,
}

/// What a decision may know about the session. No secret in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionView {
    /// Where the lock is.
    pub lock: LockState,
    /// The authentication context class of the sign-in (`acr`), while open.
    pub acr: Option<String>,
    /// When the person signed in, in milliseconds since 1970 by the provider's time, while open.
    pub auth_time_ms: Option<i64>,
    /// The provider's time (milliseconds since 1970) minus this boot's elapsed time, while open.
    pub provider_ahead_ms: Option<i64>,
    /// When the person last proved to be there, by finger or face or by signing in, in milliseconds of this boot's
    /// elapsed time.
    pub proved_elapsed_ms: Option<u64>,
    /// How the session is kept on this device.
    pub kept: Kept,
    /// What is known about the person, while open.
    pub profile: Vec<ProfileField>,
}

/// How a session is kept on a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Kept {
    /// There is none, or it is in memory only.
    #[default]
    Not,
    /// Sealed with the device's own key; opening it prompts nobody.
    OnDevice,
    /// Sealed behind finger, face or device credential.
    BehindGate,
}

/// Where a purpose stands, and which text that rests on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PurposeStanding {
    /// Where it stands.
    pub standing: Standing,
    /// The text that was shown: `id@revision`, while its evidence is there.
    pub text_id: Option<String>,
    /// The language it was shown in (BCP 47).
    pub locale: Option<String>,
}

/// One account's session. Cheap to clone; what is in memory is wiped when the last clone is gone.
#[derive(Clone)]
pub struct Session {
    context: Arc<Context>,
    keeper: mpsc::UnboundedSender<Command>,
    status: watch::Receiver<Status>,
    view: watch::Receiver<SessionView>,
    transitions: Transitions,
}

impl Session {
    /// Opens the account's files. Prompts nobody, uses no network. Needs a tokio runtime.
    pub async fn open(
        settings: SessionSettings,
        host: Host,
        transport: Transport,
    ) -> Result<Self, SessionError> {
        let account = AccountId::new(&settings.account)
            .map_err(|error| SessionError::Configuration { hint: error.to_string() })?;
        let (files, secrets) = (host.files.clone(), host.secret_store.clone());
        let transitions = Transitions::default();
        let opened = transitions.clone();
        let clock = host.clock.clone();
        let open = move || match Vault::open(&account, files.clone(), secrets.clone()) {
            Err(VaultError::Lost { .. }) => {
                opened.note(clock.wall_ms(), "files of another device or installation were set aside");
                Vault::start_anew(&account, files, secrets)
            }
            opened => opened,
        };
        let vault = tokio::task::spawn_blocking(open)
            .await
            .map_err(|_| SessionError::Internal { what: "a port panicked" })??;
        let context = Arc::new(Context::new(settings, host, transport, vault));
        let (keeper, commands) = mpsc::unbounded_channel();
        let (status_sender, status) = watch::channel(Status::SignedOut);
        let (view_sender, view) = watch::channel(SessionView {
            lock: LockState::SignedOut,
            acr: None,
            auth_time_ms: None,
            provider_ahead_ms: None,
            proved_elapsed_ms: None,
            kept: Kept::Not,
            profile: Vec::new(),
        });
        let task = Keeper::open(
            context.clone(),
            keeper.downgrade(),
            status_sender,
            view_sender,
            transitions.clone(),
        )
        .await?;
        tokio::spawn(task.run(commands));
        Ok(Self { context, keeper, status, view, transitions })
    }

    /// The status now.
    pub fn status(&self) -> Status {
        self.status.borrow().clone()
    }

    /// Follows the status.
    pub fn statuses(&self) -> watch::Receiver<Status> {
        self.status.clone()
    }

    /// What a decision may know.
    pub fn view(&self) -> SessionView {
        self.view.borrow().clone()
    }

    /// The provider's time now, in milliseconds since 1970, while the session is open: the clock that `auth_time` and
    /// token expiry go by.
    pub fn provider_now_ms(&self) -> Option<i64> {
        let elapsed_ms = i64::try_from(self.context.host.clock.elapsed_ms()).ok()?;
        self.view.borrow().provider_ahead_ms?.checked_add(elapsed_ms)
    }

    /// The last transitions in words, newest first.
    pub fn why(&self) -> Vec<String> {
        self.transitions.all()
    }

    /// Signs in by the browser. The session is then in memory, until it is sealed by one of the two `seal` calls.
    pub async fn sign_in(&self, options: AuthorizeOptions) -> Result<(), SessionError> {
        detached(sign_in::run(self.context.clone(), self.keeper.clone(), options)).await
    }

    /// Takes up a sign-in whose redirect reached the app after the process had ended.
    pub async fn resume(&self, callback_url: String) -> Result<(), SessionError> {
        detached(sign_in::resume(self.context.clone(), self.keeper.clone(), callback_url)).await
    }

    /// What the device offers as a gate.
    pub async fn gate_availability(&self) -> Result<GateAvailability, SessionError> {
        self.context.host.gate_key.availability().await.map_err(SessionError::Gate)
    }

    /// Puts the session of a moment ago behind finger or face.
    pub async fn seal_behind_gate(&self, prompt: Prompt) -> Result<(), SessionError> {
        ask(&self.keeper, |reply| Command::SealBehindGate { prompt, reply }).await
    }

    /// Seals the session of a moment ago on this device, without a gate.
    pub async fn seal_on_device(&self) -> Result<(), SessionError> {
        ask(&self.keeper, |reply| Command::SealOnDevice { reply }).await
    }

    /// Opens the locked session: a key operation behind finger or face. A second call joins the first.
    pub async fn unlock(&self, prompt: Prompt) -> Result<(), SessionError> {
        ask(&self.keeper, |reply| Command::Unlock { prompt, reply }).await
    }

    /// Locks: keys and content leave memory, a prompt leaves the screen.
    pub async fn lock(&self) -> Result<(), SessionError> {
        ask(&self.keeper, |reply| Command::Lock { reply }).await
    }

    /// The access token, renewed where its time is over. However many ask, one refresh is sent.
    pub async fn token(&self) -> Result<Token, SessionError> {
        ask(&self.keeper, |reply| Command::Token { rejected: None, reply }).await
    }

    /// Another token than `rejected`, which a server has refused.
    pub async fn token_instead_of(&self, rejected: Token) -> Result<Token, SessionError> {
        ask(&self.keeper, |reply| Command::Token { rejected: Some(rejected), reply }).await
    }

    /// Adds or replaces details about the person.
    pub async fn save_profile(&self, fields: Vec<ProfileField>) -> Result<(), SessionError> {
        ask(&self.keeper, |reply| Command::SaveProfile { fields, reply }).await
    }

    /// Ends the session: at once on this device, then at the provider.
    pub async fn sign_out(&self) -> Result<SignOutReport, SessionError> {
        let session = self.clone();
        detached(async move {
            let was_open = session.status() != Status::SignedOut;
            let aliases = session.context.vault(|vault| Ok(vault.aliases())).await?;
            let content = ask(&session.keeper, |reply| Command::SignOut { reply }).await?;
            for alias in aliases {
                // A key that wraps nothing any more harms nobody.
                drop(session.context.host.gate_key.delete_key(alias).await);
            }
            let told = match content {
                Some(content) => session.context.revoke(&content).await,
                None => !was_open,
            };
            Ok(SignOutReport { remote_session_may_live: !told })
        })
        .await
    }

    /// Records what the person was told or chose: one signed entry for each statement.
    pub async fn record(&self, statements: Vec<Statement>) -> Result<(), SessionError> {
        ask(&self.keeper, |reply| Command::Record { statements, reply }).await
    }

    /// Where each purpose stands now, in the order asked for; nothing while there is no ledger.
    pub async fn standings(
        &self,
        rules: Vec<(String, Rule)>,
    ) -> Result<Option<Vec<PurposeStanding>>, SessionError> {
        let now_ms = self.context.host.clock.wall_ms();
        self.read_book(move |book| {
            book.map(|book| {
                rules.iter().map(|(purpose, rule)| book.standing(purpose, rule, now_ms)).collect()
            })
        })
        .await
    }

    /// Every entry of the ledger, oldest first.
    pub async fn history(&self) -> Result<Vec<HistoryLine>, SessionError> {
        self.read_book(|book| book.map(|book| book.ledger.history()).unwrap_or_default()).await
    }

    /// The ledger as evidence the person can keep; nothing while there is none.
    pub async fn export(&self, context: ExportContext) -> Result<Option<String>, SessionError> {
        self.read_book(move |book| book.map(|book| book.ledger.export(&context, &book.payloads))).await
    }

    async fn read_book<T: Send + 'static>(
        &self,
        read: impl FnOnce(Option<&ConsentBook>) -> T + Send + 'static,
    ) -> Result<T, SessionError> {
        let (reply, answer) = tokio::sync::oneshot::channel();
        let read = Box::new(move |book: Option<&ConsentBook>| drop(reply.send(read(book))));
        self.keeper.send(Command::ReadLedger { read }).map_err(|_| SessionError::Closed)?;
        answer.await.map_err(|_| SessionError::Closed)
    }
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Session(..)")
    }
}

/// Runs `work` so that it goes on when the caller goes away.
async fn detached<T: Send + 'static>(
    work: impl Future<Output = Result<T, SessionError>> + Send + 'static,
) -> Result<T, SessionError> {
    tokio::spawn(work).await.map_err(|_| SessionError::Internal { what: "a port panicked" })?
}
