//! Reloads a configuration when its files change.

use std::time::Duration;

use cloakroom_core::Error;
use tokio::task::JoinHandle;

use crate::{
    blocking_work::{require_runtime, run_blocking},
    cloakroom::Cloakroom,
    file_stamps::FileStamps,
};

/// Task that watches a configuration's files, until it is dropped.
#[derive(Debug)]
#[must_use = "a watch ends when it is dropped"]
pub struct Watch(JoinHandle<()>);

impl Cloakroom {
    /// Looks every `period` whether the configuration, or a plugin or secret that it names, has
    /// changed on disk, and reloads it then. `on_reload` is called after every reload: with the error
    /// if it could not be loaded, when the old configuration goes on serving. The watch ends when the
    /// result is dropped.
    ///
    /// Comparing times and sizes finds every way in which files are replaced, also by links that point
    /// elsewhere, as Kubernetes does.
    ///
    /// # Errors
    /// `Config` outside of a Tokio runtime.
    pub fn watch(
        &self,
        period: Duration,
        on_reload: impl Fn(Result<(), Error>) + Send + 'static,
    ) -> Result<Watch, Error> {
        let runtime = require_runtime()?;
        let this = self.clone();
        Ok(Watch(runtime.spawn(async move {
            let mut seen = this.current().stamps.clone();
            loop {
                tokio::time::sleep(period).await;
                let Some(now) = changed(&seen).await else { continue };
                let reloaded = this.reload().await;
                // A broken file is not tried again before it changes: each attempt would load all
                // plugins, and report the same error. After a success the stamps are those from
                // before the files were read, so that a change since then is found.
                seen = match &reloaded {
                    Ok(()) => this.current().stamps.clone(),
                    Err(_) => now,
                };
                on_reload(reloaded);
            }
        })))
    }
}

/// Returns the current stamps, if a file has changed.
async fn changed(seen: &FileStamps) -> Option<FileStamps> {
    let before = seen.clone();
    let now = run_blocking(move || Ok(before.retake())).await.ok()?;
    Some(now).filter(|now| now != seen)
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.0.abort();
    }
}
