//! Wall clock and elapsed time.

/// The device's clocks.
///
/// Two, because they answer different questions: the wall clock can be set by the person and says what date it is;
/// elapsed time can't be set and says how long something took. Both are cheap and may be called from any thread.
pub trait Clock: Send + Sync {
    /// Milliseconds since 1970-01-01T00:00:00Z, as the device believes.
    fn wall_ms(&self) -> i64;

    /// Milliseconds since the device was started, **including sleep** (`elapsedRealtime` on Android,
    /// `mach_continuous_time` on Apple, `CLOCK_BOOTTIME` on Linux).
    fn elapsed_ms(&self) -> u64;

    /// Names this boot: elapsed times of two boots can't be compared.
    fn boot_id(&self) -> String;

    /// Both clocks at once.
    fn now(&self) -> Moment {
        Moment { wall_ms: self.wall_ms(), elapsed_ms: self.elapsed_ms() }
    }
}

/// One reading of both clocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// Milliseconds since 1970-01-01T00:00:00Z; only for display, evidence and values that travel.
    pub wall_ms: i64,
    /// Milliseconds since boot, including sleep; for durations within one boot.
    pub elapsed_ms: u64,
}
