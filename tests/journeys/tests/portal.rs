//! The portal from first visit to log-out: exactly what is asked, in order, and nothing twice; whatever is refused,
//! closed or interrupted on the way.

#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use pforte_client::{Client, Entry, Error, Turn};
use pforte_host::{Answer, Ask, AskKind, ConsentChoice, PresenterError};
use pforte_journeys::portal::{JOURNEY, Move, asked, make};
use pforte_journeys::{World, answers};
use pforte_testing::ask_summary;

/// What is asked on the way, and by which touchpoint.
const ASKS: [&str; 14] = [
    "hotel.browse: consent analytics",
    "account.register: inform account.contract",
    "account.register: sign-in page",
    "account.register: enrol-biometrics",
    "account.register: profile display_name age",
    "account.register: consent profile.store newsletter",
    "review.write: inform review.publish",
    "review.write: consent crm.link",
    "picture.upload: consent picture.rights",
    "booking.start: inform booking.contract",
    "booking.start: consent hotel.contact",
    "booking.pay: inform booking.invoice fraud.prevention",
    "booking.pay: step-up verified",
    "booking.pay: profile billing_country",
];

async fn walk(client: &Arc<Client>, world: &World, moves: &[Move]) {
    for what in moves {
        let entry = make(client, world, *what).await;
        assert!(matches!(entry, Ok(None | Some(Entry::Cleared { .. }))), "{what:?}: {entry:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_journey_asks_exactly_this_and_nothing_twice() {
    let world = World::new().await;
    let client = world.open().await.unwrap();
    walk(&client, &world, &JOURNEY).await;
    assert_eq!(asked(&world), ASKS);
    world.end().await;
}

/// Walks with one ask, the `nth` counted from 0, answered by `once` instead; `then` sees what came of that move.
async fn walk_with(
    nth: usize,
    once: impl Fn(&Ask) -> Result<Answer, PresenterError> + Send + 'static,
    then: impl Fn(&Ask, &Result<Option<Entry>, Error>) -> Next,
) -> Vec<String> {
    let world = World::new().await;
    let client = world.open().await.unwrap();
    let count = AtomicUsize::new(0);
    world.device.asks.answer_with(move |ask| {
        if count.fetch_add(1, Ordering::Relaxed) == nth { once(ask) } else { Ok(answers(ask)) }
    });
    let mut done = false;
    for what in JOURNEY {
        let mut entry = make(&client, &world, what).await;
        if !done && let Some(ask) = world.device.asks.asked().get(nth) {
            done = true;
            match then(ask, &entry) {
                Next::Again => entry = make(&client, &world, what).await,
                Next::GoOn => {}
                Next::LeaveOut => continue,
            }
        }
        assert!(matches!(entry, Ok(None | Some(Entry::Cleared { .. }))), "ask {nth}, {what:?}: {entry:?}");
    }
    assert!(done, "there is no ask {nth}");
    let lines = asked(&world);
    world.end().await;
    lines
}

/// What a person does after an ask came to something else than a plain yes.
enum Next {
    /// Makes the same move again.
    Again,
    /// Makes the next move.
    GoOn,
    /// Makes the next move without having made this one.
    LeaveOut,
}

/// The asks with the `nth` twice.
fn with_one_twice(nth: usize) -> Vec<String> {
    let mut asks: Vec<String> = ASKS.iter().map(|&ask| ask.to_owned()).collect();
    asks.insert(nth, asks[nth].clone());
    asks
}

#[tokio::test(flavor = "multi_thread")]
async fn an_ask_that_is_closed_gives_up_and_only_it_comes_again() {
    for nth in 0..ASKS.len() {
        let asks = walk_with(
            nth,
            |_| Ok(Answer::Dismissed),
            |ask, entry| {
                let kind = ask_summary(&ask.kind);
                let word = kind.split(' ').next().unwrap();
                match entry {
                    Ok(Some(Entry::Abandoned { at })) => assert_eq!(at, word),
                    // In the middle of a call: nothing was booked.
                    Err(Error::Cancelled { .. }) => assert_eq!(word, "step-up"),
                    other => panic!("{kind}: {other:?}"),
                }
                Next::Again
            },
        )
        .await;
        assert_eq!(asks, with_one_twice(nth), "ask {nth}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_ask_that_is_interrupted_is_not_given_up_and_only_it_comes_again() {
    for nth in 0..ASKS.len() {
        let asks = walk_with(
            nth,
            |_| Err(PresenterError::Interrupted),
            |ask, entry| {
                assert!(matches!(entry, Err(Error::Retry { after_seconds: 0, .. })), "{ask:?}: {entry:?}");
                Next::Again
            },
        )
        .await;
        assert_eq!(asks, with_one_twice(nth), "ask {nth}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_ask_that_is_refused_stops_only_what_cannot_do_without() {
    let mut stopped = Vec::new();
    for (nth, asked) in ASKS.iter().enumerate() {
        let asks = walk_with(
            nth,
            |ask| Ok(refused(ask)),
            |ask, entry| {
                let needed = match &ask.kind {
                    AskKind::Consent { questions } => {
                        questions.iter().any(|one| one.required_because.is_some())
                    }
                    AskKind::EnrolBiometrics | AskKind::EnrolPasskey => false,
                    _ => true,
                };
                match entry {
                    Ok(Some(Entry::Cleared { .. })) if !needed => Next::GoOn,
                    Ok(Some(Entry::Stopped { reason })) if needed => {
                        assert!(!reason.is_empty());
                        if matches!(ask.kind, AskKind::Consent { .. }) { Next::LeaveOut } else { Next::Again }
                    }
                    Err(Error::Cancelled { .. }) if needed => Next::Again,
                    other => panic!("{ask:?}: {other:?}"),
                }
            },
        )
        .await;
        let again = asks.iter().filter(|ask| *ask == asked).count();
        let times = ASKS.iter().filter(|ask| *ask == asked).count();
        if again > times {
            stopped.push(asked);
        }
    }
    // A refused consent or gate is not asked about again; what a touchpoint can't do without comes with the next try.
    assert!(stopped.iter().all(|ask| !ask.contains(": consent") && !ask.contains("enrol")), "{stopped:?}");
    assert!(!stopped.is_empty());
}

/// Says no.
fn refused(ask: &Ask) -> Answer {
    match (&ask.kind, answers(ask)) {
        (AskKind::Consent { .. }, Answer::Consent { choices, act }) => Answer::Consent {
            choices: choices.into_iter().map(|choice| ConsentChoice { granted: false, ..choice }).collect(),
            act,
        },
        _ => Answer::Skipped,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_cold_start_while_locked_the_unlock_comes_first_and_answers_what_it_can() {
    let world = World::new().await;
    let client = world.open().await.unwrap();
    walk(&client, &world, &JOURNEY[..8]).await;
    drop(client);
    let before = asked(&world).len();

    let client = world.open().await.unwrap();
    walk(&client, &world, &JOURNEY[4..9]).await;
    let asks = asked(&world).split_off(before);
    assert_eq!(asks, ["review.write: unlock"], "everything else lies in the vault, the recent sign-in, too");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_challenge_in_the_middle_of_a_call_is_one_step_up_and_one_retry() {
    let world = World::new().await;
    let client = world.open().await.unwrap();
    walk(&client, &world, &JOURNEY[..7]).await;
    let before = asked(&world).len();
    world.control().clear_log();

    let made = client
        .call("booking.start", || {
            let (client, request) = (client.clone(), pforte_journeys::portal::booking(&world));
            async move { client.send(request).await }
        })
        .await
        .unwrap();
    assert!(pforte_journeys::portal::booked(&made), "{made:?}");
    assert_eq!(asked(&world).split_off(before), ["step-up: step-up verified"]);
    let log = world.control().log();
    let requests = |path: &str| log.iter().filter(|entry| entry.path == path).count();
    assert_eq!((requests("/portal/bookings"), requests("/authorize")), (2, 1), "{log:?}");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_that_draws_its_own_screens_asks_the_same() {
    let world = World::new().await;
    let client = world.open().await.unwrap();
    let mut asks = Vec::new();
    for what in JOURNEY {
        let (Move::Enter(touchpoint) | Move::Book(touchpoint)) = what else { continue };
        let mut turn = client.next(touchpoint).await.unwrap();
        while let Turn::Asked { ask } = turn {
            asks.push(format!("{touchpoint}: {}", ask_summary(&ask.kind)));
            assert_eq!(client.next(touchpoint).await.unwrap(), Turn::Asked { ask: ask.clone() });
            turn = client.answer(ask.clone(), answers(&ask)).await.unwrap();
        }
        assert!(matches!(turn, Turn::Ended { entry: Entry::Cleared { .. } }), "{touchpoint}: {turn:?}");
    }
    assert_eq!(asks, ASKS);
    assert!(world.device.asks.asked().is_empty(), "the presenter stays out of it");
    world.end().await;
}
