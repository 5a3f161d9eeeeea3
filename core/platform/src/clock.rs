//! The machine's own clocks.

use std::sync::OnceLock;
use std::time::{SystemTime, UNIX_EPOCH};

use pforte_host::Clock;

/// The system's wall clock, and its elapsed time including sleep.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn wall_ms(&self) -> i64 {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).map(|passed| passed.as_millis());
        i64::try_from(since.unwrap_or(0)).unwrap_or(i64::MAX)
    }

    fn elapsed_ms(&self) -> u64 {
        elapsed_ms()
    }

    fn boot_id(&self) -> String {
        boot_id()
    }
}

/// Linux and Android: since boot, sleep included.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn elapsed_ms() -> u64 {
    in_ms(rustix::time::clock_gettime(rustix::time::ClockId::Boottime))
}

/// Apple's `CLOCK_MONOTONIC` goes on while the system sleeps (`clock_gettime(3)` there), unlike Linux's.
#[cfg(all(unix, not(any(target_os = "linux", target_os = "android"))))]
fn elapsed_ms() -> u64 {
    in_ms(rustix::time::clock_gettime(rustix::time::ClockId::Monotonic))
}

/// Since this process began; the boot's name is the process's own, so that nothing is compared across processes.
#[cfg(not(unix))]
fn elapsed_ms() -> u64 {
    static BEGAN: OnceLock<std::time::Instant> = OnceLock::new();
    let began = BEGAN.get_or_init(std::time::Instant::now);
    u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX)
}

#[cfg(unix)]
fn in_ms(time: rustix::time::Timespec) -> u64 {
    let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
    seconds.saturating_mul(1000).saturating_add(u64::try_from(time.tv_nsec).unwrap_or(0) / 1_000_000)
}

/// Where the system names no boot, each process stands for one: elapsed times are then never compared across processes,
/// and a lease of another process counts as one of another boot, so that its fence alone protects what is written.
fn boot_id() -> String {
    system_boot_id().unwrap_or_else(|| process_name().to_owned())
}

#[cfg(any(target_os = "linux", target_os = "android"))]
fn system_boot_id() -> Option<String> {
    let id = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    Some(id.trim().to_owned())
}

#[cfg(any(target_os = "macos", target_os = "ios"))]
fn system_boot_id() -> Option<String> {
    use sysctl::Sysctl as _;
    let id = sysctl::Ctl::new("kern.bootsessionuuid").and_then(|name| name.value_string()).ok()?;
    Some(id.trim().to_owned()).filter(|id| !id.is_empty())
}

#[cfg(not(any(target_os = "linux", target_os = "android", target_os = "macos", target_os = "ios")))]
fn system_boot_id() -> Option<String> {
    None
}

/// A process number comes again after a restart; with the time of its first use it does not.
fn process_name() -> &'static str {
    static NAME: OnceLock<String> = OnceLock::new();
    NAME.get_or_init(|| {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        format!("process-{}-{}", std::process::id(), since.as_nanos())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_clocks_go_forward_and_the_boot_has_a_name() {
        let clock = SystemClock;
        let (wall, elapsed) = (clock.wall_ms(), clock.elapsed_ms());
        std::thread::sleep(std::time::Duration::from_millis(5));
        assert!(clock.elapsed_ms() >= elapsed + 4);
        assert!(clock.wall_ms() >= wall && wall > 1_700_000_000_000);
        assert!(!clock.boot_id().is_empty());
        assert_eq!(clock.boot_id(), clock.boot_id());
    }

    /// Two processes of one boot compare their times; a name of their own would set them apart.
    #[cfg(target_os = "linux")]
    #[test]
    fn another_process_names_the_boot_the_same() {
        let read = std::process::Command::new("cat").arg("/proc/sys/kernel/random/boot_id").output().unwrap();
        assert_eq!(String::from_utf8(read.stdout).unwrap().trim(), SystemClock.boot_id());
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn elapsed_time_is_the_machines_uptime() {
        let uptime = std::fs::read_to_string("/proc/uptime").unwrap();
        let seconds: f64 = uptime.split(' ').next().unwrap().parse().unwrap();
        let elapsed = std::time::Duration::from_millis(SystemClock.elapsed_ms()).as_secs_f64();
        assert!((elapsed - seconds).abs() < 2.0, "{elapsed} {seconds}");
    }

    #[test]
    fn a_process_has_one_name() {
        assert_eq!(process_name(), process_name());
        assert!(process_name().starts_with(&format!("process-{}-", std::process::id())));
    }
}
