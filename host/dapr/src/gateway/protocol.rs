//! Dapr as the protocol of a proxy.

use std::sync::Arc;

use cloakroom_grpc::{
    Caller, Namespaces, RequestLog, Status,
    proxy::{Connection, GatewayBody, Protocol, pass_on},
};
use cloakroom_pipeline::Pipeline;
use cloakroom_wire::Schema;
use http::{Request, Response};
use hyper::body::Incoming;

use super::{app_id, call, items, sidecar::Sidecar};

/// Method whose answer is the stream of work items.
const WORK_ITEMS: &str = "/TaskHubSidecarService/GetWorkItems";

impl Protocol for Sidecar {
    const SERVER: &'static str = "Dapr's sidecar";

    fn name<'a>(&self, path: &'a str) -> &'a str {
        let name = path.rsplit('/').next();
        name.filter(|_| Schema::dapr().method(path).is_some()).unwrap_or("other")
    }

    fn pipeline(&self) -> Pipeline {
        Self::pipeline(self)
    }

    async fn respond(
        connection: &Arc<Connection<Self>>,
        request: Request<Incoming>,
        caller: &Caller,
        log: &mut RequestLog,
    ) -> Result<Response<GatewayBody>, Status> {
        let is_known = Schema::dapr().method(request.uri().path()).is_some();
        // Every other call is one to the sidecar of this app, too.
        if is_known || caller.namespaces != Namespaces::Every {
            app_id::admit(connection, request.headers(), caller, log).await?;
        }
        if !is_known {
            return pass_on(&connection.upstream, request).await;
        }
        if request.uri().path() == WORK_ITEMS {
            items::stream(connection, request).await
        } else {
            call::call(connection, request, log).await
        }
    }
}
