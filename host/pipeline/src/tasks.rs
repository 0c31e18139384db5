//! Concurrent work on the payloads of one call, and panics in it.

mod spread;
mod step;

use std::{
    collections::{BTreeMap, BTreeSet},
    future::Future,
};

use cloakroom_core::Error;

pub(crate) use self::step::{Step, catch_panic, lost};

/// Starts `work` on every item, at most `limit` at once, and returns the results in the items' order.
///
/// There are never more than `limit` tasks: 16 MiB of empty payloads, each in a task, took 21.7 GB.
///
/// # Errors
/// The first failure. The other tasks are aborted, and what they held is dropped before this returns.
pub(crate) async fn run_each<T, R, W>(limit: usize, batch: Vec<T>, work: W) -> Result<Vec<R>, Error>
where
    R: Send + 'static,
    W: Fn(T) -> Step<R>,
{
    match <[T; 1]>::try_from(batch) {
        // A batch of one runs in the caller's task, because a task of its own would cost more than the
        // work. Its panic must not become the caller's, though.
        Ok([item]) => match work(item) {
            Step::Done(result) => Ok(vec![result]),
            Step::Run(future) => Ok(vec![future.await?]),
        },
        Err(batch) => spread::spread(limit.max(1), batch, work).await,
    }
}

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
        Step::run(async move { Ok((key, work.await?)) })
    };
    Ok(run_each(limit, first, run).await?.into_iter().collect())
}

/// Runs work that keeps a processor busy on a thread for blocking work.
pub(crate) async fn run_blocking<R, W>(work: W) -> Result<R, Error>
where
    R: Send + 'static,
    W: FnOnce() -> R + Send + 'static,
{
    tokio::task::spawn_blocking(work).await.map_err(|_| lost())
}

#[cfg(test)]
mod tests;
