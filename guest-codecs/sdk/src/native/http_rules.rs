//! Rules for requests, as the host has them: the ones that a plugin breaks by mistake.

use crate::Error;

/// Headers that the host sets itself.
const RESERVED: [&str; 10] = [
    "accept-encoding",
    "connection",
    "content-length",
    "expect",
    "host",
    "keep-alive",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

pub(super) fn check(method: &str, path: &str, headers: &[(String, String)]) -> Result<(), Error> {
    let is_method = !method.is_empty()
        && method.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'-')
        && !matches!(method, "CONNECT" | "PRI" | "TRACE" | "TRACK");
    if !is_method {
        return Err(Error::denied("the method is TRACE or CONNECT, or not in capital letters"));
    }
    check_path(path)?;
    for (name, value) in headers {
        let folded = name.to_ascii_lowercase().replace('_', "-");
        if RESERVED.contains(&&*folded) || folded.starts_with("proxy-") {
            return Err(Error::denied(format!("the header `{name}` belongs to the host")));
        }
        let is_name = !name.is_empty() && name.bytes().all(|byte| matches!(byte, b'!'..=b'~'));
        if !is_name || !value.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
            return Err(Error::denied("a header is not printable ASCII on one line"));
        }
    }
    Ok(())
}

fn check_path(path: &str) -> Result<(), Error> {
    let (segments, query) = path.split_once('?').unwrap_or((path, ""));
    let is_plain =
        |byte: u8| byte.is_ascii_alphanumeric() || b"-._~!$&()*+,;=:@/%?".contains(&byte);
    if !segments.bytes().chain(query.bytes()).all(is_plain) {
        return Err(Error::denied("the path has a character that must be escaped as %XX"));
    }
    let segments = segments.to_ascii_lowercase().replace("%2e", ".").replace("%2f", "/");
    let mut segments = segments.split('/').peekable();
    while let Some(segment) = segments.next() {
        let is_last = segments.peek().is_none();
        let name = segment.split(';').next().unwrap_or_default();
        let is_dots = !name.is_empty() && name.bytes().all(|byte| byte == b'.');
        if is_dots || (segment.is_empty() && !is_last) {
            return Err(Error::denied("the path has an empty, `.` or `..` segment"));
        }
    }
    Ok(())
}
