//! Response to a call: its caller admitted, its protocol asked, and its end logged.

use std::{convert::Infallible, sync::Arc};

use http::{Request, Response};
use hyper::body::Incoming;

use super::{body::GatewayBody, connection::Connection, protocol::Protocol};
use crate::request_log::RequestLog;

impl<P: Protocol> Connection<P> {
    /// Responds to a call. A caller that cancels drops the future, which resets the call to the server.
    pub(super) async fn respond(
        self: Arc<Self>,
        request: Request<Incoming>,
    ) -> Result<Response<GatewayBody>, Infallible> {
        let mut log =
            RequestLog::start(Some(self.peer), self.proxy.protocol.name(request.uri().path()));
        let responded = match self.admit(request, &mut log).await {
            Err(status) => Err(status),
            Ok((request, caller)) => P::respond(&self, request, &caller, &mut log).await,
        };
        Ok(match responded {
            Ok(mut response) => {
                log.finish_answered();
                response.body_mut().set_open(self.answers.begin());
                response
            }
            Err(status) => {
                log.finish_refused(&status);
                status.into_response()
            }
        })
    }
}
