//! Answers to orchestrators and Prometheus: health, readiness and metrics.

use std::{
    convert::Infallible,
    future::Future,
    sync::{Arc, atomic::Ordering},
};

use cloakroom_pipeline::metric;
use http::{Request, StatusCode};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{net::TcpListener, sync::Semaphore, task::JoinSet};

use super::{
    CodecServer, Shared,
    answer::{self, Answer, line},
    listen::HELLO,
    route::Route,
};

/// Connections at once to the listener for metrics. Prometheus keeps one or two.
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
        let places = Arc::new(Semaphore::new(CONNECTIONS));
        let mut connections = JoinSet::new();
        let mut end = std::pin::pin!(end);
        loop {
            let accepted = async {
                let place = places.clone().acquire_owned().await.ok()?;
                Some((listener.accept().await.ok()?.0, place))
            };
            let accepted = tokio::select! {
                () = &mut end => return,
                accepted = accepted => accepted,
            };
            while connections.try_join_next().is_some() {}
            let Some((stream, place)) = accepted else {
                tokio::time::sleep(std::time::Duration::from_millis(100)).await;
                continue;
            };
            let shared = self.0.clone();
            connections.spawn(async move {
                let service = service_fn(|request: Request<Incoming>| {
                    let answer = shared.answer_request(&request);
                    async { Ok::<Answer, Infallible>(answer) }
                });
                let connection = http1::Builder::new()
                    .timer(TokioTimer::new())
                    .header_read_timeout(HELLO)
                    .serve_connection(TokioIo::new(stream), service);
                if let Err(error) = connection.await {
                    tracing::debug!(%error, "a connection for metrics broke");
                }
                drop(place);
            });
        }
    }
}

impl Shared {
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
                answer::metrics(metrics())
            }
            None => line(StatusCode::NOT_FOUND, "this server records no metrics"),
        }
    }
}
