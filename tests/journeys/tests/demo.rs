//! The demo ends by itself, and neither its files nor its output hold anything in clear.

#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]

use std::process::{Command, Stdio};

use pforte_client::Entry;
use pforte_journeys::{World, found};

/// What would give a session or a person away: every JWT begins like this; then the person.
const NEEDLES: [&str; 4] = ["eyJ", "alice", "Alice", "alice@example.com"];

#[tokio::test(flavor = "multi_thread")]
async fn the_search_would_find_a_token_and_a_person() {
    let world = World::new().await;
    let client = world.open().await.unwrap();
    assert!(matches!(client.enter("review.write").await, Ok(Entry::Cleared { .. })));
    let header = client.authorization(world.issuer()).await.unwrap();
    assert_eq!(found(header.as_bytes(), &NEEDLES), ["eyJ"]);
    assert_eq!(found(format!("{:?}", client.status()).as_bytes(), &NEEDLES).len(), 3);
}

#[test]
fn the_demo_completes_and_tells_no_secret() {
    let folder = tempfile::tempdir().unwrap();
    let kept = folder.path().join("kept");
    let demo = Command::new(env!("CARGO_BIN_EXE_demo"))
        .arg("--keep")
        .arg(&kept)
        .stdin(Stdio::null())
        // No keyring: nothing of the machine's own is touched.
        .env_remove("DBUS_SESSION_BUS_ADDRESS")
        .output()
        .unwrap();
    let told = [demo.stdout, demo.stderr].concat();
    let text = String::from_utf8_lossy(&told);
    assert!(demo.status.success(), "{text}");
    assert!(text.contains("The journey is complete."), "{text}");
    assert_eq!(found(&told, &NEEDLES), Vec::<&str>::new());

    let mut sealed = 0;
    for entry in std::fs::read_dir(&kept).unwrap() {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        assert_eq!(found(&bytes, &NEEDLES), Vec::<&str>::new());
        sealed += bytes.len();
    }
    assert!(sealed > 1000, "{sealed} bytes");
}

#[test]
fn an_unknown_option_prints_the_usage() {
    let demo = Command::new(env!("CARGO_BIN_EXE_demo")).arg("--what").output().unwrap();
    assert!(!demo.status.success());
    assert!(String::from_utf8_lossy(&demo.stdout).contains("--browser"));
}
