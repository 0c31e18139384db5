//! Work on one item, and panics in it.

use std::{future::Future, panic::AssertUnwindSafe};

use cloakroom_core::{Error, ErrorKind};
use futures::{FutureExt as _, future::BoxFuture};

/// Work on one item of a batch.
pub(crate) enum Step<R> {
    /// There is nothing to do.
    Done(R),
    /// A future that makes the result.
    Run(BoxFuture<'static, Result<R, Error>>),
}

impl<R: 'static> Step<R> {
    /// Returns work that a future does. A panic in it is an error.
    // Boxed where it is made: a future is large, and would be copied on its way.
    pub(crate) fn run(future: impl Future<Output = Result<R, Error>> + Send + 'static) -> Self {
        Self::Run(Box::pin(catch_panic("the pipeline", future)))
    }
}

/// Runs `call`, and returns a panic in it as an error. `what` names the part that runs it.
///
/// The message of the panic is dropped, because it may hold payload bytes. Only the panic hook knows file
/// and line, and the hook belongs to the program.
///
/// # Errors
/// `Internal` if `call` panics, or the error of `call`.
// No `async fn`, which would keep the call twice: as its argument and as what it awaits.
pub(crate) fn catch_panic<T>(
    what: &'static str,
    call: impl Future<Output = Result<T, Error>>,
) -> impl Future<Output = Result<T, Error>> {
    // Unwind safe: calls share only atomics and locks that ignore poison.
    AssertUnwindSafe(call).catch_unwind().map(move |caught| {
        caught.unwrap_or_else(|_| {
            let text = format!(
                "{what} panicked, which is a bug in it: \
                 file and line are in what the process wrote to standard error"
            );
            Err(Error::new(ErrorKind::Internal, text))
        })
    })
}

pub(crate) fn lost() -> Error {
    Error::new(ErrorKind::Internal, "a task of the pipeline did not finish")
}
