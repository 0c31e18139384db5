//! Gateways that a command serves, one for each workflow engine.

use std::{future::Future, net::SocketAddr};

use cloakroom::{Cloakroom, Error, dapr, temporal};
use tokio::net::TcpListener;

/// Callers of a gateway, in the file.
pub(super) type Written = Result<temporal::gateway::Callers, Error>;

/// Renders all recorded metrics.
pub(super) type Render = Box<dyn Fn() -> String + Send + Sync>;

/// A gateway that a command serves. Clones are handles to the same gateway.
pub(super) trait Engine: Clone + Send + Sync + 'static {
    /// Table of the gateway in the configuration.
    const TABLE: &'static str;
    /// Settings of the gateway.
    type Settings: Clone + Send + Sync + 'static;

    /// Reads the settings, and the address to listen on.
    fn read(cloakroom: &Cloakroom) -> Result<(SocketAddr, Self::Settings), Error>;

    /// Builds the gateway.
    fn build(cloakroom: &Cloakroom, settings: Self::Settings, render: Render) -> Self;

    /// Calls a listener with the callers in the file before the rest of it is loaded.
    fn listen(cloakroom: &Cloakroom, listener: impl Fn(Written) + Send + Sync + 'static);

    /// Validates settings for a listener.
    fn check(settings: &Self::Settings, listen: SocketAddr) -> Result<(), Error>;

    /// Returns the address of metrics.
    fn metrics(settings: &Self::Settings) -> Option<SocketAddr>;

    /// Returns the server behind the gateway.
    fn upstream(settings: &Self::Settings) -> String;

    /// Returns whether other settings apply in full only after a restart.
    fn needs_restart(settings: &Self::Settings, other: &Self::Settings) -> bool;

    /// Applies what a reload may change.
    fn swap(&self, settings: &Self::Settings) -> Result<(), Error>;

    /// Restricts callers to those of a file that is not loaded. Returns whether that changed anything.
    fn restrict(&self, callers: temporal::gateway::Callers) -> bool;

    /// Serves calls until `shutdown` completes.
    fn serve(
        &self,
        listener: TcpListener,
        shutdown: impl Future<Output = ()> + Send,
    ) -> impl Future<Output = Result<(), Error>> + Send;

    /// Serves probes for ever.
    fn serve_probes(&self, listener: TcpListener) -> impl Future<Output = ()> + Send;
}

impl Engine for temporal::gateway::Gateway {
    const TABLE: &'static str = "gateway.temporal";
    type Settings = temporal::gateway::GatewaySettings;

    fn read(cloakroom: &Cloakroom) -> Result<(SocketAddr, Self::Settings), Error> {
        cloakroom.temporal_gateway()
    }

    fn build(cloakroom: &Cloakroom, settings: Self::Settings, render: Render) -> Self {
        Self::builder(cloakroom.clone(), settings)
            .with_size_limits(cloakroom.clone())
            .with_namespaces(cloakroom.clone())
            .with_page_keys(cloakroom.clone())
            .with_metrics(render)
            .build()
    }

    fn listen(cloakroom: &Cloakroom, listener: impl Fn(Written) + Send + Sync + 'static) {
        cloakroom.on_gateway_callers(listener);
    }

    fn check(settings: &Self::Settings, listen: SocketAddr) -> Result<(), Error> {
        settings.check(listen)
    }

    fn metrics(settings: &Self::Settings) -> Option<SocketAddr> {
        settings.metrics
    }

    fn upstream(settings: &Self::Settings) -> String {
        settings.upstream.to_string()
    }

    fn needs_restart(settings: &Self::Settings, other: &Self::Settings) -> bool {
        settings.needs_restart(other)
    }

    fn swap(&self, settings: &Self::Settings) -> Result<(), Error> {
        Self::swap(self, settings)
    }

    fn restrict(&self, callers: temporal::gateway::Callers) -> bool {
        Self::restrict(self, callers)
    }

    async fn serve(
        &self,
        listener: TcpListener,
        shutdown: impl Future<Output = ()> + Send,
    ) -> Result<(), Error> {
        Self::serve(self, listener, shutdown).await
    }

    async fn serve_probes(&self, listener: TcpListener) {
        Self::serve_probes(self, listener, std::future::pending()).await;
    }
}

impl Engine for dapr::gateway::Gateway {
    const TABLE: &'static str = "gateway.dapr";
    type Settings = dapr::gateway::GatewaySettings;

    fn read(cloakroom: &Cloakroom) -> Result<(SocketAddr, Self::Settings), Error> {
        cloakroom.dapr_gateway()
    }

    fn build(cloakroom: &Cloakroom, settings: Self::Settings, render: Render) -> Self {
        Self::builder(cloakroom.clone(), settings).with_metrics(render).build()
    }

    fn listen(cloakroom: &Cloakroom, listener: impl Fn(Written) + Send + Sync + 'static) {
        cloakroom.on_dapr_gateway_callers(listener);
    }

    fn check(settings: &Self::Settings, listen: SocketAddr) -> Result<(), Error> {
        settings.proxy.check(listen)
    }

    fn metrics(settings: &Self::Settings) -> Option<SocketAddr> {
        settings.proxy.metrics
    }

    fn upstream(settings: &Self::Settings) -> String {
        settings.proxy.upstream.to_string()
    }

    fn needs_restart(settings: &Self::Settings, other: &Self::Settings) -> bool {
        settings.needs_restart(other)
    }

    fn swap(&self, settings: &Self::Settings) -> Result<(), Error> {
        Self::swap(self, settings)
    }

    fn restrict(&self, callers: temporal::gateway::Callers) -> bool {
        Self::restrict(self, callers)
    }

    async fn serve(
        &self,
        listener: TcpListener,
        shutdown: impl Future<Output = ()> + Send,
    ) -> Result<(), Error> {
        Self::serve(self, listener, shutdown).await
    }

    async fn serve_probes(&self, listener: TcpListener) {
        Self::serve_probes(self, listener, std::future::pending()).await;
    }
}
