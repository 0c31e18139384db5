//! Status of a call that the gateway answers itself.

use cloakroom_core::{Error, ErrorKind, Limit, clean};
use http::{HeaderName, HeaderValue, Response};

use super::{body::GatewayBody, headers::describe_grpc};

/// Header or trailer with the code of a call.
pub(super) const GRPC_STATUS: HeaderName = HeaderName::from_static("grpc-status");
const GRPC_MESSAGE: HeaderName = HeaderName::from_static("grpc-message");

/// Most characters of a message: a client may refuse a head of over 16 KiB.
const MESSAGE: usize = 2000;

/// Text that the SDKs know: a call that fails with it is not sent again, and the workflow task is
/// failed. Any other `RESOURCE_EXHAUSTED` is retried for ever.
const TOO_LARGE: &str = "grpc: received message larger than max";

/// Codes that the gateway answers with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Code {
    InvalidArgument,
    DeadlineExceeded,
    PermissionDenied,
    ResourceExhausted,
    FailedPrecondition,
    Unimplemented,
    Internal,
    Unavailable,
}

/// Status of a call that the gateway answers itself.
#[derive(Debug)]
pub(super) struct Status {
    pub(super) code: Code,
    pub(super) message: String,
    /// Kind of the pipeline's error, for the log.
    pub(super) kind: Option<&'static str>,
}

impl Code {
    fn number(self) -> u16 {
        match self {
            Self::InvalidArgument => 3,
            Self::DeadlineExceeded => 4,
            Self::PermissionDenied => 7,
            Self::ResourceExhausted => 8,
            Self::FailedPrecondition => 9,
            Self::Unimplemented => 12,
            Self::Internal => 13,
            Self::Unavailable => 14,
        }
    }

    /// Returns the name as gRPC writes it.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::InvalidArgument => "INVALID_ARGUMENT",
            Self::DeadlineExceeded => "DEADLINE_EXCEEDED",
            Self::PermissionDenied => "PERMISSION_DENIED",
            Self::ResourceExhausted => "RESOURCE_EXHAUSTED",
            Self::FailedPrecondition => "FAILED_PRECONDITION",
            Self::Unimplemented => "UNIMPLEMENTED",
            Self::Internal => "INTERNAL",
            Self::Unavailable => "UNAVAILABLE",
        }
    }
}

impl Status {
    /// Returns a status that does not come from the pipeline.
    pub(super) fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), kind: None }
    }

    /// Returns the status of a message that is too large, which SDKs do not send again.
    pub(super) fn too_large(text: &str) -> Self {
        Self::new(Code::ResourceExhausted, format!("{TOO_LARGE}: {text}"))
    }

    /// Returns the status for an error of the pipeline.
    ///
    /// The SDKs retry `UNAVAILABLE` with a pause, and give up at `FAILED_PRECONDITION` and
    /// `INVALID_ARGUMENT`. They retry `INTERNAL`, `UNKNOWN` and `DATA_LOSS` too, so that none of these
    /// may stand for an error that stays.
    pub(super) fn from_error(error: &Error) -> Self {
        let kind = error.kind();
        let report = error.report();
        let status = match kind {
            _ if kind.is_transient() => Self::new(Code::Unavailable, report),
            ErrorKind::LimitExceeded(Limit::Message | Limit::Payload | Limit::Payloads) => {
                Self::too_large(&report)
            }
            ErrorKind::Malformed | ErrorKind::LimitExceeded(Limit::Entries) => {
                Self::new(Code::InvalidArgument, report)
            }
            _ => Self::new(Code::FailedPrecondition, report),
        };
        Self { kind: Some(kind.as_str()), ..status }
    }

    /// Returns the response: a head with the status, and no body.
    pub(super) fn into_response(self) -> Response<GatewayBody> {
        let mut response = Response::new(GatewayBody::empty());
        let headers = response.headers_mut();
        describe_grpc(headers);
        headers.insert(GRPC_STATUS, HeaderValue::from(self.code.number()));
        if let Ok(message) = HeaderValue::from_str(&percent_encode(&clean(&self.message, MESSAGE)))
        {
            headers.insert(GRPC_MESSAGE, message);
        }
        response
    }
}

/// Encodes a message as gRPC has it: all but printable ASCII, and `%` itself.
fn percent_encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b' '..=b'~' if byte != b'%' => encoded.push(char::from(byte)),
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_one_header() {
        let status = Status::new(Code::Unavailable, "50 % of ü\nis lost");
        let response = status.into_response();
        assert_eq!(response.headers()[GRPC_STATUS], "14");
        let message = response.headers()[GRPC_MESSAGE].to_str().unwrap();
        assert!(message.starts_with("50 %25 of %C3%BC") && !message.contains('\n'), "{message}");
    }

    #[test]
    fn sdks_retry_what_may_go_away_and_nothing_else() {
        // What the core SDKs retry.
        let retried = [Code::Internal, Code::Unavailable, Code::DeadlineExceeded];
        for kind in ErrorKind::ALL {
            let status = Status::from_error(&Error::new(*kind, "text"));
            assert_eq!(retried.contains(&status.code), kind.is_transient(), "{kind:?}");
        }
        let large = ErrorKind::LimitExceeded(Limit::Message);
        let status = Status::from_error(&Error::new(large, "text"));
        assert_eq!(status.code, Code::ResourceExhausted);
        assert!(status.message.starts_with(TOO_LARGE));
    }
}
