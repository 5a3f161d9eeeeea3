//! The walks of the journey in three languages, and by taps on the portal's screens for Android, compared: what the ports were
//! asked, and what the provider saw.

use std::fs;
use std::io::ErrorKind;
use std::path::PathBuf;

use serde_json::Value;

use crate::run::{Run, Stop};
use crate::workspace::Workspace;

/// The walks that are compared with Rust's, and the ring that writes each.
const OTHERS: [(&str, &str); 4] = [
    ("kotlin", "kotlin"),
    ("swift", "swift"),
    ("android-30", "android-sample"),
    ("android-34", "android-sample"),
];

/// The parts of a walk that must be the same in every language. One Rust core writes the events of all of them, so equal
/// events alone would prove little.
const PARTS: [&str; 3] = ["ports", "requests", "events"];

pub fn run(workspace: &Workspace, run: &mut Run) -> Result<(), Stop> {
    let rust = walk(workspace, "rust", "rust")?;
    for (language, ring) in OTHERS {
        let other = walk(workspace, language, ring)?;
        for part in PARTS {
            run.check(&format!("rust and {language}: {part}"), same(&rust, &other, part));
        }
    }
    for part in PARTS {
        println!("  {part} in each: {}", rust.get(part).and_then(Value::as_array).map_or(0, Vec::len));
    }
    Ok(())
}

/// Removes a language's walk before it is made anew, so that an old one is never compared.
pub fn forget(workspace: &Workspace, language: &str) -> Result<(), Stop> {
    let file = file(workspace, language);
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder)?;
    }
    match fs::remove_file(file) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error.into()),
        _ => Ok(()),
    }
}

fn file(workspace: &Workspace, language: &str) -> PathBuf {
    workspace.target("journeys").join(format!("{language}.json"))
}

fn walk(workspace: &Workspace, language: &str, ring: &str) -> Result<Value, Stop> {
    let text = fs::read_to_string(file(workspace, language)).map_err(|error| {
        let advice = format!("run `cargo xtask test {ring}` first");
        Stop::Failed(format!("target/journeys/{language}.json: {error}; {advice}"))
    })?;
    serde_json::from_str(&text)
        .map_err(|error| Stop::Failed(format!("target/journeys/{language}.json is no JSON: {error}")))
}

/// Whether a part is there, is not empty, and is the same in both; if not, where it first differs.
fn same(one: &Value, other: &Value, part: &str) -> Result<(), String> {
    let lines = |walk: &Value| walk.get(part).and_then(Value::as_array).cloned().unwrap_or_default();
    let (one, other) = (lines(one), lines(other));
    if one.is_empty() || other.is_empty() {
        return Err(format!("{} lines against {}", one.len(), other.len()));
    }
    let shown = |line: Option<&Value>| line.map_or("nothing".to_owned(), Value::to_string);
    match (0..one.len().max(other.len())).find(|&index| one.get(index) != other.get(index)) {
        None => Ok(()),
        Some(index) => {
            Err(format!("line {}: {} against {}", index + 1, shown(one.get(index)), shown(other.get(index))))
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn equal_walks_are_the_same() {
        let walk = json!({"ports": ["a", "b"]});
        assert_eq!(same(&walk, &walk.clone(), "ports"), Ok(()));
    }

    #[test]
    fn the_first_difference_is_told() {
        let one = json!({"ports": ["a", "b", "c"]});
        assert_eq!(
            same(&one, &json!({"ports": ["a", "x", "c"]}), "ports"),
            Err("line 2: \"b\" against \"x\"".to_owned())
        );
        assert_eq!(
            same(&one, &json!({"ports": ["a", "b"]}), "ports"),
            Err("line 3: \"c\" against nothing".to_owned())
        );
    }

    #[test]
    fn nothing_is_never_the_same_as_nothing() {
        assert_eq!(same(&json!({"ports": []}), &json!({}), "ports"), Err("0 lines against 0".to_owned()));
    }
}
