//! Home is pressed in the middle of a refresh, at every step of it; and files that nobody of this app left in the inbox.

#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]
#![allow(clippy::print_stdout, reason = "how many steps were tried is a result")]

use std::future::Future;
use std::pin::Pin;
use std::sync::mpsc::RecvTimeoutError;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use pforte_client::{Client, Entry, Error, HttpRequest, HttpResponse, Status};
use pforte_host::{
    BackgroundError, BackgroundTime, Clock, FileError, FileStore, Grant, Host, Secret, SecretStore,
    StoreError,
};
use pforte_journeys::World;
use pforte_provider::{Act, Endpoint, Misbehaviour, Rotation, Settings};
use tokio::sync::Notify;
use tokio::task::JoinHandle;

/// How home is pressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Press {
    /// The port goes on at once, and the app locks as soon as the session's own order of work lets it.
    AndGoesOn,
    /// The port answers only when the app has locked, or when it is clear that the app waits for this very answer.
    AndWaits,
}

/// Presses home at one call of a port, counted from when it was armed.
#[derive(Clone)]
struct HomeButton {
    state: Arc<Mutex<State>>,
    /// Held from the press until it is known who waits for the locking.
    pressing: Arc<Mutex<()>>,
    pressed: Arc<Notify>,
    runtime: tokio::runtime::Handle,
}

#[derive(Default)]
struct State {
    armed: Option<(u64, Press, Arc<Client>)>,
    calls: u64,
    locking: Option<JoinHandle<()>>,
}

impl HomeButton {
    fn new() -> Self {
        Self {
            state: Arc::default(),
            pressing: Arc::default(),
            pressed: Arc::default(),
            runtime: tokio::runtime::Handle::current(),
        }
    }

    fn arm(&self, at: u64, press: Press, client: Arc<Client>) {
        *self.state.lock().unwrap() = State { armed: Some((at, press, client)), calls: 0, locking: None };
    }

    /// How many calls there were since it was armed.
    fn disarm(&self) -> u64 {
        let mut state = self.state.lock().unwrap();
        state.armed = None;
        state.calls
    }

    fn locking(&self) -> Option<JoinHandle<()>> {
        drop(self.pressing.lock().unwrap());
        self.state.lock().unwrap().locking.take()
    }

    /// A port was called.
    fn step(&self) {
        let mut state = self.state.lock().unwrap();
        state.calls += 1;
        if state.armed.as_ref().is_none_or(|(at, ..)| *at != state.calls) {
            return;
        }
        let Some((_, press, client)) = state.armed.take() else { return };
        let pressing = self.pressing.lock().unwrap();
        // Leaving the front reads the clock, which is a port, too.
        drop(state);
        let mut locking: Pin<Box<dyn Future<Output = ()> + Send>> = Box::pin(async move {
            client.entered_background().await.unwrap();
        });
        // The first poll queues the command, here and now.
        let queued = locking.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        let (done, locked) = std::sync::mpsc::channel();
        let locking = self.runtime.spawn(async move {
            // The session's own task may have been quick.
            if queued == Poll::Pending {
                locking.await;
            }
            // Nobody waits where the port went on.
            let _ = done.send(());
        });
        self.state.lock().unwrap().locking = Some(locking);
        drop(pressing);
        self.pressed.notify_one();
        if press == Press::AndWaits {
            // Where the session's own task made this call it can't lock before it has its answer.
            let waited = locked.recv_timeout(Duration::from_millis(15));
            assert_ne!(waited, Err(RecvTimeoutError::Disconnected), "locking failed");
        }
    }
}

/// A port that tells the button of each call, before and after it is done.
struct Watched<T: ?Sized> {
    port: Arc<T>,
    home: HomeButton,
}

impl<T: ?Sized> Watched<T> {
    fn around<R>(&self, call: impl FnOnce(&T) -> R) -> R {
        self.home.step();
        let result = call(&self.port);
        self.home.step();
        result
    }
}

impl FileStore for Watched<dyn FileStore> {
    fn read(&self, name: &str, limit: u64) -> Result<Option<Vec<u8>>, FileError> {
        self.around(|port| port.read(name, limit))
    }
    fn read_part(&self, name: &str, from: u64, limit: u64) -> Result<Option<Vec<u8>>, FileError> {
        self.around(|port| port.read_part(name, from, limit))
    }
    fn replace(&self, name: &str, bytes: &[u8]) -> Result<(), FileError> {
        self.around(|port| port.replace(name, bytes))
    }
    fn append(&self, name: &str, bytes: &[u8]) -> Result<(), FileError> {
        self.around(|port| port.append(name, bytes))
    }
    fn truncate(&self, name: &str, length: u64) -> Result<(), FileError> {
        self.around(|port| port.truncate(name, length))
    }
    fn remove(&self, name: &str) -> Result<(), FileError> {
        self.around(|port| port.remove(name))
    }
    fn rename(&self, name: &str, to: &str) -> Result<(), FileError> {
        self.around(|port| port.rename(name, to))
    }
    fn names(&self) -> Result<Vec<String>, FileError> {
        self.around(|port| port.names())
    }
    fn with_lock(&self, work: &mut dyn FnMut()) -> Result<(), FileError> {
        self.around(|port| port.with_lock(work))
    }
}

impl SecretStore for Watched<dyn SecretStore> {
    fn read(&self, name: String) -> Result<Option<Secret>, StoreError> {
        self.around(|port| port.read(name))
    }
    fn write(&self, name: String, secret: Secret) -> Result<(), StoreError> {
        self.around(|port| port.write(name, secret))
    }
    fn remove(&self, name: String) -> Result<(), StoreError> {
        self.around(|port| port.remove(name))
    }
}

impl Clock for Watched<dyn Clock> {
    fn wall_ms(&self) -> i64 {
        self.around(|port| port.wall_ms())
    }
    fn elapsed_ms(&self) -> u64 {
        self.around(|port| port.elapsed_ms())
    }
    fn boot_id(&self) -> String {
        self.around(|port| port.boot_id())
    }
}

impl BackgroundTime for Watched<dyn BackgroundTime> {
    fn begin(&self, task: String) -> Result<Grant, BackgroundError> {
        self.around(|port| port.begin(task))
    }
    fn finish(&self, grant: Grant) -> Result<(), BackgroundError> {
        self.around(|port| port.finish(grant))
    }
}

async fn signed_in_with(world: &World, host: Host) -> Arc<Client> {
    let client = Client::open(world.config(), host).await.unwrap();
    assert!(matches!(client.enter("review.write").await, Ok(Entry::Cleared { .. })));
    client
}

fn reviews(world: &World) -> HttpRequest {
    HttpRequest {
        method: "GET".to_owned(),
        url: format!("{}/portal/reviews", world.issuer()),
        headers: Vec::new(),
        body: Vec::new(),
    }
}

/// The access token has run out, here and at the provider.
fn two_hours_later(world: &World) {
    world.control().advance_clock(7200);
    world.device.clock.advance(Duration::from_secs(7200));
}

fn call(client: &Arc<Client>, world: &World) -> JoinHandle<Result<HttpResponse, Error>> {
    let (client, request) = (client.clone(), reviews(world));
    tokio::spawn(async move { client.send(request).await })
}

/// Waits until no refresh is under way: each gives its background time back as its last act.
async fn settled(world: &World) {
    while world.device.background.outstanding() > 0 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

async fn nothing_gated_is_readable(client: &Arc<Client>, world: &World, at: &str) {
    assert!(matches!(client.status(), Status::Locked { .. }), "{at}: {:?}", client.status());
    let sent = client.send(reviews(world)).await;
    assert!(matches!(sent, Err(Error::Locked { .. })), "{at}: {sent:?}");
    let header = client.authorization(world.issuer()).await;
    assert!(matches!(header, Err(Error::Locked { .. })), "{at}: {header:?}");
}

/// The session goes on: no family was lost, and at most one more refresh was needed.
async fn the_rotation_is_there(client: &Arc<Client>, world: &World, before: u64, at: &str) -> u64 {
    client.entered_foreground().await.unwrap();
    client.unlock().await.unwrap_or_else(|error| panic!("{at}: {error:?} {:?}", client.why()));
    let sent = client.send(reviews(world)).await;
    assert!(sent.as_ref().is_ok_and(|sent| sent.status == 200), "{at}: {sent:?} {:?}", client.why());
    settled(world).await;
    let state = world.control().state();
    assert_eq!(state.families.len(), 1, "{at}: {:?}", client.why());
    assert_eq!(state.families[0].revoked, None, "{at}: {:?}", client.why());
    let refreshes = state.refreshes - before;
    assert!((1..=2).contains(&refreshes), "{at}: {refreshes} refreshes, {:?}", client.why());
    refreshes
}

/// Presses home at each call of a port during a refresh, one after the other, until a refresh ends before its turn.
async fn at_every_step(press: Press, unlock_at_once: bool) {
    let world = World::new().await;
    let home = HomeButton::new();
    let ports = world.device.host_with_files(world.files());
    let watched = Host {
        files: Arc::new(Watched { port: ports.files, home: home.clone() }),
        secret_store: Arc::new(Watched { port: ports.secret_store, home: home.clone() }),
        clock: Arc::new(Watched { port: ports.clock, home: home.clone() }),
        background_time: Arc::new(Watched { port: ports.background_time, home: home.clone() }),
        ..ports
    };
    let client = signed_in_with(&world, watched).await;
    let mut outcomes = std::collections::BTreeMap::<(&str, u64), u64>::new();
    for step in 1.. {
        let at = format!("step {step}, {press:?}");
        let before = world.control().state().refreshes;
        two_hours_later(&world);
        home.arm(step, press, client.clone());
        let mut caller = call(&client, &world);
        let mut answer = None;
        tokio::select! {
            biased;
            () = home.pressed.notified() => {}
            ended = &mut caller => {
                answer = Some(ended.unwrap());
                settled(&world).await;
            }
        }
        let steps = home.disarm();
        let Some(locking) = home.locking() else {
            assert!(answer.unwrap().is_ok_and(|answer| answer.status == 200));
            println!(
                "home pressed at each of {steps} steps of a refresh, {press:?}, unlock at once {unlock_at_once}:"
            );
            for ((answer, refreshes), times) in outcomes {
                println!("  the caller got {answer}, {refreshes} refresh(es) in all: {times} times");
            }
            // Begin, lease, intent, write and release are many calls; few would mean that the button saw nothing.
            assert!(steps > 40, "{steps}");
            return;
        };
        if answer.is_some() {
            // Pressed when the caller had its answer: the notice is for this step.
            home.pressed.notified().await;
        }
        locking.await.unwrap();
        if !unlock_at_once {
            if answer.is_none() {
                answer = Some((&mut caller).await.unwrap());
            }
            settled(&world).await;
        }
        nothing_gated_is_readable(&client, &world, &at).await;
        let refreshes = the_rotation_is_there(&client, &world, before, &at).await;
        let answer = match answer {
            Some(answer) => answer,
            None => caller.await.unwrap(),
        };
        let answer = match answer {
            Ok(answer) if answer.status == 200 => "its answer",
            Err(Error::Locked { .. }) => "Locked",
            other => panic!("{at}: {other:?}"),
        };
        *outcomes.entry((answer, refreshes)).or_default() += 1;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn home_at_every_step_of_a_refresh_keeps_the_rotation() {
    at_every_step(Press::AndGoesOn, false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn home_at_every_step_that_locks_before_the_step_is_done_keeps_the_rotation() {
    at_every_step(Press::AndWaits, false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn home_and_back_at_once_at_every_step_of_a_refresh_keeps_the_rotation() {
    at_every_step(Press::AndGoesOn, true).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn home_before_the_step_is_done_and_back_at_once_keeps_the_rotation() {
    at_every_step(Press::AndWaits, true).await;
}

/// Locks once the provider has rotated, while its answer is still on the way; ends with the rotation in the inbox.
async fn locked_while_the_answer_is_on_the_way(client: &Arc<Client>, world: &World) {
    let before = world.control().state().refreshes;
    let slow = Act::Delay { millis: 300, processed: true };
    world.control().misbehave(Misbehaviour::once(Endpoint::Token, slow)).unwrap();
    two_hours_later(world);
    let caller = call(client, world);
    while world.control().state().refreshes == before {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    client.entered_background().await.unwrap();
    nothing_gated_is_readable(client, world, "the answer is on the way").await;
    assert!(matches!(caller.await.unwrap(), Err(Error::Locked { .. })));
    settled(world).await;
}

fn inbox(world: &World) -> Option<String> {
    world.files().names().unwrap().into_iter().find(|name| name.ends_with(".inbox"))
}

#[tokio::test(flavor = "multi_thread")]
async fn home_while_the_request_is_under_way_needs_no_other_refresh() {
    let world = World::new().await;
    let client = signed_in_with(&world, world.device.host_with_files(world.files())).await;
    locked_while_the_answer_is_on_the_way(&client, &world).await;
    assert!(inbox(&world).is_some(), "{:?}", world.files().names());
    let refreshes = the_rotation_is_there(&client, &world, 0, "request under way").await;
    assert_eq!((refreshes, inbox(&world)), (1, None));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_somebody_else_put_into_the_inbox_is_refused_and_the_session_opens() {
    let world = World::new().await;
    let client = signed_in_with(&world, world.device.host_with_files(world.files())).await;
    locked_while_the_answer_is_on_the_way(&client, &world).await;
    let name = inbox(&world).unwrap();
    let used = world.files().read(&name, 1 << 20).unwrap().unwrap();
    the_rotation_is_there(&client, &world, 0, "its own rotation").await;

    let other = World::new().await;
    let other_client = signed_in_with(&other, other.device.host_with_files(other.files())).await;
    locked_while_the_answer_is_on_the_way(&other_client, &other).await;
    let foreign = other.files().read(&name, 1 << 20).unwrap().unwrap();

    let token = client.authorization(world.issuer()).await.unwrap();
    let cut = used[..used.len() / 2].to_vec();
    let files = [
        ("nothing", Vec::new()),
        ("noise", vec![0x5a; 400]),
        ("used", used),
        ("cut", cut),
        ("foreign", foreign),
    ];
    for (what, bytes) in files {
        client.lock().await.unwrap();
        world.files().replace(&name, &bytes).unwrap();
        client.unlock().await.unwrap_or_else(|error| panic!("{what}: {error:?}"));
        // Nothing was taken from it: the token is the one from before.
        assert_eq!(client.authorization(world.issuer()).await.as_ref(), Ok(&token), "{what}");
        assert_eq!(inbox(&world), None, "{what}");
        assert_eq!(client.send(reviews(&world)).await.unwrap().status, 200, "{what}");
    }
    let state = world.control().state();
    assert_eq!((state.refreshes, state.revocations), (1, 0));
    assert!(client.why().iter().any(|line| line.contains("set aside")), "{:?}", client.why());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rotation_that_somebody_spoiled_in_the_inbox_is_asked_for_again_within_the_grace() {
    let settings = Settings {
        automatic: Some("alice".to_owned()),
        rotation: Rotation::GraceSeconds(30),
        ..Settings::default()
    };
    let world = World::with(settings).await;
    let client = signed_in_with(&world, world.device.host_with_files(world.files())).await;
    locked_while_the_answer_is_on_the_way(&client, &world).await;
    let name = inbox(&world).unwrap();
    let mut bytes = world.files().read(&name, 1 << 20).unwrap().unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    world.files().replace(&name, &bytes).unwrap();
    let refreshes = the_rotation_is_there(&client, &world, 0, "a spoiled inbox").await;
    assert_eq!(refreshes, 2);
}
