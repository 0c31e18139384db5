//! Call of a function of the host, measured for the trace.

use std::{fmt::Display, time::Instant};

use crate::trace::{Trace, TraceEvent};

/// Outcome of a call that ended the guest, or that the guest did not wait for.
pub(crate) const ENDED: &str = "ended early";

/// Call of a function of the host. Its end is traced when it is dropped, whichever way the function
/// returns.
///
/// Without a trace it is nothing: payloads of other calls pay one comparison for it. Boxed, since it is part
/// of the future of each import that may wait.
pub(crate) struct HostCall(Option<Box<TracedCall>>);

struct TracedCall {
    trace: Trace,
    name: &'static str,
    sent: usize,
    received: usize,
    target: String,
    outcome: String,
    began: Instant,
}

impl HostCall {
    /// Begins a call of a function, to which the guest passes so many bytes.
    pub(crate) fn begin(trace: Option<&Trace>, name: &'static str, sent: usize) -> Self {
        Self(trace.map(|trace| {
            Box::new(TracedCall {
                trace: trace.clone(),
                name,
                sent,
                received: 0,
                target: String::new(),
                outcome: String::new(),
                began: Instant::now(),
            })
        }))
    }

    /// Records the server, service or secret that the call is for.
    #[must_use]
    pub(crate) fn to(mut self, target: impl FnOnce() -> String) -> Self {
        if let Some(call) = &mut self.0 {
            call.target = target();
        }
        self
    }

    /// Records how many bytes the guest passes, where that is known late.
    #[cfg(feature = "http")]
    pub(crate) fn sends(&mut self, bytes: usize) {
        if let Some(call) = &mut self.0 {
            call.sent = bytes;
        }
    }

    /// Records how many bytes the guest gets back.
    pub(crate) fn returns(&mut self, bytes: usize) {
        if let Some(call) = &mut self.0 {
            call.received = bytes;
        }
    }

    /// Records the result. A later one counts.
    pub(crate) fn ends(&mut self, outcome: impl Display) {
        if let Some(call) = &mut self.0 {
            call.outcome = outcome.to_string();
        }
    }
}

impl Drop for HostCall {
    fn drop(&mut self) {
        if let Some(call) = self.0.take() {
            let TracedCall { trace, name, sent, received, target, outcome, began } = *call;
            let (sent, received, time) = (sent as u64, received as u64, began.elapsed());
            trace.receive(TraceEvent::HostCall { name, sent, received, time, target, outcome });
        }
    }
}
