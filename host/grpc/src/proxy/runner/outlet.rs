//! A connection's socket, to which one round of the task writes at once.

use std::{
    io::{self, IoSlice},
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker, ready},
};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Bytes that wait for the end of a round. More make the writer wait for it.
const MOST: usize = 64 << 10;

/// Bytes of the buffer that a connection keeps while it has nothing to write.
const KEPT: usize = 8 << 10;

/// A connection's socket, to which one round of the task writes at once.
///
/// HTTP/2 writes each larger frame for itself, and asks to flush it. Measured with 16 callers, that made
/// 2.4 system calls for a call of 1 kB, each of which costs as much as reading the message.
pub(in crate::proxy) struct Outlet<T>(Arc<Mutex<Socket<T>>>);

/// Writes what waits. The task does so at the end of each round.
pub(super) trait Flush: Send + Sync {
    /// Writes as much as the socket takes. The context is woken when it takes more.
    fn flush(&self, cx: &mut Context<'_>);
}

struct Socket<T> {
    stream: T,
    waiting: Vec<u8>,
    /// Error of a write, for the next one who writes.
    error: Option<io::Error>,
    /// Writer that waits for room.
    writer: Option<Waker>,
}

impl<T> Outlet<T> {
    pub(super) fn new(stream: T) -> Self {
        Self(Arc::new(Mutex::new(Socket {
            stream,
            waiting: Vec::new(),
            error: None,
            writer: None,
        })))
    }

    /// Returns what the task flushes.
    pub(super) fn flusher(&self) -> Arc<dyn Flush>
    where
        T: AsyncWrite + Unpin + Send + 'static,
    {
        self.0.clone()
    }

    fn lock(&self) -> MutexGuard<'_, Socket<T>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T: AsyncWrite + Unpin> Socket<T> {
    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut written = 0;
        let flushed = loop {
            let rest = self.waiting.get(written..).unwrap_or_default();
            if rest.is_empty() {
                break Pin::new(&mut self.stream).poll_flush(cx);
            }
            match Pin::new(&mut self.stream).poll_write(cx, rest) {
                Poll::Ready(Ok(0)) => break Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                Poll::Ready(Ok(some)) => written += some,
                Poll::Ready(Err(error)) => break Poll::Ready(Err(error)),
                Poll::Pending => break Poll::Pending,
            }
        };
        self.waiting.drain(..written);
        if self.waiting.is_empty() && self.waiting.capacity() > KEPT {
            self.waiting = Vec::new();
        }
        flushed
    }

    /// Returns how many bytes may wait, and registers the writer if there is no room.
    fn poll_room(&mut self, cx: &Context<'_>) -> Poll<io::Result<usize>> {
        if let Some(error) = self.error.take() {
            return Poll::Ready(Err(error));
        }
        match MOST.saturating_sub(self.waiting.len()) {
            0 => {
                self.writer = Some(cx.waker().clone());
                Poll::Pending
            }
            room => Poll::Ready(Ok(room)),
        }
    }
}

impl<T: AsyncWrite + Unpin + Send> Flush for Mutex<Socket<T>> {
    fn flush(&self, cx: &mut Context<'_>) {
        let mut socket = self.lock().unwrap_or_else(PoisonError::into_inner);
        if socket.waiting.is_empty() || socket.error.is_some() {
            return;
        }
        let before = socket.waiting.len();
        if let Poll::Ready(Err(error)) = socket.poll_flush(cx) {
            socket.error = Some(error);
        }
        if (socket.waiting.len() < before || socket.error.is_some())
            && let Some(writer) = socket.writer.take()
        {
            writer.wake();
        }
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Outlet<T> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.lock().stream).poll_read(cx, buffer)
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Outlet<T> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.poll_write_vectored(cx, &[IoSlice::new(bytes)])
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let mut socket = self.lock();
        let room = ready!(socket.poll_room(cx))?;
        let mut taken = 0;
        for part in parts {
            let some = part.get(..room - taken).unwrap_or(part);
            socket.waiting.extend_from_slice(some);
            taken += some.len();
        }
        Poll::Ready(Ok(taken))
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    /// Leaves it to the end of the round.
    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(self.lock().error.take().map_or(Ok(()), Err))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut socket = self.lock();
        let flushed = socket.poll_flush(cx);
        if flushed.is_pending() {
            // The task flushes next, and from then on the socket wakes it alone.
            socket.writer = Some(cx.waker().clone());
        }
        ready!(flushed)?;
        Pin::new(&mut socket.stream).poll_shutdown(cx)
    }
}
