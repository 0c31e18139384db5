//! Connections of workers and clients: accepted, served and drained.

use std::{future::Future, net::SocketAddr, pin::pin, sync::Arc, time::Duration};

use cloakroom_core::{Error, ErrorKind};
use http::Request;
use hyper::{body::Incoming, server::conn::http2::Builder, service::service_fn};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use metrics::gauge;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{Semaphore, watch},
    task::JoinSet,
    time::{sleep, timeout},
};

use super::{Gateway, connection::Connection, proxy::GatewayState};
use crate::exchange::metric::CONNECTIONS;

/// Connections that are open at once. Each may hold as much as its window unread.
const MAX_CONNECTIONS: usize = 1024;

/// Calls that are open at once on one connection. A worker has dozens of long polls, and a client as
/// many calls as it likes; hyper's default of 200 would stall both.
const MAX_CALLS: u32 = 16_384;

/// Bytes that a caller may send on one stream, and on all, before they are read.
const STREAM_WINDOW: u32 = 512 << 10;
const CONNECTION_WINDOW: u32 = 2 << 20;

/// Interval of pings, and the time for an answer. They find callers that are gone without a word.
const PING_INTERVAL: Duration = Duration::from_secs(30);
const PING_TIMEOUT: Duration = Duration::from_secs(20);

/// Largest head of a request in bytes.
const MAX_HEAD: u32 = 64 << 10;

/// Time that open calls get to finish after the shutdown signal. Polls are answered at once.
const SHUTDOWN_GRACE: Duration = Duration::from_secs(30);

/// Pause after a failed accept.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

impl Gateway {
    /// Serves connections until `shutdown` completes, then waits up to 30 seconds for open calls.
    /// Polls that wait for a task are answered with none.
    ///
    /// # Errors
    /// `Config` if other machines could reach the listener.
    pub async fn serve(
        &self,
        listener: TcpListener,
        shutdown: impl Future<Output = ()>,
    ) -> Result<(), Error> {
        let address = listener.local_addr().map_err(|error| {
            Error::new(ErrorKind::Unavailable, "cannot read the address of the listener")
                .with_source(error)
        })?;
        self.0.settings.check(address)?;
        let permits = Arc::new(Semaphore::new(MAX_CONNECTIONS));
        let mut connections = JoinSet::new();
        let mut shutdown = pin!(shutdown);
        loop {
            let accepted = tokio::select! {
                () = &mut shutdown => break,
                accepted = listener.accept() => accepted,
            };
            while connections.try_join_next().is_some() {}
            let Ok((stream, peer)) = accepted else {
                // Most likely the process has no file descriptor left. The next accept would fail
                // as well, so pause instead of spinning.
                sleep(ACCEPT_PAUSE).await;
                continue;
            };
            let Ok(permit) = permits.clone().try_acquire_owned() else {
                tracing::warn!(%peer, "refused a connection: {MAX_CONNECTIONS} are open");
                continue;
            };
            let state = self.0.clone();
            connections.spawn(async move {
                gauge!(CONNECTIONS).increment(1);
                state.serve_connection(stream, peer).await;
                gauge!(CONNECTIONS).decrement(1);
                drop(permit);
            });
        }
        drop(listener);
        self.0.draining.send_replace(true);
        let open = connections.len();
        if timeout(SHUTDOWN_GRACE, async { while connections.join_next().await.is_some() {} })
            .await
            .is_err()
        {
            tracing::warn!(connections = open, "calls did not finish in 30s: aborted them");
        }
        Ok(())
    }
}

impl GatewayState {
    /// Serves a connection until it ends, or its calls have finished after the shutdown signal.
    async fn serve_connection(self: Arc<Self>, stream: TcpStream, peer: SocketAddr) {
        let _ = stream.set_nodelay(true);
        let mut draining = self.draining.subscribe();
        let caller = Arc::new(Connection::new(self, peer));
        let service = service_fn(move |request: Request<Incoming>| caller.clone().respond(request));
        let connection = Builder::new(TokioExecutor::new())
            .timer(TokioTimer::new())
            .max_concurrent_streams(MAX_CALLS)
            .initial_stream_window_size(STREAM_WINDOW)
            .initial_connection_window_size(CONNECTION_WINDOW)
            .max_header_list_size(MAX_HEAD)
            .keep_alive_interval(PING_INTERVAL)
            .keep_alive_timeout(PING_TIMEOUT)
            .serve_connection(TokioIo::new(stream), service);
        let mut connection = pin!(connection);
        let ended = tokio::select! {
            ended = connection.as_mut() => ended,
            () = drained(&mut draining) => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        };
        if let Err(error) = ended {
            tracing::debug!(%error, %peer, "a connection failed");
        }
    }
}

/// Completes once the gateway has stopped accepting connections.
pub(super) async fn drained(draining: &mut watch::Receiver<bool>) {
    // The sender lives as long as the gateway.
    let _ = draining.wait_for(|is_draining| *is_draining).await;
}
