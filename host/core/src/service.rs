//! Service that plugins reach over HTTP, through the host.

mod header_rules;
mod path_rules;
mod request;

use std::fmt;

use bytes::Bytes;
use futures::{future::BoxFuture, stream, stream::BoxStream};

pub use self::{
    header_rules::{is_reserved_header, is_same_header},
    request::ServiceRequest,
};
use crate::Error;

/// Service behind HTTP, to which the host adds credentials that plugins never see.
pub trait Service: Send + Sync {
    /// Returns the URL that all requests lie under. It ends with a slash.
    fn url(&self) -> &str;

    /// Sends one request and returns the head of its response. Follows no redirect and repeats no request
    /// that may have reached the service.
    ///
    /// # Errors
    /// `Denied` if a rule of the service refuses the request or its response, `Unavailable` if the service
    /// does not answer. The text holds nothing of the path, the headers or a body.
    fn request(&self, request: ServiceRequest) -> BoxFuture<'_, Result<ServiceResponse, Error>>;
}

/// Response of a service: its head, and a body that is yet to be read.
pub struct ServiceResponse {
    /// Status code, from 200 on.
    pub status: u16,
    /// Names in lower case, and their values. A name may occur more than once.
    pub headers: Vec<(String, String)>,
    /// Length of the body, if the service announced it.
    pub length: Option<u64>,
    /// Pieces of the body. A piece that a rule forbids is an error in its place.
    pub body: BoxStream<'static, Result<Bytes, Error>>,
}

impl ServiceResponse {
    /// Returns a response whose body is at hand.
    #[must_use]
    pub fn new(status: u16, body: Bytes) -> Self {
        let length = Some(body.len() as u64);
        Self { status, headers: Vec::new(), length, body: Box::pin(stream::iter([Ok(body)])) }
    }
}

// A header or a body may repeat what was stored.
impl fmt::Debug for ServiceResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServiceResponse").field("status", &self.status).finish_non_exhaustive()
    }
}
