//! One accepted connection: its TLS handshake, and HTTP/2 until it ends.

use std::{io, net::SocketAddr, pin::pin, sync::Arc, time::Duration};

use http::Request;
use hyper::{body::Incoming, server::conn::http2::Builder, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use rustls::ServerConfig;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    time::{Instant, timeout},
};
use tokio_rustls::TlsAcceptor;

use super::{
    connection::Connection, newcomers::Newcomer, protocol::Protocol, runner::Runner,
    state::ProxyState,
};
use crate::access::CertificateNames;

/// Time limit of a TLS handshake.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);

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

impl<P: Protocol> ProxyState<P> {
    /// Serves a connection until it ends, or its calls have finished after the shutdown signal.
    pub(super) async fn serve_connection(self: Arc<Self>, stream: TcpStream, peer: SocketAddr) {
        let _ = stream.set_nodelay(true);
        let newcomer = Arc::new(self.newcomers.enter());
        let callers = self.callers.load_full();
        if callers.is_open() && !callers.has_tls() {
            newcomer.admit();
        }
        let serving = async {
            match callers.tls() {
                None => self.clone().serve_http(stream, peer, None, newcomer.clone()).await,
                Some(tls) => self.clone().serve_tls(stream, tls, peer, newcomer.clone()).await,
            }
        };
        tokio::select! {
            why = newcomer.must_go() => self.note_ended(peer, why),
            () = serving => {}
        }
    }

    async fn serve_tls(
        self: Arc<Self>,
        stream: TcpStream,
        tls: Arc<ServerConfig>,
        peer: SocketAddr,
        newcomer: Arc<Newcomer>,
    ) {
        match timeout(HANDSHAKE_TIMEOUT, TlsAcceptor::from(tls).accept(stream)).await {
            Ok(Ok(stream)) => {
                let chain = stream.get_ref().1.peer_certificates();
                let names = chain.and_then(|chain| chain.first()).map(CertificateNames::read);
                // An authority has signed for who they are, or nobody has to.
                if names.is_some() || self.callers.load().is_open() {
                    newcomer.admit();
                }
                self.serve_http(stream, peer, names, newcomer).await;
            }
            // A port check of a load balancer connects and hangs up.
            Ok(Err(error)) if error.kind() == io::ErrorKind::UnexpectedEof => {
                tracing::debug!(%error, %peer, "a caller hung up before the TLS handshake");
            }
            Ok(Err(error)) => self.note_ended(peer, &error.to_string()),
            Err(_) => self.note_ended(peer, "no TLS handshake within 10s"),
        }
    }

    async fn serve_http(
        self: Arc<Self>,
        stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
        peer: SocketAddr,
        names: Option<CertificateNames>,
        newcomer: Arc<Newcomer>,
    ) {
        let runner = Runner::default();
        let caller = Connection::new(self, peer, names, newcomer, runner.clone());
        let caller = Arc::new(caller);
        let (answers, noting) = (caller.answers.clone(), caller.proxy.clone());
        let transfer = noting.settings.transfer_time;
        let service = service_fn(move |request: Request<Incoming>| {
            // In its box at once: hyper moves the future of a call four times, and this one is large.
            Box::pin(caller.clone().respond(request))
        });
        let connection = Builder::new(runner.clone())
            .timer(TokioTimer::new())
            .max_concurrent_streams(MAX_CALLS)
            .initial_stream_window_size(STREAM_WINDOW)
            .initial_connection_window_size(CONNECTION_WINDOW)
            .max_header_list_size(MAX_HEAD)
            .keep_alive_interval(PING_INTERVAL)
            .keep_alive_timeout(PING_TIMEOUT)
            .serve_connection(TokioIo::new(runner.outlet(stream)), service);
        let connection = async move {
            let mut connection = pin!(connection);
            let ended = tokio::select! {
                ended = connection.as_mut() => ended,
                () = noting.drained() => {
                    connection.as_mut().graceful_shutdown();
                    connection.await
                }
                // Its own connection alone ends, with the calls that are open on it.
                () = answers.untaken(transfer) => {
                    let text = format!("an answer was not taken within {transfer:?}");
                    return noting.note_ended(peer, &text);
                }
            };
            if let Err(error) = ended {
                tracing::debug!(%error, %peer, "a connection failed");
            }
        };
        runner.run(connection).await;
    }

    /// Logs a connection that the gateway ended, at WARN once for each address in some time.
    fn note_ended(&self, peer: SocketAddr, error: &str) {
        match self.strangers.note(&format!("connection {}", peer.ip()), Instant::now()) {
            Some(repeated) => tracing::warn!(
                target: "cloakroom::request",
                %peer,
                repeated,
                error,
                "ended a connection"
            ),
            None => {
                tracing::debug!(target: "cloakroom::request", %peer, error, "ended a connection");
            }
        }
    }
}
