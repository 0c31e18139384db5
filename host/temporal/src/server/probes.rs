//! Answers to orchestrators and Prometheus: health, readiness and metrics.

use std::{convert::Infallible, future::Future, sync::atomic::Ordering, time::Duration};

use cloakroom_pipeline::metric;
use http::{Request, StatusCode};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    net::{TcpListener, TcpStream},
    task::JoinSet,
};

use super::{
    CodecServer, Shared,
    accept::HELLO,
    connection_limit::{Connections, Seat},
    peer::Peer,
    response::{self, Answer, line},
    route::Route,
    tracked_body::Noted,
    write_timeout::Timed,
};

/// Connections at once to the listener for metrics. Prometheus keeps one or two, and others are ended
/// when there are more.
const CONNECTIONS: usize = 16;

impl CodecServer {
    /// Serves `/metrics`, `/healthz` and `/readyz` until `end` is, to everybody who reaches the
    /// listener: without a token and without TLS. Set [`Settings::metrics`], so that the server itself
    /// does not serve `/metrics` as well.
    ///
    /// It goes on while the server finishes what is in work, and says on `/readyz` that it is ending.
    ///
    /// [`Settings::metrics`]: super::Settings::metrics
    pub async fn serve_metrics(&self, listener: TcpListener, end: impl Future<Output = ()>) {
        let places = Connections::new(CONNECTIONS, CONNECTIONS);
        let mut connections = JoinSet::new();
        let mut end = std::pin::pin!(end);
        loop {
            let accepted = tokio::select! {
                () = &mut end => return,
                accepted = listener.accept() => accepted,
            };
            while connections.try_join_next().is_some() {}
            let Ok((stream, peer)) = accepted else {
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            };
            let (shared, seat) = (self.0.clone(), places.enter(Peer::Tcp(peer).group()));
            connections.spawn(async move {
                tokio::select! {
                    () = seat.link.left() => {}
                    () = shared.serve_probes(stream, &seat) => {}
                }
            });
        }
    }
}

impl Shared {
    async fn serve_probes(&self, stream: TcpStream, seat: &Seat) {
        let service = service_fn(|request: Request<Incoming>| {
            seat.link.begin();
            let answer = self.answer_request(&request);
            seat.link.answer();
            let link = seat.link.clone();
            async { Ok::<_, Infallible>(answer.map(|content| Noted { content, link })) }
        });
        let patience = self.settings.load().write_time;
        let stream = Timed::new(stream, seat.link.clone(), patience);
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HELLO)
            .serve_connection(TokioIo::new(stream), service);
        if let Err(error) = connection.await {
            tracing::debug!(%error, "a connection for metrics broke");
        }
    }

    fn answer_request(&self, request: &Request<Incoming>) -> Answer {
        match Route::of(request.method(), request.uri()) {
            Ok(route) if route.is_probe() => self.answer_probe(route),
            Ok(Route::Metrics) => self.answer_metrics(),
            _ => line(StatusCode::NOT_FOUND, "there are /metrics, /healthz and /readyz"),
        }
    }

    /// Answers whether the server lives, or whether it takes work.
    pub(super) fn answer_probe(&self, route: Route) -> Answer {
        if route == Route::Ready && self.is_ending.load(Ordering::Relaxed) {
            return line(StatusCode::SERVICE_UNAVAILABLE, "shutting down");
        }
        line(StatusCode::OK, if route == Route::Ready { "ready" } else { "ok" })
    }

    pub(super) fn answer_metrics(&self) -> Answer {
        match &self.metrics {
            Some(metrics) => {
                metric::record_memory(self.adapter.pipeline().memory());
                response::metrics(metrics())
            }
            None => line(StatusCode::NOT_FOUND, "this server records no metrics"),
        }
    }
}
