//! The other process: started, heard line by line, and signalled by its own id only.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

/// Nothing a child does takes longer on a busy machine: a child that says nothing for so long hangs.
pub const PATIENCE: Duration = Duration::from_secs(180);

/// What a child was heard to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Heard {
    /// A line, in full.
    Line(String),
    /// It has ended; there are no more lines.
    End,
    /// Nothing until then.
    Nothing,
}

/// What a child works in.
#[derive(Debug, Clone, Copy)]
pub struct Surroundings<'a> {
    /// The account's folder.
    pub folder: &'a Path,
    /// The provider.
    pub issuer: &'a str,
    /// For how many seconds the provider is said to accept a replaced token again.
    pub grace_seconds: u32,
    /// How far the child's clocks are ahead of the machine's, in seconds.
    pub ahead_seconds: u64,
}

/// A running child. Dropping it kills it.
#[derive(Debug)]
pub struct Process {
    child: Child,
    input: Option<ChildStdin>,
    lines: mpsc::Receiver<String>,
}

impl Process {
    /// Starts `program`, the child of this crate, on a task.
    ///
    /// # Errors
    /// As [`Command::spawn`].
    pub fn start(
        program: impl AsRef<OsStr>,
        surroundings: &Surroundings<'_>,
        task: &str,
    ) -> std::io::Result<Self> {
        let Surroundings { folder, issuer, grace_seconds, ahead_seconds } = surroundings;
        let mut child = Command::new(program)
            .arg(folder)
            .args([issuer, grace_seconds.to_string().as_str(), ahead_seconds.to_string().as_str(), task])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let (input, output) = (child.stdin.take(), child.stdout.take());
        let (heard, lines) = mpsc::channel();
        thread::spawn(move || {
            // A line that a kill cut short ends without a newline and is no line.
            for line in output.into_iter().flat_map(|output| complete_lines(BufReader::new(output))) {
                if heard.send(line).is_err() {
                    break;
                }
            }
        });
        Ok(Self { child, input, lines })
    }

    /// The process's id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Tells it something. One that has ended hears nothing.
    pub fn tell(&mut self, line: &str) {
        if let Some(input) = &mut self.input {
            // A child that is gone is found out by who listens to it.
            drop(writeln!(input, "{line}").and_then(|()| input.flush()));
        }
    }

    /// The next line, if it comes until `deadline`.
    pub fn hear(&self, deadline: Instant) -> Heard {
        match self.lines.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
            Ok(line) => Heard::Line(line),
            Err(RecvTimeoutError::Timeout) => Heard::Nothing,
            Err(RecvTimeoutError::Disconnected) => Heard::End,
        }
    }

    /// Waits for a line that begins with `start`, and gives what follows.
    ///
    /// # Errors
    /// What it said instead, where it reports trouble, ended or hangs.
    pub fn expect(&self, start: &str) -> Result<String, String> {
        let mut before = Vec::new();
        loop {
            match self.hear(Instant::now() + PATIENCE) {
                Heard::Line(line) => match line.strip_prefix(start) {
                    Some(rest) => return Ok(rest.trim_start().to_owned()),
                    None if ["errors ", "failed ", "lost "].iter().any(|word| line.starts_with(word)) => {
                        return Err(format!("instead of {start:?} it said {before:?}, then {line:?}"));
                    }
                    None => before.push(line),
                },
                Heard::End => return Err(format!("it ended without {start:?}; it said {before:?}")),
                Heard::Nothing => return Err(format!("it hangs without {start:?}; it said {before:?}")),
            }
        }
    }

    /// Kills it (SIGKILL), waits until it is gone, and gives the lines nobody had read yet.
    pub fn kill(mut self) -> Vec<String> {
        self.end();
        self.lines.iter().collect()
    }

    fn end(&mut self) {
        // Both fail only where it has ended and was waited for.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.end();
    }
}

fn complete_lines(mut reader: impl BufRead) -> impl Iterator<Item = String> {
    std::iter::from_fn(move || {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        line.strip_suffix('\n').map(str::to_owned)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_was_cut_is_no_line() {
        let lines: Vec<_> = complete_lines("one\ntwo\nthr".as_bytes()).collect();
        assert_eq!(lines, ["one", "two"]);
    }
}
