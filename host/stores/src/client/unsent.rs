//! Requests that never left, because their connection closed while they waited for it.

use std::error::Error as StdError;

use object_store::client::HttpError;

/// Returns whether the request was dropped before its first byte was sent.
///
/// A connection from the pool may close at the moment at which a request gets it. `object_store`
/// does not know this error, and would fail the call although another attempt does no harm.
pub(super) fn is_unsent(error: &HttpError) -> bool {
    let mut next: Option<&(dyn StdError + 'static)> = Some(error);
    while let Some(cause) = next {
        if cause.downcast_ref::<hyper::Error>().is_some_and(hyper::Error::is_canceled) {
            return true;
        }
        next = cause.source();
    }
    false
}

#[cfg(test)]
mod tests {
    use object_store::client::HttpErrorKind;

    use super::*;

    /// Returns the error of a request on a connection that closed before it, or during it.
    async fn failure(before: bool) -> HttpError {
        let (ours, theirs) = tokio::io::duplex(1024);
        let io = hyper_util::rt::TokioIo::new(ours);
        let (mut sender, connection) = hyper::client::conn::http1::handshake(io).await.unwrap();
        let request = hyper::Request::new(String::new());
        if before {
            drop(connection);
            return wrapped(sender.send_request(request).await.unwrap_err());
        }
        let connection = tokio::spawn(connection);
        let response = tokio::spawn(async move { sender.send_request(request).await });
        let mut theirs = theirs;
        tokio::io::AsyncReadExt::read_u8(&mut theirs).await.unwrap();
        drop(theirs);
        let error = response.await.unwrap().unwrap_err();
        let _ = connection.await;
        wrapped(error)
    }

    fn wrapped(error: hyper::Error) -> HttpError {
        HttpError::new(HttpErrorKind::Unknown, error)
    }

    #[tokio::test]
    async fn tells_an_unsent_request_from_one_that_was_cut() {
        assert!(is_unsent(&failure(true).await));
        assert!(!is_unsent(&failure(false).await));
    }
}
