//! The gateway's handle and builder.

use std::{
    fmt,
    net::SocketAddr,
    sync::{Arc, OnceLock},
    time::Duration,
};

use arc_swap::{ArcSwap, ArcSwapOption};
use cloakroom_core::Error;
use cloakroom_pipeline::PipelineSource;
use tokio::sync::watch;

use super::{
    callers::Callers,
    credentials::UpstreamCredentials,
    newcomers::Newcomers,
    runner::Runner,
    settings::GatewaySettings,
    upstream::{Pings, Upstream},
};
use crate::{
    adapter::Adapter,
    exchange::{
        Exchange,
        limits::{answer_limits::AnswerLimits, histories::Histories},
        metric,
    },
    limits::{SizeLimitSource, SizeLimits},
    log_limit::LogLimit,
    namespaces::{NamespacePolicies, NamespacePolicySource},
    page_keys::{PageKeySource, PageKeys},
};

/// Renders all recorded metrics in Prometheus's text format.
type RenderMetrics = Box<dyn Fn() -> String + Send + Sync>;

/// Time in which one address causes one line about a stranger.
const STRANGER_INTERVAL: Duration = Duration::from_secs(600);

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
pub struct Gateway(pub(super) Arc<GatewayState>);

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

/// State that all connections of one gateway share.
pub(super) struct GatewayState {
    pub(super) exchange: Exchange,
    pub(super) settings: GatewaySettings,
    /// Callers that may connect, and the credentials for the frontend: as in the settings, until a swap.
    pub(super) callers: ArcSwap<Callers>,
    /// Callers of a configuration that was read and is not loaded: a call must satisfy both.
    pub(super) restriction: ArcSwapOption<Callers>,
    pub(super) credentials: Arc<ArcSwap<UpstreamCredentials>>,
    pub(super) newcomers: Arc<Newcomers>,
    /// Address that it listens on, once it serves.
    pub(super) address: OnceLock<SocketAddr>,
    /// Lines about refused strangers, by address.
    pub(super) strangers: LogLimit,
    pub(super) metrics: Option<RenderMetrics>,
    /// True once the gateway has stopped accepting connections.
    pub(super) draining: watch::Sender<bool>,
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
        let (state, mut callers) = (&self.0, settings.callers.clone());
        let merged = GatewaySettings {
            callers: callers.clone(),
            credentials: settings.credentials.clone(),
            ..state.settings.clone()
        };
        merged.check_access(state.address.get().copied())?;
        callers.adopt_keys(&state.callers.load());
        let is_complete = |pending: &Arc<Callers>| pending.admits_the_same(&callers);
        let completes_restriction = state.restriction.load().as_ref().is_some_and(is_complete);
        // The order matters: if the restriction went first, a call in between would be checked against
        // the old callers alone.
        state.callers.store(Arc::new(callers));
        if completes_restriction {
            state.restriction.store(None);
        }
        state.credentials.store(Arc::new(settings.credentials.clone()));
        Ok(())
    }
}

impl GatewayState {
    /// Returns a connection to the frontend, which is made when it is first used.
    pub(super) fn upstream(&self, runner: Runner) -> Upstream {
        let GatewaySettings { upstream, ping_interval, ping_timeout, .. } = &self.settings;
        let pings = Pings { interval: *ping_interval, timeout: *ping_timeout };
        Upstream::new(upstream.clone(), self.credentials.clone(), pings, runner)
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
        let (draining, _) = watch::channel(false);
        let (settings, metrics) = (self.settings, self.metrics);
        let mut exchange = Exchange::new(adapter, settings.message, self.namespaces);
        exchange.encode_failures = settings.encode_failures;
        exchange.histories = Histories::new(settings.history);
        exchange.answers = AnswerLimits::with(&settings.answers);
        exchange.page_keys = self.page_keys;
        Gateway(Arc::new(GatewayState {
            exchange,
            callers: ArcSwap::from_pointee(settings.callers.clone()),
            restriction: ArcSwapOption::empty(),
            credentials: Arc::new(ArcSwap::from_pointee(settings.credentials.clone())),
            newcomers: Arc::default(),
            address: OnceLock::new(),
            strangers: LogLimit::new(1, STRANGER_INTERVAL),
            settings,
            metrics,
            draining,
        }))
    }
}

impl fmt::Debug for Gateway {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gateway").field("settings", &self.0.settings).finish_non_exhaustive()
    }
}

impl fmt::Debug for GatewayBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GatewayBuilder").field("settings", &self.settings).finish_non_exhaustive()
    }
}
