//! Requests to stores: they run on the caller's runtime while the guest waits.

use std::{
    future::Future,
    pin::{Pin, pin},
    task::{Context, Poll},
};

use cloakroom_core::{Error, ErrorKind};
use futures::future::poll_immediate;
use tokio::{runtime::Handle, task::JoinHandle};
use tracing::{Instrument as _, instrument::WithSubscriber as _};

/// Runs a request on the runtime, unless it completes at the first poll.
///
/// A guest could poll the request itself, but a body that arrives in a hundred pieces would then have
/// its guest wait a hundred times for a compute thread. Dropping the future aborts the request.
///
/// # Errors
/// The error of the request, or `Internal` if it panicked.
pub(crate) async fn run<T: Send + 'static>(
    request: impl Future<Output = Result<T, Error>> + Send + 'static,
) -> Result<T, Error> {
    let mut request = Box::pin(request);
    // A bucket in memory answers at once, and a task on the runtime would cost more than the answer.
    if let Some(answer) = poll_immediate(&mut request).await {
        return answer;
    }
    let Ok(runtime) = Handle::try_current() else {
        return request.await;
    };
    let request = request.in_current_span().with_current_subscriber();
    let answer = AbortOnDrop(runtime.spawn(request)).await;
    answer.unwrap_or_else(|| {
        Err(Error::new(ErrorKind::Internal, "the client of a store or a key service panicked"))
    })
}

/// A task on the runtime that is aborted when its guest is dropped.
struct AbortOnDrop<T>(JoinHandle<T>);

impl<T> Future for AbortOnDrop<T> {
    type Output = Option<T>;

    fn poll(mut self: Pin<&mut Self>, polling: &mut Context<'_>) -> Poll<Option<T>> {
        pin!(&mut self.0).poll(polling).map(Result::ok)
    }
}

impl<T> Drop for AbortOnDrop<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}
