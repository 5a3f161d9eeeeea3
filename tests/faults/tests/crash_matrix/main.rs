//! The whole session over a storage that fails at every operation, in every way: after a restart the state is the old
//! one or the new one, never neither, and never without the gate that it had.

#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]
#![allow(clippy::print_stdout, reason = "the number of cut points is a result")]

mod device;

use std::pin::Pin;
use std::sync::Arc;

use device::{CUTS, Device, Disk};
use pforte_faults::phone;
use pforte_host::Host;
use pforte_oauth::AuthorizeOptions;
use pforte_provider::{Control, Provider, Rotation, Running, Settings};
use pforte_session::{Kept, ProfileField, Session, SessionError, Status};
use pforte_testing::ScriptedHost;
use pforte_transport::Transport;

/// What a person finds after the next start.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Found {
    SignedOut,
    /// A session that opens and whose refresh token the provider takes.
    Session {
        subject: String,
        kept: Kept,
        nickname: Option<String>,
    },
}

impl Found {
    fn alice(kept: Kept) -> Self {
        Self::Session { subject: "alice".to_owned(), kept, nickname: None }
    }
}

/// A provider, and the parts of a device that no storage failure touches: keystore, browser, clock.
struct World {
    provider: Running,
    parts: ScriptedHost,
    transport: Transport,
}

impl World {
    async fn new() -> Self {
        let settings = Settings {
            automatic: Some("alice".to_owned()),
            // A crash between the provider's rotation and our write is not what is looked at here.
            rotation: Rotation::GraceSeconds(24 * 3600),
            ..Settings::default()
        };
        let provider = Provider::start(settings).await.unwrap();
        Self { provider, parts: ScriptedHost::new(), transport: phone::transport().unwrap() }
    }

    fn control(&self) -> Control {
        self.provider.control()
    }

    fn host(&self, device: &Arc<Device>) -> Host {
        Host { secret_store: device.clone(), ..self.parts.host_with_files(device.clone()) }
    }

    async fn open(&self, device: &Arc<Device>) -> Result<Session, SessionError> {
        let settings = phone::settings(self.provider.issuer(), 24 * 3600);
        Session::open(settings, self.host(device), self.transport.clone()).await
    }

    /// What is found on a device that starts with this disk.
    async fn found(&self, disk: Disk) -> Result<Found, String> {
        // The power was off: what a dead process had leased is of another boot.
        self.parts.clock.restart();
        let device = Device::with(disk.clone());
        let session = self.open(&device).await.map_err(|error| format!("it does not open: {error}"))?;
        let kept = session.view().kept;
        match session.status() {
            Status::SignedOut => return Ok(Found::SignedOut),
            Status::Locked { .. } => {}
            other => return Err(format!("it starts as {other:?}")),
        }
        let before = session.token().await;
        if !matches!(before, Err(SessionError::Locked)) {
            return Err(format!("without a finger: {before:?}"));
        }
        let asked = self.parts.log.lines().len();
        session.unlock(phone::prompt()).await.map_err(|error| format!("it does not unlock: {error}"))?;
        let prompted =
            self.parts.log.lines()[asked..].iter().any(|line| line.starts_with("gate_key.unwrap_secret"));
        if prompted != (kept == Kept::BehindGate) {
            return Err(format!("kept {kept:?}, finger asked for: {prompted}"));
        }
        let token = session.token().await.map_err(|error| format!("no token: {error}"))?;
        session.token_instead_of(token.clone()).await.map_err(|error| format!("no refresh: {error}"))?;
        for bytes in disk.files.values().chain(disk.secrets.values()) {
            let token = token.value.expose().as_bytes();
            if bytes.windows(token.len()).any(|part| part == token) {
                return Err("a token lies there in clear".to_owned());
            }
        }
        let origin = self.control().origin_of(token.value.expose()).ok_or("a token from elsewhere")?;
        let subject = self.control().state().families[origin.family].subject.clone();
        let profile = session.view().profile;
        let nickname = profile.iter().find(|field| field.name == "nickname").map(|field| field.value.clone());
        Ok(Found::Session { subject, kept, nickname })
    }
}

type Work<'a> = Pin<Box<dyn Future<Output = Result<(), SessionError>> + Send + 'a>>;
type Step = for<'a> fn(&'a World, &'a Session) -> Work<'a>;

/// What is cut.
struct Case {
    name: &'static str,
    /// Brings a new device to the state before; done once, unless `anew`.
    prepare: Step,
    /// What is done after each start, before the cuts: an unlock, or nothing.
    begin: Step,
    step: Step,
    old: Found,
    new: Found,
    /// Whether the state before lies outside the storage, too: in memory, or in the keystore.
    anew: bool,
}

/// Cuts the step at every operation in every way.
async fn cut_everywhere(case: Case) {
    let world = World::new().await;
    let Case { name, prepare, begin, step, old, new, anew } = case;
    let prepared = async |world: &World| {
        let device = Device::with(Disk::default());
        let session = world.open(&device).await.unwrap();
        prepare(world, &session).await.unwrap();
        (device, session)
    };
    let (device, session) = prepared(&world).await;
    drop(session);
    let disk = device.power_off();
    if !anew {
        assert_eq!(world.found(disk.clone()).await, Ok(old.clone()), "{name}");
    }

    let mut points = 0;
    for (cut, then) in CUTS {
        for operation in 0.. {
            world.control().sign_in_automatically(Some("alice")).unwrap();
            let (device, session) = if anew {
                prepared(&world).await
            } else {
                let device = Device::with(disk.clone());
                let session = world.open(&device).await.unwrap();
                (device, session)
            };
            begin(&world, &session).await.unwrap();
            device.cut_at(operation, cut, then);
            let answer = step(&world, &session).await;
            let was_cut = device.was_cut();
            let after = world.found(device.power_off()).await;
            let place = format!("{name}: {cut:?}, {then:?}, operation {operation}, answered {answer:?}");
            match (&after, &answer) {
                (Ok(after), Ok(())) => assert_eq!(*after, new, "{place}: what was confirmed is there"),
                (Ok(after), Err(_)) => assert!(*after == old || *after == new, "{place}: {after:?}"),
                (Err(why), _) => panic!("{place}: {why}"),
            }
            if !was_cut {
                assert!(answer.is_ok(), "{place}");
                break;
            }
            points += 1;
        }
    }
    println!("{name}: {points} cut points");
    assert!(points >= 3 * CUTS.len(), "{name}: {points} only");
}

fn nothing<'a>(_: &'a World, _: &'a Session) -> Work<'a> {
    Box::pin(async { Ok(()) })
}

fn sign_in<'a>(_: &'a World, session: &'a Session) -> Work<'a> {
    Box::pin(session.sign_in(AuthorizeOptions::default()))
}

fn seal_behind_gate<'a>(_: &'a World, session: &'a Session) -> Work<'a> {
    Box::pin(session.seal_behind_gate(phone::prompt()))
}

fn seal_on_device<'a>(_: &'a World, session: &'a Session) -> Work<'a> {
    Box::pin(session.seal_on_device())
}

fn behind_gate<'a>(world: &'a World, session: &'a Session) -> Work<'a> {
    Box::pin(async move {
        sign_in(world, session).await?;
        seal_behind_gate(world, session).await
    })
}

fn unlock<'a>(_: &'a World, session: &'a Session) -> Work<'a> {
    Box::pin(session.unlock(phone::prompt()))
}

fn write_profile<'a>(_: &'a World, session: &'a Session) -> Work<'a> {
    let [name, value, source] = ["nickname", "Al", "self"].map(str::to_owned);
    Box::pin(session.save_profile(vec![ProfileField { name, value, source }]))
}

fn refresh<'a>(_: &'a World, session: &'a Session) -> Work<'a> {
    Box::pin(async move {
        let token = session.token().await?;
        session.token_instead_of(token).await.map(drop)
    })
}

fn sign_out<'a>(_: &'a World, session: &'a Session) -> Work<'a> {
    Box::pin(async move { session.sign_out().await.map(drop) })
}

fn sign_in_as_bob<'a>(world: &'a World, session: &'a Session) -> Work<'a> {
    world.control().sign_in_automatically(Some("bob")).unwrap();
    sign_in(world, session)
}

const GATED: Kept = Kept::BehindGate;

#[tokio::test(flavor = "multi_thread")]
async fn the_sealing_behind_the_gate() {
    let (old, new) = (Found::SignedOut, Found::alice(GATED));
    let (prepare, step): (Step, Step) = (sign_in, seal_behind_gate);
    cut_everywhere(Case {
        name: "sealing behind the gate",
        prepare,
        begin: nothing,
        step,
        old,
        new,
        anew: true,
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sealing_on_the_device() {
    let (old, new) = (Found::SignedOut, Found::alice(Kept::OnDevice));
    let (prepare, step): (Step, Step) = (sign_in, seal_on_device);
    cut_everywhere(Case {
        name: "sealing on the device",
        prepare,
        begin: nothing,
        step,
        old,
        new,
        anew: true,
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sign_in_from_the_browser_to_the_gate() {
    let (old, new) = (Found::SignedOut, Found::alice(GATED));
    let (prepare, step): (Step, Step) = (nothing, behind_gate);
    cut_everywhere(Case { name: "sign-in and sealing", prepare, begin: nothing, step, old, new, anew: true })
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_of_the_profile() {
    let old = Found::alice(GATED);
    let [subject, nickname] = ["alice", "Al"].map(str::to_owned);
    let new = Found::Session { subject, kept: GATED, nickname: Some(nickname) };
    let (prepare, step): (Step, Step) = (behind_gate, write_profile);
    cut_everywhere(Case { name: "profile", prepare, begin: unlock, step, old, new, anew: false }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unlock() {
    let (old, new) = (Found::alice(GATED), Found::alice(GATED));
    let (prepare, step): (Step, Step) = (behind_gate, unlock);
    cut_everywhere(Case { name: "unlock", prepare, begin: nothing, step, old, new, anew: false }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refresh() {
    let (old, new) = (Found::alice(GATED), Found::alice(GATED));
    let (prepare, step): (Step, Step) = (behind_gate, refresh);
    cut_everywhere(Case { name: "refresh", prepare, begin: unlock, step, old, new, anew: false }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_renewed_sign_in_of_the_same_person() {
    let (old, new) = (Found::alice(GATED), Found::alice(GATED));
    let (prepare, step): (Step, Step) = (behind_gate, sign_in);
    cut_everywhere(Case { name: "renewed sign-in", prepare, begin: unlock, step, old, new, anew: false })
        .await;
}

/// The next person's session is in memory until they say how to keep it: a crash leaves nobody signed in.
#[tokio::test(flavor = "multi_thread")]
async fn a_sign_in_of_another_person() {
    let (old, new) = (Found::alice(GATED), Found::SignedOut);
    let (prepare, step): (Step, Step) = (behind_gate, sign_in_as_bob);
    cut_everywhere(Case { name: "another person", prepare, begin: unlock, step, old, new, anew: true }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sign_out() {
    let (old, new) = (Found::alice(GATED), Found::SignedOut);
    let (prepare, step): (Step, Step) = (behind_gate, sign_out);
    cut_everywhere(Case { name: "sign-out", prepare, begin: unlock, step, old, new, anew: true }).await;
}
