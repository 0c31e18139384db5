//! One request.

use std::{net::IpAddr, sync::Arc};

use cloakroom_core::{Context, Error, ErrorKind, Payload};
use cloakroom_pipeline::Pipeline;
use http::{HeaderValue, Request, StatusCode, header::ALLOW};
use hyper::body::Incoming;
use tokio::time::{Instant, timeout_at};
use tracing::Instrument as _;

use super::{
    Settings, Shared,
    outcome::{Reason, Volume},
    peer::Peer,
    request_body::{self, Body},
    request_log::Journal,
    response::{self, Answer, line},
    route::{self, NoRoute, Route},
};
use crate::json::metered;

/// Smaller JSON is read and written where it is.
const AT_ONCE: usize = 64 << 10;

impl Shared {
    pub(super) async fn handle(self: Arc<Self>, peer: Peer, request: Request<Incoming>) -> Answer {
        let settings = self.settings.load_full();
        let route = Route::of(request.method(), request.uri());
        let word = route.as_ref().map_or("none", |route| route.word());
        let ctx = route::context(request.headers(), request.uri());
        let mut journal = Journal::begin(peer, request.headers(), word, &ctx);
        // Probes and scrapes would drown the rest.
        journal.is_quiet = route.is_ok_and(|route| route.is_probe() || route == Route::Metrics);
        let admitted = self.admit(&settings, &ctx, &request, route, &mut journal).await;
        let answer = match admitted {
            Ok(route) => {
                journal.is_audited = route.shows_contents();
                let served = self.serve(&settings, route, &ctx, peer.group(), request);
                served.instrument(journal.span()).await
            }
            Err(refused) => *refused,
        };
        self.throttle(&mut journal, &answer);
        journal.end(answer)
    }

    /// Keeps a client that fails again and again from filling the log.
    fn throttle(&self, journal: &mut Journal, answer: &Answer) {
        if journal.is_quiet || answer.extensions().get::<Reason>().is_none() {
            return;
        }
        let noted = self.failed.note(&journal.peer.name(), Instant::now());
        journal.is_quiet = noted.is_none();
        journal.unlogged = noted.filter(|unlogged| *unlogged != 0);
    }

    async fn serve(
        &self,
        settings: &Settings,
        route: Route,
        ctx: &Context,
        peer: Option<IpAddr>,
        request: Request<Incoming>,
    ) -> Answer {
        match route {
            Route::Health | Route::Ready => self.answer_probe(route),
            // Its own listener has them, as it was when the server began.
            Route::Metrics if self.has_metrics_listener => {
                let text = "metrics are served at `codec_server.metrics_listen`";
                line(StatusCode::NOT_FOUND, text)
            }
            Route::Metrics => self.answer_metrics(),
            Route::Encode | Route::Decode { .. } | Route::Download => {
                let deadline = Instant::now() + settings.time;
                let pipeline = self.adapter.pipeline();
                let (body, budget) = (request.into_body(), pipeline.memory());
                let body = match request_body::read(body, settings.body, budget, deadline).await {
                    Ok(body) => body,
                    Err(refused) => return refused,
                };
                let deadline = Instant::now() + settings.time;
                let worked = timeout_at(deadline, self.work(route, ctx, peer, body)).await;
                worked.unwrap_or_else(|_| {
                    let text = "not done in time (`codec_server.time`)";
                    line(StatusCode::SERVICE_UNAVAILABLE, text)
                })
            }
        }
    }

    async fn work(&self, route: Route, ctx: &Context, peer: Option<IpAddr>, body: Body) -> Answer {
        let _slot = self.slots.take(peer).await;
        let (most, memory) = (self.adapter.pipeline().most_payloads(), body.memory.clone());
        let ctx = &ctx.clone().with_memory(memory.clone());
        let mut volume = Volume::default();
        let changed = async {
            let length = body.bytes.len();
            let reading = move || {
                let read = metered::read_message(&body.bytes, most, &body.memory);
                drop((body.bytes, body.charge));
                read
            };
            let (payloads, _parsed) = aside(length, reading).await?;
            volume.payloads = Some(payloads.len());
            let payloads = self.change(route, ctx, payloads).await?;
            let bytes = payloads.iter().map(|payload| payload.data.len()).sum();
            let whole = payloads.iter().map(Payload::footprint).sum();
            let written = aside(whole, move || metered::write(payloads, &memory)).await?;
            volume.bytes = bytes;
            Ok(written)
        };
        let changed = changed.await;
        let mut answer =
            changed.map_or_else(|error: Error| response::failure(&error), response::payloads);
        answer.extensions_mut().insert(volume);
        answer
    }

    async fn change(
        &self,
        route: Route,
        ctx: &Context,
        payloads: Vec<Payload>,
    ) -> Result<Vec<Payload>, Error> {
        match route {
            Route::Encode => self.adapter.encode(ctx, payloads).await,
            Route::Decode { keep_references: true } => {
                self.adapter.pipeline().decode_references(ctx, payloads).await
            }
            Route::Download if !payloads.iter().all(Pipeline::is_reference) => {
                let text = "all payloads must be references to stored payloads";
                Err(Error::new(ErrorKind::Malformed, text))
            }
            _ => self.adapter.decode(ctx, payloads).await,
        }
    }
}

/// Megabytes of JSON take milliseconds: they are not to pass on a thread that others wait for.
async fn aside<T: Send + 'static>(
    bytes: usize,
    work: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    if bytes < AT_ONCE {
        return work();
    }
    let lost = |_| Err(Error::new(ErrorKind::Internal, "the work on a body did not finish"));
    tokio::task::spawn_blocking(work).await.unwrap_or_else(lost)
}

pub(super) fn nowhere(none: NoRoute) -> Answer {
    match none {
        NoRoute::Path => {
            let text = "there are /encode, /decode, /download, /healthz, /readyz and /metrics";
            line(StatusCode::NOT_FOUND, text)
        }
        NoRoute::Method(method) => {
            let text = format!("this takes {method} only");
            let mut refused = line(StatusCode::METHOD_NOT_ALLOWED, &text);
            refused.headers_mut().insert(ALLOW, HeaderValue::from_static(method));
            refused
        }
    }
}
