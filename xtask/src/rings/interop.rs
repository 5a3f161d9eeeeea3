//! The journey and the protocol steps against `oidc-provider`, which is certified by the OpenID Foundation, and ID tokens
//! and callbacks judged by `jose` and `oauth4webapi` beside us.

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use crate::counts::Reader;
use crate::run::{Run, Stop};
use crate::tools;
use crate::workspace::{Workspace, journey_surroundings};

/// Far more than it takes: it is ready in a second.
const START: Duration = Duration::from_secs(30);

pub fn run(workspace: &Workspace, run: &mut Run) -> Result<(), Stop> {
    install(workspace, run)?;
    tools::build_everything(workspace, run)?;
    let provider = Provider::start(workspace)?;
    println!("  oidc-provider answers at {}", provider.issuer);
    let mut tests = workspace.cargo(["test", "--workspace", "--exclude", "xtask", "--test", "interop"]);
    tests.envs(journey_surroundings(workspace.root())).env("PFORTE_OP", &provider.issuer);
    run.step("journey against oidc-provider", &mut tests, Reader::CargoTest)?;
    let mut tests = workspace.cargo(["test", "--workspace", "--exclude", "xtask", "--test", "providers"]);
    tests.args(["--", "--nocapture"]).env("PFORTE_OP", &provider.issuer);
    run.step("features of oidc-provider", &mut tests, Reader::CargoTest)?;
    let mut tests = workspace.cargo(["test", "--workspace", "--exclude", "xtask", "--test", "differential"]);
    tests.args(["--", "--nocapture"]).env("PFORTE_INTEROP", workspace.target("interop"));
    run.step("verdicts beside jose and oauth4webapi", &mut tests, Reader::CargoTest)
}

/// Copies the node programs below target and installs exactly what their lock file says there.
pub fn install(workspace: &Workspace, run: &mut Run) -> Result<(), Stop> {
    if tools::on_path("node").is_none() || tools::on_path("npm").is_none() {
        return Err(Stop::Missing("no `node` and `npm` on the PATH; install Node 20 or later".to_owned()));
    }
    let folder = workspace.target("interop");
    fs::create_dir_all(&folder)?;
    let lock = "package-lock.json";
    let installed_lock = fs::read(folder.join(lock)).ok();
    for name in ["op.mjs", "judge.mjs", "package.json", lock] {
        fs::copy(workspace.path("tests/interop").join(name), folder.join(name))?;
    }
    let complete = folder.join("node_modules/.package-lock.json").is_file();
    if complete && installed_lock == fs::read(folder.join(lock)).ok() {
        return Ok(());
    }
    let mut npm = workspace.command("npm", ["ci", "--no-audit", "--no-fund", "--ignore-scripts"]);
    run.prepare("install oidc-provider, jose and oauth4webapi", npm.current_dir(&folder))
}

/// The provider's process; ends with this value, by its id.
pub struct Provider {
    process: Child,
    pub issuer: String,
}

impl Provider {
    pub fn start(workspace: &Workspace) -> Result<Self, Stop> {
        let mut node = workspace.command("node", ["op.mjs"]);
        node.current_dir(workspace.target("interop")).stdin(Stdio::null()).stdout(Stdio::piped());
        let mut process = node.spawn()?;
        let output = process.stdout.take();
        let mut provider = Self { process, issuer: String::new() };
        let (ready, told) = mpsc::channel();
        // Reads on after the first line, so that the provider never waits for its reader.
        thread::spawn(move || {
            for line in BufReader::new(output?).lines().map_while(Result::ok) {
                if let Some(issuer) = line.strip_prefix("ready ") {
                    ready.send(issuer.to_owned()).ok()?;
                }
            }
            Some(())
        });
        provider.issuer = told
            .recv_timeout(START)
            .map_err(|_| Stop::Failed(format!("oidc-provider was not ready in {} s", START.as_secs())))?;
        Ok(provider)
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        // Both fail only when it has already ended.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
