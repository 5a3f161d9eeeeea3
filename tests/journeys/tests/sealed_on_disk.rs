//! The sealed files hold nothing in clear, and neither do errors, events and the transitions told to support.

#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]

use pforte_client::Entry;
use pforte_journeys::{World, found};

#[tokio::test(flavor = "multi_thread")]
async fn no_token_and_no_personal_datum_is_in_clear() {
    let world = World::new().await;
    let client = world.open().await.unwrap();
    assert!(matches!(client.enter("review.write").await, Ok(Entry::Cleared { .. })));
    let header = client.authorization(world.issuer()).await.unwrap();
    let token = header.strip_prefix("Bearer ").unwrap().to_owned();
    let needles = [token.as_str(), "alice", "Alice", "alice@example.com", "over", "profile.store", "Bearer"];

    // The search would find them: first in what the device keeps while open, written out on purpose.
    let plain = format!("{header} {:?} {}", client.status(), client.consent().history().await.unwrap());
    assert_eq!(found(plain.as_bytes(), &needles[..1]).len(), 1);
    assert!(found(plain.as_bytes(), &needles).len() >= 4, "{plain}");

    let kept = world.file_bytes();
    assert!(kept.len() > 1000, "{} bytes", kept.len());
    assert_eq!(found(&kept, &needles), Vec::<&str>::new());

    let told = format!("{:?} {:?} {:?}", client.why(), client, world.device.log.lines());
    assert_eq!(found(told.as_bytes(), &needles[..1]), Vec::<&str>::new());
}
