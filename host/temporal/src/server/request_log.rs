//! Log line, audit line and metrics of one request.

use aws_lc_rs::rand;
use cloakroom_core::{Context, clean};
use http::{HeaderMap, HeaderName, HeaderValue};
use metrics::{counter, histogram};
use tokio::time::Instant;
use tracing::Span;

use super::{
    metric::{REQUESTS, SECONDS},
    outcome::{FailureReason, TransferSize},
    peer::Peer,
    response::Response,
};

/// Header that carries the id of a request, in both directions.
pub(super) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Most characters of an id that a client chose.
const MAX_ID: usize = 64;

/// Most characters of a namespace in the log. Temporal allows 255, but a client may send more.
const MAX_NAMESPACE: usize = 255;

/// Record of one request until its response is ready.
pub(super) struct RequestLog {
    id: String,
    pub(super) peer: Peer,
    route: &'static str,
    namespace: Option<String>,
    began: Instant,
    /// Subject of the accepted token.
    pub(super) subject: Option<String>,
    /// True once the client may see payload contents. The request is then audited whatever its
    /// outcome.
    pub(super) is_audited: bool,
    /// True if the token is not valid for the namespace.
    pub(super) is_refused: bool,
    /// True for probes and scrapes, and for refusals above the log limit.
    pub(super) is_quiet: bool,
    /// Earlier failures of this client that were not logged.
    pub(super) unlogged: Option<u64>,
    is_finished: bool,
}

impl RequestLog {
    /// Starts the record of a request.
    pub(super) fn start(
        peer: Peer,
        headers: &HeaderMap,
        route: &'static str,
        ctx: &Context,
    ) -> Self {
        let namespace = ctx.namespace_name().map(|name| clean(name, MAX_NAMESPACE));
        Self {
            id: client_id(headers).unwrap_or_else(new_id),
            peer,
            route,
            namespace,
            began: Instant::now(),
            subject: None,
            is_audited: false,
            is_refused: false,
            is_quiet: false,
            unlogged: None,
            is_finished: false,
        }
    }

    /// Returns the span that all work for the request runs in.
    pub(super) fn span(&self) -> Span {
        tracing::info_span!(target: "cloakroom::request", "http", request = self.id)
    }

    /// Logs, audits and counts the response, and adds the request id to it.
    pub(super) fn finish(mut self, mut response: Response) -> Response {
        self.is_finished = true;
        let status = response.status();
        let labels = [("route", self.route.to_owned()), ("status", status.as_str().to_owned())];
        counter!(REQUESTS, &labels).increment(1);
        histogram!(SECONDS, "route" => self.route).record(self.began.elapsed());
        let reason = response.extensions_mut().remove::<FailureReason>();
        let size = response.extensions_mut().remove::<TransferSize>().unwrap_or_default();
        match &reason {
            Some(reason) => self.log_failure(status.as_u16(), reason),
            None if self.is_quiet => {}
            None => self.log_success(status.as_u16()),
        }
        if self.is_audited {
            let outcome = match reason {
                None => "answered",
                Some(_) if self.is_refused => "refused",
                Some(_) => "failed",
            };
            self.audit(outcome, Some(status.as_u16()), size);
        }
        if let Ok(id) = HeaderValue::from_str(&self.id) {
            response.headers_mut().insert(REQUEST_ID, id);
        }
        response
    }

    fn log_success(&self, status: u16) {
        tracing::info!(
            target: "cloakroom::request",
            request = self.id,
            route = self.route,
            status,
            namespace = self.namespace,
            subject = self.subject,
            peer = self.peer.to_string(),
            microseconds = self.microseconds(),
            "answered"
        );
    }

    fn log_failure(&self, status: u16, reason: &FailureReason) {
        macro_rules! log {
            ($level:ident) => {
                tracing::$level!(
                    target: "cloakroom::request",
                    request = self.id,
                    route = self.route,
                    status,
                    kind = reason.kind,
                    stage = reason.stage,
                    plugin = reason.plugin,
                    direction = reason.direction,
                    slot = reason.slot,
                    namespace = self.namespace,
                    subject = self.subject,
                    peer = self.peer.to_string(),
                    microseconds = self.microseconds(),
                    unlogged = self.unlogged,
                    error = reason.text,
                    "a request failed"
                )
            };
        }
        if self.is_quiet { log!(debug) } else { log!(warn) }
    }

    fn audit(&self, outcome: &'static str, status: Option<u16>, size: TransferSize) {
        tracing::info!(
            target: "cloakroom::audit",
            request = self.id,
            route = self.route,
            outcome,
            status,
            payloads = size.payloads,
            bytes_out = size.bytes,
            namespace = self.namespace,
            subject = self.subject,
            peer = self.peer.to_string(),
            "audit"
        );
    }

    fn microseconds(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_micros()).unwrap_or(u64::MAX)
    }
}

/// A client that hangs up cancels its request. It may have seen part of a response, so the audit
/// line is written all the same.
impl Drop for RequestLog {
    fn drop(&mut self) {
        if self.is_finished {
            return;
        }
        tracing::debug!(target: "cloakroom::request", request = self.id, "the client hung up");
        if self.is_audited {
            self.audit("abandoned", None, TransferSize::default());
        }
    }
}

fn client_id(headers: &HeaderMap) -> Option<String> {
    let id = headers.get(REQUEST_ID)?.as_bytes();
    // The id is written into the log and sent back, so it must break neither a line nor a header.
    let is_well_formed = (1..=MAX_ID).contains(&id.len());
    let is_visible = id.iter().all(u8::is_ascii_graphic);
    let id = std::str::from_utf8(id).ok().filter(|_| is_well_formed && is_visible);
    id.map(str::to_owned)
}

fn new_id() -> String {
    let mut id = [0; 8];
    // An id only tells log lines apart, so zeros are harmless if the system has no randomness.
    let _ = rand::fill(&mut id);
    format!("{:016x}", u64::from_be_bytes(id))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accepted(id: &'static [u8]) -> Option<String> {
        let mut headers = HeaderMap::new();
        headers.insert(REQUEST_ID, HeaderValue::from_bytes(id).unwrap());
        client_id(&headers)
    }

    #[test]
    fn accepts_only_a_well_formed_id() {
        assert_eq!(accepted(b"a-1.{\"x\"}"), Some("a-1.{\"x\"}".to_owned()));
        assert_eq!(accepted(&[b'x'; 64]), Some("x".repeat(64)));
        for wrong in [&b""[..], b"a b", b"a\tb", b"\xc3\xa4", &[b'x'; 65]] {
            assert_eq!(accepted(wrong), None, "{wrong:?}");
        }
        assert_eq!(client_id(&HeaderMap::new()), None);
        let (one, other) = (new_id(), new_id());
        assert!(one.len() == 16 && one != other);
    }
}
