//! Sending half of a socket, as WASI's output stream.

use std::{
    future::{Future as _, poll_fn},
    io, mem,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker},
};

use bytes::{Buf as _, Bytes};
use tokio::io::{AsyncWrite as _, AsyncWriteExt as _, WriteHalf};
use wasmtime_wasi::p2::{OutputStream, Pollable, StreamError, StreamResult};

use super::{background_task::BackgroundTask, dial::Connection, traced_server::TracedServer};

/// Most bytes that are unsent at once.
const UNSENT: usize = 64 << 10;

type Half = WriteHalf<Box<dyn Connection>>;

/// Sending half of a socket. The socket keeps a copy, to shut it down.
#[derive(Clone)]
pub(super) struct SocketWriter {
    state: Arc<Mutex<WriteState>>,
    traced: TracedServer,
}

enum WriteState {
    /// Everything is sent. The number is how many bytes the guest was allowed to write next.
    Idle(Half, usize),
    /// A task sends the rest. It is none of the guest's: one that waits for an answer now would not send.
    Sending(BackgroundTask<Half>),
    /// The same, and then no more.
    Closing(BackgroundTask<()>),
    Closed(Option<io::Error>),
}

impl SocketWriter {
    pub(super) fn new(half: Half, traced: TracedServer) -> Self {
        Self { state: Arc::new(Mutex::new(WriteState::Idle(half, 0))), traced }
    }

    /// Ends the stream once everything is sent.
    pub(super) fn shut_down(&self) {
        let mut state = self.lock();
        *state = match state.take() {
            WriteState::Idle(mut half, _) => {
                WriteState::Closing(BackgroundTask::spawn(async move { half.shutdown().await }))
            }
            WriteState::Sending(sending) => {
                WriteState::Closing(BackgroundTask::spawn(async move {
                    sending.await?.shutdown().await
                }))
            }
            closed => closed,
        };
    }

    fn lock(&self) -> MutexGuard<'_, WriteState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl WriteState {
    fn take(&mut self) -> Self {
        mem::replace(self, Self::Closed(None))
    }

    /// Waits until everything is sent, or nothing can be sent any more.
    fn poll_sent(&mut self, polling: &mut Context<'_>) -> Poll<()> {
        match self {
            Self::Idle(..) | Self::Closed(_) => return Poll::Ready(()),
            Self::Sending(sending) => match Pin::new(sending).poll(polling) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Ok(half)) => *self = Self::Idle(half, 0),
                Poll::Ready(Err(error)) => *self = Self::Closed(Some(error)),
            },
            Self::Closing(closing) => match Pin::new(closing).poll(polling) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(closed) => *self = Self::Closed(closed.err()),
            },
        }
        Poll::Ready(())
    }

    /// Returns the error of a stream that takes no more bytes: the reason once, and then that it is closed.
    fn closed(error: &mut Option<io::Error>) -> StreamError {
        error
            .take()
            .map_or(StreamError::Closed, |error| StreamError::LastOperationFailed(error.into()))
    }

    fn send(mut half: Half, mut bytes: Bytes) -> Self {
        // Most commands fit into the system's buffer: then no task is needed.
        match poll_send(&mut half, &mut bytes) {
            Poll::Ready(Ok(())) => Self::Idle(half, 0),
            Poll::Ready(Err(error)) => Self::Closed(Some(error)),
            Poll::Pending => Self::Sending(BackgroundTask::spawn(async move {
                half.write_all(&bytes).await?;
                half.flush().await?;
                Ok(half)
            })),
        }
    }
}

/// Sends as much as the system takes at once.
fn poll_send(half: &mut Half, bytes: &mut Bytes) -> Poll<io::Result<()>> {
    let mut polling = Context::from_waker(Waker::noop());
    while !bytes.is_empty() {
        match Pin::new(&mut *half).poll_write(&mut polling, bytes) {
            Poll::Ready(Ok(0)) => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
            Poll::Ready(Ok(sent)) => bytes.advance(sent),
            Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
            Poll::Pending => return Poll::Pending,
        }
    }
    Pin::new(half).poll_flush(&mut polling)
}

#[wasmtime_wasi::async_trait]
impl OutputStream for SocketWriter {
    fn check_write(&mut self) -> StreamResult<usize> {
        let mut state = self.lock();
        if state.poll_sent(&mut Context::from_waker(Waker::noop())).is_pending() {
            return Ok(0);
        }
        match &mut *state {
            WriteState::Idle(_, permitted) => {
                *permitted = UNSENT;
                Ok(UNSENT)
            }
            WriteState::Closed(error) => Err(WriteState::closed(error)),
            WriteState::Sending(_) | WriteState::Closing(_) => Ok(0),
        }
    }

    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        let mut call = self.traced.call("wasi:sockets.write", bytes.len());
        call.ends("unavailable");
        let mut state = self.lock();
        match state.take() {
            WriteState::Idle(half, permitted) if bytes.len() <= permitted => {
                *state = WriteState::send(half, bytes);
                match &mut *state {
                    WriteState::Closed(error) => Err(WriteState::closed(error)),
                    _ => {
                        call.ends("ok");
                        Ok(())
                    }
                }
            }
            WriteState::Closed(mut error) => Err(WriteState::closed(&mut error)),
            _ => Err(StreamError::trap("wrote more than the stream takes")),
        }
    }

    fn flush(&mut self) -> StreamResult<()> {
        // Bytes are always on their way, so there is nothing to hurry.
        match &mut *self.lock() {
            WriteState::Closed(error) => Err(WriteState::closed(error)),
            _ => Ok(()),
        }
    }

    /// Waits until everything is sent: a guest that drops its stream has written it.
    async fn cancel(&mut self) {
        self.ready().await;
    }
}

#[wasmtime_wasi::async_trait]
impl Pollable for SocketWriter {
    async fn ready(&mut self) {
        poll_fn(|polling| self.lock().poll_sent(polling)).await;
    }
}
