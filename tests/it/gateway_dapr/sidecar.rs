//! A server in the place of a sidecar, and a client in the place of an app: both speak gRPC as it is on
//! the wire.

use std::net::SocketAddr;

use bytes::{Buf as _, Bytes, BytesMut};
use cloakroom_tests::{PATIENCE, dapr_protos::WorkItem};
use h2::{RecvStream, SendStream, client::SendRequest, server::SendResponse};
use http::{HeaderMap, HeaderValue, Request, Response};
use prost::Message as _;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel},
    time::timeout,
};

/// The token that an app presents to its sidecar.
pub(super) const TOKEN: &str = "token-of-the-app-Rm4";

/// A call that the sidecar got.
pub(super) struct Got {
    path: String,
    pub(super) headers: HeaderMap,
    pub(super) message: Bytes,
}

/// A server in the place of a sidecar.
pub(super) struct Sidecar {
    address: SocketAddr,
    got: UnboundedReceiver<Got>,
    streams: UnboundedReceiver<Items>,
}

/// The stream of work items, on the side of the sidecar.
pub(super) struct Items(SendStream<Bytes>);

impl Sidecar {
    /// Starts one whose app has this id.
    pub(super) async fn start(app: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let ((calls, got), (opened, streams)) = (unbounded_channel(), unbounded_channel());
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (calls, opened) = (calls.clone(), opened.clone());
                tokio::spawn(async move {
                    let mut connection = h2::server::handshake(stream).await.unwrap();
                    while let Some(Ok((request, respond))) = connection.accept().await {
                        let (calls, opened) = (calls.clone(), opened.clone());
                        tokio::spawn(answer(app, request, respond, calls, opened));
                    }
                });
            }
        });
        Self { address, got, streams }
    }

    pub(super) fn url(&self) -> String {
        format!("http://{}", self.address)
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

/// Answers each call with the message that it sent, and knows the id of its app.
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
    let response = Response::builder().header("content-type", "application/grpc").body(());
    let mut sending = respond.send_response(response.unwrap(), false).unwrap();
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
        self.0.send_data(framed(&item.encode_to_vec()), false).unwrap();
    }

    pub(super) fn end(mut self, code: &'static str) {
        self.0.send_trailers(status(code)).unwrap();
    }
}

/// A client in the place of an app.
pub(super) struct Caller(SendRequest<Bytes>, SocketAddr);

/// The answer to a call.
pub(super) struct Answer {
    pub(super) code: String,
    pub(super) message: String,
    pub(super) body: Bytes,
}

/// The stream of work items, on the side of the app.
pub(super) struct Arriving {
    body: RecvStream,
    rest: BytesMut,
}

impl Caller {
    pub(super) async fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).await.unwrap();
        let (client, connection) = h2::client::handshake(stream).await.unwrap();
        tokio::spawn(connection);
        Self(client, address)
    }

    async fn open(&self, path: &str, message: &[u8]) -> Response<RecvStream> {
        let mut client = self.0.clone().ready().await.unwrap();
        let request = Request::post(format!("http://{}{path}", self.1))
            .header("content-type", "application/grpc")
            .header("te", "trailers")
            .header("dapr-api-token", TOKEN);
        let (answer, mut sending) = client.send_request(request.body(()).unwrap(), false).unwrap();
        // Whoever refuses a call may do so before it has come whole.
        let _ = sending.send_data(framed(message), true);
        answer.await.unwrap()
    }

    /// Makes a unary call.
    pub(super) async fn call(&self, path: &str, message: &[u8]) -> Answer {
        let (head, mut body) = self.open(path, message).await.into_parts();
        let message = read(&mut body).await;
        let trailers = body.trailers().await.unwrap().unwrap_or_default();
        let text = |name| {
            let value = head.headers.get(name).or_else(|| trailers.get(name));
            value.map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default()
        };
        Answer { code: text("grpc-status"), message: text("grpc-message"), body: message }
    }

    /// Opens a stream.
    pub(super) async fn stream(&self, path: &str) -> Arriving {
        let body = self.open(path, b"").await.into_body();
        Arriving { body, rest: BytesMut::new() }
    }
}

impl Arriving {
    /// Waits for the next message.
    pub(super) async fn next(&mut self) -> Bytes {
        loop {
            if let Some(message) = take(&mut self.rest) {
                return message;
            }
            let part = timeout(PATIENCE, self.body.data()).await.expect("a message");
            let part = part.expect("an open stream").unwrap();
            self.body.flow_control().release_capacity(part.len()).unwrap();
            self.rest.extend_from_slice(&part);
        }
    }

    /// Waits for the end, and returns its status.
    pub(super) async fn end(mut self) -> String {
        let ended = async {
            while let Some(part) = self.body.data().await {
                assert!(part.unwrap().is_empty(), "a message behind the last one");
            }
            self.body.trailers().await.unwrap().expect("trailers")
        };
        let trailers = timeout(PATIENCE, ended).await.expect("the end");
        trailers["grpc-status"].to_str().unwrap().to_owned()
    }
}

async fn read(body: &mut RecvStream) -> Bytes {
    let mut bytes = BytesMut::new();
    while let Some(Ok(part)) = body.data().await {
        body.flow_control().release_capacity(part.len()).unwrap();
        bytes.extend_from_slice(&part);
    }
    take(&mut bytes).unwrap_or_default()
}

/// Takes a whole message from behind its prefix.
fn take(bytes: &mut BytesMut) -> Option<Bytes> {
    let length = bytes.get(1..5)?.try_into().unwrap();
    let length = usize::try_from(u32::from_be_bytes(length)).unwrap();
    if bytes.len() < 5 + length {
        return None;
    }
    bytes.advance(5);
    Some(bytes.split_to(length).freeze())
}

fn framed(message: &[u8]) -> Bytes {
    let length = u32::try_from(message.len()).unwrap().to_be_bytes();
    [&[0][..], &length, message].concat().into()
}

fn status(code: &'static str) -> HeaderMap {
    HeaderMap::from_iter([("grpc-status".parse().unwrap(), HeaderValue::from_static(code))])
}
