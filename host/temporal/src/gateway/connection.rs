//! One connection of a worker or client, and the connection to the frontend that serves it.

use std::{convert::Infallible, net::SocketAddr, sync::Arc};

use cloakroom_wire::Schema;
use http::{Request, Response};
use hyper::body::Incoming;

use super::{
    body::GatewayBody, newcomers::Newcomer, pass_on::pass_on, proxy::GatewayState, runner::Runner,
    untaken::Answers, upstream::Upstream,
};
use crate::{
    access::CertificateNames,
    exchange::{Caller, SERVICE, call::request_log::RequestLog, status::Status},
};

/// One connection of a worker or client.
pub(super) struct Connection {
    pub(super) gateway: Arc<GatewayState>,
    pub(super) upstream: Upstream,
    pub(super) peer: SocketAddr,
    /// Names in the certificate of the caller, if it has one.
    pub(super) names: Option<CertificateNames>,
    pub(super) newcomer: Arc<Newcomer>,
    pub(super) answers: Arc<Answers>,
}

impl Connection {
    pub(super) fn new(
        gateway: Arc<GatewayState>,
        peer: SocketAddr,
        names: Option<CertificateNames>,
        newcomer: Arc<Newcomer>,
        runner: Runner,
    ) -> Self {
        let upstream = gateway.upstream(runner);
        Self { gateway, upstream, peer, names, newcomer, answers: Arc::default() }
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
        let responded = match self.admit(request, &mut log).await {
            Err(status) => Err(status),
            Ok((request, caller)) => match known {
                Some(known) => self.call(&known, name, request, &caller, &mut log).await,
                None => self.pass_unknown(method, request, &caller).await,
            },
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

    /// Passes on a call that the gateway does not know. A method of the service that carries payloads
    /// is refused where a stage is required, because it could carry them in plaintext.
    async fn pass_unknown(
        &self,
        method: Option<&str>,
        mut request: Request<Incoming>,
        caller: &Caller,
    ) -> Result<Response<GatewayBody>, Status> {
        // The namespace in the message, if it has one, is not known.
        caller.check(request.uri().path(), None, request.headers())?;
        self.gateway.credentials.load().authorize(None, request.headers_mut());
        if let Some(method) = method {
            let allowed = &self.gateway.settings.allowed_methods;
            self.gateway.exchange.check_unknown(method, allowed)?;
        }
        pass_on(&self.upstream, request).await
    }
}
