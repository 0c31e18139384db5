//! The codec server's handle and builder.

use std::{fmt, sync::Arc};

use cloakroom_core::Error;
use cloakroom_pipeline::PipelineSource;

use super::{
    metric,
    settings::ServerSettings,
    state::{RenderMetrics, ServerState},
};
use crate::{
    adapter::Adapter,
    limits::{SizeLimitSource, SizeLimits},
};

/// A codec server: encodes, decodes and downloads payloads for Temporal's Web UI and command line.
///
/// Clones are handles to the same server.
///
/// ```no_run
/// # use cloakroom_temporal::server::{CodecServer, ServerSettings};
/// # async fn f(pipeline: cloakroom_pipeline::Pipeline) -> Result<(), Box<dyn std::error::Error>> {
/// let mut settings = ServerSettings::default();
/// settings.origins.push("http://localhost:8233".to_owned());
/// let listener = tokio::net::TcpListener::bind("127.0.0.1:8081").await?;
/// let server = CodecServer::new(pipeline, settings);
/// server.serve(listener, async { tokio::signal::ctrl_c().await.unwrap_or(()) }).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct CodecServer(pub(super) Arc<ServerState>);

/// Builder of a [`CodecServer`].
#[must_use]
pub struct CodecServerBuilder {
    source: Box<dyn PipelineSource>,
    limits: Box<dyn SizeLimitSource>,
    settings: ServerSettings,
    metrics: Option<RenderMetrics>,
}

impl CodecServer {
    /// Creates a codec server with default size limits and without metrics.
    ///
    /// Each request uses the pipeline that `source` returns at that moment.
    #[must_use]
    pub fn new(source: impl PipelineSource, settings: ServerSettings) -> Self {
        Self::builder(source).with_settings(settings).build()
    }

    /// Returns a builder for a codec server with this pipeline.
    pub fn builder(source: impl PipelineSource) -> CodecServerBuilder {
        CodecServerBuilder {
            source: Box::new(source),
            limits: Box::new(SizeLimits::default()),
            settings: ServerSettings::default(),
            metrics: None,
        }
    }

    /// Replaces the settings from the next request on.
    ///
    /// The limits on requests and connections, and the address, stay as they were.
    /// Restrictions of [`CodecServer::restrict`] stay too, unless these settings include them.
    ///
    /// # Errors
    /// `Config` if the settings would open the server to strangers. The old settings stay.
    pub fn swap(&self, settings: ServerSettings) -> Result<(), Error> {
        self.0.swap(settings)
    }

    /// Refuses, from the next request on, whatever these settings do not admit: tokens, keys,
    /// namespaces and origins. Returns whether that changed anything.
    ///
    /// Anything that they admit in addition takes effect only with [`CodecServer::swap`]. So the
    /// removal of a token takes effect at once, even if the rest of the configuration is slow to
    /// load or invalid.
    ///
    /// # Errors
    /// `Config` if the settings would open the server to strangers. Then nothing changes.
    pub fn restrict(&self, settings: ServerSettings) -> Result<bool, Error> {
        self.0.restrict(settings)
    }
}

impl CodecServerBuilder {
    /// Sets who may ask, and the server's limits. Default: [`ServerSettings::default`].
    pub fn with_settings(mut self, settings: ServerSettings) -> Self {
        self.settings = settings;
        self
    }

    /// Sets the sizes that Temporal accepts. Default: [`SizeLimits::default`].
    pub fn with_size_limits(mut self, limits: impl SizeLimitSource) -> Self {
        self.limits = Box::new(limits);
        self
    }

    /// Serves the text that `render` returns on `/metrics`. Default: `/metrics` is not found.
    pub fn with_metrics(mut self, render: impl Fn() -> String + Send + Sync + 'static) -> Self {
        self.metrics = Some(Box::new(render));
        self
    }

    /// Builds the server. It serves nothing until [`CodecServer::serve`] is called.
    #[must_use]
    pub fn build(self) -> CodecServer {
        metric::describe();
        // The server logs each failure itself, with the request it belongs to.
        let adapter = Adapter::new(self.source, self.limits).quiet();
        CodecServer(Arc::new(ServerState::new(adapter, self.settings, self.metrics)))
    }
}

impl fmt::Debug for CodecServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let settings = self.0.settings.load();
        f.debug_struct("CodecServer").field("settings", &settings).finish_non_exhaustive()
    }
}

impl fmt::Debug for CodecServerBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CodecServerBuilder")
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}
