//! The Android library: compiled against android-all, its tests under Robolectric at API 30 and 34, offline.
//!
//! The tests load the Rust library of the debug build; the Keystore is a fake, and called so.

use crate::android;
use crate::bindings;
use crate::counts::Reader;
use crate::kotlin_api;
use crate::kotlin_tests;
use crate::run::{Run, Stop};
use crate::snippets::{self, Language};
use crate::tools;
use crate::workspace::{Workspace, journey_surroundings};

/// The API levels that a test runs at where it names no other (`robolectric.properties`).
const LEVELS: [u32; 2] = [30, 34];

pub fn run(workspace: &Workspace, run: &mut Run) -> Result<(), Stop> {
    tools::require(run, &["java", "mvn", "aapt2"], &["default-jdk-headless", "maven", "aapt"])?;
    bindings::kotlin(workspace, run)?;
    snippets::write(workspace, run, Language::Android)?;
    let mut maven = workspace.command("mvn", ["-B", "-ntp", "clean", "test"]);
    maven
        .current_dir(workspace.path("bindings/kotlin/android"))
        .arg(format!("-Drust.library.dir={}", workspace.target("debug").display()));
    maven.envs(journey_surroundings(workspace.root()));
    run.step("Android tests", &mut maven, Reader::Surefire)?;
    let sources = workspace.path("bindings/kotlin/android/src/test/kotlin");
    let reports = workspace.path("bindings/kotlin/android/target/surefire-reports");
    let verdict = kotlin_tests::every_test_ran(&[&sources], &reports, &LEVELS);
    run.check("every test ran, at API 30 and 34 where it names no other", verdict.map(drop));
    kotlin_api::check(workspace, run, &kotlin_api::ANDROID)?;
    kotlin_api::check(workspace, run, &kotlin_api::JVM_IN_ANDROID)?;
    android::run(workspace, run)?;
    android::inspect::packages(workspace, run)
}
