//! Handle and builder of a gateway.

use std::{fmt, future::Future, sync::Arc};

use cloakroom_core::Error;
use cloakroom_grpc::proxy::{Callers, Proxy};
use cloakroom_pipeline::PipelineSource;
use tokio::net::TcpListener;

use super::{
    metric,
    settings::GatewaySettings,
    sidecar::{Current, Sidecar},
};

/// Renders all recorded metrics in Prometheus's text format.
type RenderMetrics = Box<dyn Fn() -> String + Send + Sync>;

/// A gRPC proxy between an app and its Dapr sidecar: encodes the payloads of workflows on the way to the
/// sidecar, and decodes them on the way back.
///
/// Clones are handles to the same gateway.
///
/// ```no_run
/// # use cloakroom_dapr::gateway::{Gateway, GatewaySettings};
/// # async fn f(pipeline: cloakroom_pipeline::Pipeline) -> Result<(), Box<dyn std::error::Error>> {
/// let settings = GatewaySettings::new("http://127.0.0.1:50001".parse()?);
/// let listener = tokio::net::TcpListener::bind("127.0.0.1:3551").await?;
/// let gateway = Gateway::builder(pipeline, settings).build();
/// gateway.serve(listener, std::future::pending()).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Gateway(Proxy<Sidecar>);

/// Builder of a [`Gateway`].
#[must_use]
pub struct GatewayBuilder {
    source: Arc<dyn PipelineSource>,
    settings: GatewaySettings,
    metrics: Option<RenderMetrics>,
}

impl Gateway {
    /// Returns a builder for a gateway with this pipeline. Each message uses the pipeline that `source`
    /// returns at that moment.
    pub fn builder(source: impl PipelineSource, settings: GatewaySettings) -> GatewayBuilder {
        GatewayBuilder { source: Arc::new(source), settings, metrics: None }
    }

    /// Replaces the limits of sidecar and app, the time for which an activity is held, who may connect, and
    /// TLS towards the sidecar, by those of other settings. All other settings stay as they are. Items that
    /// are held back are tried again at once.
    ///
    /// # Errors
    /// `Config` if the settings would open the gateway to strangers. Then nothing changes.
    pub fn swap(&self, settings: &GatewaySettings) -> Result<(), Error> {
        self.0.swap(&settings.proxy)?;
        let current = &self.0.protocol().current;
        current.settings.store(Arc::new(current.settings.load().with_swapped(settings)));
        current.changed.notify_waiters();
        Ok(())
    }

    /// Restricts calls to what these callers may do too, until a [`Gateway::swap`]: for a configuration
    /// that was read and not loaded. Returns whether that changed anything.
    #[must_use]
    pub fn restrict(&self, callers: Callers) -> bool {
        self.0.restrict(callers)
    }

    /// Serves connections until `shutdown` completes, then waits up to 30 seconds for open calls. Streams of
    /// work items end at once: Dapr delivers again what was open.
    ///
    /// # Errors
    /// `Config` if other machines could reach the listener.
    pub async fn serve(
        &self,
        listener: TcpListener,
        shutdown: impl Future<Output = ()>,
    ) -> Result<(), Error> {
        self.0.serve(listener, shutdown).await
    }

    /// Serves `/metrics`, `/healthz` and `/readyz` until `shutdown` completes, to everybody who reaches
    /// the listener. End it last: while calls finish, `/readyz` answers that the gateway is shutting down.
    pub async fn serve_probes(&self, listener: TcpListener, shutdown: impl Future<Output = ()>) {
        self.0.serve_probes(listener, shutdown).await;
    }
}

impl GatewayBuilder {
    /// Serves the text that `render` returns on `/metrics`. Default: `/metrics` is not found.
    pub fn with_metrics(mut self, render: impl Fn() -> String + Send + Sync + 'static) -> Self {
        self.metrics = Some(Box::new(render));
        self
    }

    /// Builds the gateway. It serves nothing until [`Gateway::serve`] is called.
    #[must_use]
    pub fn build(self) -> Gateway {
        metric::describe();
        let proxy = self.settings.proxy.clone();
        let current = Arc::new(Current::new(self.settings));
        Gateway(Proxy::new(Sidecar::new(self.source, current), proxy, self.metrics))
    }
}

impl fmt::Debug for Gateway {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let settings = self.0.protocol().settings();
        f.debug_struct("Gateway").field("settings", &settings).finish_non_exhaustive()
    }
}

impl fmt::Debug for GatewayBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GatewayBuilder").field("settings", &self.settings).finish_non_exhaustive()
    }
}
