//! Work that may block, kept off the threads of the async executor.

use std::future::Future;

use cloakroom_core::{Error, ErrorKind};
use tokio::task::spawn_blocking;
use tracing::{Span, dispatcher};

/// Runs `work` on a thread that may block: it reads files, whose file system may not answer.
///
/// Dropping the future does not end work that has begun. Nobody hears of its result then.
///
/// # Errors
/// Those of `work`.
pub(crate) fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> impl Future<Output = Result<T, Error>> {
    let (span, log) = (Span::current(), dispatcher::get_default(Clone::clone));
    async move {
        let work = move || dispatcher::with_default(&log, || span.in_scope(work));
        let done = spawn_blocking(work).await;
        done.unwrap_or_else(|_| Err(Error::new(ErrorKind::Internal, "loading did not finish")))
    }
}
