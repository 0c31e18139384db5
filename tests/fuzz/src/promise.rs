//! Promises that hold for every error, and the executor that targets wait on.

use std::{future::Future, sync::OnceLock};

use cloakroom::{Error, ErrorKind};
use tokio::runtime::{Builder, Runtime};

/// The most bytes that an error and its causes have.
const LONGEST: usize = 4000;

/// Checks an error that bytes of a stranger brought about: it is no bug of ours, and one line that a
/// terminal can show.
#[track_caller]
pub(crate) fn check(error: &Error) {
    let text = error.to_string();
    assert_ne!(error.kind(), ErrorKind::Internal, "{text}");
    assert!(!text.is_empty() && text.len() <= LONGEST, "{} bytes: {text:?}", text.len());
    assert!(!text.contains(|c: char| c.is_control()), "{text:?}");
}

/// Runs a future to its end.
pub(crate) fn wait<T>(future: impl Future<Output = T>) -> T {
    runtime().block_on(future)
}

/// The executor of all targets: servers and plugins of one run serve the next.
pub(crate) fn runtime() -> &'static Runtime {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    RUNTIME.get_or_init(|| {
        let mut builder = Builder::new_multi_thread();
        builder.worker_threads(2).enable_all().build().expect("an executor")
    })
}
