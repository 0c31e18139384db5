//! Calls of one connection.

use cloakroom_grpc::{
    Caller, Status,
    proxy::{Connection, GatewayBody, pass_on},
};
use http::{Request, Response};
use hyper::body::Incoming;

use super::temporal::Temporal;
use crate::exchange::rights;

/// Calls of one connection.
pub(super) struct Calls<'a> {
    pub(super) connection: &'a Connection<Temporal>,
    pub(super) gateway: &'a Temporal,
}

impl<'a> Calls<'a> {
    pub(super) fn new(connection: &'a Connection<Temporal>) -> Self {
        Self { connection, gateway: &connection.proxy.protocol }
    }

    /// Passes on a call that the gateway does not know. A method of the service that carries payloads
    /// is refused where a stage is required, because it could carry them in plaintext.
    pub(super) async fn pass_unknown(
        &self,
        method: Option<&str>,
        mut request: Request<Incoming>,
        caller: &Caller,
    ) -> Result<Response<GatewayBody>, Status> {
        // The namespace in the message, if it has one, is not known.
        rights::check(caller, request.uri().path(), None, request.headers())?;
        self.gateway.credentials.load().authorize(None, request.headers_mut());
        if let Some(method) = method {
            let allowed = &self.gateway.settings.allowed_methods;
            self.gateway.exchange.check_unknown(method, allowed)?;
        }
        pass_on(&self.connection.upstream, request).await
    }
}
