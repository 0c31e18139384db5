//! Handle of a proxy.

use std::{fmt, net::SocketAddr, sync::Arc};

use cloakroom_core::Error;

use super::{callers::Callers, protocol::Protocol, settings::ProxySettings, state::ProxyState};

/// A proxy for gRPC with the protocol of one gateway. Clones are handles to the same proxy.
pub struct Proxy<P>(pub(super) Arc<ProxyState<P>>);

impl<P: Protocol> Proxy<P> {
    /// Returns a proxy, which serves nothing until [`Proxy::serve`] is called. Its `/metrics` is not found
    /// without `metrics`, which renders them.
    pub fn new(
        protocol: P,
        settings: ProxySettings,
        metrics: Option<Box<dyn Fn() -> String + Send + Sync>>,
    ) -> Self {
        Self(Arc::new(ProxyState::new(protocol, P::SERVER, settings, metrics)))
    }

    /// Returns the protocol.
    #[must_use]
    pub fn protocol(&self) -> &P {
        &self.0.protocol
    }

    /// Returns the address that is served, once there is one.
    #[must_use]
    pub fn address(&self) -> Option<SocketAddr> {
        self.0.address.get().copied()
    }

    /// Replaces who may connect, and TLS towards the server, by those of other settings: from the next
    /// call, and the next connection, on. All other settings stay as they are. Restrictions of
    /// [`Proxy::restrict`] stay too, unless these settings include them.
    ///
    /// # Errors
    /// `Config` if the settings would open the proxy to strangers. Then nothing changes.
    pub fn swap(&self, settings: &ProxySettings) -> Result<(), Error> {
        let (state, mut callers) = (&self.0, settings.callers.clone());
        let merged = ProxySettings {
            callers: callers.clone(),
            upstream_tls: settings.upstream_tls.clone(),
            injects_credentials: settings.injects_credentials,
            ..state.settings.clone()
        };
        merged.check_access(self.address())?;
        callers.adopt_keys(&state.callers.load());
        let is_complete = |pending: &Arc<Callers>| pending.admits_the_same(&callers);
        let completes_restriction = state.restriction.load().as_ref().is_some_and(is_complete);
        // The order matters: if the restriction went first, a call in between would be checked against
        // the old callers alone.
        state.callers.store(Arc::new(callers));
        if completes_restriction {
            state.restriction.store(None);
        }
        state.tls.store(settings.upstream_tls.clone().map(Arc::new));
        Ok(())
    }
}

impl<P> Clone for Proxy<P> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<P> fmt::Debug for Proxy<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Proxy").field("settings", &self.0.settings).finish_non_exhaustive()
    }
}
