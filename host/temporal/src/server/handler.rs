//! One request.

use std::sync::Arc;

use bytes::Bytes;
use cloakroom_core::{Context, Error, ErrorKind, Payload};
use cloakroom_pipeline::Pipeline;
use http::{
    HeaderValue, Request, StatusCode,
    header::{ALLOW, ORIGIN, WWW_AUTHENTICATE},
};
use hyper::body::Incoming;
use metrics::{counter, histogram};
use tokio::time::{Instant, timeout_at};

use super::{
    Settings, Shared,
    answer::{self, Answer, line},
    body,
    route::{self, NoRoute, Route},
};
use crate::json;

pub(super) const REQUESTS: &str = "cloakroom_http_requests_total";
pub(super) const SECONDS: &str = "cloakroom_http_seconds";

/// Smaller JSON is read and written where it is.
const AT_ONCE: usize = 64 << 10;

impl Shared {
    pub(super) async fn handle(self: Arc<Self>, request: Request<Incoming>) -> Answer {
        let began = Instant::now();
        let settings = self.settings.load_full();
        let route = Route::of(request.method(), request.uri());
        let word = route.as_ref().map_or("none", |route| route.word());
        let ctx = route::context(request.headers(), request.uri());
        let answer = match self.refusal(&settings, &request, route) {
            Ok(route) => self.serve(&settings, route, &ctx, request).await,
            Err(refused) => *refused,
        };
        let (status, took) = (answer.status(), began.elapsed());
        let labels = [("route", word.to_owned()), ("status", status.as_str().to_owned())];
        counter!(REQUESTS, &labels).increment(1);
        histogram!(SECONDS, "route" => word).record(took);
        // Probes and scrapes would drown the rest.
        if !matches!(route, Ok(Route::Health | Route::Metrics)) {
            tracing::info!(
                route = word,
                status = status.as_u16(),
                namespace = ctx.namespace_name(),
                microseconds = took.as_micros(),
                "answered"
            );
        }
        answer
    }

    /// What is not served, before anything of its body is read.
    fn refusal(
        &self,
        settings: &Settings,
        request: &Request<Incoming>,
        route: Result<Route, NoRoute>,
    ) -> Result<Route, Box<Answer>> {
        let headers = request.headers();
        // Browsers name the page that asks, also where they would not wait for leave.
        if let Some(origin) = headers.get(ORIGIN)
            && !settings.origins.iter().any(|allowed| allowed.as_bytes() == origin.as_bytes())
        {
            // Escaped, and no longer than headers are.
            tracing::warn!(?origin, "a page that is not in `codec_server.origins` asked");
            let text = "this page may not ask: add its origin to `codec_server.origins`";
            return Err(Box::new(line(StatusCode::FORBIDDEN, text)));
        }
        if !matches!(route, Ok(Route::Health)) && !settings.access.admits(headers) {
            let text = "send `Authorization: Bearer` with a token that is valid here";
            let mut refused = line(StatusCode::UNAUTHORIZED, text);
            let bearer = HeaderValue::from_static("Bearer");
            refused.headers_mut().insert(WWW_AUTHENTICATE, bearer);
            return Err(Box::new(refused));
        }
        route.map_err(|none| Box::new(nowhere(none)))
    }

    async fn serve(
        &self,
        settings: &Settings,
        route: Route,
        ctx: &Context,
        request: Request<Incoming>,
    ) -> Answer {
        match route {
            Route::Health => line(StatusCode::OK, "ok"),
            Route::Metrics => match &self.metrics {
                Some(metrics) => answer::metrics(metrics()),
                None => line(StatusCode::NOT_FOUND, "this server records no metrics"),
            },
            Route::Encode | Route::Decode { .. } | Route::Download => {
                let deadline = Instant::now() + settings.time;
                let read = body::read(request.into_body(), settings.body, &self.bodies, deadline);
                let body = match read.await {
                    Ok(body) => body,
                    Err(refused) => return refused,
                };
                let deadline = Instant::now() + settings.time;
                let worked = timeout_at(deadline, self.work(route, ctx, body.bytes)).await;
                drop(body.place);
                worked.unwrap_or_else(|_| {
                    let text = "not done in time (`codec_server.time`)";
                    line(StatusCode::SERVICE_UNAVAILABLE, text)
                })
            }
        }
    }

    async fn work(&self, route: Route, ctx: &Context, body: Bytes) -> Answer {
        // Closed at no time: the server holds it for as long as it lives.
        let Ok(_one) = self.working.acquire().await else {
            return line(StatusCode::SERVICE_UNAVAILABLE, "shutting down");
        };
        let changed = async {
            let payloads = aside(body.len(), move || json::read_message(&body)).await?;
            let payloads = self.change(route, ctx, payloads).await?;
            let bytes = payloads.iter().map(|payload| payload.data.len()).sum();
            aside(bytes, move || json::write(&payloads)).await
        };
        changed.await.map_or_else(|error| answer::failure(&error), answer::payloads)
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

fn nowhere(none: NoRoute) -> Answer {
    match none {
        NoRoute::Path => {
            let text = "there are /encode, /decode, /download, /healthz and /metrics";
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
