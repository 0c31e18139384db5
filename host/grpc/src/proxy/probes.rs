//! Health, readiness and metrics, for orchestrators and Prometheus.

use std::{
    convert::Infallible,
    future::Future,
    pin::pin,
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use cloakroom_core::clean;
use cloakroom_pipeline::{DriverState, metric};
use http::{HeaderValue, Method, Request, Response, StatusCode, header::CONTENT_TYPE};
use http_body_util::Full;
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Semaphore,
    task::JoinSet,
    time::{sleep, timeout},
};

use super::{handle::Proxy, protocol::Protocol, runner::Runner, state::ProxyState};

/// Connections that are open at once. Prometheus keeps one or two.
const MAX_CONNECTIONS: usize = 16;

/// Lifetime of a connection: a client that sends nothing must not keep others out.
const LIFETIME: Duration = Duration::from_secs(60);

/// Most characters of a driver's name.
const NAME: usize = 100;

/// Time limit of a request's head.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);

impl<P: Protocol> Proxy<P> {
    /// Serves `/metrics`, `/healthz` and `/readyz` until `shutdown` completes, to everybody who
    /// reaches the listener. End it last: while calls finish, `/readyz` answers that the gateway is
    /// shutting down.
    pub async fn serve_probes(&self, listener: TcpListener, shutdown: impl Future<Output = ()>) {
        let permits = Arc::new(Semaphore::new(MAX_CONNECTIONS));
        let mut connections = JoinSet::new();
        let mut shutdown = pin!(shutdown);
        loop {
            let accepted = tokio::select! {
                () = &mut shutdown => return,
                accepted = listener.accept() => accepted,
            };
            while connections.try_join_next().is_some() {}
            match (accepted, permits.clone().try_acquire_owned()) {
                (Ok((stream, _)), Ok(permit)) => {
                    let state = self.0.clone();
                    connections.spawn(async move {
                        let _permit = permit;
                        let _ = timeout(LIFETIME, state.serve_probes(stream)).await;
                    });
                }
                (Err(_), _) => sleep(Duration::from_millis(100)).await,
                (Ok(_), Err(_)) => {}
            }
        }
    }
}

impl<P: Protocol> ProxyState<P> {
    async fn serve_probes(self: Arc<Self>, stream: TcpStream) {
        let service = service_fn(move |request: Request<Incoming>| {
            let state = self.clone();
            async move { Ok::<_, Infallible>(state.respond_to_probe(&request).await) }
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEAD_TIMEOUT)
            .serve_connection(TokioIo::new(stream), service);
        if let Err(error) = connection.await {
            tracing::debug!(%error, "a connection for probes failed");
        }
    }

    async fn respond_to_probe(&self, request: &Request<Incoming>) -> Response<Full<Bytes>> {
        match (request.method(), request.uri().path()) {
            (&Method::GET | &Method::HEAD, "/healthz") => line(StatusCode::OK, "ok"),
            (&Method::GET | &Method::HEAD, "/readyz") => self.readiness().await,
            (&Method::GET, "/metrics") => match &self.metrics {
                Some(render) => {
                    metric::record_memory(self.protocol.pipeline().memory());
                    line(StatusCode::OK, &render())
                }
                None => line(StatusCode::NOT_FOUND, "this gateway has no metrics recorder"),
            },
            _ => line(
                StatusCode::NOT_FOUND,
                "unknown path: there are /metrics, /healthz and /readyz",
            ),
        }
    }

    /// Answers `/readyz`: a gateway that reaches no server can serve nobody. Stores do not decide,
    /// because one shared store must not take every replica out. They are reported as their last calls
    /// left them: a request of its own for each probe would be traffic that grows with the replicas.
    async fn readiness(&self) -> Response<Full<Bytes>> {
        if *self.draining.borrow() {
            return line(StatusCode::SERVICE_UNAVAILABLE, "shutting down");
        }
        let runner = Runner::default();
        let upstream = self.upstream(runner.clone());
        let probed = runner.run(async move { upstream.probe().await }).await;
        let (status, mut text) = match probed {
            Some(Ok(())) => (StatusCode::OK, "ready".to_owned()),
            Some(Err(status)) => (StatusCode::SERVICE_UNAVAILABLE, status.message),
            None => (StatusCode::SERVICE_UNAVAILABLE, "the probe ended early".to_owned()),
        };
        for driver in self.protocol.pipeline().driver_states() {
            text.push_str(&format!("\n{}", describe(&driver, Instant::now())));
        }
        line(status, &text)
    }
}

/// Returns the line of a driver. Everybody who reaches the listener may read it, so it names no object and
/// no address.
fn describe(driver: &DriverState, now: Instant) -> String {
    let name = clean(&driver.driver, NAME);
    let Some(last) = driver.last else {
        return format!("driver {name}: no call since the configuration was loaded");
    };
    let seconds = now.saturating_duration_since(last.ended).as_secs();
    match last.failure {
        None => format!("driver {name}: the last call succeeded {seconds} s ago"),
        Some(kind) => {
            format!("driver {name}: the last call failed {seconds} s ago ({})", kind.as_str())
        }
    }
}

fn line(status: StatusCode, text: &str) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::from(format!("{}\n", text.trim_end())));
    *response.status_mut() = status;
    let plain = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
    response.headers_mut().insert(CONTENT_TYPE, plain);
    response
}
