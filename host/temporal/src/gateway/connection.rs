//! One connection of a worker or client, and the connection to the frontend that serves it.

use std::{convert::Infallible, net::SocketAddr, sync::Arc};

use cloakroom_pipeline::Stage;
use cloakroom_wire::Schema;
use http::{
    Request, Response, Uri, Version,
    uri::{PathAndQuery, Scheme},
};
use hyper::body::Incoming;

use super::{
    body::GatewayBody, headers, pass_on::pass_on, proxy::GatewayState, upstream::Upstream,
};
use crate::exchange::{
    SERVICE,
    request_log::RequestLog,
    status::{Code, Status},
};

/// One connection of a worker or client.
pub(super) struct Connection {
    pub(super) gateway: Arc<GatewayState>,
    pub(super) upstream: Upstream,
    peer: SocketAddr,
}

impl Connection {
    pub(super) fn new(gateway: Arc<GatewayState>, peer: SocketAddr) -> Self {
        let upstream = Upstream::new(gateway.settings.upstream.clone());
        Self { gateway, upstream, peer }
    }

    /// Responds to a call. A caller that cancels drops the future, which resets the call to the
    /// frontend.
    pub(super) async fn respond(
        self: Arc<Self>,
        request: Request<Incoming>,
    ) -> Result<Response<GatewayBody>, Infallible> {
        let path = request.uri().path().to_owned();
        let method = path.strip_prefix(SERVICE);
        let known = Schema::temporal().method(&path);
        let name = method.filter(|_| known.is_some()).unwrap_or("other");
        let mut log = RequestLog::start(Some(self.peer), name);
        let responded = match self.redirect(request) {
            Err(status) => Err(status),
            Ok(request) => match known {
                Some(known) => self.call(&known, name, request, &mut log).await,
                None => self.pass_unknown(method, request).await,
            },
        };
        Ok(match responded {
            Ok(response) => {
                log.finish_answered();
                response
            }
            Err(status) => {
                log.finish_refused(&status);
                status.into_response()
            }
        })
    }

    /// Passes on a call that the gateway does not know. A method of the service that carries payloads
    /// is refused where a stage is required, because it could carry them in plaintext.
    async fn pass_unknown(
        &self,
        method: Option<&str>,
        request: Request<Incoming>,
    ) -> Result<Response<GatewayBody>, Status> {
        let pipeline = self.gateway.exchange.adapter.pipeline();
        if method.is_some() && pipeline.stages().iter().any(Stage::is_required_to_encode) {
            let text = "the gateway does not know this method, and a stage is required: it could \
                        carry payloads in plaintext";
            return Err(Status::new(Code::Unimplemented, text));
        }
        pass_on(&self.upstream, request).await
    }

    /// Addresses a request to the frontend.
    fn redirect(&self, request: Request<Incoming>) -> Result<Request<Incoming>, Status> {
        let (mut head, body) = request.into_parts();
        let path = head.uri.path_and_query().cloned();
        let uri = Uri::builder()
            .scheme(Scheme::HTTP)
            .authority(self.gateway.settings.upstream.authority().clone())
            .path_and_query(path.unwrap_or_else(|| PathAndQuery::from_static("/")))
            .build();
        head.uri = uri.map_err(|_| Status::new(Code::InvalidArgument, "the path is not valid"))?;
        head.version = Version::HTTP_2;
        headers::remove_of_connection(&mut head.headers);
        Ok(Request::from_parts(head, body))
    }
}
