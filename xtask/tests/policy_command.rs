//! `cargo xtask policy` as a program: what it ends with, and where it writes.

#![allow(clippy::unwrap_used, reason = "in a test, a panic is the report")]

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

fn policy(words: &[&str]) -> Output {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    Command::new(env!("CARGO_BIN_EXE_xtask")).arg("policy").args(words).current_dir(root).output().unwrap()
}

const PORTAL: &str = "core/gate/portal";

#[test]
fn it_ends_with_0_where_all_is_well() {
    for words in [&["lint", PORTAL][..], &["explain", PORTAL], &["simulate", PORTAL, "--locale", "de"]] {
        let output = policy(words);
        assert_eq!(output.status.code(), Some(0), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
        assert!(!output.stdout.is_empty() && output.stderr.is_empty());
    }
}

#[test]
fn it_ends_with_1_where_the_policy_has_a_mistake() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("texts")).unwrap();
    fs::write(folder.path().join("policy.toml"), "version = 1\nlocal = \"en\"\n").unwrap();
    let path = folder.path().to_str().unwrap();
    let lint = policy(&["lint", path]);
    assert_eq!(lint.status.code(), Some(1));
    let said = String::from_utf8_lossy(&lint.stdout).into_owned();
    assert!(
        said.contains("policy.toml:2:1: The file has no setting local (did you mean locale?)."),
        "{said}"
    );
    let explain = policy(&["explain", path]);
    assert_eq!(explain.status.code(), Some(1));
    assert!(
        explain.stdout.is_empty() && String::from_utf8_lossy(&explain.stderr).contains("policy.toml:2:1:")
    );
}

#[test]
fn it_ends_with_2_where_the_command_is_wrong() {
    for words in [&[][..], &["polish", PORTAL], &["lint"], &["explain", PORTAL, "review.wirte"]] {
        let output = policy(words);
        assert_eq!(output.status.code(), Some(2), "{words:?}");
        assert!(output.stdout.is_empty() && !output.stderr.is_empty());
    }
}
