//! A server in the place of a sidecar, which speaks gRPC as it is on the wire.

use std::{net::SocketAddr, sync::Arc};

use bytes::Bytes;
use cloakroom_tests::{PATIENCE, dapr_protos::WorkItem};
use h2::{RecvStream, SendStream, server::SendResponse};
use http::{HeaderMap, Request, Response};
use prost::Message as _;
use rustls::ServerConfig;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpListener,
    sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel},
    time::timeout,
};
use tokio_rustls::TlsAcceptor;

use super::wire::{TOKEN, compressed, framed, read, status};

/// A call that the sidecar got.
pub(super) struct Got {
    path: String,
    pub(super) headers: HeaderMap,
    pub(super) message: Bytes,
}

/// A server in the place of a sidecar.
pub(super) struct Sidecar {
    address: SocketAddr,
    scheme: &'static str,
    got: UnboundedReceiver<Got>,
    streams: UnboundedReceiver<Items>,
}

/// The stream of work items, on the side of the sidecar.
pub(super) struct Items(SendStream<Bytes>);

impl Sidecar {
    /// Starts one whose app has this id.
    pub(super) async fn start(app: &'static str) -> Self {
        Self::start_with(app, None).await
    }

    /// Starts one that serves TLS.
    pub(super) async fn start_with(app: &'static str, tls: Option<ServerConfig>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let ((calls, got), (opened, streams)) = (unbounded_channel(), unbounded_channel());
        let scheme = if tls.is_some() { "https" } else { "http" };
        let tls = tls.map(|config| TlsAcceptor::from(Arc::new(config)));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (calls, opened, tls) = (calls.clone(), opened.clone(), tls.clone());
                tokio::spawn(async move {
                    match tls {
                        None => serve(app, stream, calls, opened).await,
                        Some(tls) => {
                            // Whoever it does not trust gets no connection.
                            let Ok(stream) = tls.accept(stream).await else { return };
                            serve(app, stream, calls, opened).await;
                        }
                    }
                });
            }
        });
        Self { address, scheme, got, streams }
    }

    pub(super) fn url(&self) -> String {
        format!("{}://{}", self.scheme, self.address)
    }

    /// Waits for a call of this method.
    pub(super) async fn next(&mut self, path: &str) -> Got {
        loop {
            let got = timeout(PATIENCE, self.got.recv()).await.expect("a call").unwrap();
            if got.path == path {
                return got;
            }
            // What the gateway asks on its own account.
            assert!(got.path.ends_with("/GetInstanceHistory"), "{}", got.path);
        }
    }

    /// Waits until the gateway has opened a stream of work items.
    pub(super) async fn stream(&mut self) -> Items {
        timeout(PATIENCE, self.streams.recv()).await.expect("a stream").unwrap()
    }

    /// Returns whether no call has come that nobody waited for.
    pub(super) fn is_silent(&mut self) -> bool {
        std::iter::from_fn(|| self.got.try_recv().ok())
            .all(|got| got.path.ends_with("/GetInstanceHistory"))
    }
}

async fn serve(
    app: &'static str,
    stream: impl AsyncRead + AsyncWrite + Unpin,
    calls: UnboundedSender<Got>,
    opened: UnboundedSender<Items>,
) {
    let mut connection = h2::server::handshake(stream).await.unwrap();
    while let Some(Ok((request, respond))) = connection.accept().await {
        tokio::spawn(answer(app, request, respond, calls.clone(), opened.clone()));
    }
}

/// Answers each call with the message that it sent, and knows the id of its app. Whoever presents no token
/// of the app is refused, as a sidecar with `DAPR_API_TOKEN` does.
async fn answer(
    app: &str,
    request: Request<RecvStream>,
    mut respond: SendResponse<Bytes>,
    calls: UnboundedSender<Got>,
    opened: UnboundedSender<Items>,
) {
    let (head, mut body) = request.into_parts();
    let path = head.uri.path().to_owned();
    let message = read(&mut body).await;
    let mut response = Response::builder().header("content-type", "application/grpc");
    if head.headers.get("dapr-api-token").is_none_or(|token| token != TOKEN) {
        response = response.header("grpc-status", "16");
        let _ = respond.send_response(response.body(()).unwrap(), true);
        return;
    }
    // A message need not be compressed all the same.
    response = response.header("grpc-encoding", "gzip");
    let mut sending = respond.send_response(response.body(()).unwrap(), false).unwrap();
    if path.ends_with("/GetWorkItems") {
        let _ = opened.send(Items(sending));
        return;
    }
    let answer = match path.rsplit('/').next() {
        Some("GetMetadata") => [&b"\x0a\x06"[..], app.as_bytes(), b"\x12\x00"].concat(),
        // The history of an instance that it does not know.
        Some("GetInstanceHistory") => Vec::new(),
        _ => message.to_vec(),
    };
    let is_metadata = path.ends_with("/GetMetadata");
    if !is_metadata {
        let _ = calls.send(Got { path, headers: head.headers, message });
    }
    let _ = sending.send_data(framed(&answer), false);
    let _ = sending.send_trailers(status("0"));
}

impl Items {
    pub(super) fn send(&mut self, item: &WorkItem) {
        self.send_bytes(framed(&item.encode_to_vec()));
    }

    /// Sends an item with gzip.
    pub(super) fn send_compressed(&mut self, item: &[u8]) {
        self.send_bytes(compressed(item));
    }

    /// Sends bytes as they are.
    pub(super) fn send_bytes(&mut self, bytes: Bytes) {
        self.0.send_data(bytes, false).unwrap();
    }

    pub(super) fn end(mut self, code: &'static str) {
        self.0.send_trailers(status(code)).unwrap();
    }
}
