//! Stretches of time as the policy writes them.
//!
//! Two kinds, because `m` means two things: a **duration** (`30s`, `5m` = minutes, `2h`, `1d`) for `max_auth_age`,
//! `within` and `grace`; and a **calendar span** (`10d`, `2w`, `13m` = months, `2y`) for `retain`,
//! `cooldown` and `retain_proof`.

/// A calendar span, such as `13m`. For arithmetic a month has 30 days and a year 365: never longer than promised.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CalendarSpan {
    /// How many.
    pub count: u32,
    /// Of what.
    pub unit: CalendarUnit,
}

/// The unit of a [`CalendarSpan`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CalendarUnit {
    /// `d`
    Day,
    /// `w`
    Week,
    /// `m`
    Month,
    /// `y`
    Year,
}

impl CalendarSpan {
    /// Reads `10d`, `2w`, `13m`, `2y`.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (count, unit) = split(text)?;
        let unit = match unit {
            "d" => CalendarUnit::Day,
            "w" => CalendarUnit::Week,
            "m" => CalendarUnit::Month,
            "y" => CalendarUnit::Year,
            _ => return None,
        };
        Some(Self { count, unit })
    }

    /// Its length in milliseconds.
    pub fn as_ms(self) -> i64 {
        let days = match self.unit {
            CalendarUnit::Day => 1,
            CalendarUnit::Week => 7,
            CalendarUnit::Month => 30,
            CalendarUnit::Year => 365,
        };
        i64::from(self.count).saturating_mul(days * 86_400_000)
    }

    /// The same as an ISO 8601 duration, such as `P13M`, for receipts.
    pub fn iso8601(self) -> String {
        let unit = match self.unit {
            CalendarUnit::Day => 'D',
            CalendarUnit::Week => 'W',
            CalendarUnit::Month => 'M',
            CalendarUnit::Year => 'Y',
        };
        format!("P{}{unit}", self.count)
    }
}

/// Reads `30s`, `5m`, `2h`, `1d` as seconds.
pub(crate) fn parse_duration(text: &str) -> Option<u64> {
    let (count, unit) = split(text)?;
    let unit = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3600,
        "d" => 86_400,
        _ => return None,
    };
    Some(u64::from(count) * unit)
}

fn split(text: &str) -> Option<(u32, &str)> {
    let end = text.find(|c: char| !c.is_ascii_digit())?;
    let (count, unit) = text.split_at_checked(end)?;
    Some((count.parse().ok()?, unit))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_and_calendar_spans_read_m_differently() {
        assert_eq!(parse_duration("5m"), Some(300));
        assert_eq!(CalendarSpan::parse("13m").map(CalendarSpan::iso8601), Some("P13M".to_owned()));
        assert_eq!(CalendarSpan::parse("6m").map(CalendarSpan::as_ms), Some(180 * 86_400_000));
    }

    #[test]
    fn what_is_not_a_span_is_none() {
        for text in ["", "m", "5", "-5m", "5 m", "5min", "99999999999m", "½m", "5m5"] {
            assert_eq!(parse_duration(text), None, "{text}");
            assert_eq!(CalendarSpan::parse(text), None, "{text}");
        }
    }

    #[test]
    fn the_longest_span_does_not_overflow() {
        assert!(CalendarSpan { count: u32::MAX, unit: CalendarUnit::Year }.as_ms() > 0);
    }
}
