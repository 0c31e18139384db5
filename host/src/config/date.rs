//! Days as the file writes them: `2026-11-01`.

use std::time::{Duration, SystemTime};

use serde::{Deserialize, Deserializer, de};

/// A day, as seconds from 1970 to its beginning in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Date(pub(crate) i64);

impl Date {
    /// Returns the beginning of the day.
    pub(crate) fn time(self) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(self.0.unsigned_abs())
    }
}

const EXPECTED: &str = "a day in quotes: year, month and day, such as \"2026-11-01\"";

impl<'de> Deserialize<'de> for Date {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl de::Visitor<'_> for Text {
            type Value = Date;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(EXPECTED)
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Date, E> {
                let date = parse(text).map(Date);
                date.ok_or_else(|| E::custom(format!("not a day: write {EXPECTED}")))
            }
        }
        deserializer.deserialize_str(Text)
    }
}

fn parse(text: &str) -> Option<i64> {
    let is_form = text.bytes().enumerate().all(|(at, byte)| match at {
        4 | 7 => byte == b'-',
        _ => byte.is_ascii_digit(),
    });
    if text.len() != 10 || !is_form {
        return None;
    }
    let number = |range: std::ops::Range<usize>| text.get(range)?.parse::<i64>().ok();
    let (year, month, day) = (number(0..4)?, number(5..7)?, number(8..10)?);
    let is_day = (1970..).contains(&year) && (1..=days_of(year, month)).contains(&day);
    is_day.then(|| days_since_1970(year, month, day) * 86_400)
}

/// Returns 0 for a month that does not exist.
fn days_of(year: i64, month: i64) -> i64 {
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    match month {
        2 if is_leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => 0,
    }
}

fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let leaps = |year: i64| year / 4 - year / 100 + year / 400;
    let years = (year - 1970) * 365 + leaps(year - 1) - leaps(1969);
    years + (1..month).map(|month| days_of(year, month)).sum::<i64>() + day - 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_counted_from_1970() {
        assert_eq!(parse("1970-01-01"), Some(0));
        assert_eq!(parse("2000-03-01"), Some(951_868_800));
        assert_eq!(parse("2024-02-29"), Some(1_709_164_800));
        assert_eq!(parse("2026-11-05"), Some(1_793_836_800));
        for wrong in [
            "2026-11",
            "2026-02-29",
            "2026-13-01",
            "2026-00-01",
            "2026-11-00",
            "2026-04-31",
            "1969-12-31",
            "2026/11/01",
            "2026-11-01T",
            "+026-11-01",
            "äö26-1-01",
            "",
        ] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
    }
}
