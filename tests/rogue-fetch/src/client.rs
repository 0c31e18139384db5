//! A client over `wasi:http/outgoing-handler`.

use cloakroom_guest::Error;
use wasip2::{
    http::{
        outgoing_handler,
        types::{
            ErrorCode, Fields, IncomingResponse, Method, OutgoingBody, OutgoingRequest, Scheme,
        },
    },
    io::streams::StreamError,
};

/// Most bytes of one write, as WASI has it.
const WRITE: usize = 4096;

/// Sends a request and returns status and body. `header` is a name and a value with a colon between them.
pub(crate) fn send(
    method: &str,
    url: &str,
    header: &str,
    body: &[u8],
) -> Result<(u16, Vec<u8>), Error> {
    let fields = Fields::new();
    if let Some((name, value)) = header.split_once(':') {
        fields.append(name, value.as_bytes()).map_err(|error| failed(&error))?;
    }
    let request = OutgoingRequest::new(fields);
    let (scheme, rest) = url.split_once("://").ok_or_else(|| Error::other("no URL"))?;
    let scheme = match scheme {
        "http" => Scheme::Http,
        "https" => Scheme::Https,
        other => Scheme::Other(other.to_owned()),
    };
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let method = match method {
        "GET" => Method::Get,
        "PUT" => Method::Put,
        "TRACE" => Method::Trace,
        other => Method::Other(other.to_owned()),
    };
    let set = [
        request.set_method(&method),
        request.set_scheme(Some(&scheme)),
        request.set_authority(Some(authority)),
        request.set_path_with_query(Some(path)),
    ];
    if set.iter().any(Result::is_err) {
        return Err(Error::denied("WASI refuses the request"));
    }
    let outgoing = request.body().map_err(|()| Error::other("no body"))?;
    let pending = outgoing_handler::handle(request, None).map_err(|error| refused(&error))?;
    let stream = outgoing.write().map_err(|()| Error::other("no stream"))?;
    for piece in body.chunks(WRITE) {
        // A refused request takes no body; why is in its answer.
        if stream.blocking_write_and_flush(piece).is_err() {
            break;
        }
    }
    drop(stream);
    let _ = OutgoingBody::finish(outgoing, None);
    pending.subscribe().block();
    let answer = pending.get().and_then(Result::ok).ok_or_else(|| Error::other("no answer"))?;
    let answer = answer.map_err(|error| refused(&error))?;
    Ok((answer.status(), read(&answer)?))
}

fn read(answer: &IncomingResponse) -> Result<Vec<u8>, Error> {
    let body = answer.consume().map_err(|()| Error::other("no body"))?;
    let stream = body.stream().map_err(|()| Error::other("no stream"))?;
    let mut bytes = Vec::new();
    loop {
        match stream.blocking_read(1 << 16) {
            Ok(piece) => bytes.extend(piece),
            Err(StreamError::Closed) => return Ok(bytes),
            Err(error) => return Err(failed(&error)),
        }
    }
}

fn refused(error: &ErrorCode) -> Error {
    match error {
        ErrorCode::HttpRequestDenied => Error::denied("HttpRequestDenied"),
        ErrorCode::HttpResponseBodySize(_) => Error::too_large("HttpResponseBodySize"),
        ErrorCode::DestinationUnavailable => Error::unavailable("DestinationUnavailable"),
        other => failed(other),
    }
}

fn failed(error: &impl std::fmt::Debug) -> Error {
    Error::other(format!("{error:?}"))
}
