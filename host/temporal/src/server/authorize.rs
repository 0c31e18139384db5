//! Authorization: checks that refuse a request before its body is read.

use cloakroom_core::{Context, Remedy};
use cloakroom_grpc::access::AuthError;
use http::{
    HeaderValue, Request, StatusCode,
    header::{ORIGIN, WWW_AUTHENTICATE},
};
use hyper::body::Incoming;
use tokio::time::Instant;

use super::{
    local_request, origins,
    outcome::FailureReason,
    request_log::RequestLog,
    response::{self, Response, line},
    route::{Route, RouteError},
    settings::{OPEN, ServerSettings},
    state::ServerState,
};

impl ServerState {
    /// Returns the route of a request if the client may use it.
    ///
    /// # Errors
    /// The response that refuses the request.
    pub(super) async fn authorize(
        &self,
        settings: &ServerSettings,
        ctx: &Context,
        request: &Request<Incoming>,
        route: Result<Route, RouteError>,
        log: &mut RequestLog,
    ) -> Result<Route, Box<Response>> {
        self.check(settings, ctx, request, route, log).await?;
        // A new configuration may withdraw access before it is loaded. Until then a request must
        // satisfy both: the old settings are still in force, and the new ones restrict already.
        let pending = self.pending.load_full();
        if let Some(pending) = pending {
            self.check(&pending, ctx, request, route, log).await?;
        }
        // Last, so that a stranger cannot find out which paths exist.
        route.map_err(|error| Box::new(response::no_route(error)))
    }

    async fn check(
        &self,
        settings: &ServerSettings,
        ctx: &Context,
        request: &Request<Incoming>,
        route: Result<Route, RouteError>,
        log: &mut RequestLog,
    ) -> Result<(), Box<Response>> {
        let headers = request.headers();
        // CORS only hides the response from a page. A "simple" request reaches the server without a
        // preflight, so its `Origin` is checked here.
        if let Some(origin) = headers.get(ORIGIN)
            && !settings.origins.iter().any(|allowed| allowed.as_bytes() == origin.as_bytes())
        {
            log.is_quiet = self.note_origin(origin).is_none();
            let text = "this page may not ask: add its origin";
            let text = settings.name_remedies(text, &[Remedy::ServerOrigins]);
            let response = line(StatusCode::FORBIDDEN, &text);
            let reason = FailureReason::text(origins::advice(settings, origin));
            return Err(Box::new(response::with_reason(response, reason)));
        }
        // Orchestrators have no token.
        if route.is_ok_and(Route::is_probe) {
            return Ok(());
        }
        if settings.auth.is_open() {
            // A Unix socket is safe without a token: its file mode decides who connects.
            let is_local_only = !settings.anonymous && !log.peer.is_unix();
            let remote = local_request::remote_evidence(request).filter(|_| is_local_only);
            return remote.map_or(Ok(()), |why| Err(self.refuse_remote(settings, log, &why)));
        }
        let client = settings.auth.authenticate(headers).await;
        let client = client.map_err(|error| self.refuse_token(log, error))?;
        let may_access = client.may_access(ctx.namespace_name());
        log.subject = Some(client.subject);
        // Metrics belong to no namespace. Whatever else the path says is held against the list, so
        // that an unknown path does not reveal a namespace either.
        let has_namespace = route.is_ok_and(|route| route != Route::Metrics);
        if may_access || !has_namespace { Ok(()) } else { Err(refuse_namespace(settings, log)) }
    }

    /// Refuses a request that may come from another machine to a server that asks for no token.
    fn refuse_remote(
        &self,
        settings: &ServerSettings,
        log: &mut RequestLog,
        why: &str,
    ) -> Box<Response> {
        log.is_quiet = self.refused_tokens.note(&log.peer.name(), Instant::now()).is_none();
        let text = format!(
            "{why}, and this server asks for no token: have it ask for one, listen on a Unix socket, or \
             admit everybody"
        );
        Box::new(line(StatusCode::FORBIDDEN, &settings.name_remedies(&text, OPEN)))
    }

    fn refuse_token(&self, log: &mut RequestLog, error: AuthError) -> Box<Response> {
        let unlogged = self.refused_tokens.note(&log.peer.name(), Instant::now());
        log.is_quiet = unlogged.is_none();
        let (mut response, why) = match error {
            AuthError::KeysUnavailable(why) => {
                (response::unavailable("tokens cannot be checked now: retry"), why)
            }
            // The client is not told which check failed, only the log is.
            AuthError::InvalidToken(why) => {
                let text = "send `Authorization: Bearer` with a token that is valid here";
                (line(StatusCode::UNAUTHORIZED, text), why)
            }
        };
        if response.status() == StatusCode::UNAUTHORIZED {
            let scheme = HeaderValue::from_static("Bearer");
            response.headers_mut().insert(WWW_AUTHENTICATE, scheme);
        }
        let why = match unlogged {
            Some(unlogged @ 1..) => {
                format!("{why}; {unlogged} earlier refusals of this address were not logged")
            }
            _ => why.to_owned(),
        };
        Box::new(response::with_reason(response, FailureReason::text(why)))
    }
}

/// Refuses a namespace that the token does not list, and has it audited whatever the route.
fn refuse_namespace(settings: &ServerSettings, log: &mut RequestLog) -> Box<Response> {
    log.is_audited = true;
    log.is_refused = true;
    let text = "the token may not ask for this namespace";
    let text = settings.name_remedies(text, &[Remedy::ServerNamespaces]);
    Box::new(line(StatusCode::FORBIDDEN, &text))
}
