//! The lock against a model: a real keeper over a real vault, and a person, a clock and a gate that do anything in any
//! order. No gated byte is readable without an unwrap of that very attempt.
//!
//! The reference knows nothing of the lock's code: it keeps the few facts from which a person could tell whether the
//! session should be open.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use async_trait::async_trait;
use pforte_host::{
    GateAvailability, GateError, GateKey, GateKind, GateReadiness, Host, Prompt, Secret, SecretText,
};
use pforte_oauth::{Identity, ProviderSettings, TokenResponse, TokenType};
use pforte_testing::ScriptedHost;
use pforte_transport::{Transport, TransportSettings};
use proptest::prelude::*;
use proptest::test_runner::Config;
use proptest_state_machine::{ReferenceStateMachine, StateMachineTest, prop_state_machine};
use tokio::runtime::Runtime;
use tokio::sync::{mpsc, oneshot};

use crate::content::GatedContent;
use crate::keeper::Command;
use crate::lock::{LockPolicy, LockState};
use crate::sign_in::ask;
use crate::{Session, SessionError, SessionSettings};

const GRACE_MS: u64 = 60_000;
const IDLE_MS: u64 = 120_000;
const MOST_MS: u64 = 600_000;
const DEPARTURE_MS: u64 = 300_000;

/// How many cases the test runs.
const CASES: u32 = 10_000;

static RUNTIME: OnceLock<Runtime> = OnceLock::new();
static TRANSPORT: OnceLock<Transport> = OnceLock::new();
static ATTEMPTS: AtomicU64 = AtomicU64::new(0);
static OPENED: AtomicU64 = AtomicU64::new(0);
static LATE: AtomicU64 = AtomicU64::new(0);

/// One thing that happens.
#[derive(Debug, Clone)]
enum Happens {
    /// Tokens arrive, and the session is sealed behind the gate.
    SignIn,
    Unlock,
    CancelUnlock,
    /// The gate answers the prompt with this number, counted from the first, whether or not it is still wanted.
    Answer {
        prompt: usize,
        with: Answered,
    },
    Lock,
    LeaveFront,
    ComeToFront,
    Announce,
    Use,
    /// Time passes; the wall clock may jump at the same time.
    Time {
        ms: u64,
        wall_jump_ms: i64,
    },
    /// Another finger is enrolled: keys from before are gone.
    Reenrol,
    SignOut,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Answered {
    Honestly,
    WithOtherBytes,
    NotRecognised,
}

/// What a person could know.
#[derive(Debug, Clone, Default)]
struct Known {
    now_ms: u64,
    /// Which sealed session there is; each has a key of its own.
    sealed: Option<u64>,
    sessions: u64,
    /// Sessions whose key is gone.
    dead: Vec<u64>,
    /// Whether it was opened, and when; nothing while locked.
    opened_ms: Option<u64>,
    used_ms: u64,
    away_until_ms: Option<u64>,
    in_front: bool,
    announced: Option<(u64, bool)>,
    /// Every prompt ever shown: the session it was for. The last one is wanted while `prompting`.
    prompts: Vec<u64>,
    answered: Vec<bool>,
    prompting: bool,
    wrong: u32,
    gone: bool,
}

impl Known {
    fn close(&mut self) {
        if self.opened_ms.is_some() || self.prompting {
            self.announced = None;
        }
        self.opened_ms = None;
        self.prompting = false;
    }

    fn due(&mut self) {
        let Some(opened_ms) = self.opened_ms else { return };
        let ends = [self.away_until_ms, Some(self.used_ms + IDLE_MS), Some(opened_ms + MOST_MS)];
        if ends.into_iter().flatten().any(|end_ms| end_ms <= self.now_ms) {
            self.close();
        }
    }

    fn open(&mut self) {
        self.opened_ms = Some(self.now_ms);
        self.used_ms = self.now_ms;
        self.prompting = false;
        self.due();
    }

    fn expected_back(&mut self) {
        if !self.in_front {
            self.away_until_ms = Some(self.now_ms + DEPARTURE_MS);
        }
    }
}

struct Model;

impl ReferenceStateMachine for Model {
    type State = Known;
    type Transition = Happens;

    fn init_state() -> BoxedStrategy<Known> {
        let locked = Known { in_front: true, sessions: 1, sealed: Some(1), ..Known::default() };
        Just(locked).boxed()
    }

    fn transitions(state: &Known) -> BoxedStrategy<Happens> {
        let prompts = state.prompts.len().max(1);
        let with = prop_oneof![
            6 => Just(Answered::Honestly),
            1 => Just(Answered::WithOtherBytes),
            1 => Just(Answered::NotRecognised)
        ];
        let last = prompts - 1;
        let answer = (prop_oneof![4 => Just(last), 1 => 0..prompts], with)
            .prop_map(|(prompt, with)| Happens::Answer { prompt, with });
        let time = (
            prop_oneof![Just(1_000), Just(GRACE_MS - 1), Just(GRACE_MS), Just(IDLE_MS), Just(DEPARTURE_MS)],
            -1_000_000_000i64..1_000_000_000,
        )
            .prop_map(|(ms, wall_jump_ms)| Happens::Time { ms, wall_jump_ms });
        prop_oneof![
            1 => Just(Happens::SignIn),
            6 => Just(Happens::Unlock),
            1 => Just(Happens::CancelUnlock),
            9 => answer,
            3 => Just(Happens::Lock),
            2 => Just(Happens::LeaveFront),
            2 => Just(Happens::ComeToFront),
            1 => Just(Happens::Announce),
            1 => Just(Happens::Use),
            3 => time,
            1 => Just(Happens::Reenrol),
        ]
        .prop_flat_map(|happens| {
            // Signing out ends nearly everything, so it is rare.
            prop_oneof![40 => Just(happens), 1 => Just(Happens::SignOut)]
        })
        .boxed()
    }

    fn preconditions(state: &Known, transition: &Happens) -> bool {
        match transition {
            Happens::Answer { prompt, .. } => state.answered.get(*prompt) == Some(&false),
            _ => true,
        }
    }

    fn apply(mut known: Known, happens: &Happens) -> Known {
        let now_ms = known.now_ms;
        known.due();
        match happens {
            Happens::SignIn => {
                known.sessions += 1;
                known.wrong = 0;
                known.sealed = Some(known.sessions);
                known.gone = false;
                known.expected_back();
                known.open();
                known.announced = None;
            }
            Happens::Unlock => match (known.sealed, known.opened_ms, known.gone) {
                (Some(_), Some(_), false) => known.used_ms = now_ms,
                (Some(session), None, false) if !known.prompting => {
                    known.expected_back();
                    known.announced = Some((now_ms, true));
                    known.prompts.push(session);
                    known.answered.push(false);
                    known.prompting = true;
                }
                _ => {}
            },
            Happens::CancelUnlock => {
                if known.prompting {
                    known.close();
                }
            }
            Happens::Answer { prompt, with } => {
                known.answered[*prompt] = true;
                let session = known.prompts[*prompt];
                let wanted = known.prompting && *prompt + 1 == known.prompts.len();
                if wanted {
                    known.prompting = false;
                    known.announced = None;
                    if known.dead.contains(&session) {
                        (known.gone, known.sealed) = (true, None);
                    } else {
                        match with {
                            Answered::Honestly => {
                                known.wrong = 0;
                                known.open();
                            }
                            Answered::WithOtherBytes if known.wrong == 1 => {
                                (known.wrong, known.gone, known.sealed) = (2, true, None);
                            }
                            Answered::WithOtherBytes => known.wrong += 1,
                            Answered::NotRecognised => {}
                        }
                    }
                }
            }
            Happens::Lock => known.close(),
            Happens::LeaveFront => {
                known.in_front = false;
                let exempt =
                    known.announced.map(|(at_ms, _)| at_ms + DEPARTURE_MS).filter(|end| now_ms < *end);
                let until_ms = exempt.unwrap_or(now_ms + GRACE_MS);
                known.away_until_ms = Some(known.away_until_ms.map_or(until_ms, |end| end.min(until_ms)));
                known.due();
            }
            Happens::ComeToFront => {
                known.in_front = true;
                known.away_until_ms = None;
                known.used_ms = now_ms;
                known.announced = known.announced.filter(|(_, until_over)| *until_over);
            }
            Happens::Announce => known.announced = Some((now_ms, false)),
            Happens::Use => known.used_ms = now_ms,
            Happens::Time { ms, .. } => {
                known.now_ms += ms;
                known.due();
            }
            Happens::Reenrol => known.dead = (1..=known.sessions).collect(),
            Happens::SignOut => {
                known.close();
                known.announced = None;
                known.sealed = None;
                known.gone = false;
            }
        }
        known
    }
}

/// A gate whose every prompt waits for the test.
struct Gate {
    keys: Mutex<BTreeMap<String, Secret>>,
    prompts: mpsc::UnboundedSender<Shown>,
}

/// A prompt on the screen.
struct Shown {
    secret: Option<Secret>,
    reply: oneshot::Sender<Result<Secret, GateError>>,
}

#[async_trait]
impl GateKey for Gate {
    async fn availability(&self) -> Result<GateAvailability, GateError> {
        Ok(GateAvailability { biometric: GateReadiness::Ready, wrap_prompts: true, device_credential: false })
    }
    async fn create_key(&self, _alias: String, _kind: GateKind) -> Result<(), GateError> {
        Ok(())
    }
    async fn wrap_secret(&self, alias: String, secret: Secret, _: Prompt) -> Result<Vec<u8>, GateError> {
        self.keys.lock().unwrap().insert(alias, secret);
        Ok(vec![1])
    }
    async fn unwrap_secret(&self, alias: String, _: Vec<u8>, _: Prompt) -> Result<Secret, GateError> {
        let secret = self.keys.lock().unwrap().get(&alias).cloned();
        let (reply, answer) = oneshot::channel();
        self.prompts.send(Shown { secret, reply }).unwrap();
        answer.await.unwrap_or(Err(GateError::Cancelled))
    }
    async fn delete_key(&self, alias: String) -> Result<(), GateError> {
        self.keys.lock().unwrap().remove(&alias);
        Ok(())
    }
    fn dismiss_prompt(&self) -> Result<(), GateError> {
        Ok(())
    }
}

/// The real thing.
struct Real {
    device: ScriptedHost,
    gate: Arc<Gate>,
    session: Session,
    screens: mpsc::UnboundedReceiver<Shown>,
    /// Every prompt ever shown, until it is answered.
    shown: Vec<Option<Shown>>,
    sessions: u64,
}

fn runtime() -> &'static Runtime {
    RUNTIME.get_or_init(|| tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap())
}

fn prompt() -> Prompt {
    Prompt { title: String::new(), reason: String::new(), cancel: String::new() }
}

/// The tokens of one sign-in: theirs alone, and without an end.
fn content(device: &ScriptedHost, session: u64) -> GatedContent {
    let identity = Identity {
        issuer: "https://id.example".to_owned(),
        subject: "alice".to_owned(),
        acr: None,
        auth_time_s: None,
        name: None,
        email: None,
        email_verified: None,
    };
    let tokens = TokenResponse {
        access_token: SecretText::new(format!("gated-{session}")),
        token_type: TokenType::Bearer,
        expires_in_seconds: None,
        refresh_token: None,
        id_token: None,
        scope: None,
        server_time_s: None,
    };
    GatedContent::arrived(&identity, &tokens, &device.clock)
}

impl Real {
    async fn sign_in(&mut self) {
        self.sessions += 1;
        // As after a sign-in of somebody else: a new session, not the old one renewed.
        drop(self.session.lock().await);
        let content = Box::new(content(&self.device, self.sessions));
        ask(&self.session.keeper, |reply| Command::Arrive { content, reply }).await.unwrap();
        self.session.seal_behind_gate(prompt()).await.unwrap();
    }

    /// Everything that was sent to the keeper before is done.
    async fn settled(&self) {
        for _ in 0..2 {
            drop(self.session.history().await);
            tokio::task::yield_now().await;
        }
    }
}

impl StateMachineTest for Real {
    type SystemUnderTest = Real;
    type Reference = Model;

    fn init_test(_: &Known) -> Real {
        let device = ScriptedHost::new();
        let (prompts, screens) = mpsc::unbounded_channel();
        let gate = Arc::new(Gate { keys: Mutex::default(), prompts });
        let host = Host { gate_key: gate.clone(), ..device.host() };
        let provider = ProviderSettings::oidc("https://id.example", "app");
        let settings = SessionSettings { account: "main".to_owned(), provider, consent_service: None };
        let session = runtime().block_on(async {
            let transport =
                TRANSPORT.get_or_init(|| Transport::new(TransportSettings::default()).unwrap()).clone();
            let session = Session::open(settings, host, transport).await.unwrap();
            let policy = LockPolicy {
                on_background: true,
                grace_ms: GRACE_MS,
                idle_ms: Some(IDLE_MS),
                open_at_most_ms: Some(MOST_MS),
            };
            session.lock_by(policy).await.unwrap();
            session
        });
        let mut real = Real { device, gate, session, screens, shown: Vec::new(), sessions: 0 };
        runtime().block_on(async {
            real.sign_in().await;
            real.session.lock().await.unwrap();
        });
        real
    }

    fn apply(mut real: Real, known: &Known, happens: Happens) -> Real {
        runtime().block_on(async {
            match happens {
                Happens::SignIn => real.sign_in().await,
                Happens::Unlock => {
                    let session = real.session.clone();
                    let prompts = known.prompts.len();
                    tokio::spawn(async move { session.unlock(prompt()).await });
                    if prompts > real.shown.len() {
                        let shown = real.screens.recv().await.unwrap();
                        ATTEMPTS.fetch_add(1, Ordering::Relaxed);
                        real.shown.push(Some(shown));
                    }
                }
                Happens::CancelUnlock => real.session.cancel_unlock().await.unwrap(),
                Happens::Answer { prompt, with } => {
                    let Shown { secret, reply } = real.shown[prompt].take().unwrap();
                    let answer = match (secret, with) {
                        // Gone before the prompt came, or while it was on the screen.
                        _ if known.dead.contains(&known.prompts[prompt]) => Err(GateError::KeyLost),
                        (None, _) => Err(GateError::KeyLost),
                        (Some(secret), Answered::Honestly) => Ok(secret),
                        (Some(_), Answered::WithOtherBytes) => Ok(Secret::new(vec![0x5a; 32])),
                        (Some(_), Answered::NotRecognised) => Err(GateError::NotRecognised),
                    };
                    if prompt + 1 != known.prompts.len() {
                        LATE.fetch_add(1, Ordering::Relaxed);
                    }
                    reply.send(answer).unwrap();
                    // The answer's task hands it to the keeper.
                    while matches!(real.session.view().lock, LockState::Unlocking { .. })
                        && prompt + 1 == known.prompts.len()
                    {
                        real.settled().await;
                    }
                }
                Happens::Lock => real.session.lock().await.unwrap(),
                Happens::LeaveFront => real.session.left_front().await.unwrap(),
                Happens::ComeToFront => real.session.came_to_front().await.unwrap(),
                Happens::Announce => real.session.announce_departure().await.unwrap(),
                Happens::Use => real.session.used().await.unwrap(),
                Happens::Time { ms, wall_jump_ms } => {
                    let clock = &real.device.clock;
                    clock.advance(Duration::from_millis(ms));
                    clock.set_wall(pforte_host::Clock::wall_ms(clock).saturating_add(wall_jump_ms));
                }
                Happens::Reenrol => real.gate.keys.lock().unwrap().clear(),
                Happens::SignOut => drop(real.session.sign_out().await.unwrap()),
            }
            real.settled().await;
            let token = real.session.token().await;
            match (known.opened_ms, token) {
                (Some(_), Ok(token)) => {
                    OPENED.fetch_add(1, Ordering::Relaxed);
                    assert_eq!(token.value.expose(), format!("gated-{}", real.sessions));
                }
                (None, Err(SessionError::Locked)) => assert!(known.sealed.is_some()),
                (None, Err(SessionError::KeyLost)) => assert!(known.gone),
                (None, Err(SessionError::SignedOut)) => assert!(known.sealed.is_none() && !known.gone),
                (opened, token) => panic!("open by the model: {opened:?}, by the session: {token:?}"),
            }
        });
        real
    }
}

prop_state_machine! {
    #![proptest_config(Config { cases: CASES, failure_persistence: None, ..Config::default() })]

    fn cases(sequential 4..24 => Real);
}

#[test]
#[allow(clippy::print_stdout, reason = "how much was tried is a result")]
fn no_gated_byte_is_readable_without_an_unwrap_of_that_attempt() {
    cases();
    let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
    println!(
        "{CASES} cases: {} prompts, {} answers that came too late, {} times found open",
        count(&ATTEMPTS),
        count(&LATE),
        count(&OPENED)
    );
    assert!(count(&ATTEMPTS) > 1_000 && count(&LATE) > 100 && count(&OPENED) > 1_000);
}
