//! Sizes in Dapr's notation, which is Kubernetes' notation of resource quantities.

use cloakroom_core::{Error, ErrorKind};

/// Suffixes, each with its power of ten or of two.
const SUFFIXES: [(&str, u32, u32); 12] = [
    ("Ki", 2, 10),
    ("Mi", 2, 20),
    ("Gi", 2, 30),
    ("Ti", 2, 40),
    ("Pi", 2, 50),
    ("Ei", 2, 60),
    ("k", 10, 3),
    ("M", 10, 6),
    ("G", 10, 9),
    ("T", 10, 12),
    ("P", 10, 15),
    ("E", 10, 18),
];

/// Digits that are read. No size that fits 64 bits has more.
const DIGITS: usize = 19;

/// Reads a size as `--max-body-size` of a sidecar has it: `4Mi`, `16M`, `1.5Gi`, `1048576`. A part of a
/// byte is rounded up. Zero and negative sizes mean that there is no limit.
///
/// # Errors
/// `Config` if the text is no such size, or does not fit 64 bits.
pub fn parse_body_size(text: &str) -> Result<i64, Error> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let size = parse(digits).ok_or_else(|| {
        let text = format!(
            "`{text}` is not a size: write a number of bytes, or one with Ki, Mi, Gi, k, M or G, as in \
             Dapr's `--max-body-size`"
        );
        Error::new(ErrorKind::Config, text)
    })?;
    Ok(if negative { -size } else { size })
}

fn parse(text: &str) -> Option<i64> {
    let suffix = SUFFIXES.iter().find_map(|(suffix, base, power)| {
        let number = text.strip_suffix(suffix)?;
        Some((number, i128::from(*base).checked_pow(*power)?))
    });
    let (number, factor) = suffix.unwrap_or((text, 1));
    let (whole, part) = number.split_once('.').unwrap_or((number, ""));
    let is_number =
        |digits: &str| digits.len() <= DIGITS && digits.bytes().all(|b| b.is_ascii_digit());
    if whole.len() + part.len() == 0 || !is_number(whole) || !is_number(part) {
        return None;
    }
    let read = |digits: &str| if digits.is_empty() { Some(0) } else { digits.parse::<i128>().ok() };
    let scale = 10_i128.checked_pow(u32::try_from(part.len()).ok()?)?;
    let part = read(part)?.checked_mul(factor)?;
    let part = part / scale + i128::from(part % scale != 0);
    i64::try_from(read(whole)?.checked_mul(factor)?.checked_add(part)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_dapr_reads() {
        for (text, size) in [
            ("4Mi", 4 << 20),
            ("1Ki", 1 << 10),
            ("16M", 16_000_000),
            ("2k", 2000),
            ("1.5Gi", 3 << 29),
            ("0.5Ki", 512),
            ("1.0001Ki", 1025),
            (".5k", 500),
            ("1048576", 1 << 20),
            ("0", 0),
            ("-1", -1),
            ("-4Mi", -(4 << 20)),
            ("+1", 1),
            ("9223372036854775807", i64::MAX),
        ] {
            assert_eq!(parse_body_size(text).unwrap(), size, "{text}");
        }
    }

    #[test]
    fn refuses_the_rest() {
        for text in [
            "",
            "-",
            ".",
            "Mi",
            "4 Mi",
            "4mi",
            "4MB",
            "4KiB",
            "1e3x",
            "--1",
            "0x10",
            "8Ei",
            "1..5k",
            "1,5k",
            "9223372036854775808",
            "99999999999999999999999999",
            "٤",
        ] {
            let error = parse_body_size(text).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Config, "{text}");
        }
    }
}
