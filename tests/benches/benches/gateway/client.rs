//! So many callers that each call again as soon as they are answered.

use std::{
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use cloakroom_benches::Turn;
use http::{Request, Response, Version};
use http_body_util::BodyExt as _;
use hyper::{
    body::Incoming,
    client::conn::http2::{Builder, SendRequest},
};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
};
use tokio_rustls::TlsConnector;

use crate::{dapr::turns, message::Message, messages, proxy::Proxy, story::Story};

const WINDOW: u32 = 4 << 20;

/// Time that a proxy may take from listening to serving.
const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) async fn turn(proxy: &Proxy, story: &Story) -> Turn {
    if story.results > 0 {
        return turns::turn(proxy, story).await;
    }
    let mut connections = Vec::new();
    for _ in 0..story.connections {
        connections.push(open(proxy.address, story).await);
    }
    let ask = Arc::new(Ask {
        uri: story.uri(proxy.address),
        request: story.request.clone(),
        is_gzip: story.is_gzip,
    });
    // Connections, pools and the proxy's own connection to the frontend.
    for connection in &mut connections {
        call_until_served(connection, &ask).await;
    }
    let (worked, began) = (proxy.worked(), Instant::now());
    let callers = (0..story.callers).map(|caller| {
        let (mut connection, ask) = (connections[caller % connections.len()].clone(), ask.clone());
        let (calls, answer) = (story.calls / story.callers, story.answer(proxy));
        tokio::spawn(async move {
            let mut latencies = Vec::with_capacity(calls);
            for _ in 0..calls {
                let asked = Instant::now();
                call(&mut connection, &ask, answer).await;
                latencies.push(asked.elapsed().as_secs_f64());
            }
            latencies
        })
    });
    let mut latencies = Vec::new();
    for caller in callers.collect::<Vec<_>>() {
        latencies.extend(caller.await.expect("every call is answered"));
    }
    let (took, worked) = (began.elapsed().as_secs_f64(), proxy.worked() - worked);
    Turn::new(latencies, took, worked)
}

/// Sends a signal as soon as the proxy serves: one may listen before its parts have found each other.
pub(crate) async fn signal(proxy: &Proxy, message: &[u8]) {
    let socket = TcpStream::connect(proxy.address).await.expect("it listens");
    let service = "temporal.api.workflowservice.v1.WorkflowService";
    let uri = format!("http://{}/{service}/SignalWorkflowExecution", proxy.address);
    let uri = uri.parse().expect("a URI");
    let ask = Ask { uri, request: messages::framed(message, false), is_gzip: false };
    call_until_served(&mut handshake(socket).await, &ask).await;
}

/// A call that is made again and again.
pub(crate) struct Ask {
    pub(crate) uri: http::Uri,
    pub(crate) request: Bytes,
    pub(crate) is_gzip: bool,
}

pub(crate) async fn open(address: SocketAddr, story: &Story) -> SendRequest<Message> {
    let socket = TcpStream::connect(address).await.expect("it listens");
    socket.set_nodelay(true).expect("a socket");
    let Some(authority) = &story.tls else { return handshake(socket).await };
    let name = address.ip().into();
    let tls = TlsConnector::from(authority.caller()).connect(name, socket).await;
    handshake(tls.expect("TLS")).await
}

async fn handshake(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
) -> SendRequest<Message> {
    let (sender, connection) = Builder::new(TokioExecutor::new())
        .initial_stream_window_size(WINDOW)
        .initial_connection_window_size(WINDOW)
        .handshake(TokioIo::new(stream))
        .await
        .expect("HTTP/2");
    tokio::spawn(connection);
    sender
}

/// Calls, and checks that the answer is one of success and has this size.
async fn call(connection: &mut SendRequest<Message>, ask: &Ask, answer: usize) {
    let (status, text, body) = exchange(connection, ask).await;
    assert_eq!(status.as_deref(), Some("0"), "{text:?}");
    assert_eq!(body.len(), answer, "another answer than expected");
}

/// Calls until the answer is one of success.
pub(crate) async fn call_until_served(connection: &mut SendRequest<Message>, ask: &Ask) {
    let began = Instant::now();
    loop {
        let (status, text, _) = exchange(connection, ask).await;
        if status.as_deref() == Some("0") {
            return;
        }
        assert!(began.elapsed() < PATIENCE, "{status:?}: {text:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Returns status, text and body of an answer.
async fn exchange(
    connection: &mut SendRequest<Message>,
    ask: &Ask,
) -> (Option<String>, Option<String>, Bytes) {
    let response = send(connection, ask).await;
    let head = response.headers().clone();
    let body = response.into_body().collect().await.expect("an answer");
    let trailers = body.trailers().cloned().unwrap_or_default();
    let find = |name| {
        let value = head.get(name).or_else(|| trailers.get(name))?;
        Some(String::from_utf8_lossy(value.as_bytes()).into_owned())
    };
    (find("grpc-status"), find("grpc-message"), body.to_bytes())
}

/// Sends a call, and returns its answer as soon as it begins.
pub(crate) async fn send(connection: &mut SendRequest<Message>, ask: &Ask) -> Response<Incoming> {
    let mut request = Request::post(ask.uri.clone())
        .version(Version::HTTP_2)
        .header("content-type", "application/grpc")
        .header("te", "trailers")
        // As all SDKs send it.
        .header("grpc-timeout", "10S");
    if ask.is_gzip {
        request = request.header("grpc-encoding", "gzip");
    }
    let request = request.body(Message::new(ask.request.clone())).expect("a request");
    connection.ready().await.expect("it serves");
    connection.send_request(request).await.expect("an answer")
}
