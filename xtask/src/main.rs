//! The project's commands: `cargo xtask demo`, `test`, `policy`, `bench`, `bindings`, `android`, `apple`, `screenshots` and `kotlin-api`.
//!
//! **What it is.** A plain program over `cargo`, Maven, npm and `swift`: it prepares what a test needs, runs it in rings,
//! and counts what ran. **What it promises.** A ring that ran nothing fails; a ring that can't run says what is missing;
//! everything it downloads or builds lies in `target`. **What it never does.** It holds no test of the product itself,
//! and no rule of it.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program for the terminal")]

mod android;
mod apple;
mod bench;
mod bindings;
mod counts;
mod debian_root;
mod folders;
mod kotlin_api;
mod kotlin_tests;
mod policy;
mod rings;
mod run;
mod screenshots;
mod snippets;
mod swift_root;
mod table;
mod tools;
mod workspace;

use std::process::ExitCode;

use workspace::Workspace;

const USAGE: &str = "\
cargo xtask COMMAND

  demo [--browser] [--step]   the journey against the embedded provider, told in plain words
                              --browser: sign in by hand on the provider's page; --step: wait at each question
  test [RING…]                the rings below, or all of them
  policy lint|explain|simulate FOLDER
                              a policy folder checked, told in words, and walked through
  bench [gate|consent|signin|vault|size]
                              how long things take and how large they are, beside peers in the same run
  bindings                    write the Kotlin and Swift sources from the built library
  android                     pack the Android library (AAR) and the one for the JVM (JAR) into target/android
  apple                       pack the Swift package with its XCFramework into target/apple
  kotlin-api                  write the files of the Kotlin libraries' public API from what was built last
  screenshots                 write pictures of the portal's screens into target/screenshots

Rings:
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let workspace = Workspace::here();
    match arguments.split_first() {
        Some((command, rest)) if command == "demo" => demo(&workspace, rest),
        Some((command, rest)) if command == "test" => table::test(&workspace, rest),
        Some((command, rest)) if command == "policy" => policy::run(rest),
        Some((command, rest)) if command == "bench" => bench::run(&workspace, rest),
        Some((command, [])) if command == "bindings" => write_bindings(&workspace),
        Some((command, [])) if command == "android" => {
            done(android::run(&workspace, &mut run::Run::default()))
        }
        Some((command, [])) if command == "apple" => done(apple::run(&workspace, &mut run::Run::default())),
        Some((command, [])) if command == "screenshots" => done(screenshots::run(&workspace)),
        Some((command, [])) if command == "kotlin-api" => {
            done(kotlin_api::renew(&workspace, &mut run::Run::default()))
        }
        Some((command, _)) if !["help", "--help", "-h"].contains(&command.as_str()) => {
            eprintln!("There is no `cargo xtask {}`.\n\n{}", arguments.join(" "), usage());
            ExitCode::from(2)
        }
        _ => {
            println!("{}", usage());
            ExitCode::SUCCESS
        }
    }
}

fn usage() -> String {
    let rings = rings::RINGS.iter().map(|ring| format!("  {:<10} {}\n", ring.name, ring.what));
    USAGE.to_owned() + &rings.collect::<String>()
}

/// Hands over to the demo; what it is told, it judges itself.
fn demo(workspace: &Workspace, arguments: &[String]) -> ExitCode {
    let mut demo = workspace.cargo(["run", "--package", "pforte-journeys", "--bin", "demo", "--"]);
    match demo.args(arguments).status() {
        Ok(status) if status.success() => ExitCode::SUCCESS,
        Ok(status) => ExitCode::from(status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1)),
        Err(error) => {
            eprintln!("cargo could not be started: {error}");
            ExitCode::FAILURE
        }
    }
}

fn write_bindings(workspace: &Workspace) -> ExitCode {
    let mut run = run::Run::default();
    done(bindings::kotlin(workspace, &mut run).and_then(|()| bindings::swift(workspace, &mut run)))
}

fn done(ended: Result<(), run::Stop>) -> ExitCode {
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(stop) => {
            eprintln!("{stop}");
            ExitCode::FAILURE
        }
    }
}
