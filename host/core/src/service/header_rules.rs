//! Rules for the headers of a plugin's request.

/// Most headers of one request.
const COUNT: usize = 64;

/// Most bytes of all names and values together.
const BYTES: usize = 16 << 10;

/// Headers that belong to the connection and to the host, or by which servers recognise a trusted proxy.
///
/// `accept-encoding` is among them: a compressed response could hide a secret that it echoes.
const RESERVED: [&str; 18] = [
    "accept-encoding",
    "connection",
    "content-length",
    "expect",
    "forwarded",
    "host",
    "http2-settings",
    "keep-alive",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "via",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-proto",
    "x-http-method-override",
    "x-real-ip",
];

/// Returns whether a header belongs to the host, whoever asks for it.
#[must_use]
pub fn is_reserved_header(name: &str) -> bool {
    let name = fold(name);
    RESERVED.contains(&&*name) || name.starts_with("proxy-")
}

/// Returns a name as servers compare it. Gateways to CGI and its kin take `_` for `-`, so that `x_key` would
/// replace `x-key`.
fn fold(name: &str) -> String {
    name.to_ascii_lowercase().replace('_', "-")
}

/// Returns whether two names are one for some server.
#[must_use]
pub fn is_same_header(one: &str, other: &str) -> bool {
    fold(one) == fold(other)
}

pub(super) fn check_headers(headers: &[(String, String)]) -> Result<(), &'static str> {
    let bytes: usize = headers.iter().map(|(name, value)| name.len() + value.len()).sum();
    if headers.len() > COUNT || bytes > BYTES {
        return Err("a request has more than 64 headers, or more than 16 KiB of them");
    }
    for (name, value) in headers {
        if !is_token(name) {
            return Err("the name of a header is empty or has characters that no name may have");
        }
        // CR and LF would begin another header, or another request.
        if !value.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
            return Err("the value of a header has other characters than printable ASCII");
        }
        if is_reserved_header(name) {
            return Err("a request sets a header that belongs to the host, such as `host`");
        }
    }
    Ok(())
}

/// Returns whether a text is a token of RFC 9110.
fn is_token(name: &str) -> bool {
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !name.is_empty() && name.bytes().all(is_part)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(name: &str, value: &str) -> bool {
        check_headers(&[(name.to_owned(), value.to_owned())]).is_ok()
    }

    #[test]
    fn headers_of_the_host_are_refused_however_they_are_written() {
        for name in RESERVED {
            assert!(!check(name, "x") && !check(&name.to_uppercase(), "x"), "{name}");
            assert!(!check(&name.replace('-', "_"), "x"), "{name}");
        }
        assert!(!check("Proxy-Authorization", "x") && !check("proxy_connection", "x"));
        assert!(check("content-type", "text/plain") && check("if-none-match", "*"));
    }

    #[test]
    fn a_header_is_one_line() {
        for value in ["a\r\nhost: b", "a\nb", "a\0b", "é", "\u{7f}", "a\tb"] {
            assert!(!check("x-name", value), "{value:?}");
        }
        for name in ["", "a b", "a:b", "a\r\nb", "é"] {
            assert!(!check(name, "x"), "{name:?}");
        }
        assert!(check("x-name", ""));
    }

    #[test]
    fn headers_are_bounded() {
        let many = |count| vec![("a".to_owned(), "b".to_owned()); count];
        assert!(check_headers(&many(64)).is_ok() && check_headers(&many(65)).is_err());
        assert!(check("a", &"x".repeat(BYTES - 1)) && !check("a", &"x".repeat(BYTES)));
    }

    #[test]
    fn names_that_a_gateway_takes_for_one_are_one() {
        assert!(is_same_header("X-Api-Key", "x_api_key") && !is_same_header("x-api", "x-api-key"));
    }
}
