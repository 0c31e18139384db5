//! Names as segments of keys, escaped as Temporal's official drivers do.
//!
//! A workflow's id is a stranger's text. Put into a key as it is, one with a slash in it would name the
//! object of another workflow.
//!
//! ```
//! use cloakroom_guest::escape::{gcs_segment, s3_segment};
//!
//! assert_eq!(s3_segment("order 1/../2"), "order%201%2F..%2F2");
//! assert_eq!(gcs_segment("order 1/../2"), "order 1%2F..%2F2");
//! assert_eq!(s3_segment(".."), "%2E%2E");
//! ```

/// Escapes a name for S3: every byte but letters, digits and `!-_.*'()`.
#[must_use]
pub fn s3_segment(name: &str) -> String {
    let bare = |byte: u8| byte.is_ascii_alphanumeric() || b"!-_.*'()".contains(&byte);
    let mut segment = String::with_capacity(name.len());
    for byte in name.bytes() {
        if bare(byte) {
            segment.push(byte.into());
        } else {
            escape(&mut segment, byte);
        }
    }
    escape_dots(segment)
}

/// Escapes a name for Google Cloud Storage: only characters that its tools cannot handle.
#[must_use]
pub fn gcs_segment(name: &str) -> String {
    let disturbs = |c: char| c.is_control() || "#[]*?:\"<>|/%".contains(c);
    let mut segment = String::with_capacity(name.len());
    for c in name.chars() {
        if disturbs(c) {
            c.encode_utf8(&mut [0; 4]).bytes().for_each(|byte| escape(&mut segment, byte));
        } else {
            segment.push(c);
        }
    }
    escape_dots(segment)
}

fn escape(segment: &mut String, byte: u8) {
    segment.push_str(&format!("%{byte:02X}"));
}

/// Escapes the dots of `.` and `..`: proxies and clients on the way would resolve such a segment as a
/// path. The official S3 driver does not escape them, and still reads these keys, since the claim has
/// them.
fn escape_dots(segment: String) -> String {
    match &*segment {
        "." | ".." => segment.replace('.', "%2E"),
        _ => segment,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s3() {
        for (name, expect) in [
            ("order+123=a/b~ü", "order%2B123%3Da%2Fb%7E%C3%BC"),
            ("payments prod", "payments%20prod"),
            ("100%", "100%25"),
            ("!-_.*'()", "!-_.*'()"),
            (".", "%2E"),
            ("..", "%2E%2E"),
            ("...", "..."),
        ] {
            assert_eq!(s3_segment(name), expect);
        }
    }

    #[test]
    fn gcs() {
        for (name, expect) in [
            ("order+123=a/b~ü", "order+123=a%2Fb~ü"),
            ("payments prod", "payments prod"),
            ("#[]*?:\"<>|/%", "%23%5B%5D%2A%3F%3A%22%3C%3E%7C%2F%25"),
            ("\u{1}\u{7f}\u{85}", "%01%7F%C2%85"),
            ("..", "%2E%2E"),
        ] {
            assert_eq!(gcs_segment(name), expect);
        }
    }
}
