//! Write timeout of a stream.

use std::{
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::Sleep,
};

use super::connection_state::ConnectionState;

/// Bytes that the peer must read within [`WriteTimeout::timeout`], or all that is left.
///
/// A timeout for each write alone would not do: a peer that reads one byte now and then would hold
/// its connection, and the memory of its response, for as long as it likes.
const MIN_PROGRESS: usize = 64 << 10;

/// Stream that fails with `TimedOut` when the peer does not read.
///
/// It lies below TLS, so the handshake is covered as well.
pub(super) struct WriteTimeout<S> {
    stream: S,
    connection: Arc<ConnectionState>,
    timeout: Duration,
    /// Time by which the peer must have read [`MIN_PROGRESS`]. `None` while the peer keeps up.
    deadline: Option<Pin<Box<Sleep>>>,
    /// Bytes that the peer has read since the deadline was set.
    progress: usize,
}

impl<S> WriteTimeout<S> {
    pub(super) fn new(stream: S, connection: Arc<ConnectionState>, timeout: Duration) -> Self {
        Self { stream, connection, timeout, deadline: None, progress: 0 }
    }

    fn add_progress(&mut self, bytes: usize) {
        self.progress = self.progress.saturating_add(bytes);
        if self.progress >= MIN_PROGRESS {
            self.reset();
        }
    }

    fn reset(&mut self) {
        (self.deadline, self.progress) = (None, 0);
    }

    /// Waits for the peer, and fails at the deadline.
    fn poll_deadline<T>(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<T>> {
        let timeout = self.timeout;
        let deadline = self.deadline.get_or_insert_with(|| Box::pin(tokio::time::sleep(timeout)));
        ready!(deadline.as_mut().poll(cx));
        self.connection.mark_stalled();
        let text = "the client does not read the response";
        Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, text)))
    }

    fn after_write(
        &mut self,
        cx: &mut Context<'_>,
        written: Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        match written {
            Poll::Pending => self.poll_deadline(cx),
            Poll::Ready(Ok(bytes)) => {
                self.add_progress(bytes);
                Poll::Ready(Ok(bytes))
            }
            failed @ Poll::Ready(Err(_)) => failed,
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for WriteTimeout<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for WriteTimeout<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.after_write(cx, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, parts);
        self.after_write(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    /// A completed flush means that the peer keeps up, whatever is sent next.
    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.stream).poll_flush(cx);
        if flushed.is_pending() {
            return self.poll_deadline(cx);
        }
        self.reset();
        // hyper flushes after the last part of a body, which makes the connection idle.
        self.connection.finish_flush();
        flushed
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let shut = Pin::new(&mut self.stream).poll_shutdown(cx);
        if shut.is_pending() { self.poll_deadline(cx) } else { shut }
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;

    fn pair(timeout: Duration) -> (WriteTimeout<tokio::io::DuplexStream>, tokio::io::DuplexStream) {
        let (server, client) = tokio::io::duplex(1024);
        (WriteTimeout::new(server, Arc::default(), timeout), client)
    }

    #[tokio::test]
    async fn fails_if_the_peer_reads_nothing() {
        let (mut server, _client) = pair(Duration::from_millis(10));
        let error = server.write_all(&[0; 4096]).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        assert!(server.connection.is_stalled());
    }

    #[tokio::test]
    async fn fails_if_the_peer_reads_too_slowly() {
        let (mut server, mut client) = pair(Duration::from_millis(50));
        let reading = tokio::spawn(async move {
            while client.read_u8().await.is_ok() {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        });
        loop {
            if let Err(error) = server.write_all(&[0; 4096]).await {
                assert_eq!(error.kind(), io::ErrorKind::TimedOut);
                break;
            }
        }
        drop(server);
        reading.await.unwrap();
    }

    /// The timeout holds for each 64 KiB, not for the whole response.
    #[tokio::test]
    async fn waits_for_a_slow_peer() {
        let (mut server, mut client) = pair(Duration::from_secs(3600));
        let reading = tokio::spawn(async move {
            let (mut all, mut buffer) = (0, [0; 1024]);
            while let Ok(read @ 1..) = client.read(&mut buffer).await {
                all += read;
            }
            all
        });
        server.write_all(&[0; 3 * MIN_PROGRESS]).await.unwrap();
        assert!(server.progress < MIN_PROGRESS);
        server.flush().await.unwrap();
        assert!(server.deadline.is_none() && !server.connection.is_stalled());
        drop(server);
        assert_eq!(reading.await.unwrap(), 3 * MIN_PROGRESS);
    }
}
