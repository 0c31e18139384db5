//! Names as segments of keys, as the official drivers write them.

/// S3: every byte is escaped but letters, digits and `!-_.*'()`.
pub fn s3_segment(name: &str) -> String {
    let bare = |byte: u8| byte.is_ascii_alphanumeric() || b"!-_.*'()".contains(&byte);
    let mut segment = String::with_capacity(name.len());
    for byte in name.bytes() {
        match bare(byte) {
            true => segment.push(byte.into()),
            false => escape(&mut segment, byte),
        }
    }
    undotted(segment)
}

/// Google Cloud Storage: only what disturbs its tools is escaped.
pub fn gcs_segment(name: &str) -> String {
    let disturbs = |c: char| c.is_control() || "#[]*?:\"<>|/%".contains(c);
    let mut segment = String::with_capacity(name.len());
    for c in name.chars() {
        match disturbs(c) {
            true => c.encode_utf8(&mut [0; 4]).bytes().for_each(|byte| escape(&mut segment, byte)),
            false => segment.push(c),
        }
    }
    undotted(segment)
}

fn escape(segment: &mut String, byte: u8) {
    segment.push_str(&format!("%{byte:02X}"));
}

/// `.` and `..` would be walked instead of named by much that stands between here and the object. The
/// official S3 driver leaves them as they are; as the claim has the key, it reads these too.
fn undotted(segment: String) -> String {
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
