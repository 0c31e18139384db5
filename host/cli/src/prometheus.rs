//! Metrics recorder of a server, in Prometheus's format.

use std::time::Duration;

use cloakroom::{dapr, metric};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};

use crate::failure::Failure;

/// Interval in which recorded samples move into buckets. Without it they would pile up until a
/// scrape.
const UPKEEP: Duration = Duration::from_secs(5);

/// Installs the recorder.
pub(crate) fn start() -> Result<PrometheusHandle, Failure> {
    let buckets = [
        (Matcher::Full(metric::WORKFLOW_RATIO.to_owned()), &metric::RATIO_BUCKETS[..]),
        (Matcher::Full(metric::ACTIVITY_RATIO.to_owned()), &metric::RATIO_BUCKETS[..]),
        // Predictions with and without the pipeline.
        (
            Matcher::Prefix(dapr::metric::DISPATCH_RATIO.to_owned()),
            &dapr::metric::RATIO_BUCKETS[..],
        ),
        (Matcher::Suffix("_history_ratio".to_owned()), &metric::RATIO_BUCKETS[..]),
        (Matcher::Full(metric::TURNS_WAITED.to_owned()), &metric::TURNS_BUCKETS[..]),
        (Matcher::Suffix("_seconds".to_owned()), &metric::SECONDS_BUCKETS[..]),
    ];
    let mut builder = PrometheusBuilder::new();
    for (matcher, buckets) in buckets {
        builder = builder.set_buckets_for_metric(matcher, buckets).map_err(Failure::operation)?;
    }
    let handle = builder.install_recorder().map_err(Failure::operation)?;
    metric::describe();
    let upkeep = handle.clone();
    tokio::spawn(async move {
        loop {
            tokio::time::sleep(UPKEEP).await;
            upkeep.run_upkeep();
        }
    });
    Ok(handle)
}
