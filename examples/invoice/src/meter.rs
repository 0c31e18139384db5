//! Cloakroom's part of a replay: its own time, and the bytes that it hands to the SDK.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use futures::future::BoxFuture;
use metrics_exporter_prometheus::PrometheusHandle;
use serde::Serialize;
use temporalio_client::{
    ConnectionOptions,
    callback_based::{CallbackBasedGrpcService, GrpcRequest},
};

/// Calls whose answers have a history for a worker.
const CALLS: [&str; 2] = ["PollWorkflowTaskQueue", "GetWorkflowExecutionHistory"];

/// Cloakroom's part of some calls, added up.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub(crate) struct Part {
    pub(crate) seconds: f64,
    pub(crate) bytes: u64,
}

/// Measures the calls of one connection.
#[derive(Clone)]
pub(crate) struct Meter {
    metrics: PrometheusHandle,
    bytes: Arc<AtomicU64>,
}

impl Meter {
    pub(crate) fn new(metrics: PrometheusHandle) -> Self {
        Self { metrics, bytes: Arc::default() }
    }

    /// Counts what the service of a connection answers, if it has one of its own.
    pub(crate) fn count(&self, options: &mut ConnectionOptions) {
        let Some(service) = options.service_override.take() else { return };
        let bytes = self.bytes.clone();
        let callback = Arc::new(move |request: GrpcRequest| {
            let (counts, bytes) = (CALLS.contains(&&*request.rpc), bytes.clone());
            let answering = (service.callback)(request);
            let counted: BoxFuture<'static, _> = Box::pin(async move {
                let answer = answering.await?;
                if counts {
                    bytes.fetch_add(answer.proto.len() as u64, Ordering::Relaxed);
                }
                Ok(answer)
            });
            counted
        });
        options.service_override = Some(CallbackBasedGrpcService { callback });
    }

    /// Returns what was measured so far.
    pub(crate) fn read(&self) -> Part {
        let text = self.metrics.render();
        let sums = text.lines().filter(|line| {
            line.starts_with("cloakroom_gateway_seconds_sum")
                && CALLS.iter().any(|call| line.contains(call))
        });
        let sums = sums.filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok());
        Part { seconds: sums.sum(), bytes: self.bytes.load(Ordering::Relaxed) }
    }
}

impl Part {
    /// Returns what was added since `before`.
    pub(crate) fn since(self, before: Self) -> Self {
        Self { seconds: self.seconds - before.seconds, bytes: self.bytes - before.bytes }
    }
}
