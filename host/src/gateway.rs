//! Gateway of a configuration.

use std::net::SocketAddr;

use cloakroom_core::{Error, ErrorKind};
use cloakroom_temporal::gateway::GatewaySettings;

use crate::{
    cloakroom::Cloakroom,
    gateway_settings::{address, in_table, settings},
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
}
