//! Rules, as data.

use std::fmt;

/// Rule that an implementation must keep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Name in reports and on the command line, such as `round-trip`.
    pub id: &'static str,
    /// The rule, as a sentence about the implementation.
    pub title: &'static str,
    /// Harm that breaking it does.
    pub reason: &'static str,
    /// Kind of implementation that it is for.
    pub subject: Subject,
}

/// Kind of implementation that rules are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Subject {
    /// A bucket of an object store.
    Bucket,
    /// A codec.
    Codec,
    /// A storage driver.
    Driver,
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Bucket => "bucket",
            Self::Codec => "codec",
            Self::Driver => "driver",
        })
    }
}
