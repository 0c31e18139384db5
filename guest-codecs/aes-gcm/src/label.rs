//! The metadata of a `binary/sealed` payload: in the clear, and bound to the body.

use cloakroom_guest::{Error, Payload};

use crate::format::{Format, expect_text, find_text};

/// Version of the associated data. The host adds what the key is bound to, which tells the versions of the
/// format apart.
const VERSION: u8 = 1;

/// Start of the id of a key that a key service has wrapped: `sealed-key` holds the wrapped key.
const SERVICE_KEY: &str = "ck2.";

/// Returns the version of the format, by the id of the key that the host sealed under.
fn version(key: &str) -> &'static str {
    if key.starts_with(SERVICE_KEY) { "2" } else { "1" }
}

/// The key that a payload was sealed under, and the namespace it was sealed for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Label {
    pub(crate) key: String,
    pub(crate) namespace: Option<String>,
}

impl Label {
    /// Reads a payload's metadata.
    ///
    /// # Errors
    /// `Malformed` if [`Label::metadata`] cannot have written it.
    pub(crate) fn read(payload: &Payload) -> Result<Self, Error> {
        let format = expect_text(payload, "sealed-format")?;
        // Compared as text: `01` is the same number, and would be a second label for one body.
        if !["1", "2"].contains(&&*format) {
            return Err(Error::malformed("a `sealed-format` this version cannot read"));
        }
        let key = expect_text(payload, "sealed-key")?;
        if version(&key) != format {
            return Err(Error::malformed("the `sealed-format` is not that of the key"));
        }
        let namespace = find_text(payload, "sealed-namespace")?;
        Ok(Self { key, namespace })
    }

    /// Returns the metadata of the sealed payload.
    pub(crate) fn metadata(self) -> Vec<(String, Vec<u8>)> {
        let mut metadata = vec![
            entry("encoding", Format::Sealed.encoding()),
            entry("sealed-format", version(&self.key)),
            entry("sealed-key", self.key),
        ];
        metadata.extend(self.namespace.map(|namespace| entry("sealed-namespace", namespace)));
        metadata
    }
}

/// Returns the bytes that a body is bound to. The host adds the key's id.
///
/// The namespace stands behind its length, so that no two labels have the same bytes.
pub(crate) fn associated(namespace: Option<&str>) -> Vec<u8> {
    let mut bytes = Format::Sealed.encoding().as_bytes().to_vec();
    bytes.push(VERSION);
    bytes.push(u8::from(namespace.is_some()));
    if let Some(namespace) = namespace {
        let length = u32::try_from(namespace.len()).unwrap_or(u32::MAX);
        bytes.extend(length.to_be_bytes());
        bytes.extend(namespace.as_bytes());
    }
    bytes
}

fn entry(name: &str, value: impl Into<Vec<u8>>) -> (String, Vec<u8>) {
    (name.to_owned(), value.into())
}

#[cfg(test)]
mod tests {
    use cloakroom_guest::Buffer;
    use proptest::prelude::*;

    use super::*;
    use crate::format::payload;

    fn label(key: &str, namespace: Option<&str>) -> Label {
        Label { key: key.to_owned(), namespace: namespace.map(ToOwned::to_owned) }
    }

    fn metadata(entries: &[(&str, &[u8])]) -> Vec<(String, Vec<u8>)> {
        entries.iter().map(|&(name, value)| entry(name, value)).collect()
    }

    #[track_caller]
    fn check(entries: &[(&str, &[u8])], expect: Result<Label, &str>) {
        let found = Label::read(&payload(entries)).map_err(|error| match error {
            Error::Malformed(why) => why,
            other => panic!("{other:?}"),
        });
        assert_eq!(found, expect.map_err(ToOwned::to_owned));
    }

    #[test]
    fn reads_key_and_namespace() {
        check(&[("sealed-format", b"1"), ("sealed-key", b"k")], Ok(label("k", None)));
        check(
            &[("sealed-format", b"1"), ("sealed-key", b"k"), ("sealed-namespace", b"")],
            Ok(label("k", Some(""))),
        );
    }

    #[test]
    fn a_key_of_a_key_service_makes_version_2() {
        let key = "ck2.Cbbzcz7E.-.d3JhcHBlZA";
        let entries = [("sealed-format", &b"2"[..]), ("sealed-key", key.as_bytes())];
        check(&entries, Ok(label(key, None)));
        assert_eq!(label(key, None).metadata()[1], entry("sealed-format", "2"));
    }

    #[test]
    fn refuses_what_is_no_label() {
        let unknown = Err("a `sealed-format` this version cannot read");
        check(&[], Err("`sealed-format` is missing"));
        check(&[("sealed-format", b"3"), ("sealed-key", b"k")], unknown.clone());
        let other = Err("the `sealed-format` is not that of the key");
        check(&[("sealed-format", b"2"), ("sealed-key", b"k")], other.clone());
        check(&[("sealed-format", b"1"), ("sealed-key", b"ck2.a.-.d3Jh")], other);
        check(&[("sealed-format", b"01"), ("sealed-key", b"k")], unknown);
        check(&[("sealed-format", b"1")], Err("`sealed-key` is missing"));
        check(&[("sealed-format", b"1"), ("sealed-key", b"\xff")], Err("`sealed-key` is not text"));
        check(
            &[("sealed-format", b"1"), ("sealed-key", b"k"), ("sealed-namespace", b"\xff")],
            Err("`sealed-namespace` is not text"),
        );
    }

    #[test]
    fn the_associated_data_is_what_the_format_says() {
        assert_eq!(associated(None), b"binary/sealed\x01\0");
        assert_eq!(associated(Some("ns")), b"binary/sealed\x01\x01\0\0\0\x02ns");
    }

    #[test]
    fn the_metadata_is_what_the_format_says() {
        let sealed = [
            ("encoding", b"binary/sealed".as_slice()),
            ("sealed-format", b"1"),
            ("sealed-key", b"key"),
            ("sealed-namespace", b"ns"),
        ];
        assert_eq!(label("key", Some("ns")).metadata(), metadata(&sealed));
        assert_eq!(label("key", None).metadata(), metadata(&sealed[..3]));
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(key: String, namespace: Option<String>) {
            let label = Label { key, namespace };
            let payload = Payload::new(&label.clone().metadata(), &Buffer::new(b""));
            prop_assert_eq!(Label::read(&payload).unwrap(), label);
        }
    }
}
