//! Handler of one request: authorize, read the body, run the pipeline, respond.

use std::{net::IpAddr, sync::Arc};

use cloakroom_core::{Context, Error, ErrorKind, Payload, Remedy};
use http::{Request, StatusCode};
use hyper::body::Incoming;
use tokio::time::{Instant, timeout_at};
use tracing::Instrument as _;

use super::{
    outcome::{FailureReason, TransferSize},
    peer::Peer,
    request_body::{self, RequestBody},
    request_log::RequestLog,
    response::{self, Response, line},
    route::{self, Route},
    settings::ServerSettings,
    state::ServerState,
};
use crate::{TemporalReferences, json::metered};

/// Size in bytes below which JSON is parsed and written on the async thread: some 100 µs of work. A
/// change of threads costs a tenth of that, and cold caches.
const MAX_INLINE: usize = 512 << 10;

impl ServerState {
    /// Handles a request. Whatever happens is in the response, and in the request's log line.
    pub(super) async fn handle(
        self: Arc<Self>,
        peer: Peer,
        request: Request<Incoming>,
    ) -> Response {
        // Read once, so that a reload in between does not mix two configurations in one request.
        let settings = self.settings.load_full();
        let route = Route::parse(request.method(), request.uri());
        let route_name = route.as_ref().map_or("none", |route| route.as_str());
        let ctx = route::context(request.headers(), request.uri());
        let mut log = RequestLog::start(peer, request.headers(), route_name, &ctx);
        // Probes and scrapes come every few seconds and would drown the other lines.
        log.is_quiet = route.is_ok_and(|route| route.is_probe() || route == Route::Metrics);
        let authorized = self.authorize(&settings, &ctx, &request, route, &mut log).await;
        let response = match authorized {
            Ok(route) => {
                log.is_audited = route.shows_contents();
                let served = self.serve(&settings, route, &ctx, peer.group(), request);
                served.instrument(log.span()).await
            }
            Err(refused) => *refused,
        };
        self.limit_log(&mut log, &response);
        log.finish(response)
    }

    /// Mutes the log line of a client that fails above the log limit.
    fn limit_log(&self, log: &mut RequestLog, response: &Response) {
        if log.is_quiet || response.extensions().get::<FailureReason>().is_none() {
            return;
        }
        let unlogged = self.failed_requests.note(&log.peer.name(), Instant::now());
        log.is_quiet = unlogged.is_none();
        log.unlogged = unlogged.filter(|unlogged| *unlogged != 0);
    }

    async fn serve(
        &self,
        settings: &ServerSettings,
        route: Route,
        ctx: &Context,
        peer: Option<IpAddr>,
        request: Request<Incoming>,
    ) -> Response {
        match route {
            Route::Health | Route::Ready => self.respond_to_probe(route),
            Route::Metrics if self.has_metrics_listener => {
                let text = "metrics are served at an address of their own";
                let text = settings.name_remedies(text, &[Remedy::ServerMetrics]);
                line(StatusCode::NOT_FOUND, &text)
            }
            Route::Metrics => self.respond_with_metrics(),
            Route::Encode | Route::Decode { .. } | Route::Download => {
                let deadline = Instant::now() + settings.time;
                let pipeline = self.adapter.pipeline();
                let body = request.into_body();
                let read = request_body::read(body, settings, &pipeline, deadline);
                let body = match read.await {
                    Ok(body) => body,
                    Err(refused) => return refused,
                };
                // A new deadline: a body that took all of its time must not leave none for the
                // answer.
                let deadline = Instant::now() + settings.time;
                let response = timeout_at(deadline, self.process(route, ctx, peer, body)).await;
                response.unwrap_or_else(|_| {
                    let text = "the request was not done in time";
                    let text = settings.name_remedies(text, &[Remedy::ServerTime]);
                    line(StatusCode::SERVICE_UNAVAILABLE, &text)
                })
            }
        }
    }

    async fn process(
        &self,
        route: Route,
        ctx: &Context,
        peer: Option<IpAddr>,
        body: RequestBody,
    ) -> Response {
        // Taken after the body has arrived: a slow upload must not occupy a permit.
        let _permit = self.requests.acquire(peer).await;
        let (max_payloads, memory) = (self.adapter.pipeline().max_payloads(), body.memory.clone());
        let ctx = &ctx.clone().with_memory(memory.clone());
        let mut size = TransferSize::default();
        let processed = async {
            let length = body.bytes.len();
            let parse = move || {
                let parsed = metered::read_message(&body.bytes, max_payloads, &body.memory);
                // The text is not needed any more, so its memory is released before the pipeline
                // runs.
                drop((body.bytes, body.charge));
                parsed
            };
            let (payloads, _charge) = offload_cpu(length, parse).await?;
            size.payloads = Some(payloads.len());
            let payloads = self.run_pipeline(route, ctx, payloads).await?;
            let bytes = payloads.iter().map(|payload| payload.data.len()).sum();
            let footprint = payloads.iter().map(Payload::footprint).sum();
            let written = offload_cpu(footprint, move || metered::write(payloads, &memory)).await?;
            size.bytes = bytes;
            Ok(written)
        };
        let named = |error| self.adapter.pipeline().name_remedies(error);
        let processed = processed.await.map_err(named);
        let mut response =
            processed.map_or_else(|error: Error| response::from_error(&error), response::payloads);
        response.extensions_mut().insert(size);
        response
    }

    async fn run_pipeline(
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
            // The official handler refuses this too: the Web UI only sends what it shows as a
            // reference.
            Route::Download if !payloads.iter().all(TemporalReferences::is_reference) => {
                let text = "all payloads must be references to stored objects: /download takes nothing \
                            else";
                Err(Error::new(ErrorKind::Malformed, text))
            }
            _ => self.adapter.decode(ctx, payloads).await,
        }
    }
}

/// Runs CPU-bound work, on a blocking thread if it is large.
///
/// Many megabytes of JSON take milliseconds, in which an async thread would serve nobody else.
async fn offload_cpu<T: Send + 'static>(
    bytes: usize,
    work: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    if bytes < MAX_INLINE {
        return work();
    }
    let lost =
        |_| Err(Error::new(ErrorKind::Internal, "the thread that parses or writes JSON panicked"));
    tokio::task::spawn_blocking(work).await.unwrap_or_else(lost)
}
