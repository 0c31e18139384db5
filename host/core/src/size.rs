//! Numbers of bytes, as people write them.

use std::{fmt, str::FromStr};

use crate::{Error, ErrorKind};

/// A number of bytes. Reads and prints `64MiB`, `256KiB`, `1GiB` or `512`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ByteSize(u64);

const UNITS: [(&str, u64); 4] = [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10), ("B", 1)];

impl ByteSize {
    /// So many bytes.
    pub const fn bytes(count: u64) -> Self {
        Self(count)
    }

    /// So many times 1,024 bytes.
    pub const fn kib(count: u64) -> Self {
        Self(count << 10)
    }

    /// So many times 1,048,576 bytes.
    pub const fn mib(count: u64) -> Self {
        Self(count << 20)
    }

    /// The number.
    pub const fn get(self) -> u64 {
        self.0
    }

    /// The number, for comparing with lengths; as large as can be if it does not fit.
    pub fn as_usize(self) -> usize {
        usize::try_from(self.0).unwrap_or(usize::MAX)
    }
}

impl fmt::Display for ByteSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (unit, factor) = UNITS
            .into_iter()
            .find(|(_, factor)| self.0 != 0 && self.0.is_multiple_of(*factor))
            .unwrap_or(("B", 1));
        write!(f, "{}{unit}", self.0 / factor)
    }
}

/// A text is not a number of bytes.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a size: write a whole number and B, KiB, MiB or GiB, such as 64MiB")]
pub struct ByteSizeError;

/// A text that is not a size is a wrong setting: `Config`.
impl From<ByteSizeError> for Error {
    fn from(error: ByteSizeError) -> Self {
        Self::new(ErrorKind::Config, error.to_string())
    }
}

impl FromStr for ByteSize {
    type Err = ByteSizeError;

    fn from_str(text: &str) -> Result<Self, ByteSizeError> {
        let (digits, factor) = UNITS
            .into_iter()
            .find_map(|(unit, factor)| Some((text.strip_suffix(unit)?, factor)))
            .unwrap_or((text, 1));
        let count: u64 = digits.trim_end().parse().map_err(|_| ByteSizeError)?;
        count.checked_mul(factor).map(Self).ok_or(ByteSizeError)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expect: Option<u64>) {
        assert_eq!(text.parse().ok(), expect.map(ByteSize));
    }

    #[test]
    fn reads_what_people_write() {
        check("64MiB", Some(64 << 20));
        check("256 KiB", Some(256 << 10));
        check("0", Some(0));
        check("12B", Some(12));
        check("64MB", None);
        check("-1", None);
        check("", None);
        check("99999999999GiB", None);
    }

    #[test]
    fn prints_the_largest_whole_unit() {
        assert_eq!(ByteSize::mib(64).to_string(), "64MiB");
        assert_eq!(ByteSize::bytes(1025).to_string(), "1025B");
        assert_eq!(ByteSize::bytes(0).to_string(), "0B");
    }
}
