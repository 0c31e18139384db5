//! Connections: taken, and seen off.

use std::{future::Future, sync::Arc, time::Duration};

use cloakroom_core::{Error, ErrorKind};
use http::{
    HeaderName, HeaderValue, Method, Request,
    header::{AUTHORIZATION, CONTENT_TYPE},
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

use super::{CodecServer, Shared, answer::Answer};

/// How long a client may take to say hello, and to say what it wants.
const HELLO: Duration = Duration::from_secs(10);

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
            let Some((stream, place)) = stream else {
                continue;
            };
            let (shared, watcher) = (shared.clone(), graceful.watcher());
            tokio::spawn(async move {
                shared.connect(stream, watcher).await;
                drop(place);
            });
        }
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
async fn accept(listener: &TcpListener, shared: &Shared) -> Option<(TcpStream, Place)> {
    let place = shared.connections.clone().acquire_owned().await.ok()?;
    match listener.accept().await {
        Ok((stream, _)) => Some((stream, place)),
        Err(error) => {
            // Out of descriptors, most likely: asking again at once would only keep us busy.
            tracing::warn!(%error, "cannot take a connection");
            tokio::time::sleep(Duration::from_millis(100)).await;
            None
        }
    }
}

impl Shared {
    async fn connect(self: Arc<Self>, stream: TcpStream, watcher: Watcher) {
        let _ = stream.set_nodelay(true);
        match self.settings.load().tls.clone() {
            None => self.speak(stream, watcher).await,
            Some(tls) => match timeout(HELLO, TlsAcceptor::from(tls).accept(stream)).await {
                Ok(Ok(stream)) => self.speak(stream, watcher).await,
                Ok(Err(error)) => tracing::debug!(%error, "no TLS"),
                Err(_) => tracing::debug!("no TLS in time"),
            },
        }
    }

    async fn speak(
        self: Arc<Self>,
        stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
        watcher: Watcher,
    ) {
        let handler = self.clone();
        let service = service_fn(move |request: Request<Incoming>| {
            let handler = handler.clone();
            async move { Ok::<Answer, std::convert::Infallible>(handler.handle(request).await) }
        });
        let service = ServiceBuilder::new().layer(self.cors()).service(service);
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HELLO)
            .serve_connection(TokioIo::new(stream), TowerToHyperService::new(service));
        if let Err(error) = watcher.watch(connection).await {
            tracing::debug!(%error, "a connection broke");
        }
    }

    fn cors(self: &Arc<Self>) -> CorsLayer {
        let (origins, credentials) = (self.clone(), self.clone());
        let is_listed = move |origin: &HeaderValue| {
            let settings = origins.settings.load();
            settings.origins.iter().any(|listed| listed.as_bytes() == origin.as_bytes())
        };
        let headers = [
            AUTHORIZATION,
            CONTENT_TYPE,
            HeaderName::from_static("authorization-extras"),
            HeaderName::from_static("x-namespace"),
        ];
        CorsLayer::new()
            .allow_origin(AllowOrigin::predicate(move |origin, _| is_listed(origin)))
            .allow_credentials(AllowCredentials::predicate(move |_, _| {
                credentials.settings.load().credentials
            }))
            .allow_methods([Method::POST])
            .allow_headers(headers)
            .allow_private_network(true)
            .max_age(REMEMBERED)
    }
}
