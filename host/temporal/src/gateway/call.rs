//! A call of a known method: its request is encoded, and its answer decoded.

use std::future::Future;

use bytes::Bytes;
use cloakroom_core::{CallMemory, Context, Error};
use cloakroom_wire::Method;
use http::{HeaderMap, Request, Response};
use hyper::body::Incoming;
use tokio::time::{Instant, timeout_at};

use super::{
    accept::drained,
    body::GatewayBody,
    connection::Connection,
    deadline::{self, GRPC_TIMEOUT},
    headers,
    message::{self, Received},
    namespace_limits,
    pass_on::pass_back,
    proxy::GatewayState,
    request_log::RequestLog,
    status::{Code, GRPC_STATUS, Status},
};

impl Connection {
    /// Encodes a request, sends it, and decodes the answer.
    ///
    /// # Errors
    /// The status that refuses the call.
    pub(super) async fn call(
        &self,
        method: &Method,
        name: &str,
        request: Request<Incoming>,
        log: &mut RequestLog,
    ) -> Result<Response<GatewayBody>, Status> {
        let (mut head, body) = request.into_parts();
        let deadline = deadline::deadline(&head.headers, Instant::now());
        let encoding = self.encode(method, &head.headers, body, log);
        let (ctx, message, memory) = within(deadline, encoding).await?;
        headers::describe_request(&mut head.headers);
        let caller = head.headers.clone();
        if let Some(deadline) = deadline {
            // What encoding took is gone, and the frontend should not work for longer than its caller
            // waits.
            head.headers.insert(GRPC_TIMEOUT, deadline::remaining(deadline, Instant::now()));
        }
        let request = Request::from_parts(head, GatewayBody::message(message, None, Some(memory)));
        let asked = Instant::now();
        let mut draining = self.gateway.draining.subscribe();
        let answered = within(deadline, self.upstream.send(request));
        let response = if is_poll(name) {
            tokio::select! {
                answered = answered => answered?,
                // A poll that waits would hold the shutdown up for a minute. An empty answer is what
                // the frontend gives when there is no task.
                () = drained(&mut draining) => return Ok(no_task()),
            }
        } else {
            answered.await?
        };
        log.upstream = asked.elapsed();
        within(deadline, self.answer(method, name, &ctx, &caller, response, log)).await
    }

    /// Reads and encodes a request.
    async fn encode(
        &self,
        method: &Method,
        headers: &HeaderMap,
        body: Incoming,
        log: &mut RequestLog,
    ) -> Result<(Context, Bytes, CallMemory), Status> {
        let gateway = &self.gateway;
        let memory = gateway.adapter.pipeline().memory().admit().await;
        let encoding = headers.get(headers::GRPC_ENCODING);
        let max = gateway.settings.message;
        let received = message::read(body, encoding, max, &memory).await?;
        let Received { message: Some(message), charge, .. } = received else {
            return Err(Status::new(Code::InvalidArgument, "the call has no message"));
        };
        let ctx = GatewayState::context(method, &message);
        log.namespace = ctx.namespace_name().map(str::to_owned);
        check_namespace(&ctx, headers)?;
        if !method.request.holds_payloads() {
            charge.keep();
            return Ok((ctx, message, memory));
        }
        let counted = ctx.clone().with_memory(memory.clone());
        let encoded = gateway.encode_message(&counted, method.request, message).await;
        let (message, payloads) = encoded.map_err(|error| gateway.refuse(error))?;
        log.payloads += payloads;
        Ok((ctx, message, memory))
    }

    /// Reads and decodes the answer to a call.
    async fn answer(
        &self,
        method: &Method,
        name: &str,
        ctx: &Context,
        caller: &HeaderMap,
        response: Response<Incoming>,
        log: &mut RequestLog,
    ) -> Result<Response<GatewayBody>, Status> {
        let is_plain = !method.response.holds_payloads() && name != namespace_limits::METHOD;
        // An error is in the head, without a message.
        if is_plain
            || response.headers().contains_key(GRPC_STATUS)
            || !response.status().is_success()
        {
            return Ok(pass_back(response));
        }
        let gateway = &self.gateway;
        let (mut head, body) = response.into_parts();
        // Admitted only now: a poll that waits for a minute must not hold memory.
        let memory = gateway.adapter.pipeline().memory().admit().await;
        let encoding = head.headers.get(headers::GRPC_ENCODING).cloned();
        let max = gateway.settings.message;
        let received = message::read(body, encoding.as_ref(), max, &memory).await?;
        headers::remove_of_connection(&mut head.headers);
        headers::describe_response(&mut head.headers);
        let Received { message, trailers, charge } = received;
        let Some(message) = message else {
            let mut body = GatewayBody::empty();
            body.set_trailers(trailers);
            return Ok(Response::from_parts(head, body));
        };
        charge.keep();
        let counted = ctx.clone().with_memory(memory.clone());
        let message = if name == namespace_limits::METHOD {
            gateway.raise_limits(method.response, ctx, &message).unwrap_or(message)
        } else {
            match gateway.decode_message(&counted, method.response, message.clone()).await {
                Ok((message, payloads)) => {
                    log.payloads += payloads;
                    message
                }
                Err(error) => {
                    let error = gateway.named(error);
                    self.without_undecodable(method, name, &counted, caller, message, &error)
                        .await?
                }
            }
        };
        Ok(Response::from_parts(head, GatewayBody::message(message, trailers, Some(memory))))
    }
}

impl GatewayState {
    pub(super) fn refuse(&self, error: Error) -> Status {
        Status::from_error(&self.named(error))
    }
}

/// Returns whether a method waits for a task.
fn is_poll(name: &str) -> bool {
    name.starts_with("Poll") && name.ends_with("TaskQueue")
}

/// Returns the answer to a poll when there is no task.
fn no_task() -> Response<GatewayBody> {
    let mut trailers = HeaderMap::new();
    trailers.insert(GRPC_STATUS, 0.into());
    let mut response = Response::new(GatewayBody::message(Bytes::new(), Some(trailers), None));
    headers::describe_grpc(response.headers_mut());
    response
}

/// Refuses a header that names another namespace than the message: rings and grants are chosen by the
/// message, and something on the way may have admitted the caller by the header.
fn check_namespace(ctx: &Context, headers: &HeaderMap) -> Result<(), Status> {
    let named = headers.get_all(headers::NAMESPACE);
    let differs = |name: &http::HeaderValue| {
        ctx.namespace_name().is_some_and(|namespace| name.as_bytes() != namespace.as_bytes())
    };
    if named.iter().any(differs) {
        let text = "the header `temporal-namespace` names another namespace than the message";
        return Err(Status::new(Code::PermissionDenied, text));
    }
    Ok(())
}

/// Waits for work, but no longer than the caller does.
async fn within<T>(
    deadline: Option<Instant>,
    work: impl Future<Output = Result<T, Status>>,
) -> Result<T, Status> {
    let Some(deadline) = deadline else {
        return work.await;
    };
    timeout_at(deadline, work).await.unwrap_or_else(|_| {
        Err(Status::new(Code::DeadlineExceeded, "the call was not done within its `grpc-timeout`"))
    })
}
