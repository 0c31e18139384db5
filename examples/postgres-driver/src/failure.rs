//! Reasons that the server did not answer, and the errors that the host gets.

use std::io;

use cloakroom_guest::Error;

/// Reason that there is no answer.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// The connection ended before the answer did.
    Lost,
    /// The server said something that is none of the protocol's answers.
    Nonsense,
    /// The server wants the password in a form that would tell it to whoever listens.
    WeakLogin,
    /// The server does not know the password itself, so it is not the server.
    WrongServer,
    /// The server refused, with this code of SQL's standard.
    Refused(String),
    /// The value is larger than the setting allows.
    TooLarge,
}

impl Failure {
    /// Returns whether the server had ended the connection, by itself or with a word before that: it shuts
    /// down, or somebody ended it.
    pub(crate) fn has_ended(&self) -> bool {
        matches!(self, Self::Lost) || matches!(self, Self::Refused(code) if code.starts_with("57P"))
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput => Self::Nonsense,
            _ => Self::Lost,
        }
    }
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Lost => Error::unavailable("the connection to PostgreSQL was lost"),
            Failure::Nonsense => {
                Error::unavailable("the answer is not PostgreSQL's: is another server there?")
            }
            Failure::WeakLogin => Error::denied(
                "the server does not ask for SCRAM-SHA-256: set it in `pg_hba.conf` and store the \
                 password anew",
            ),
            Failure::WrongServer => Error::denied("the server does not know the password itself"),
            Failure::TooLarge => Error::too_large("the object is larger than `max_bytes`"),
            Failure::Refused(code) => refused(&code),
        }
    }
}

/// Reads a code, and never the text beside it: PostgreSQL puts values of a row into that.
fn refused(code: &str) -> Error {
    let (class, text) = (code.get(..2).unwrap_or_default(), format!("PostgreSQL refused ({code})"));
    match (class, code) {
        ("28", _) => Error::denied(format!("{text}: check user and password")),
        (_, "3D000") => Error::misconfigured(format!("{text}: it has no such database")),
        (_, "42P01") => {
            Error::misconfigured(format!("{text}: it has no such table; run schema.sql"))
        }
        (_, "42501") => Error::denied(format!("{text}: the user may not use the table")),
        // Too many connections, shutting down, a deadlock: these pass.
        ("08" | "40" | "53" | "55" | "57" | "58", _) => Error::unavailable(text),
        _ => Error::other(text),
    }
}
