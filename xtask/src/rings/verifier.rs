//! The independent verifier of exported ledgers: a program of its own, in Python, and its tests.

use crate::counts::Reader;
use crate::run::{Run, Stop};
use crate::tools;
use crate::workspace::Workspace;

/// Python's runner reports on standard error.
const TESTS: &str = "cd core/consent/verifier && exec \"$0\" -B -m unittest test_verify 2>&1";

pub fn run(workspace: &Workspace, run: &mut Run) -> Result<(), Stop> {
    tools::require(run, &["python3"], &["python3", "python3-venv"])?;
    let home = workspace.target("verifier");
    let python = home.join("bin/python").display().to_string();
    if !home.join("bin/pip").is_file() {
        run.prepare("make a Python environment", workspace.command("python3", ["-m", "venv"]).arg(&home))?;
    }
    let requirements = "core/consent/verifier/requirements.txt";
    let install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", requirements];
    run.prepare("install what the verifier needs", &mut workspace.command(&python, install))?;
    run.step("verifier tests", &mut workspace.command("bash", ["-c", TESTS, &python]), Reader::Unittest)
}
