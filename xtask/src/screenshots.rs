//! Pictures of the portal's screens, for people to look at: light and dark, in both languages, with fonts as they are and
//! twice as large. They are drawn by Robolectric with the platform's own graphics code.

use crate::counts::Reader;
use crate::folders;
use crate::rings::android_sample;
use crate::run::{Run, Stop};
use crate::workspace::Workspace;

/// Writes `target/screenshots`, anew each time.
pub fn run(workspace: &Workspace) -> Result<(), Stop> {
    let mut run = Run::default();
    let folder = workspace.target("screenshots");
    folders::empty(&folder)?;
    android_sample::prepare(workspace, &mut run)?;
    let mut maven = android_sample::maven(workspace);
    maven.args([&format!("-Dscreenshots={}", folder.display()), "-Dtest=ScreenshotsTest"]);
    maven.arg("-Dsurefire.failIfNoSpecifiedTests=false");
    run.step("the portal's screenshots", &mut maven, Reader::Surefire)
}
