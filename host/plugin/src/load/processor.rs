//! Processors that plugins are compiled for.

use std::{fmt, str::FromStr};

use cloakroom_core::{Error, ErrorKind};

/// Processor that plugins are compiled for. Code runs on that processor and on those that have more, and a
/// host refuses code that needs more than its machine has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Processor {
    /// The processor of this machine, with all that it has.
    #[default]
    This,
    /// Any processor of this machine's architecture.
    Any,
    /// x86-64 with SSE4.2 and POPCNT, as of 2009.
    X86_64V2,
    /// x86-64 with AVX2, BMI2 and FMA, as of 2013 (Intel) and 2015 (AMD).
    X86_64V3,
    /// x86-64 with AVX-512.
    X86_64V4,
}

impl Processor {
    /// All of them, in the order of what they need.
    pub(crate) const ALL: [Self; 5] =
        [Self::This, Self::Any, Self::X86_64V2, Self::X86_64V3, Self::X86_64V4];

    /// Returns its name: `this`, `any`, `x86-64-v2`, `x86-64-v3` or `x86-64-v4`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::This => "this",
            Self::Any => "any",
            Self::X86_64V2 => "x86-64-v2",
            Self::X86_64V3 => "x86-64-v3",
            Self::X86_64V4 => "x86-64-v4",
        }
    }

    /// Returns the compiler's name for what it has beyond the architecture.
    #[cfg(feature = "compiler")]
    pub(super) fn preset(self) -> Option<&'static str> {
        match self {
            Self::This | Self::Any => None,
            Self::X86_64V2 | Self::X86_64V3 | Self::X86_64V4 => Some(self.as_str()),
        }
    }

    /// Checks that it has the architecture of this machine: a compiler has one.
    ///
    /// # Errors
    /// `Config` if it has another.
    pub(super) fn check(self) -> Result<(), Error> {
        let is_x86_64 = matches!(self, Self::X86_64V2 | Self::X86_64V3 | Self::X86_64V4);
        if is_x86_64 && !cfg!(target_arch = "x86_64") {
            let text = format!(
                "this is a machine of the architecture {}, and `{self}` is of another: compile on a \
                 machine of that architecture",
                std::env::consts::ARCH
            );
            return Err(Error::new(ErrorKind::Config, text));
        }
        Ok(())
    }
}

impl FromStr for Processor {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self, Error> {
        Self::ALL.into_iter().find(|processor| processor.as_str() == name).ok_or_else(|| {
            let names = Self::ALL.map(Self::as_str).join(", ");
            Error::new(ErrorKind::Config, format!("no such processor: use one of {names}"))
        })
    }
}

impl fmt::Display for Processor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
