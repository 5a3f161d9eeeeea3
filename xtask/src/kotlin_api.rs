//! The public API of the two Kotlin libraries, as text in `bindings/kotlin/api`: a change of it shows in a review.

use std::fs;

use crate::run::{Run, Stop};
use crate::workspace::Workspace;

/// The command that writes the files anew.
pub const RENEW: &str = "cargo xtask kotlin-api";

/// What the generator made for itself, and the classes that the hand-written ones wrap.
const PLUMBING: &str = "com/pforte/ffi/(FfiConverter|Uniffi|RustBuffer|ForeignBytes|Pforte|Caller|Disposable|Observer|NoHandle\
    |AppCallSteps|DirectSteps|OtherDeviceWait|Ports|[A-Za-z]*(Impl|Interface)[.$])";

/// One of the two libraries.
pub struct Library {
    /// The file below `bindings/kotlin/api`.
    file: &'static str,
    /// Where its classes are built.
    classes: &'static str,
    /// Which of them are looked at, by a pattern that fits the beginning of their name.
    wanted: &'static str,
}

pub const JVM: Library =
    Library { file: "pforte.api", classes: "bindings/kotlin/target/classes", wanted: "com/pforte/" };

pub const ANDROID: Library = Library {
    file: "pforte-android.api",
    classes: "bindings/kotlin/android/target/classes",
    wanted: "com/pforte/android/",
};

/// What the Android library has of the one for the JVM: the same source, so the same file.
pub const JVM_IN_ANDROID: Library = Library {
    file: "pforte.api",
    classes: "bindings/kotlin/android/target/classes",
    wanted: "com/pforte/(?!android/)",
};

/// Compares the built classes with the file.
pub fn check(workspace: &Workspace, run: &mut Run, library: &Library) -> Result<(), Stop> {
    let now = dump(workspace, run, library)?;
    let written = fs::read_to_string(workspace.path(&format!("bindings/kotlin/api/{}", library.file)));
    let verdict = written.map_err(|error| error.to_string()).and_then(|written| compare(&written, &now));
    let title = format!("the public API of {} is that of {}", library.classes, library.file);
    run.check(&title, verdict.map_err(|why| format!("{why}; if that is meant, `{RENEW}` writes it anew")));
    Ok(())
}

/// Writes both files from the classes that were built last.
pub fn renew(workspace: &Workspace, run: &mut Run) -> Result<(), Stop> {
    for library in [JVM, ANDROID] {
        let now = dump(workspace, run, &library)?;
        fs::write(workspace.path(&format!("bindings/kotlin/api/{}", library.file)), now)?;
    }
    Ok(())
}

fn dump(workspace: &Workspace, run: &mut Run, library: &Library) -> Result<String, Stop> {
    let jars = workspace.target("tools/api-dump");
    if !jars.is_dir() {
        let mut copy = workspace.command("mvn", ["-q", "-B", "-ntp", "-f", "bindings/kotlin/api/pom.xml"]);
        copy.arg("org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies");
        run.prepare("fetch the dumper", copy.arg(format!("-DoutputDirectory={}", jars.display())))?;
    }
    let class_path = jars.join("*").display().to_string();
    let program = "bindings/kotlin/api/ApiDump.java";
    let mut java = workspace.command("java", ["-cp", &class_path, program, library.classes, library.wanted]);
    let output = java.arg(PLUMBING).output()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    if output.status.success() && text.contains("public ") {
        return Ok(text);
    }
    let why = String::from_utf8_lossy(&output.stderr).into_owned();
    Err(Stop::Failed(format!(
        "no API in {}, build it by `cargo xtask test kotlin android`: {why}",
        library.classes
    )))
}

/// The first line that differs.
fn compare(written: &str, now: &str) -> Result<(), String> {
    let (mut written, mut now) = (written.lines(), now.lines());
    for number in 1.. {
        match (written.next(), now.next()) {
            (None, None) => break,
            (one, other) if one == other => {}
            (one, other) => {
                let shown = |line: Option<&str>| line.unwrap_or("(the end)").trim().to_owned();
                return Err(format!("line {number}: was `{}`, is `{}`", shown(one), shown(other)));
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_difference_is_named() {
        assert_eq!(compare("a\nb\n", "a\nb\n"), Ok(()));
        assert_eq!(compare("a\nb\n", "a\n c\n").unwrap_err(), "line 2: was `b`, is `c`");
        assert_eq!(compare("a\n", "a\nb\n").unwrap_err(), "line 2: was `(the end)`, is `b`");
    }
}
