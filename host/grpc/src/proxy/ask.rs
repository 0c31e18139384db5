//! Unary calls that this process makes itself.

use bytes::Bytes;
use cloakroom_core::{ByteSize, CallMemory};
use http::{HeaderMap, Method, Request, Uri, Version};

use super::{
    body::GatewayBody,
    connection::Connection,
    headers::{self, GRPC_MESSAGE, GRPC_STATUS},
    message::Received,
    upstream::Upstream,
    upstream_url::UpstreamUrl,
};
use crate::status::{Code, Status};

impl<P> Connection<P> {
    /// Makes a unary call over the connection that serves the caller, and returns the message of the
    /// answer.
    ///
    /// # Errors
    /// The server's status, or `Unavailable` if it cannot be reached.
    pub async fn ask(
        &self,
        path: &str,
        headers: HeaderMap,
        message: Bytes,
        max: ByteSize,
        memory: &CallMemory,
    ) -> Result<Bytes, Status> {
        let make = |headers| self.request(path, headers, message.clone());
        let asked = unary(self.proxy.server, &self.upstream, make, headers, max, memory).await;
        asked.map(|(_, message)| message)
    }

    /// Returns a request with these headers and one message.
    ///
    /// # Errors
    /// `Internal` if the path is none of a method.
    pub fn request(
        &self,
        path: &str,
        headers: HeaderMap,
        message: Bytes,
    ) -> Result<Request<GatewayBody>, Status> {
        request(&self.proxy.settings.upstream, path, headers, message)
    }
}

/// Makes a unary call, and returns headers and message of the answer. The message is counted for as long
/// as `memory` lives.
pub(super) async fn unary(
    server: &'static str,
    upstream: &Upstream,
    make: impl Fn(HeaderMap) -> Result<Request<GatewayBody>, Status>,
    mut headers: HeaderMap,
    max: ByteSize,
    memory: &CallMemory,
) -> Result<(HeaderMap, Bytes), Status> {
    headers::describe_request(&mut headers);
    let first = make(headers.clone())?;
    let (head, body) = upstream.send(first, || make(headers).ok()).await?.into_parts();
    check_status(&head.headers)?;
    let Received { message, trailers, charge } =
        Received::read(body, &head.headers, max, memory).await?;
    trailers.as_ref().map_or(Ok(()), check_status)?;
    charge.keep();
    let message = message.ok_or_else(|| {
        let text = format!("{server} sent an answer without a message");
        Status::new(Code::Internal, text)
    })?;
    Ok((head.headers, message))
}

/// Returns a request to a server with these headers and one message.
///
/// # Errors
/// `Internal` if the path is none of a method.
pub(super) fn request(
    server: &UpstreamUrl,
    path: &str,
    headers: HeaderMap,
    message: Bytes,
) -> Result<Request<GatewayBody>, Status> {
    let uri = Uri::builder()
        .scheme(server.scheme())
        .authority(server.authority().clone())
        .path_and_query(path)
        .build()
        .map_err(|error| Status::new(Code::Internal, error.to_string()))?;
    let mut request = Request::new(GatewayBody::message(message, None, None));
    *request.uri_mut() = uri;
    *request.method_mut() = Method::POST;
    *request.version_mut() = Version::HTTP_2;
    *request.headers_mut() = headers;
    Ok(request)
}

/// Returns the status of a head or of trailers, unless it is success or absent.
fn check_status(headers: &HeaderMap) -> Result<(), Status> {
    let Some(code) = headers.get(GRPC_STATUS) else { return Ok(()) };
    let number = code.to_str().ok().and_then(|number| number.parse().ok());
    let Some(code) = Code::from_number(number.unwrap_or(2)) else { return Ok(()) };
    let message = headers.get(GRPC_MESSAGE).and_then(|message| message.to_str().ok());
    Err(Status::new(code, message.unwrap_or_default()))
}
