//! Request of a plugin to a service. It exists only in a form that the rules allow.

use std::fmt;

use bytes::Bytes;

use super::{header_rules::check_headers, path_rules::check_path};
use crate::{Error, ErrorKind};

/// Most characters of a method.
const METHOD: usize = 32;

/// Methods that turn a connection into something else, or echo what the host has added. `TRACK` is what
/// some servers call `TRACE`.
const REFUSED_METHODS: [&str; 4] = ["CONNECT", "PRI", "TRACE", "TRACK"];

/// Request of a plugin to a service.
///
/// A value is within the rules: its path cannot leave the service's prefix, and no header belongs to the
/// connection. So a [`Service`](super::Service) of an embedder need not check it again.
pub struct ServiceRequest {
    method: String,
    path: String,
    headers: Vec<(String, String)>,
    body: Option<Vec<Bytes>>,
}

impl ServiceRequest {
    /// Returns a request without headers and body. `path` is relative to the service's URL and may have a
    /// query.
    ///
    /// # Errors
    /// `Denied` if the method is no token or one that is refused, or if the path is not in its simplest
    /// form: nothing is rewritten. The text does not show them, since they are a plugin's words.
    pub fn new(method: &str, path: &str) -> Result<Self, Error> {
        check_method(method).and_then(|()| check_path(path)).map_err(denied)?;
        let (method, path) = (method.to_owned(), path.to_owned());
        Ok(Self { method, path, headers: Vec::new(), body: None })
    }

    /// Adds headers.
    ///
    /// # Errors
    /// `Denied` if there are too many, or one belongs to the host or is not printable ASCII.
    pub fn with_headers(mut self, headers: Vec<(String, String)>) -> Result<Self, Error> {
        check_headers(&headers).map_err(denied)?;
        self.headers = headers;
        Ok(self)
    }

    /// Sets the body, in pieces.
    #[must_use]
    pub fn with_body(mut self, pieces: Vec<Bytes>) -> Self {
        self.body = Some(pieces);
        self
    }

    /// Returns the method.
    #[must_use]
    pub fn method(&self) -> &str {
        &self.method
    }

    /// Returns the path and the query, relative to the service's URL.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Returns the headers.
    #[must_use]
    pub fn headers(&self) -> &[(String, String)] {
        &self.headers
    }

    /// Takes the body out of the request, if it has one.
    #[must_use]
    pub fn take_body(&mut self) -> Option<Vec<Bytes>> {
        self.body.take()
    }
}

// A path may hold what a plugin has read.
impl fmt::Debug for ServiceRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServiceRequest").finish_non_exhaustive()
    }
}

fn check_method(method: &str) -> Result<(), &'static str> {
    let is_token = !method.is_empty() && method.len() <= METHOD;
    // Capitals alone: some servers take `trace` for `TRACE`.
    if !is_token || !method.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'-') {
        return Err("the method of a request is not one to 32 capital letters");
    }
    if REFUSED_METHODS.contains(&method) {
        return Err("the methods CONNECT, PRI, TRACE and TRACK are refused");
    }
    Ok(())
}

fn denied(text: &'static str) -> Error {
    Error::new(ErrorKind::Denied, text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_method_is_a_word_in_capitals_that_does_not_echo() {
        for method in ["GET", "HEAD", "PUT", "DELETE", "PROPFIND", "VERSION-CONTROL"] {
            assert!(ServiceRequest::new(method, "a").is_ok(), "{method}");
        }
        let long = "A".repeat(33);
        for method in [
            "",
            "get",
            "TRACE",
            "trace",
            "TRACK",
            "CONNECT",
            "PRI",
            "GET /\r\nx",
            "G T",
            "GÉT",
            &long,
        ] {
            let error = ServiceRequest::new(method, "a").unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Denied, "{method}");
        }
    }
}
