//! Bounds on what a store may answer, before anybody reads it.
//!
//! The client library reads whatever is no object as a whole, however much a store sends. Here such
//! an answer is read first, and no further than a bound.

use futures::StreamExt as _;
use object_store::client::{HttpError, HttpErrorKind, HttpResponse};

/// The most bytes of an error that are read. The rest stays on the wire, and its connection is closed.
const ERROR: usize = 16 << 10;

/// The most bytes of an answer that is neither an object nor an error: a page of 5,000 keys, at most.
const ANSWER: usize = 16 << 20;

/// The most bytes of all headers of an answer.
const HEADERS: usize = 64 << 10;

/// Goes with a request whose answer is an object, which whoever asked reads within a size.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ReadsObject;

/// An answer of a store that is larger than it can be.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Oversized(String);

/// Bounds an answer: an error is cut, and anything else that is too large is refused.
pub(super) async fn bound(
    answer: HttpResponse,
    is_object: bool,
) -> Result<HttpResponse, HttpError> {
    let headers: usize =
        answer.headers().iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
    if headers > HEADERS {
        return Err(oversized(format!("headers of {headers} bytes, and the most is {HEADERS}")));
    }
    if answer.status().is_success() && is_object {
        return Ok(answer);
    }
    let (parts, body) = answer.into_parts();
    let is_success = parts.status.is_success();
    let most = if is_success { ANSWER } else { ERROR };
    let mut read = Vec::new();
    let mut pieces = body.bytes_stream();
    while let Some(piece) = pieces.next().await {
        let piece = match piece {
            Ok(piece) => piece,
            Err(error) if is_success => return Err(error),
            // What was read tells the status and, with luck, the code.
            Err(_) => break,
        };
        let room = most - read.len();
        read.extend_from_slice(piece.get(..room.min(piece.len())).unwrap_or_default());
        if piece.len() > room {
            if is_success {
                return Err(oversized(format!("more than {most} bytes where no object was asked")));
            }
            break;
        }
    }
    // The library expects UTF-8 of an error, and would forget its status otherwise.
    let body =
        if is_success { read.into() } else { String::from_utf8_lossy(&read).into_owned().into() };
    Ok(HttpResponse::from_parts(parts, body))
}

fn oversized(what: String) -> HttpError {
    HttpError::new(HttpErrorKind::Unknown, Oversized(format!("the store answered with {what}")))
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use object_store::client::HttpResponseBody;

    use super::*;

    fn answer(status: u16, body: Vec<u8>) -> HttpResponse {
        let mut answer = HttpResponse::new(HttpResponseBody::from(body));
        *answer.status_mut() = status.try_into().unwrap();
        answer
    }

    async fn read(answer: HttpResponse) -> Bytes {
        answer.into_body().bytes().await.unwrap()
    }

    #[tokio::test]
    async fn an_error_is_cut_and_keeps_its_status() {
        for (size, expect) in [(3, 3), (ERROR, ERROR), (ERROR + 1, ERROR), (1 << 20, ERROR)] {
            let bounded = bound(answer(403, vec![b'x'; size]), true).await.unwrap();
            assert_eq!(bounded.status(), 403);
            assert_eq!(read(bounded).await.len(), expect);
        }
        let broken = bound(answer(500, vec![0xff; 9]), false).await.unwrap();
        assert!(String::from_utf8(read(broken).await.to_vec()).is_ok());
    }

    #[tokio::test]
    async fn an_answer_that_is_no_object_is_bounded() {
        let fits = bound(answer(200, vec![0; ANSWER]), false).await.unwrap();
        assert_eq!(read(fits).await.len(), ANSWER);
        let error = bound(answer(200, vec![0; ANSWER + 1]), false).await.unwrap_err();
        assert_eq!(error.kind(), HttpErrorKind::Unknown);
        let object = bound(answer(200, vec![0; ANSWER + 1]), true).await.unwrap();
        assert_eq!(read(object).await.len(), ANSWER + 1);
    }

    #[tokio::test]
    async fn headers_are_bounded() {
        for (size, is_fine) in [(HEADERS - 1, true), (HEADERS, false)] {
            let mut large = answer(200, Vec::new());
            large.headers_mut().insert("a", "x".repeat(size).parse().unwrap());
            assert_eq!(bound(large, false).await.is_ok(), is_fine, "{size}");
        }
    }
}
