//! Text form of payloads.
//!
//! In Dapr's messages a payload is a text, JSON by convention. A text in the clear stays as it is. Any
//! other payload is the JSON string `"cloakroom:v1:BASE64"`: the protobuf message of the payload in the
//! URL-safe alphabet without padding, which no writer of JSON escapes. An SDK without Cloakroom sees an
//! ordinary string.
//!
//! A text of a user that starts like this form is written in this form too, unencoded, so that decoding
//! gives it back exactly.
//!
//! ```
//! use bytes::Bytes;
//! use cloakroom_core::Payload;
//! use cloakroom_dapr::text;
//!
//! assert_eq!(text::write(&text::plain(Bytes::from_static(b"[1]"))), "[1]");
//!
//! let encoded = Payload::new("binary/zstd", &b"..."[..]);
//! let written = text::write(&encoded);
//! assert!(written.starts_with(b"\"cloakroom:v1:"));
//! assert_eq!(text::read(&written)?, Some(encoded));
//! # Ok::<_, cloakroom_core::Error>(())
//! ```

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use bytes::Bytes;
use cloakroom_core::{Error, ErrorKind, Payload};

/// Encoding of a text in the clear.
pub const ENCODING: &str = "json/plain";

/// Start of every version of the form. A text of a user that starts so is escaped.
const START: &[u8] = b"\"cloakroom:";

/// Start of the version that is written.
const V1: &[u8] = b"\"cloakroom:v1:";

/// Returns the payload of a text in the clear.
#[must_use]
pub fn plain(text: Bytes) -> Payload {
    Payload::new(ENCODING, text)
}

/// Returns whether a payload is nothing but a text.
#[must_use]
pub fn is_plain(payload: &Payload) -> bool {
    payload.encoding() == Some(ENCODING)
        && payload.metadata.len() == 1
        && payload.external_sizes.is_empty()
        && payload.unknown.is_empty()
}

/// Returns a payload as text.
#[must_use]
pub fn write(payload: &Payload) -> Bytes {
    if is_plain(payload) && !payload.data.starts_with(START) {
        return payload.data.clone();
    }
    let message = payload.envelope().to_bytes();
    let mut text = String::with_capacity(V1.len() + message.len().div_ceil(3) * 4 + 1);
    text.push_str("\"cloakroom:v1:");
    URL_SAFE_NO_PAD.encode_string(&message, &mut text);
    text.push('"');
    text.into()
}

/// Returns the payload in a text of this form. Nothing if the text is not of this form.
///
/// # Errors
/// `Malformed` if the text is of a later version of the form, or if no payload is in it.
pub fn read(text: &[u8]) -> Result<Option<Payload>, Error> {
    let Some((version, contents)) = split(text) else { return Ok(None) };
    if version != b"1" {
        return Err(malformed("a later version of Cloakroom wrote it: update this one"));
    }
    let message = URL_SAFE_NO_PAD.decode(contents);
    let message = message.map_err(|_| malformed("its base64 is damaged"))?;
    let payload = Payload::from_envelope(message.into());
    payload.map(Some).map_err(|error| malformed("it holds no payload").with_source(error))
}

/// Returns the payload that encoding starts from: the one in a text of this form, or the text itself.
///
/// A text that this form would write otherwise is a text of a user, and so is one that holds nothing but
/// a text: decoding must give back what was there.
pub(crate) fn to_encode(text: Bytes) -> Payload {
    match read(&text) {
        Ok(Some(payload)) if !is_plain(&payload) && write(&payload) == text => payload,
        _ => plain(text),
    }
}

/// Returns version and contents of a text that has this form from its first byte to its last.
fn split(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let rest = text.strip_prefix(START)?.strip_prefix(b"v")?.strip_suffix(b"\"")?;
    let colon = rest.iter().position(|byte| *byte == b':')?;
    let (version, contents) = (rest.get(..colon)?, rest.get(colon + 1..)?);
    let is_version = !version.is_empty() && version.iter().all(u8::is_ascii_digit);
    let is_letter = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    (is_version && contents.iter().all(is_letter)).then_some((version, contents))
}

fn malformed(why: &str) -> Error {
    Error::new(
        ErrorKind::Malformed,
        format!("a text of the form `cloakroom:v…` cannot be read: {why}"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &'static str) -> Bytes {
        Bytes::from_static(text.as_bytes())
    }

    #[test]
    fn a_text_is_itself_unless_it_starts_like_the_form() {
        for same in
            ["", "null", "{\"a\":1}", "no JSON", "\"cloak\"", "cloakroom:v1:x", "é\u{1F600}"]
        {
            assert_eq!(write(&plain(text(same))), same);
            assert_eq!(read(same.as_bytes()).unwrap(), None, "{same}");
        }
        for alike in ["\"cloakroom:", "\"cloakroom:v1:\"", "\"cloakroom:v1:CgA", "\"cloakroom:x\""]
        {
            let escaped = write(&plain(text(alike)));
            assert!(escaped.starts_with(V1) && escaped.is_ascii(), "{alike}");
            assert_eq!(read(&escaped).unwrap(), Some(plain(text(alike))), "{alike}");
        }
    }

    #[test]
    fn only_a_whole_text_of_a_known_version_is_read() {
        let whole = write(&Payload::new("binary/x", vec![0; 7]));
        let whole = std::str::from_utf8(&whole).unwrap();
        for other in [
            format!(" {whole}"),
            format!("{whole} "),
            whole.replace("v1", "v"),
            whole[1..].to_owned(),
        ] {
            assert_eq!(read(other.as_bytes()).unwrap(), None, "{other}");
        }
        for broken in [
            whole.replace("v1", "v2"),
            whole.replace("v1", "v01"),
            format!("{}=\"", &whole[..whole.len() - 1]),
        ] {
            let known = read(broken.as_bytes());
            assert!(known.is_err() || broken.contains('='), "{broken}");
        }
        // One bit of the last letter means nothing, and two texts would be the same payload.
        assert_eq!(read(b"\"cloakroom:v1:EgF\"").unwrap_err().kind(), ErrorKind::Malformed);
        assert_eq!(read(b"\"cloakroom:v1:_w\"").unwrap_err().kind(), ErrorKind::Malformed);
    }

    /// Texts of an application come back, whatever they look like.
    #[test]
    fn texts_in_the_form_are_taken_for_payloads_only_if_they_are_written_the_same() {
        let encoded = write(&Payload::new("binary/encrypted", "x"));
        assert_eq!(to_encode(encoded.clone()), Payload::new("binary/encrypted", "x"));
        let escaped = write(&plain(text("\"cloakroom:v1:\"")));
        assert_eq!(to_encode(escaped.clone()), plain(escaped));
        // The same payload, its fields in another order.
        let odd = b"\x12\x01x\x0a\x0e\x0a\x08encoding\x12\x02zz";
        let odd = Bytes::from(format!("\"cloakroom:v1:{}\"", URL_SAFE_NO_PAD.encode(odd)));
        assert!(read(&odd).unwrap().is_some());
        assert_eq!(to_encode(odd.clone()), plain(odd));
    }
}
