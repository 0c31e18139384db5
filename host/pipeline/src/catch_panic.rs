//! Panics of native codecs and drivers, as errors.

use std::{future::Future, panic::AssertUnwindSafe};

use cloakroom_core::{Error, ErrorKind};
use futures::FutureExt as _;

/// Runs `call`, and returns a panic in it as an error. `what` is what panicked.
///
/// The panic's message may hold payload bytes, so it is dropped. The place is known to the process's
/// panic hook alone, which is not ours to replace.
///
/// # Errors
/// `Internal` if `call` panics, or the error of `call`.
pub(crate) async fn catch_panic<T>(
    what: &str,
    call: impl Future<Output = Result<T, Error>>,
) -> Result<T, Error> {
    // Unwind safe: what a call shares with others is behind atomics and locks that ignore poison.
    AssertUnwindSafe(call).catch_unwind().await.unwrap_or_else(|_| {
        let text = format!(
            "{what} panicked, which is a bug in it: \
             file and line are in what the process wrote to standard error"
        );
        Err(Error::new(ErrorKind::Internal, text))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_panic_becomes_an_error_without_its_message() {
        let error = catch_panic::<()>("the codec", async { panic!("canary") }).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Internal);
        assert!(error.to_string().starts_with("the codec panicked"), "{error}");
        assert!(!format!("{error:?}").contains("canary"), "{error:?}");
    }
}
