//! Time inside the provider: the system's clock and an offset that tests set.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

#[derive(Debug, Default)]
pub(crate) struct Clock {
    offset: AtomicI64,
}

impl Clock {
    /// Seconds since 1970-01-01T00:00:00Z.
    pub(crate) fn now(&self) -> i64 {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        i64::try_from(since).unwrap_or(i64::MAX).saturating_add(self.offset.load(Ordering::SeqCst))
    }

    /// Moves the clock; negative moves it back.
    pub(crate) fn advance(&self, seconds: i64) {
        let moved = self.offset.load(Ordering::SeqCst).saturating_add(seconds);
        self.offset.store(moved, Ordering::SeqCst);
    }
}

/// The `Date` header's value (RFC 9110, section 5.6.7), from 1970 to 9999, which is all that the format can say.
pub(crate) fn http_date(seconds: i64) -> String {
    let seconds = u64::try_from(seconds.clamp(0, 253_402_300_799)).unwrap_or_default();
    httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_secs(seconds))
}

#[cfg(test)]
mod tests {
    use super::http_date;

    #[test]
    fn dates_are_those_of_rfc_9110() {
        assert_eq!(http_date(784_111_777), "Sun, 06 Nov 1994 08:49:37 GMT");
        assert_eq!(http_date(0), "Thu, 01 Jan 1970 00:00:00 GMT");
        assert_eq!(http_date(i64::MAX), "Fri, 31 Dec 9999 23:59:59 GMT");
        assert_eq!(http_date(-5), "Thu, 01 Jan 1970 00:00:00 GMT");
    }
}
