//! What the person fills in finds its way back to the account.

#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use pforte_client::{Client, Entry, ProfileField, ProfileWriter, ProfileWriterError, Status};
use pforte_journeys::World;
use tokio::sync::mpsc;

/// Tells what it was given, and answers as it was told.
struct Account {
    given: mpsc::UnboundedSender<Vec<ProfileField>>,
    fails: Mutex<usize>,
}

impl Account {
    fn new(fails: usize) -> (Arc<Self>, mpsc::UnboundedReceiver<Vec<ProfileField>>) {
        let (given, taken) = mpsc::unbounded_channel();
        (Arc::new(Self { given, fails: Mutex::new(fails) }), taken)
    }
}

#[async_trait]
impl ProfileWriter for Account {
    async fn write(&self, fields: Vec<ProfileField>) -> Result<(), ProfileWriterError> {
        self.given.send(fields).unwrap();
        let mut fails = self.fails.lock().unwrap();
        if *fails == 0 {
            return Ok(());
        }
        *fails -= 1;
        Err(ProfileWriterError { reason: "the account's server is away".to_owned() })
    }
}

fn profile(client: &Arc<Client>) -> Vec<ProfileField> {
    match client.status() {
        Status::Unlocked { profile } => profile,
        other => panic!("{other:?}"),
    }
}

fn source(client: &Arc<Client>, name: &str) -> String {
    profile(client).into_iter().find(|field| field.name == name).unwrap().source
}

async fn written(client: &Arc<Client>, name: &str) {
    let mut statuses = client.statuses();
    let is_written = |status: &Status| matches!(status, Status::Unlocked { profile } if profile.iter().any(|f| f.name == name && f.source == "account"));
    let waiting = statuses.wait_for(is_written);
    drop(tokio::time::timeout(Duration::from_secs(10), waiting).await.unwrap().unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_filled_in_is_written_once_it_is_sealed_and_only_once() {
    let world = World::new().await;
    let client = world.open().await.unwrap();
    let (account, mut given) = Account::new(0);
    client.write_profile_to(account);
    assert!(matches!(client.enter("review.write").await, Ok(Entry::Cleared { .. })));
    written(&client, "display_name").await;
    let first = given.recv().await.unwrap();
    assert!(first.iter().all(|field| field.source == "self") && !first.is_empty(), "{first:?}");
    assert!(profile(&client).iter().all(|field| field.source != "self"), "{:?}", profile(&client));
    client.lock().await.unwrap();
    client.unlock().await.unwrap();
    assert!(matches!(client.enter("review.write").await, Ok(Entry::Cleared { .. })));
    drop(client);
    let client = world.open().await.unwrap();
    client.unlock().await.unwrap();
    assert_eq!(source(&client, "display_name"), "account", "and that is kept");
    let (account, mut later) = Account::new(0);
    client.write_profile_to(account);
    client.lock().await.unwrap();
    client.unlock().await.unwrap();
    assert!(later.try_recv().is_err(), "there is nothing left to write");
    let mut names: Vec<String> = first.into_iter().map(|field| field.name).collect();
    while let Ok(more) = given.try_recv() {
        names.extend(more.into_iter().map(|field| field.name));
    }
    let count = names.len();
    names.sort();
    names.dedup();
    assert_eq!(names.len(), count, "each once: {names:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_account_could_not_take_stays_and_is_offered_again() {
    let world = World::new().await;
    let client = world.open().await.unwrap();
    assert!(matches!(client.enter("review.write").await, Ok(Entry::Cleared { .. })));
    let (account, mut given) = Account::new(1);
    client.write_profile_to(account);
    let first = given.recv().await.unwrap();
    assert_eq!(source(&client, "display_name"), "self");
    client.lock().await.unwrap();
    client.unlock().await.unwrap();
    assert_eq!(given.recv().await.unwrap(), first, "the same again");
    written(&client, "display_name").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_handed_over_while_locked_or_in_memory_only() {
    let world = World::new().await;
    let mut policy = world.config().policy;
    policy.policy_toml =
        policy.policy_toml.replace("without = \"device-only\"", "without = \"sign-in-each-time\"");
    world.device.finger.is(pforte_host::GateReadiness::NoHardware);
    let client = world.open_with_policy(policy).await.unwrap();
    let (account, mut given) = Account::new(0);
    client.write_profile_to(account);
    assert!(matches!(client.enter("review.write").await, Ok(Entry::Cleared { .. })));
    assert_eq!(source(&client, "display_name"), "self");
    assert!(given.try_recv().is_err(), "it is sealed nowhere");
}
