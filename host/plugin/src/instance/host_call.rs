//! Call of a function of the host, measured for the trace.

use std::time::Instant;

use super::state::InstanceState;
use crate::trace::{Trace, TraceEvent};

/// Call of a function of the host. Its end is traced when it is dropped, whichever way the function
/// returns.
///
/// Without a trace it is nothing: payloads of other calls pay one comparison for it.
pub(crate) struct HostCall(Option<TracedCall>);

struct TracedCall {
    trace: Trace,
    name: &'static str,
    sent: usize,
    received: usize,
    began: Instant,
}

impl InstanceState {
    /// Begins a call of a function, to which the guest passes so many bytes.
    pub(crate) fn host_call(&self, name: &'static str, sent: usize) -> HostCall {
        let trace = self.config.grants.trace.as_ref();
        HostCall(trace.map(|trace| TracedCall {
            trace: trace.clone(),
            name,
            sent,
            received: 0,
            began: Instant::now(),
        }))
    }
}

impl HostCall {
    /// Records how many bytes the guest gets back.
    pub(crate) fn returns(&mut self, bytes: usize) {
        if let Some(call) = &mut self.0 {
            call.received = bytes;
        }
    }
}

impl Drop for HostCall {
    fn drop(&mut self) {
        if let Some(TracedCall { trace, name, sent, received, began }) = self.0.take() {
            trace.receive(TraceEvent::HostCall {
                name,
                sent: sent as u64,
                received: received as u64,
                time: began.elapsed(),
            });
        }
    }
}
