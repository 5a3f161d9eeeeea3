//! `cargo xtask bench`: how long things take and how large they are, beside peers in the same run.
//!
//! Prints tables and asserts nothing about time; `tests/benches` has the contenders, this file has them built and
//! started. Nothing of it belongs to `cargo xtask test`.

mod size;

use std::process::{Command, ExitCode};

use crate::bindings;
use crate::rings::interop;
use crate::run::{Run, Stop};
use crate::swift_root::{self, SEEN_AT};
use crate::tools;
use crate::workspace::{Workspace, journey_surroundings};

type Bench = fn(&Workspace, &mut Run) -> Result<(), Stop>;

const BENCHES: [(&str, Bench); 5] =
    [("gate", gate), ("consent", consent), ("signin", sign_in), ("vault", vault), ("size", size::run)];

/// Runs the named benches, or all.
pub fn run(workspace: &Workspace, names: &[String]) -> ExitCode {
    if let Some(unknown) = names.iter().find(|name| !BENCHES.iter().any(|(bench, _)| bench == name)) {
        eprintln!("There is no bench `{unknown}`. There are: {}.", BENCHES.map(|(name, _)| name).join(", "));
        return ExitCode::from(2);
    }
    let mut run = Run::default();
    for (name, bench) in BENCHES {
        if !names.is_empty() && !names.iter().any(|chosen| chosen == name) {
            continue;
        }
        if let Err(stop) = bench(workspace, &mut run) {
            eprintln!("{name}: {stop}");
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

fn gate(workspace: &Workspace, run: &mut Run) -> Result<(), Stop> {
    let mut program = contenders(workspace, run)?;
    run.prepare("decisions beside Cedar and Rego", program.arg("gate"))
}

fn consent(workspace: &Workspace, run: &mut Run) -> Result<(), Stop> {
    let mut program = contenders(workspace, run)?;
    run.prepare("the ledger beside bare signatures", program.arg("consent"))
}

fn sign_in(workspace: &Workspace, run: &mut Run) -> Result<(), Stop> {
    tools::require(run, &["java", "mvn"], &["default-jdk-headless", "maven"])?;
    interop::install(workspace, run)?;
    // Beside the packages that it imports.
    let script = workspace.target("interop/signin.mjs");
    std::fs::copy(workspace.path("tests/benches/signin.mjs"), &script)?;
    let mut maven = workspace.command("mvn", ["-B", "-ntp", "-q", "compile", "dependency:copy-dependencies"]);
    run.prepare("build the JVM's contender", maven.current_dir(workspace.path("tests/benches/jvm")))?;
    let jvm = workspace.target("benches/jvm");
    let class_path = format!("{}:{}", jvm.join("classes").display(), jvm.join("dependency/*").display());
    let mut program = contenders(workspace, run)?;
    run.prepare("sign-in beside jose and Nimbus", program.arg("signin").arg(script).arg(class_path))
}

fn vault(workspace: &Workspace, run: &mut Run) -> Result<(), Stop> {
    let mut program = contenders(workspace, run)?;
    // The contenders' sources come with the tests and ask for the function that only tests have.
    let mut library = workspace.cargo(["build", "--release", "--package", "pforte", "--lib"]);
    run.prepare("build the library in its release profile", library.args(["--features", "cases"]))?;
    let (kotlin, swift) = (kotlin(workspace, run)?, swift(workspace, run)?);
    program.arg("vault").arg(format!("Kotlin={kotlin}")).arg(format!("Swift={swift}"));
    program.envs(journey_surroundings(workspace.root()));
    run.prepare("the vault beside bare cryptography and files", &mut program)
}

/// The program with all contenders, built.
fn contenders(workspace: &Workspace, run: &mut Run) -> Result<Command, Stop> {
    let mut build =
        workspace.cargo(["build", "--release", "--locked", "--manifest-path", "tests/benches/Cargo.toml"]);
    run.prepare("build the benches", build.arg("--target-dir").arg(workspace.target("benches")))?;
    let mut program = Command::new(workspace.target("benches/release/pforte-benches"));
    program.current_dir(workspace.root());
    Ok(program)
}

/// The shell command of the Kotlin contender.
fn kotlin(workspace: &Workspace, run: &mut Run) -> Result<String, Stop> {
    tools::require(run, &["java", "mvn"], &["default-jdk-headless", "maven"])?;
    bindings::kotlin(workspace, run)?;
    crate::snippets::write(workspace, run, crate::snippets::Language::Kotlin)?;
    let list = workspace.target("benches/kotlin-class-path");
    let mut maven =
        workspace.command("mvn", ["-B", "-ntp", "-q", "test-compile", "dependency:build-classpath"]);
    maven.current_dir(workspace.path("bindings/kotlin")).arg(format!("-Dmdep.outputFile={}", list.display()));
    run.prepare("build the Kotlin contender", &mut maven)?;
    let folder = workspace.path("bindings/kotlin/target");
    let class_path =
        format!("{0}/classes:{0}/test-classes:{1}", folder.display(), std::fs::read_to_string(list)?);
    let library = workspace.target("release");
    Ok(format!(
        "exec java -Djna.library.path='{}' -cp '{class_path}' com.pforte.CachedTokenKt",
        library.display()
    ))
}

/// The shell command of the Swift contender.
fn swift(workspace: &Workspace, run: &mut Run) -> Result<String, Stop> {
    let root = match tools::on_path("swift") {
        Some(_) => None,
        None => Some(swift_root::ready(workspace, run)?),
    };
    bindings::swift(workspace, run)?;
    let seen_at = root.as_ref().map_or(workspace.root().to_owned(), |_| SEEN_AT.into());
    let library = seen_at.join("target/release").display().to_string();
    let package = "--package-path tests/benches/cached-token --scratch-path target/benches/swift -c release";
    let build = format!("swift build {package} -Xlinker '-L{library}' 2>&1");
    let variables = journey_surroundings(&seen_at);
    let variables = variables.iter().map(|(name, value)| format!("{name}='{}'", value.display()));
    let start = format!(
        "env LD_LIBRARY_PATH='{library}' DYLD_LIBRARY_PATH='{library}' {} target/benches/swift/release/CachedToken",
        variables.collect::<Vec<_>>().join(" ")
    );
    let within = |script: &str| match &root {
        Some(root) => swift_root::command(root, workspace, script),
        None => workspace.command("bash", ["-c", script]),
    };
    run.prepare("build the Swift contender", &mut within(&build))?;
    Ok(shell(&within(&start)))
}

/// A command as one line for a shell.
fn shell(command: &Command) -> String {
    let quoted = |word: &std::ffi::OsStr| format!("'{}'", word.to_string_lossy().replace('\'', "'\\''"));
    let words = std::iter::once(command.get_program()).chain(command.get_args()).map(quoted);
    format!("exec {}", words.collect::<Vec<_>>().join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_survives_the_shell() {
        let mut command = Command::new("printf");
        command.args(["%s|", "a b", "it's", "$HOME"]);
        let output = Command::new("sh").args(["-c", &shell(&command)]).output().unwrap();
        assert_eq!(String::from_utf8_lossy(&output.stdout), "a b|it's|$HOME|");
    }
}
