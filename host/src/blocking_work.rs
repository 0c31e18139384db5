//! Work that may block, kept off the threads of the async executor.

use std::future::Future;

use cloakroom_core::{Error, ErrorKind};
use tokio::{runtime::Handle, task::spawn_blocking};
use tracing::{Span, dispatcher};

/// Runs `work` on a thread that may block: it reads files, whose file system may not answer.
///
/// Dropping the future does not end work that has begun; its result is dropped then. The span and the
/// subscriber of the caller hold in `work` too.
///
/// # Errors
/// Those of `work`; `Config` outside of a Tokio runtime.
pub(crate) fn run_blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> impl Future<Output = Result<T, Error>> {
    let (span, log) = (Span::current(), dispatcher::get_default(Clone::clone));
    async move {
        require_runtime()?;
        let work = move || dispatcher::with_default(&log, || span.in_scope(work));
        let done = spawn_blocking(work).await;
        done.unwrap_or_else(|_| Err(Error::new(ErrorKind::Internal, "a step of loading panicked")))
    }
}

/// Refuses to go on outside of a Tokio runtime, where its timers and threads would panic.
///
/// # Errors
/// `Config` if there is none.
pub(crate) fn require_runtime() -> Result<Handle, Error> {
    Handle::try_current().map_err(|_| {
        let text = "there is no Tokio runtime: call this within one, such as in a function with \
                    `#[tokio::main]` or in `Runtime::block_on`";
        Error::new(ErrorKind::Config, text)
    })
}
