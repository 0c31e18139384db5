//! Concurrent work on the payloads of one call.

use std::future::Future;

use cloakroom_core::{Error, ErrorKind};
use tokio::task::JoinSet;
use tracing::Instrument as _;

use crate::catch_panic::catch_panic;

/// Work on one item of a batch.
pub(crate) enum Step<R, F> {
    /// There is nothing to do.
    Done(R),
    /// A future that makes the result.
    Run(F),
}

/// Starts `work` on every item, at most `limit` at once, and returns the results in the items' order.
///
/// There are never more than `limit` tasks: 16 MiB of empty payloads, each in a task, took 21.7 GB.
///
/// # Errors
/// The first failure. The other tasks are aborted, and what they held is dropped before this returns.
pub(crate) async fn run_each<T, R, W, F>(
    limit: usize,
    batch: Vec<T>,
    work: W,
) -> Result<Vec<R>, Error>
where
    R: Send + 'static,
    W: Fn(T) -> Step<R, F>,
    F: Future<Output = Result<R, Error>> + Send + 'static,
{
    match <[T; 1]>::try_from(batch) {
        // A batch of one runs in the caller's task, because a task of its own would cost more than the
        // work. Its panic must not become the caller's, though.
        Ok([item]) => match work(item) {
            Step::Done(result) => Ok(vec![result]),
            Step::Run(future) => Ok(vec![catch_panic("the pipeline", future).await?]),
        },
        Err(batch) => spawn_each(limit.max(1), batch, work).await,
    }
}

async fn spawn_each<T, R, W, F>(limit: usize, batch: Vec<T>, work: W) -> Result<Vec<R>, Error>
where
    R: Send + 'static,
    W: Fn(T) -> Step<R, F>,
    F: Future<Output = Result<R, Error>> + Send + 'static,
{
    let mut results: Vec<Option<R>> = batch.iter().map(|_| None).collect();
    let mut rest = batch.into_iter().enumerate();
    let mut tasks = JoinSet::new();
    loop {
        while tasks.len() < limit
            && let Some((index, item)) = rest.next()
        {
            match work(item) {
                Step::Done(result) => put(&mut results, index, result),
                Step::Run(future) => {
                    let future = catch_panic("the pipeline", future);
                    let task = async move { future.await.map(|result| (index, result)) };
                    tasks.spawn(task.in_current_span());
                }
            }
        }
        let Some(joined) = tasks.join_next().await else {
            break;
        };
        match joined.unwrap_or_else(|_| Err(lost())) {
            Ok((index, result)) => put(&mut results, index, result),
            Err(error) => {
                // The caller may retry at once, and then the memory must be free.
                tasks.shutdown().await;
                return Err(error);
            }
        }
    }
    results.into_iter().collect::<Option<Vec<_>>>().ok_or_else(lost)
}

fn put<R>(results: &mut [Option<R>], index: usize, result: R) {
    if let Some(place) = results.get_mut(index) {
        *place = Some(result);
    }
}

/// Runs work that keeps a processor busy on a thread for blocking work.
pub(crate) async fn run_blocking<R, W>(work: W) -> Result<R, Error>
where
    R: Send + 'static,
    W: FnOnce() -> R + Send + 'static,
{
    tokio::task::spawn_blocking(work).await.map_err(|_| lost())
}

fn lost() -> Error {
    Error::new(ErrorKind::Internal, "a task of the pipeline did not finish")
}

#[cfg(test)]
mod tests {
    use std::sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    };

    use super::*;

    #[derive(Default)]
    struct Alive {
        now: AtomicUsize,
        most: AtomicUsize,
    }

    struct One(Arc<Alive>);

    impl One {
        fn begin(alive: &Arc<Alive>) -> Self {
            alive.most.fetch_max(alive.now.fetch_add(1, SeqCst) + 1, SeqCst);
            Self(alive.clone())
        }
    }

    impl Drop for One {
        fn drop(&mut self) {
            self.0.now.fetch_sub(1, SeqCst);
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_large_batch_has_few_tasks_and_keeps_its_order() {
        let alive = Arc::new(Alive::default());
        let work = |item: usize| {
            if item.is_multiple_of(3) {
                return Step::Done(item);
            }
            let one = One::begin(&alive);
            Step::Run(async move {
                tokio::task::yield_now().await;
                drop(one);
                Ok(item)
            })
        };
        let results = run_each(7, (0..50_000).collect(), work).await.unwrap();
        assert!(results.into_iter().eq(0..50_000));
        assert_eq!((alive.now.load(SeqCst), alive.most.load(SeqCst)), (0, 7));
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_failure_drops_what_the_others_hold_before_it_is_returned() {
        let alive = Arc::new(Alive::default());
        let work = |item: usize| {
            let one = One::begin(&alive);
            Step::Run(async move {
                if item == 3 {
                    return Err(Error::new(ErrorKind::Busy, "enough"));
                }
                std::future::pending::<()>().await;
                drop(one);
                Ok(())
            })
        };
        let error = run_each(8, (0..100).collect(), work).await.unwrap_err();
        assert_eq!((error.kind(), alive.now.load(SeqCst)), (ErrorKind::Busy, 0));
        assert_eq!(alive.most.load(SeqCst), 8);
    }
}
