//! Constructors of the contract's error, and its conversion from `std::io`.

use std::{
    fmt::Display,
    io::{self, ErrorKind},
};

use crate::Error;

impl Error {
    /// Returns an error of bytes that are not what their encoding says.
    ///
    /// ```
    /// use cloakroom_guest::Error;
    ///
    /// let read = |digits: &str| digits.parse::<u8>().map_err(Error::malformed);
    /// assert!(matches!(read("300"), Err(Error::Malformed(_))));
    /// ```
    #[must_use]
    pub fn malformed(reason: impl Display) -> Self {
        Self::Malformed(reason.to_string())
    }

    /// Returns an error of settings that cannot work. The text says what to write instead.
    #[must_use]
    pub fn misconfigured(reason: impl Display) -> Self {
        Self::Misconfigured(reason.to_string())
    }

    /// Returns an error of a backend or host that refused.
    #[must_use]
    pub fn denied(reason: impl Display) -> Self {
        Self::Denied(reason.to_string())
    }

    /// Returns an error of a claim or key that names nothing.
    #[must_use]
    pub fn not_found(reason: impl Display) -> Self {
        Self::NotFound(reason.to_string())
    }

    /// Returns an error of a backend that did not answer, and may answer later.
    #[must_use]
    pub fn unavailable(reason: impl Display) -> Self {
        Self::Unavailable(reason.to_string())
    }

    /// Returns an error of something larger than the plugin accepts.
    #[must_use]
    pub fn too_large(reason: impl Display) -> Self {
        Self::TooLarge(reason.to_string())
    }

    /// Returns an error of any other kind.
    #[must_use]
    pub fn other(reason: impl Display) -> Self {
        Self::Other(reason.to_string())
    }
}

/// Lets `?` pass on errors of streams and connections. Bytes that cannot be read are `Malformed`,
/// a peer that does not answer is `Unavailable`, and what has no kind of its own is `Other`.
///
/// ```
/// use std::io;
///
/// use cloakroom_guest::Error;
///
/// fn read(mut stream: impl io::Read) -> Result<u8, Error> {
///     let mut byte = [0];
///     stream.read_exact(&mut byte)?;
///     Ok(byte[0])
/// }
///
/// assert!(matches!(read(io::empty()), Err(Error::Malformed(_))));
/// ```
impl From<io::Error> for Error {
    fn from(error: io::Error) -> Self {
        let reason = error.to_string();
        match error.kind() {
            ErrorKind::InvalidData | ErrorKind::InvalidInput | ErrorKind::UnexpectedEof => {
                Self::Malformed(reason)
            }
            ErrorKind::PermissionDenied => Self::Denied(reason),
            ErrorKind::NotFound => Self::NotFound(reason),
            ErrorKind::FileTooLarge => Self::TooLarge(reason),
            ErrorKind::AddrNotAvailable
            | ErrorKind::BrokenPipe
            | ErrorKind::ConnectionAborted
            | ErrorKind::ConnectionRefused
            | ErrorKind::ConnectionReset
            | ErrorKind::HostUnreachable
            | ErrorKind::NetworkDown
            | ErrorKind::NetworkUnreachable
            | ErrorKind::NotConnected
            | ErrorKind::TimedOut => Self::Unavailable(reason),
            _ => Self::Other(reason),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(kind: ErrorKind, expect: fn(String) -> Error) {
        let text = "why".to_owned();
        assert_eq!(Error::from(io::Error::new(kind, "why")), expect(text), "{kind:?}");
    }

    #[test]
    fn kinds_of_io_keep_their_meaning() {
        check(ErrorKind::InvalidData, Error::Malformed);
        check(ErrorKind::UnexpectedEof, Error::Malformed);
        check(ErrorKind::PermissionDenied, Error::Denied);
        check(ErrorKind::NotFound, Error::NotFound);
        check(ErrorKind::FileTooLarge, Error::TooLarge);
        check(ErrorKind::ConnectionReset, Error::Unavailable);
        check(ErrorKind::TimedOut, Error::Unavailable);
        check(ErrorKind::Other, Error::Other);
    }
}
