//! Answers: a status, and one line that says what to do.

use bytes::Bytes;
use cloakroom_core::{Blame, Error, ErrorKind, Limit};
use http::{HeaderValue, Response, StatusCode, header};

use super::{outcome::Reason, response_body::Content};

/// What is sent back.
pub(super) type Answer = Response<Content>;

/// One line. Where it is a refusal, it is the reason that is logged.
pub(super) fn line(status: StatusCode, text: &str) -> Answer {
    let body = Bytes::from(format!("{text}\n"));
    let answer = whole(status, "text/plain; charset=utf-8", vec![body]);
    if status.is_success() { answer } else { because(answer, Reason::text(text)) }
}

/// The same answer with the reason that is logged.
pub(super) fn because(mut answer: Answer, reason: Reason) -> Answer {
    answer.extensions_mut().insert(reason);
    answer
}

/// What a recorder of metrics tells.
pub(super) fn metrics(text: String) -> Answer {
    whole(StatusCode::OK, "text/plain; version=0.0.4; charset=utf-8", vec![text.into()])
}

/// Payloads, written in pieces.
pub(super) fn payloads(text: Vec<Bytes>) -> Answer {
    whole(StatusCode::OK, "application/json", text)
}

/// Says that there are too many clients. Waiting helps.
pub(super) fn full(text: &str) -> Answer {
    retry_later(line(StatusCode::SERVICE_UNAVAILABLE, text))
}

/// Returns whether an answer refuses what only a client that errs or attacks sends. The connection ends
/// with it, so that a client cannot send more of the same while it reads nothing.
pub(super) fn is_refusal(status: StatusCode) -> bool {
    [400, 401, 403, 404, 405, 408, 413, 421].contains(&status.as_u16())
}

/// An error of the pipeline. Waiting helps where 503 says so: the Web UI tries those again.
pub(super) fn failure(error: &Error) -> Answer {
    let status = match (error.kind(), error.kind().blame()) {
        (kind, _) if kind.is_transient() => StatusCode::SERVICE_UNAVAILABLE,
        (
            ErrorKind::LimitExceeded(
                Limit::CallBytes | Limit::Message | Limit::Payload | Limit::Payloads,
            ),
            _,
        ) => StatusCode::PAYLOAD_TOO_LARGE,
        // Not 404, which to the Web UI means that nothing can be downloaded here.
        (ErrorKind::NotFound, _) => StatusCode::GONE,
        (ErrorKind::UnknownKey, _) => StatusCode::UNPROCESSABLE_ENTITY,
        (ErrorKind::Unresolved, _) | (_, Blame::Payload) => StatusCode::BAD_REQUEST,
        (ErrorKind::Denied, _) | (_, Blame::Backend) => StatusCode::BAD_GATEWAY,
        _ => StatusCode::INTERNAL_SERVER_ERROR,
    };
    let reason = Reason::error(error);
    let answer = because(line(status, &reason.text), reason);
    if status == StatusCode::SERVICE_UNAVAILABLE { retry_later(answer) } else { answer }
}

/// The same answer, which says that waiting helps.
pub(super) fn retry_later(mut answer: Answer) -> Answer {
    answer.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
    answer
}

fn whole(status: StatusCode, kind: &'static str, body: Vec<Bytes>) -> Answer {
    let mut answer = Response::new(Content::of(body));
    *answer.status_mut() = status;
    let headers = answer.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    // Decoded payloads are nobody's to keep, nor to be taken for a page.
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    answer
}
