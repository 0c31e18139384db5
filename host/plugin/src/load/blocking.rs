//! Loading off the executor, within a time, and ended when nobody waits for it.

use std::{sync::Arc, time::Duration};

use cloakroom_core::{Error, ErrorKind};
use tokio::task::spawn_blocking;

use crate::load::compiler_process::Cancel;

/// Runs `load` on a thread that may block, for `limit` at most. Dropping the future ends the process
/// that compiles, if there is one; a compilation in this process goes on, and nobody hears of it.
///
/// # Errors
/// Those of `load`, and `Busy` past the limit.
pub(crate) async fn load<T: Send + 'static>(
    limit: Duration,
    load: impl FnOnce(&Cancel) -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    let cancel = Arc::<Cancel>::default();
    let _ended = Ended(cancel.clone());
    let loading = spawn_blocking(move || load(&cancel));
    match tokio::time::timeout(limit, loading).await {
        Ok(Ok(loaded)) => loaded,
        Ok(Err(_)) => Err(Error::new(ErrorKind::Internal, "loading did not finish")),
        Err(_) => Err(late(limit)),
    }
}

/// Nobody can be blamed: a large plugin, a slow disk and a busy machine look the same.
fn late(limit: Duration) -> Error {
    let text = format!(
        "was not loaded within {limit:?} (`limits.load`): try again when the machine has less to do, or \
         raise the limit if this plugin needs so long to be compiled"
    );
    Error::new(ErrorKind::Busy, text)
}

struct Ended(Arc<Cancel>);

impl Drop for Ended {
    fn drop(&mut self) {
        self.0.cancel();
    }
}
