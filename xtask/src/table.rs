//! `cargo xtask test`: the rings one after the other, and the table at the end.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use crate::counts::Counts;
use crate::rings::{RINGS, Ring};
use crate::run::{Run, Stop};
use crate::workspace::Workspace;

/// How a ring ended.
#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    Passed,
    Failed(String),
    /// It could not run here; a failure where `CI=true`, because nobody would notice there.
    Skipped(String),
}

struct Row {
    ring: &'static Ring,
    counts: Counts,
    took: Duration,
    verdict: Verdict,
    failures: Vec<String>,
}

/// Runs the named rings, or all.
pub fn test(workspace: &Workspace, names: &[String]) -> ExitCode {
    if let Some(unknown) = names.iter().find(|name| !RINGS.iter().any(|ring| ring.name == **name)) {
        let known: Vec<_> = RINGS.iter().map(|ring| ring.name).collect();
        eprintln!("There is no ring `{unknown}`. There are: {}.", known.join(", "));
        return ExitCode::from(2);
    }
    let in_ci = std::env::var("CI").is_ok_and(|value| value == "true");
    let chosen = RINGS.iter().filter(|ring| names.is_empty() || names.iter().any(|name| name == ring.name));
    let rows: Vec<Row> = chosen.map(|ring| run_ring(workspace, ring, in_ci)).collect();

    print!("{}{}", table(&rows), what_failed(&rows));
    let mut total = Counts::default();
    rows.iter().for_each(|row| total += row.counts);
    // A ring can fail without a failed test: the closing line must not look green then.
    let rings_failed = rows.iter().filter(|row| matches!(row.verdict, Verdict::Failed(_))).count() as u64;
    total.failed = total.failed.max(rings_failed);
    println!("\n{} passed, {} failed", total.passed, total.failed);
    if total.failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn run_ring(workspace: &Workspace, ring: &'static Ring, in_ci: bool) -> Row {
    println!("\n━━ {}: {} (budget {}) ━━", ring.name, ring.what, minutes(ring.budget));
    println!("   needs: {}", ring.needs);
    let started = Instant::now();
    let mut run = Run::default();
    let ended = (ring.run)(workspace, &mut run);
    let took = started.elapsed();
    let verdict = judge(ring, run.counts, took, ended, in_ci);
    let result = match &verdict {
        Verdict::Passed => "passed".to_owned(),
        Verdict::Failed(why) => format!("FAILED: {why}"),
        Verdict::Skipped(what) => format!("skipped: {what}"),
    };
    println!("━━ {}: {result}; {} tests in {} ━━", ring.name, run.counts.passed, minutes(took));
    if took > ring.budget {
        println!("   over its budget of {}", minutes(ring.budget));
    }
    Row { ring, counts: run.counts, took, verdict, failures: run.failures }
}

/// A ring passes when it ended well, nothing in it failed, and it ran at least as many tests as its floor says.
///
/// Over budget is only said, because a busy machine is no fault of the code; twice over is a failure where `CI=true`,
/// so that a slow test does not creep in.
fn judge(ring: &Ring, counts: Counts, took: Duration, ended: Result<(), Stop>, in_ci: bool) -> Verdict {
    match ended {
        Err(Stop::Missing(what)) if in_ci => {
            Verdict::Failed(format!("can't run here: {what} (CI=true: a skip fails)"))
        }
        Err(Stop::Missing(what)) => Verdict::Skipped(what),
        Err(Stop::Failed(why)) => Verdict::Failed(why),
        Ok(()) if counts.failed > 0 => Verdict::Failed(format!("{} failed", counts.failed)),
        Ok(()) if counts.passed < ring.floor.max(1) => Verdict::Failed(format!(
            "ran {} tests, fewer than its floor of {}",
            counts.passed,
            ring.floor.max(1)
        )),
        Ok(()) if in_ci && took > ring.budget * 2 => {
            Verdict::Failed("took more than twice its budget".to_owned())
        }
        Ok(()) => Verdict::Passed,
    }
}

fn table(rows: &[Row]) -> String {
    let mut text = format!(
        "\n{:<10} {:>7} {:>7} {:>8} {:>8}  {}\n",
        "ring", "passed", "failed", "time", "budget", "result"
    );
    for row in rows {
        let result = match &row.verdict {
            Verdict::Passed if row.took > row.ring.budget => "passed, over budget".to_owned(),
            Verdict::Passed => "passed".to_owned(),
            Verdict::Failed(why) => format!("FAILED: {why}"),
            Verdict::Skipped(what) => format!("skipped: {what}"),
        };
        text += &format!(
            "{:<10} {:>7} {:>7} {:>8} {:>8}  {result}\n",
            row.ring.name,
            row.counts.passed,
            row.counts.failed,
            minutes(row.took),
            minutes(row.ring.budget),
        );
    }
    let took: Duration = rows.iter().map(|row| row.took).sum();
    text + &format!("{:<10} {:>7} {:>7} {:>8}\n", "all", "", "", minutes(took))
}

/// The failed tests by name, after the table: whoever sees only the end of the output sees them.
fn what_failed(rows: &[Row]) -> String {
    let lines =
        rows.iter().flat_map(|row| row.failures.iter().map(|line| format!("{}: {line}\n", row.ring.name)));
    lines.fold(
        String::new(),
        |text, line| if text.is_empty() { format!("\nWhat failed:\n{line}") } else { text + &line },
    )
}

fn minutes(time: Duration) -> String {
    let seconds = time.as_secs();
    if seconds < 60 { format!("{seconds} s") } else { format!("{}m{:02}s", seconds / 60, seconds % 60) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RING: Ring = Ring {
        name: "x",
        what: "",
        needs: "",
        budget: Duration::from_secs(10),
        floor: 3,
        run: |_, _| Ok(()),
    };

    fn passed(passed: u64) -> Counts {
        Counts { passed, ..Counts::default() }
    }

    fn failed(verdict: &Verdict) -> bool {
        matches!(verdict, Verdict::Failed(_))
    }

    #[test]
    fn a_ring_that_ran_too_little_fails() {
        let quick = Duration::from_secs(1);
        assert_eq!(judge(&RING, passed(3), quick, Ok(()), true), Verdict::Passed);
        assert!(failed(&judge(&RING, passed(2), quick, Ok(()), false)));
        assert!(failed(&judge(&Ring { floor: 0, ..RING }, passed(0), quick, Ok(()), false)));
    }

    #[test]
    fn a_failed_test_fails_the_ring_even_when_its_runner_says_success() {
        let counts = Counts { passed: 9, failed: 1, skipped: 0 };
        assert!(failed(&judge(&RING, counts, Duration::ZERO, Ok(()), false)));
    }

    #[test]
    fn a_skip_is_a_failure_in_ci_only() {
        let missing = || Err(Stop::Missing("a fork".to_owned()));
        assert_eq!(
            judge(&RING, passed(0), Duration::ZERO, missing(), false),
            Verdict::Skipped("a fork".to_owned())
        );
        assert!(failed(&judge(&RING, passed(0), Duration::ZERO, missing(), true)));
    }

    #[test]
    fn twice_over_budget_fails_in_ci_only() {
        let slow = Duration::from_secs(21);
        assert!(failed(&judge(&RING, passed(3), slow, Ok(()), true)));
        assert_eq!(judge(&RING, passed(3), slow, Ok(()), false), Verdict::Passed);
        assert_eq!(judge(&RING, passed(3), Duration::from_secs(20), Ok(()), true), Verdict::Passed);
    }

    #[test]
    fn the_table_names_each_ring_and_its_result() {
        let row = |verdict, failures| Row {
            ring: &RINGS[0],
            counts: passed(7),
            took: Duration::from_secs(61),
            verdict,
            failures,
        };
        let rows = [
            row(Verdict::Passed, Vec::new()),
            row(Verdict::Failed("two forks".to_owned()), vec!["a knife".to_owned(), "a spoon".to_owned()]),
        ];
        let text = table(&rows);
        assert!(
            text.contains(RINGS[0].name) && text.contains("1m01s") && text.contains("FAILED: two forks"),
            "{text}"
        );
        let name = RINGS[0].name;
        assert_eq!(what_failed(&rows), format!("\nWhat failed:\n{name}: a knife\n{name}: a spoon\n"));
        assert_eq!(what_failed(&rows[..1]), "");
    }
}
