//! ktlint and detekt over all Kotlin that was written by hand.

use std::path::{Path, PathBuf};

use crate::counts::Reader;
use crate::run::{Run, Stop};
use crate::tools;
use crate::workspace::Workspace;

const KTLINT: &str = "com.pinterest.ktlint:ktlint-cli:1.8.0:jar:all";

const DETEKT: &str = "io.gitlab.arturbosch.detekt:detekt-cli:1.23.8:jar:all";

/// Where hand-written Kotlin lies.
const HOMES: [&str; 2] = ["android-sample", "bindings/kotlin"];

/// Folders of what was built or written by a program.
const NOT_OURS: [&str; 3] = ["target", "generated", "build"];

pub fn run(workspace: &Workspace, run: &mut Run) -> Result<(), Stop> {
    tools::require(run, &["java", "mvn"], &["default-jdk-headless", "maven"])?;
    let mut sources = Vec::new();
    for home in HOMES {
        kotlin_below(&workspace.path(home), &mut sources)?;
    }
    let enough = if sources.len() < 40 { Err(format!("only {}", sources.len())) } else { Ok(()) };
    run.check(&format!("{} Kotlin files found", sources.len()), enough);

    let ktlint = maven_jar(workspace, run, KTLINT)?;
    let mut format = workspace.command("java", ["-jar"]);
    format.arg(ktlint).args([
        "--editorconfig=bindings/kotlin/.editorconfig",
        "--relative",
        "--log-level=warn",
    ]);
    let format = run.step("ktlint", format.args(&sources), Reader::OneCheck);

    let detekt = maven_jar(workspace, run, DETEKT)?;
    let mut judge = workspace.command("java", ["-jar"]);
    let list: Vec<_> = sources.iter().map(|file| file.to_string_lossy()).collect();
    judge.arg(detekt).args([
        "--build-upon-default-config",
        "--config",
        "bindings/kotlin/detekt.yml",
        "--input",
    ]);
    let judged = run.step("detekt", judge.arg(list.join(",")), Reader::OneCheck);
    format.and(judged)
}

/// A program's jar with all that it needs, fetched by Maven into `target/tools`.
fn maven_jar(workspace: &Workspace, run: &mut Run, artifact: &str) -> Result<PathBuf, Stop> {
    let folder = workspace.target("tools/kotlin-style");
    let file = artifact.split(':').collect::<Vec<_>>();
    let [_, name, version, kind, classifier] = file.as_slice() else {
        return Err(Stop::Failed(format!("{artifact} is not group:name:version:kind:classifier")));
    };
    let jar = folder.join(format!("{name}-{version}-{classifier}.{kind}"));
    if !jar.is_file() {
        let mut copy = workspace.command("mvn", ["-q", "-B", "-ntp"]);
        copy.arg("org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy");
        copy.arg(format!("-Dartifact={artifact}")).arg(format!("-DoutputDirectory={}", folder.display()));
        run.prepare(&format!("fetch {name} {version}"), &mut copy)?;
    }
    Ok(jar)
}

/// Adds every `.kt` and `.kts` file below `folder`, in order, without what was built or generated.
fn kotlin_below(folder: &Path, found: &mut Vec<PathBuf>) -> std::io::Result<()> {
    let mut entries: Vec<_> =
        std::fs::read_dir(folder)?.filter_map(Result::ok).map(|entry| entry.path()).collect();
    entries.sort();
    for entry in entries {
        let name = entry.file_name().unwrap_or_default();
        if entry.is_dir() {
            if !NOT_OURS.iter().any(|folder| name == *folder) {
                kotlin_below(&entry, found)?;
            }
        } else if entry.extension().is_some_and(|end| end == "kt" || end == "kts") {
            found.push(entry);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn generated_and_built_files_are_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        for (below, name) in [
            ("src", "B.kt"),
            ("src", "a.kts"),
            ("src", "C.java"),
            ("target", "D.kt"),
            ("src/generated", "E.kt"),
        ] {
            std::fs::create_dir_all(folder.path().join(below)).unwrap();
            std::fs::write(folder.path().join(below).join(name), "").unwrap();
        }
        let mut found = Vec::new();
        kotlin_below(folder.path(), &mut found).unwrap();
        assert_eq!(found, ["src/B.kt", "src/a.kts"].map(|name| folder.path().join(name)));
    }
}
