//! The portal for Android: its screens under Robolectric at API 30 and 34, with the provider on this machine.
//!
//! The journey is walked by taps on the screens; what it leaves behind is compared by the ring `journeys`. The Keystore is a
//! fake, and called so.

use std::process::Command;

use crate::bindings;
use crate::counts::Reader;
use crate::kotlin_tests;
use crate::rings::journeys;
use crate::run::{Run, Stop};
use crate::tools;
use crate::workspace::{Workspace, journey_surroundings};

/// The API levels that every test runs at (`robolectric.properties`).
const LEVELS: [u32; 2] = [30, 34];

pub fn run(workspace: &Workspace, run: &mut Run) -> Result<(), Stop> {
    prepare(workspace, run)?;
    for level in LEVELS {
        journeys::forget(workspace, &format!("android-{level}"))?;
    }
    run.step("the portal's tests", &mut maven(workspace), Reader::Surefire)?;
    let sources = workspace.path("android-sample/app/src/test/kotlin");
    let reports = workspace.path("android-sample/app/target/surefire-reports");
    let verdict = kotlin_tests::every_test_ran(&[&sources], &reports, &LEVELS);
    run.check("every test ran, at API 30 and 34 where it names no other", verdict.map(drop));
    Ok(())
}

/// What the build needs: programs, the Rust library, the provider, and the Kotlin sources that UniFFI writes.
pub fn prepare(workspace: &Workspace, run: &mut Run) -> Result<(), Stop> {
    let packages = ["default-jdk-headless", "maven", "aapt", "unzip"];
    tools::require(run, &["java", "mvn", "aapt2", "unzip"], &packages)?;
    bindings::kotlin(workspace, run)
}

/// A clean build with its tests.
pub fn maven(workspace: &Workspace) -> Command {
    let mut maven = workspace.command("mvn", ["-B", "-ntp", "clean", "test"]);
    maven.current_dir(workspace.path("android-sample"));
    maven.arg(format!("-Drust.library.dir={}", workspace.target("debug").display()));
    maven.envs(journey_surroundings(workspace.root()));
    maven
}
