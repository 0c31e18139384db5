//! Kinds of calls that are measured.

use std::net::SocketAddr;

use bytes::Bytes;

use crate::{
    messages,
    pages::{Encoding, Pages},
    proxy::Proxy,
    tls::Authority,
};

const TEMPORAL: &str = "temporal.api.workflowservice.v1.WorkflowService";

/// Bytes of a page's payload.
const KB: usize = 1000;

/// One kind of call, and how it is made.
pub(crate) struct Story {
    pub(crate) name: &'static str,
    service: &'static str,
    method: &'static str,
    pub(crate) request: Bytes,
    /// Length of the answer's body, decoded.
    answer: usize,
    /// Length of the answer's body, as the stub has it.
    stored: usize,
    pub(crate) callers: usize,
    pub(crate) connections: usize,
    /// Calls of a turn.
    pub(crate) calls: usize,
    pub(crate) is_gzip: bool,
    /// Callers connect by mTLS.
    pub(crate) tls: Option<Authority>,
    /// Data keys that AWS KMS wraps are measured too.
    pub(crate) has_kms: bool,
    pub(crate) page: Encoding,
    /// Bytes of a payload.
    pub(crate) size: usize,
    /// Results in the history of a workflow of Dapr, whose turns are measured. None for calls.
    pub(crate) results: usize,
}

impl Story {
    /// Returns all kinds, and those alone whose name holds a text.
    pub(crate) fn all(pages: &Pages, filter: &str) -> Vec<Self> {
        let page = |encoding| [pages.answer(), pages.stored(encoding)];
        let all = [
            Self::start("1 caller, 1 kB", KB, 1, 1000),
            Self::start("16 callers, 1 kB", KB, 16, 4800),
            Self::start("16 callers, 1 kB", KB, 16, 4800).gzip(),
            Self::start("16 callers, 1 kB", KB, 16, 4800).mtls(),
            Self { has_kms: true, ..Self::start("1 caller, 1 kB, AWS KMS", KB, 1, 1000) },
            Self { has_kms: true, ..Self::start("16 callers, 1 kB, AWS KMS", KB, 16, 4800) },
            Self { connections: 256, ..Self::start("256 callers, 1 kB", KB, 256, 5120) },
            Self::start("1 caller, 100 kB", 100 * KB, 1, 300),
            Self::start("16 callers, 100 kB", 100 * KB, 16, 640),
            Self::history("page of 3,000 plaintext payloads", page, Encoding::Plain),
            Self::history("page of 3,000 payloads that we encoded", page, Encoding::Gateway),
            Self::history("page of 3,000 payloads that it encrypted", page, Encoding::Temporal),
        ];
        all.into_iter().filter(|story| story.title().contains(filter)).collect()
    }

    fn start(name: &'static str, size: usize, callers: usize, calls: usize) -> Self {
        Self {
            name,
            service: TEMPORAL,
            method: "StartWorkflowExecution",
            request: messages::framed(&messages::start(size), false),
            // A run id of 36 characters, its tag and its length.
            answer: 5 + 38,
            stored: 5 + 38,
            callers,
            // As those of a few processes.
            connections: callers.min(4),
            calls,
            is_gzip: false,
            tls: None,
            has_kms: false,
            page: Encoding::Plain,
            size,
            results: 0,
        }
    }

    /// Returns a call of a sidecar, of so many callers, calls and bytes. Its answer is empty.
    pub(crate) fn of_dapr(
        name: &'static str,
        service: &'static str,
        method: &'static str,
        request: Bytes,
        (callers, calls, size): (usize, usize, usize),
    ) -> Self {
        let temporal = Self::start(name, size, callers, calls);
        Self { service, method, request, answer: 5, stored: 5, ..temporal }
    }

    /// The same message to a method of Dapr in which the gateway looks for nothing.
    pub(crate) fn passing(self) -> Self {
        Self { service: "dapr.proto.runtime.v1.Dapr", method: "SaveState", ..self }
    }

    /// Turns of a workflow with so many results.
    pub(crate) fn turns(self, results: usize) -> Self {
        Self { results, ..self }
    }

    /// Returns the workflow engine, as the command line names it.
    pub(crate) fn engine(&self) -> &'static str {
        if self.service == TEMPORAL { "temporal" } else { "dapr" }
    }

    fn history(
        name: &'static str,
        lengths: impl Fn(Encoding) -> [usize; 2],
        page: Encoding,
    ) -> Self {
        let [answer, stored] = lengths(page);
        let request = messages::framed(&messages::history(), false);
        let method = "GetWorkflowExecutionHistory";
        Self { method, request, answer, stored, page, ..Self::start(name, 0, 1, 10) }
    }

    fn gzip(self) -> Self {
        let request = messages::framed(&messages::start(KB), true);
        Self { request, is_gzip: true, ..self }
    }

    fn mtls(self) -> Self {
        Self { tls: Some(Authority::new()), ..self }
    }

    /// Returns the length of the answer's body behind a proxy.
    pub(crate) fn answer(&self, proxy: &Proxy) -> usize {
        if proxy.decodes() { self.answer } else { self.stored }
    }

    /// Returns what is called, and how.
    pub(crate) fn title(&self) -> String {
        let transport = if self.tls.is_some() { "mTLS" } else { "plaintext" };
        let encoding = if self.is_gzip { "gzip" } else { "identity" };
        format!("{}; {transport}, {encoding}", self.name)
    }

    pub(crate) fn uri(&self, address: SocketAddr) -> http::Uri {
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        format!("{scheme}://{address}/{}/{}", self.service, self.method).parse().expect("a URI")
    }
}
