//! A unary call of the workflow engine: read, encoded, sent, and its answer decoded.

use std::sync::Arc;

use bytes::Bytes;
use cloakroom_core::CallMemory;
use cloakroom_grpc::{
    RequestLog, Status,
    deadline::{self, GRPC_TIMEOUT, within},
    proxy::{
        Connection, GatewayBody, Received,
        headers::{self, GRPC_STATUS},
        pass_back,
    },
};
use http::{HeaderMap, Request, Response, request::Parts};
use hyper::body::Incoming;
use tokio::time::Instant;

use super::{answer::Answer, histories, refusal, sidecar::Sidecar};
use crate::{Call, Exchange};

/// Largest message in bytes that is kept until the sidecar answers, to be sent again if the sidecar says
/// that it did nothing with it. The caller repeats a larger one.
const SENT_AGAIN: usize = 64 << 10;

/// Encodes a request, sends it, and decodes the answer.
///
/// # Errors
/// The status that refuses the call.
pub(super) async fn call(
    connection: &Arc<Connection<Sidecar>>,
    request: Request<Incoming>,
    log: &mut RequestLog,
) -> Result<Response<GatewayBody>, Status> {
    let (mut head, body) = request.into_parts();
    let path = head.uri.path().to_owned();
    let deadline = deadline::deadline(&head.headers, Instant::now());
    let encoding = encode(connection, &path, &head.headers, body, log);
    let (message, memory) = within(deadline, encoding).await?;
    headers::describe_request(&mut head.headers);
    let sending = send(connection, &path, head, message, memory, deadline);
    let asked = Instant::now();
    let response = within(deadline, sending).await?;
    log.upstream = asked.elapsed();
    within(deadline, decode(connection, &path, response, log)).await
}

/// Reads and encodes a request.
async fn encode(
    connection: &Arc<Connection<Sidecar>>,
    path: &str,
    headers: &HeaderMap,
    body: Incoming,
    log: &mut RequestLog,
) -> Result<(Bytes, CallMemory), Status> {
    let sidecar = &connection.proxy.protocol;
    let memory = sidecar.pipeline().memory().admit().await;
    let max = sidecar.settings().message;
    let (message, charge) = connection.read(body, headers, max, &memory).await?;
    charge.keep();
    let encoded = match Answer::read(connection, path, message.clone(), memory.clone()) {
        Some(answer) => answer.encode().await,
        None => {
            let call = Call { path, memory: Some(&memory) };
            let encoded = sidecar.exchange.encode_request(&call, message).await;
            encoded.map(|encoded| (encoded, memory))
        }
    };
    let (encoded, memory) = encoded.map_err(|error| Status::from_error(&error))?;
    log.payloads = encoded.payloads;
    if let Some(instance) = encoded.unknown_instance {
        histories::learn(connection, headers.clone(), instance);
    }
    Ok((encoded.bytes, memory))
}

async fn send(
    connection: &Connection<Sidecar>,
    path: &str,
    mut head: Parts,
    message: Bytes,
    memory: CallMemory,
    deadline: Option<Instant>,
) -> Result<Response<Incoming>, Status> {
    if let Some(deadline) = deadline {
        // What encoding took is gone, and the sidecar should not work for longer than its caller waits.
        head.headers.insert(GRPC_TIMEOUT, deadline::remaining(deadline, Instant::now()));
    }
    // Not counted while the sidecar works, and so only small.
    let kept = Some(message.clone()).filter(|message| message.len() <= SENT_AGAIN);
    let headers = head.headers.clone();
    let again = || connection.request(path, headers, kept?).ok();
    let request = Request::from_parts(head, GatewayBody::message(message, None, Some(memory)));
    connection.upstream.send(request, again).await
}

/// Reads and decodes the answer to a call.
async fn decode(
    connection: &Connection<Sidecar>,
    path: &str,
    response: Response<Incoming>,
    log: &mut RequestLog,
) -> Result<Response<GatewayBody>, Status> {
    // An error is in the head, without a message.
    if !Exchange::holds_payloads(path).1
        || response.headers().contains_key(GRPC_STATUS)
        || !response.status().is_success()
    {
        return Ok(pass_back(response));
    }
    let sidecar = &connection.proxy.protocol;
    let (mut head, body) = response.into_parts();
    // Admitted only now: a call that waits for the end of a workflow must hold no memory.
    let memory = sidecar.pipeline().memory().admit().await;
    let max = sidecar.settings().message;
    let received = Received::read(body, &head.headers, max, &memory).await?;
    headers::remove_of_connection(&mut head.headers);
    headers::describe_response(&mut head.headers);
    let Received { message, trailers, charge } = received;
    let Some(message) = message else {
        let mut body = GatewayBody::empty();
        body.set_trailers(trailers);
        return Ok(Response::from_parts(head, body));
    };
    charge.keep();
    let call = Call { path, memory: Some(&memory) };
    let decoded = sidecar.exchange.decode_answer(&call, message, most(sidecar)).await;
    let decoded = decoded.map_err(|refused| refusal::status(&refused))?;
    log.payloads += decoded.payloads;
    Ok(Response::from_parts(head, GatewayBody::message(decoded.bytes, trailers, Some(memory))))
}

/// Returns the most bytes that the app receives.
fn most(sidecar: &Sidecar) -> usize {
    let settings = sidecar.settings();
    let app = usize::try_from(settings.app_max_message).ok().filter(|most| *most > 0);
    app.unwrap_or(usize::MAX).min(settings.message.as_usize())
}
