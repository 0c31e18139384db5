//! Connections of callers: accepted, served and drained.

use std::{future::Future, pin::pin, sync::Arc, time::Duration};

use cloakroom_core::{Error, ErrorKind};
use metrics::gauge;
use tokio::{
    net::TcpListener,
    sync::Semaphore,
    task::JoinSet,
    time::{sleep, timeout},
};

use super::{handle::Proxy, protocol::Protocol};
use crate::metric::CONNECTIONS;

/// Connections that are open at once. Each may hold as much as its window unread.
const MAX_CONNECTIONS: usize = 1024;

/// Time that open calls get to finish after the shutdown signal. Polls are answered at once.
const SHUTDOWN_GRACE: Duration = Duration::from_secs(30);

/// Pause after a failed accept.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

impl<P: Protocol> Proxy<P> {
    /// Serves connections until `shutdown` completes, then waits up to 30 seconds for open calls.
    ///
    /// # Errors
    /// `Config` if other machines could reach the listener.
    pub async fn serve(
        &self,
        listener: TcpListener,
        shutdown: impl Future<Output = ()>,
    ) -> Result<(), Error> {
        let address = listener.local_addr().map_err(|error| {
            Error::new(ErrorKind::Unavailable, "cannot read the address of the listener")
                .with_source(error)
        })?;
        self.0.settings.check(address)?;
        self.0.address.get_or_init(|| address);
        let permits = Arc::new(Semaphore::new(MAX_CONNECTIONS));
        let mut connections = JoinSet::new();
        let mut shutdown = pin!(shutdown);
        loop {
            let accepted = tokio::select! {
                () = &mut shutdown => break,
                accepted = listener.accept() => accepted,
            };
            while connections.try_join_next().is_some() {}
            let Ok((stream, peer)) = accepted else {
                // Most likely the process has no file descriptor left. The next accept would fail
                // as well, so pause instead of spinning.
                sleep(ACCEPT_PAUSE).await;
                continue;
            };
            let Ok(permit) = permits.clone().try_acquire_owned() else {
                tracing::warn!(%peer, "refused a connection: {MAX_CONNECTIONS} are open");
                continue;
            };
            let state = self.0.clone();
            connections.spawn(async move {
                gauge!(CONNECTIONS).increment(1);
                state.serve_connection(stream, peer).await;
                gauge!(CONNECTIONS).decrement(1);
                drop(permit);
            });
        }
        drop(listener);
        self.0.draining.send_replace(true);
        let open = connections.len();
        if timeout(SHUTDOWN_GRACE, async { while connections.join_next().await.is_some() {} })
            .await
            .is_err()
        {
            tracing::warn!(connections = open, "calls did not finish in 30s: aborted them");
        }
        Ok(())
    }
}
