//! What is no block.

use std::io::{Error, ErrorKind};

pub(crate) fn malformed(what: &'static str) -> Error {
    Error::new(ErrorKind::InvalidData, what)
}
