//! Blocking work off the executor, with a time limit, cancelled when its future is dropped.

use std::{sync::Arc, time::Duration};

use cloakroom_core::{Error, ErrorKind, Remedy};
use tokio::runtime::Handle;

use super::cancellation::Cancellation;

/// Runs `work` on a thread that may block, for `limit` at most. Dropping the future ends the compiler
/// process, if there is one. A compilation in this process cannot be interrupted: it goes on, and its result
/// is dropped.
///
/// # Errors
/// The error of `work`. `Busy` if it took longer than `limit`, `Config` outside of a Tokio runtime.
pub(crate) async fn run_blocking<T: Send + 'static>(
    limit: Duration,
    work: impl FnOnce(&Cancellation) -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    let runtime = Handle::try_current().map_err(|_| no_runtime())?;
    let cancellation = Arc::<Cancellation>::default();
    let _guard = CancelOnDrop(cancellation.clone());
    let working = runtime.spawn_blocking(move || work(&cancellation));
    match tokio::time::timeout(limit, working).await {
        Ok(Ok(result)) => result,
        // It panicked, or the runtime shuts down.
        Ok(Err(_)) => Err(Error::new(ErrorKind::Internal, "loading did not finish")),
        Err(_) => Err(timed_out(limit)),
    }
}

/// Returns the error of work that took too long. A large plugin, a slow disk and a busy machine look the same
/// from here, so it blames none of them.
fn timed_out(limit: Duration) -> Error {
    let text = format!(
        "was not loaded within {limit:?}: try again when the machine has less to do, or \
         raise the limit if this plugin needs so long to be compiled"
    );
    Error::new(ErrorKind::Busy, text).with_remedies(&[Remedy::LoadTime])
}

fn no_runtime() -> Error {
    let text = "plugins are loaded within a Tokio runtime, and this call was made outside of one: make it \
                in an async task, or inside `Runtime::block_on`";
    Error::new(ErrorKind::Config, text)
}

/// Cancels work whose future is dropped.
struct CancelOnDrop(Arc<Cancellation>);

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        self.0.cancel();
    }
}
