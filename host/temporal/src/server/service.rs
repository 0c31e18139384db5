//! The requests of one connection, one after the other.

use std::{convert::Infallible, future::Future, sync::Arc, time::Duration};

use bytes::Bytes;
use http::{
    HeaderName, HeaderValue, Method, Request, Response,
    header::{AUTHORIZATION, CONNECTION, CONTENT_TYPE},
    request::Parts,
};
use hyper::body::{Body, Incoming};
use tokio::time::Instant;
use tower::{Layer as _, ServiceExt as _, service_fn};
use tower_http::cors::{AllowCredentials, AllowOrigin, CorsLayer};

use super::{
    Settings, Shared,
    connection_limit::{Link, Seat},
    peer::Peer,
    request_log::REQUEST_ID,
    response::{self, Answer, is_refusal},
    route::Route,
    tracked_body::Noted,
};

/// How long a browser may remember what it may ask.
const REMEMBERED: Duration = Duration::from_secs(600);

/// The requests of one connection.
pub(super) struct Conversation {
    shared: Arc<Shared>,
    peer: Peer,
    link: Arc<Link>,
    is_spare: bool,
    ends: Instant,
    cors: CorsLayer,
}

impl Conversation {
    pub(super) fn new(shared: Arc<Shared>, peer: Peer, seat: &Seat) -> Self {
        let cors = shared.cors(peer);
        let ends = Instant::now() + shared.settings.load().lifetime;
        let (link, is_spare) = (seat.link.clone(), seat.is_spare);
        Self { shared, peer, link, is_spare, ends, cors }
    }

    /// Answers a request, and says with the answer whether another one may follow.
    pub(super) fn answer(
        &self,
        request: Request<Incoming>,
    ) -> impl Future<
        Output = Result<Response<impl Body<Data = Bytes, Error = Infallible> + use<>>, Infallible>,
    > + use<> {
        let (shared, peer, link) = (self.shared.clone(), self.peer, self.link.clone());
        let (is_spare, ends, cors) = (self.is_spare, self.ends, self.cors.clone());
        async move {
            link.begin();
            let handler = service_fn(move |request: Request<Incoming>| {
                let shared = shared.clone();
                async move {
                    Ok::<Answer, Infallible>(if is_spare {
                        shared.answer_spare(&request)
                    } else {
                        shared.handle(peer, request).await
                    })
                }
            });
            let mut answer = cors.layer(handler).oneshot(request).await?;
            let is_last = is_spare || Instant::now() >= ends;
            if is_last || is_refusal(answer.status()) {
                answer.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
            }
            link.answer();
            Ok(answer.map(|content| Noted { content, link }))
        }
    }
}

impl Shared {
    /// Answers probes, and refuses everything else: all places are taken.
    fn answer_spare(&self, request: &Request<Incoming>) -> Answer {
        match Route::of(request.method(), request.uri()) {
            Ok(route) if route.is_probe() => self.answer_probe(route),
            _ => response::full("too many connections (`codec_server.connections`): try again"),
        }
    }

    fn cors(self: &Arc<Self>, peer: Peer) -> CorsLayer {
        let (origins, credentials) = (self.clone(), self.clone());
        let is_listed = move |origin: &HeaderValue, request: &Parts| {
            let lists = |settings: &Settings| {
                settings.origins.iter().any(|listed| listed.as_bytes() == origin.as_bytes())
            };
            let bound = origins.bound.load();
            let is_listed =
                lists(&origins.settings.load()) && bound.as_ref().is_none_or(|bound| lists(bound));
            // Other requests come to the handler, which logs them.
            if !is_listed && request.method == Method::OPTIONS {
                origins.log_preflight(peer, origin);
            }
            is_listed
        };
        let headers = [
            AUTHORIZATION,
            CONTENT_TYPE,
            HeaderName::from_static("authorization-extras"),
            HeaderName::from_static("x-namespace"),
            REQUEST_ID,
        ];
        CorsLayer::new()
            .allow_origin(AllowOrigin::predicate(is_listed))
            .allow_credentials(AllowCredentials::predicate(move |_, _| {
                let bound = credentials.bound.load();
                credentials.settings.load().credentials
                    && bound.as_ref().is_none_or(|bound| bound.credentials)
            }))
            .allow_methods([Method::POST])
            .allow_headers(headers)
            .expose_headers([REQUEST_ID])
            .allow_private_network(true)
            .max_age(REMEMBERED)
    }
}
