//! Writer of the small requests that a survey sends.

use crate::exchange::{put_bytes, put_number};

/// Appends a text. An empty one is the default, and is left out.
pub(super) fn text(to: &mut Vec<u8>, number: u32, text: &str) {
    bytes(to, number, text.as_bytes());
}

/// Appends bytes. None are the default, and are left out.
pub(super) fn bytes(to: &mut Vec<u8>, number: u32, bytes: &[u8]) {
    if !bytes.is_empty() {
        put_bytes(to, number, bytes);
    }
}

/// Appends a number.
pub(super) fn number(to: &mut Vec<u8>, number: u32, value: u64) {
    put_number(to, number, value);
}

/// Returns a message of two texts in the fields 1 and 2: an execution, a deployment, or a version.
pub(super) fn pair(first: &str, second: &str) -> Vec<u8> {
    let mut pair = Vec::new();
    text(&mut pair, 1, first);
    text(&mut pair, 2, second);
    pair
}
