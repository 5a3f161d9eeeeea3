//! How many tests ran, read from the runners' own closing lines.

use std::ops::AddAssign;

/// Tests that ran.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Counts {
    pub passed: u64,
    pub failed: u64,
    pub skipped: u64,
}

impl AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
    }
}

/// Whose output is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reader {
    /// No tests: the command as a whole is one check.
    OneCheck,
    /// No tests and no check: preparation.
    Nothing,
    /// `test result:` lines.
    CargoTest,
    /// Maven Surefire's line of totals.
    Surefire,
    /// XCTest's `All tests` suite and Swift Testing's `Test run`.
    SwiftTest,
    /// Python's `Ran … tests`, and the failures after it.
    Unittest,
}

/// Reads a runner's output line by line.
#[derive(Debug)]
pub struct Tally {
    reader: Reader,
    counts: Counts,
    /// XCTest prints one line of totals per suite; only the outermost suite's counts.
    in_all_tests: bool,
    /// Swift Testing tells failed tests one by one, and only issues in its closing line.
    swift_failures: u64,
    /// The lines by which the runner told of failed tests.
    failures: Vec<String>,
    /// Surefire names the test in one line and tells what was wrong in the next.
    in_failure: bool,
}

impl Tally {
    pub fn new(reader: Reader) -> Self {
        Self {
            reader,
            counts: Counts::default(),
            in_all_tests: false,
            swift_failures: 0,
            failures: Vec::new(),
            in_failure: false,
        }
    }

    pub fn line(&mut self, line: &str) {
        let line = without_colours(line);
        let read = match self.reader {
            Reader::OneCheck | Reader::Nothing => None,
            Reader::CargoTest => cargo_test(&line),
            Reader::Surefire => surefire(&line),
            Reader::SwiftTest => self.swift_test(&line),
            Reader::Unittest => self.unittest(&line),
        };
        self.counts += read.unwrap_or_default();
        if self.in_failure || tells_a_failure(self.reader, &line) {
            self.failures.push(line.trim().to_owned());
        }
        self.in_failure =
            self.reader == Reader::Surefire && !self.in_failure && tells_a_failure(self.reader, &line);
    }

    /// The counts, once the runner has ended, and the lines by which it told of failed tests.
    pub fn close(self, succeeded: bool) -> (Counts, Vec<String>) {
        let counts = match self.reader {
            Reader::OneCheck if succeeded => Counts { passed: 1, ..Counts::default() },
            Reader::OneCheck => Counts { failed: 1, ..Counts::default() },
            _ => self.counts,
        };
        (counts, self.failures)
    }

    /// `Ran 6 tests in 0.1s`, then `OK`, `OK (skipped=1)` or `FAILED (failures=1, errors=2, skipped=1)`.
    fn unittest(&mut self, line: &str) -> Option<Counts> {
        if let Some(ran) = line.strip_prefix("Ran ") {
            return Some(Counts { passed: first_number(ran)?, ..Counts::default() });
        }
        let after = |label| number_after(line, label).unwrap_or(0);
        if line.starts_with("FAILED (") || line.starts_with("OK (") {
            let (failed, skipped) = (after("failures=") + after("errors="), after("skipped="));
            self.counts.passed = self.counts.passed.saturating_sub(failed + skipped);
            return Some(Counts { passed: 0, failed, skipped });
        }
        None
    }

    fn swift_test(&mut self, line: &str) -> Option<Counts> {
        if line.starts_with("Test Suite '") && !line.contains("started at") {
            self.in_all_tests = line.starts_with("Test Suite 'All tests'");
        }
        if self.in_all_tests && line.trim_start().starts_with("Executed ") {
            self.in_all_tests = false;
            return xctest(line);
        }
        let words = line.get(line.find("Test ")?..)?;
        if let Some(run) = words.strip_prefix("Test run with ") {
            let ran = first_number(run)?;
            let failed =
                if run.contains(" failed after ") { self.swift_failures.clamp(1, ran.max(1)) } else { 0 };
            self.swift_failures = 0;
            return Some(Counts { passed: ran.saturating_sub(failed), failed, skipped: 0 });
        }
        if !line.starts_with("Test ") && words.contains(" failed after ") {
            self.swift_failures += 1;
        }
        None
    }
}

/// Whether the runner names a failed test in this line.
fn tells_a_failure(reader: Reader, line: &str) -> bool {
    match reader {
        Reader::OneCheck | Reader::Nothing => false,
        Reader::CargoTest => line.starts_with("test ") && line.ends_with("... FAILED"),
        // Once per test; the line of its class has the counts as well.
        Reader::Surefire => {
            (line.ends_with("<<< FAILURE!") || line.ends_with("<<< ERROR!")) && !line.contains("Tests run: ")
        }
        // XCTest's `error:`, and each of Swift Testing's issues.
        Reader::SwiftTest => {
            line.contains(": error: ")
                || line.find("Test ").is_some_and(|at| line[at..].contains(" recorded an issue at "))
        }
        Reader::Unittest => line.starts_with("FAIL: ") || line.starts_with("ERROR: "),
    }
}

/// `test result: ok. 12 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.01s`
fn cargo_test(line: &str) -> Option<Counts> {
    let rest = line.trim_start().strip_prefix("test result: ")?;
    Some(Counts {
        passed: number_before(rest, " passed")?,
        failed: number_before(rest, " failed")?,
        skipped: number_before(rest, " ignored")?,
    })
}

/// `[INFO] Tests run: 5, Failures: 0, Errors: 0, Skipped: 0`; lines per class name the time as well.
fn surefire(line: &str) -> Option<Counts> {
    let rest = line.get(line.find("Tests run: ")?..)?;
    if rest.contains("Time elapsed") {
        return None;
    }
    let ran = number_after(rest, "Tests run: ")?;
    let failed = number_after(rest, "Failures: ")? + number_after(rest, "Errors: ")?;
    let skipped = number_after(rest, "Skipped: ")?;
    Some(Counts { passed: ran.saturating_sub(failed + skipped), failed, skipped })
}

/// `Executed 5 tests, with 1 test skipped and 2 failures (0 unexpected) in 0.1 (0.1) seconds`
///
/// XCTest counts failures, not failed tests; more failures than tests is possible.
fn xctest(line: &str) -> Option<Counts> {
    let ran = number_after(line, "Executed ")?;
    let skipped = number_before(line, " tests skipped").or(number_before(line, " test skipped")).unwrap_or(0);
    let failures = number_before(line, " failures").or(number_before(line, " failure")).unwrap_or(0);
    let failed = failures.min(ran);
    Some(Counts { passed: ran.saturating_sub(failed + skipped), failed, skipped })
}

fn number_after(text: &str, label: &str) -> Option<u64> {
    first_number(text.get(text.find(label)? + label.len()..)?)
}

fn number_before(text: &str, label: &str) -> Option<u64> {
    let before = text.get(..text.find(label)?)?;
    before.rsplit(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

fn first_number(text: &str) -> Option<u64> {
    text.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

/// The line without the escape sequences by which Maven and Swift colour it.
fn without_colours(line: &str) -> String {
    let mut pieces = line.split('\u{1b}');
    let first = pieces.next().unwrap_or_default().to_owned();
    pieces.fold(first, |plain, piece| plain + piece.split_once('m').map_or(piece, |(_, rest)| rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally(reader: Reader, output: &str) -> Counts {
        let mut tally = Tally::new(reader);
        output.lines().for_each(|line| tally.line(line));
        tally.close(true).0
    }

    fn failures(reader: Reader, output: &str) -> Vec<String> {
        let mut tally = Tally::new(reader);
        output.lines().for_each(|line| tally.line(line));
        tally.close(false).1
    }

    #[test]
    fn each_runner_s_failed_tests_are_named() {
        let cargo =
            "test a::works ... ok\ntest a::breaks ... FAILED\ntest result: FAILED. 1 passed; 1 failed\n";
        assert_eq!(failures(Reader::CargoTest, cargo), ["test a::breaks ... FAILED"]);
        let surefire = "[INFO] Running com.A\n\
            [ERROR] Tests run: 2, Failures: 1, Errors: 0, Skipped: 0, Time elapsed: 1 s <<< FAILURE! -- in com.A\n\
            [\u{1b}[1;31mERROR\u{1b}[m] com.A.it breaks[30] -- Time elapsed: 0.1 s <<< FAILURE!\n\
            java.lang.AssertionError: waited for it\n\
            \tat com.A.it(A.kt:1)\n";
        assert_eq!(
            failures(Reader::Surefire, surefire),
            [
                "[ERROR] com.A.it breaks[30] -- Time elapsed: 0.1 s <<< FAILURE!",
                "java.lang.AssertionError: waited for it"
            ]
        );
        let swift = "✘ Test breaks() recorded an issue at A.swift:3:5: Expectation failed: 1 == 2\n\
            ✘ Test breaks() failed after 0.001 seconds with 1 issue.\n\
            /A.swift:9: error: A.testIt : XCTAssertEqual failed\n";
        assert_eq!(
            failures(Reader::SwiftTest, swift),
            [
                "✘ Test breaks() recorded an issue at A.swift:3:5: Expectation failed: 1 == 2",
                "/A.swift:9: error: A.testIt : XCTAssertEqual failed"
            ]
        );
        let python =
            "FAIL: test_it (verifier.A.test_it)\nTraceback\nRan 1 test in 0.1s\n\nFAILED (failures=1)\n";
        assert_eq!(failures(Reader::Unittest, python), ["FAIL: test_it (verifier.A.test_it)"]);
    }

    #[test]
    fn cargo_results_add_up() {
        let output = "running 3 tests\n\
            test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.00s\n\
            test result: FAILED. 10 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.10s\n";
        assert_eq!(tally(Reader::CargoTest, output), Counts { passed: 13, failed: 2, skipped: 1 });
    }

    #[test]
    fn unittest_takes_failures_off_what_ran() {
        let fine = "......\nRan 6 tests in 0.1s\n\nOK\n";
        assert_eq!(tally(Reader::Unittest, fine), Counts { passed: 6, failed: 0, skipped: 0 });
        let bad = "..F.Es\nRan 6 tests in 0.1s\n\nFAILED (failures=1, errors=1, skipped=1)\n";
        assert_eq!(tally(Reader::Unittest, bad), Counts { passed: 3, failed: 2, skipped: 1 });
    }

    #[test]
    fn surefire_counts_its_totals_and_not_its_classes() {
        let output = "[INFO] Tests run: 2, Failures: 0, Errors: 0, Skipped: 0, Time elapsed: 0.1 s -- in A\n\
            [ERROR] Tests run: 3, Failures: 1, Errors: 1, Skipped: 0, Time elapsed: 0.1 s <<< FAILURE! -- in B\n\
            [INFO] Results:\n\
            [\u{1b}[1;31mERROR\u{1b}[m] \u{1b}[1;31mTests run: 6, Failures: 1, Errors: 1, Skipped: 1\u{1b}[m\n";
        assert_eq!(tally(Reader::Surefire, output), Counts { passed: 3, failed: 2, skipped: 1 });
    }

    #[test]
    fn xctest_counts_the_outermost_suite_once() {
        let output = "Test Suite 'All tests' started at 2026-01-01 00:00:00.000\n\
            Test Suite 'A' passed at 2026-01-01 00:00:00.000\n\
            \t Executed 4 tests, with 0 failures (0 unexpected) in 0.1 (0.1) seconds\n\
            Test Suite 'debug.xctest' failed at 2026-01-01 00:00:00.000\n\
            \t Executed 6 tests, with 1 test skipped and 1 failure (0 unexpected) in 0.1 (0.1) seconds\n\
            Test Suite 'All tests' failed at 2026-01-01 00:00:00.000\n\
            \t Executed 6 tests, with 1 test skipped and 1 failure (0 unexpected) in 0.1 (0.1) seconds\n";
        assert_eq!(tally(Reader::SwiftTest, output), Counts { passed: 4, failed: 1, skipped: 1 });
    }

    #[test]
    fn swift_testing_counts_failed_tests_and_not_issues() {
        let good = "✔ Test greets() passed after 0.001 seconds.\n\
            ✔ Test run with 5 tests in 2 suites passed after 0.01 seconds.\n";
        assert_eq!(tally(Reader::SwiftTest, good), Counts { passed: 5, ..Counts::default() });
        let bad = "✘ Test greets() recorded an issue at A.swift:3:5: Expectation failed: 1 == 2\n\
            ✘ Test greets() failed after 0.001 seconds with 3 issues.\n\
            ✘ Test run with 5 tests failed after 0.01 seconds with 3 issues.\n";
        assert_eq!(tally(Reader::SwiftTest, bad), Counts { passed: 4, failed: 1, skipped: 0 });
    }

    #[test]
    fn a_check_counts_by_how_it_ended() {
        assert_eq!(Tally::new(Reader::OneCheck).close(true).0.passed, 1);
        assert_eq!(Tally::new(Reader::OneCheck).close(false).0.failed, 1);
        assert_eq!(Tally::new(Reader::Nothing).close(false).0, Counts::default());
    }

    #[test]
    fn words_that_only_look_like_results_count_nothing() {
        let output = "test result: nonsense\nTests run: many\nExecuted quickly\nTest run with nothing\n";
        for reader in [Reader::CargoTest, Reader::Surefire, Reader::SwiftTest] {
            assert_eq!(tally(reader, output), Counts::default());
        }
    }
}
