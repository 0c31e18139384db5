//! A call of a known method over HTTP/2: read, encoded, sent, and its answer decoded.

use std::pin::pin;

use bytes::Bytes;
use cloakroom_core::{CallMemory, Context};
use cloakroom_grpc::{
    Caller, RequestLog, Status,
    deadline::{self, GRPC_TIMEOUT, within},
    proxy::{
        GatewayBody, Received,
        headers::{self, GRPC_STATUS},
        pass_back,
    },
};
use cloakroom_wire::Method;
use http::{HeaderValue, Request, Response};
use hyper::body::Incoming;
use tokio::time::Instant;

use super::calls::Calls;
use crate::exchange::{Call, DECODED, Encoded, HistoryRequest, SERVICE};

/// Largest message in bytes that is kept until the frontend answers, to be sent again if the frontend
/// says that it did nothing with it. The caller repeats a larger one.
const SENT_AGAIN: usize = 64 << 10;

impl Calls<'_> {
    /// Encodes a request, sends it, and decodes the answer.
    ///
    /// # Errors
    /// The status that refuses the call.
    pub(super) async fn call(
        &self,
        method: &Method,
        name: &str,
        request: Request<Incoming>,
        caller: &Caller,
        log: &mut RequestLog,
    ) -> Result<Response<GatewayBody>, Status> {
        let (mut head, body) = request.into_parts();
        let deadline = deadline::deadline(&head.headers, Instant::now());
        let is_reader = caller.reads || self.gateway.settings.readers.has(&head.headers);
        let decodes = caller.decodes && self.gateway.settings.decode;
        let call = Call::new(method, name, &head.headers, caller);
        let call = Call { deadline, is_reader, decodes, ..call };
        let (encoded, memory) = {
            // Pinned where they are, as all large futures here: moving them takes longer than they do.
            let encoding = pin!(self.encode(&call, body, log));
            within(deadline, encoding).await?
        };
        let (ctx, message) = match encoded {
            Encoded::Request(ctx, message) => (ctx, message),
            Encoded::Answer(message) => return Ok(own_answer(message, Some(memory))),
        };
        let history = HistoryRequest::read(call.method, call.name, &ctx, &message);
        headers::describe_request(&mut head.headers);
        self.gateway.credentials.load().authorize(ctx.namespace_name(), &mut head.headers);
        let headers = head.headers.clone();
        let call = Call::new(method, name, &headers, caller);
        let call = Call { deadline, is_reader, decodes, history: history.as_ref(), ..call };
        if let Some(deadline) = deadline {
            // What encoding took is gone, and the frontend should not work for longer than its caller
            // waits.
            head.headers.insert(GRPC_TIMEOUT, deadline::remaining(deadline, Instant::now()));
        }
        // Not counted while the frontend works, and so only small.
        let kept = Some(message.clone()).filter(|message| message.len() <= SENT_AGAIN);
        let again = || {
            let mut headers = headers.clone();
            if let Some(deadline) = deadline {
                headers.insert(GRPC_TIMEOUT, deadline::remaining(deadline, Instant::now()));
            }
            self.connection.request(&format!("{SERVICE}{name}"), headers, kept?).ok()
        };
        let request = Request::from_parts(head, GatewayBody::message(message, None, Some(memory)));
        let asked = Instant::now();
        let sent = pin!(self.connection.upstream.send(request, again));
        let sent = within(deadline, sent);
        let response = if call.is_poll() {
            tokio::select! {
                response = sent => response?,
                // A poll that waits would hold the shutdown up for a minute. An empty answer is what
                // the frontend gives when there is no task.
                () = self.connection.proxy.drained() => return Ok(own_answer(Bytes::new(), None)),
            }
        } else {
            sent.await?
        };
        log.upstream = asked.elapsed();
        let answer = pin!(self.answer(&call, &ctx, response, log));
        within(deadline, answer).await
    }

    /// Reads and encodes a request.
    async fn encode(
        &self,
        call: &Call<'_>,
        body: Incoming,
        log: &mut RequestLog,
    ) -> Result<(Encoded, CallMemory), Status> {
        let exchange = &self.gateway.exchange;
        let memory = exchange.adapter.pipeline().memory().admit().await;
        let max = exchange.max_message;
        let (message, charge) = self.connection.read(body, call.headers, max, &memory).await?;
        let encoded = exchange.encode_request(self, call, message, &memory, log).await?;
        if !call.method.request.holds_payloads() {
            charge.keep();
        }
        Ok((encoded, memory))
    }

    /// Reads and decodes the answer to a call.
    async fn answer(
        &self,
        call: &Call<'_>,
        ctx: &Context,
        response: Response<Incoming>,
        log: &mut RequestLog,
    ) -> Result<Response<GatewayBody>, Status> {
        // An error is in the head, without a message.
        if !call.changes_answer()
            || response.headers().contains_key(GRPC_STATUS)
            || !response.status().is_success()
        {
            let mut response = pass_back(response);
            if !call.decodes {
                return Ok(response);
            }
            self.gateway.decode_details(ctx, call.headers, response.headers_mut()).await;
            return Ok(response);
        }
        let exchange = &self.gateway.exchange;
        let (mut head, body) = response.into_parts();
        let call = &Call { is_decoded: head.headers.contains_key(DECODED), ..*call };
        // Admitted only now: a poll that waits for a minute must not hold memory.
        let memory = exchange.adapter.pipeline().memory().admit().await;
        let max = exchange.max_message;
        let received = Received::read(body, &head.headers, max, &memory).await?;
        headers::remove_of_connection(&mut head.headers);
        headers::describe_response(&mut head.headers);
        let Received { message, mut trailers, charge } = received;
        let Some(message) = message else {
            // Details are admitted for themselves: whoever waits must hold no memory.
            drop((charge, memory));
            if let Some(trailers) = &mut trailers {
                self.gateway.decode_details(ctx, call.headers, trailers).await;
            }
            let mut body = GatewayBody::empty();
            body.set_trailers(trailers);
            return Ok(Response::from_parts(head, body));
        };
        charge.keep();
        head.headers.insert(DECODED, HeaderValue::from_static("1"));
        let message = exchange.decode_answer(self, call, ctx, message, &memory, log).await?;
        Ok(Response::from_parts(head, GatewayBody::message(message, trailers, Some(memory))))
    }
}

/// Returns an answer that the gateway makes itself, and whose memory is counted until it is sent. An empty
/// one to a poll says that there is no task.
fn own_answer(message: Bytes, memory: Option<CallMemory>) -> Response<GatewayBody> {
    let mut response = GatewayBody::answer(message, memory);
    response.headers_mut().insert(DECODED, HeaderValue::from_static("1"));
    response
}
