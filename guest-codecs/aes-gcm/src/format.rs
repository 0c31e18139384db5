//! The formats, and the metadata that tells them apart.

use cloakroom_guest::Error;

/// A payload's metadata, as the contract hands it over.
pub(crate) type Metadata = [(String, Vec<u8>)];

/// How a sealed payload is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    /// This project's own: committing to its key, bound to key and namespace.
    Sealed,
    /// That of Temporal's samples.
    Temporal,
}

impl Format {
    /// The one that a payload is written in.
    pub(crate) fn of(metadata: &Metadata) -> Option<Self> {
        let encoding = find(metadata, "encoding")?;
        [Self::Sealed, Self::Temporal]
            .into_iter()
            .find(|format| format.encoding().as_bytes() == encoding)
    }

    /// The one that settings call so.
    pub(crate) fn by_name(name: &str) -> Option<Self> {
        match name {
            "sealed" => Some(Self::Sealed),
            "temporal" => Some(Self::Temporal),
            _ => None,
        }
    }

    pub(crate) fn encoding(self) -> &'static str {
        match self {
            Self::Sealed => "binary/sealed",
            Self::Temporal => "binary/encrypted",
        }
    }

    pub(crate) fn other(self) -> Self {
        match self {
            Self::Sealed => Self::Temporal,
            Self::Temporal => Self::Sealed,
        }
    }
}

/// One metadata entry.
pub(crate) fn find<'a>(metadata: &'a Metadata, name: &str) -> Option<&'a [u8]> {
    metadata.iter().find(|(entry, _)| entry == name).map(|(_, value)| value.as_slice())
}

/// One metadata entry that is text.
///
/// # Errors
/// `Malformed` if it is something else.
pub(crate) fn find_text<'a>(metadata: &'a Metadata, name: &str) -> Result<Option<&'a str>, Error> {
    let text = find(metadata, name).map(str::from_utf8).transpose();
    text.map_err(|_| Error::Malformed(format!("`{name}` is not text")))
}

/// One metadata entry that must be there, and text.
///
/// # Errors
/// `Malformed` if it is not.
pub(crate) fn expect_text<'a>(metadata: &'a Metadata, name: &str) -> Result<&'a str, Error> {
    find_text(metadata, name)?.ok_or_else(|| Error::Malformed(format!("`{name}` is missing")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(encoding: &str, expect: Option<Format>) {
        let metadata = [("encoding".to_owned(), encoding.as_bytes().to_vec())];
        assert_eq!(Format::of(&metadata), expect);
    }

    #[test]
    fn a_payload_tells_its_format_by_its_encoding() {
        check("binary/sealed", Some(Format::Sealed));
        check("binary/encrypted", Some(Format::Temporal));
        check("binary/sealed ", None);
        check("", None);
        assert_eq!(Format::of(&[]), None);
    }
}
