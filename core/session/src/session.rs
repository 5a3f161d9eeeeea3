//! The handle of one account's session.

use std::sync::Arc;

use pforte_consent::{Digest, ExportContext, HistoryLine, Permit, Rule, Standing, Statement};
use pforte_host::{GateAvailability, Host, Prompt, SecretText};
use pforte_oauth::exchange::Exchange;
use pforte_oauth::token::RefreshOptions;
use pforte_oauth::{AuthorizeOptions, OauthError};
use pforte_transport::Transport;
use pforte_vault::{AccountId, Vault, VaultError};
use tokio::sync::{mpsc, watch};

use crate::consent_book::ConsentBook;
use crate::consent_ledger::{ConsentCommand, Erased};
use crate::content::SealedText;
use crate::context::Context;
use crate::keeper::{Command, Keeper};
use crate::lock::LockState;
use crate::logout;
use crate::other_ways::{self, OtherDevice, OtherDeviceAnswer};
use crate::sign_in::{self, TakenUp, ask};
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

impl Token {
    /// Whether it is bound to this device's key, so that each use needs a proof (RFC 9449).
    pub fn is_bound(&self) -> bool {
        self.scheme == pforte_oauth::TokenType::Dpop.scheme()
    }
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
    pub(crate) context: Arc<Context>,
    pub(crate) keeper: mpsc::UnboundedSender<Command>,
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
    pub async fn resume(&self, callback_url: String) -> Result<TakenUp, SessionError> {
        detached(sign_in::resume(self.context.clone(), self.keeper.clone(), callback_url)).await
    }

    /// Begins a sign-in on another device (RFC 8628): gives out what the person types there.
    pub async fn begin_on_other_device(&self) -> Result<OtherDevice, SessionError> {
        detached(other_ways::begin_on_other_device(self.context.clone(), self.keeper.clone())).await
    }

    /// The sign-in on another device that is under way, also one that an earlier process began.
    pub async fn on_other_device(&self) -> Result<Option<OtherDevice>, SessionError> {
        other_ways::kept_on_other_device(&self.keeper).await
    }

    /// Asks the provider once whether the person has confirmed on the other device.
    pub async fn ask_other_device(&self) -> Result<OtherDeviceAnswer, SessionError> {
        detached(other_ways::ask_other_device(self.context.clone(), self.keeper.clone())).await
    }

    /// Waits until the person has confirmed on the other device, at the pace the provider sets.
    pub async fn wait_for_other_device(&self) -> Result<(), SessionError> {
        other_ways::wait_for_other_device(self.context.clone(), self.keeper.clone()).await
    }

    /// Signs in with another token (RFC 8693), such as the ID token of a native social sign-in, or the access token of an
    /// anonymous visit. Scopes and resources that are left empty are those of the settings.
    pub async fn sign_in_by_exchange(&self, exchange: Exchange) -> Result<(), SessionError> {
        detached(other_ways::by_exchange(self.context.clone(), self.keeper.clone(), exchange)).await
    }

    /// Signs in with a token request that a vendor's own steps prepared, such as [`pforte_oauth::auth0`]'s.
    pub async fn sign_in_by_request(&self, request: http::Request<Vec<u8>>) -> Result<(), SessionError> {
        detached(other_ways::by_request(self.context.clone(), self.keeper.clone(), request)).await
    }

    /// Takes over a session that another library began, by its refresh token. One that is bound to that library's key is
    /// refused as [`SessionError::NotAdopted`]. Seal the session at once: the old token may be spent.
    pub async fn adopt(&self, refresh_token: SecretText) -> Result<(), SessionError> {
        detached(other_ways::adopt(self.context.clone(), self.keeper.clone(), refresh_token)).await
    }

    /// A DPoP proof for one request to an API (RFC 9449, section 4), for a token that is bound.
    pub async fn proof(
        &self,
        method: &http::Method,
        url: &str,
        token: &Token,
    ) -> Result<String, SessionError> {
        self.context.provider.proof(method, url, &token.value).await
    }

    /// Keeps the DPoP nonce that a response from `url` carries, for that origin only.
    pub fn remember_nonce(&self, url: &str, headers: &http::HeaderMap) {
        self.context.provider.remember_nonce(url, headers);
    }

    /// The public key to register at the provider under `key_id` for `private_key_jwt`, as a JWK. It is this
    /// installation's own, and made on first use.
    pub async fn client_jwk(&self, key_id: &str) -> Result<String, SessionError> {
        self.context.provider.client_jwk(key_id.to_owned()).await
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
        ask(&self.keeper, |reply| Command::Token { asked: RefreshOptions::default(), rejected: None, reply })
            .await
    }

    /// Another token than `rejected`, which a server has refused.
    pub async fn token_instead_of(&self, rejected: Token) -> Result<Token, SessionError> {
        ask(&self.keeper, |reply| Command::Token {
            asked: RefreshOptions::default(),
            rejected: Some(rejected),
            reply,
        })
        .await
    }

    /// A valid access token for other APIs or fewer scopes than the sign-in asked for, got with the same refresh token
    /// (RFC 8707, section 2.2) and kept until it expires.
    pub async fn token_for(&self, asked: RefreshOptions) -> Result<Token, SessionError> {
        ask(&self.keeper, |reply| Command::Token { asked, rejected: None, reply }).await
    }

    /// Adds or replaces details about the person.
    pub async fn save_profile(&self, fields: Vec<ProfileField>) -> Result<(), SessionError> {
        ask(&self.keeper, |reply| Command::SaveProfile { fields, reply }).await
    }

    /// Ends the session: at once on this device, then at the provider.
    pub async fn sign_out(&self) -> Result<SignOutReport, SessionError> {
        self.end(None).await
    }

    /// The same, and then the provider's own session in the browser (RP-Initiated Logout 1.0), which comes back to
    /// `post_logout_redirect_uri`. The browser opens after this device is signed out, whatever becomes of it.
    pub async fn sign_out_in_browser(
        &self,
        post_logout_redirect_uri: String,
    ) -> Result<SignOutReport, SessionError> {
        self.end(Some(post_logout_redirect_uri)).await
    }

    async fn end(&self, browser: Option<String>) -> Result<SignOutReport, SessionError> {
        let session = self.clone();
        detached(async move {
            let was_open = session.status() != Status::SignedOut;
            let aliases = session.context.vault(|vault| Ok(vault.aliases())).await?;
            let content = ask(&session.keeper, |reply| Command::SignOut { reply }).await?;
            for alias in aliases {
                // A key that wraps nothing any more harms nobody.
                drop(session.context.host.gate_key.delete_key(alias).await);
            }
            session.context.provider.forget_key().await;
            let told = match &content {
                Some(content) => session.context.revoke(content).await,
                None => !was_open,
            };
            let browser_told = match browser {
                Some(comes_back_to) => {
                    let hint = content.as_ref().and_then(|content| content.id_token.as_ref());
                    logout::in_browser(&session.context, hint.map(SealedText::as_secret), comes_back_to).await
                }
                None => true,
            };
            Ok(SignOutReport { remote_session_may_live: !(told && browser_told) })
        })
        .await
    }

    /// Asks the provider for the person's details (OIDC Core 1.0, section 5.3) and adds them to the profile. An answer
    /// about another person is refused, and changes nothing.
    pub async fn fetch_profile(&self) -> Result<(), SessionError> {
        let subject = ask(&self.keeper, |reply| Command::Subject { reply }).await?;
        let token = self.token().await?;
        let provider = &self.context.provider;
        let told = match provider.userinfo(&token, &subject).await {
            Err(OauthError::AccessTokenRefused) => {
                let token = self.token_instead_of(token).await?;
                provider.userinfo(&token, &subject).await?
            }
            told => told?,
        };
        let field = |name: &str, value: Option<String>| {
            value.map(|value| ProfileField { name: name.to_owned(), value, source: "userinfo".to_owned() })
        };
        let checked = told.email.clone().filter(|_| told.email_verified == Some(true));
        let fields = [
            field("name", told.name.clone()),
            field("email", told.email.clone()),
            field("email_verified", checked),
        ];
        self.save_profile(fields.into_iter().flatten().collect()).await
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
            (book.current().is_some() || !book.notes.is_empty())
                .then(|| rules.iter().map(|(purpose, rule)| book.standing(purpose, rule, now_ms)).collect())
        })
        .await
    }

    /// Every entry of the ledger in use, oldest first.
    pub async fn history(&self) -> Result<Vec<HistoryLine>, SessionError> {
        self.read_book(|book| book.current().map(|one| one.ledger.history()).unwrap_or_default()).await
    }

    /// The ledger as evidence the person can keep; nothing while there is none.
    pub async fn export(&self, context: ExportContext) -> Result<Option<String>, SessionError> {
        self.read_book(move |book| book.current().map(|one| one.ledger.export(&context, &one.payloads))).await
    }

    /// The live grants as Kantara receipts; nothing while there is no ledger.
    pub async fn export_kantara(&self, context: ExportContext) -> Result<Option<String>, SessionError> {
        let exported = self
            .read_book(move |book| {
                book.current().map(|one| one.ledger.export_kantara(&context, &one.payloads)).transpose()
            })
            .await?;
        exported.map_err(|incomplete| SessionError::Configuration { hint: incomplete.to_string() })
    }

    /// Takes an exported ledger in. Returns how many of its records were new.
    pub async fn import(&self, document: String) -> Result<u64, SessionError> {
        ask(&self.keeper, |reply| Command::Consent(ConsentCommand::Import { document, reply })).await
    }

    /// Erases the ledger in use: evidence is destroyed at once; what remains is kept for `retain_proof_ms`.
    pub async fn erase(
        &self,
        policy_hash: Digest,
        retain_proof_ms: Option<i64>,
    ) -> Result<Erased, SessionError> {
        let erase = |reply| ConsentCommand::Erase { policy_hash, retain_proof_ms, reply };
        ask(&self.keeper, |reply| Command::Consent(erase(reply))).await
    }

    /// Runs `work` with the permit for a purpose; nothing where no grant is live now. No withdrawal comes in between.
    pub async fn with_permit<T: Send + 'static>(
        &self,
        purpose: String,
        rule: Rule,
        work: impl FnOnce(&Permit<'_>) -> T + Send + 'static,
    ) -> Result<Option<T>, SessionError> {
        let now_ms = self.context.host.clock.wall_ms();
        self.read_book(move |book| {
            book.current()?.ledger.permit(&purpose, &rule, now_ms).map(|permit| work(&permit))
        })
        .await
    }

    async fn read_book<T: Send + 'static>(
        &self,
        read: impl FnOnce(&ConsentBook) -> T + Send + 'static,
    ) -> Result<T, SessionError> {
        let (reply, answer) = tokio::sync::oneshot::channel();
        let read = Box::new(move |book: &ConsentBook| drop(reply.send(read(book))));
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
