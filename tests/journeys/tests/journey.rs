//! The whole journey, and the proof that a broken adapter is noticed.

#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]

use std::time::Duration;

use pforte_client::Status;
use pforte_journeys::{World, walk};
use pforte_testing::Finger;

#[tokio::test(flavor = "multi_thread")]
async fn the_whole_journey() {
    let world = World::new().await;
    let client = world.open().await.unwrap();
    let mut events = client.events();
    walk(&client, &world).await.unwrap();

    let families = world.control().state().families;
    assert_eq!(families.len(), 1);
    assert!(families[0].revoked.is_some(), "{families:?}");
    assert_eq!(world.control().state().refreshes, 1);

    let mut lines = Vec::new();
    while let Ok(Ok(event)) = tokio::time::timeout(Duration::from_millis(200), events.recv()).await {
        lines.push(format!(
            "{} {} {}",
            event.flow,
            event.step,
            format!("{:?}", event.outcome).to_lowercase()
        ));
    }
    let walked = serde_json::json!({
        "ports": world.device.log.lines(),
        "requests": world.control().log(),
        "events": lines,
    });
    if let Ok(folder) = std::env::var("PFORTE_JOURNEY_OUT") {
        std::fs::create_dir_all(&folder).unwrap();
        let file = std::path::Path::new(&folder).join("rust.json");
        std::fs::write(file, serde_json::to_vec_pretty(&walked).unwrap()).unwrap();
    }
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_adapter_turns_the_journey_red() {
    let good = World::new().await;
    walk(&good.open().await.unwrap(), &good).await.unwrap();
    let broken = World::new().await;
    broken.device.finger.will(Finger::RightButBroken);
    let client = broken.open().await.unwrap();
    let misstep = walk(&client, &broken).await.unwrap_err();
    assert_eq!(misstep.step, 6, "{misstep:?}");
    assert!(matches!(client.status(), Status::Locked { .. }));
    assert_ne!(good.device.log.lines(), broken.device.log.lines());
    good.end().await;
    broken.end().await;
}
