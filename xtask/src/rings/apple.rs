//! The Apple adapters and the portal for iOS over stand-ins for Apple's frameworks; the style of all Swift, and the libraries'
//! public names.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::bindings;
use crate::counts::Reader;
use crate::folders;
use crate::run::{Run, Stop};
use crate::snippets::{self, Language};
use crate::swift_root::{self, SEEN_AT};
use crate::tools;
use crate::workspace::{Workspace, journey_surroundings};

/// Where hand-written Swift stands.
const WRITTEN: [&str; 8] = [
    "bindings/swift/Package.swift",
    "bindings/swift/Sources/Pforte",
    "bindings/swift/Sources/PforteApple",
    "bindings/swift/Tests/PforteAppleTests",
    "bindings/swift/Tests/PforteTests",
    "bindings/apple-stubs",
    "ios-sample",
    "xtask/src/apple/Package.swift",
];
/// Where the compiler works: stand-ins and everything that saw them stay out of the other builds.
const BUILT: &str = "target/swift-apple";
const BUILT_PORTAL: &str = "target/swift-apple-portal";
/// The committed list of public names.
const NAMES: &str = "bindings/swift/api.txt";

pub fn run(workspace: &Workspace, run: &mut Run) -> Result<(), Stop> {
    if std::env::consts::OS != "linux" {
        return Err(Stop::Missing("the stand-ins are for Linux alone; a Mac has the frameworks".to_owned()));
    }
    let swift = Swift::ready(workspace, run)?;
    bindings::swift(workspace, run)?;
    snippets::write(workspace, run, Language::Apple)?;
    let written = WRITTEN.into_iter().filter(|place| workspace.path(place).exists());
    let files: Vec<_> = written.flat_map(|place| swift_files(&workspace.path(place))).collect();
    let relative = files.iter().filter_map(|file| file.strip_prefix(workspace.root()).ok());
    let named = relative.map(|file| format!("'{}'", file.display())).collect::<Vec<_>>().join(" ");
    let mut lint = swift
        .command(workspace, &format!("swift format lint --strict --configuration .swift-format {named}"));
    run.step("Swift's style", &mut lint, Reader::OneCheck)?;
    let library = swift.seen_at.join("target/debug");
    // In a folder each: where two packages share one, Swift takes the other's plan and runs the other's tests.
    for (title, package, built) in [
        ("Apple adapters' tests", "bindings/swift", BUILT),
        ("the portal for iOS", "ios-sample", BUILT_PORTAL),
    ] {
        let script = format!(
            "swift test --package-path {package} --scratch-path {built} -Xlinker '-L{}' 2>&1",
            library.display()
        );
        let mut tests = swift.command(workspace, &script);
        tests.env("LD_LIBRARY_PATH", &library).envs(journey_surroundings(&swift.seen_at));
        run.step(title, &mut tests, Reader::SwiftTest)?;
    }
    names(workspace, run, &swift)
}

/// Compares the public names with the committed list, or writes it anew where `PFORTE_RENEW` is set.
fn names(workspace: &Workspace, run: &mut Run, swift: &Swift) -> Result<(), Stop> {
    let graphs = workspace.target("swift-names");
    folders::empty(&graphs)?;
    for module in ["PforteGenerated", "Pforte", "PforteApple"] {
        let script = format!(
            "$(dirname $(readlink -f $(command -v swiftc)))/swift-symbolgraph-extract -module-name {module} \
             -target $(swiftc -print-target-info | sed -n 's/.*\"triple\": \"\\(.*\\)\".*/\\1/p' | head -1) \
             -I {BUILT}/debug/Modules -I bindings/swift/Sources/pforteFFI -I bindings/apple-stubs/Sources/CStubCrypto \
             -minimum-access-level public -skip-synthesized-members -output-dir target/swift-names"
        );
        run.prepare(&format!("list the public names of {module}"), &mut swift.command(workspace, &script))?;
    }
    // One for each module, and one for what it adds to another: `Pforte@PforteGenerated`.
    let mut listed: Vec<_> = fs::read_dir(&graphs)?.flatten().map(|entry| entry.path()).collect();
    listed.sort();
    let mut found = String::new();
    for graph in &listed {
        let name = graph.file_name().unwrap_or_default().to_string_lossy().replace(".symbols.json", "");
        found += &format!("# {name}\n{}\n", declarations(graph)?);
    }
    let committed = workspace.path(NAMES);
    if std::env::var_os("PFORTE_RENEW").is_some() {
        fs::write(&committed, &found)?;
    }
    let known = fs::read_to_string(&committed).unwrap_or_default();
    run.check(&format!("public names as in {NAMES}"), same(&known, &found));
    Ok(())
}

/// The declarations in a symbol graph, one a line, sorted.
fn declarations(graph: &Path) -> Result<String, Stop> {
    let text = fs::read_to_string(graph)?;
    let graph: Value = serde_json::from_str(&text).map_err(|error| Stop::Failed(error.to_string()))?;
    let symbols = graph.get("symbols").and_then(Value::as_array).cloned().unwrap_or_default();
    let mut lines: Vec<_> = symbols.iter().map(declaration).filter(|line| !is_plumbing(line)).collect();
    lines.sort();
    lines.dedup();
    Ok(lines.join("\n"))
}

/// UniFFI's own part, which is public without being meant for apps.
fn is_plumbing(line: &str) -> bool {
    line.starts_with("FfiConverter") || line.contains("_lift(_:):") || line.contains("_lower(_:):")
}

/// One symbol: where it belongs, and how it is declared, on one line.
fn declaration(symbol: &Value) -> String {
    let words = |value: Option<&Value>, field: &str| -> Vec<String> {
        let parts = value.and_then(Value::as_array).into_iter().flatten();
        let part = |part: &Value| match field {
            "" => part.as_str().map(str::to_owned),
            _ => part.get(field).and_then(Value::as_str).map(str::to_owned),
        };
        parts.filter_map(part).collect()
    };
    let path = words(symbol.get("pathComponents"), "").join(".");
    let declared = words(symbol.get("declarationFragments"), "spelling").concat();
    format!("{path}: {}", declared.split_whitespace().collect::<Vec<_>>().join(" "))
}

fn same(known: &str, found: &str) -> Result<(), String> {
    if known == found {
        return Ok(());
    }
    let gone = known
        .lines()
        .filter(|line| !found.lines().any(|other| other == *line))
        .map(|line| format!("- {line}"));
    let new = found
        .lines()
        .filter(|line| !known.lines().any(|other| other == *line))
        .map(|line| format!("+ {line}"));
    let differ: Vec<_> = gone.chain(new).take(20).collect();
    Err(format!(
        "{}\nIf that is meant, renew the list with `PFORTE_RENEW=1 cargo xtask test apple` and commit it.",
        differ.join("\n")
    ))
}

/// All Swift files at or below a place, without what was generated or built.
fn swift_files(place: &Path) -> Vec<PathBuf> {
    if place.is_file() {
        return vec![place.to_owned()];
    }
    let entries = fs::read_dir(place).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut files: Vec<_> = entries
        .filter(|path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            name != "generated" && !name.starts_with('.')
        })
        .flat_map(|path| if path.is_dir() { swift_files(&path) } else { vec![path] })
        .filter(|path| path.extension().is_some_and(|extension| extension == "swift"))
        .collect();
    files.sort();
    files
}

/// The machine's Swift, or one in a root folder.
struct Swift {
    root: Option<PathBuf>,
    /// Where it sees the workspace.
    seen_at: PathBuf,
}

impl Swift {
    fn ready(workspace: &Workspace, run: &mut Run) -> Result<Self, Stop> {
        Ok(match tools::on_path("swift") {
            Some(_) => Self { root: None, seen_at: workspace.root().to_owned() },
            None => Self { root: Some(swift_root::ready(workspace, run)?), seen_at: PathBuf::from(SEEN_AT) },
        })
    }

    /// `script` with the stand-ins in the Swift package.
    fn command(&self, workspace: &Workspace, script: &str) -> Command {
        let mut command = match &self.root {
            Some(root) => swift_root::command(root, workspace, script),
            None => workspace.command("bash", ["-c", script]),
        };
        command.env("PFORTE_APPLE_STUBS", "1");
        command
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_symbol_becomes_one_line() {
        let symbol = json!({
            "pathComponents": ["Pforte", "lock()"],
            "declarationFragments": [{"spelling": "func"}, {"spelling": " "}, {"spelling": "lock()\n   async throws"}],
        });
        assert_eq!(declaration(&symbol), "Pforte.lock(): func lock() async throws");
    }

    #[test]
    fn a_change_of_the_names_is_told_with_the_command_that_renews_them() {
        assert_eq!(same("a\nb\n", "a\nb\n"), Ok(()));
        let told = same("a\nb\n", "a\nc\n").unwrap_err();
        assert!(
            told.starts_with("- b\n+ c\n") && told.contains("PFORTE_RENEW=1 cargo xtask test apple"),
            "{told}"
        );
    }
}
