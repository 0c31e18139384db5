//! Gateway of a configuration.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use cloakroom_core::{Error, ErrorKind};
use cloakroom_temporal::gateway::GatewaySettings;

use crate::{cloakroom::Cloakroom, config::ClientEntry};

/// Address of the gateway by default: this machine alone can reach it.
const LISTEN: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 7243);

impl Cloakroom {
    /// Returns the address of the gateway for Temporal, and its settings.
    ///
    /// # Errors
    /// `Config` if the configuration has no `[gateway.temporal]`.
    pub fn temporal_gateway(&self) -> Result<(SocketAddr, GatewaySettings), Error> {
        let current = self.current();
        let Some(entry) = &current.gateway.temporal else {
            let text = "there is no [gateway.temporal]: add it, with `upstream = \
                        \"http://127.0.0.1:7233\"`";
            return Err(Error::new(ErrorKind::Config, text));
        };
        let mut settings = GatewaySettings::new(entry.upstream.0.parse()?);
        settings.metrics = entry.metrics_listen;
        settings.encode_failures = entry.encode_failures;
        let client = |client: &ClientEntry| (client.user_agent.clone(), client.answer.0);
        let (from, threshold) = (&entry.history.from, &entry.history.threshold);
        settings.history.from = from.as_ref().map_or(settings.history.from, |size| size.0);
        let default = settings.history.threshold;
        settings.history.threshold = threshold.as_ref().map_or(default, |size| size.0);
        settings.answers = entry.client.iter().map(client).collect();
        settings.allowed_methods = entry.allow_methods.iter().map(|name| name.0.clone()).collect();
        let listen = entry.listen.map_or(LISTEN, |listen| listen.0);
        settings.check(listen)?;
        Ok((listen, settings))
    }
}
