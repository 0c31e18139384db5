//! Calls of the SDK: encoded, sent over the channel, and their answers decoded.

use bytes::Bytes;
use cloakroom_core::Context;
use cloakroom_grpc::{
    Caller, RequestLog, Status,
    deadline::{self, GRPC_TIMEOUT, within},
};
use http::HeaderMap;
use temporalio_client::{
    callback_based::{GrpcRequest, GrpcSuccessResponse},
    tonic,
};
use tokio::{sync::oneshot, time::Instant};

use super::frontend_channel::{FrontendChannel, remove_of_channel};
use crate::exchange::{Call, DECODED, Encoded, Exchange, HistoryRequest, SERVICE};

/// Calls of one connection of the SDK.
pub(super) struct HookedCalls {
    pub(super) exchange: Exchange,
    pub(super) channel: FrontendChannel,
    /// This process, which may do all that its credentials allow.
    pub(super) caller: Caller,
}

/// Answer of the frontend, whichever it is.
pub(super) type Answer = Result<GrpcSuccessResponse, tonic::Status>;

impl HookedCalls {
    /// Responds to a call of the SDK. `answered` gets a message when the frontend has answered,
    /// before the answer is decoded.
    pub(super) async fn respond(
        &self,
        request: GrpcRequest,
        answered: Option<oneshot::Sender<()>>,
    ) -> Answer {
        let GrpcRequest { service, rpc, mut headers, proto } = request;
        remove_of_channel(&mut headers);
        let path = format!("/{service}/{rpc}");
        let method = path.strip_prefix(SERVICE);
        let known = cloakroom_wire::Schema::temporal().method(&path);
        let name = method.filter(|_| known.is_some()).unwrap_or("other");
        let mut log = RequestLog::start(None, name);
        let responded = match &known {
            Some(method) => {
                let call = Call::new(method, name, &headers, &self.caller);
                self.call(&call, &path, proto, answered, &mut log).await
            }
            None => match method.map(|method| self.exchange.check_unknown(method, &[])) {
                Some(Err(status)) => Err(status),
                _ => Ok(success(self.channel.call(&path, headers, proto, None).await)),
            },
        };
        match responded {
            Ok(answer) => {
                log.finish_answered();
                answer
            }
            Err(status) => {
                log.finish_refused(&status);
                Err(tonic::Status::new(i32::from(status.code.number()).into(), status.message))
            }
        }
    }

    /// Encodes a request, sends it, and decodes the answer.
    ///
    /// # Errors
    /// The status that refuses the call.
    async fn call(
        &self,
        call: &Call<'_>,
        path: &str,
        message: Bytes,
        to_tell: Option<oneshot::Sender<()>>,
        log: &mut RequestLog,
    ) -> Result<Answer, Status> {
        let deadline = deadline::deadline(call.headers, Instant::now());
        let encode = async {
            let memory = self.exchange.adapter.pipeline().memory().admit().await;
            let charged = memory.charge(message.len());
            charged.map_err(|error| Status::from_error(&error))?.keep();
            let encoded =
                self.exchange.encode_request(&self.channel, call, message, &memory, log).await?;
            Ok((encoded, memory))
        };
        let (encoded, memory) = within(deadline, encode).await?;
        let (ctx, message) = match encoded {
            Encoded::Request(ctx, message) => (ctx, message),
            Encoded::Answer(message) => return Ok(success(Ok((HeaderMap::new(), message)))),
        };
        let history = HistoryRequest::read(call.method, call.name, &ctx, &message);
        let mut headers = call.headers.clone();
        if let Some(deadline) = deadline {
            // What encoding took is gone, and the frontend should not work for longer than its caller
            // waits.
            headers.insert(GRPC_TIMEOUT, deadline::remaining(deadline, Instant::now()));
        }
        let asked = Instant::now();
        let answered = self.channel.call(path, headers, message, Some(memory)).await;
        log.upstream = asked.elapsed();
        if let Some(to_tell) = to_tell {
            // Whoever waited may have gone.
            let _ = to_tell.send(());
        }
        let (headers, message) = match answered {
            Ok(answer) if call.changes_answer() => answer,
            Ok(answer) => return Ok(success(Ok(answer))),
            Err(status) => return Ok(Err(self.decode_status(&ctx, status).await)),
        };
        let is_decoded = headers.contains_key(DECODED);
        let call = &Call { deadline, is_decoded, history: history.as_ref(), ..*call };
        let decode = async {
            // Admitted only now: a poll that waits for a minute must not hold memory.
            let memory = self.exchange.adapter.pipeline().memory().admit().await;
            let charged = memory.charge(message.len());
            charged.map_err(|error| Status::from_error(&error))?.keep();
            self.exchange.decode_answer(&self.channel, call, &ctx, message, &memory, log).await
        };
        Ok(success(Ok((headers, within(deadline, decode).await?))))
    }

    /// Decodes payloads in the details of an error.
    async fn decode_status(&self, ctx: &Context, status: tonic::Status) -> tonic::Status {
        if status.details().is_empty() {
            return status;
        }
        let details = Bytes::copy_from_slice(status.details());
        match self.exchange.decode_error(ctx, details).await {
            Some(decoded) => {
                let message = decoded.message.unwrap_or_else(|| status.message().to_owned());
                let (code, metadata) = (status.code(), status.metadata().clone());
                tonic::Status::with_details_and_metadata(code, message, decoded.status, metadata)
            }
            None => status,
        }
    }
}

/// Returns the answer for the SDK.
fn success(answered: Result<(HeaderMap, Bytes), tonic::Status>) -> Answer {
    answered.map(|(headers, message)| GrpcSuccessResponse { headers, proto: message.into() })
}
