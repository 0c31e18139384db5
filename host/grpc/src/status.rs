//! Status of a call that failed.

use cloakroom_core::{Error, ErrorKind, Limit};

/// Text that the SDKs know: a call that fails with it is not sent again, and the workflow task is
/// failed. Any other `RESOURCE_EXHAUSTED` is retried for ever.
const TOO_LARGE: &str = "grpc: received message larger than max";

/// Codes of a call that failed, with their numbers in gRPC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "gRPC defines them")]
pub enum Code {
    Cancelled = 1,
    Unknown = 2,
    InvalidArgument = 3,
    DeadlineExceeded = 4,
    NotFound = 5,
    AlreadyExists = 6,
    PermissionDenied = 7,
    ResourceExhausted = 8,
    FailedPrecondition = 9,
    Aborted = 10,
    OutOfRange = 11,
    Unimplemented = 12,
    Internal = 13,
    Unavailable = 14,
    DataLoss = 15,
    Unauthenticated = 16,
}

/// Status of a call that failed.
#[derive(Debug)]
pub struct Status {
    /// Code of the failure.
    pub code: Code,
    /// Text for the caller.
    pub message: String,
    /// Kind of the pipeline's error, for the log.
    pub kind: Option<&'static str>,
}

impl Code {
    /// Returns the number in gRPC.
    #[must_use]
    pub fn number(self) -> u16 {
        self as u16
    }

    /// Returns the code of a number. Numbers that gRPC does not define mean `UNKNOWN`, and 0 is success.
    #[must_use]
    pub fn from_number(number: u16) -> Option<Self> {
        Some(match number {
            0 => return None,
            1 => Self::Cancelled,
            3 => Self::InvalidArgument,
            4 => Self::DeadlineExceeded,
            5 => Self::NotFound,
            6 => Self::AlreadyExists,
            7 => Self::PermissionDenied,
            8 => Self::ResourceExhausted,
            9 => Self::FailedPrecondition,
            10 => Self::Aborted,
            11 => Self::OutOfRange,
            12 => Self::Unimplemented,
            13 => Self::Internal,
            14 => Self::Unavailable,
            15 => Self::DataLoss,
            16 => Self::Unauthenticated,
            _ => Self::Unknown,
        })
    }

    /// Returns the name as gRPC writes it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Cancelled => "CANCELLED",
            Self::Unknown => "UNKNOWN",
            Self::InvalidArgument => "INVALID_ARGUMENT",
            Self::DeadlineExceeded => "DEADLINE_EXCEEDED",
            Self::NotFound => "NOT_FOUND",
            Self::AlreadyExists => "ALREADY_EXISTS",
            Self::PermissionDenied => "PERMISSION_DENIED",
            Self::ResourceExhausted => "RESOURCE_EXHAUSTED",
            Self::FailedPrecondition => "FAILED_PRECONDITION",
            Self::Aborted => "ABORTED",
            Self::OutOfRange => "OUT_OF_RANGE",
            Self::Unimplemented => "UNIMPLEMENTED",
            Self::Internal => "INTERNAL",
            Self::Unavailable => "UNAVAILABLE",
            Self::DataLoss => "DATA_LOSS",
            Self::Unauthenticated => "UNAUTHENTICATED",
        }
    }
}

impl Status {
    /// Returns a status that does not come from the pipeline.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), kind: None }
    }

    /// Returns the status of a message that is too large to be read, which SDKs do not send again, and
    /// whose task they fail themselves.
    #[must_use]
    pub fn too_large(text: &str) -> Self {
        Self::new(Code::ResourceExhausted, format!("{TOO_LARGE}: {text}"))
    }

    /// Returns the status for an error of the pipeline.
    ///
    /// The SDKs retry `UNAVAILABLE` with a pause, and give up at `FAILED_PRECONDITION` and
    /// `INVALID_ARGUMENT`. They retry `INTERNAL`, `UNKNOWN` and `DATA_LOSS` too, so that none of these
    /// may stand for an error that stays.
    #[must_use]
    pub fn from_error(error: &Error) -> Self {
        let kind = error.kind();
        let report = error.report();
        let status = match kind {
            _ if kind.is_transient() => Self::new(Code::Unavailable, report),
            ErrorKind::Malformed
            | ErrorKind::LimitExceeded(
                Limit::Entries | Limit::Message | Limit::Payload | Limit::Payloads,
            ) => Self::new(Code::InvalidArgument, report),
            _ => Self::new(Code::FailedPrecondition, report),
        };
        Self { kind: Some(kind.as_str()), ..status }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sdks_retry_what_may_go_away_and_nothing_else() {
        // What the core SDKs retry.
        let retried = [Code::Internal, Code::Unavailable, Code::DeadlineExceeded];
        for kind in ErrorKind::ALL {
            let status = Status::from_error(&Error::new(*kind, "text"));
            assert_eq!(retried.contains(&status.code), kind.is_transient(), "{kind:?}");
        }
        // As a server refuses a field over its limit: Temporal's TypeScript client sends
        // `RESOURCE_EXHAUSTED` again whatever its text is.
        let large = ErrorKind::LimitExceeded(Limit::Message);
        let status = Status::from_error(&Error::new(large, "text"));
        assert_eq!(status.code, Code::InvalidArgument);
    }
}
