//! Whether every Kotlin test really ran. JUnit silently leaves out a test whose function gives something back, and Robolectric
//! one at a level that it is not set up for: so the sources are compared with Surefire's reports, test by test.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// Compares what stands in `sources` with what ran.
///
/// `levels`: the API levels at which each test runs under Robolectric, ascending, unless it or its class names others in a
/// `@Config(sdk = [...])`; empty for tests on the plain JVM.
///
/// # Errors
/// The tests that did not run, or that ran and stand in no source.
pub fn every_test_ran(sources: &[&Path], reports: &Path, levels: &[u32]) -> Result<usize, String> {
    let mut declared = BTreeSet::new();
    for folder in sources {
        for source in texts(folder, "kt")? {
            declared.extend(runs(&source, levels));
        }
    }
    let mut ran = BTreeSet::new();
    for report in texts(reports, "xml")? {
        ran.extend(reported(&report));
    }
    compare(&declared, &ran)
}

/// One run of a test, as `class: name`, with `[30]` behind it at a level that is not the highest.
type Runs = BTreeSet<String>;

fn compare(declared: &Runs, ran: &Runs) -> Result<usize, String> {
    let silent: Vec<_> = declared.difference(ran).cloned().collect();
    let unknown: Vec<_> = ran.difference(declared).cloned().collect();
    match (silent.as_slice(), unknown.as_slice()) {
        ([], []) if declared.is_empty() => Err("no test found at all".to_owned()),
        ([], []) => Ok(declared.len()),
        ([], unknown) => Err(format!("ran, and stands in no source: {}", unknown.join("; "))),
        (silent, _) => Err(format!("did not run (does it give something back?): {}", silent.join("; "))),
    }
}

/// The runs that a source file asks for.
fn runs(source: &str, levels: &[u32]) -> Runs {
    let package = word_after(source, "package ").unwrap_or_default();
    let mut class = String::new();
    let mut class_levels = levels.to_vec();
    let mut annotated: Option<Vec<u32>> = None;
    let mut is_test = false;
    let mut found = Runs::new();
    for line in source.lines().map(str::trim) {
        if let Some(config) = configured(line) {
            annotated = Some(config);
        } else if line == "@Test" {
            is_test = true;
        } else if let Some(name) = class_name(line) {
            class = format!("{package}.{name}");
            class_levels = annotated.take().unwrap_or_else(|| levels.to_vec());
        } else if let Some(name) = function_name(line) {
            let at = annotated.take().unwrap_or_else(|| class_levels.clone());
            if std::mem::take(&mut is_test) {
                found.extend(at_levels(&format!("{class}: {name}"), &at));
            }
        }
    }
    found
}

fn at_levels(test: &str, levels: &[u32]) -> Vec<String> {
    let Some((_, lower)) = levels.split_last() else { return vec![test.to_owned()] };
    let marked = lower.iter().map(|level| format!("{test}[{level}]"));
    marked.chain([test.to_owned()]).collect()
}

/// `@Config(sdk = [28, 29])`.
fn configured(line: &str) -> Option<Vec<u32>> {
    let (_, list) = line.strip_prefix("@Config(")?.split_once("sdk = [")?;
    let numbers = list.split_once(']')?.0.split(',');
    numbers.map(|number| number.trim().parse().ok()).collect()
}

fn class_name(line: &str) -> Option<&str> {
    let rest = ["", "internal ", "abstract ", "open "]
        .iter()
        .find_map(|modifier| line.strip_prefix(modifier)?.strip_prefix("class "))?;
    rest.split(|c: char| !c.is_alphanumeric()).next()
}

/// The name in `fun name(` or ``fun `a name in words`(``.
fn function_name(line: &str) -> Option<&str> {
    let rest = line.strip_prefix("fun ").or_else(|| line.split_once(" fun ").map(|(_, rest)| rest))?;
    match rest.strip_prefix('`') {
        Some(words) => words.split_once('`').map(|(name, _)| name),
        None => rest.split_once('(').map(|(name, _)| name),
    }
}

/// The runs in one of Surefire's reports.
fn reported(report: &str) -> Runs {
    let attribute = |case: &str, name: &str| {
        let (_, rest) = case.split_once(&format!("{name}=\""))?;
        Some(plain(rest.split_once('"')?.0))
    };
    let cases = report.split("<testcase ").skip(1);
    let found = cases.filter_map(|case| {
        let name = attribute(case, "name")?;
        let class = attribute(case, "classname")?;
        Some(format!("{class}: {}", without_parameters(&name)))
    });
    found.collect()
}

/// JUnit writes a function's parameter types behind its name, `a name(Path, Path)`.
fn without_parameters(name: &str) -> &str {
    name.strip_suffix(')').and_then(|rest| rest.rsplit_once('(')).map_or(name, |(name, _)| name)
}

/// Text out of an XML attribute.
fn plain(text: &str) -> String {
    let entities =
        [("&apos;", "'"), ("&quot;", "\""), ("&lt;", "<"), ("&gt;", ">"), ("&#39;", "'"), ("&amp;", "&")];
    entities.iter().fold(text.to_owned(), |text, (entity, character)| text.replace(entity, character))
}

fn word_after<'a>(source: &'a str, label: &str) -> Option<&'a str> {
    source.lines().find_map(|line| line.strip_prefix(label)).map(str::trim)
}

/// The text of every file below `folder` that ends in `extension`, except what a program wrote.
fn texts(folder: &Path, extension: &str) -> Result<Vec<String>, String> {
    let entries = fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let mut found = Vec::new();
    for path in entries.filter_map(Result::ok).map(|entry| entry.path()) {
        if path.is_dir() {
            found.extend(texts(&path, extension)?);
        } else if path.extension().is_some_and(|end| end == extension) {
            found.push(fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?);
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOURCE: &str = "package a.b\n\nclass OneTest {\n    @Test\n    fun `it's fine`() =\n        x {\n        }\n\n\
        \x20   @Test\n    @Config(sdk = [29])\n    fun old() {}\n\n    private fun helper() = 1\n}\n\n\
        @Config(sdk = [34])\nclass NewTest {\n    @Test\n    fun high() {}\n}\n";

    fn set(of: &[&str]) -> Runs {
        of.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn each_test_is_expected_at_its_levels() {
        let runs = runs(SOURCE, &[30, 34]);
        let wanted =
            ["a.b.NewTest: high", "a.b.OneTest: it's fine", "a.b.OneTest: it's fine[30]", "a.b.OneTest: old"];
        assert_eq!(runs, set(&wanted));
        assert_eq!(
            super::runs("package p\nclass T {\n@Test\nsuspend fun one() {}\n}\n", &[]),
            set(&["p.T: one"])
        );
    }

    #[test]
    fn names_are_read_from_a_report() {
        let report = "<testsuite name=\"T\"><testcase name=\"it&apos;s &lt;one&gt;[30]\" classname=\"a.T\" time=\"0\"/>\
            <testcase name=\"two()\" classname=\"a.T\"/>\
            <testcase name=\"in a folder(Path, Path)\" classname=\"a.T\"/></testsuite>";
        assert_eq!(reported(report), set(&["a.T: in a folder", "a.T: it's <one>[30]", "a.T: two"]));
    }

    #[test]
    fn what_did_not_run_is_named() {
        assert_eq!(compare(&set(&["a", "b"]), &set(&["a", "b"])), Ok(2));
        assert!(compare(&set(&["a", "b"]), &set(&["a"])).is_err_and(|why| why.ends_with(": b")));
        assert!(compare(&set(&["a"]), &set(&["a", "b"])).is_err_and(|why| why.ends_with(": b")));
        assert!(compare(&Runs::new(), &Runs::new()).is_err());
    }
}
