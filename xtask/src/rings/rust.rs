//! All Rust tests, the journey among them, and the documentation examples.

use crate::counts::Reader;
use crate::rings::journeys;
use crate::run::{Run, Stop};
use crate::tools;
use crate::workspace::{Workspace, journey_surroundings};

pub fn run(workspace: &Workspace, run: &mut Run) -> Result<(), Stop> {
    tools::build_everything(workspace, run)?;
    journeys::forget(workspace, "rust")?;
    let mut tests = workspace.cargo(["test", "--workspace", "--exclude", "xtask", "--no-fail-fast"]);
    tests.envs(journey_surroundings(workspace.root()));
    run.step("Rust tests", &mut tests, Reader::CargoTest)
}
