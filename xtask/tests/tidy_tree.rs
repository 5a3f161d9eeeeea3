//! What must not lie in the tree: paths of one machine, stubs, switched-off tests, hosts of package registries.

#![allow(clippy::unwrap_used, reason = "in a test, a panic is the report")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Words that are refused, split here so that this file does not refuse itself.
const REFUSED: [(&str, &str, &str); 20] = [
    ("/wo", "rk/", "a path of one machine"),
    ("/ro", "ot/", "a path of one machine"),
    ("/fa", "rm/", "a path of one machine"),
    ("/ho", "me/", "a path of one machine"),
    ("tod", "o!(", "a stub"),
    ("unimplem", "ented!(", "a stub"),
    ("TO", "DO(", "a stub"),
    ("#[ign", "ore", "a switched-off test"),
    ("@Disa", "bled", "a switched-off test"),
    ("@Ign", "ore", "a switched-off test"),
    ("XCTS", "kip", "a switched-off test"),
    ("(.disa", "bled(", "a switched-off test"),
    (", .disa", "bled(", "a switched-off test"),
    ("assert!(tr", "ue)", "a test of nothing"),
    ("registry.npm", "js.org", "a registry's host"),
    ("repo.maven.apa", "che.org", "a registry's host"),
    ("repo1.mav", "en.org", "a registry's host"),
    ("deb.deb", "ian.org", "a registry's host"),
    ("static.crat", "es.io", "a registry's host"),
    ("index.crat", "es.io", "a registry's host"),
];

#[test]
fn the_tree_is_tidy() {
    let files = tracked();
    assert!(files.len() > 50, "only {} files found: the reading is broken", files.len());
    let found: Vec<String> =
        files.iter().filter_map(|file| Some((file, text(file)?))).flat_map(untidy).collect();
    assert!(found.is_empty(), "\n{}", found.join("\n"));
}

#[test]
fn an_untidy_line_is_found() {
    let file = PathBuf::from("a.rs");
    let line = format!("fine\n    {}{})\n", "tod", "o!(");
    assert_eq!(untidy((&file, line)), ["a.rs:2: a stub"]);
    assert_eq!(untidy((&file, "nothing to see".to_owned())), Vec::<String>::new());
}

fn untidy((file, text): (&PathBuf, String)) -> Vec<String> {
    let name = file.to_string_lossy();
    let lines = text.lines().enumerate();
    let found = lines.filter_map(|(index, line)| {
        let (_, _, what) = REFUSED.iter().find(|(one, two, _)| line.contains(&format!("{one}{two}")))?;
        Some(format!("{name}:{}: {what}", index + 1))
    });
    found.collect()
}

/// What is committed, and what would be.
fn tracked() -> Vec<PathBuf> {
    let arguments = ["ls-files", "-z", "--cached", "--others", "--exclude-standard"];
    let output = Command::new("git").args(arguments).current_dir(root()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let names = String::from_utf8(output.stdout).unwrap();
    names.split('\0').filter(|name| !name.is_empty()).map(PathBuf::from).collect()
}

/// A file's text; pictures and other bytes have none.
fn text(file: &Path) -> Option<String> {
    fs::read_to_string(root().join(file)).ok()
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}
