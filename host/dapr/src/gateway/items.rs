//! Stream of work items: each is decoded for itself, and sent on as soon as it is.
//!
//! Items that need no store keep their order. One that waits is overtaken, and one that the app cannot get
//! is held back alone: the stream stays open, and other workflows go on.

use std::{pin::pin, sync::Arc};

use bytes::Bytes;
use cloakroom_core::{CallMemory, Charge};
use cloakroom_grpc::{
    Code, Status,
    deadline::GRPC_TIMEOUT,
    proxy::{
        Arrived, Connection, Frames, GatewayBody, MessageSender,
        headers::{self, GRPC_STATUS},
        pass_back,
    },
};
use futures::{StreamExt as _, stream, stream::FuturesUnordered};
use http::{HeaderMap, Request, Response};
use hyper::body::Incoming;

use super::{held::Held, sidecar::Sidecar, work::Work};
use crate::{ItemKind, WorkItemHead};

/// Items of one stream that are decoded at once.
const AT_ONCE: usize = 64;

/// An item, or what a stream has in its place.
enum Next {
    Item(Bytes, CallMemory, Charge),
    TooLarge(usize),
    End(HeaderMap),
}

/// Fate of an item.
enum Outcome {
    Sent,
    /// The caller is gone.
    Gone,
    Held(Box<Held>),
    End(HeaderMap),
}

/// Opens a stream of work items.
///
/// # Errors
/// The status that refuses the call.
pub(super) async fn stream(
    connection: &Arc<Connection<Sidecar>>,
    request: Request<Incoming>,
) -> Result<Response<GatewayBody>, Status> {
    let sidecar = &connection.proxy.protocol;
    let max = sidecar.settings().message;
    let (mut head, body) = request.into_parts();
    let message = {
        let memory = sidecar.pipeline().memory().admit().await;
        connection.read(body, &head.headers, max, &memory).await?.0
    };
    headers::describe_request(&mut head.headers);
    let (path, headers) = (head.uri.path().to_owned(), head.headers.clone());
    let again = || connection.request(&path, headers.clone(), message.clone()).ok();
    let body = GatewayBody::message(message.clone(), None, None);
    let response = connection.upstream.send(Request::from_parts(head, body), again).await?;
    if response.headers().contains_key(GRPC_STATUS) || !response.status().is_success() {
        return Ok(pass_back(response));
    }
    let (mut head, frames) = Frames::new(response, max);
    headers::remove_of_connection(&mut head.headers);
    headers::describe_response(&mut head.headers);
    // The deadline of the stream is none of the gateway's own calls.
    let mut headers = headers.clone();
    headers.remove(GRPC_TIMEOUT);
    let work = Work::new(connection.clone(), headers);
    let body = connection.stream(|sender| run(work, frames, sender));
    Ok(Response::from_parts(head, body))
}

/// Sends the items of a stream until it ends.
async fn run(work: Work, frames: Frames, sender: MessageSender) {
    let work = Arc::new(work);
    let arriving = {
        let work = work.clone();
        stream::unfold(Some(frames), move |frames| next(work.clone(), frames))
    };
    let decoding = {
        let (work, sender) = (work.clone(), sender.clone());
        arriving.map(move |next| handle(work.clone(), sender.clone(), next))
    };
    let decoding = decoding.buffer_unordered(AT_ONCE);
    let (mut decoding, mut held) = (pin!(decoding), FuturesUnordered::new());
    let mut drained = pin!(work.connection.proxy.drained());
    let trailers = loop {
        let outcome = tokio::select! {
            outcome = decoding.next() => outcome,
            Some(is_gone) = held.next(), if !held.is_empty() => {
                Some(if is_gone { Outcome::Gone } else { Outcome::Sent })
            }
            // Dapr delivers again what is open here, once the app has connected elsewhere.
            () = &mut drained => {
                let text = "the gateway is shutting down: connect again";
                break Status::new(Code::Unavailable, text).trailers();
            }
        };
        match outcome {
            Some(Outcome::Sent) => {}
            Some(Outcome::Held(item)) => held.push(item.wait(work.clone(), sender.clone())),
            Some(Outcome::End(trailers)) => break trailers,
            Some(Outcome::Gone) | None => return,
        }
    };
    sender.end(trailers).await;
}

/// Reads the next item. Behind the end there is none.
async fn next(work: Arc<Work>, frames: Option<Frames>) -> Option<(Next, Option<Frames>)> {
    let mut frames = frames?;
    let budget = || work.sidecar().pipeline().memory().clone();
    match frames.next(budget).await {
        Ok(Arrived::Message(bytes, memory, charge)) => {
            Some((Next::Item(bytes, memory, charge), Some(frames)))
        }
        Ok(Arrived::TooLarge(size)) => Some((Next::TooLarge(size), Some(frames))),
        Ok(Arrived::End(trailers)) if trailers.contains_key(GRPC_STATUS) => {
            Some((Next::End(trailers), None))
        }
        Ok(Arrived::End(_)) => {
            let text = "the sidecar ended the stream without a status";
            Some((Next::End(Status::new(Code::Unavailable, text).trailers()), None))
        }
        Err(status) => Some((Next::End(status.trailers()), None)),
    }
}

/// Decodes an item and sends it.
async fn handle(work: Arc<Work>, sender: MessageSender, next: Next) -> Outcome {
    let (bytes, memory, charge) = match next {
        Next::Item(bytes, memory, charge) => (bytes, memory, charge),
        Next::TooLarge(size) => {
            work.note_unread(size);
            return Outcome::Sent;
        }
        Next::End(trailers) => return Outcome::End(trailers),
    };
    charge.keep();
    let head = WorkItemHead::read(&bytes);
    work.waiting.supersede(&head);
    work.sidecar().answers.supersede(&head);
    let decoded = match work.decode(&bytes, &memory).await {
        Ok(decoded) => decoded,
        // What a later version of Dapr sends is for the app to judge.
        Err(_) if head.kind == ItemKind::Other => bytes,
        Err(refused) => return Outcome::Held(Box::new(Held::new(head, bytes, refused))),
    };
    if sender.send(decoded, Some(memory)).await { Outcome::Sent } else { Outcome::Gone }
}
