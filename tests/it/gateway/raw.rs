//! Calls of WorkflowService as no SDK makes them.

use std::net::SocketAddr;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::{Request, client::conn::http2::handshake};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpStream;

/// The answer to a call.
pub(crate) struct Answer {
    pub(crate) code: String,
    pub(crate) message: String,
    pub(crate) body: Bytes,
}

/// Calls a method with these headers and this message.
pub(crate) async fn call(
    address: SocketAddr,
    method: &str,
    headers: &[(&str, &str)],
    message: &[u8],
) -> Answer {
    let stream = TcpStream::connect(address).await.unwrap();
    let opened = handshake(TokioExecutor::new(), TokioIo::new(stream)).await;
    let (mut sender, connection) = opened.unwrap();
    let connection = tokio::spawn(connection);
    let service = "temporal.api.workflowservice.v1.WorkflowService";
    let mut request = Request::post(format!("http://{address}/{service}/{method}"));
    let own = [("content-type", "application/grpc"), ("te", "trailers")];
    for (name, value) in own.iter().chain(headers) {
        request = request.header(*name, *value);
    }
    let length = u32::try_from(message.len()).unwrap().to_be_bytes();
    let body = [&[0][..], &length, message].concat();
    let request = request.body(Full::new(Bytes::from(body))).unwrap();
    let (head, body) = sender.send_request(request).await.unwrap().into_parts();
    let body = body.collect().await.unwrap();
    let trailers = body.trailers().cloned().unwrap_or_default();
    let text = |name| {
        let value = head.headers.get(name).or_else(|| trailers.get(name));
        value.map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default()
    };
    let (code, message) = (text("grpc-status"), text("grpc-message"));
    let body = body.to_bytes();
    connection.abort();
    Answer { code, message, body: body.slice(body.len().min(5)..) }
}
