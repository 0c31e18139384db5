//! Log lines and counters of one request: who asked, for what, and how it ended.

use aws_lc_rs::rand;
use cloakroom_core::{Context, clean};
use http::{HeaderMap, HeaderName, HeaderValue};
use metrics::{counter, histogram};
use tokio::time::Instant;
use tracing::Span;

use super::{
    outcome::{Reason, Volume},
    peer::Peer,
    response::Answer,
};

pub(super) const REQUESTS: &str = "cloakroom_http_requests_total";
pub(super) const SECONDS: &str = "cloakroom_http_seconds";

/// The header that carries a request's id, both ways.
pub(super) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The most characters of an id that a client chose.
const LONGEST_ID: usize = 64;

/// The most characters of a namespace in the log. Temporal allows 255, and a client may send more.
const LONGEST_NAMESPACE: usize = 255;

/// One request, until it is answered.
pub(super) struct Journal {
    id: String,
    pub(super) peer: Peer,
    route: &'static str,
    namespace: Option<String>,
    began: Instant,
    /// The token's subject, once a token was accepted.
    pub(super) subject: Option<String>,
    /// Whether somebody may be about to see contents: then it is audited, whatever comes of it.
    pub(super) is_audited: bool,
    /// True if its token does not reach the namespace.
    pub(super) is_refused: bool,
    /// A probe or a scrape, or a refusal that was logged before.
    pub(super) is_quiet: bool,
    /// Failures of this client before that were not logged.
    pub(super) unlogged: Option<u64>,
    is_ended: bool,
}

impl Journal {
    pub(super) fn begin(
        peer: Peer,
        headers: &HeaderMap,
        route: &'static str,
        ctx: &Context,
    ) -> Self {
        let namespace = ctx.namespace_name().map(|name| clean(name, LONGEST_NAMESPACE));
        Self {
            id: given_id(headers).unwrap_or_else(new_id),
            peer,
            route,
            namespace,
            began: Instant::now(),
            subject: None,
            is_audited: false,
            is_refused: false,
            is_quiet: false,
            unlogged: None,
            is_ended: false,
        }
    }

    /// The span of everything that is done for the request.
    pub(super) fn span(&self) -> Span {
        tracing::info_span!(target: "cloakroom::request", "http", request = self.id)
    }

    /// Logs and counts the answer, and gives it the request's id.
    pub(super) fn end(mut self, mut answer: Answer) -> Answer {
        self.is_ended = true;
        let status = answer.status();
        let labels = [("route", self.route.to_owned()), ("status", status.as_str().to_owned())];
        counter!(REQUESTS, &labels).increment(1);
        histogram!(SECONDS, "route" => self.route).record(self.began.elapsed());
        let reason = answer.extensions_mut().remove::<Reason>();
        let volume = answer.extensions_mut().remove::<Volume>().unwrap_or_default();
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
            self.audit(outcome, Some(status.as_u16()), volume);
        }
        if let Ok(id) = HeaderValue::from_str(&self.id) {
            answer.headers_mut().insert(REQUEST_ID, id);
        }
        answer
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

    fn log_failure(&self, status: u16, reason: &Reason) {
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

    fn audit(&self, outcome: &'static str, status: Option<u16>, volume: Volume) {
        tracing::info!(
            target: "cloakroom::audit",
            request = self.id,
            route = self.route,
            outcome,
            status,
            payloads = volume.payloads,
            bytes_out = volume.bytes,
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

/// A client that hangs up ends the work on its request: what it had asked for is still told.
impl Drop for Journal {
    fn drop(&mut self) {
        if self.is_ended {
            return;
        }
        tracing::debug!(target: "cloakroom::request", request = self.id, "the client hung up");
        if self.is_audited {
            self.audit("abandoned", None, Volume::default());
        }
    }
}

fn given_id(headers: &HeaderMap) -> Option<String> {
    let given = headers.get(REQUEST_ID)?.as_bytes();
    let is_well_formed = (1..=LONGEST_ID).contains(&given.len());
    let is_visible = given.iter().all(u8::is_ascii_graphic);
    let given = std::str::from_utf8(given).ok().filter(|_| is_well_formed && is_visible);
    given.map(str::to_owned)
}

fn new_id() -> String {
    let mut id = [0; 8];
    // An id only has to differ from others: zeros, where there is no randomness, do no harm.
    let _ = rand::fill(&mut id);
    format!("{:016x}", u64::from_be_bytes(id))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(id: &'static [u8]) -> Option<String> {
        let mut headers = HeaderMap::new();
        headers.insert(REQUEST_ID, HeaderValue::from_bytes(id).unwrap());
        given_id(&headers)
    }

    #[test]
    fn only_a_well_formed_id_is_taken() {
        assert_eq!(given(b"a-1.{\"x\"}"), Some("a-1.{\"x\"}".to_owned()));
        assert_eq!(given(&[b'x'; 64]), Some("x".repeat(64)));
        for wrong in [&b""[..], b"a b", b"a\tb", b"\xc3\xa4", &[b'x'; 65]] {
            assert_eq!(given(wrong), None, "{wrong:?}");
        }
        assert_eq!(given_id(&HeaderMap::new()), None);
        let (one, other) = (new_id(), new_id());
        assert!(one.len() == 16 && one != other);
    }
}
