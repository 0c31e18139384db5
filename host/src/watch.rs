//! Swaps a configuration in when its files change.

use std::{
    collections::BTreeMap,
    fs,
    path::PathBuf,
    time::{Duration, SystemTime},
};

use cloakroom_core::Error;
use tokio::task::JoinHandle;

use crate::{Cloakroom, blocking::blocking};

/// Looks after a configuration's files until it is dropped.
#[derive(Debug)]
pub struct Watch(JoinHandle<()>);

impl Cloakroom {
    /// Looks every `period` whether the configuration, a plugin or a secret that it names has changed
    /// on disk, and swaps it in. `told` hears of every swap, and of every change that could not be
    /// swapped in and why; then the old configuration goes on serving.
    ///
    /// Looking at a file's time and size finds every way in which files are replaced, also by links
    /// that point elsewhere, as Kubernetes does.
    pub fn watch(
        &self,
        period: Duration,
        told: impl Fn(Result<(), Error>) + Send + 'static,
    ) -> Watch {
        let this = self.clone();
        Watch(tokio::spawn(async move {
            let mut seen = this.current().marks.clone();
            loop {
                tokio::time::sleep(period).await;
                let paths: Vec<_> = seen.keys().cloned().collect();
                let looking = blocking(move || Ok(paths.iter().map(mark).collect::<FileStamps>()));
                let Some(now) = looking.await.ok().filter(|now| *now != seen) else {
                    continue;
                };
                let swapped = this.reload().await;
                // What cannot be swapped in is not tried again before it changes.
                seen = match &swapped {
                    Ok(()) => this.current().marks.clone(),
                    Err(_) => now,
                };
                told(swapped);
            }
        }))
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// What shows that a file is another than before: its time and its size.
pub(crate) type FileStamps = BTreeMap<PathBuf, Mark>;
type Mark = Option<(SystemTime, u64)>;

pub(crate) fn mark(path: &PathBuf) -> (PathBuf, Mark) {
    let metadata = fs::metadata(path).ok();
    let mark = metadata.and_then(|metadata| Some((metadata.modified().ok()?, metadata.len())));
    (path.clone(), mark)
}
