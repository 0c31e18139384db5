//! Compares a key of the file with the same limit of a shared host.

use std::{fmt, time::Duration};

use cloakroom_core::{Error, ErrorKind};

use super::units::Span;

/// A time as `Debug` writes it: `5s`.
#[derive(PartialEq)]
pub(super) struct Shown(pub(super) Duration);

pub(super) fn shown(time: &Span) -> Shown {
    Shown(time.0)
}

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

pub(super) fn same<T: PartialEq + fmt::Display>(
    key: &str,
    here: Option<T>,
    shared: T,
) -> Result<(), Error> {
    match here {
        Some(here) if here != shared => {
            Err(contradiction(key, &here.to_string(), &shared.to_string()))
        }
        _ => Ok(()),
    }
}

pub(super) fn contradiction(key: &str, here: &str, shared: &str) -> Error {
    let text = format!(
        "`{key}` is {here} here and {shared} in the host that is shared: remove `{key}` here, or build \
         the host with {here}"
    );
    Error::new(ErrorKind::Config, text)
}
