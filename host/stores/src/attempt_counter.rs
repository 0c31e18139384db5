//! Attempts of one request, counted: the store's client tries again and tells nobody.

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering::Relaxed},
};

/// How many times one request was sent. It travels with the request: the client clones it for each
/// attempt, and clones count together.
#[derive(Clone, Debug, Default)]
pub(crate) struct Attempts(Arc<AtomicU32>);

impl Attempts {
    /// Counts one more attempt, and returns its number, from 1.
    #[cfg_attr(
        not(any(feature = "s3", feature = "gcs", feature = "azure")),
        expect(dead_code, reason = "only clients of clouds send requests")
    )]
    pub(crate) fn next(&self) -> u32 {
        self.0.fetch_add(1, Relaxed).saturating_add(1)
    }
}
