//! State that all connections of one codec server share.

use std::{
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use arc_swap::{ArcSwap, ArcSwapOption};
use cloakroom_core::Error;

use super::{
    address::Address, connection_limit::ConnectionLimit, request_limit::RequestLimit,
    settings::ServerSettings,
};
use crate::adapter::Adapter;
use cloakroom_grpc::LogLimit;

/// Renders all recorded metrics in Prometheus's text format.
pub(super) type RenderMetrics = Box<dyn Fn() -> String + Send + Sync>;

/// State that all connections of one codec server share.
pub(super) struct ServerState {
    pub(super) adapter: Adapter,
    pub(super) settings: ArcSwap<ServerSettings>,
    /// Settings of a file that is not loaded yet. A request must satisfy these as well.
    pub(super) pending: ArcSwapOption<ServerSettings>,
    pub(super) address: OnceLock<Address>,
    pub(super) requests: RequestLimit,
    pub(super) connections: Arc<ConnectionLimit>,
    pub(super) metrics: Option<RenderMetrics>,
    /// True if metrics have their own listener. Fixed when the server is built.
    pub(super) has_metrics_listener: bool,
    pub(super) refused_origins: LogLimit,
    /// Addresses that sent no valid token.
    pub(super) refused_tokens: LogLimit,
    /// Addresses whose connections the server ended.
    pub(super) ended_connections: LogLimit,
    /// Addresses whose requests failed.
    pub(super) failed_requests: LogLimit,
    is_shutting_down: AtomicBool,
}

/// Returns a limit of one line in ten minutes, for events that a client can repeat at will.
fn once() -> LogLimit {
    LogLimit::new(1, Duration::from_secs(600))
}

impl ServerState {
    pub(super) fn new(
        adapter: Adapter,
        settings: ServerSettings,
        metrics: Option<RenderMetrics>,
    ) -> Self {
        Self {
            adapter,
            requests: RequestLimit::new(settings.requests),
            connections: ConnectionLimit::new(
                settings.connections,
                settings.max_connections_per_address(),
            ),
            has_metrics_listener: settings.metrics.is_some(),
            settings: ArcSwap::from_pointee(settings),
            pending: ArcSwapOption::empty(),
            address: OnceLock::new(),
            metrics,
            refused_origins: once(),
            refused_tokens: once(),
            ended_connections: once(),
            failed_requests: LogLimit::new(100, Duration::from_secs(60)),
            is_shutting_down: AtomicBool::new(false),
        }
    }

    /// Replaces the settings. Restrictions that are pending stay, unless these settings include
    /// them.
    ///
    /// # Errors
    /// `Config` if the settings would open the server to strangers. The old settings stay.
    pub(super) fn swap(&self, settings: ServerSettings) -> Result<(), Error> {
        let settings = self.prepare(settings)?;
        let is_pending = |pending: &Arc<ServerSettings>| pending.admits_the_same(&settings);
        let completes_pending = self.pending.load().as_ref().is_some_and(is_pending);
        // The order matters: if the restrictions went first, a request in between would be checked
        // against the old settings alone.
        self.settings.store(Arc::new(settings));
        if completes_pending {
            self.pending.store(None);
        }
        Ok(())
    }

    /// Adds the restrictions of settings that are not loaded yet. Returns whether that changed
    /// anything.
    ///
    /// # Errors
    /// `Config` if the settings would open the server to strangers. Then nothing changes.
    pub(super) fn restrict(&self, settings: ServerSettings) -> Result<bool, Error> {
        let settings = self.prepare(settings)?;
        let pending = self.pending.load_full();
        // The file was changed back before it was loaded: nothing is pending any more.
        if self.settings.load().admits_the_same(&settings) {
            self.pending.store(None);
            return Ok(pending.is_some());
        }
        if pending.is_some_and(|pending| pending.admits_the_same(&settings)) {
            return Ok(false);
        }
        self.pending.store(Some(Arc::new(settings)));
        Ok(true)
    }

    /// Validates settings, and gives them the key sets that were fetched already.
    fn prepare(&self, mut settings: ServerSettings) -> Result<ServerSettings, Error> {
        if let Some(address) = self.address.get() {
            settings.check(address)?;
        }
        settings.auth.adopt_keys(&self.settings.load().auth);
        if let Some(pending) = &*self.pending.load() {
            settings.auth.adopt_keys(&pending.auth);
        }
        Ok(settings)
    }

    /// Returns whether the server has stopped accepting connections.
    pub(super) fn is_shutting_down(&self) -> bool {
        self.is_shutting_down.load(Ordering::Relaxed)
    }

    /// Has `/readyz` answer that the server is shutting down.
    pub(super) fn start_shutdown(&self) {
        self.is_shutting_down.store(true, Ordering::Relaxed);
    }
}
