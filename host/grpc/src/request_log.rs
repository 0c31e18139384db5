//! Log line and metrics of one call.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use cloakroom_core::clean;
use metrics::{counter, histogram};
use tokio::time::Instant;

use crate::{
    caller::Caller,
    metric::{CALLS, SECONDS},
    status::Status,
};

/// Most characters of a namespace in the log. A client may send one of any length.
const MAX_NAMESPACE: usize = 255;

/// Record of one call until its response is ready.
pub struct RequestLog {
    /// Address of the caller, unless it is this process.
    peer: Option<SocketAddr>,
    /// Name of a known method, or `other`: anything else could have any number of names.
    method: String,
    /// Name of the caller, where callers are authenticated.
    pub caller: Option<Arc<Caller>>,
    /// Namespace of the call, or what takes its place.
    pub namespace: Option<String>,
    /// Number of payloads.
    pub payloads: usize,
    began: Instant,
    /// Time that the server took.
    pub upstream: Duration,
    /// Reason to refuse a stranger, who is not told.
    pub refusal: Option<&'static str>,
    /// True if a refusal is logged at DEBUG alone, because its address had a line lately.
    pub is_quiet: bool,
}

impl RequestLog {
    /// Begins the record of a call. A caller in this process has no address.
    #[must_use]
    pub fn start(peer: Option<SocketAddr>, method: &str) -> Self {
        let (began, upstream) = (Instant::now(), Duration::ZERO);
        Self {
            peer,
            method: method.to_owned(),
            caller: None,
            namespace: None,
            payloads: 0,
            began,
            upstream,
            refusal: None,
            is_quiet: false,
        }
    }

    /// Logs and counts a call that the server answered, whatever the answer is.
    pub fn finish_answered(&self) {
        self.record("answered");
        tracing::debug!(
            target: "cloakroom::request",
            method = self.method,
            identity = self.shown_caller(),
            namespace = self.shown_namespace(),
            payloads = self.payloads,
            peer = self.peer.map(display),
            microseconds = self.microseconds(),
            "answered"
        );
    }

    /// Logs and counts a call that the proxy answered with this status.
    pub fn finish_refused(&self, status: &Status) {
        self.record(status.code.as_str());
        if self.is_quiet {
            let (method, code) = (&*self.method, status.code.as_str());
            tracing::debug!(
                target: "cloakroom::request",
                method,
                code,
                peer = self.peer.map(display),
                error = self.refusal,
                "a call failed"
            );
            return;
        }
        tracing::warn!(
            target: "cloakroom::request",
            method = self.method,
            code = status.code.as_str(),
            kind = status.kind,
            identity = self.shown_caller(),
            namespace = self.shown_namespace(),
            peer = self.peer.map(display),
            microseconds = self.microseconds(),
            error = self.refusal.unwrap_or(&status.message),
            "a call failed"
        );
    }

    fn record(&self, code: &'static str) {
        let own = self.began.elapsed().saturating_sub(self.upstream);
        histogram!(SECONDS, "method" => self.method.clone()).record(own);
        counter!(CALLS, "method" => self.method.clone(), "code" => code).increment(1);
    }

    fn shown_caller(&self) -> Option<&str> {
        self.caller.as_ref().map(|caller| &*caller.name)
    }

    fn shown_namespace(&self) -> Option<String> {
        self.namespace.as_ref().map(|name| clean(name, MAX_NAMESPACE))
    }

    fn microseconds(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_micros()).unwrap_or(u64::MAX)
    }
}
