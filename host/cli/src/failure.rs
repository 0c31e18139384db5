//! Failure of a command: an error chain for people, and an exit status for scripts.

use std::{fmt, io, process::ExitCode};

use cloakroom::{Error, ErrorKind};

/// Failure of a command.
#[derive(Debug)]
pub(crate) struct Failure {
    status: u8,
    error: anyhow::Error,
}

/// Exit status if an operation failed.
const OPERATION: u8 = 1;

/// Exit status if usage or configuration is wrong.
const USAGE: u8 = 2;

impl Failure {
    /// Creates a failure of usage or configuration.
    pub(crate) fn usage(text: impl fmt::Display) -> Self {
        Self { status: USAGE, error: anyhow::anyhow!("{text}") }
    }

    /// Creates a failure of an operation.
    pub(crate) fn operation(text: impl fmt::Display) -> Self {
        Self { status: OPERATION, error: anyhow::anyhow!("{text}") }
    }

    /// Creates an outcome with an exit status of its own, which the help of the command explains.
    pub(crate) fn with_status(status: u8, text: impl fmt::Display) -> Self {
        Self { status, error: anyhow::anyhow!("{text}") }
    }

    /// Creates a failure of reading or writing; `text` says of what.
    pub(crate) fn io(error: io::Error, text: String) -> Self {
        Self { status: OPERATION, error: anyhow::Error::new(error).context(text) }
    }

    /// Returns the failure with the exit status for usage and configuration.
    pub(crate) fn into_usage(self) -> Self {
        Self { status: USAGE, ..self }
    }

    /// Writes the error chain to standard error, and returns the exit status.
    pub(crate) fn report(&self) -> ExitCode {
        let mut lines = format!("error: {}\n", self.error);
        for cause in self.error.chain().skip(1) {
            // A cause may quote a store or a plugin: one bounded line, without control characters.
            let cause = cloakroom::inspect::clean(&cause.to_string(), 2000);
            lines.push_str(&format!("  because: {cause}\n"));
        }
        // If standard error is closed, the exit status remains.
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
        Self::io(error, "cannot read or write".to_owned())
    }
}
