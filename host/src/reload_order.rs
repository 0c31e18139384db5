//! Order of reloads: the newest wins, whichever is loaded first.

use std::sync::{Mutex, PoisonError};

use cloakroom_core::{Error, ErrorKind};
use tokio::sync::watch;

/// Numbers of reloads, of which the newest wins.
pub(crate) struct ReloadOrder {
    newest: watch::Sender<u64>,
    /// Held while a reload replaces something, so that no older one does so after a newer one.
    replacing: Mutex<()>,
    #[cfg(feature = "codec-server")]
    listener: Mutex<Option<CodecServerListener>>,
    #[cfg(feature = "gateway")]
    gateway_listeners: Mutex<Vec<GatewayListener>>,
}

/// Callers of a gateway in a file.
#[cfg(feature = "gateway")]
pub(crate) type WrittenCallers = Result<cloakroom_temporal::gateway::Callers, Error>;

/// Callback for the callers of a gateway in the file, called before plugins are loaded.
#[cfg(feature = "gateway")]
#[derive(Clone)]
pub(crate) struct GatewayListener {
    /// Reads the callers of its gateway, if the file has one. May block.
    pub(crate) read: fn(&crate::config::GatewayEntry, &std::path::Path) -> Option<WrittenCallers>,
    pub(crate) call: std::sync::Arc<dyn Fn(WrittenCallers) + Send + Sync>,
}

/// Callback for the codec server's settings in the file, called before plugins are loaded.
#[cfg(feature = "codec-server")]
pub(crate) type CodecServerListener = std::sync::Arc<
    dyn Fn(
            Result<
                (cloakroom_temporal::server::Address, cloakroom_temporal::server::ServerSettings),
                Error,
            >,
        ) + Send
        + Sync,
>;

impl Default for ReloadOrder {
    fn default() -> Self {
        Self {
            newest: watch::Sender::new(0),
            replacing: Mutex::default(),
            #[cfg(feature = "codec-server")]
            listener: Mutex::default(),
            #[cfg(feature = "gateway")]
            gateway_listeners: Mutex::default(),
        }
    }
}

impl ReloadOrder {
    /// Begins a reload, and ends those that are under way: they load what the file no longer says,
    /// and would hold memory and processors meanwhile.
    pub(crate) fn begin(&self) -> u64 {
        let mut number = 0;
        self.newest.send_modify(|newest| {
            *newest += 1;
            number = *newest;
        });
        number
    }

    /// Returns whether no newer reload has begun.
    pub(crate) fn is_newest(&self, number: u64) -> bool {
        *self.newest.borrow() == number
    }

    /// Awaits a reload's work, unless a newer reload begins meanwhile.
    ///
    /// # Errors
    /// `Busy` if one does.
    pub(crate) async fn unless_newer<T>(
        &self,
        number: u64,
        work: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        let mut newest = self.newest.subscribe();
        tokio::select! {
            // A load that ends in the same poll is not swapped in any more either.
            biased;
            _ = newest.wait_for(|newest| *newest != number) => Err(superseded()),
            done = work => done,
        }
    }

    /// Replaces something, unless a newer reload has begun.
    ///
    /// # Errors
    /// `Busy` if one has.
    pub(crate) fn replace_if_newest<T>(
        &self,
        number: u64,
        replace: impl FnOnce() -> T,
    ) -> Result<T, Error> {
        let _replacing = self.replacing.lock().unwrap_or_else(PoisonError::into_inner);
        if self.is_newest(number) { Ok(replace()) } else { Err(superseded()) }
    }

    #[cfg(feature = "codec-server")]
    pub(crate) fn set_listener(&self, listener: CodecServerListener) {
        *self.listener.lock().unwrap_or_else(PoisonError::into_inner) = Some(listener);
    }

    #[cfg(feature = "codec-server")]
    pub(crate) fn listener(&self) -> Option<CodecServerListener> {
        self.listener.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    #[cfg(feature = "gateway")]
    pub(crate) fn add_gateway_listener(&self, listener: GatewayListener) {
        self.gateway_listeners.lock().unwrap_or_else(PoisonError::into_inner).push(listener);
    }

    #[cfg(feature = "gateway")]
    pub(crate) fn gateway_listeners(&self) -> Vec<GatewayListener> {
        self.gateway_listeners.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn superseded() -> Error {
    let text = "a newer reload began before this one ended, and took its place";
    Error::new(ErrorKind::Busy, text)
}
