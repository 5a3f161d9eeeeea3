//! The Kotlin and Swift sources, written by UniFFI from the unstripped debug library. None of them is committed.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::folders;
use crate::run::{Run, Stop};
use crate::tools;
use crate::workspace::Workspace;

/// Writes `bindings/kotlin/target/generated`.
pub fn kotlin(workspace: &Workspace, run: &mut Run) -> Result<(), Stop> {
    tools::build_everything(workspace, run)?;
    kotlin_from(workspace, run, &workspace.built_library())
}

/// The same from the library as apps link it. The one that the tests are built with has a function more, and the generated
/// sources refuse a library that lacks one.
pub fn kotlin_for_apps(workspace: &Workspace, run: &mut Run) -> Result<(), Stop> {
    tools::build_everything(workspace, run)?;
    let version = Command::new("rustc").arg("-vV").output()?;
    let version = String::from_utf8_lossy(&version.stdout).into_owned();
    let host = version.lines().find_map(|line| line.strip_prefix("host: "));
    let host = host.ok_or_else(|| Stop::Failed("rustc -vV names no host".to_owned()))?;
    // Named as a target, it lies in a folder of its own, and the tests' library stays.
    let mut build = workspace.cargo(["build", "--package", "pforte", "--lib", "--target", host]);
    run.prepare("build the library as apps link it", &mut build)?;
    let name = workspace.built_library();
    let library = workspace.target(host).join("debug").join(name.file_name().unwrap_or_default());
    kotlin_from(workspace, run, &library)
}

fn kotlin_from(workspace: &Workspace, run: &mut Run, library: &Path) -> Result<(), Stop> {
    let out = emptied(workspace, "bindings/kotlin/target/generated")?;
    let generator = workspace.built_program("uniffi-bindgen");
    let mut generate = workspace.command(&generator.to_string_lossy(), ["generate", "--language", "kotlin"]);
    generate.args(["--no-format", "--out-dir"]).arg(out).arg(library);
    run.prepare("write the Kotlin sources", &mut generate)
}

/// Writes the Swift sources and the C header below `bindings/swift/Sources/*/generated`.
pub fn swift(workspace: &Workspace, run: &mut Run) -> Result<(), Stop> {
    tools::build_everything(workspace, run)?;
    let sources = emptied(workspace, "bindings/swift/Sources/PforteGenerated/generated")?;
    let header = emptied(workspace, "bindings/swift/Sources/pforteFFI/generated")?;
    let generator = workspace.built_program("uniffi-bindgen-swift");
    for (what, out) in [("--swift-sources", sources), ("--headers", header)] {
        let mut generate = workspace.command(&generator.to_string_lossy(), [what]);
        generate.arg(workspace.built_library()).arg(out);
        run.prepare(&format!("write the Swift bindings ({what})"), &mut generate)?;
    }
    Ok(())
}

/// Writes the gate's shared cases and Rust's answers to `target/cases`, for the other languages to answer.
pub fn shared_cases(workspace: &Workspace, run: &mut Run) -> Result<(), Stop> {
    let mut cases = workspace.cargo(["test", "--workspace", "--exclude", "xtask", "--test", "cases"]);
    run.prepare("write the gate's shared cases", &mut cases)
}

/// An empty folder: what a former build wrote and this one does not must not be compiled.
fn emptied(workspace: &Workspace, below: &str) -> Result<PathBuf, Stop> {
    let folder = workspace.path(below);
    folders::empty(&folder)?;
    Ok(folder)
}
