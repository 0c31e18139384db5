//! The error of bytes that are no block.

use std::io::{Error, ErrorKind};

/// Returns an error of malformed bytes.
pub(crate) fn malformed(reason: &'static str) -> Error {
    Error::new(ErrorKind::InvalidData, reason)
}
