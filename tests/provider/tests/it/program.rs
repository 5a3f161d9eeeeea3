//! The program: one line when it is ready, and an end when its input closes or SIGTERM comes.

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Child, Command, Stdio};

fn start(arguments: &[&str]) -> (Child, String) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_pforte-provider"))
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    (child, line)
}

#[test]
fn it_is_ready_and_ends_with_its_input() {
    let (mut child, line) = start(&["--port", "0", "--settings", r#"{"automatic":"alice"}"#]);
    let port = line.trim_end().strip_prefix("ready http://127.0.0.1:").unwrap();
    assert!(port.parse::<u16>().unwrap() > 0);
    drop(child.stdin.take());
    assert!(child.wait().unwrap().success());
    let mut note = String::new();
    child.stderr.unwrap().read_to_string(&mut note).unwrap();
    assert!(note.contains("for development and tests only"));
}

#[cfg(unix)]
#[test]
fn it_ends_at_sigterm() {
    let (mut child, line) = start(&[]);
    assert!(line.starts_with("ready "));
    let sent = Command::new("kill").arg(child.id().to_string()).status().unwrap();
    assert!(sent.success());
    assert!(child.wait().unwrap().success());
}

#[test]
fn mistakes_are_told() {
    for arguments in [
        &["--port", "x"][..],
        &["--settings", "{"],
        &["--what", "1"],
        &["--port"],
        &["--settings", r#"{"address":"0.0.0.0"}"#],
    ] {
        let (mut child, line) = start(arguments);
        assert_eq!(line, "");
        assert!(!child.wait().unwrap().success(), "{arguments:?}");
    }
}
