//! The payloads of one call, side by side.

use std::future::Future;

use cloakroom_core::{Error, ErrorKind};
use tokio::task::JoinSet;
use tracing::Instrument as _;

use crate::catch_panic;

/// Runs `work` on every item, at most `side_by_side` at once, and returns the results in the items'
/// order. A batch of any size takes no more tasks than that.
///
/// # Errors
/// The first failure. The rest is aborted, and what it held is dropped before this returns.
pub(crate) async fn run_each<T, R, W, F>(
    side_by_side: usize,
    batch: Vec<T>,
    work: W,
) -> Result<Vec<R>, Error>
where
    R: Send + 'static,
    W: Fn(usize, T) -> F,
    F: Future<Output = Result<R, Error>> + Send + 'static,
{
    // A batch of one runs in the caller's task, and its panic must not become the caller's.
    let work = |slot, item| catch_panic::catch_panic("the pipeline", work(slot, item));
    match <[T; 1]>::try_from(batch) {
        // A task of its own would be all cost.
        Ok([item]) => Ok(vec![work(0, item).await?]),
        Err(batch) => spread(side_by_side.max(1), batch, work).await,
    }
}

async fn spread<T, R, W, F>(side_by_side: usize, batch: Vec<T>, work: W) -> Result<Vec<R>, Error>
where
    R: Send + 'static,
    W: Fn(usize, T) -> F,
    F: Future<Output = Result<R, Error>> + Send + 'static,
{
    let mut results: Vec<Option<R>> = batch.iter().map(|_| None).collect();
    let mut rest = batch.into_iter().enumerate();
    let mut tasks = JoinSet::new();
    loop {
        for (slot, item) in rest.by_ref().take(side_by_side - tasks.len()) {
            let work = work(slot, item);
            tasks.spawn(async move { work.await.map(|result| (slot, result)) }.in_current_span());
        }
        let Some(joined) = tasks.join_next().await else {
            break;
        };
        match joined.unwrap_or_else(|_| Err(lost())) {
            Ok((slot, result)) => {
                if let Some(place) = results.get_mut(slot) {
                    *place = Some(result);
                }
            }
            Err(error) => {
                // The caller may try again at once, and then there must be room.
                tasks.shutdown().await;
                return Err(error);
            }
        }
    }
    results.into_iter().collect::<Option<Vec<_>>>().ok_or_else(lost)
}

/// Runs work that keeps a processor busy where it holds nobody else up.
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

    /// 16 MiB of empty payloads made a task each, and 21.7 GB of them.
    #[tokio::test(flavor = "multi_thread")]
    async fn a_large_batch_has_few_tasks_and_keeps_its_order() {
        let alive = Arc::new(Alive::default());
        let work = |slot, item: usize| {
            let one = One::begin(&alive);
            async move {
                tokio::task::yield_now().await;
                drop(one);
                Ok((slot, item))
            }
        };
        let results = run_each(7, (0..50_000).collect(), work).await.unwrap();
        assert!(results.into_iter().eq((0..50_000).map(|n| (n, n))));
        assert_eq!((alive.now.load(SeqCst), alive.most.load(SeqCst)), (0, 7));
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_failure_drops_what_the_others_hold_before_it_is_told() {
        let alive = Arc::new(Alive::default());
        let work = |slot, _: ()| {
            let one = One::begin(&alive);
            async move {
                if slot == 3 {
                    return Err(Error::new(ErrorKind::Busy, "enough"));
                }
                std::future::pending::<()>().await;
                drop(one);
                Ok(())
            }
        };
        let error = run_each(8, vec![(); 100], work).await.unwrap_err();
        assert_eq!((error.kind(), alive.now.load(SeqCst)), (ErrorKind::Busy, 0));
        assert_eq!(alive.most.load(SeqCst), 8);
    }
}
