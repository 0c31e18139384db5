//! Receiving half of a socket, as WASI's input stream.

use std::{
    future::{Future as _, poll_fn},
    io,
    pin::pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker},
};

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncReadExt as _, ReadHalf};
use wasmtime_wasi::p2::{InputStream, Pollable, StreamError, StreamResult};

use super::{dial::Connection, traced_server::TracedServer};

/// Most bytes that are read before the guest takes them.
const READ_AHEAD: usize = 64 << 10;

/// Receiving half of a socket. The socket keeps a copy, to shut it down.
#[derive(Clone)]
pub(super) struct SocketReader(Arc<Mutex<ReadState>>);

enum ReadState {
    Open(OpenReader),
    Closed,
}

struct OpenReader {
    half: ReadHalf<Box<dyn Connection>>,
    traced: TracedServer,
    /// Bytes that have arrived. TLS cannot say that a byte has arrived without decrypting it, so waiting
    /// for bytes reads them.
    arrived: BytesMut,
    end: Option<io::Result<()>>,
}

impl SocketReader {
    pub(super) fn new(half: ReadHalf<Box<dyn Connection>>, traced: TracedServer) -> Self {
        let open = OpenReader { half, traced, arrived: BytesMut::new(), end: None };
        Self(Arc::new(Mutex::new(ReadState::Open(open))))
    }

    pub(super) fn shut_down(&self) {
        *self.lock() = ReadState::Closed;
    }

    fn lock(&self) -> MutexGuard<'_, ReadState> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl OpenReader {
    /// Waits until bytes have arrived, or the connection has ended.
    fn poll_arrival(&mut self, polling: &mut Context<'_>) -> Poll<()> {
        if !self.arrived.is_empty() || self.end.is_some() {
            return Poll::Ready(());
        }
        self.arrived.reserve(READ_AHEAD);
        match pin!(self.half.read_buf(&mut self.arrived)).poll(polling) {
            Poll::Pending => return Poll::Pending,
            Poll::Ready(Ok(0)) => self.end = Some(Ok(())),
            Poll::Ready(Ok(_)) => {}
            Poll::Ready(Err(error)) => self.end = Some(Err(error)),
        }
        Poll::Ready(())
    }
}

impl InputStream for SocketReader {
    fn read(&mut self, size: usize) -> StreamResult<Bytes> {
        let mut state = self.lock();
        let ReadState::Open(open) = &mut *state else {
            return Err(StreamError::Closed);
        };
        if size == 0 {
            return Ok(Bytes::new());
        }
        let _ = open.poll_arrival(&mut Context::from_waker(Waker::noop()));
        // A look at a socket that has nothing yet is not traced: a guest may look often.
        if !open.arrived.is_empty() {
            let size = size.min(open.arrived.len());
            let mut call = open.traced.call("wasi:sockets.read", 0);
            call.returns(size);
            call.ends("ok");
            return Ok(open.arrived.split_to(size).freeze());
        }
        let Some(end) = open.end.take() else {
            return Ok(Bytes::new());
        };
        let outcome = if end.is_ok() { "closed" } else { "unavailable" };
        open.traced.call("wasi:sockets.read", 0).ends(outcome);
        *state = ReadState::Closed;
        Err(end.map_or_else(
            |error| StreamError::LastOperationFailed(error.into()),
            |()| StreamError::Closed,
        ))
    }
}

#[wasmtime_wasi::async_trait]
impl Pollable for SocketReader {
    async fn ready(&mut self) {
        poll_fn(|polling| match &mut *self.lock() {
            ReadState::Open(open) => open.poll_arrival(polling),
            ReadState::Closed => Poll::Ready(()),
        })
        .await;
    }
}
