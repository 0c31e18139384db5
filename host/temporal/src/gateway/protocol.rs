//! Temporal as the protocol of a proxy.

use std::sync::Arc;

use cloakroom_grpc::{
    Caller, RequestLog, Status,
    proxy::{Connection, GatewayBody, Protocol},
};
use cloakroom_pipeline::Pipeline;
use cloakroom_wire::Schema;
use http::{Request, Response};
use hyper::body::Incoming;

use super::{calls::Calls, temporal::Temporal};
use crate::exchange::SERVICE;

impl Protocol for Temporal {
    const SERVER: &'static str = "Temporal's frontend";

    fn name<'a>(&self, path: &'a str) -> &'a str {
        let method = path.strip_prefix(SERVICE);
        let is_known = Schema::temporal().method(path).is_some();
        method.filter(|_| is_known).unwrap_or("other")
    }

    fn pipeline(&self) -> Pipeline {
        self.exchange.adapter.pipeline()
    }

    async fn respond(
        connection: &Arc<Connection<Self>>,
        request: Request<Incoming>,
        caller: &Caller,
        log: &mut RequestLog,
    ) -> Result<Response<GatewayBody>, Status> {
        let path = request.uri().path().to_owned();
        let (calls, method) = (Calls::new(connection), path.strip_prefix(SERVICE));
        match Schema::temporal().method(&path) {
            Some(known) => {
                let name = method.unwrap_or("other");
                calls.call(&known, name, request, caller, log).await
            }
            None => calls.pass_unknown(method, request, caller).await,
        }
    }
}
