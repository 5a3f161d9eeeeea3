//! The Kotlin library: generated and hand-written code, and its tests on the JVM.

use std::fs;
use std::path::PathBuf;

use crate::bindings;
use crate::counts::Reader;
use crate::kotlin_api;
use crate::kotlin_tests;
use crate::rings::journeys;
use crate::run::{Run, Stop};
use crate::snippets::{self, Language};
use crate::tools;
use crate::workspace::{Workspace, journey_surroundings};

pub fn run(workspace: &Workspace, run: &mut Run) -> Result<(), Stop> {
    tools::require(run, &["java", "mvn"], &["default-jdk-headless", "maven"])?;
    bindings::kotlin(workspace, run)?;
    bindings::shared_cases(workspace, run)?;
    snippets::write(workspace, run, Language::Kotlin)?;
    journeys::forget(workspace, "kotlin")?;
    let reports = workspace.path("bindings/kotlin/target/surefire-reports");
    if reports.is_dir() {
        fs::remove_dir_all(&reports)?;
    }
    let library: PathBuf = workspace.target("debug");
    let mut maven = workspace.command("mvn", ["-B", "-ntp", "test"]);
    maven
        .current_dir(workspace.path("bindings/kotlin"))
        .arg(format!("-Drust.library.dir={}", library.display()));
    maven.envs(journey_surroundings(workspace.root()));
    run.step("Kotlin tests", &mut maven, Reader::Surefire)?;
    let sources = workspace.path("bindings/kotlin/src/test/kotlin");
    let verdict = kotlin_tests::every_test_ran(&[&sources], &reports, &[]);
    run.check("every test in the sources ran", verdict.map(drop));
    kotlin_api::check(workspace, run, &kotlin_api::JVM)
}
