//! The gateway's handle and builder.

use std::{fmt, future::Future, sync::Arc};

use arc_swap::ArcSwap;
use cloakroom_core::{Error, ErrorKind};
use cloakroom_grpc::proxy::{Callers, Proxy};
use cloakroom_pipeline::PipelineSource;
use tokio::net::TcpListener;

use super::{settings::GatewaySettings, temporal::Temporal};
use crate::{
    adapter::Adapter,
    exchange::{
        Exchange,
        limits::{answer_limits::AnswerLimits, histories::Histories},
        metric,
    },
    limits::{SizeLimitSource, SizeLimits},
    namespaces::{NamespacePolicies, NamespacePolicySource},
    page_keys::{PageKeySource, PageKeys},
};

/// Renders all recorded metrics in Prometheus's text format.
type RenderMetrics = Box<dyn Fn() -> String + Send + Sync>;

/// A gRPC proxy between Temporal's workers or clients and its frontend: encodes the payloads of
/// requests and decodes those of answers.
///
/// Clones are handles to the same gateway.
///
/// ```no_run
/// # use cloakroom_temporal::gateway::{Gateway, GatewaySettings};
/// # async fn f(pipeline: cloakroom_pipeline::Pipeline) -> Result<(), Box<dyn std::error::Error>> {
/// let settings = GatewaySettings::new("http://127.0.0.1:7233".parse()?);
/// let listener = tokio::net::TcpListener::bind("127.0.0.1:7243").await?;
/// let gateway = Gateway::builder(pipeline, settings).build();
/// gateway.serve(listener, async { tokio::signal::ctrl_c().await.unwrap_or(()) }).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Gateway(Proxy<Temporal>);

/// Builder of a [`Gateway`].
#[must_use]
pub struct GatewayBuilder {
    source: Box<dyn PipelineSource>,
    limits: Box<dyn SizeLimitSource>,
    namespaces: Box<dyn NamespacePolicySource>,
    page_keys: Box<dyn PageKeySource>,
    settings: GatewaySettings,
    metrics: Option<RenderMetrics>,
}

impl Gateway {
    /// Returns a builder for a gateway with this pipeline. Each call uses the pipeline that `source`
    /// returns at that moment.
    pub fn builder(source: impl PipelineSource, settings: GatewaySettings) -> GatewayBuilder {
        GatewayBuilder {
            source: Box::new(source),
            limits: Box::new(SizeLimits::default()),
            namespaces: Box::new(Arc::<NamespacePolicies>::default()),
            page_keys: Box::new(PageKeys::default()),
            settings,
            metrics: None,
        }
    }

    /// Replaces who may connect, and the credentials for the frontend, by those of other settings: from
    /// the next call, and the next connection, on. All other settings stay as they are. Restrictions of
    /// [`Gateway::restrict`] stay too, unless these settings include them.
    ///
    /// # Errors
    /// `Config` if the settings would open the gateway to strangers. Then nothing changes.
    pub fn swap(&self, settings: &GatewaySettings) -> Result<(), Error> {
        let temporal = self.0.protocol();
        let merged = GatewaySettings {
            callers: settings.callers.clone(),
            credentials: settings.credentials.clone(),
            ..temporal.settings.clone()
        };
        merged.check_access(self.0.address())?;
        self.0.swap(&merged.proxy())?;
        temporal.credentials.store(Arc::new(merged.credentials));
        Ok(())
    }

    /// Restricts calls to what these callers may do too, until a [`Gateway::swap`]: for a configuration
    /// that was read and not loaded. Plugins may take minutes to compile, or fail, and an identity or a
    /// token that the file no longer has must not count until then. Returns whether that changed
    /// anything.
    ///
    /// What the callers add is not given: it belongs to a configuration that may never be loaded.
    #[must_use]
    pub fn restrict(&self, callers: Callers) -> bool {
        self.0.restrict(callers)
    }

    /// Serves connections until `shutdown` completes, then waits up to 30 seconds for open calls.
    /// Polls that wait for a task are answered with none.
    ///
    /// # Errors
    /// `Config` if other machines could reach the listener.
    pub async fn serve(
        &self,
        listener: TcpListener,
        shutdown: impl Future<Output = ()>,
    ) -> Result<(), Error> {
        let address = listener.local_addr().map_err(|error| {
            Error::new(ErrorKind::Unavailable, "cannot read the address of the listener")
                .with_source(error)
        })?;
        self.0.protocol().settings.check(address)?;
        self.0.serve(listener, shutdown).await
    }

    /// Serves `/metrics`, `/healthz` and `/readyz` until `shutdown` completes, to everybody who
    /// reaches the listener. End it last: while calls finish, `/readyz` answers that the gateway is
    /// shutting down.
    pub async fn serve_probes(&self, listener: TcpListener, shutdown: impl Future<Output = ()>) {
        self.0.serve_probes(listener, shutdown).await;
    }
}

impl GatewayBuilder {
    /// Sets the sizes that Temporal accepts. Default: [`SizeLimits::default`].
    pub fn with_size_limits(mut self, limits: impl SizeLimitSource) -> Self {
        self.limits = Box::new(limits);
        self
    }

    /// Sets the policies of namespaces. Default: every payload of every namespace is encoded, and none may
    /// cross to another namespace where a stage encrypts.
    pub fn with_namespaces(mut self, namespaces: impl NamespacePolicySource) -> Self {
        self.namespaces = Box::new(namespaces);
        self
    }

    /// Sets the keys that authenticate page tokens. Default: none, and tokens are not authenticated.
    pub fn with_page_keys(mut self, keys: impl PageKeySource) -> Self {
        self.page_keys = Box::new(keys);
        self
    }

    /// Serves the text that `render` returns on `/metrics`. Default: `/metrics` is not found.
    pub fn with_metrics(mut self, render: impl Fn() -> String + Send + Sync + 'static) -> Self {
        self.metrics = Some(Box::new(render));
        self
    }

    /// Builds the gateway. It serves nothing until [`Gateway::serve`] is called.
    #[must_use]
    pub fn build(self) -> Gateway {
        metric::describe();
        // The gateway logs each failure itself, with the call it belongs to.
        let adapter = Adapter::new(self.source, self.limits).quiet();
        let (settings, metrics) = (self.settings, self.metrics);
        let mut exchange = Exchange::new(adapter, settings.message, self.namespaces);
        exchange.encode_failures = settings.encode_failures;
        exchange.histories = Histories::new(settings.history);
        exchange.answers = AnswerLimits::with(&settings.answers);
        exchange.page_keys = self.page_keys;
        let (proxy, credentials) = (settings.proxy(), settings.credentials.clone());
        let credentials = ArcSwap::from_pointee(credentials);
        Gateway(Proxy::new(Temporal { exchange, settings, credentials }, proxy, metrics))
    }
}

impl fmt::Debug for Gateway {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gateway")
            .field("settings", &self.0.protocol().settings)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for GatewayBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GatewayBuilder").field("settings", &self.settings).finish_non_exhaustive()
    }
}
