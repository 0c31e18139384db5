//! Calls that the gateway makes itself, over the connection that serves the caller.

use bytes::Bytes;
use cloakroom_core::CallMemory;
use cloakroom_wire::{Schema, View};
use http::{HeaderMap, Method, Request, Uri, Version};

use super::{
    accept::drained,
    body::GatewayBody,
    connection::Connection,
    headers,
    message::{self, Received},
    status_head::{GRPC_MESSAGE, GRPC_STATUS},
};
use crate::exchange::{
    Frontend, SERVICE,
    call::deadline::GRPC_TIMEOUT,
    status::{Code, Status},
};

impl Frontend for Connection {
    async fn ask(
        &self,
        method: &str,
        caller: &HeaderMap,
        message: Bytes,
        memory: &CallMemory,
    ) -> Result<Bytes, Status> {
        let mut headers = caller.clone();
        headers.remove(GRPC_TIMEOUT);
        headers::describe_request(&mut headers);
        let known = Schema::temporal().method(&format!("{SERVICE}{method}"));
        let namespace = known.as_ref().and_then(|known| {
            View::new(known.request, &message).text("namespace").filter(|name| !name.is_empty())
        });
        self.gateway.credentials.load().authorize(namespace, &mut headers);
        let request = self.request(method, headers.clone(), message.clone())?;
        let again = || self.request(method, headers, message).ok();
        let (head, body) = self.upstream.send(request, again).await?.into_parts();
        check_status(&head.headers)?;
        let encoding = head.headers.get(headers::GRPC_ENCODING);
        let max = self.gateway.exchange.max_message;
        let Received { message, trailers, charge } =
            message::read(body, encoding, max, memory).await?;
        trailers.as_ref().map_or(Ok(()), check_status)?;
        charge.keep();
        message.ok_or_else(|| Status::new(Code::Internal, "the frontend's answer has no message"))
    }

    async fn stopping(&self) {
        drained(&mut self.gateway.draining.subscribe()).await;
    }
}

impl Connection {
    /// Returns a request of WorkflowService with these headers.
    ///
    /// # Errors
    /// `Internal` if the name is none of a method.
    pub(super) fn request(
        &self,
        method: &str,
        headers: HeaderMap,
        message: Bytes,
    ) -> Result<Request<GatewayBody>, Status> {
        let upstream = &self.gateway.settings.upstream;
        let uri = Uri::builder()
            .scheme(upstream.scheme())
            .authority(upstream.authority().clone())
            .path_and_query(format!("{SERVICE}{method}"))
            .build()
            .map_err(|error| Status::new(Code::Internal, error.to_string()))?;
        let mut request = Request::new(GatewayBody::message(message, None, None));
        *request.uri_mut() = uri;
        *request.method_mut() = Method::POST;
        *request.version_mut() = Version::HTTP_2;
        *request.headers_mut() = headers;
        Ok(request)
    }
}

/// Returns the status of a head or of trailers, unless it is success or absent.
fn check_status(headers: &HeaderMap) -> Result<(), Status> {
    let Some(code) = headers.get(GRPC_STATUS) else { return Ok(()) };
    let number = code.to_str().ok().and_then(|number| number.parse().ok());
    let Some(code) = Code::from_number(number.unwrap_or(2)) else { return Ok(()) };
    let message = headers.get(GRPC_MESSAGE).and_then(|message| message.to_str().ok());
    Err(Status::new(code, message.unwrap_or_default()))
}
