//! The payloads of one call, side by side.

use std::{future::Future, sync::Arc};

use cloakroom_core::{Error, ErrorKind};
use tokio::{sync::Semaphore, task::JoinSet};
use tracing::Instrument as _;

use crate::panics;

/// What work waits for, in this order: of the call, and of all calls. Work that is under way takes none.
pub(crate) type Permits = [Option<Arc<Semaphore>>; 2];

/// Runs `work` on every item within `permits`, and gives the results in the items' order. The first
/// failure ends the rest.
pub(crate) async fn each<T, R, W, F>(
    permits: &Permits,
    batch: Vec<T>,
    work: W,
) -> Result<Vec<R>, Error>
where
    R: Send + 'static,
    W: Fn(usize, T) -> F,
    F: Future<Output = Result<R, Error>> + Send + 'static,
{
    let work = |slot, item| {
        let (permits, work) = (permits.clone(), work(slot, item));
        let work = async move {
            let mut held = [None, None];
            for (place, permit) in held.iter_mut().zip(&permits) {
                if let Some(permit) = permit {
                    *place = Some(permit.acquire().await.map_err(|_| lost())?);
                }
            }
            work.await
        };
        // A batch of one runs in the caller's task, and its panic must not become the caller's.
        panics::caught("the pipeline", work)
    };
    match <[T; 1]>::try_from(batch) {
        // A task of its own would be all cost.
        Ok([item]) => Ok(vec![work(0, item).await?]),
        Err(batch) => spread(batch, work).await,
    }
}

async fn spread<T, R, W, F>(batch: Vec<T>, work: W) -> Result<Vec<R>, Error>
where
    R: Send + 'static,
    W: Fn(usize, T) -> F,
    F: Future<Output = Result<R, Error>> + Send + 'static,
{
    let mut results: Vec<Option<R>> = batch.iter().map(|_| None).collect();
    let mut tasks = JoinSet::new();
    for (slot, item) in batch.into_iter().enumerate() {
        let work = work(slot, item);
        tasks.spawn(async move { work.await.map(|result| (slot, result)) }.in_current_span());
    }
    while let Some(joined) = tasks.join_next().await {
        let (slot, result) = joined.map_err(|_| lost())??;
        if let Some(place) = results.get_mut(slot) {
            *place = Some(result);
        }
    }
    results.into_iter().collect::<Option<Vec<_>>>().ok_or_else(lost)
}

/// Runs work that keeps a processor busy where it holds nobody else up.
pub(crate) async fn busy<R, W>(work: W) -> Result<R, Error>
where
    R: Send + 'static,
    W: FnOnce() -> R + Send + 'static,
{
    tokio::task::spawn_blocking(work).await.map_err(|_| lost())
}

fn lost() -> Error {
    Error::new(ErrorKind::Internal, "a task of the pipeline did not finish")
}
