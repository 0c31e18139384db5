//! Work on the items of a batch: in the caller's task while that is quick, and else in tasks of its own.
//!
//! A task costs a microsecond, as much as a small payload. So each item is polled where it is, in the
//! caller's task or with others in one task, and gets a task of its own only if it has to wait.

use std::time::{Duration, Instant};

use cloakroom_core::Error;
use futures::future::{BoxFuture, poll_immediate};
use tokio::task::JoinSet;
use tracing::Instrument as _;

use super::step::{Step, lost};

/// Longest time that a batch computes in its caller's task. Then it is spread over the threads of the
/// runtime.
pub(super) const CALLER: Duration = Duration::from_micros(250);

/// Longest time that one task computes for several items, as long as a quick call of a plugin. A runtime
/// polls its timers at least once in 61 tasks.
const TASK: Duration = Duration::from_micros(100);

/// Most items of one task.
const GROUP: usize = 16;

type Work<R> = BoxFuture<'static, Result<R, Error>>;

/// Item that was polled, or that its task had no time for.
enum Polled<R> {
    Done(Result<R, Error>),
    Left(Work<R>),
}

/// Items of one task, each with its place in the batch.
type Group<T> = Vec<(usize, T)>;

/// Batch in progress.
struct Batch<R> {
    results: Vec<Option<R>>,
    tasks: JoinSet<Group<Polled<R>>>,
    /// Items that were begun and are not done.
    begun: usize,
    /// Items that get their task with the next ones.
    group: Group<Work<R>>,
}

/// Starts `work` on every item, at most `limit` at once, and returns the results in the items' order.
///
/// # Errors
/// The first failure. The other items are dropped before this returns: the caller may retry at once, and
/// then the memory must be free.
pub(super) async fn spread<T, R, W>(limit: usize, items: Vec<T>, work: W) -> Result<Vec<R>, Error>
where
    R: Send + 'static,
    W: Fn(T) -> Step<R>,
{
    let began = Instant::now();
    let mut batch = Batch::new(items.len());
    let mut rest = items.into_iter().enumerate();
    loop {
        while batch.begun < limit
            && let Some((place, item)) = rest.next()
        {
            let mut future: Work<R> = match work(item) {
                Step::Done(result) => {
                    batch.put(place, result);
                    continue;
                }
                Step::Run(future) => future,
            };
            if began.elapsed() >= CALLER {
                batch.add(place, future);
                continue;
            }
            match poll_immediate(&mut future).await {
                Some(Ok(result)) => batch.put(place, result),
                Some(Err(error)) => return batch.fail(error).await,
                None => batch.spawn_one(place, future),
            }
        }
        batch.spawn_group();
        let Some(joined) = batch.tasks.join_next().await else {
            break;
        };
        // Panics are caught within the task, so a task that cannot be joined was ended by the runtime.
        let Ok(joined) = joined else {
            return batch.fail(lost()).await;
        };
        for (place, polled) in joined {
            batch.begun -= 1;
            match polled {
                Polled::Done(Ok(result)) => batch.put(place, result),
                Polled::Done(Err(error)) => return batch.fail(error).await,
                Polled::Left(future) => batch.spawn_one(place, future),
            }
        }
    }
    batch.results.into_iter().collect::<Option<Vec<_>>>().ok_or_else(lost)
}

impl<R: Send + 'static> Batch<R> {
    fn new(items: usize) -> Self {
        let results = (0..items).map(|_| None).collect();
        Self { results, tasks: JoinSet::new(), begun: 0, group: Vec::new() }
    }

    fn put(&mut self, place: usize, result: R) {
        if let Some(slot) = self.results.get_mut(place) {
            *slot = Some(result);
        }
    }

    /// Adds an item to the next group.
    fn add(&mut self, place: usize, future: Work<R>) {
        self.begun += 1;
        self.group.push((place, future));
        if self.group.len() >= GROUP {
            self.spawn_group();
        }
    }

    /// Spawns a task for the group, if it has items.
    fn spawn_group(&mut self) {
        let group = std::mem::take(&mut self.group);
        if !group.is_empty() {
            self.tasks.spawn(poll_each(group).in_current_span());
        }
    }

    /// Spawns a task for one item that waits.
    fn spawn_one(&mut self, place: usize, future: Work<R>) {
        self.begun += 1;
        let task = async move { vec![(place, Polled::Done(future.await))] };
        self.tasks.spawn(task.in_current_span());
    }

    async fn fail<T>(mut self, error: Error) -> Result<T, Error> {
        self.tasks.shutdown().await;
        Err(error)
    }
}

/// Polls each item once, until one has failed or the task has used its time.
async fn poll_each<R: Send + 'static>(group: Group<Work<R>>) -> Group<Polled<R>> {
    let began = Instant::now();
    let mut polled = Vec::with_capacity(group.len());
    for (place, mut future) in group {
        let answer = if began.elapsed() < TASK { poll_immediate(&mut future).await } else { None };
        let failed = matches!(answer, Some(Err(_)));
        polled.push((place, answer.map_or_else(|| Polled::Left(future), Polled::Done)));
        if failed {
            break;
        }
    }
    polled
}
