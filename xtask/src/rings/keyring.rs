//! The two keyrings of Linux, for real, and the vault's whole life over each: the Secret Service on a session bus of its
//! own with a home of its own, and the kernel's in a session of its own. Nobody's own keyring is touched.

use crate::counts::Reader;
use crate::folders;
use crate::run::{Run, Stop};
use crate::tools;
use crate::workspace::Workspace;

/// Unlocks a fresh keyring with a password, then runs the tests on the same bus.
const ON_A_BUS: &str = "\
    echo -n password | gnome-keyring-daemon --unlock --components=secrets >/dev/null && sleep 0.5 && \
    exec cargo test --workspace --exclude xtask --test keyring";

pub fn run(workspace: &Workspace, run: &mut Run) -> Result<(), Stop> {
    if std::env::consts::OS != "linux" {
        return Err(Stop::Missing("these keyrings are Linux's; run this ring there".to_owned()));
    }
    let programs = ["dbus-run-session", "gnome-keyring-daemon", "keyctl"];
    tools::require(run, &programs, &["dbus", "gnome-keyring", "keyutils"])?;
    tools::build_everything(workspace, run)?;

    // The keyring's file goes to XDG_DATA_HOME; HOME stays, because cargo keeps its registry there.
    let home = workspace.target("keyring-home");
    folders::empty(&home)?;
    let mut service = workspace.command("dbus-run-session", ["--", "bash", "-c", ON_A_BUS]);
    service.env("PFORTE_KEYRING", "secret-service").env("XDG_DATA_HOME", &home).env("XDG_RUNTIME_DIR", &home);
    run.step("Secret Service", &mut service, Reader::CargoTest)?;

    let tests = ["session", "-", "cargo", "test", "--workspace", "--exclude", "xtask", "--test", "keyring"];
    let mut kernel = workspace.command("keyctl", tests);
    run.step("the kernel's keyring", kernel.env("PFORTE_KEYRING", "keyutils"), Reader::CargoTest)
}
