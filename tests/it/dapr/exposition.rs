//! Histograms as daprd and the gateway show them to Prometheus.

/// Upper bounds of the buckets of a ratio.
pub(super) const BOUNDS: [&str; 11] =
    ["0.1", "0.25", "0.5", "0.75", "0.9", "0.95", "0.99", "1", "1.5", "2", "+Inf"];

/// Names of the histograms: of the turns of workflows, and of their activities.
pub(super) const WORKFLOW_RATIO: &str = "dapr_runtime_workflow_payload_size_ratio";
pub(super) const ACTIVITY_RATIO: &str = "dapr_runtime_workflow_activity_payload_size_ratio";

/// A histogram of one set of labels.
#[derive(Debug)]
pub(super) struct Histogram {
    buckets: Vec<(String, u64)>,
    pub(super) count: u64,
    pub(super) sum: f64,
}

impl Histogram {
    /// Reads the one with a name and labels. The labels are in the order of the exposition.
    pub(super) fn read(metrics: &str, name: &str, labels: &str) -> Self {
        let start = format!("{name}_bucket{{{labels},le=\"");
        let bucket = |line: &str| {
            let (bound, count) = line.strip_prefix(&start)?.split_once("\"} ")?;
            Some((bound.to_owned(), count.parse().unwrap()))
        };
        let one = |what: &str| {
            let start = format!("{name}_{what}{{{labels}}} ");
            let found = metrics.lines().find_map(|line| line.strip_prefix(&start));
            found.unwrap_or_else(|| panic!("no {start}\n{metrics}"))
        };
        Self {
            buckets: metrics.lines().filter_map(bucket).collect(),
            count: one("count").parse().unwrap(),
            sum: one("sum").parse().unwrap(),
        }
    }

    /// Returns the bounds of its buckets.
    pub(super) fn bounds(&self) -> Vec<&str> {
        self.buckets.iter().map(|(bound, _)| &**bound).collect()
    }

    /// Returns how many values are at most `bound`.
    pub(super) fn up_to(&self, bound: &str) -> u64 {
        let found = self.buckets.iter().find(|(le, _)| le == bound);
        found.unwrap_or_else(|| panic!("{self:?} has no bucket {bound}")).1
    }
}
