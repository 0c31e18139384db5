//! A stream that gives up on a peer which does not take what is written to it.

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

use super::connection_limit::Link;

/// A peer that is written to has to take so many bytes within [`Timed::patience`], or all there
/// are. A byte now and then would otherwise hold a connection and its answer for as long as the
/// peer likes.
const LEAST: usize = 64 << 10;

/// A stream that gives up on a peer which does not take what is written to it. TLS goes on top of
/// it.
pub(super) struct Timed<S> {
    stream: S,
    link: Arc<Link>,
    patience: Duration,
    /// When the peer must have taken enough, if it keeps the server waiting.
    deadline: Option<Pin<Box<Sleep>>>,
    /// Bytes that it took since the deadline was set.
    taken: usize,
}

impl<S> Timed<S> {
    pub(super) fn new(stream: S, link: Arc<Link>, patience: Duration) -> Self {
        Self { stream, link, patience, deadline: None, taken: 0 }
    }

    fn took(&mut self, bytes: usize) {
        self.taken = self.taken.saturating_add(bytes);
        if self.taken >= LEAST {
            self.finish();
        }
    }

    fn finish(&mut self) {
        (self.deadline, self.taken) = (None, 0);
    }

    /// Waits for the peer until the deadline.
    fn wait<T>(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<T>> {
        let patience = self.patience;
        let deadline = self.deadline.get_or_insert_with(|| Box::pin(tokio::time::sleep(patience)));
        ready!(deadline.as_mut().poll(cx));
        self.link.stall();
        let text = "the client does not take the answer (`codec_server.write_time`)";
        Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, text)))
    }

    fn after_write(
        &mut self,
        cx: &mut Context<'_>,
        written: Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        match written {
            Poll::Pending => self.wait(cx),
            Poll::Ready(Ok(bytes)) => {
                self.took(bytes);
                Poll::Ready(Ok(bytes))
            }
            failed @ Poll::Ready(Err(_)) => failed,
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Timed<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Timed<S> {
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

    /// Flushing means that everything is written.
    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.stream).poll_flush(cx);
        if flushed.is_pending() {
            return self.wait(cx);
        }
        self.finish();
        self.link.flushed();
        flushed
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let shut = Pin::new(&mut self.stream).poll_shutdown(cx);
        if shut.is_pending() { self.wait(cx) } else { shut }
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;

    fn pair(patience: Duration) -> (Timed<tokio::io::DuplexStream>, tokio::io::DuplexStream) {
        let (server, client) = tokio::io::duplex(1024);
        (Timed::new(server, Arc::default(), patience), client)
    }

    #[tokio::test]
    async fn a_peer_that_takes_nothing_is_given_up() {
        let (mut server, _client) = pair(Duration::from_millis(10));
        let error = server.write_all(&[0; 4096]).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        assert!(server.link.is_stalled());
    }

    /// It would go on for ever.
    #[tokio::test]
    async fn a_byte_now_and_then_is_not_enough() {
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

    /// Each part may take that long, and not all together.
    #[tokio::test]
    async fn a_slow_peer_is_waited_for() {
        let (mut server, mut client) = pair(Duration::from_secs(3600));
        let reading = tokio::spawn(async move {
            let (mut all, mut buffer) = (0, [0; 1024]);
            while let Ok(read @ 1..) = client.read(&mut buffer).await {
                all += read;
            }
            all
        });
        server.write_all(&[0; 3 * LEAST]).await.unwrap();
        assert!(server.taken < LEAST);
        server.flush().await.unwrap();
        assert!(server.deadline.is_none() && !server.link.is_stalled());
        drop(server);
        assert_eq!(reading.await.unwrap(), 3 * LEAST);
    }
}
