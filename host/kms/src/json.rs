//! JSON that may hold a data key: written into one buffer, and read without a copy that is not wiped.

use base64::{Engine as _, engine::general_purpose::GeneralPurpose};
use cloakroom_core::{DataKey, KeyServiceError};
use serde_json::Value;
use zeroize::{Zeroize as _, Zeroizing};

use crate::http::unavailable;

/// Bytes of a request that are reserved at once: a buffer that grows leaves a copy behind.
const REQUEST: usize = 16 << 10;

/// Most bytes that the base64 of a data key decodes to before its length is checked.
const DECODED: usize = 1024;

/// Writer of an object. Its values are texts and objects of texts.
pub(crate) struct Object(Zeroizing<Vec<u8>>);

impl Object {
    pub(crate) fn new() -> Self {
        let mut buffer = Zeroizing::new(Vec::with_capacity(REQUEST));
        buffer.push(b'{');
        Self(buffer)
    }

    /// Adds a text, which is escaped.
    pub(crate) fn text(mut self, name: &str, value: &str) -> Self {
        self.name(name);
        self.quoted(value);
        self
    }

    /// Adds an object of texts.
    pub(crate) fn texts<'a>(
        mut self,
        name: &str,
        values: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Self {
        self.name(name);
        self.0.push(b'{');
        for (name, value) in values {
            self.name(name);
            self.quoted(value);
        }
        self.0.push(b'}');
        self
    }

    /// Adds bytes in base64, written in place.
    pub(crate) fn base64(mut self, name: &str, bytes: &[u8], engine: &GeneralPurpose) -> Self {
        self.name(name);
        self.0.push(b'"');
        let at = self.0.len();
        self.0.resize(at + bytes.len().div_ceil(3) * 4, 0);
        let written = self.0.get_mut(at..).and_then(|room| engine.encode_slice(bytes, room).ok());
        self.0.truncate(at + written.unwrap_or_default());
        self.0.push(b'"');
        self
    }

    pub(crate) fn finish(mut self) -> Zeroizing<Vec<u8>> {
        self.0.push(b'}');
        self.0
    }

    fn name(&mut self, name: &str) {
        if self.0.last() != Some(&b'{') {
            self.0.push(b',');
        }
        self.quoted(name);
        self.0.push(b':');
    }

    fn quoted(&mut self, text: &str) {
        self.0.extend_from_slice(Value::from(text).to_string().as_bytes());
    }
}

/// Returns the data key at a place such as `/data/plaintext`, which is base64.
///
/// # Errors
/// `Unavailable` if the answer is no JSON, or there is no text of base64. `Mismatch` if it is none of 32
/// bytes: whoever wrapped it wrapped no data key.
pub(crate) fn key_at(
    body: &[u8],
    place: &str,
    engine: &GeneralPurpose,
) -> Result<DataKey, KeyServiceError> {
    let text = Zeroizing::new(text_at(body, place)?);
    let mut decoded = Zeroizing::new([0; DECODED]);
    let length = engine
        .decode_slice(text.as_bytes(), &mut decoded[..])
        .map_err(|_| unavailable("its answer holds no base64 where the data key should be"))?;
    let key = decoded.get(..length).and_then(DataKey::from_slice);
    key.ok_or_else(|| {
        let text = format!("what was wrapped has {length} bytes, and a data key has 32");
        KeyServiceError::new(cloakroom_core::KeyFailure::Mismatch, text)
    })
}

/// Returns the wrapped key at a place, which is base64.
///
/// # Errors
/// `Unavailable` if there is none, or it is longer than a wrapped key may be.
#[cfg(any(feature = "aws", feature = "azure", feature = "google"))]
pub(crate) fn bytes_at(
    body: &[u8],
    place: &str,
    engine: &GeneralPurpose,
) -> Result<bytes::Bytes, KeyServiceError> {
    let bytes = engine.decode(text_at(body, place)?).ok();
    let bytes = bytes.filter(|bytes| (1..=cloakroom_core::MAX_WRAPPED).contains(&bytes.len()));
    bytes
        .map(Into::into)
        .ok_or_else(|| unavailable("its answer holds no wrapped key of at most 1,024 bytes"))
}

/// Returns the text at a place of an answer. Everything else of it is wiped.
///
/// # Errors
/// `Unavailable` if the answer is no JSON, or has no text there. Nothing of it is quoted.
pub(crate) fn text_at(body: &[u8], place: &str) -> Result<String, KeyServiceError> {
    let wrong = || unavailable(format!("its answer is no JSON with a text at {place}"));
    let mut answer: Value = serde_json::from_slice(body).map_err(|_| wrong())?;
    let found = answer.pointer_mut(place).map(Value::take);
    wipe(&mut answer);
    match found {
        Some(Value::String(text)) => Ok(text),
        Some(mut other) => {
            wipe(&mut other);
            Err(wrong())
        }
        None => Err(wrong()),
    }
}

/// Returns the whole number at a place, which may be a text.
#[cfg(feature = "azure")]
pub(crate) fn number_at(body: &[u8], place: &str) -> Option<u64> {
    let mut answer: Value = serde_json::from_slice(body).ok()?;
    let found = answer.pointer(place);
    let number = found.and_then(|value| value.as_u64().or_else(|| value.as_str()?.parse().ok()));
    wipe(&mut answer);
    number
}

/// Overwrites all texts of a value.
fn wipe(value: &mut Value) {
    match value {
        Value::String(text) => text.zeroize(),
        Value::Array(values) => values.iter_mut().for_each(wipe),
        Value::Object(values) => values.values_mut().for_each(wipe),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
    use cloakroom_core::KeyFailure;

    use super::*;

    #[test]
    fn writes_what_a_reader_of_json_reads() {
        let object = Object::new()
            .text("a", "q\"\\\n")
            .base64("b", &[0xff; 32], &URL_SAFE_NO_PAD)
            .texts("c", [("x", "1"), ("y", "2")])
            .texts("d", []);
        let read: Value = serde_json::from_slice(&object.finish()).unwrap();
        assert_eq!(
            read,
            serde_json::json!({
                "a": "q\"\\\n", "b": URL_SAFE_NO_PAD.encode([0xff; 32]), "c": {"x": "1", "y": "2"}, "d": {}
            })
        );
    }

    #[test]
    fn an_answer_without_a_key_is_refused_and_not_quoted() {
        let key = |body: &str| key_at(body.as_bytes(), "/data/plaintext", &STANDARD);
        let text =
            |bytes: &[u8]| format!(r#"{{"data":{{"plaintext":"{}"}}}}"#, STANDARD.encode(bytes));
        assert_eq!(key(&text(&[7; 32])).unwrap().bytes(), &[7; 32]);
        for (body, kind) in [
            (text(&[7; 31]), KeyFailure::Mismatch),
            (text(&[7; 1023]), KeyFailure::Mismatch),
            (text(&[7; 9999]), KeyFailure::Unavailable),
            (r#"{"data":{"plaintext":"s3cret!"}}"#.to_owned(), KeyFailure::Unavailable),
            (r#"{"data":{"plaintext":["s3cret"]}}"#.to_owned(), KeyFailure::Unavailable),
            ("s3cret".to_owned(), KeyFailure::Unavailable),
            (format!("{}1{}", "[".repeat(9000), "]".repeat(9000)), KeyFailure::Unavailable),
        ] {
            let error = key(&body).unwrap_err();
            assert_eq!(error.kind(), kind, "{error}");
            assert!(!error.to_string().contains("s3cret"), "{error}");
        }
    }
}
