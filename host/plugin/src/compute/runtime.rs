//! Requests to stores, made on the runtime while a guest waits for them.

use std::{
    future::Future,
    pin::{Pin, pin},
    task::{Context, Poll},
};

use cloakroom_core::{Error, ErrorKind};
use futures::future::poll_immediate;
use tokio::{runtime::Handle, task::JoinHandle};
use tracing::{Instrument as _, instrument::WithSubscriber as _};

/// Runs a request, on the runtime unless it is answered at once. A body that arrives in a hundred
/// pieces would otherwise have its guest wait a hundred times for a slot.
pub(crate) async fn run<T: Send + 'static>(
    request: impl Future<Output = Result<T, Error>> + Send + 'static,
) -> Result<T, Error> {
    let mut request = Box::pin(request);
    if let Some(answer) = poll_immediate(&mut request).await {
        return answer;
    }
    let Ok(runtime) = Handle::try_current() else {
        return request.await;
    };
    let request = request.in_current_span().with_current_subscriber();
    let answer = Running(runtime.spawn(request)).await;
    answer.unwrap_or_else(|| Err(Error::new(ErrorKind::Internal, "a store's client failed")))
}

/// A request on the runtime, which ends with its guest.
struct Running<T>(JoinHandle<T>);

impl<T> Future for Running<T> {
    type Output = Option<T>;

    fn poll(mut self: Pin<&mut Self>, polling: &mut Context<'_>) -> Poll<Option<T>> {
        pin!(&mut self.0).poll(polling).map(Result::ok)
    }
}

impl<T> Drop for Running<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}
