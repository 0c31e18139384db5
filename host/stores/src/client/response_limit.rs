//! Size limits of a store's responses.
//!
//! The client library buffers every response that is not an object, however much a store sends. A
//! hostile or broken store could fill the memory that way, so such a response is read here first,
//! up to a limit.

use cloakroom_core::Thousands;
use futures::StreamExt as _;
use object_store::client::{HttpError, HttpErrorKind, HttpResponse};

/// Most bytes that are read of an error. The connection is closed without reading the rest.
const MAX_ERROR: usize = 16 << 10;

/// Most bytes of a response that is neither an object nor an error. The largest is a page of 5,000
/// keys.
const MAX_OTHER: usize = 16 << 20;

/// Most bytes of all headers of a response.
const MAX_HEADERS: usize = 64 << 10;

/// Marks a request for an object, whose size the caller limits.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ObjectRequest;

/// A response exceeded its size limit.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct OversizedResponse(String);

/// Limits a response: truncates an error, and refuses anything else that is too large.
pub(super) async fn limit(
    response: HttpResponse,
    is_object: bool,
) -> Result<HttpResponse, HttpError> {
    let headers: usize =
        response.headers().iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
    if headers > MAX_HEADERS {
        return Err(oversized(format!(
            "{} bytes of headers, but at most {} are read",
            Thousands(headers as u64),
            Thousands(MAX_HEADERS as u64)
        )));
    }
    if response.status().is_success() && is_object {
        return Ok(response);
    }
    let (parts, body) = response.into_parts();
    let is_success = parts.status.is_success();
    let max = if is_success { MAX_OTHER } else { MAX_ERROR };
    let mut read = Vec::new();
    let mut pieces = body.bytes_stream();
    while let Some(piece) = pieces.next().await {
        let piece = match piece {
            Ok(piece) => piece,
            Err(error) if is_success => return Err(error),
            // The status is known, and the code may be in what has arrived.
            Err(_) => break,
        };
        let room = max - read.len();
        read.extend_from_slice(piece.get(..room.min(piece.len())).unwrap_or_default());
        if piece.len() > room {
            if is_success {
                return Err(oversized(format!(
                    "more than {} bytes to a request other than for an object",
                    Thousands(max as u64)
                )));
            }
            break;
        }
    }
    // The library drops the status of an error that is not UTF-8.
    let body =
        if is_success { read.into() } else { String::from_utf8_lossy(&read).into_owned().into() };
    Ok(HttpResponse::from_parts(parts, body))
}

fn oversized(what: String) -> HttpError {
    HttpError::new(
        HttpErrorKind::Unknown,
        OversizedResponse(format!("the store answered with {what}")),
    )
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use object_store::client::HttpResponseBody;

    use super::*;

    fn response(status: u16, body: Vec<u8>) -> HttpResponse {
        let mut response = HttpResponse::new(HttpResponseBody::from(body));
        *response.status_mut() = status.try_into().unwrap();
        response
    }

    async fn read(response: HttpResponse) -> Bytes {
        response.into_body().bytes().await.unwrap()
    }

    #[tokio::test]
    async fn truncates_an_error_and_keeps_its_status() {
        for (size, expect) in
            [(3, 3), (MAX_ERROR, MAX_ERROR), (MAX_ERROR + 1, MAX_ERROR), (1 << 20, MAX_ERROR)]
        {
            let bounded = limit(response(403, vec![b'x'; size]), true).await.unwrap();
            assert_eq!(bounded.status(), 403);
            assert_eq!(read(bounded).await.len(), expect);
        }
        let broken = limit(response(500, vec![0xff; 9]), false).await.unwrap();
        assert!(String::from_utf8(read(broken).await.to_vec()).is_ok());
    }

    #[tokio::test]
    async fn limits_a_response_that_is_not_an_object() {
        let fits = limit(response(200, vec![0; MAX_OTHER]), false).await.unwrap();
        assert_eq!(read(fits).await.len(), MAX_OTHER);
        let error = limit(response(200, vec![0; MAX_OTHER + 1]), false).await.unwrap_err();
        assert_eq!(error.kind(), HttpErrorKind::Unknown);
        let object = limit(response(200, vec![0; MAX_OTHER + 1]), true).await.unwrap();
        assert_eq!(read(object).await.len(), MAX_OTHER + 1);
    }

    #[tokio::test]
    async fn limits_headers() {
        for (size, is_fine) in [(MAX_HEADERS - 1, true), (MAX_HEADERS, false)] {
            let mut large = response(200, Vec::new());
            large.headers_mut().insert("a", "x".repeat(size).parse().unwrap());
            assert_eq!(limit(large, false).await.is_ok(), is_fine, "{size}");
        }
    }
}
