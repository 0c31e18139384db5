//! Bodies of answers, read up to a limit.

use bytes::{Bytes, BytesMut};
use cloakroom_core::{Error, ErrorKind, Thousands};
use reqwest::Response;

use super::failure::unanswered;

/// Reads a body of at most `most` bytes. `part` is its name in an error.
///
/// # Errors
/// `Corrupt` if it has more: the rest is not read. `Unavailable` if it ends early.
pub(super) async fn read(mut response: Response, most: u64, part: &str) -> Result<Bytes, Error> {
    let too_large = || {
        let text = format!("the registry sends more than {} bytes of {part}", Thousands(most));
        Error::new(ErrorKind::Corrupt, text)
    };
    // The announced length first, which costs nothing; then the real one, which it may not be.
    if response.content_length().is_some_and(|length| length > most) {
        return Err(too_large());
    }
    let mut body = BytesMut::new();
    while let Some(piece) = response.chunk().await.map_err(|error| unanswered(&error))? {
        if (body.len() + piece.len()) as u64 > most {
            return Err(too_large());
        }
        body.extend_from_slice(&piece);
    }
    Ok(body.freeze())
}
