//! Client of a server, for a program that serves nobody and has calls of its own to make.

use std::sync::Arc;

use arc_swap::ArcSwapOption;
use bytes::Bytes;
use cloakroom_core::{ByteSize, CallMemory};
use http::{HeaderMap, HeaderValue, header::TE};
use tokio::task::JoinSet;

use super::{
    ask::{request, unary},
    headers::describe_grpc,
    runner::Runner,
    settings::ProxySettings,
    upstream::{Pings, Upstream},
    upstream_url::UpstreamUrl,
};
use crate::status::Status;

/// Client of one server, over one connection, which is made when it is first used and ends with the
/// client.
pub struct Client {
    /// Name of the server in errors.
    server: &'static str,
    url: UpstreamUrl,
    upstream: Upstream,
    /// Runs the connection.
    _runner: JoinSet<()>,
}

impl Client {
    /// Returns a client of the server behind a proxy with these settings. `server` is its name in errors.
    ///
    /// Has to be called in a Tokio runtime.
    #[must_use]
    pub fn new(server: &'static str, settings: &ProxySettings) -> Self {
        let (runner, mut tasks) = (Runner::default(), JoinSet::new());
        let running = runner.clone();
        tasks.spawn(async move {
            running.run(std::future::pending::<()>()).await;
        });
        let tls = Arc::new(ArcSwapOption::from_pointee(settings.upstream_tls.clone()));
        let url = settings.upstream.clone();
        let pings = Pings { interval: settings.ping_interval, timeout: settings.ping_timeout };
        let upstream = Upstream::new(server, url.clone(), tls, pings, runner);
        Self { server, url, upstream, _runner: tasks }
    }

    /// Makes a unary call, and returns headers and message of the answer. The message has at most `max`
    /// bytes, and is counted for as long as `memory` lives.
    ///
    /// # Errors
    /// The server's status, or `Unavailable` if it cannot be reached.
    pub async fn ask(
        &self,
        path: &str,
        mut headers: HeaderMap,
        message: Bytes,
        max: ByteSize,
        memory: &CallMemory,
    ) -> Result<(HeaderMap, Bytes), Status> {
        describe_grpc(&mut headers);
        // gRPC requires it: a proxy that drops trailers must know that it may not.
        headers.insert(TE, HeaderValue::from_static("trailers"));
        let make = |headers| request(&self.url, path, headers, message.clone());
        unary(self.server, &self.upstream, make, headers, max, memory).await
    }
}
