//! One ring's run: commands whose output streams through and is counted on the way.

use std::fmt;
use std::io::{self, BufRead, BufReader, Read};
use std::process::{Command, ExitStatus, Stdio};
use std::time::Instant;

use crate::counts::{Counts, Reader, Tally};

/// Why a ring ended early.
#[derive(Debug)]
pub enum Stop {
    /// Something ran and was not as it should be.
    Failed(String),
    /// It can't run here: what is missing, and how to get it.
    Missing(String),
}

impl fmt::Display for Stop {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed(why) => out.write_str(why),
            Self::Missing(what) => write!(out, "can't run here: {what}"),
        }
    }
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        Self::Failed(error.to_string())
    }
}

/// What a ring has counted so far.
#[derive(Debug, Default)]
pub struct Run {
    pub counts: Counts,
    /// What failed, a line each or two.
    pub failures: Vec<String>,
}

impl Run {
    /// Runs a step of preparation: it counts nothing and must succeed.
    pub fn prepare(&mut self, title: &str, command: &mut Command) -> Result<(), Stop> {
        self.step(title, command, Reader::Nothing)
    }

    /// Runs `command` to its end. What it prints is shown at once; standard error, where builds draw their progress,
    /// is not touched at all.
    ///
    /// # Errors
    /// [`Stop::Missing`] where there is no such program, [`Stop::Failed`] where it ends badly. What it had counted by
    /// then stays counted.
    pub fn step(&mut self, title: &str, command: &mut Command, reader: Reader) -> Result<(), Stop> {
        println!("→ {title}");
        let started = Instant::now();
        let program = command.get_program().to_string_lossy().into_owned();
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().map_err(|error| {
            match error.kind() {
                io::ErrorKind::NotFound => Stop::Missing(format!("there is no `{program}` on the PATH")),
                _ => Stop::Failed(format!("{program}: {error}")),
            }
        })?;
        let mut tally = Tally::new(reader);
        if let Some(output) = child.stdout.take() {
            show(output, &mut tally)?;
        }
        let status = child.wait()?;
        let (counts, failures) = tally.close(status.success());
        self.counts += counts;
        self.failures.extend(failures);
        let seconds = started.elapsed().as_secs();
        if status.success() {
            println!("  {title}: done in {seconds} s");
            return Ok(());
        }
        Err(Stop::Failed(format!("{title}: {} after {seconds} s ({program})", ending(status))))
    }

    /// Counts one check that the ring made itself.
    pub fn check(&mut self, title: &str, verdict: Result<(), String>) {
        match verdict {
            Ok(()) => {
                println!("  ok: {title}");
                self.counts.passed += 1;
            }
            Err(why) => {
                println!("  FAILED: {title}: {why}");
                self.counts.failed += 1;
                self.failures.push(format!("{title}: {why}"));
            }
        }
    }
}

fn ending(status: ExitStatus) -> String {
    status.code().map_or_else(|| "was ended by a signal".to_owned(), |code| format!("exit code {code}"))
}

/// Passes lines on as they come; bytes that are no UTF-8 are replaced, not refused.
fn show(output: impl Read, tally: &mut Tally) -> io::Result<()> {
    let mut lines = BufReader::new(output);
    let mut line = Vec::new();
    while lines.read_until(b'\n', &mut line)? > 0 {
        let text = String::from_utf8_lossy(&line);
        print!("{text}");
        tally.line(text.trim_end());
        line.clear();
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_does_not_exist_is_missing() {
        let stop = Run::default().prepare("x", &mut Command::new("no-such-program-here")).unwrap_err();
        assert!(matches!(&stop, Stop::Missing(what) if what.contains("no-such-program-here")), "{stop}");
    }

    #[test]
    fn a_runner_that_ends_badly_keeps_its_counts() {
        let mut run = Run::default();
        let line = "test result: FAILED. 3 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out";
        let mut command = Command::new("sh");
        command.args(["-c", &format!("echo '{line}'; exit 101")]);
        let stop = run.step("x", &mut command, Reader::CargoTest).unwrap_err();
        assert!(stop.to_string().contains("exit code 101"), "{stop}");
        assert_eq!(run.counts, Counts { passed: 3, failed: 1, skipped: 0 });
    }
}
