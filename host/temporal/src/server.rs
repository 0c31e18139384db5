//! The codec server: what Temporal's Web UI and command line ask to encode, decode and download.

mod accept;
mod address;
mod auth;
mod authorize;
mod connection_limit;
mod handler;
mod jwks;
mod jwt;
mod key_set;
mod local_request;
mod log_once;
mod log_rate;
mod origins;
mod outcome;
mod peer;
mod probes;
mod request_body;
mod request_limit;
mod request_log;
mod response;
mod response_body;
mod route;
mod service;
mod settings;
mod tls;
mod tracked_body;
mod unix_socket;
mod write_timeout;

use std::{
    fmt,
    sync::{Arc, atomic::AtomicBool},
};

use arc_swap::{ArcSwap, ArcSwapOption};
use cloakroom_core::Error;
use cloakroom_pipeline::PipelineSource;
use metrics::{Unit, describe_counter, describe_gauge, describe_histogram};

pub use self::{
    address::{Address, Listener},
    auth::Auth,
    settings::Settings,
};
use self::{
    connection_limit::Connections, log_once::Refusals, log_rate::Throttle, request_limit::Slots,
};
use crate::{Adapter, SizeLimitSource, SizeLimits};

/// A codec server about to listen. Cheap to clone; clones are the same.
///
/// ```no_run
/// # use cloakroom_temporal::server::{CodecServer, Settings};
/// # async fn f(pipeline: cloakroom_pipeline::Pipeline) -> Result<(), Box<dyn std::error::Error>> {
/// let mut settings = Settings::default();
/// settings.origins.push("http://localhost:8233".to_owned());
/// let listener = tokio::net::TcpListener::bind("127.0.0.1:8081").await?;
/// let server = CodecServer::new(pipeline, settings);
/// server.serve(listener, async { tokio::signal::ctrl_c().await.unwrap_or(()) }).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct CodecServer(Arc<Shared>);

/// Renders what a recorder of metrics knows.
type Metrics = Box<dyn Fn() -> String + Send + Sync>;

struct Shared {
    adapter: Adapter,
    settings: ArcSwap<Settings>,
    /// Settings of a file that is not loaded yet. A request that they do not allow is refused.
    bound: ArcSwapOption<Settings>,
    address: std::sync::OnceLock<Address>,
    slots: Slots,
    connections: Arc<Connections>,
    metrics: Option<Metrics>,
    /// Whether metrics have a listener of their own, as it was when the server was made.
    has_metrics_listener: bool,
    /// Origins that were refused.
    pages: Refusals,
    /// Addresses that sent no valid token.
    tokens: Refusals,
    /// Addresses whose connections failed.
    broken: Refusals,
    /// Addresses whose requests failed.
    failed: Throttle,
    is_ending: AtomicBool,
}

impl CodecServer {
    /// Of this pipeline, asked for anew by each request.
    pub fn new(source: impl PipelineSource, settings: Settings) -> Self {
        Self::with(source, SizeLimits::default(), settings, None)
    }

    /// The same with other limits of Temporal's, and with what `/metrics` answers.
    pub fn with(
        source: impl PipelineSource,
        limits: impl SizeLimitSource,
        settings: Settings,
        metrics: Option<Metrics>,
    ) -> Self {
        describe_counter!(request_log::REQUESTS, "Requests of the codec server that were answered");
        describe_counter!(accept::ENDED, "Connections that the codec server ended, by reason");
        describe_counter!(jwks::FETCHES, "Fetches of the keys that verify tokens");
        describe_gauge!(jwks::LAST, Unit::Seconds, "When these keys were last fetched");
        describe_histogram!(request_log::SECONDS, Unit::Seconds, "Seconds that answers took");
        Self(Arc::new(Shared {
            // The server logs each failure with what it knows of the request.
            adapter: Adapter::quiet(source, limits),
            slots: Slots::new(settings.requests),
            connections: Connections::new(settings.connections, settings.most_of_one()),
            has_metrics_listener: settings.metrics.is_some(),
            settings: ArcSwap::from_pointee(settings),
            bound: ArcSwapOption::empty(),
            address: std::sync::OnceLock::new(),
            metrics,
            pages: Refusals::default(),
            tokens: Refusals::default(),
            broken: Refusals::default(),
            failed: Throttle::default(),
            is_ending: AtomicBool::new(false),
        }))
    }

    /// Serves with other settings from the next request on. How many requests and connections there
    /// may be stays as it was, and so does where it listens. What [`CodecServer::restrict`] was
    /// given holds on, unless these settings let in the same.
    ///
    /// # Errors
    /// `Config` if the settings would open the server to strangers; then the old ones stay.
    pub fn swap(&self, settings: Settings) -> Result<(), Error> {
        let settings = self.checked(settings)?;
        if self.0.bound.load().as_ref().is_some_and(|bound| bound.lets_in_the_same(&settings)) {
            self.0.settings.store(Arc::new(settings));
            self.0.bound.store(None);
        } else {
            self.0.settings.store(Arc::new(settings));
        }
        Ok(())
    }

    /// Refuses from the next request on what these settings do not let in: tokens, keys, namespaces
    /// and origins. What they let in and the present ones do not waits for [`CodecServer::swap`].
    /// Returns whether that changed anything.
    ///
    /// An operator who removes a token is obeyed at once, also if the rest of the configuration
    /// takes its time or cannot be loaded.
    ///
    /// # Errors
    /// `Config` if the settings would open the server to strangers; then nothing changes.
    pub fn restrict(&self, settings: Settings) -> Result<bool, Error> {
        let settings = self.checked(settings)?;
        let before = self.0.bound.load_full();
        if self.0.settings.load().lets_in_the_same(&settings) {
            self.0.bound.store(None);
            return Ok(before.is_some());
        }
        let is_known = before.is_some_and(|before| before.lets_in_the_same(&settings));
        if !is_known {
            self.0.bound.store(Some(Arc::new(settings)));
        }
        Ok(!is_known)
    }

    /// Takes over what others have fetched, and refuses what would open the server.
    fn checked(&self, mut settings: Settings) -> Result<Settings, Error> {
        if let Some(address) = self.0.address.get() {
            settings.check(address)?;
        }
        settings.access.adopt(&self.0.settings.load().access);
        if let Some(bound) = &*self.0.bound.load() {
            settings.access.adopt(&bound.access);
        }
        Ok(settings)
    }
}

impl fmt::Debug for CodecServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let settings = self.0.settings.load();
        f.debug_struct("CodecServer").field("settings", &settings).finish_non_exhaustive()
    }
}
