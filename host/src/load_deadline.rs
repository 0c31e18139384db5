//! Deadline of loading a configuration.

use std::{
    future::Future,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use cloakroom_core::{Error, ErrorKind};

use crate::blocking_work::require_runtime;

/// Current step of a load, for the error of a deadline that has passed.
#[derive(Default)]
pub(crate) struct LoadProgress(Mutex<String>);

impl LoadProgress {
    /// Notes the step that begins now.
    pub(crate) fn begin(&self, step: String) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = step;
    }

    fn current(&self) -> String {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Awaits a load until `limit` has passed since `began`.
///
/// # Errors
/// Those of the load; `Busy` if it took longer: a plugin, a file system or other work on this machine
/// may have taken the time, which cannot be told apart, so nobody is blamed. `Config` outside of a
/// Tokio runtime.
pub(crate) async fn load_within<T>(
    limit: Duration,
    began: Instant,
    progress: &LoadProgress,
    load: impl Future<Output = Result<T, Error>>,
) -> Result<T, Error> {
    require_runtime()?;
    // A limit that the clock cannot represent is never reached.
    let Some(until) = began.checked_add(limit) else {
        return load.await;
    };
    let done = tokio::time::timeout_at(until.into(), load).await;
    done.unwrap_or_else(|_| {
        let text = format!(
            "loading did not end within {limit:?} (`limits.load`); it was at {}: try again when the \
             machine has less to do, or raise the limit if this plugin or file needs so long",
            progress.current()
        );
        Err(Error::new(ErrorKind::Busy, text))
    })
}
