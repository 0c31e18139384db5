//! Connections: taken, and seen off.

use std::{
    convert::Infallible,
    future::Future,
    net::SocketAddr,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use cloakroom_core::{Error, ErrorKind};
use http::{
    HeaderName, HeaderValue, Method, Request,
    header::{AUTHORIZATION, CONTENT_TYPE},
    request::Parts,
};
use hyper::{body::Incoming, server::conn::http1};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::{GracefulShutdown, Watcher},
    service::TowerToHyperService,
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
    time::timeout,
};
use tokio_rustls::TlsAcceptor;
use tower::{ServiceBuilder, service_fn};
use tower_http::cors::{AllowCredentials, AllowOrigin, CorsLayer};

use super::{CodecServer, Shared, answer::Answer, journal::REQUEST_ID};

/// How long a client may take to say hello, and to say what it wants.
pub(super) const HELLO: Duration = Duration::from_secs(10);

/// How long requests in work may take when the server is told to end.
const GRACE: Duration = Duration::from_secs(30);

/// How long a browser may remember what it may ask.
const REMEMBERED: Duration = Duration::from_secs(600);

impl CodecServer {
    /// Serves until `end` is, and then finishes what is in work.
    ///
    /// # Errors
    /// `Config` if the settings would open the server to strangers.
    pub async fn serve(
        &self,
        listener: TcpListener,
        end: impl Future<Output = ()>,
    ) -> Result<(), Error> {
        let shared = &self.0;
        let address = listener.local_addr().map_err(|error| {
            Error::new(ErrorKind::Unavailable, "cannot tell where to listen").because(error)
        })?;
        shared.settings.load().check(address)?;
        shared.address.get_or_init(|| address);
        let graceful = GracefulShutdown::new();
        let mut end = std::pin::pin!(end);
        loop {
            let stream = tokio::select! {
                () = &mut end => break,
                stream = accept(&listener, shared) => stream,
            };
            let Some((stream, peer, place)) = stream else {
                continue;
            };
            let (shared, watcher) = (shared.clone(), graceful.watcher());
            tokio::spawn(async move {
                shared.connect(stream, peer, watcher).await;
                drop(place);
            });
        }
        shared.is_ending.store(true, Ordering::Relaxed);
        drop(listener);
        let left = graceful.count();
        if timeout(GRACE, graceful.shutdown()).await.is_err() {
            tracing::warn!(connections = left, "gave up requests that did not end");
        }
        Ok(())
    }
}

type Place = tokio::sync::OwnedSemaphorePermit;

/// The next connection, when there is room for it.
async fn accept(listener: &TcpListener, shared: &Shared) -> Option<(TcpStream, SocketAddr, Place)> {
    let place = shared.connections.clone().acquire_owned().await.ok()?;
    match listener.accept().await {
        Ok((stream, peer)) => Some((stream, peer, place)),
        Err(error) => {
            // Out of descriptors, most likely: asking again at once would only keep us busy.
            tracing::warn!(%error, "cannot take a connection");
            tokio::time::sleep(Duration::from_millis(100)).await;
            None
        }
    }
}

impl Shared {
    async fn connect(self: Arc<Self>, stream: TcpStream, peer: SocketAddr, watcher: Watcher) {
        let _ = stream.set_nodelay(true);
        match self.settings.load().tls.clone() {
            None => self.speak(stream, peer, watcher).await,
            Some(tls) => match timeout(HELLO, TlsAcceptor::from(tls).accept(stream)).await {
                Ok(Ok(stream)) => self.speak(stream, peer, watcher).await,
                Ok(Err(error)) => tracing::debug!(%error, "no TLS"),
                Err(_) => tracing::debug!("no TLS in time"),
            },
        }
    }

    async fn speak(
        self: Arc<Self>,
        stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
        peer: SocketAddr,
        watcher: Watcher,
    ) {
        let handler = self.clone();
        let service = service_fn(move |request: Request<Incoming>| {
            let handler = handler.clone();
            async move { Ok::<Answer, Infallible>(handler.handle(peer, request).await) }
        });
        let service = ServiceBuilder::new().layer(self.cors(peer)).service(service);
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HELLO)
            .serve_connection(TokioIo::new(stream), TowerToHyperService::new(service));
        if let Err(error) = watcher.watch(connection).await {
            tracing::debug!(%error, "a connection broke");
        }
    }

    fn cors(self: &Arc<Self>, peer: SocketAddr) -> CorsLayer {
        let (origins, credentials) = (self.clone(), self.clone());
        let is_listed = move |origin: &HeaderValue, request: &Parts| {
            let settings = origins.settings.load();
            let is_equal = |listed: &String| listed.as_bytes() == origin.as_bytes();
            let is_listed = settings.origins.iter().any(is_equal);
            // Other requests come to the handler, which logs them.
            if !is_listed && request.method == Method::OPTIONS {
                origins.log_preflight(peer, origin);
            }
            is_listed
        };
        let headers = [
            AUTHORIZATION,
            CONTENT_TYPE,
            HeaderName::from_static("authorization-extras"),
            HeaderName::from_static("x-namespace"),
            REQUEST_ID,
        ];
        CorsLayer::new()
            .allow_origin(AllowOrigin::predicate(is_listed))
            .allow_credentials(AllowCredentials::predicate(move |_, _| {
                credentials.settings.load().credentials
            }))
            .allow_methods([Method::POST])
            .allow_headers(headers)
            .expose_headers([REQUEST_ID])
            .allow_private_network(true)
            .max_age(REMEMBERED)
    }
}
