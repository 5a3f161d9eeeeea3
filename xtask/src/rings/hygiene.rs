//! Format, lints, licences, and what the tests of this program hold: the rooms' direction and a tidy tree.

use crate::counts::Reader;
use crate::run::{Run, Stop};
use crate::tools;
use crate::workspace::Workspace;

/// All of it, even where one part fails: each is mended by itself.
pub fn run(workspace: &Workspace, run: &mut Run) -> Result<(), Stop> {
    let mut format = workspace.cargo(["fmt", "--all", "--check"]);
    let format = run.step("format", &mut format, Reader::OneCheck);

    let mut tree = workspace.cargo(["test", "--quiet", "--no-fail-fast", "--package", "xtask"]);
    let tree = run.step("direction of the rooms, tidy tree", &mut tree, Reader::CargoTest);

    let mut lints = workspace.cargo(["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]);
    let lints = run.step("lints", &mut lints, Reader::OneCheck);

    // Workspaces of their own: nobody else would notice that a room changed what it links.
    let locks = ["tests/benches/Cargo.toml", "tests/fuzz/Cargo.toml"].map(|manifest| {
        let mut lock =
            workspace.cargo(["update", "--workspace", "--locked", "--quiet", "--manifest-path", manifest]);
        run.step(&format!("the lock file beside {manifest}"), &mut lock, Reader::OneCheck)
    });
    let [benches, fuzz] = locks;

    let linked = tools::cargo_deny(workspace, run).and_then(|deny| {
        let mut deny = workspace.command(&deny.to_string_lossy(), ["check", "bans", "licenses", "sources"]);
        run.step("what may be linked", &mut deny, Reader::OneCheck)
    });
    format.and(tree).and(lints).and(benches).and(fuzz).and(linked)
}
