//! Wrapped keys of the transit engine, as text and in short.
//!
//! The text is `vault:vVERSION:BASE64`. The short form is the version (u32, big-endian) and the bytes: it
//! stands beside every payload.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use cloakroom_core::{KeyFailure, KeyServiceError};

use crate::http::unavailable;

/// Returns the short form of a text.
///
/// # Errors
/// `Unavailable` if the server sent some other text.
pub(super) fn short(text: &str) -> Result<Bytes, KeyServiceError> {
    let parts = text.strip_prefix("vault:v").and_then(|rest| rest.split_once(':'));
    let read = parts.and_then(|(version, bytes)| {
        let version: u32 = version.parse().ok()?;
        Some([&version.to_be_bytes()[..], &STANDARD.decode(bytes).ok()?].concat())
    });
    // What could not be written again as it was would not unwrap.
    let read = read.filter(|short| long(short).is_ok_and(|long| long == text));
    read.map(Bytes::from)
        .ok_or_else(|| unavailable("its wrapped key is not of the form vault:v1:BASE64"))
}

/// Returns the text of a short form.
///
/// # Errors
/// `Mismatch` if it is too short.
pub(super) fn long(short: &[u8]) -> Result<String, KeyServiceError> {
    match short.split_first_chunk() {
        Some((version, bytes)) if !bytes.is_empty() => {
            Ok(format!("vault:v{}:{}", u32::from_be_bytes(*version), STANDARD.encode(bytes)))
        }
        _ => Err(KeyServiceError::new(KeyFailure::Mismatch, "the wrapped key is too short")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_comes_back_as_it_was() {
        let text = "vault:v12:d0o+uYfa2XP3VGiAINXXZi6scv+t";
        assert_eq!(long(&short(text).unwrap()).unwrap(), text);
    }

    #[test]
    fn refuses_other_texts() {
        for text in
            ["vault:v01:AAAA", "vault:v1:A", "vault:v1:", "vault:v-1:AAAA", "bao:v1:AAAA", ""]
        {
            assert_eq!(short(text).unwrap_err().kind(), KeyFailure::Unavailable, "{text}");
        }
        assert_eq!(long(&[0, 0, 0, 1]).unwrap_err().kind(), KeyFailure::Mismatch);
    }
}
