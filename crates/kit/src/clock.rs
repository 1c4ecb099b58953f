//! Time as an argument.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use serde::{Deserialize, Serialize};

/// Milliseconds since 1970-01-01T00:00:00Z. The store keeps times in this unit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Millis(pub i64);

impl Millis {
    pub const fn seconds(n: i64) -> Self {
        Millis(n * 1000)
    }

    pub const fn minutes(n: i64) -> Self {
        Self::seconds(n * 60)
    }

    pub const fn hours(n: i64) -> Self {
        Self::minutes(n * 60)
    }

    pub const fn days(n: i64) -> Self {
        Self::hours(n * 24)
    }

    /// Whole seconds since the epoch, as JWT's NumericDate (RFC 7519 §2) and RFC 6238 count.
    pub const fn as_seconds(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// `2026-11-20T05:45:00.000Z`, the form in which the API shows times.
    pub fn iso(self) -> String {
        match jiff::Timestamp::from_millisecond(self.0) {
            Ok(t) => format!("{t:.3}"),
            Err(_) => String::from("1970-01-01T00:00:00.000Z"),
        }
    }

    /// Reads RFC 3339 (`2026-11-20T05:45:00Z`) or a date (`2026-11-20`, midnight UTC).
    pub fn parse_iso(s: &str) -> Option<Self> {
        if let Ok(t) = s.parse::<jiff::Timestamp>() {
            return Some(Millis(t.as_millisecond()));
        }
        let date: jiff::civil::Date = s.parse().ok()?;
        let zoned = date.to_zoned(jiff::tz::TimeZone::UTC).ok()?;
        Some(Millis(zoned.timestamp().as_millisecond()))
    }

    /// Reads an HTTP date (RFC 9110 §5.6.7, `Fri, 20 Nov 2026 05:45:00 GMT`).
    pub fn parse_http(s: &str) -> Option<Self> {
        let t = jiff::fmt::rfc2822::DateTimeParser::new().relaxed_weekday(true).parse_timestamp(s).ok()?;
        Some(Millis(t.as_millisecond()))
    }
}

impl std::ops::Add for Millis {
    type Output = Millis;
    fn add(self, other: Millis) -> Millis {
        Millis(self.0.saturating_add(other.0))
    }
}

impl std::ops::Sub for Millis {
    type Output = Millis;
    fn sub(self, other: Millis) -> Millis {
        Millis(self.0.saturating_sub(other.0))
    }
}

impl fmt::Display for Millis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.iso())
    }
}

/// Where the present comes from: the system, or a test that holds time still.
#[derive(Clone, Debug, Default)]
pub struct Clock(Source);

#[derive(Clone, Debug, Default)]
enum Source {
    #[default]
    System,
    Frozen(Arc<AtomicI64>),
}

impl Clock {
    pub fn system() -> Self {
        Clock(Source::System)
    }

    /// A clock that moves only when told to; clones share the same time.
    pub fn frozen(at: Millis) -> Self {
        Clock(Source::Frozen(Arc::new(AtomicI64::new(at.0))))
    }

    pub fn now(&self) -> Millis {
        match &self.0 {
            #[expect(clippy::disallowed_methods, reason = "the one place that reads the wall clock")]
            Source::System => match std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH) {
                Ok(d) => Millis(i64::try_from(d.as_millis()).unwrap_or(i64::MAX)),
                Err(_) => Millis(0),
            },
            Source::Frozen(at) => Millis(at.load(Ordering::SeqCst)),
        }
    }

    /// Sets a frozen clock. The system clock cannot be set and stays as it is.
    pub fn set(&self, to: Millis) {
        if let Source::Frozen(at) = &self.0 {
            at.store(to.0, Ordering::SeqCst);
        }
    }

    pub fn advance(&self, by: Millis) {
        if let Source::Frozen(at) = &self.0 {
            at.fetch_add(by.0, Ordering::SeqCst);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn iso_form_has_milliseconds_and_z() {
        assert_eq!(Millis(0).iso(), "1970-01-01T00:00:00.000Z");
        assert_eq!(Millis(1_795_148_267_199).iso(), "2026-11-20T04:17:47.199Z");
        assert_eq!(Millis::parse_iso("2026-11-20T04:17:47.199Z"), Some(Millis(1_795_148_267_199)));
        assert_eq!(Millis::parse_iso("1970-01-02"), Some(Millis::days(1)));
        assert_eq!(Millis::parse_iso("tomorrow"), None);
    }

    #[test]
    fn http_dates_are_read() {
        assert_eq!(Millis::parse_http("Fri, 20 Nov 2026 04:17:47 GMT"), Some(Millis(1_795_148_267_000)));
        assert_eq!(Millis::parse_http("1795148267199"), None);
    }
}
