//! The payloads of one call, side by side.

use std::{future::Future, sync::Arc};

use cloakroom_core::{Error, ErrorKind, Payload};
use tokio::{sync::Semaphore, task::JoinSet};
use tracing::Instrument as _;

/// Runs `work` on every payload within `permits`, and gives the results in the payloads' order. The
/// first failure ends the rest.
pub(crate) async fn each<W, F>(
    permits: &Arc<Semaphore>,
    batch: Vec<Payload>,
    work: W,
) -> Result<Vec<Payload>, Error>
where
    W: Fn(usize, Payload) -> F,
    F: Future<Output = Result<Payload, Error>> + Send + 'static,
{
    let work = |slot, payload| {
        let (permits, work) = (permits.clone(), work(slot, payload));
        async move {
            let _permit = permits.acquire().await.map_err(|_| lost())?;
            work.await
        }
    };
    match <[Payload; 1]>::try_from(batch) {
        // A task of its own would be all cost.
        Ok([payload]) => Ok(vec![work(0, payload).await?]),
        Err(batch) => spread(batch, work).await,
    }
}

async fn spread<W, F>(batch: Vec<Payload>, work: W) -> Result<Vec<Payload>, Error>
where
    W: Fn(usize, Payload) -> F,
    F: Future<Output = Result<Payload, Error>> + Send + 'static,
{
    let mut results: Vec<Option<Payload>> = batch.iter().map(|_| None).collect();
    let mut tasks = JoinSet::new();
    for (slot, payload) in batch.into_iter().enumerate() {
        let work = work(slot, payload);
        tasks.spawn(async move { work.await.map(|payload| (slot, payload)) }.in_current_span());
    }
    while let Some(joined) = tasks.join_next().await {
        let (slot, payload) = joined.map_err(|_| lost())??;
        if let Some(result) = results.get_mut(slot) {
            *result = Some(payload);
        }
    }
    results.into_iter().collect::<Option<Vec<_>>>().ok_or_else(lost)
}

fn lost() -> Error {
    Error::new(ErrorKind::Internal, "a task of the pipeline did not finish")
}
