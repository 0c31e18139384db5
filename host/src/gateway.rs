//! Gateway of a configuration.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
};

use cloakroom_core::{Error, ErrorKind};
use cloakroom_temporal::gateway::{Callers, GatewaySettings, UpstreamCredentials, UpstreamUrl};

use crate::{
    blocking_work::run_blocking,
    cloakroom::Cloakroom,
    config::GatewayEntry,
    config_file::ConfigFile,
    dapr_gateway_settings,
    gateway_settings::{self, access, address, frontend, restriction, settings},
    reload_order::GatewayListener,
};

impl Cloakroom {
    /// Returns the address of the gateway for Temporal, and its settings.
    ///
    /// Reads tokens, API keys, key sets and certificates now, and may block: opening a configuration
    /// reads none, because a worker that opens the same file needs none.
    ///
    /// # Errors
    /// `Config` if the configuration has no `[gateway.temporal]`, if a file cannot be read or is not
    /// valid, or if strangers could use the gateway.
    pub fn temporal_gateway(&self) -> Result<(SocketAddr, GatewaySettings), Error> {
        let current = self.current();
        let (entry, folder) = &current.gateway;
        let Some(entry) = &entry.temporal else {
            let text = "there is no [gateway.temporal]: add it, with `upstream = \
                        \"http://127.0.0.1:7233\"`";
            return Err(Error::new(ErrorKind::Config, text));
        };
        let (listen, settings) = (address(entry), settings(entry, folder)?);
        settings.check(listen).map_err(|error| access(folder).in_table(error))?;
        Ok((listen, settings))
    }

    /// Returns Temporal's frontend and the credentials for it, as `[gateway.temporal]` has them, if there is
    /// one. Reads API keys and certificates now, and may block.
    ///
    /// # Errors
    /// `Config` if a file cannot be read or is not valid.
    pub fn temporal_frontend(&self) -> Result<Option<(UpstreamUrl, UpstreamCredentials)>, Error> {
        let current = self.current();
        let (entry, folder) = &current.gateway;
        let Some(entry) = &entry.temporal else { return Ok(None) };
        frontend(entry, folder).map(Some)
    }

    /// Returns the address of the gateway for Dapr, and its settings.
    ///
    /// Reads tokens, key sets and certificates now, and may block.
    ///
    /// # Errors
    /// `Config` if the configuration has no `[gateway.dapr]`, if a file cannot be read or is not valid, or
    /// if strangers could use the gateway.
    pub fn dapr_gateway(
        &self,
    ) -> Result<(SocketAddr, cloakroom_dapr::gateway::GatewaySettings), Error> {
        let current = self.current();
        let (entry, folder) = &current.gateway;
        let Some(entry) = &entry.dapr else {
            let text = "there is no [gateway.dapr]: add it, with `upstream = \
                        \"http://127.0.0.1:50001\"`";
            return Err(Error::new(ErrorKind::Config, text));
        };
        let listen = dapr_gateway_settings::address(entry);
        let settings = dapr_gateway_settings::settings(entry, folder)?;
        let check = settings.proxy.check(listen);
        check.map_err(|error| dapr_gateway_settings::access(folder).in_table(error))?;
        Ok((listen, settings))
    }

    /// Calls `listener` at each reload with the callers of the gateway in the file: as soon as the file was
    /// read, and before its plugins, keys and buckets are loaded, which may take long or fail.
    /// [`Gateway::restrict`] takes them, so that an identity or a token that the file no longer has is
    /// refused at once. An identity whose token cannot be read is nobody.
    ///
    /// The listener gets an error if the file can be parsed and the keys of signed tokens cannot be read.
    /// It is not called for a file that cannot be parsed or has no `[gateway.temporal]`. Of reloads that
    /// run at the same time, the newest calls it last. Each listener is called, for as long as one of the
    /// handles to this configuration lives: a process may serve several gateways.
    ///
    /// [`Gateway::restrict`]: cloakroom_temporal::gateway::Gateway::restrict
    pub fn on_gateway_callers(
        &self,
        listener: impl Fn(Result<Callers, Error>) + Send + Sync + 'static,
    ) {
        let read = |entry: &GatewayEntry, folder: &Path| {
            entry.temporal.as_ref().map(|entry| restriction(entry, folder))
        };
        self.reload_order()
            .add_gateway_listener(GatewayListener { read, call: Arc::new(listener) });
    }

    /// Calls `listener` at each reload with the callers of the gateway for Dapr in the file, as
    /// [`Cloakroom::on_gateway_callers`] does for Temporal.
    pub fn on_dapr_gateway_callers(
        &self,
        listener: impl Fn(Result<Callers, Error>) + Send + Sync + 'static,
    ) {
        let read = |entry: &GatewayEntry, folder: &Path| {
            entry.dapr.as_ref().map(|entry| dapr_gateway_settings::restriction(entry, folder))
        };
        self.reload_order()
            .add_gateway_listener(GatewayListener { read, call: Arc::new(listener) });
    }

    /// Calls each listener, unless a newer reload has begun.
    pub(crate) async fn announce_gateway_callers(
        &self,
        number: u64,
        config: &ConfigFile,
    ) -> Result<(), Error> {
        for GatewayListener { read, call } in self.reload_order().gateway_listeners() {
            let (entry, folder) = (config.file.gateway.clone(), config.folder.clone());
            let Some(written) = run_blocking(move || Ok(read(&entry, &folder))).await? else {
                continue;
            };
            // Under the lock of replacements: of two reloads, the older must not be the last to call.
            self.reload_order().replace_if_newest(number, || call(written))?;
        }
        Ok(())
    }
}

/// Returns why gateways would not start with what the file says of them.
pub(crate) async fn warnings(written: (GatewayEntry, PathBuf)) -> Vec<String> {
    let temporal = gateway_settings::warning(written.clone()).await;
    temporal.into_iter().chain(dapr_gateway_settings::warning(written).await).collect()
}
