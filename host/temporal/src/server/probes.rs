//! Health, readiness and metrics, for orchestrators and Prometheus.

use std::{convert::Infallible, future::Future, time::Duration};

use cloakroom_pipeline::metric;
use http::{Request, StatusCode};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    net::{TcpListener, TcpStream},
    task::JoinSet,
};

use super::{
    CodecServer,
    accept::HELLO_TIMEOUT,
    connection_limit::{ConnectionLimit, ConnectionPermit},
    peer::Peer,
    response::{self, Response, line},
    route::Route,
    state::ServerState,
    tracked_body::TrackedBody,
    write_timeout::WriteTimeout,
};

/// Connection limit of the metrics listener. Prometheus keeps one or two connections.
const MAX_CONNECTIONS: usize = 16;

impl CodecServer {
    /// Serves `/metrics`, `/healthz` and `/readyz` until `shutdown` completes, to everybody who
    /// reaches the listener: without a token and without TLS.
    ///
    /// Set [`ServerSettings::metrics`] as well, so that the main listener does not serve
    /// `/metrics`. End this one last: while the server finishes its requests, `/readyz` answers
    /// that it is shutting down.
    ///
    /// [`ServerSettings::metrics`]: super::ServerSettings::metrics
    pub async fn serve_metrics(&self, listener: TcpListener, shutdown: impl Future<Output = ()>) {
        let limit = ConnectionLimit::new(MAX_CONNECTIONS, MAX_CONNECTIONS);
        let mut connections = JoinSet::new();
        let mut shutdown = std::pin::pin!(shutdown);
        loop {
            let accepted = tokio::select! {
                () = &mut shutdown => return,
                accepted = listener.accept() => accepted,
            };
            // Ended tasks are collected here, or the set would grow for as long as the server
            // lives.
            while connections.try_join_next().is_some() {}
            let Ok((stream, peer)) = accepted else {
                // Out of file descriptors, most likely: the next accept would fail as well.
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            };
            let (server, permit) = (self.0.clone(), limit.acquire(Peer::Tcp(peer).group()));
            connections.spawn(async move {
                tokio::select! {
                    () = permit.state.closed() => {}
                    () = server.serve_probes(stream, &permit) => {}
                }
            });
        }
    }
}

impl ServerState {
    async fn serve_probes(&self, stream: TcpStream, permit: &ConnectionPermit) {
        let service = service_fn(|request: Request<Incoming>| {
            permit.state.start_request();
            let response = self.respond_to_scrape(&request);
            permit.state.start_response();
            let connection = permit.state.clone();
            async { Ok::<_, Infallible>(response.map(|body| TrackedBody { body, connection })) }
        });
        let timeout = self.settings.load().write_time;
        let stream = WriteTimeout::new(stream, permit.state.clone(), timeout);
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HELLO_TIMEOUT)
            .serve_connection(TokioIo::new(stream), service);
        if let Err(error) = connection.await {
            tracing::debug!(%error, "a connection for metrics failed");
        }
    }

    fn respond_to_scrape(&self, request: &Request<Incoming>) -> Response {
        match Route::parse(request.method(), request.uri()) {
            Ok(route) if route.is_probe() => self.respond_to_probe(route),
            Ok(Route::Metrics) => self.respond_with_metrics(),
            _ => line(
                StatusCode::NOT_FOUND,
                "unknown path: there are /metrics, /healthz and /readyz",
            ),
        }
    }

    /// Answers `/healthz` or `/readyz`.
    pub(super) fn respond_to_probe(&self, route: Route) -> Response {
        if route == Route::Ready && self.is_shutting_down() {
            return line(StatusCode::SERVICE_UNAVAILABLE, "shutting down");
        }
        line(StatusCode::OK, if route == Route::Ready { "ready" } else { "ok" })
    }

    /// Answers `/metrics`.
    pub(super) fn respond_with_metrics(&self) -> Response {
        match &self.metrics {
            Some(render) => {
                metric::record_memory(self.adapter.pipeline().memory());
                response::metrics(render())
            }
            None => line(StatusCode::NOT_FOUND, "this server has no metrics recorder"),
        }
    }
}
