//! The time that loading a configuration may take.

use std::{
    future::Future,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use cloakroom_core::{Error, ErrorKind};

/// The current step of loading, for the error of a deadline that has passed.
#[derive(Default)]
pub(crate) struct Progress(Mutex<String>);

impl Progress {
    /// Notes what begins now.
    pub(crate) fn begin(&self, what: String) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = what;
    }

    fn last(&self) -> String {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Awaits a load until `limit` has passed since `began`.
///
/// # Errors
/// Those of the load; `Busy` if it took longer. Whether a plugin, a file system or other work on
/// this machine took the time cannot be told, so nobody is blamed.
pub(crate) async fn within<T>(
    limit: Duration,
    began: Instant,
    progress: &Progress,
    load: impl Future<Output = Result<T, Error>>,
) -> Result<T, Error> {
    // Moments that the clock does not have are never reached.
    let Some(until) = began.checked_add(limit) else {
        return load.await;
    };
    let done = tokio::time::timeout_at(until.into(), load).await;
    done.unwrap_or_else(|_| {
        let text = format!(
            "loading did not end within {limit:?} (`limits.load`); it was at {}: try again when the \
             machine has less to do, or raise the limit if this plugin or file needs so long",
            progress.last()
        );
        Err(Error::new(ErrorKind::Busy, text))
    })
}
