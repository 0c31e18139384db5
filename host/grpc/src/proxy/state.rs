//! State that all connections of one proxy share.

use std::{
    net::SocketAddr,
    sync::{Arc, OnceLock},
    time::Duration,
};

use arc_swap::{ArcSwap, ArcSwapOption};
use tokio::sync::watch;

use super::{
    callers::Callers,
    newcomers::Newcomers,
    runner::Runner,
    settings::ProxySettings,
    upstream::{Pings, Upstream},
    upstream_tls::UpstreamTls,
};
use crate::log_limit::LogLimit;

/// Renders all recorded metrics in Prometheus's text format.
pub(super) type RenderMetrics = Box<dyn Fn() -> String + Send + Sync>;

/// Time in which one address causes one line about a stranger.
const STRANGER_INTERVAL: Duration = Duration::from_secs(600);

/// State that all connections of one proxy share.
pub struct ProxyState<P> {
    /// Protocol of the gateway.
    pub protocol: P,
    /// Server behind the proxy, in errors.
    pub(super) server: &'static str,
    pub(super) settings: ProxySettings,
    /// Callers that may connect, and TLS towards the server: as in the settings, until a swap.
    pub(super) callers: ArcSwap<Callers>,
    /// Callers of a configuration that was read and is not loaded: a call must satisfy both.
    pub(super) restriction: ArcSwapOption<Callers>,
    pub(super) tls: Arc<ArcSwapOption<UpstreamTls>>,
    pub(super) newcomers: Arc<Newcomers>,
    /// Address that is served.
    pub(super) address: OnceLock<SocketAddr>,
    /// Strangers, by address: one line for each in some time.
    pub(super) strangers: LogLimit,
    pub(super) metrics: Option<RenderMetrics>,
    /// True once the proxy has stopped accepting connections.
    pub(super) draining: watch::Sender<bool>,
}

impl<P> ProxyState<P> {
    pub(super) fn new(
        protocol: P,
        server: &'static str,
        settings: ProxySettings,
        metrics: Option<RenderMetrics>,
    ) -> Self {
        Self {
            protocol,
            server,
            callers: ArcSwap::from_pointee(settings.callers.clone()),
            restriction: ArcSwapOption::empty(),
            tls: Arc::new(ArcSwapOption::from_pointee(settings.upstream_tls.clone())),
            newcomers: Arc::default(),
            address: OnceLock::new(),
            strangers: LogLimit::new(1, STRANGER_INTERVAL),
            settings,
            metrics,
            draining: watch::channel(false).0,
        }
    }

    /// Completes once the proxy has stopped accepting connections.
    pub async fn drained(&self) {
        let mut draining = self.draining.subscribe();
        // The sender lives as long as the proxy.
        let _ = draining.wait_for(|is_draining| *is_draining).await;
    }

    /// Returns a connection to the server, which is made when it is first used.
    pub(super) fn upstream(&self, runner: Runner) -> Upstream {
        let ProxySettings { upstream, ping_interval, ping_timeout, .. } = &self.settings;
        let pings = Pings { interval: *ping_interval, timeout: *ping_timeout };
        Upstream::new(self.server, upstream.clone(), self.tls.clone(), pings, runner)
    }
}
