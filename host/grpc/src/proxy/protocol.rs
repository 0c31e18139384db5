//! Protocol of a gateway: what happens to the calls of its callers.

use std::{future::Future, sync::Arc};

use cloakroom_pipeline::Pipeline;
use http::{Request, Response};
use hyper::body::Incoming;

use super::{body::GatewayBody, connection::Connection};
use crate::{caller::Caller, request_log::RequestLog, status::Status};

/// Protocol of a gateway: what happens to the calls of its callers.
pub trait Protocol: Send + Sync + Sized + 'static {
    /// Server behind the proxy, as errors name it, such as `Temporal's frontend`.
    const SERVER: &'static str;

    /// Returns the name of a method for logs and metrics: that of a known one, or `other`. Anything else
    /// could have any number of names.
    fn name<'a>(&self, path: &'a str) -> &'a str;

    /// Returns the current pipeline, whose memory and drivers are reported.
    fn pipeline(&self) -> Pipeline;

    /// Responds to a call of an admitted caller, whose request is addressed to the server. Dropping the
    /// future cancels the call.
    ///
    /// # Errors
    /// The status that refuses the call.
    fn respond(
        connection: &Arc<Connection<Self>>,
        request: Request<Incoming>,
        caller: &Caller,
        log: &mut RequestLog,
    ) -> impl Future<Output = Result<Response<GatewayBody>, Status>> + Send;
}
