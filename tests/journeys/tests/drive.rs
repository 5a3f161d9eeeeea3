//! Entering: joining, going away, the end of the process, and turns in the wrong order.

#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use pforte_client::{
    Client, Entry, Error, Outcome, ProviderKind, Resumed, ResumedEnd, Status, TouchpointEvent, Turn,
};
use pforte_host::{Answer, Ask, AskKind, Host, Presenter, PresenterError, UserAgent, UserAgentError};
use pforte_journeys::{World, answers};
use pforte_testing::Finger;
use tokio::sync::{broadcast, mpsc, oneshot};
use tokio::task::JoinHandle;

/// Shows asks to the test, which answers them by hand.
struct ByHand {
    shown: mpsc::UnboundedSender<Shown>,
    withdrawn: mpsc::UnboundedSender<()>,
}

struct Shown {
    ask: Ask,
    answer: oneshot::Sender<Answer>,
}

#[async_trait]
impl Presenter for ByHand {
    async fn present(&self, ask: Ask) -> Result<Answer, PresenterError> {
        let (answer, answered) = oneshot::channel();
        self.shown.send(Shown { ask, answer }).unwrap();
        answered.await.map_err(|_| PresenterError::Interrupted)
    }

    fn withdraw_ask(&self) -> Result<(), PresenterError> {
        self.withdrawn.send(()).unwrap();
        Ok(())
    }
}

struct Screen {
    shown: mpsc::UnboundedReceiver<Shown>,
    withdrawn: mpsc::UnboundedReceiver<()>,
}

async fn by_hand(world: &World) -> (Arc<Client>, Screen) {
    let (shown, on_screen) = mpsc::unbounded_channel();
    let (withdrawn, off_screen) = mpsc::unbounded_channel();
    let presenter = Arc::new(ByHand { shown, withdrawn });
    let host = Host { presenter, ..world.device.host_with_files(world.files()) };
    let client = Client::open(world.config(), host).await.unwrap();
    (client, Screen { shown: on_screen, withdrawn: off_screen })
}

impl Screen {
    async fn next(&mut self) -> Shown {
        tokio::time::timeout(Duration::from_secs(10), self.shown.recv()).await.unwrap().unwrap()
    }

    /// Answers everything until the entry ends.
    async fn through(&mut self, mut entering: JoinHandle<Result<Entry, Error>>) -> Result<Entry, Error> {
        loop {
            tokio::select! {
                biased;
                shown = self.next() => shown.answer.send(answers(&shown.ask)).unwrap(),
                ended = &mut entering => return ended.unwrap(),
            }
        }
    }

    async fn leaves(&mut self) {
        tokio::time::timeout(Duration::from_secs(10), self.withdrawn.recv()).await.unwrap().unwrap();
    }
}

fn enter(client: &Arc<Client>, touchpoint: &'static str) -> JoinHandle<Result<Entry, Error>> {
    let client = client.clone();
    tokio::spawn(async move { client.enter(touchpoint).await })
}

fn heard(events: &mut broadcast::Receiver<TouchpointEvent>) -> Vec<(String, u32, Outcome)> {
    let mut heard = Vec::new();
    while let Ok(event) = events.try_recv() {
        heard.push((event.flow, event.step_n, event.outcome));
    }
    heard
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_that_goes_away_interrupts_and_the_next_resumes_at_the_same_ask() {
    let world = World::new().await;
    let (client, mut screen) = by_hand(&world).await;
    let mut events = client.events();
    let entering = enter(&client, "review.write");
    let first = screen.next().await;
    first.answer.send(answers(&first.ask)).unwrap();
    let second = screen.next().await;
    entering.abort();
    screen.leaves().await;

    let entering = enter(&client, "review.write");
    let shown = screen.next().await;
    assert_eq!(shown.ask, second.ask, "it resumes at the same ask");
    shown.answer.send(answers(&shown.ask)).unwrap();
    assert!(matches!(screen.through(entering).await, Ok(Entry::Cleared { .. })));
    let heard = heard(&mut events);
    assert!(heard.iter().all(|(flow, ..)| flow == "review.write#1"), "one visit: {heard:?}");
    assert!(
        heard.iter().any(|(_, step_n, outcome)| (*step_n, *outcome) == (1, Outcome::Interrupted)),
        "{heard:?}"
    );
    assert!(heard.iter().all(|(.., outcome)| *outcome != Outcome::Aborted), "nobody gave up: {heard:?}");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_that_goes_away_leaves_the_ask_to_the_one_that_joined() {
    let world = World::new().await;
    let (client, mut screen) = by_hand(&world).await;
    let first = enter(&client, "review.write");
    let shown = screen.next().await;
    let second = enter(&client, "review.write");
    // The second has joined when it waits; a drive of its own would show an ask of its own.
    tokio::time::sleep(Duration::from_millis(100)).await;
    first.abort();
    assert!(first.await.unwrap_err().is_cancelled());
    shown.answer.send(answers(&shown.ask)).unwrap();
    assert!(matches!(screen.through(second).await, Ok(Entry::Cleared { .. })));
    assert!(screen.withdrawn.try_recv().is_err(), "the ask stayed on the screen");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_one_ask_is_on_the_screen_at_a_time() {
    let world = World::new().await;
    let (client, mut screen) = by_hand(&world).await;
    let one = enter(&client, "review.write");
    let shown = screen.next().await;
    let other = enter(&client, "hotel.browse");
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!(screen.shown.try_recv().is_err(), "the second waits for the screen");
    shown.answer.send(answers(&shown.ask)).unwrap();
    assert!(matches!(screen.through(one).await, Ok(Entry::Cleared { .. })));
    assert!(matches!(screen.through(other).await, Ok(Entry::Cleared { .. })));
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn going_away_takes_the_unlock_prompt_off_the_screen() {
    let world = World::new().await;
    let client = world.open().await.unwrap();
    assert!(matches!(client.enter("review.write").await, Ok(Entry::Cleared { .. })));
    client.lock().await.unwrap();
    world.device.finger.will(Finger::Hesitates);
    let prompts = || {
        let lines = world.device.log.lines();
        let count = |name: &str| lines.iter().filter(|line| line.starts_with(name)).count();
        (count("gate_key.unwrap_secret"), count("gate_key.dismiss_prompt"))
    };
    let (before, _) = prompts();
    let entering = enter(&client, "review.write");
    until(|| prompts().0 > before).await;
    entering.abort();
    until(|| prompts().1 == 1).await;
    world.device.finger.will(Finger::Right);
    assert!(matches!(client.enter("review.write").await, Ok(Entry::Cleared { .. })));
    world.end().await;
}

/// Waits for something that other tasks bring about; ten seconds at most.
async fn until(happened: impl Fn() -> bool) {
    for _ in 0..1000 {
        if happened() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("it did not happen");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_to_an_ask_that_is_no_longer_open_changes_nothing() {
    let world = World::new().await;
    let client = world.open().await.unwrap();
    let Turn::Asked { ask: first } = client.next("review.write").await.unwrap() else { panic!() };
    let Turn::Asked { ask: second } = client.answer(first.clone(), answers(&first)).await.unwrap() else {
        panic!()
    };
    let history = client.consent().history().await.unwrap();
    let late = client.answer(first.clone(), answers(&first)).await;
    assert!(matches!(&late, Err(Error::Retry { hint, .. }) if hint.contains("Call next")), "{late:?}");
    assert_eq!(client.consent().history().await.unwrap(), history);
    assert_eq!(client.next("review.write").await.unwrap(), Turn::Asked { ask: second });
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn after_the_end_of_the_process_the_same_ask_can_be_answered() {
    let world = World::new().await;
    let client = world.open().await.unwrap();
    let Turn::Asked { ask } = client.next("hotel.browse").await.unwrap() else { panic!() };
    drop(client);
    let client = world.open().await.unwrap();
    let turn = client.answer(ask.clone(), answers(&ask)).await.unwrap();
    assert!(matches!(turn, Turn::Ended { entry: Entry::Cleared { .. } }), "{turn:?}");
    world.end().await;
}

/// A browser that takes the person away for good: the process ends before it comes back.
struct Gone(mpsc::UnboundedSender<String>);

#[async_trait]
impl UserAgent for Gone {
    async fn browse(&self, url: String, _redirect_uri: String) -> Result<String, UserAgentError> {
        self.0.send(url).unwrap();
        std::future::pending().await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_whose_process_ended_during_sign_in_goes_on_and_is_told() {
    let world = World::new().await;
    let (gone, mut urls) = mpsc::unbounded_channel();
    let host = Host { user_agent: Arc::new(Gone(gone)), ..world.device.host_with_files(world.files()) };
    let client = Client::open(world.config(), host).await.unwrap();
    let entering = enter(&client, "review.write");
    let url = urls.recv().await.unwrap();
    entering.abort();
    drop(client);

    // The provider redirects, and the system starts the app anew with that.
    let callback = world.device.browser.browse(url, "com.example.portal:/callback".to_owned()).await.unwrap();
    let client = world.open().await.unwrap();
    let (unheard, mut resumed) = client.resumed();
    assert!(unheard.is_empty());
    client.resume(&callback).await.unwrap();
    let Resumed { touchpoint, end } = resumed.recv().await.unwrap();
    assert_eq!(touchpoint, "review.write");
    assert!(matches!(end, ResumedEnd::Entered { entry: Entry::Cleared { .. } }), "{end:?}");
    let again = client.resume(&callback).await;
    assert!(again.is_err(), "a redirect is good for one sign-in");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plain_sign_in_that_is_resumed_is_told_once_also_to_who_listens_late() {
    let world = World::new().await;
    let (gone, mut urls) = mpsc::unbounded_channel();
    let host = Host { user_agent: Arc::new(Gone(gone)), ..world.device.host_with_files(world.files()) };
    let client = Client::open(world.config(), host).await.unwrap();
    let signing_in = tokio::spawn({
        let client = client.clone();
        async move { client.sign_in(None).await }
    });
    let url = urls.recv().await.unwrap();
    signing_in.abort();
    drop(client);

    let callback = world.device.browser.browse(url, "com.example.portal:/callback".to_owned()).await.unwrap();
    let client = world.open().await.unwrap();
    client.resume(&callback).await.unwrap();
    until(|| matches!(client.status(), Status::Unlocked { .. })).await;
    let (mut heard, mut resumed) = client.resumed();
    if heard.is_empty() {
        heard.push(resumed.recv().await.unwrap());
    }
    assert_eq!(heard.len(), 1);
    assert_eq!(heard[0].touchpoint, "sign-in");
    assert!(client.resumed().0.is_empty(), "it is told once");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_social_route_is_offered_where_the_provider_has_a_name_for_it_and_goes_there_at_once() {
    let world = World::new().await;
    let (gone, mut urls) = mpsc::unbounded_channel();
    let host = Host { user_agent: Arc::new(Gone(gone)), ..world.device.host_with_files(world.files()) };
    let mut config = world.config();
    config.provider.kind = ProviderKind::Keycloak;
    config.provider.connections.insert("social:google".to_owned(), "google-at-home".to_owned());
    let client = Client::open(config, host).await.unwrap();
    world.device.asks.answer_with(|ask| match &ask.kind {
        AskKind::SignIn { routes } => {
            assert_eq!(
                routes.iter().map(|route| route.id.as_str()).collect::<Vec<_>>(),
                ["social:google", "page"]
            );
            Ok(Answer::Proceed { route: Some("social:google".to_owned()) })
        }
        _ => Ok(answers(ask)),
    });
    let entering = enter(&client, "review.write");
    let url = tokio::time::timeout(Duration::from_secs(10), urls.recv()).await.unwrap().unwrap();
    entering.abort();
    assert!(url.contains("kc_idp_hint=google-at-home"), "{url}");
    world.end().await;
}
