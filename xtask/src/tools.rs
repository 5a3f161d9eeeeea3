//! Programs that the rings need: found, or installed where that is possible.

use std::path::PathBuf;
use std::process::Command;

use crate::run::{Run, Stop};
use crate::workspace::Workspace;

/// The version that `deny.toml` was written for.
const CARGO_DENY: &str = "0.20.2";

const CARGO_FUZZ: &str = "0.13.2";

/// Where a program lies, if it is on the PATH.
pub fn on_path(program: &str) -> Option<PathBuf> {
    let folders = std::env::var_os("PATH")?;
    let name = format!("{program}{}", std::env::consts::EXE_SUFFIX);
    std::env::split_paths(&folders).map(|folder| folder.join(&name)).find(|file| file.is_file())
}

/// Makes sure that `programs` are there, by apt-get with `packages` where this is a Debian or Ubuntu and we are root.
pub fn require(run: &mut Run, programs: &[&str], packages: &[&str]) -> Result<(), Stop> {
    let missing = |programs: &[&str]| -> Vec<String> {
        programs.iter().filter(|program| on_path(program).is_none()).map(ToString::to_string).collect()
    };
    let absent = missing(programs);
    if absent.is_empty() {
        return Ok(());
    }
    if on_path("apt-get").is_none() || !is_root() {
        let advice = format!("apt-get install {}", packages.join(" "));
        return Err(Stop::Missing(format!("no {} on the PATH; as root: {advice}", absent.join(", "))));
    }
    run.prepare("read the package lists", Command::new("apt-get").args(["update", "-qq"]))?;
    let mut install = Command::new("apt-get");
    install.env("DEBIAN_FRONTEND", "noninteractive").args([
        "install",
        "-y",
        "-qq",
        "--no-install-recommends",
    ]);
    run.prepare(&format!("install {}", packages.join(" ")), install.args(packages))?;
    match missing(programs).as_slice() {
        [] => Ok(()),
        still => Err(Stop::Missing(format!("no {} even with {}", still.join(", "), packages.join(" ")))),
    }
}

/// Whether system packages may be installed.
pub fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output();
    id.is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}

/// The pinned cargo-deny; two minutes to build.
pub fn cargo_deny(workspace: &Workspace, run: &mut Run) -> Result<PathBuf, Stop> {
    cargo_tool(workspace, run, "cargo-deny", CARGO_DENY)
}

/// The pinned cargo-fuzz; half a minute to build.
pub fn cargo_fuzz(workspace: &Workspace, run: &mut Run) -> Result<PathBuf, Stop> {
    cargo_tool(workspace, run, "cargo-fuzz", CARGO_FUZZ)
}

/// Built once into `target/tools`. Unoptimised: it builds in half the time and runs for seconds.
fn cargo_tool(workspace: &Workspace, run: &mut Run, name: &str, version: &str) -> Result<PathBuf, Stop> {
    let folder = workspace.target(&format!("tools/{name}-{version}"));
    let program = folder.join("bin").join(format!("{name}{}", std::env::consts::EXE_SUFFIX));
    if !program.is_file() {
        let package = format!("{name}@{version}");
        let mut install = workspace.cargo(["install", "--locked", "--debug", &package, "--root"]);
        run.prepare(&format!("build {name} {version}, up to two minutes"), install.arg(&folder))?;
    }
    Ok(program)
}

/// Everything that the rings compile, in one go.
///
/// Always the whole workspace and all targets: cargo chooses features for what is built together, so building parts
/// one by one would compile half of the dependencies again, each time with other features. For the same reason single
/// tests are run as `--workspace --test NAME`, and the binding generators are part of this build.
pub fn build_everything(workspace: &Workspace, run: &mut Run) -> Result<(), Stop> {
    let mut build = workspace.cargo(["build", "--workspace", "--exclude", "xtask", "--all-targets"]);
    run.prepare("build the workspace", &mut build)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_are_found_on_the_path() {
        assert!(on_path("cargo").is_some_and(|file| file.is_absolute()));
        assert_eq!(on_path("no-such-program-here"), None);
    }

    #[test]
    fn what_is_there_is_not_installed() {
        let mut run = Run::default();
        assert!(require(&mut run, &["cargo"], &["no-such-package"]).is_ok());
    }
}
