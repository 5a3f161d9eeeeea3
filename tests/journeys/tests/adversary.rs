//! A host key that lies, hangs, answers late or answers for somebody else: each time a typed outcome, nothing lost, and
//! never an open session without the right bytes of the very attempt that is under way.

#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use pforte_client::{Client, Entry, Error, HttpRequest, Status};
use pforte_host::{GateAvailability, GateError, GateKey, GateKind, Host, Prompt, Secret};
use pforte_journeys::World;
use pforte_testing::Finger;
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinHandle;

/// What the key does at one unwrap.
#[derive(Debug, Clone)]
enum Trick {
    /// Hands out these bytes in place of the secret.
    Bytes(Vec<u8>),
    /// Hands out the secret with one bit turned over.
    OneBit(usize),
    /// Fails.
    Fails(GateError),
    /// Never answers, whatever is dismissed.
    Hangs,
    /// Answers with the right bytes, but only when the test lets it, whatever is dismissed.
    Late(Arc<Semaphore>),
    /// Breaks off without any answer.
    Panics,
}

/// An honest key that plays the tricks it was told, one at each unwrap.
#[derive(Clone)]
struct Adversary {
    honest: Arc<dyn GateKey>,
    tricks: Arc<Mutex<VecDeque<Trick>>>,
    /// Tells of each unwrap that has begun.
    begun: mpsc::UnboundedSender<()>,
}

#[async_trait]
impl GateKey for Adversary {
    async fn availability(&self) -> Result<GateAvailability, GateError> {
        self.honest.availability().await
    }
    async fn create_key(&self, alias: String, kind: GateKind) -> Result<(), GateError> {
        self.honest.create_key(alias, kind).await
    }
    async fn wrap_secret(&self, alias: String, secret: Secret, prompt: Prompt) -> Result<Vec<u8>, GateError> {
        self.honest.wrap_secret(alias, secret, prompt).await
    }
    async fn unwrap_secret(
        &self,
        alias: String,
        wrapped: Vec<u8>,
        prompt: Prompt,
    ) -> Result<Secret, GateError> {
        let trick = self.tricks.lock().unwrap().pop_front();
        let honest = self.honest.unwrap_secret(alias, wrapped, prompt).await;
        self.begun.send(()).unwrap();
        match trick {
            None => honest,
            Some(Trick::Bytes(bytes)) => Ok(Secret::new(bytes)),
            Some(Trick::OneBit(bit)) => honest.map(|secret| {
                let mut bytes = secret.expose().to_vec();
                bytes[bit / 8] ^= 1 << (bit % 8);
                Secret::new(bytes)
            }),
            Some(Trick::Fails(error)) => Err(error),
            Some(Trick::Hangs) => std::future::pending().await,
            Some(Trick::Late(let_go)) => {
                let_go.acquire().await.unwrap().forget();
                honest
            }
            Some(Trick::Panics) => panic!("the adapter broke off"),
        }
    }
    async fn delete_key(&self, alias: String) -> Result<(), GateError> {
        self.honest.delete_key(alias).await
    }
    fn dismiss_prompt(&self) -> Result<(), GateError> {
        self.honest.dismiss_prompt()
    }
}

/// A signed-in, locked session behind such a key.
struct Stage {
    world: World,
    client: Arc<Client>,
    tricks: Arc<Mutex<VecDeque<Trick>>>,
    begun: mpsc::UnboundedReceiver<()>,
    /// The token from before it was locked: it comes back, or something was lost.
    token: String,
}

impl Stage {
    async fn set() -> Self {
        let world = World::new().await;
        let ports = world.device.host_with_files(world.files());
        let (sender, begun) = mpsc::unbounded_channel();
        let tricks: Arc<Mutex<VecDeque<Trick>>> = Arc::default();
        let key = Adversary { honest: ports.gate_key, tricks: tricks.clone(), begun: sender };
        let host = Host { gate_key: Arc::new(key), ..ports };
        let client = Client::open(world.config(), host).await.unwrap();
        assert!(matches!(client.enter("review.write").await, Ok(Entry::Cleared { .. })));
        let token = client.authorization(world.issuer()).await.unwrap();
        client.lock().await.unwrap();
        Self { world, client, tricks, begun, token }
    }

    fn play(&self, trick: Trick) {
        self.tricks.lock().unwrap().push_back(trick);
    }

    /// Somebody asks to open; returns once the key has the prompt on the screen.
    async fn unlocking(&mut self) -> JoinHandle<Result<(), Error>> {
        let client = self.client.clone();
        let unlocking = tokio::spawn(async move { client.unlock().await });
        self.begun.recv().await.unwrap();
        unlocking
    }

    async fn is_closed(&self, at: &str) {
        assert!(matches!(self.client.status(), Status::Locked { .. }), "{at}: {:?}", self.client.status());
        let header = self.client.authorization(self.world.issuer()).await;
        assert!(matches!(header, Err(Error::Locked { .. })), "{at}: {header:?}");
    }

    /// An honest unwrap opens, and everything is as it was.
    async fn nothing_is_lost(&self, at: &str) {
        self.client.unlock().await.unwrap_or_else(|error| panic!("{at}: {error:?} {:?}", self.client.why()));
        let header = self.client.authorization(self.world.issuer()).await;
        assert_eq!(header.as_ref(), Ok(&self.token), "{at}");
        let request = HttpRequest {
            method: "GET".to_owned(),
            url: format!("{}/portal/reviews", self.world.issuer()),
            headers: Vec::new(),
            body: Vec::new(),
        };
        assert_eq!(self.client.send(request).await.unwrap().status, 200, "{at}");
        assert_eq!(self.world.control().state().revocations, 0, "{at}");
    }

    /// Gives a late answer every chance to arrive: the session's task has done many other things meanwhile.
    async fn stays_closed(&self, at: &str) {
        for _ in 0..50 {
            self.client.consent().history().await.unwrap();
            tokio::time::sleep(std::time::Duration::from_millis(1)).await;
            self.is_closed(at).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_bytes_of_any_length_open_nothing_and_lose_nothing() {
    let stage = Stage::set().await;
    let lengths = [0, 1, 31, 32, 33, 64, 100_000];
    let bytes = lengths.map(|length| Trick::Bytes(vec![0xa5; length]));
    let bits = [0, 7, 128, 255].map(Trick::OneBit);
    for trick in bytes.into_iter().chain(bits) {
        let at = format!("{trick:?}").chars().take(40).collect::<String>();
        stage.play(trick);
        let error = stage.client.unlock().await.unwrap_err();
        let Error::Locked { hint } = error else { panic!("{at}: {error:?}") };
        assert!(hint.contains("other bytes"), "{at}: {hint}");
        stage.is_closed(&at).await;
        // One right answer in between: the wrong ones are not two in a row.
        stage.nothing_is_lost(&at).await;
        stage.client.lock().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_bytes_twice_in_a_row_are_a_lost_key_and_the_person_is_told() {
    let stage = Stage::set().await;
    stage.play(Trick::OneBit(3));
    stage.play(Trick::OneBit(3));
    assert!(matches!(stage.client.unlock().await, Err(Error::Locked { .. })));
    let error = stage.client.unlock().await.unwrap_err();
    let Error::SignInAgain { hint } = error else { panic!("{error:?}") };
    assert!(hint.contains("gone") && hint.contains("sign in again"), "{hint}");
    assert!(matches!(stage.client.status(), Status::Unavailable { .. }));
    assert!(stage.client.why()[0].contains("key"), "{:?}", stage.client.why());
    // The way back is a sign-in; the consents are still there.
    assert!(stage.client.consent().history().await.unwrap().contains("profile.store"));
    assert!(matches!(stage.client.enter("review.write").await, Ok(Entry::Cleared { .. })));
}

#[tokio::test(flavor = "multi_thread")]
async fn passing_trouble_is_typed_and_loses_nothing_however_often_it_comes() {
    let stage = Stage::set().await;
    let not_now = || GateError::NotNow { reason: "the system is busy".to_owned() };
    let failed = || GateError::Failed { reason: "error 7".to_owned() };
    type Expected = fn(&Error) -> bool;
    let troubles: [(GateError, Expected); 7] = [
        (not_now(), |error| matches!(error, Error::Unavailable { .. })),
        (GateError::LockedOut, |error| matches!(error, Error::Unavailable { .. })),
        (GateError::NotRecognised, |error| matches!(error, Error::Locked { .. })),
        (GateError::Cancelled, |error| matches!(error, Error::Cancelled { .. })),
        (failed(), |error| matches!(error, Error::Unavailable { .. })),
        (GateError::NotEnrolled, |error| matches!(error, Error::Unavailable { .. })),
        (GateError::NoHardware, |error| matches!(error, Error::Unavailable { .. })),
    ];
    for (trouble, expected) in troubles {
        for time in 1..=5 {
            stage.play(Trick::Fails(trouble.clone()));
            let error = stage.client.unlock().await.unwrap_err();
            assert!(expected(&error), "{trouble:?}, time {time}: {error:?}");
            stage.is_closed(&format!("{trouble:?}")).await;
        }
        stage.nothing_is_lost(&format!("{trouble:?}")).await;
        stage.client.lock().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn trouble_between_two_wrong_answers_does_not_make_them_one_more() {
    let stage = Stage::set().await;
    for _ in 0..3 {
        stage.play(Trick::Fails(GateError::NotRecognised));
        stage.play(Trick::OneBit(0));
        assert!(stage.client.unlock().await.is_err());
        assert!(matches!(stage.client.unlock().await, Err(Error::Locked { .. })));
        stage.nothing_is_lost("a wrong finger, wrong bytes, then the right ones").await;
        stage.client.lock().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_is_gone_for_good_is_said_and_only_the_session_behind_it_goes() {
    let stage = Stage::set().await;
    stage.play(Trick::Fails(GateError::KeyLost));
    let error = stage.client.unlock().await.unwrap_err();
    assert!(matches!(error, Error::SignInAgain { .. }), "{error:?}");
    assert!(matches!(stage.client.status(), Status::Unavailable { .. }));
    // Nothing ungated is left to open, also not for a key that comes back to life.
    assert!(stage.client.unlock().await.is_err());
    let names = stage.world.files().names().unwrap();
    assert!(!names.iter().any(|name| name == "main.gated"), "{names:?}");
    assert!(stage.client.consent().history().await.unwrap().contains("profile.store"));
    assert!(matches!(stage.client.enter("review.write").await, Ok(Entry::Cleared { .. })));
    assert!(matches!(stage.client.status(), Status::Unlocked { .. }));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_hangs_holds_nobody_up_once_the_app_locks() {
    let mut stage = Stage::set().await;
    stage.play(Trick::Hangs);
    let unlocking = stage.unlocking().await;
    stage.is_closed("while it hangs").await;
    stage.client.lock().await.unwrap();
    assert!(matches!(unlocking.await.unwrap(), Err(Error::Cancelled { .. })));
    stage.nothing_is_lost("after it hung").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn signing_out_does_not_wait_for_a_key_that_hangs() {
    let mut stage = Stage::set().await;
    stage.play(Trick::Hangs);
    let unlocking = stage.unlocking().await;
    let report = stage.client.sign_out().await.unwrap();
    // The refresh token was behind the key: the provider could not be told.
    assert!(report.remote_session_may_live);
    assert!(unlocking.await.unwrap().is_err());
    assert_eq!(stage.client.status(), Status::SignedOut);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_right_bytes_after_locking_open_nothing() {
    let mut stage = Stage::set().await;
    let let_go = Arc::new(Semaphore::new(0));
    stage.play(Trick::Late(let_go.clone()));
    let unlocking = stage.unlocking().await;
    stage.client.lock().await.unwrap();
    assert!(matches!(unlocking.await.unwrap(), Err(Error::Cancelled { .. })));
    let_go.add_permits(1);
    stage.stays_closed("a late answer").await;
    stage.nothing_is_lost("after a late answer").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_right_bytes_of_an_earlier_attempt_do_not_open_a_later_one() {
    let mut stage = Stage::set().await;
    let let_go = Arc::new(Semaphore::new(0));
    stage.play(Trick::Late(let_go.clone()));
    stage.play(Trick::Hangs);
    let first = stage.unlocking().await;
    stage.client.lock().await.unwrap();
    let second = stage.unlocking().await;
    let_go.add_permits(1);
    stage.stays_closed("the first answer while the second prompt is on the screen").await;
    assert!(!second.is_finished());
    stage.client.lock().await.unwrap();
    assert!(matches!(first.await.unwrap(), Err(Error::Cancelled { .. })));
    assert!(matches!(second.await.unwrap(), Err(Error::Cancelled { .. })));
    stage.nothing_is_lost("after two attempts").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_answer_after_the_session_opened_changes_nothing() {
    let mut stage = Stage::set().await;
    let let_go = Arc::new(Semaphore::new(0));
    stage.play(Trick::Late(let_go.clone()));
    let first = stage.unlocking().await;
    stage.client.lock().await.unwrap();
    stage.nothing_is_lost("the second attempt").await;
    let_go.add_permits(1);
    assert!(matches!(first.await.unwrap(), Err(Error::Cancelled { .. })));
    for _ in 0..50 {
        stage.client.consent().history().await.unwrap();
        assert!(matches!(stage.client.status(), Status::Unlocked { .. }));
    }
    stage.client.lock().await.unwrap();
    stage.stays_closed("locked after the second answer").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_right_bytes_after_signing_out_bring_nobody_back() {
    let mut stage = Stage::set().await;
    let let_go = Arc::new(Semaphore::new(0));
    stage.play(Trick::Late(let_go.clone()));
    let unlocking = stage.unlocking().await;
    stage.client.sign_out().await.unwrap();
    assert!(unlocking.await.unwrap().is_err());
    let_go.add_permits(1);
    for _ in 0..50 {
        stage.client.consent().history().await.unwrap();
        assert_eq!(stage.client.status(), Status::SignedOut);
    }
    assert!(stage.client.authorization(stage.world.issuer()).await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_breaks_off_leaves_the_session_locked_and_whole() {
    let mut stage = Stage::set().await;
    stage.play(Trick::Panics);
    let unlocking = stage.unlocking().await;
    stage.is_closed("after it broke off").await;
    stage.client.lock().await.unwrap();
    assert!(unlocking.await.unwrap().is_err());
    stage.nothing_is_lost("after it broke off").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_finger_and_then_the_right_one_are_one_answer_each() {
    let mut stage = Stage::set().await;
    let let_go = Arc::new(Semaphore::new(0));
    stage.play(Trick::Fails(GateError::NotRecognised));
    stage.play(Trick::Late(let_go.clone()));
    assert!(matches!(stage.client.unlock().await, Err(Error::Locked { .. })));
    stage.begun.recv().await.unwrap();
    // Two callers share the one prompt that follows, and each has the one answer.
    let first = stage.unlocking().await;
    let (client, other) = (stage.client.clone(), stage.client.clone());
    let second = tokio::spawn(async move { client.unlock().await });
    stage.is_closed("while the prompt is on the screen").await;
    let_go.add_permits(1);
    assert_eq!((first.await.unwrap(), second.await.unwrap()), (Ok(()), Ok(())));
    other.unlock().await.unwrap();
    assert!(stage.begun.try_recv().is_err(), "an open session shows no prompt");
    stage.nothing_is_lost("after the right finger").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_finger_of_a_hesitating_person_counts_once() {
    let stage = Stage::set().await;
    stage.world.device.finger.will(Finger::Hesitates);
    let callers: Vec<_> = (0..20)
        .map(|_| {
            let client = stage.client.clone();
            tokio::spawn(async move { client.unlock().await })
        })
        .collect();
    stage.is_closed("while the person hesitates").await;
    stage.world.device.finger.will(Finger::Right);
    for caller in callers {
        assert_eq!(caller.await.unwrap(), Ok(()));
    }
    let unwraps = stage.world.device.log.lines().iter().filter(|line| line.contains("unwrap_secret")).count();
    assert_eq!(unwraps, 1);
    stage.nothing_is_lost("after twenty callers").await;
}
