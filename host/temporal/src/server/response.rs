//! Responses: a status, and one line that says what to do.

use bytes::Bytes;
use cloakroom_core::{Blame, Error, ErrorKind, Limit};
use http::{HeaderValue, StatusCode, header};

use super::{outcome::FailureReason, response_body::ResponseBody, route::RouteError};

/// Response of the codec server.
pub(super) type Response = http::Response<ResponseBody>;

/// Returns a response of one line. Unless it is a success, the line is the logged reason as well.
pub(super) fn line(status: StatusCode, text: &str) -> Response {
    let body = Bytes::from(format!("{text}\n"));
    let response = new(status, "text/plain; charset=utf-8", vec![body]);
    if status.is_success() { response } else { with_reason(response, FailureReason::text(text)) }
}

/// Returns the response with the reason for the log, which may say more than the response.
pub(super) fn with_reason(mut response: Response, reason: FailureReason) -> Response {
    response.extensions_mut().insert(reason);
    response
}

/// Returns metrics in Prometheus's text format.
pub(super) fn metrics(text: String) -> Response {
    new(StatusCode::OK, "text/plain; version=0.0.4; charset=utf-8", vec![text.into()])
}

/// Returns payloads as JSON in chunks.
pub(super) fn payloads(chunks: Vec<Bytes>) -> Response {
    new(StatusCode::OK, "application/json", chunks)
}

/// Returns 503 with `Retry-After`.
pub(super) fn unavailable(text: &str) -> Response {
    with_retry_after(line(StatusCode::SERVICE_UNAVAILABLE, text))
}

/// Returns 404 or 405 for a request that has no route.
pub(super) fn no_route(error: RouteError) -> Response {
    match error {
        RouteError::UnknownPath => {
            let text = "unknown path: there are /encode, /decode, /download, /healthz, /readyz and \
                        /metrics";
            line(StatusCode::NOT_FOUND, text)
        }
        RouteError::WrongMethod(allowed) => {
            let text = format!("wrong method: this path takes {allowed} only");
            let mut response = line(StatusCode::METHOD_NOT_ALLOWED, &text);
            response.headers_mut().insert(header::ALLOW, HeaderValue::from_static(allowed));
            response
        }
    }
}

/// Returns whether a status ends the connection: only a mistaken or hostile client gets it.
///
/// Otherwise a client that reads nothing could send further such requests, whose responses pile up.
pub(super) fn closes_connection(status: StatusCode) -> bool {
    [400, 401, 403, 404, 405, 408, 413, 421].contains(&status.as_u16())
}

/// Returns the response for an error of the pipeline.
///
/// 503 means that waiting helps: the Web UI retries those.
pub(super) fn from_error(error: &Error) -> Response {
    let status = match (error.kind(), error.kind().blame()) {
        (kind, _) if kind.is_transient() => StatusCode::SERVICE_UNAVAILABLE,
        (
            ErrorKind::LimitExceeded(
                Limit::CallBytes | Limit::Message | Limit::Payload | Limit::Payloads,
            ),
            _,
        ) => StatusCode::PAYLOAD_TOO_LARGE,
        // Not 404: the Web UI takes that for a server without downloads.
        (ErrorKind::NotFound, _) => StatusCode::GONE,
        // Not 410 either: the payload is there, and opens again once the key is back in the ring.
        (ErrorKind::UnknownKey, _) => StatusCode::UNPROCESSABLE_ENTITY,
        (ErrorKind::Unresolved, _) | (_, Blame::Payload) => StatusCode::BAD_REQUEST,
        (ErrorKind::Denied, _) | (_, Blame::Backend) => StatusCode::BAD_GATEWAY,
        _ => StatusCode::INTERNAL_SERVER_ERROR,
    };
    let reason = FailureReason::error(error);
    let response = with_reason(line(status, &reason.text), reason);
    if status == StatusCode::SERVICE_UNAVAILABLE { with_retry_after(response) } else { response }
}

/// Returns the response with `Retry-After`.
pub(super) fn with_retry_after(mut response: Response) -> Response {
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
    response
}

fn new(status: StatusCode, content_type: &'static str, body: Vec<Bytes>) -> Response {
    let mut response = Response::new(ResponseBody::new(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    // Caches must not keep decoded payloads, and browsers must not render them as a page.
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}
