//! Metrics of a server, as Prometheus reads them.

use std::time::Duration;

use cloakroom::metric;
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};

use crate::failure::Failure;

/// How often what was recorded is put into buckets: also where nobody asks, so that it does not grow.
const TIDY: Duration = Duration::from_secs(5);

/// Records from now on.
pub(crate) fn start() -> Result<PrometheusHandle, Failure> {
    let buckets = [
        (Matcher::Full(metric::WORKFLOW_RATIO.to_owned()), &metric::RATIO_BUCKETS[..]),
        (Matcher::Full(metric::ACTIVITY_RATIO.to_owned()), &metric::RATIO_BUCKETS[..]),
        (Matcher::Full(metric::TURNS_WAITED.to_owned()), &metric::TURNS_BUCKETS[..]),
        (Matcher::Suffix("_seconds".to_owned()), &metric::SECONDS_BUCKETS[..]),
    ];
    let mut builder = PrometheusBuilder::new();
    for (matcher, buckets) in buckets {
        builder = builder.set_buckets_for_metric(matcher, buckets).map_err(Failure::operation)?;
    }
    let handle = builder.install_recorder().map_err(Failure::operation)?;
    metric::describe();
    let tidied = handle.clone();
    tokio::spawn(async move {
        loop {
            tokio::time::sleep(TIDY).await;
            tidied.run_upkeep();
        }
    });
    Ok(handle)
}
