//! Attempt counter of one request, because the store's client does not report its retries.

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering::Relaxed},
};

/// Number of attempts of one request.
///
/// It travels in the request's extensions. The client clones those for each attempt, and clones
/// share one count.
#[derive(Clone, Debug, Default)]
pub(crate) struct AttemptCounter(Arc<AtomicU32>);

impl AttemptCounter {
    /// Counts an attempt and returns its number, from 1.
    #[cfg_attr(
        not(any(feature = "s3", feature = "gcs", feature = "azure")),
        expect(dead_code, reason = "only clients of cloud stores send requests")
    )]
    pub(crate) fn next(&self) -> u32 {
        self.0.fetch_add(1, Relaxed).saturating_add(1)
    }
}
