//! Requests under way: whoever needs the same answer waits for the same request.

use std::{
    collections::HashMap,
    future::Future,
    hash::Hash,
    sync::{Arc, Mutex, PoisonError},
};

use cloakroom_core::ErrorKind;
use futures::{
    FutureExt as _,
    future::{BoxFuture, Shared},
};
use tokio::runtime::Handle;
use tracing::instrument::WithSubscriber as _;

use crate::failure::Failure;

/// Most requests that are under way or wait.
const MOST: usize = 10_000;

/// Answer of a request, for all who wait for it.
pub(crate) type Answer<V> = Shared<BoxFuture<'static, Result<V, Failure>>>;

/// Requests under way, by what they are for.
pub(crate) struct Flights<K, V>(Arc<Mutex<HashMap<K, Answer<V>>>>);

impl<K, V> Flights<K, V>
where
    K: Clone + Eq + Hash + Send + 'static,
    V: Clone + Send + Sync + 'static,
{
    pub(crate) fn new() -> Self {
        Self(Arc::default())
    }

    /// Returns the answer to the request for `key`, which is sent unless it is under way. It goes on if
    /// its first caller goes away.
    ///
    /// # Errors
    /// `Busy` if too many requests are under way; `Config` outside of a Tokio runtime.
    pub(crate) fn join(
        &self,
        key: K,
        request: impl Future<Output = Result<V, Failure>> + Send + 'static,
    ) -> Result<Answer<V>, Failure> {
        let runtime = Handle::try_current().map_err(|_| {
            Failure::new(ErrorKind::Config, "a key service is asked outside of a Tokio runtime")
        })?;
        let mut flights = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(answer) = flights.get(&key) {
            return Ok(answer.clone());
        }
        if flights.len() >= MOST {
            let text = format!("{MOST} requests to key services are under way: try again");
            return Err(Failure::new(ErrorKind::Busy, text));
        }
        let landing = Landing { flights: self.0.clone(), key: key.clone() };
        let request = async move {
            let _landing = landing;
            request.await
        };
        let task = runtime.spawn(request.with_current_subscriber());
        let answer = task.map(|answer| answer.unwrap_or_else(|_| Err(given_up()))).boxed().shared();
        flights.insert(key, answer.clone());
        Ok(answer)
    }

    /// Returns whether a request for `key` is under way.
    pub(crate) fn has(&self, key: &K) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).contains_key(key)
    }
}

/// Returns the failure of a request whose runtime ended, or that panicked.
fn given_up() -> Failure {
    Failure::new(ErrorKind::Unavailable, "a request to a key service was given up: try again")
}

/// Forgets the request when it ends, also if its task is dropped.
struct Landing<K: Eq + Hash, V> {
    flights: Arc<Mutex<HashMap<K, Answer<V>>>>,
    key: K,
}

impl<K: Eq + Hash, V> Drop for Landing<K, V> {
    fn drop(&mut self) {
        let mut flights = self.flights.lock().unwrap_or_else(PoisonError::into_inner);
        let ended = flights.remove(&self.key);
        // Dropped without the lock: the last hold on an answer drops its task's handle.
        drop(flights);
        drop(ended);
    }
}
