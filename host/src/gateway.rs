//! Gateway of a configuration.

use std::{net::SocketAddr, sync::Arc};

use cloakroom_core::{Error, ErrorKind};
use cloakroom_temporal::gateway::{Callers, GatewaySettings};

use crate::{
    blocking_work::run_blocking,
    cloakroom::Cloakroom,
    config_file::ConfigFile,
    gateway_settings::{address, in_table, restriction, settings},
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
        settings.check(listen).map_err(in_table)?;
        Ok((listen, settings))
    }
    /// Calls `listener` at each reload with the callers of the gateway in the file: as soon as the file was
    /// read, and before its plugins, keys and buckets are loaded, which may take long or fail.
    /// [`Gateway::restrict`] takes them, so that an identity or a token that the file no longer has is
    /// refused at once. An identity whose token cannot be read is nobody.
    ///
    /// The listener gets an error if the file can be parsed and the keys of signed tokens cannot be read.
    /// It is not called for a file that cannot be parsed or has no `[gateway.temporal]`. Of reloads that
    /// run at the same time, the newest calls it last. There is one listener: another takes its place.
    ///
    /// [`Gateway::restrict`]: cloakroom_temporal::gateway::Gateway::restrict
    pub fn on_gateway_callers(
        &self,
        listener: impl Fn(Result<Callers, Error>) + Send + Sync + 'static,
    ) {
        self.reload_order().set_gateway_listener(Arc::new(listener));
    }

    /// Calls the listener, if there is one and no newer reload has begun.
    pub(crate) async fn announce_gateway_callers(
        &self,
        number: u64,
        config: &ConfigFile,
    ) -> Result<(), Error> {
        let (Some(listener), Some(entry)) =
            (self.reload_order().gateway_listener(), config.file.gateway.temporal.clone())
        else {
            return Ok(());
        };
        let folder = config.folder.clone();
        let read = run_blocking(move || Ok(restriction(&entry, &folder))).await?;
        // Under the lock of replacements: of two reloads, the older must not be the last to call.
        self.reload_order().replace_if_newest(number, || listener(read))
    }
}
