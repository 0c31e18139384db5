//! Equal objects of a call: each is stored or retrieved once.

use std::{
    collections::{BTreeMap, BTreeSet},
    future::Future,
};

use cloakroom_core::Error;

use crate::tasks::{self, Step};

/// Runs `work` once for each key, on the first job of that key, at most `limit` at once. Returns the
/// results by key.
///
/// # Errors
/// The first failure.
pub(crate) async fn run_once_per_key<K, J, R, W, F>(
    limit: usize,
    jobs: impl Iterator<Item = (K, J)>,
    work: W,
) -> Result<BTreeMap<K, R>, Error>
where
    K: Clone + Ord + Send + 'static,
    R: Send + 'static,
    W: Fn(J) -> F,
    F: Future<Output = Result<R, Error>> + Send + 'static,
{
    let mut seen = BTreeSet::new();
    let first: Vec<_> = jobs.filter(|(key, _)| seen.insert(key.clone())).collect();
    let run = |(key, job)| {
        let work = work(job);
        Step::Run(async move { Ok((key, work.await?)) })
    };
    Ok(tasks::run_each(limit, first, run).await?.into_iter().collect())
}
