//! The Android library: compiled against android-all, its tests under Robolectric at API 30 and 34, offline.
//!
//! The tests load the Rust library of the debug build; the Keystore is a fake, and called so.

use std::fs;
use std::path::Path;

use crate::bindings;
use crate::counts::Reader;
use crate::run::{Run, Stop};
use crate::snippets::{self, Language};
use crate::tools;
use crate::workspace::{Workspace, journey_surroundings};

/// The API levels that every test runs at, as its name tells in the report: the lower one by a suffix.
const LOWER: &str = "[30]";

pub fn run(workspace: &Workspace, run: &mut Run) -> Result<(), Stop> {
    tools::require(run, &["java", "mvn", "aapt2"], &["default-jdk-headless", "maven", "aapt"])?;
    bindings::kotlin(workspace, run)?;
    snippets::write(workspace, run, Language::Android)?;
    let mut maven = workspace.command("mvn", ["-B", "-ntp", "clean", "test"]);
    maven
        .current_dir(workspace.path("bindings/kotlin/android"))
        .arg(format!("-Drust.library.dir={}", workspace.target("debug").display()));
    maven.envs(journey_surroundings(workspace.root()));
    run.step("Android tests", &mut maven, Reader::Surefire)?;
    let verdict = both_levels(&workspace.path("bindings/kotlin/android/target/surefire-reports"));
    run.check("every test ran at API 30 and at API 34", verdict);
    Ok(())
}

/// Whether each test ran at both levels. Robolectric silently runs nothing at a level it is not set up for.
fn both_levels(reports: &Path) -> Result<(), String> {
    let mut names = Vec::new();
    let files = fs::read_dir(reports).map_err(|error| error.to_string())?;
    for file in
        files.filter_map(Result::ok).filter(|file| file.path().extension().is_some_and(|end| end == "xml"))
    {
        let report = fs::read_to_string(file.path()).map_err(|error| error.to_string())?;
        names.extend(test_names(&report));
    }
    compare(&names)
}

/// The `name` of each `<testcase>`.
fn test_names(report: &str) -> Vec<String> {
    let cases = report.split("<testcase ").skip(1);
    cases.filter_map(|case| Some(case.split_once("name=\"")?.1.split_once('"')?.0.to_owned())).collect()
}

fn compare(names: &[String]) -> Result<(), String> {
    let (lower, upper): (Vec<_>, Vec<_>) = names.iter().partition(|name| name.ends_with(LOWER));
    let missing =
        lower.iter().find(|name| !upper.iter().any(|other| Some(other.as_str()) == name.strip_suffix(LOWER)));
    match missing {
        Some(name) => Err(format!("{name} has no run at the higher level")),
        None if lower.is_empty() || lower.len() != upper.len() => {
            Err(format!("{} at the lower level, {} at the higher", lower.len(), upper.len()))
        }
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(of: &[&str]) -> Vec<String> {
        of.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_level_that_ran_nothing_is_found() {
        assert_eq!(compare(&names(&["a", "a[30]"])), Ok(()));
        assert!(compare(&names(&["a", "b"])).is_err());
        assert!(compare(&names(&["a[30]"])).is_err());
        assert!(compare(&names(&["a", "b", "a[30]"])).is_err());
        assert!(compare(&[]).is_err());
    }

    #[test]
    fn names_are_read_from_a_report() {
        let report = "<testsuite name=\"T\"><testcase name=\"one[30]\" classname=\"T\"/><testcase name=\"one\"/></testsuite>";
        assert_eq!(test_names(report), ["one[30]", "one"]);
    }
}
