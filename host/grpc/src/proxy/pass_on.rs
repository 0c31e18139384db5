//! Calls that a gateway does not change: passed on in both directions as they arrive.

use http::{Request, Response};
use hyper::body::Incoming;

use super::{body::GatewayBody, headers, upstream::Upstream};
use crate::status::Status;

/// Passes a request on, and returns the response. Bodies and trailers of any kind are streamed.
///
/// # Errors
/// The status of a call that did not reach the server, or got no answer.
pub async fn pass_on(
    upstream: &Upstream,
    request: Request<Incoming>,
) -> Result<Response<GatewayBody>, Status> {
    // A stream that was read is gone, so that it cannot be sent again.
    let response = upstream.send(request.map(GatewayBody::stream), || None).await?;
    Ok(pass_back(response))
}

/// Passes a response on as it arrives.
#[must_use]
pub fn pass_back(response: Response<Incoming>) -> Response<GatewayBody> {
    let (mut head, body) = response.into_parts();
    headers::remove_of_connection(&mut head.headers);
    Response::from_parts(head, GatewayBody::stream(body))
}
