//! The Swift package: generated and hand-written code, and its tests; with the machine's Swift or one in a root folder.

use std::path::Path;

use crate::bindings;
use crate::counts::Reader;
use crate::rings::journeys;
use crate::run::{Run, Stop};
use crate::snippets::{self, Language};
use crate::swift_root::{self, SEEN_AT};
use crate::tools;
use crate::workspace::{Workspace, journey_surroundings};

pub fn run(workspace: &Workspace, run: &mut Run) -> Result<(), Stop> {
    let root = match tools::on_path("swift") {
        Some(_) => None,
        None => Some(swift_root::ready(workspace, run)?),
    };
    bindings::swift(workspace, run)?;
    bindings::shared_cases(workspace, run)?;
    snippets::write(workspace, run, Language::Swift)?;
    journeys::forget(workspace, "swift")?;
    // XCTest prints some of its lines to standard error; they are counted too.
    let script = |library: &Path| {
        let library = library.display();
        format!("swift test --package-path bindings/swift -Xlinker '-L{library}' 2>&1")
    };
    let seen_at = root.as_ref().map_or(workspace.root(), |_| Path::new(SEEN_AT));
    let library = seen_at.join("target/debug");
    let mut tests = match &root {
        Some(root) => swift_root::command(root, workspace, &script(&library)),
        None => workspace.command("bash", ["-c", &script(&library)]),
    };
    tests.env("LD_LIBRARY_PATH", &library).env("DYLD_LIBRARY_PATH", &library);
    tests.envs(journey_surroundings(seen_at));
    run.step("Swift tests", &mut tests, Reader::SwiftTest)
}
