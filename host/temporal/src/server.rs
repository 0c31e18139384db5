//! The codec server: what Temporal's Web UI and command line ask to encode, decode and download.

mod access;
mod answer;
mod body;
mod content;
mod handler;
mod journal;
mod listen;
mod pages;
mod probes;
mod reason;
mod refusals;
mod route;
mod settings;
mod slots;
mod tls;

use std::{
    fmt,
    net::SocketAddr,
    sync::{Arc, atomic::AtomicBool},
};

use arc_swap::ArcSwap;
use cloakroom_core::Error;
use cloakroom_pipeline::Live;
use metrics::{Unit, describe_counter, describe_histogram};
use tokio::sync::Semaphore;

pub use self::{access::Access, settings::Settings};
use self::{refusals::Refusals, slots::Slots};
use crate::{Adapter, Limited, SizeLimits};

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
    address: std::sync::OnceLock<SocketAddr>,
    slots: Slots,
    connections: Arc<Semaphore>,
    metrics: Option<Metrics>,
    /// Whether metrics have a listener of their own, as it was when the server was made.
    has_metrics_listener: bool,
    /// Origins that were refused.
    pages: Refusals,
    /// Addresses that sent no valid token.
    tokens: Refusals,
    is_ending: AtomicBool,
}

impl CodecServer {
    /// Of this pipeline, asked for anew by each request.
    pub fn new(live: impl Live, settings: Settings) -> Self {
        Self::with(live, SizeLimits::default(), settings, None)
    }

    /// The same with other limits of Temporal's, and with what `/metrics` answers.
    pub fn with(
        live: impl Live,
        limits: impl Limited,
        settings: Settings,
        metrics: Option<Metrics>,
    ) -> Self {
        describe_counter!(journal::REQUESTS, "Requests of the codec server that were answered");
        describe_histogram!(journal::SECONDS, Unit::Seconds, "Seconds that answers took");
        let bounded = |count: usize| count.clamp(1, Semaphore::MAX_PERMITS);
        Self(Arc::new(Shared {
            // The server logs each failure with what it knows of the request.
            adapter: Adapter::quiet(live, limits),
            slots: Slots::new(settings.requests),
            connections: Arc::new(Semaphore::new(bounded(settings.connections))),
            has_metrics_listener: settings.metrics.is_some(),
            settings: ArcSwap::from_pointee(settings),
            address: std::sync::OnceLock::new(),
            metrics,
            pages: Refusals::default(),
            tokens: Refusals::default(),
            is_ending: AtomicBool::new(false),
        }))
    }

    /// Serves with other settings from the next request on. How many requests and connections there
    /// may be stays as it was, and so does where it listens.
    ///
    /// # Errors
    /// `Config` if the settings would open the server to strangers; then the old ones stay.
    pub fn swap(&self, settings: Settings) -> Result<(), Error> {
        if let Some(address) = self.0.address.get() {
            settings.check(*address)?;
        }
        self.0.settings.store(Arc::new(settings));
        Ok(())
    }
}

impl fmt::Debug for CodecServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let settings = self.0.settings.load();
        f.debug_struct("CodecServer").field("settings", &settings).finish_non_exhaustive()
    }
}
