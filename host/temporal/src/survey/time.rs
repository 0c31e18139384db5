//! Times of events, as the server writes them, in UTC.

use std::{
    fmt,
    time::{SystemTime, UNIX_EPOCH},
};

/// A time in whole seconds since 1970. Shown as RFC 3339 writes it, in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Timestamp(u64);

/// Seconds of a day.
const DAY: u64 = 86_400;

impl Timestamp {
    /// Returns the time of so many seconds since 1970.
    #[must_use]
    pub fn from_seconds(seconds: u64) -> Self {
        Self(seconds)
    }

    /// Returns the current time.
    #[must_use]
    pub fn now() -> Self {
        Self(SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs()))
    }

    /// Returns the time that lies so many seconds before.
    pub(super) fn before(self, seconds: u64) -> Self {
        Self(self.0.saturating_sub(seconds))
    }

    /// Reads `google.protobuf.Timestamp`. Nothing if it is empty, or before 1970.
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        crate::exchange::seconds(bytes).filter(|seconds| (1..1 << 40).contains(seconds)).map(Self)
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = date(self.0 / DAY);
        let [hours, minutes, seconds] = [self.0 % DAY / 3600, self.0 % 3600 / 60, self.0 % 60];
        write!(f, "{year:04}-{month:02}-{day:02}T{hours:02}:{minutes:02}:{seconds:02}Z")
    }
}

/// Returns year, month and day of a day since 1970.
fn date(days: u64) -> (u64, u64, u64) {
    // Counted from the first of March of a year that 400 divides, so that the day of a leap year is the
    // last one of its year.
    let days = days + 719_468;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let (month, carry) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
    (year_of_era + era * 400 + carry, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_shown_in_utc() {
        for (seconds, expect) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_399, "2000-02-28T23:59:59Z"),
            (951_868_799, "2000-02-29T23:59:59Z"),
            (951_868_800, "2000-03-01T00:00:00Z"),
            (1_709_164_800, "2024-02-29T00:00:00Z"),
            (1_793_836_801, "2026-11-05T00:00:01Z"),
            (4_102_444_800, "2100-01-01T00:00:00Z"),
            (4_107_542_400, "2100-03-01T00:00:00Z"),
        ] {
            assert_eq!(Timestamp(seconds).to_string(), expect);
        }
    }

    #[test]
    fn a_timestamp_of_the_server_is_read() {
        // 1,793,836,801 seconds and some nanoseconds.
        let bytes = [0x08, 0x81, 0x8e, 0xaf, 0xd7, 0x06, 0x10, 0x05];
        assert_eq!(Timestamp::read(&bytes).unwrap().to_string(), "2026-11-05T00:00:01Z");
        assert_eq!(Timestamp::read(b""), None);
    }
}
