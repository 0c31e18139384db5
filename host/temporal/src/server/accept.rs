//! Connections: taken, served, and ended.

use std::{
    future::Future,
    io,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use cloakroom_core::Error;
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
    CodecServer, Listener, Shared, address::Stream, connection_limit::Seat, peer::Peer,
    service::Conversation, write_timeout::Timed,
};

/// Connections that were ended by the server, by reason.
pub(super) const ENDED: &str = "cloakroom_http_connections_ended_total";

/// How long a client may take to say hello, and to say what it wants.
pub(super) const HELLO: Duration = Duration::from_secs(10);

/// How long a connection in a spare place may last.
const SPARE_TIME: Duration = Duration::from_secs(5);

/// How long requests in work may take when the server is told to end.
const GRACE: Duration = Duration::from_secs(30);

/// The most bytes of a request's head. hyper holds so many for each connection.
const HEAD: usize = 64 << 10;

impl CodecServer {
    /// Serves until `end` is, and then finishes what is in work.
    ///
    /// # Errors
    /// `Config` if the settings would open the server to strangers.
    pub async fn serve(
        &self,
        listener: impl Into<Listener>,
        end: impl Future<Output = ()>,
    ) -> Result<(), Error> {
        let (shared, listener) = (&self.0, listener.into());
        let address = listener.address()?;
        shared.settings.load().check(&address)?;
        shared.address.get_or_init(|| address);
        let graceful = GracefulShutdown::new();
        let mut end = std::pin::pin!(end);
        loop {
            let accepted = tokio::select! {
                () = &mut end => break,
                accepted = listener.accept() => accepted,
            };
            match accepted {
                Ok((stream, peer)) => {
                    let seat = shared.connections.enter(peer.group());
                    let (shared, watcher) = (shared.clone(), graceful.watcher());
                    tokio::spawn(shared.connect(stream, peer, seat, watcher));
                }
                Err(error) => {
                    // Out of descriptors, most likely: asking again at once would only keep us busy.
                    shared.log_connection("accept", "any", &error.to_string());
                    let _ = shared.connections.see_off_one();
                    sleep(Duration::from_millis(100)).await;
                }
            }
        }
        shared.is_ending.store(true, Ordering::Relaxed);
        drop(listener);
        // Nobody waits for who has not asked for anything.
        while shared.connections.see_off_one() {}
        let left = graceful.count();
        if timeout(GRACE, graceful.shutdown()).await.is_err() {
            tracing::warn!(connections = left, "gave up requests that did not end");
        }
        Ok(())
    }
}

impl Shared {
    /// Serves a connection until it ends, its place is given to another, or its time is over.
    async fn connect(self: Arc<Self>, stream: Stream, peer: Peer, seat: Seat, watcher: Watcher) {
        let settings = self.settings.load_full();
        // A request that began just before the end of its life may take its time.
        let life = settings.lifetime + settings.time * 2;
        let life = if seat.is_spare { SPARE_TIME } else { life };
        let stream = Timed::new(stream, seat.link.clone(), settings.write_time);
        if seat.is_spare {
            self.note_end("full", peer, "no place is free (`codec_server.connections`)");
        }
        tokio::select! {
            () = seat.link.left() => counter!(ENDED, "reason" => "idle").increment(1),
            () = sleep(life) => counter!(ENDED, "reason" => "lifetime").increment(1),
            () = self.greet(stream, peer, &seat, watcher) => {
                if seat.link.is_stalled() {
                    let why = "it does not take the answer (`codec_server.write_time`)";
                    self.note_end("stalled", peer, why);
                }
            }
        }
    }

    async fn greet(
        self: &Arc<Self>,
        stream: Timed<Stream>,
        peer: Peer,
        seat: &Seat,
        watcher: Watcher,
    ) {
        let Some(tls) = self.settings.load().tls.clone() else {
            return self.speak(stream, peer, seat, watcher).await;
        };
        match timeout(HELLO, TlsAcceptor::from(tls).accept(stream)).await {
            Ok(Ok(stream)) => self.speak(stream, peer, seat, watcher).await,
            // Whoever only looks whether the port is open hangs up.
            Ok(Err(error)) if error.kind() == io::ErrorKind::UnexpectedEof => {
                tracing::debug!(%error, "no TLS");
            }
            Ok(Err(error)) => self.note_end("tls", peer, &error.to_string()),
            Err(_) => self.note_end("tls", peer, "no handshake within 10s"),
        }
    }

    async fn speak(
        self: &Arc<Self>,
        stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
        peer: Peer,
        seat: &Seat,
        watcher: Watcher,
    ) {
        let conversation = Conversation::new(self.clone(), peer, seat);
        let service = hyper::service::service_fn(move |request: Request<Incoming>| {
            conversation.answer(request)
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HELLO)
            .max_buf_size(HEAD)
            .serve_connection(TokioIo::new(stream), service);
        if let Err(error) = watcher.watch(connection).await {
            tracing::debug!(%error, "a connection broke");
        }
    }

    /// Counts and logs a connection that the server ended.
    fn note_end(&self, reason: &'static str, peer: Peer, why: &str) {
        counter!(ENDED, "reason" => reason).increment(1);
        self.log_connection(reason, &peer.name(), why);
    }

    /// Logs what went wrong with a connection, once in a while for each address.
    fn log_connection(&self, reason: &'static str, peer: &str, why: &str) {
        match self.broken.note(&format!("{reason} {peer}"), Instant::now()) {
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
