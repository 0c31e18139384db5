//! Connections: accepted, served, and ended.

use std::{future::Future, io, sync::Arc, time::Duration};

use cloakroom_core::{Error, Remedy};
use http::Request;
use hyper::{body::Incoming, server::conn::http1};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::{GracefulShutdown, Watcher},
};
use metrics::counter;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    time::{Instant, sleep, timeout},
};
use tokio_rustls::TlsAcceptor;

use super::{
    CodecServer,
    address::{Listener, Stream},
    connection_limit::ConnectionPermit,
    metric::CONNECTIONS_ENDED,
    peer::Peer,
    service::ConnectionService,
    state::ServerState,
    write_timeout::WriteTimeout,
};

/// Time limit of a TLS handshake, and of a request's head.
pub(super) const HELLO_TIMEOUT: Duration = Duration::from_secs(10);

/// Lifetime of a connection beyond the limit, which is answered probes only.
const PROBE_ONLY_LIFETIME: Duration = Duration::from_secs(5);

/// Time that running requests get to finish after the shutdown signal.
const SHUTDOWN_GRACE: Duration = Duration::from_secs(30);

/// Pause after a failed accept.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Largest head of a request in bytes. hyper reserves as much for each connection.
const MAX_HEAD: usize = 64 << 10;

impl CodecServer {
    /// Serves connections until `shutdown` completes, then waits up to 30 seconds for running
    /// requests.
    ///
    /// # Errors
    /// `Config` if the settings would open the server to strangers.
    pub async fn serve(
        &self,
        listener: impl Into<Listener>,
        shutdown: impl Future<Output = ()>,
    ) -> Result<(), Error> {
        let (state, listener) = (&self.0, listener.into());
        // Checked here, because port 0 and a socket of the program have no address before.
        let address = listener.address()?;
        state.settings.load().check(&address)?;
        state.address.get_or_init(|| address);
        let graceful = GracefulShutdown::new();
        let mut shutdown = std::pin::pin!(shutdown);
        loop {
            let accepted = tokio::select! {
                () = &mut shutdown => break,
                accepted = listener.accept() => accepted,
            };
            match accepted {
                Ok((stream, peer)) => {
                    let permit = state.connections.acquire(peer.group());
                    let (state, watcher) = (state.clone(), graceful.watcher());
                    tokio::spawn(state.serve_connection(stream, peer, permit, watcher));
                }
                Err(error) => {
                    // Most likely the process has no file descriptor left. The next accept would
                    // fail as well, so free one and pause instead of spinning.
                    state.log_ended("accept", "any", &error.to_string());
                    let _ = state.connections.evict_longest_idle();
                    sleep(ACCEPT_PAUSE).await;
                }
            }
        }
        state.start_shutdown();
        drop(listener);
        // Idle connections have no request to finish.
        while state.connections.evict_longest_idle() {}
        let connections = graceful.count();
        if timeout(SHUTDOWN_GRACE, graceful.shutdown()).await.is_err() {
            tracing::warn!(connections, "requests did not finish in 30s: aborted them");
        }
        Ok(())
    }
}

impl ServerState {
    /// Serves a connection until it ends, is evicted, or reaches its lifetime.
    async fn serve_connection(
        self: Arc<Self>,
        stream: Stream,
        peer: Peer,
        permit: ConnectionPermit,
        watcher: Watcher,
    ) {
        let settings = self.settings.load_full();
        // A request that starts just before the end of the lifetime still gets its full time.
        let lifetime = settings.lifetime + settings.time * 2;
        let lifetime = if permit.is_probe_only { PROBE_ONLY_LIFETIME } else { lifetime };
        let stream = WriteTimeout::new(stream, permit.state.clone(), settings.write_time);
        if permit.is_probe_only {
            let why = "the connection limit is reached";
            let why = settings.name_remedies(why, &[Remedy::ServerConnections]);
            self.note_ended("full", peer, &why);
        }
        tokio::select! {
            () = permit.state.closed() => count_ended("idle"),
            () = sleep(lifetime) => count_ended("lifetime"),
            () = self.serve_stream(stream, peer, &permit, watcher) => {
                if permit.state.is_stalled() {
                    let why = "the client does not read the response";
                    let why = settings.name_remedies(why, &[Remedy::ServerWriteTime]);
                    self.note_ended("stalled", peer, &why);
                }
            }
        }
    }

    async fn serve_stream(
        self: &Arc<Self>,
        stream: WriteTimeout<Stream>,
        peer: Peer,
        permit: &ConnectionPermit,
        watcher: Watcher,
    ) {
        let Some(tls) = self.settings.load().tls.clone() else {
            return self.serve_http(stream, peer, permit, watcher).await;
        };
        match timeout(HELLO_TIMEOUT, TlsAcceptor::from(tls).accept(stream)).await {
            Ok(Ok(stream)) => self.serve_http(stream, peer, permit, watcher).await,
            // A port check of a load balancer connects and hangs up: no news.
            Ok(Err(error)) if error.kind() == io::ErrorKind::UnexpectedEof => {
                tracing::debug!(%error, "a client hung up before the TLS handshake");
            }
            Ok(Err(error)) => self.note_ended("tls", peer, &error.to_string()),
            Err(_) => self.note_ended("tls", peer, "no TLS handshake within 10s"),
        }
    }

    async fn serve_http(
        self: &Arc<Self>,
        stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
        peer: Peer,
        permit: &ConnectionPermit,
        watcher: Watcher,
    ) {
        let service = ConnectionService::new(self.clone(), peer, permit);
        let service =
            hyper::service::service_fn(move |request: Request<Incoming>| service.respond(request));
        let connection = http1::Builder::new()
            // Without a timer, hyper panics at the time limit of a head.
            .timer(TokioTimer::new())
            .header_read_timeout(HELLO_TIMEOUT)
            .max_buf_size(MAX_HEAD)
            .serve_connection(TokioIo::new(stream), service);
        if let Err(error) = watcher.watch(connection).await {
            tracing::debug!(%error, "a connection failed");
        }
    }

    /// Counts and logs a connection that the server ended.
    fn note_ended(&self, reason: &'static str, peer: Peer, why: &str) {
        count_ended(reason);
        self.log_ended(reason, &peer.name(), why);
    }

    /// Logs an ended connection at WARN, or at DEBUG if its address had such a line lately.
    fn log_ended(&self, reason: &'static str, peer: &str, why: &str) {
        match self.ended_connections.note(&format!("{reason} {peer}"), Instant::now()) {
            Some(repeated) => tracing::warn!(
                target: "cloakroom::request",
                reason,
                peer,
                repeated,
                error = why,
                "ended a connection"
            ),
            None => tracing::debug!(
                target: "cloakroom::request",
                reason,
                peer,
                error = why,
                "ended a connection"
            ),
        }
    }
}

fn count_ended(reason: &'static str) {
    counter!(CONNECTIONS_ENDED, "reason" => reason).increment(1);
}
