//! How a command fails: a chain a person can act on, and a status a script can.

use std::{fmt, io, process::ExitCode};

use cloakroom::{Error, ErrorKind};

/// A failed command.
#[derive(Debug)]
pub(crate) struct Failure {
    status: u8,
    error: anyhow::Error,
}

const OPERATION: u8 = 1;
const USAGE: u8 = 2;

impl Failure {
    /// What was asked for cannot be, whatever the payloads.
    pub(crate) fn usage(text: impl fmt::Display) -> Self {
        Self { status: USAGE, error: anyhow::anyhow!("{text}") }
    }

    /// What was asked for did not work.
    pub(crate) fn operation(text: impl fmt::Display) -> Self {
        Self { status: OPERATION, error: anyhow::anyhow!("{text}") }
    }

    /// The same failure as one of usage or configuration, whatever its kind.
    pub(crate) fn into_usage(self) -> Self {
        Self { status: USAGE, ..self }
    }

    /// Writes the chain to standard error.
    pub(crate) fn report(&self) -> ExitCode {
        let mut lines = format!("error: {}\n", self.error);
        for cause in self.error.chain().skip(1) {
            let cause = cloakroom::inspect::clean(&cause.to_string(), 2000);
            lines.push_str(&format!("  because: {cause}\n"));
        }
        // Where standard error is gone, the status still tells.
        let _ = io::Write::write_all(&mut io::stderr(), lines.as_bytes());
        ExitCode::from(self.status)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.error, f)
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let status = match error.kind() {
            ErrorKind::Config | ErrorKind::MissingGrant | ErrorKind::PluginRejected => USAGE,
            _ => OPERATION,
        };
        Self { status, error: error.into() }
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self { status: OPERATION, error: anyhow::Error::new(error).context("cannot read or write") }
    }
}
