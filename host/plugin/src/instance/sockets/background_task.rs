//! Task on the runtime that belongs to a socket.

use std::{
    future::Future,
    io,
    pin::Pin,
    task::{Context, Poll},
};

use tokio::task::JoinHandle;

/// Task on the runtime that is aborted when its socket is dropped, and with it when its instance is.
pub(super) struct BackgroundTask<T>(JoinHandle<io::Result<T>>);

impl<T: Send + 'static> BackgroundTask<T> {
    pub(super) fn spawn(task: impl Future<Output = io::Result<T>> + Send + 'static) -> Self {
        // Guests are polled within their caller's runtime, on whatever thread they are.
        Self(tokio::spawn(task))
    }
}

impl<T> Future for BackgroundTask<T> {
    type Output = io::Result<T>;

    /// Polls the task. One that panicked, or whose runtime is gone, has an error.
    fn poll(mut self: Pin<&mut Self>, polling: &mut Context<'_>) -> Poll<io::Result<T>> {
        let joined = Pin::new(&mut self.0).poll(polling);
        joined.map(|joined| joined.unwrap_or_else(|error| Err(io::Error::other(error))))
    }
}

impl<T> Drop for BackgroundTask<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}
