//! Long computations leave the executor's thread.

use std::time::Instant;

use cloakroom_core::Limit;

use crate::fault::Fault;

/// From this many bytes on another thread is worth its price. At 10 GB/s this is a tick of the clock
/// that makes guests yield, and crossing threads costs what is warm in the caches.
const LONG: usize = 8 << 20;

/// Runs `work` on `bytes` bytes here, or on a thread for blocking work if they are many.
pub(crate) async fn run<T, W>(bytes: usize, deadline: Instant, work: W) -> wasmtime::Result<T>
where
    T: Send + 'static,
    W: FnOnce() -> wasmtime::Result<T> + Send + 'static,
{
    if bytes < LONG {
        return work();
    }
    let joined = tokio::time::timeout_at(deadline.into(), tokio::task::spawn_blocking(work)).await;
    match joined {
        Ok(Ok(result)) => result,
        Ok(Err(_)) => {
            Fault::Internal("a computation of the host's did not finish".to_owned()).trap()
        }
        Err(_) => Fault::Limit(Limit::Time).trap(),
    }
}
