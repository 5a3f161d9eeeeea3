//! The person changes while a refresh is under way: what comes late reaches nobody, and is revoked.

#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]

use std::time::{Duration, Instant};

use pforte_faults::phone::{self, MovedClock};
use pforte_faults::process::PATIENCE;
use pforte_oauth::AuthorizeOptions;
use pforte_provider::{Act, Control, Ending, Endpoint, Misbehaviour, Provider, Settings};
use pforte_session::{Session, SessionError};

async fn until(what: &str, holds: impl Fn() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !holds() {
        assert!(Instant::now() < deadline, "{what} never happened");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

/// The person behind the session's access token.
async fn owner(session: &Session, control: &Control) -> String {
    let token = session.token().await.unwrap();
    let origin = control.origin_of(token.value.expose()).unwrap();
    control.state().families[origin.family].subject.clone()
}

async fn switch(signs_out_first: bool) {
    let settings = Settings { automatic: Some("alice".to_owned()), ..Settings::default() };
    let provider = Provider::start(settings).await.unwrap();
    let control = provider.control();
    let folder = tempfile::tempdir().unwrap();
    let open = async || {
        let host = phone::host(folder.path(), MovedClock::default()).unwrap();
        let settings = phone::settings(provider.issuer(), 0);
        Session::open(settings, host, phone::transport().unwrap()).await.unwrap()
    };
    let session = open().await;
    session.sign_in(AuthorizeOptions::default()).await.unwrap();
    session.seal_behind_gate(phone::prompt()).await.unwrap();
    let alices = session.token().await.unwrap();

    // The provider rotates at once and answers late.
    let slow = Act::Delay { millis: 1000, processed: true };
    control.misbehave(Misbehaviour::once(Endpoint::Token, slow)).unwrap();
    let waiting = {
        let session = session.clone();
        tokio::spawn(async move { session.token_instead_of(alices).await })
    };
    until("alice's rotation", || control.state().refreshes == 1).await;

    control.sign_in_automatically(Some("bob")).unwrap();
    if signs_out_first {
        session.sign_out().await.unwrap();
    }
    session.sign_in(AuthorizeOptions::default()).await.unwrap();
    session.seal_behind_gate(phone::prompt()).await.unwrap();

    let late = waiting.await.unwrap();
    assert!(
        !matches!(&late, Ok(token) if owner_of(&control, token.value.expose()) == "alice"),
        "alice's rotation was handed out"
    );
    assert!(
        late.is_ok() || matches!(late, Err(SessionError::SignedOut | SessionError::Cancelled { .. })),
        "{late:?}"
    );
    until("the revocation of alice's session", || control.state().families[0].revoked.is_some()).await;
    let state = control.state();
    assert_eq!(state.families[0].revoked, Some(Ending::Revocation));
    assert_eq!(state.families[1].revoked, None);
    assert_eq!(owner(&session, &control).await, "bob");

    // Also on the device there is bob's session and nothing else.
    drop(session);
    let session = open().await;
    session.unlock(phone::prompt()).await.unwrap();
    assert_eq!(owner(&session, &control).await, "bob");
    let token = session.token().await.unwrap();
    session.token_instead_of(token).await.unwrap();
    assert_eq!(owner(&session, &control).await, "bob");
}

fn owner_of(control: &Control, token: &str) -> String {
    let family = control.origin_of(token).map(|origin| origin.family);
    family.map(|family| control.state().families[family].subject.clone()).unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rotation_that_comes_after_another_person_signed_in_is_revoked() {
    switch(false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rotation_that_comes_after_sign_out_and_another_sign_in_is_revoked() {
    switch(true).await;
}
