//! The formats, and the metadata that distinguishes them.

use cloakroom_guest::{Error, Payload};

/// Name of the entry that holds the data key, wrapped, in base64.
pub(crate) const WRAPPED_KEY: &str = "encryption-dek";

/// The format of a sealed payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    /// This project's own: committing to its key, bound to key and namespace.
    Sealed,
    /// The format of Temporal's samples.
    Temporal,
    /// The same encoding as temporal-proxy writes it, with a wrapped data key beside each payload.
    TemporalProxy,
}

impl Format {
    /// The formats by their names in settings.
    pub(crate) const NAMES: [(&'static str, Self); 3] = [
        ("sealed", Self::Sealed),
        ("temporal", Self::Temporal),
        ("temporal-proxy", Self::TemporalProxy),
    ];

    /// Returns the format that a payload is written in, by its encoding, and by its wrapped data key.
    pub(crate) fn of(payload: &Payload) -> Option<Self> {
        match &*payload.get("encoding")? {
            b"binary/sealed" => Some(Self::Sealed),
            b"binary/encrypted" if payload.get(WRAPPED_KEY).is_some() => Some(Self::TemporalProxy),
            b"binary/encrypted" => Some(Self::Temporal),
            _ => None,
        }
    }

    /// Returns the format that settings call `name`.
    pub(crate) fn by_name(name: &str) -> Option<Self> {
        Self::NAMES.iter().find(|(known, _)| *known == name).map(|(_, format)| *format)
    }

    pub(crate) fn encoding(self) -> &'static str {
        match self {
            Self::Sealed => "binary/sealed",
            Self::Temporal | Self::TemporalProxy => "binary/encrypted",
        }
    }

    /// Returns the name by which the host knows whose payloads these are: two formats have one encoding.
    pub(crate) fn declared(self) -> &'static str {
        match self {
            Self::TemporalProxy => "binary/encrypted;encryption-dek",
            Self::Sealed | Self::Temporal => self.encoding(),
        }
    }
}

/// Returns one metadata entry that is text, if it is there.
///
/// Each entry is asked for by its name: a list of all takes two copies into the plugin for each entry, and
/// longer than a call for each that is needed.
///
/// # Errors
/// `Malformed` if it is not text.
pub(crate) fn find_text(payload: &Payload, name: &str) -> Result<Option<String>, Error> {
    let text = payload.get(name).map(String::from_utf8).transpose();
    text.map_err(|_| Error::malformed(format!("`{name}` is not text")))
}

/// Returns one metadata entry that must be there and be text.
///
/// # Errors
/// `Malformed` if it is missing or not text.
pub(crate) fn expect_text(payload: &Payload, name: &str) -> Result<String, Error> {
    find_text(payload, name)?.ok_or_else(|| Error::malformed(format!("`{name}` is missing")))
}

/// Returns a payload with this metadata and no body, for tests.
#[cfg(test)]
pub(crate) fn payload(entries: &[(&str, &[u8])]) -> Payload {
    let entries = entries.iter().map(|&(name, value)| (name.to_owned(), value.to_vec()));
    Payload::new(&entries.collect::<Vec<_>>(), &cloakroom_guest::Buffer::new(b""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(encoding: &str, expect: Option<Format>) {
        assert_eq!(Format::of(&payload(&[("encoding", encoding.as_bytes())])), expect);
    }

    #[test]
    fn a_payload_tells_its_format_by_its_encoding() {
        check("binary/sealed", Some(Format::Sealed));
        check("binary/encrypted", Some(Format::Temporal));
        check("binary/sealed ", None);
        check("", None);
        assert_eq!(Format::of(&payload(&[])), None);
        let wrapped = |encoding: &str| {
            Format::of(&payload(&[("encoding", encoding.as_bytes()), (WRAPPED_KEY, b"")]))
        };
        assert_eq!(wrapped("binary/encrypted"), Some(Format::TemporalProxy));
        assert_eq!(wrapped("binary/sealed"), Some(Format::Sealed));
    }
}
