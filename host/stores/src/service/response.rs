//! Response of a service, checked before a plugin sees any of it.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use cloakroom_core::{Error, ErrorKind, ServiceResponse};
use futures::stream::{self, BoxStream, StreamExt as _};
use reqwest::{Response, header::HeaderMap};

use super::{
    failure::{self, denied},
    secrets::Secrets,
};

/// Most headers of a response.
const HEADERS: usize = 100;

/// Most bytes of all names and values of a response's headers.
const HEADER_BYTES: usize = 64 << 10;

/// Headers that belong to the connection.
const CONNECTION: [&str; 7] = [
    "connection",
    "keep-alive",
    "proxy-authenticate",
    "proxy-connection",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// Returns a response with a body that is searched for secrets as it arrives.
///
/// # Errors
/// `Denied` if a header holds a secret, `Unavailable` if the head is no usable one.
pub(super) fn checked(
    response: Response,
    secrets: Arc<Secrets>,
    time: Duration,
) -> Result<ServiceResponse, Error> {
    let status = response.status().as_u16();
    // 101 hands the connection over to another protocol, whose bytes nobody would check.
    if status < 200 {
        let text = format!("the answer has the status {status}, which is none of a response");
        return Err(Error::new(ErrorKind::Unavailable, text));
    }
    let headers = headers(response.headers(), &secrets)?;
    // Of the body and not of the header: the response to HEAD has none.
    let length = response.content_length();
    Ok(ServiceResponse { status, headers, length, body: body(response, secrets, time) })
}

fn headers(headers: &HeaderMap, secrets: &Secrets) -> Result<Vec<(String, String)>, Error> {
    let bytes: usize = headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
    if headers.len() > HEADERS || bytes > HEADER_BYTES {
        let text = format!(
            "the answer has {} headers of {bytes} bytes, and at most {HEADERS} of {HEADER_BYTES} are read",
            headers.len()
        );
        return Err(Error::new(ErrorKind::Unavailable, text));
    }
    let mut read = Vec::with_capacity(headers.len());
    for (name, value) in headers {
        if secrets.are_in(name.as_str().as_bytes()) || secrets.are_in(value.as_bytes()) {
            return Err(echo());
        }
        if !CONNECTION.contains(&name.as_str()) {
            let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
            read.push((name.as_str().to_owned(), value));
        }
    }
    Ok(read)
}

fn body(
    response: Response,
    secrets: Arc<Secrets>,
    time: Duration,
) -> BoxStream<'static, Result<Bytes, Error>> {
    let search = secrets.search();
    let pieces = stream::try_unfold((response, search), move |(mut response, mut search)| {
        let secrets = secrets.clone();
        async move {
            let piece = response.chunk().await;
            match piece.map_err(|error| failure::convert(&error, &secrets, time))? {
                Some(piece) if search.finds(&secrets, &piece) => Err(echo()),
                Some(piece) => Ok(Some((piece, (response, search)))),
                None => Ok(None),
            }
        }
    });
    pieces.boxed()
}

fn echo() -> Error {
    denied("the response repeats a secret that the host has added, so the plugin gets none of it")
}
