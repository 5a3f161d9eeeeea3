//! The handle of one account's session.

use std::sync::Arc;

use pforte_consent::{Digest, ExportContext, HistoryLine, Permit, Rule, Standing, Statement};
use pforte_host::{GateAvailability, Host, Prompt, SecretText};
use pforte_oauth::exchange::Exchange;
use pforte_oauth::token::RefreshOptions;
use pforte_oauth::{AuthorizeOptions, OauthError};
use pforte_transport::Transport;
use pforte_vault::AccountId;
use tokio::sync::{mpsc, watch};

use crate::consent_book::ConsentBook;
use crate::consent_ledger::{ConsentCommand, Erased};
use crate::content::{GatedContent, SealedText};
use crate::context::Context;
use crate::direct::{DirectAsk, DirectRoute, DirectSignIn};
use crate::keeper::{Command, GateChange, Keeper, OnDeviceBecause, Reply};
use crate::lock::{LockEvent, LockPolicy, LockState};
use crate::other_ways::{self, OtherDevice, OtherDeviceAnswer};
use crate::refresh::Wanted;
use crate::sign_in::{self, TakenUp, ask};
use crate::transitions::Transitions;
use crate::{
    ProfileField, SessionError, SessionSettings, SignOutReport, Status, UnavailableCause, gate, logout,
};

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
    /// Whether it is kept without a gate only because nobody's finger or face was enrolled: once somebody's is, the
    /// person is to be asked ([`Session::seal_behind_gate`]).
    pub awaits_enrolment: bool,
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
    ///
    /// A device whose storage does not answer yet, as before its first unlock, is no error: the session is
    /// [`LockState::Unavailable`] and looks again by itself, and at each call.
    ///
    /// # Errors
    /// [`SessionError::Configuration`] for an account's name that can't be used, [`SessionError::Storage`] where the
    /// storage is broken.
    pub async fn open(
        settings: SessionSettings,
        host: Host,
        transport: Transport,
    ) -> Result<Self, SessionError> {
        AccountId::new(&settings.account)
            .map_err(|error| SessionError::Configuration { hint: error.to_string() })?;
        let transitions = Transitions::default();
        let context = Arc::new(Context::new(settings, host, transport));
        let (keeper, commands) = mpsc::unbounded_channel();
        let (status_sender, status) =
            watch::channel(Status::Unavailable { cause: UnavailableCause::NotNow, why: String::new() });
        let (view_sender, view) = watch::channel(SessionView {
            lock: LockState::Unavailable,
            acr: None,
            auth_time_ms: None,
            provider_ahead_ms: None,
            proved_elapsed_ms: None,
            kept: Kept::Not,
            awaits_enrolment: false,
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
    ///
    /// The browser is an announced departure: it does not lock for five minutes. Whom the person chose to be remembered
    /// as is filled in where `options` say nothing.
    pub async fn sign_in(&self, options: AuthorizeOptions) -> Result<(), SessionError> {
        let session = self.clone();
        detached(async move {
            let remembered = ask(&session.keeper, |reply| Command::LoginHint { reply }).await?;
            let options = AuthorizeOptions { login_hint: options.login_hint.or(remembered), ..options };
            session.departs(true).await?;
            let signed_in = sign_in::run(session.context.clone(), session.keeper.clone(), options).await;
            session.lock_moves(LockEvent::DepartureOver, "").await?;
            signed_in
        })
        .await
    }

    /// Whether this device shows whose session it is while it is locked, and fills that in when the person has to sign in
    /// again. Off until the person chooses it; signing out forgets it.
    pub async fn remember_person(&self, remembers: bool) -> Result<(), SessionError> {
        ask(&self.keeper, |reply| Command::Remember { remembers, reply }).await
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

    /// Begins a sign-in without a page, in the provider's own steps: what the person or the device has to do.
    pub async fn sign_in_directly(
        &self,
        route: DirectRoute,
    ) -> Result<(Arc<DirectSignIn>, DirectAsk), SessionError> {
        detached(DirectSignIn::begin(self.context.clone(), self.keeper.clone(), route)).await
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

    /// Puts the session behind finger or face: one of a moment ago, or an open one that was kept on this device alone
    /// (the gate is turned on; what could open it before opens nothing any more). Nothing happens where it is already.
    ///
    /// # Errors
    /// [`SessionError::Gate`]: the session is as it was, a fresh one in memory only.
    pub async fn seal_behind_gate(&self, prompt: Prompt) -> Result<(), SessionError> {
        ask(&self.keeper, |reply| Command::SealBehindGate { prompt, reply }).await
    }

    /// Seals the session of a moment ago on this device, without a gate, because the person or the policy wants it so.
    pub async fn seal_on_device(&self) -> Result<(), SessionError> {
        let because = OnDeviceBecause::Chosen;
        ask(&self.keeper, |reply| Command::SealOnDevice { because, prompt: None, reply }).await
    }

    /// The same, because nobody's finger or face is enrolled; the view says so until somebody's is and the gate is on.
    pub async fn seal_until_enrolled(&self) -> Result<(), SessionError> {
        let because = OnDeviceBecause::NotEnrolled;
        ask(&self.keeper, |reply| Command::SealOnDevice { because, prompt: None, reply }).await
    }

    /// Takes the gate away from the open session: the person agrees by opening it once more, then it is sealed anew on
    /// this device alone.
    pub async fn turn_gate_off(&self, prompt: Prompt) -> Result<(), SessionError> {
        let because = OnDeviceBecause::Chosen;
        ask(&self.keeper, |reply| Command::SealOnDevice { because, prompt: Some(prompt), reply }).await
    }

    /// Puts another key in the place of the one behind finger or face, as after a new finger was enrolled and the
    /// device's credential opened the session. Where there is none, one is added.
    pub async fn renew_gate_key(&self, prompt: Prompt) -> Result<(), SessionError> {
        self.change_slots(GateChange::Renew, prompt).await
    }

    /// Lets the device's own PIN, pattern or password open the session, too. It survives a new enrolment, and opens where
    /// the sensor is locked out.
    pub async fn add_device_credential(&self, prompt: Prompt) -> Result<(), SessionError> {
        self.change_slots(GateChange::AddCredential, prompt).await
    }

    /// Takes that away again. Prompts nobody; nothing happens where it was not added.
    pub async fn remove_device_credential(&self) -> Result<(), SessionError> {
        let prompt = Prompt { title: String::new(), reason: String::new(), cancel: String::new() };
        self.change_slots(GateChange::RemoveCredential, prompt).await
    }

    async fn change_slots(&self, change: GateChange, prompt: Prompt) -> Result<(), SessionError> {
        ask(&self.keeper, |reply| Command::ChangeSlots { change, prompt, reply }).await
    }

    /// Opens the locked session: a key operation behind finger or face. A second call joins the first.
    pub async fn unlock(&self, prompt: Prompt) -> Result<(), SessionError> {
        ask(&self.keeper, |reply| Command::Unlock { prompt, reply }).await
    }

    /// Takes the prompt off the screen; those who wait for it get [`SessionError::Cancelled`]. An open session stays open.
    pub async fn cancel_unlock(&self) -> Result<(), SessionError> {
        ask(&self.keeper, |reply| Command::CancelUnlock { reply }).await
    }

    /// Locks: keys and content leave memory, a prompt leaves the screen.
    pub async fn lock(&self) -> Result<(), SessionError> {
        ask(&self.keeper, Command::lock).await
    }

    /// When an open session locks by itself, from now on. Until this is called, it locks when the app leaves the front.
    pub async fn lock_by(&self, policy: LockPolicy) -> Result<(), SessionError> {
        ask(&self.keeper, |reply| Command::rule(policy, reply)).await
    }

    /// The app left the front; not to be called for being merely inactive, as under a prompt of the system.
    pub async fn left_front(&self) -> Result<(), SessionError> {
        let at_ms = self.context.host.clock.elapsed_ms();
        self.lock_moves(LockEvent::LeftFront { at_ms }, "locked: the app left the front").await
    }

    /// The app is in front again.
    pub async fn came_to_front(&self) -> Result<(), SessionError> {
        let at_ms = self.context.host.clock.elapsed_ms();
        self.lock_moves(LockEvent::CameToFront { at_ms }, "locked: the app was away for too long").await
    }

    /// The app is about to leave the front for something of its own, such as the camera: it may be away for five minutes
    /// without being locked. Browser and prompts of the session announce themselves.
    pub async fn announce_departure(&self) -> Result<(), SessionError> {
        self.departs(false).await
    }

    /// The person did something: where the policy locks an idle session, its time begins anew. Unlocking, choosing and
    /// filling in count by themselves; calls do not, because an app that polls would never be idle.
    pub async fn used(&self) -> Result<(), SessionError> {
        let at_ms = self.context.host.clock.elapsed_ms();
        self.lock_moves(LockEvent::Used { at_ms }, "locked: nobody did anything for too long").await
    }

    async fn departs(&self, until_over: bool) -> Result<(), SessionError> {
        let at_ms = self.context.host.clock.elapsed_ms();
        self.lock_moves(LockEvent::DepartureAnnounced { at_ms, until_over }, "").await
    }

    async fn lock_moves(&self, event: LockEvent, why: &'static str) -> Result<(), SessionError> {
        ask(&self.keeper, |reply| Command::LockMoves { event, why, reply }).await
    }

    /// The access token, renewed where its time is over. However many ask, one refresh is sent.
    pub async fn token(&self) -> Result<Token, SessionError> {
        self.token_wanted(Wanted::default(), None).await
    }

    /// Another token than `rejected`, which a server has refused.
    pub async fn token_instead_of(&self, rejected: Token) -> Result<Token, SessionError> {
        self.token_wanted(Wanted::default(), Some(rejected)).await
    }

    /// An access token that is good for `at_least`, renewed where the present one is not. Where the provider's tokens do
    /// not last so long, the renewed one is handed out all the same: a rotation is never thrown away.
    pub async fn token_lasting(&self, at_least: std::time::Duration) -> Result<Token, SessionError> {
        let lasting_ms = i64::try_from(at_least.as_millis()).unwrap_or(i64::MAX);
        self.token_wanted(Wanted { lasting_ms, ..Wanted::default() }, None).await
    }

    /// A valid access token for other APIs or fewer scopes than the sign-in asked for, got with the same refresh token
    /// (RFC 8707, section 2.2) and kept until it expires.
    pub async fn token_for(&self, options: RefreshOptions) -> Result<Token, SessionError> {
        self.token_wanted(Wanted { options, ..Wanted::default() }, None).await
    }

    /// Another token than `rejected`, which a server has refused, for what it was got for.
    pub async fn token_for_instead_of(
        &self,
        options: RefreshOptions,
        rejected: Token,
    ) -> Result<Token, SessionError> {
        self.token_wanted(Wanted { options, ..Wanted::default() }, Some(rejected)).await
    }

    async fn token_wanted(&self, asked: Wanted, rejected: Option<Token>) -> Result<Token, SessionError> {
        ask(&self.keeper, |reply| Command::Token { asked, rejected, reply }).await
    }

    /// Follows what a decision may know about the session, starting with the present.
    pub fn views(&self) -> watch::Receiver<SessionView> {
        self.view.clone()
    }

    /// The account has taken these details over: each that is still as it was handed over has the source `account` now.
    pub async fn mark_written(&self, fields: Vec<ProfileField>) -> Result<(), SessionError> {
        ask(&self.keeper, |reply| Command::MarkWritten { fields, reply }).await
    }

    /// Adds or replaces details about the person.
    pub async fn save_profile(&self, fields: Vec<ProfileField>) -> Result<(), SessionError> {
        ask(&self.keeper, |reply| Command::SaveProfile { fields, reply }).await
    }

    /// Ends the session: at once on this device, then at the provider. One that is locked is not opened for that, so the
    /// provider can't be told; [`Session::sign_out_offering_unlock`] asks the person first.
    ///
    /// The consent ledger stays on this device, sealed, as evidence of what was chosen; it is in use again when its person
    /// signs in again. [`Session::erase`] destroys it, [`Accounts::remove`](crate::Accounts::remove) removes everything.
    pub async fn sign_out(&self) -> Result<SignOutReport, SessionError> {
        self.end(None).await
    }

    /// The same, and where the session is locked the person is offered to open it once, so that the refresh token can be
    /// revoked. Refused, it ends here all the same, and the report says that the provider's session may live on. A prompt
    /// that is on the screen already is not waited for.
    pub async fn sign_out_offering_unlock(&self, prompt: Prompt) -> Result<SignOutReport, SessionError> {
        if self.view().lock == LockState::Locked {
            // Whatever comes of it: signing out goes on.
            drop(self.unlock(prompt).await);
        }
        self.end(None).await
    }

    /// The same as [`Session::sign_out`], and then the provider's own session in the browser (RP-Initiated Logout 1.0), which comes back to
    /// `post_logout_redirect_uri`. The browser opens after this device is signed out, whatever becomes of it.
    pub async fn sign_out_in_browser(
        &self,
        post_logout_redirect_uri: String,
    ) -> Result<SignOutReport, SessionError> {
        self.end(Some(post_logout_redirect_uri)).await
    }

    async fn end(&self, browser: Option<String>) -> Result<SignOutReport, SessionError> {
        self.end_by(browser, |reply| Command::SignOut { reply }).await
    }

    /// Ends the session and removes the account from this device, evidence included.
    pub async fn remove(&self) -> Result<SignOutReport, SessionError> {
        let report = self.end_by(None, |reply| Command::Remove { reply }).await?;
        self.context.provider.forget_client_key().await;
        Ok(report)
    }

    async fn end_by(
        &self,
        browser: Option<String>,
        command: impl FnOnce(Reply<Option<Box<GatedContent>>>) -> Command + Send + 'static,
    ) -> Result<SignOutReport, SessionError> {
        let session = self.clone();
        detached(async move {
            let was_open = session.status() != Status::SignedOut;
            let aliases = session.context.vault(|vault| Ok(vault.aliases())).await?;
            let content = ask(&session.keeper, command).await?;
            gate::forget(&session.context, aliases).await;
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
        let read = Box::new(move |book: Result<&ConsentBook, SessionError>| drop(reply.send(book.map(read))));
        self.keeper.send(Command::ReadLedger { read }).map_err(|_| SessionError::Closed)?;
        answer.await.map_err(|_| SessionError::Closed)?
    }
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Session(..)")
    }
}

/// Runs `work` so that it goes on when the caller goes away.
pub(crate) async fn detached<T: Send + 'static>(
    work: impl Future<Output = Result<T, SessionError>> + Send + 'static,
) -> Result<T, SessionError> {
    tokio::spawn(work).await.map_err(|_| SessionError::Internal { what: "a port panicked" })?
}
