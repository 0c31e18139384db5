//! Calls of WorkflowService as no SDK makes them.

use std::net::SocketAddr;

use bytes::Bytes;
use http::Request;
use tokio::net::TcpStream;

use crate::worker::until;

/// The answer to a call.
pub(crate) struct Answer {
    pub(crate) code: String,
    pub(crate) message: String,
    pub(crate) body: Bytes,
}

/// Calls a method with these headers and this message. A server that has just started does not know its
/// namespace for a moment.
pub(crate) async fn call(
    address: SocketAddr,
    method: &str,
    headers: &[(&str, &str)],
    message: &[u8],
) -> Answer {
    call_with(address, method, headers, 0, message).await
}

/// The same with the flag of a message: 1 says that it is compressed.
pub(crate) async fn call_with(
    address: SocketAddr,
    method: &str,
    headers: &[(&str, &str)],
    flag: u8,
    message: &[u8],
) -> Answer {
    let called = async || {
        let answer = call_once(address, method, headers, flag, message).await;
        let is_early = answer.message.ends_with("default is not found.");
        if is_early { Err(answer.message) } else { Ok(answer) }
    };
    until(called).await
}

async fn call_once(
    address: SocketAddr,
    method: &str,
    headers: &[(&str, &str)],
    flag: u8,
    message: &[u8],
) -> Answer {
    let stream = TcpStream::connect(address).await.unwrap();
    let (client, connection) = h2::client::handshake(stream).await.unwrap();
    let connection = tokio::spawn(connection);
    let mut client = client.ready().await.unwrap();
    let service = "temporal.api.workflowservice.v1.WorkflowService";
    let mut request = Request::post(format!("http://{address}/{service}/{method}"));
    let own = [("content-type", "application/grpc"), ("te", "trailers")];
    for (name, value) in own.iter().chain(headers) {
        request = request.header(*name, *value);
    }
    let length = u32::try_from(message.len()).unwrap().to_be_bytes();
    let (answer, mut sending) = client.send_request(request.body(()).unwrap(), false).unwrap();
    // Whoever refuses a call may do so before it has come whole, which ends the stream.
    let _ = sending.send_data([&[flag][..], &length, message].concat().into(), true);
    let (head, mut receiving) = answer.await.unwrap().into_parts();
    let mut body = Vec::new();
    while let Some(part) = receiving.data().await {
        let part = part.unwrap();
        receiving.flow_control().release_capacity(part.len()).unwrap();
        body.extend_from_slice(&part);
    }
    let trailers = receiving.trailers().await.unwrap().unwrap_or_default();
    let text = |name| {
        let value = head.headers.get(name).or_else(|| trailers.get(name));
        value.map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default()
    };
    let (code, message) = (text("grpc-status"), text("grpc-message"));
    connection.abort();
    // The message follows a flag and its length.
    let body = body.get(5..).map(Bytes::copy_from_slice).unwrap_or_default();
    Answer { code, message, body }
}
