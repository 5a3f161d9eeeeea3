//! Every parser of bytes from outside under a fuzzer (`tests/fuzz`), two targets at once, 20 s each from the same first
//! random number, so that a change is judged by what it changes. `PFORTE_FUZZ_SECONDS` says for how long else; such a run
//! goes where none was before.

use std::collections::VecDeque;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::{Mutex, PoisonError};
use std::thread;

use crate::run::{Run, Stop};
use crate::tools;
use crate::workspace::Workspace;

/// As many as the machine that the budget is meant for has cores.
const AT_ONCE: usize = 2;

/// How long each target runs, and from which random number on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Plan {
    seconds: u64,
    /// 0 leaves the choice to the fuzzer.
    seed: u32,
}

pub fn run(workspace: &Workspace, run: &mut Run) -> Result<(), Stop> {
    if !cfg!(unix) {
        return Err(Stop::Missing(
            "the fuzzer's counters want Linux or macOS; run this ring there".to_owned(),
        ));
    }
    let plan = plan(std::env::var("PFORTE_FUZZ_SECONDS").ok().as_deref())?;
    let programs = build(workspace, run)?;
    println!("→ {} targets, {} s each", names(workspace)?.len(), plan.seconds);
    let waiting = Mutex::new(names(workspace)?.into_iter().collect::<VecDeque<_>>());
    let ended = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while let Some(name) = next(&waiting) {
                    let verdict = fuzz(&programs.join(&name), &workspace.target("fuzz").join(&name), plan);
                    ended.lock().unwrap_or_else(PoisonError::into_inner).push((name, verdict));
                }
            });
        }
    });
    let mut ended = ended.into_inner().unwrap_or_else(PoisonError::into_inner);
    ended.sort();
    for (name, verdict) in ended {
        let title = verdict
            .as_ref()
            .map_or_else(|_| name.clone(), |runs| format!("{name:<16} {runs:>10} executions"));
        run.check(&title, verdict.map(|_| ()));
    }
    Ok(())
}

fn plan(said: Option<&str>) -> Result<Plan, Stop> {
    let Some(said) = said else { return Ok(Plan { seconds: 20, seed: 1 }) };
    match said.parse() {
        Ok(seconds) if seconds > 0 => Ok(Plan { seconds, seed: 0 }),
        // The fuzzer takes 0 for "without an end".
        _ => Err(Stop::Failed(format!("PFORTE_FUZZ_SECONDS={said}: want a whole number from 1 on"))),
    }
}

/// Builds all targets and names the folder of the programs.
fn build(workspace: &Workspace, run: &mut Run) -> Result<PathBuf, Stop> {
    let tool = tools::cargo_fuzz(workspace, run)?;
    let folder = workspace.target("fuzz/build");
    // Without a sanitizer: the rooms under it are safe Rust, and more executions find more.
    let mut build = Command::new(tool);
    build
        .args(["fuzz", "build", "--fuzz-dir", ".", "--sanitizer", "none", "--target-dir"])
        .arg(&folder)
        .current_dir(workspace.path("tests/fuzz"))
        // The counters of coverage are a flag of the compiler's that stable Rust hides.
        .env("RUSTC_BOOTSTRAP", "1")
        .env_remove("CARGO_TARGET_DIR");
    run.prepare("build the fuzz targets", &mut build)?;
    programs(&folder)
}

/// `TRIPLE/release` below the build's folder; cargo-fuzz always names the triple.
fn programs(folder: &Path) -> Result<PathBuf, Stop> {
    let built = fs::read_dir(folder)?.filter_map(Result::ok).map(|entry| entry.path().join("release"));
    let built = built.filter(|release| release.join("callback").is_file()).collect::<Vec<_>>();
    match built.as_slice() {
        [one] => Ok(one.clone()),
        several => Err(Stop::Failed(format!("{} builds of the fuzz targets, want one", several.len()))),
    }
}

/// The targets: each a file in `fuzz_targets`.
fn names(workspace: &Workspace) -> Result<Vec<String>, Stop> {
    let files = fs::read_dir(workspace.path("tests/fuzz/fuzz_targets"))?;
    let names = files.filter_map(|entry| entry.ok()?.path().file_stem()?.to_str().map(str::to_owned));
    let mut names: Vec<_> = names.collect();
    names.sort();
    Ok(names)
}

fn next(waiting: &Mutex<VecDeque<String>>) -> Option<String> {
    waiting.lock().unwrap_or_else(PoisonError::into_inner).pop_front()
}

/// Runs one target, and counts its executions. What it finds on the way stays in `folder` and is where the next run
/// begins; so does the input of a crash, which therefore fails until it is mended.
fn fuzz(program: &Path, folder: &Path, plan: Plan) -> Result<u64, String> {
    let told = |error: std::io::Error| error.to_string();
    let (inputs, crashes) = (folder.join("inputs"), folder.join("crashes"));
    for folder in [&inputs, &crashes] {
        fs::create_dir_all(folder).map_err(told)?;
    }
    let log = folder.join("log");
    let output = File::create(&log).map_err(told)?;
    let status = Command::new(program)
        .arg(&inputs)
        .arg(&crashes)
        .arg(format!("-artifact_prefix={}/", crashes.display()))
        .arg(format!("-max_total_time={}", plan.seconds))
        .arg(format!("-seed={}", plan.seed))
        .args(["-print_final_stats=1", "-timeout=10", "-rss_limit_mb=1024", "-max_len=16384"])
        .env("PFORTE_FUZZ_SEEDS", &inputs)
        .stdin(Stdio::null())
        .stdout(output.try_clone().map_err(told)?)
        .stderr(output)
        .status()
        .map_err(told)?;
    let text = String::from_utf8_lossy(&fs::read(&log).map_err(told)?).into_owned();
    judge(status, &text).map_err(|why| format!("{why}; its log and inputs: {}", folder.display()))
}

/// How many executions there were, if all of them went well.
fn judge(status: ExitStatus, log: &str) -> Result<u64, String> {
    match executions(log) {
        Some(runs) if status.success() && runs > 0 => Ok(runs),
        _ => Err(format!("{}; {status}", complaint(log))),
    }
}

/// `stat::number_of_executed_units: 120034`
fn executions(log: &str) -> Option<u64> {
    log.lines().find_map(|line| line.strip_prefix("stat::number_of_executed_units:")?.trim().parse().ok())
}

/// What a target said when it gave up: the panic's place and message, or the fuzzer's own line.
fn complaint(log: &str) -> String {
    let mut lines =
        log.lines().skip_while(|line| !line.contains("panicked at") && !line.contains("ERROR: libFuzzer"));
    match (lines.next(), lines.next()) {
        (Some(place), Some(message)) if place.contains("panicked at") => format!("{place} {message}"),
        (Some(line), _) => line.to_owned(),
        _ => "no executions".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rings::RINGS;

    #[test]
    fn the_floor_is_the_number_of_targets() {
        let targets = names(&Workspace::here()).unwrap().len();
        let ring = RINGS.iter().find(|ring| ring.name == "fuzz").unwrap();
        assert_eq!(ring.floor, targets as u64);
    }

    #[test]
    fn a_log_is_read() {
        let log = "#9 DONE\nstat::number_of_executed_units: 120034\nstat::peak_rss_mb: 41\n";
        assert_eq!(executions(log), Some(120_034));
        assert_eq!((executions("stat::peak_rss_mb: 41"), complaint(log)), (None, "no executions".to_owned()));
        let panic =
            "INFO: x\nthread '<unnamed>' panicked at a.rs:1:2:\nno way\nERROR: libFuzzer: deadly signal\n";
        assert_eq!(complaint(panic), "thread '<unnamed>' panicked at a.rs:1:2: no way");
        assert_eq!(complaint("==1== ERROR: libFuzzer: timeout\nx"), "==1== ERROR: libFuzzer: timeout");
    }

    #[test]
    fn a_run_without_an_end_is_refused() {
        assert_eq!(plan(Some("3600")).unwrap(), Plan { seconds: 3600, seed: 0 });
        assert!(plan(Some("0")).is_err() && plan(Some("long")).is_err());
    }

    #[test]
    fn every_change_is_judged_alike() {
        assert_eq!(plan(None).unwrap(), Plan { seconds: 20, seed: 1 });
    }

    #[test]
    #[cfg(unix)]
    fn a_crash_and_an_idle_run_fail() {
        use std::os::unix::process::ExitStatusExt;
        let (well, badly) = (ExitStatus::from_raw(0), ExitStatus::from_raw(77 << 8));
        let log = "stat::number_of_executed_units: 7\n";
        assert_eq!(judge(well, log), Ok(7));
        assert!(judge(badly, log).unwrap_err().contains("77"));
        assert!(judge(well, "").is_err() && judge(well, "stat::number_of_executed_units: 0").is_err());
    }
}
