//! The machine's own clocks.

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

#[cfg(any(target_os = "linux", target_os = "android"))]
fn elapsed_ms() -> u64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
    u64::try_from(time.tv_sec).unwrap_or(0) * 1000 + u64::try_from(time.tv_nsec).unwrap_or(0) / 1_000_000
}

/// `CLOCK_MONOTONIC` counts sleep on Apple's systems (it is `mach_continuous_time`).
#[cfg(all(unix, not(any(target_os = "linux", target_os = "android"))))]
fn elapsed_ms() -> u64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
    u64::try_from(time.tv_sec).unwrap_or(0) * 1000 + u64::try_from(time.tv_nsec).unwrap_or(0) / 1_000_000
}

/// Since this process began; with the process's own name as boot, nothing is compared across processes.
#[cfg(not(unix))]
fn elapsed_ms() -> u64 {
    static BEGAN: std::sync::OnceLock<std::time::Instant> = std::sync::OnceLock::new();
    let began = BEGAN.get_or_init(std::time::Instant::now);
    u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX)
}

fn boot_id() -> String {
    match std::fs::read_to_string("/proc/sys/kernel/random/boot_id") {
        Ok(id) => id.trim().to_owned(),
        // Elapsed times are then never compared across processes, which costs precision and nothing else.
        Err(_) => format!("process-{}", std::process::id()),
    }
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
    }
}
