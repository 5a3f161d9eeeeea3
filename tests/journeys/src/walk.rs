//! The journey's steps.

use std::fmt::Debug;
use std::sync::Arc;

use pforte_client::{Client, ConsentStatus, Entry, Error, Header, HttpRequest, Status};
use pforte_host::{Act, Answer, Ask, AskKind, ConsentChoice};
use pforte_testing::ScriptedAsks;

use crate::World;

/// A step that came out otherwise.
#[derive(Debug)]
pub struct Misstep {
    /// The step's number in `JOURNEY.md`.
    pub step: u8,
    /// What came of it.
    pub what: String,
}

/// Steps 1 to 11.
pub async fn walk(client: &Arc<Client>, world: &World) -> Result<(), Misstep> {
    holds(1, client.status() == Status::SignedOut, &client.status())?;
    cleared(2, client.enter("hotel.browse").await)?;

    cleared(3, client.enter("review.write").await)?;
    holds(3, matches!(client.status(), Status::Unlocked { .. }), &client.status())?;

    let review = r#"{"hotel":"h1","text":"Quiet rooms.","stars":5}"#;
    let posted = done(4, client.send(request(world, "POST", review)).await)?;
    holds(4, posted.status == 201, &posted)?;

    done(5, client.lock().await)?;
    holds(5, matches!(client.status(), Status::Locked { .. }), &client.status())?;
    let refused = client.send(request(world, "GET", "")).await;
    holds(5, matches!(refused, Err(Error::Locked { .. })), &refused)?;

    done(6, client.unlock().await)?;
    holds(6, matches!(client.status(), Status::Unlocked { .. }), &client.status())?;

    let reviews = done(7, client.send(request(world, "GET", "")).await)?;
    let listed = String::from_utf8_lossy(&reviews.body).contains("Quiet rooms.");
    holds(7, reviews.status == 200 && listed, &reviews)?;

    world.control().advance_clock(2 * 3600);
    let reviews = done(8, client.send(request(world, "GET", "")).await)?;
    holds(8, reviews.status == 200, &reviews)?;

    cleared(9, client.enter("review.write").await)?;

    let consent = client.consent();
    let act = Act { surface: "settings".to_owned(), control: "withdraw".to_owned(), genuine: true };
    done(10, consent.withdraw("analytics".to_owned(), act).await)?;
    let purposes = done(10, consent.purposes().await)?;
    let analytics = purposes.iter().find(|purpose| purpose.purpose == "analytics");
    holds(10, analytics.is_some_and(|purpose| purpose.status == ConsentStatus::Withdrawn), &analytics)?;

    let report = done(11, client.sign_out().await)?;
    holds(11, !report.remote_session_may_live && client.status() == Status::SignedOut, &report)
}

/// What the person does with each ask: everything but linking to the customer database.
pub fn answers(ask: &Ask) -> Answer {
    match (&ask.kind, ScriptedAsks::agreeable(ask)) {
        (AskKind::SignIn { .. }, _) => Answer::Proceed { route: Some("page".to_owned()) },
        (AskKind::Consent { .. }, Answer::Consent { choices, act }) => Answer::Consent {
            choices: choices
                .into_iter()
                .map(|choice| ConsentChoice { granted: choice.purpose != "crm.link", ..choice })
                .collect(),
            act,
        },
        (_, answer) => answer,
    }
}

fn request(world: &World, method: &str, body: &str) -> HttpRequest {
    HttpRequest {
        method: method.to_owned(),
        url: format!("{}/portal/reviews", world.issuer()),
        headers: vec![Header { name: "content-type".to_owned(), value: "application/json".to_owned() }],
        body: body.as_bytes().to_vec(),
    }
}

fn cleared(step: u8, entry: Result<Entry, Error>) -> Result<(), Misstep> {
    holds(step, matches!(entry, Ok(Entry::Cleared { .. })), &entry)
}

fn done<T>(step: u8, result: Result<T, Error>) -> Result<T, Misstep> {
    result.map_err(|error| Misstep { step, what: format!("{error:?}") })
}

fn holds(step: u8, it_does: bool, what: &impl Debug) -> Result<(), Misstep> {
    if it_does { Ok(()) } else { Err(Misstep { step, what: format!("{what:?}") }) }
}
