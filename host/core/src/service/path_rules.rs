//! Rules for the path of a plugin's request: it stays under the prefix of its service.
//!
//! Servers and proxies do not agree on what a path is. One resolves `..`, another decodes `%2e` first, a
//! third drops what follows `;`. So a path is refused if any of them could read it as a way out of the
//! prefix, at any level of escapes. Nothing is rewritten: the service gets exactly what the plugin wrote.

use std::str;

/// Most bytes of a path with its query.
const BYTES: usize = 8 << 10;

/// Levels of escapes that are undone. Nobody escapes more than twice by intent.
const LEVELS: usize = 4;

/// Checks a path with its query, relative to the prefix.
pub(super) fn check_path(text: &str) -> Result<(), &'static str> {
    if text.len() > BYTES {
        return Err("the path of a request is longer than 8 KiB");
    }
    let (path, query) = text.split_once('?').unwrap_or((text, ""));
    let is_known = |byte: u8, more: &[u8]| {
        byte.is_ascii_alphanumeric()
            || b"-._~!$&()*+,;=:@/%".contains(&byte)
            || more.contains(&byte)
    };
    if !path.bytes().all(|byte| is_known(byte, b""))
        || !query.bytes().all(|byte| is_known(byte, b"?"))
    {
        return Err("the path of a request has a character that must be escaped as %XX");
    }
    if !has_whole_escapes(text.as_bytes()) {
        return Err("the path of a request has a `%` without two hexadecimal digits after it");
    }
    if unescape(query.as_bytes()).iter().any(u8::is_ascii_control) {
        return Err("the query of a request has an escaped control character");
    }
    check_levels(path)
}

/// Checks the segments of a path as it is written, and as it reads after each level of escapes.
fn check_levels(path: &str) -> Result<(), &'static str> {
    let mut bytes = path.as_bytes().to_vec();
    for _ in 0..LEVELS {
        // An overlong form of a dot or a slash, such as `%c0%ae`, is no UTF-8.
        let text = str::from_utf8(&bytes);
        check_segments(text.map_err(|_| "the path of a request is not UTF-8 below its escapes")?)?;
        let next = unescape(&bytes);
        if next == bytes {
            return Ok(());
        }
        bytes = next;
    }
    Err("the path of a request is escaped more often than three times")
}

fn check_segments(path: &str) -> Result<(), &'static str> {
    if path.chars().any(|c| c.is_control() || c == '\\') {
        return Err("the path of a request has a backslash or a control character");
    }
    if path.starts_with('/') {
        return Err(
            "the path of a request begins with a slash: it is relative to the service's URL, such as \
             `objects/1`",
        );
    }
    let mut segments = path.split(is_slash).peekable();
    while let Some(segment) = segments.next() {
        // A slash at the end is common for folders. Two slashes in a row are one for some servers.
        if segment.is_empty() && segments.peek().is_some() {
            return Err("the path of a request has an empty segment");
        }
        // Some servers cut parameters off first, so that `..;x` is `..` for them.
        let name = segment.split(';').next().unwrap_or_default();
        if !name.is_empty() && name.chars().all(is_dot) {
            return Err("the path of a request has a segment of dots");
        }
    }
    Ok(())
}

/// Returns whether some server takes a character for a slash.
fn is_slash(c: char) -> bool {
    matches!(c, '/' | '\u{2044}' | '\u{2215}' | '\u{29f8}' | '\u{ff0f}' | '\u{ff3c}' | '\u{fe68}')
}

/// Returns whether some server takes a character for a dot, or drops it beside one.
fn is_dot(c: char) -> bool {
    matches!(c, '.' | ' ' | '\u{2024}' | '\u{2025}' | '\u{2026}' | '\u{fe52}' | '\u{ff0e}')
}

/// Returns whether two hexadecimal digits follow each `%`.
fn has_whole_escapes(text: &[u8]) -> bool {
    let mut rest = text.iter().enumerate().filter(|(_, byte)| **byte == b'%');
    rest.all(|(at, _)| escaped(text.get(at..).unwrap_or_default()).is_some())
}

/// Undoes one level of escapes. A `%` without digits stays.
fn unescape(text: &[u8]) -> Vec<u8> {
    let (mut plain, mut rest) = (Vec::with_capacity(text.len()), text);
    while let [first, after @ ..] = rest {
        match escaped(rest) {
            Some(byte) => {
                plain.push(byte);
                rest = after.get(2..).unwrap_or_default();
            }
            None => {
                plain.push(*first);
                rest = after;
            }
        }
    }
    plain
}

/// Returns the byte that is escaped at the start of a text.
fn escaped(text: &[u8]) -> Option<u8> {
    let [b'%', high, low, ..] = text else { return None };
    let digit = |byte: u8| char::from(byte).to_digit(16);
    u8::try_from(digit(*high)? * 16 + digit(*low)?).ok()
}

#[cfg(test)]
mod tests;
