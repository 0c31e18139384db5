//! Connection to the server behind a proxy, made anew when it is lost.

use std::{sync::Arc, time::Duration};

use arc_swap::ArcSwapOption;
use cloakroom_core::clean;
use h2::Reason;
use http::{Request, Response};
use hyper::{
    body::Incoming,
    client::conn::http2::{Builder, SendRequest},
    rt::Executor as _,
};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    sync::Mutex,
    time::timeout,
};
use tokio_rustls::TlsConnector;

use super::{
    body::GatewayBody, runner::Runner, upstream_tls::UpstreamTls, upstream_url::UpstreamUrl,
};
use crate::status::{Code, Status};

/// Time limit of a connection attempt.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Bytes that the server may send on one stream, and on all, before they are read.
const STREAM_WINDOW: u32 = 1 << 20;
const CONNECTION_WINDOW: u32 = 4 << 20;

/// Largest head in bytes. Errors of a server carry details in it.
const MAX_HEAD: u32 = 64 << 10;

/// Most characters of a network error.
const REASON: usize = 200;

/// One connection to the server. Each connection of a caller has its own: so a balancer before the
/// server spreads the load as it does without the proxy, and callers share no flow control.
pub struct Upstream {
    /// Name of the server in errors.
    server: &'static str,
    url: UpstreamUrl,
    tls: Arc<ArcSwapOption<UpstreamTls>>,
    pings: Pings,
    sender: Mutex<Option<SendRequest<GatewayBody>>>,
    /// Runs the connection.
    runner: Runner,
}

/// Pings to the server while calls are open. They alone find a server, or a balancer before it, that
/// is gone without a word: nothing else is sent while polls wait.
#[derive(Clone, Copy)]
pub(super) struct Pings {
    pub(super) interval: Duration,
    /// Time for an answer.
    pub(super) timeout: Duration,
}

impl Upstream {
    pub(super) fn new(
        server: &'static str,
        url: UpstreamUrl,
        tls: Arc<ArcSwapOption<UpstreamTls>>,
        pings: Pings,
        runner: Runner,
    ) -> Self {
        Self { server, url, tls, pings, sender: Mutex::new(None), runner }
    }

    /// Sends a request, and returns the head of the response. Dropping the future resets the stream.
    ///
    /// A request that never left this process is sent once more on a new connection, and so is the one
    /// that `again` returns if the server says that it has not processed the first. Any other may
    /// have changed something, and repeating it is the caller's decision.
    ///
    /// # Errors
    /// `Unavailable` if the server cannot be reached or the connection is lost.
    pub async fn send(
        &self,
        mut request: Request<GatewayBody>,
        again: impl FnOnce() -> Option<Request<GatewayBody>>,
    ) -> Result<Response<Incoming>, Status> {
        let mut again = Some(again);
        loop {
            let mut sender = self.sender().await?;
            let mut error = match sender.try_send_request(request).await {
                Ok(response) => return Ok(response),
                Err(error) => error,
            };
            let unsent = error.take_message();
            let is_unprocessed = unsent.is_some() || is_unprocessed(error.error());
            let next = again.take().filter(|_| is_unprocessed);
            let next = next.and_then(|again| unsent.or_else(again));
            request = next.ok_or_else(|| self.lost(&describe(error.error())))?;
        }
    }

    /// Tries whether the server speaks HTTP/2.
    ///
    /// # Errors
    /// `Unavailable`.
    pub(super) async fn probe(&self) -> Result<(), Status> {
        self.sender().await.map(drop)
    }

    /// Returns the open connection, or a new one.
    async fn sender(&self) -> Result<SendRequest<GatewayBody>, Status> {
        let mut current = self.sender.lock().await;
        if let Some(sender) = current.as_ref().filter(|sender| !sender.is_closed()) {
            return Ok(sender.clone());
        }
        let connected = timeout(CONNECT_TIMEOUT, self.connect()).await;
        let sender = connected.unwrap_or_else(|_| Err(self.lost("no connection within 5s")))?;
        *current = Some(sender.clone());
        Ok(sender)
    }

    /// Connects anew. The name of the host is looked up each time, and its addresses are tried in turn.
    async fn connect(&self) -> Result<SendRequest<GatewayBody>, Status> {
        let stream = TcpStream::connect(self.url.authority().as_str()).await;
        let stream = stream.map_err(|error| self.lost(&error.to_string()))?;
        let _ = stream.set_nodelay(true);
        if !self.url.is_tls() {
            return self.handshake(stream).await;
        }
        let Some(tls) = self.tls.load_full() else {
            return Err(self.lost("there are no settings of TLS"));
        };
        let name = tls.tls.server_name(self.url.authority().host());
        let name = name.map_err(|error| self.lost(&error.to_string()))?;
        let stream = TlsConnector::from(tls.config.clone()).connect(name, stream).await;
        self.handshake(stream.map_err(|error| self.lost(&format!("TLS: {error}")))?).await
    }

    async fn handshake(
        &self,
        stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    ) -> Result<SendRequest<GatewayBody>, Status> {
        let handshake = Builder::new(self.runner.clone())
            .timer(TokioTimer::new())
            .keep_alive_interval(self.pings.interval)
            .keep_alive_timeout(self.pings.timeout)
            .initial_stream_window_size(STREAM_WINDOW)
            .initial_connection_window_size(CONNECTION_WINDOW)
            .max_header_list_size(MAX_HEAD)
            .handshake(TokioIo::new(self.runner.outlet(stream)))
            .await;
        let (sender, connection) = handshake.map_err(|error| self.lost(&describe(&error)))?;
        self.runner.execute(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a connection to the server failed");
            }
        });
        Ok(sender)
    }

    fn lost(&self, reason: &str) -> Status {
        let text = format!("{} at {} is not available: {reason}", self.server, self.url);
        Status::new(Code::Unavailable, text)
    }
}

/// Returns whether the server says that it has not processed a call: by the code of its reset, or by
/// the number of the last call that it has processed on a connection that it ends.
///
/// h2 gives the second error to calls behind that number alone. The others get one of the network when
/// the connection ends.
fn is_unprocessed(error: &hyper::Error) -> bool {
    let cause =
        std::error::Error::source(error).and_then(|cause| cause.downcast_ref::<h2::Error>());
    cause.is_some_and(|error| {
        let is_refused = error.is_reset() && error.reason() == Some(Reason::REFUSED_STREAM);
        error.is_remote() && (is_refused || error.is_go_away())
    })
}

/// Returns an error of hyper with its causes, which alone say what happened.
fn describe(error: &hyper::Error) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        text.push_str(&format!(": {error}"));
        cause = error.source();
    }
    clean(&text, REASON)
}
