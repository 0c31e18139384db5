//! Numbers with units, as configurations write them.

use std::time::Duration;

/// The words for a time, in errors.
pub(crate) const TIME: &str = "a whole number above 0 and ms, s, m, h or d, such as 5s";

const SIZES: [(&str, u64); 4] = [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10), ("B", 1)];

/// Reads a number of bytes: `64MiB`, or `512` without a unit.
pub(crate) fn bytes(text: &str) -> Option<u64> {
    let with_unit = |(unit, factor)| Some((text.strip_suffix(unit)?, factor));
    let (digits, factor) = SIZES.into_iter().find_map(with_unit).unwrap_or((text, 1));
    digits.trim_end().parse::<u64>().ok()?.checked_mul(factor)
}

/// Reads a time: `5s`, `500ms`, `2m`, `1h`, `20d`.
pub(crate) fn duration(text: &str) -> Option<Duration> {
    let digits = text.find(|c: char| !c.is_ascii_digit())?;
    let (count, unit) = text.split_at(digits);
    let count: u32 = count.parse().ok().filter(|count| *count != 0)?;
    let unit = match unit.trim() {
        "ms" => Duration::from_millis(1),
        "s" => Duration::from_secs(1),
        "m" => Duration::from_secs(60),
        "h" => Duration::from_secs(60 * 60),
        "d" => Duration::from_secs(24 * 60 * 60),
        _ => return None,
    };
    unit.checked_mul(count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_units() {
        for (text, expect) in [("64MiB", 64 << 20), ("1 KiB", 1024), ("7B", 7), ("512", 512)] {
            assert_eq!(bytes(text), Some(expect), "{text}");
        }
        for text in ["", "MiB", "1MB", "-1B", "1.5KiB", "99999999999GiB"] {
            assert_eq!(bytes(text), None, "{text}");
        }
    }

    #[test]
    fn times_have_units() {
        for (text, expect) in [("500ms", 500), ("5s", 5000), ("2m", 120_000), ("1h", 3_600_000)] {
            assert_eq!(duration(text), Some(Duration::from_millis(expect)), "{text}");
        }
        for text in ["", "5", "0s", "s", "1w", "-1s", "1.5s"] {
            assert_eq!(duration(text), None, "{text}");
        }
    }
}
