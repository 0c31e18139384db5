//! HTTP service of one connection: CORS, the handler, and the decision to close.

use std::{convert::Infallible, future::Future, sync::Arc, time::Duration};

use bytes::Bytes;
use cloakroom_core::Remedy;
use http::{
    HeaderName, HeaderValue, Method, Request,
    header::{AUTHORIZATION, CONNECTION, CONTENT_TYPE},
    request::Parts,
};
use hyper::body::{Body, Incoming};
use tokio::time::Instant;
use tower::{Layer as _, ServiceExt as _, service_fn};
use tower_http::cors::{AllowCredentials, AllowOrigin, CorsLayer};

use super::{
    connection_limit::ConnectionPermit,
    connection_state::ConnectionState,
    peer::Peer,
    request_log::REQUEST_ID,
    response::{self, Response},
    route::Route,
    settings::ServerSettings,
    state::ServerState,
    tracked_body::TrackedBody,
};

/// Time for which a browser may cache the answer to a preflight.
const PREFLIGHT_MAX_AGE: Duration = Duration::from_secs(600);

/// HTTP service of one connection.
pub(super) struct ConnectionService {
    server: Arc<ServerState>,
    peer: Peer,
    connection: Arc<ConnectionState>,
    is_probe_only: bool,
    /// Time after which the next response closes the connection.
    expires: Instant,
    cors: CorsLayer,
}

impl ConnectionService {
    pub(super) fn new(server: Arc<ServerState>, peer: Peer, permit: &ConnectionPermit) -> Self {
        let cors = server.cors(peer);
        let expires = Instant::now() + server.settings.load().lifetime;
        let (connection, is_probe_only) = (permit.state.clone(), permit.is_probe_only);
        Self { server, peer, connection, is_probe_only, expires, cors }
    }

    /// Responds to a request. `Connection: close` tells the client that it was the last one.
    pub(super) fn respond(
        &self,
        request: Request<Incoming>,
    ) -> impl Future<
        Output = Result<
            http::Response<impl Body<Data = Bytes, Error = Infallible> + use<>>,
            Infallible,
        >,
    > + use<> {
        let (server, peer, connection) = (self.server.clone(), self.peer, self.connection.clone());
        let (is_probe_only, expires, cors) = (self.is_probe_only, self.expires, self.cors.clone());
        async move {
            connection.start_request();
            let handler = service_fn(move |request: Request<Incoming>| {
                let server = server.clone();
                // In a box, because the layers around it move the future, which has some KiB.
                Box::pin(async move {
                    Ok::<Response, Infallible>(if is_probe_only {
                        server.respond_probe_only(&request)
                    } else {
                        server.handle(peer, request).await
                    })
                })
            });
            let mut response = cors.layer(handler).oneshot(request).await?;
            let is_last = is_probe_only || Instant::now() >= expires;
            if is_last || response::closes_connection(response.status()) {
                response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
            }
            // Only now: until its response exists, the connection counts as busy and is not
            // evicted.
            connection.start_response();
            Ok(response.map(|body| TrackedBody { body, connection }))
        }
    }
}

impl ServerState {
    /// Answers probes and refuses everything else, because the connection limit is reached.
    fn respond_probe_only(&self, request: &Request<Incoming>) -> Response {
        match Route::parse(request.method(), request.uri()) {
            Ok(route) if route.is_probe() => self.respond_to_probe(route),
            _ => {
                let text = "too many connections: retry";
                let settings = self.settings.load();
                let text = settings.name_remedies(text, &[Remedy::ServerConnections]);
                response::unavailable(&text)
            }
        }
    }

    fn cors(self: &Arc<Self>, peer: Peer) -> CorsLayer {
        let (origins, credentials) = (self.clone(), self.clone());
        let is_allowed = move |origin: &HeaderValue, request: &Parts| {
            let allows = |settings: &ServerSettings| {
                settings.origins.iter().any(|allowed| allowed.as_bytes() == origin.as_bytes())
            };
            let pending = origins.pending.load();
            let is_allowed = allows(&origins.settings.load())
                && pending.as_ref().is_none_or(|pending| allows(pending));
            // The layer answers preflights itself. Other requests reach the handler, which logs
            // them.
            if !is_allowed && request.method == Method::OPTIONS {
                origins.log_preflight(peer, origin);
            }
            is_allowed
        };
        // The Web UI sends these. A preflight fails if one of them is missing here.
        let headers = [
            AUTHORIZATION,
            CONTENT_TYPE,
            HeaderName::from_static("authorization-extras"),
            HeaderName::from_static("x-namespace"),
            REQUEST_ID,
        ];
        CorsLayer::new()
            .allow_origin(AllowOrigin::predicate(is_allowed))
            .allow_credentials(AllowCredentials::predicate(move |_, _| {
                let pending = credentials.pending.load();
                credentials.settings.load().credentials
                    && pending.as_ref().is_none_or(|pending| pending.credentials)
            }))
            .allow_methods([Method::POST])
            .allow_headers(headers)
            .expose_headers([REQUEST_ID])
            // The Web UI on a public address asks a server in a private network. Browsers want
            // consent.
            .allow_private_network(true)
            .max_age(PREFLIGHT_MAX_AGE)
    }
}
