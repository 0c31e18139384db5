//! Checks that refuse a request before its body is read.

use cloakroom_core::Context;
use http::{
    HeaderValue, Request, StatusCode,
    header::{ORIGIN, WWW_AUTHENTICATE},
};
use hyper::body::Incoming;
use tokio::time::Instant;

use super::{
    Settings, Shared,
    auth::Refused,
    handler::nowhere,
    local_request, origins,
    outcome::Reason,
    request_log::Journal,
    response::{self, Answer, line},
    route::{NoRoute, Route},
};

impl Shared {
    /// Returns what is asked for, if it may be.
    ///
    /// # Errors
    /// The answer that refuses it.
    pub(super) async fn admit(
        &self,
        settings: &Settings,
        ctx: &Context,
        request: &Request<Incoming>,
        route: Result<Route, NoRoute>,
        journal: &mut Journal,
    ) -> Result<Route, Box<Answer>> {
        self.hold_against(settings, ctx, request, route, journal).await?;
        // What the file allows no longer, while what it allows anew is not loaded yet.
        let bound = self.bound.load_full();
        if let Some(bound) = bound {
            self.hold_against(&bound, ctx, request, route, journal).await?;
        }
        route.map_err(|none| Box::new(nowhere(none)))
    }

    async fn hold_against(
        &self,
        settings: &Settings,
        ctx: &Context,
        request: &Request<Incoming>,
        route: Result<Route, NoRoute>,
        journal: &mut Journal,
    ) -> Result<(), Box<Answer>> {
        let headers = request.headers();
        // Browsers name the page that asks, also where they would not wait for leave.
        if let Some(origin) = headers.get(ORIGIN)
            && !settings.origins.iter().any(|allowed| allowed.as_bytes() == origin.as_bytes())
        {
            journal.is_quiet = self.is_new_page(origin).is_none();
            let text = "this page may not ask: add its origin to `codec_server.origins`";
            let refused = line(StatusCode::FORBIDDEN, text);
            let reason = Reason::text(origins::advice(settings, origin));
            return Err(Box::new(response::because(refused, reason)));
        }
        if route.is_ok_and(Route::is_probe) {
            return Ok(());
        }
        if settings.access.is_open() {
            let is_checked = !settings.anonymous && !journal.peer.is_unix();
            let why = local_request::why_indirect(request).filter(|_| is_checked);
            return why.map_or(Ok(()), |why| Err(self.indirect(journal, &why)));
        }
        let admitted = settings.access.admit(headers).await;
        let admitted = admitted.map_err(|refused| self.no_token(journal, refused))?;
        let may_reach = admitted.may_reach(ctx.namespace_name());
        journal.subject = Some(admitted.subject);
        let is_of_namespace = route.is_ok_and(|route| route != Route::Metrics);
        if may_reach || !is_of_namespace { Ok(()) } else { Err(foreign_namespace(journal)) }
    }

    /// Refuses what may come from elsewhere, where whoever is on this machine may ask.
    fn indirect(&self, journal: &mut Journal, why: &str) -> Box<Answer> {
        journal.is_quiet = self.tokens.note(&journal.peer.name(), Instant::now()).is_none();
        let text = format!(
            "{why}, and this server asks for no token: set `codec_server.token` or \
             `codec_server.jwt`, listen on a Unix socket, or write `anonymous = true`"
        );
        Box::new(line(StatusCode::FORBIDDEN, &text))
    }

    fn no_token(&self, journal: &mut Journal, refused: Refused) -> Box<Answer> {
        let unlogged = self.tokens.note(&journal.peer.name(), Instant::now());
        journal.is_quiet = unlogged.is_none();
        let (mut answer, why) = match refused {
            Refused::NoKeys(why) => {
                (response::full("tokens cannot be checked now: try again"), why)
            }
            Refused::Token(why) => {
                let text = "send `Authorization: Bearer` with a token that is valid here";
                (line(StatusCode::UNAUTHORIZED, text), why)
            }
        };
        if answer.status() == StatusCode::UNAUTHORIZED {
            let scheme = HeaderValue::from_static("Bearer");
            answer.headers_mut().insert(WWW_AUTHENTICATE, scheme);
        }
        let why = match unlogged {
            Some(unlogged) if unlogged != 0 => {
                format!("{why}; {unlogged} refusals of this address before were not logged")
            }
            _ => why.to_owned(),
        };
        Box::new(response::because(answer, Reason::text(why)))
    }
}

/// Refuses a namespace that the token may not ask for, and has it audited whatever the route.
fn foreign_namespace(journal: &mut Journal) -> Box<Answer> {
    journal.is_audited = true;
    journal.is_refused = true;
    let text = "the token may not ask for this namespace (`codec_server.jwt.namespaces`)";
    Box::new(line(StatusCode::FORBIDDEN, text))
}
