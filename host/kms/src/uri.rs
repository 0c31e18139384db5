//! URI of a key: scheme, host, path and parameters, with nothing resolved or decoded.

use cloakroom_core::Error;

use crate::access::config;

/// Longest URI of a key.
const LONGEST: usize = 512;

/// Parts of a key's URI, as written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct KeyUri<'a> {
    pub(crate) scheme: &'a str,
    /// Text between `//` and the next slash.
    pub(crate) host: &'a str,
    /// Text after the host and its slash.
    pub(crate) path: &'a str,
    pub(crate) parameters: Vec<(&'a str, &'a str)>,
}

impl<'a> KeyUri<'a> {
    /// Reads a URI.
    ///
    /// # Errors
    /// `Config` if it has no scheme, or a character that some reader would decode or resolve. Two readers
    /// must not see two keys in one URI.
    pub(crate) fn parse(text: &'a str) -> Result<Self, Error> {
        let (scheme, rest) = text
            .split_once("://")
            .ok_or_else(|| config("this is no URI of a key, such as vault://transit/payments"))?;
        let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (host, path) = place.split_once('/').unwrap_or((place, ""));
        let uri = Self {
            scheme,
            host,
            path,
            parameters: query
                .split('&')
                .filter(|pair| !pair.is_empty())
                .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
                .collect(),
        };
        if text.len() > LONGEST {
            return Err(config(format!("the URI of a key has more than {LONGEST} characters")));
        }
        let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_.:/+=".contains(c);
        let is_resolved = !path.split('/').any(|part| matches!(part, "." | ".."));
        if !(place.chars().all(is_plain) && query.chars().all(|c| is_plain(c) || c == '&')) {
            // Not quoted: somebody may have put a password into it.
            return Err(config(
                "the URI of a key has a character other than letters, digits and `-_.:/+=`: credentials \
                 belong into settings or the environment",
            ));
        }
        if !is_resolved || path.contains("//") || path.ends_with('/') {
            return Err(config("the path in the URI of a key is not in its simplest form"));
        }
        Ok(uri)
    }

    /// Refuses parameters that a service does not know, and one that is given twice.
    pub(crate) fn check_parameters(&self, known: &[&str]) -> Result<(), Error> {
        for (at, (name, _)) in self.parameters.iter().enumerate() {
            if !known.contains(name) {
                let text = if known.is_empty() {
                    format!(
                        "a URI of {}:// has no parameters, and this one has `{name}`",
                        self.scheme
                    )
                } else {
                    format!(
                        "unknown parameter `{name}` in a URI of {}://: it may have `{}`",
                        self.scheme,
                        known.join("`, `")
                    )
                };
                return Err(config(text));
            }
            if self.parameters.iter().skip(at + 1).any(|(other, _)| other == name) {
                return Err(config(format!("the URI of a key has its parameter `{name}` twice")));
            }
        }
        Ok(())
    }

    /// Returns a parameter.
    pub(crate) fn parameter(&self, name: &str) -> Option<&'a str> {
        self.parameters.iter().find(|(other, _)| *other == name).map(|(_, value)| *value)
    }
}

/// Returns whether a text is a plain name: it stands in the path of a request.
pub(crate) fn is_name(text: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    !text.is_empty()
        && text.len() <= 128
        && text.chars().all(is_plain)
        && !matches!(text, "." | "..")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn has_the_parts_as_written() {
        let uri = KeyUri::parse("awskms:///alias/payments?region=eu-central-1").unwrap();
        assert_eq!((uri.scheme, uri.host, uri.path), ("awskms", "", "alias/payments"));
        assert_eq!(uri.parameter("region"), Some("eu-central-1"));
        let uri = KeyUri::parse("awskms://alias/payments").unwrap();
        assert_eq!((uri.host, uri.path), ("alias", "payments"));
    }

    #[test]
    fn refuses_what_two_readers_could_read_differently() {
        for uri in [
            "payments",
            "vault://transit/a%2fb",
            "vault://transit/../sys/seal",
            "vault://transit//a",
            "vault://transit/a/",
            "vault://transit/./a",
            "vault://transit/a#b",
            "vault://transit/a@b",
            "vault://user:pw@host/a",
            "vault://transit/a\nb",
            "vault://transit/a\\b",
        ] {
            assert!(KeyUri::parse(uri).is_err(), "{uri:?}");
        }
        assert!(KeyUri::parse(&format!("vault://transit/{}", "a".repeat(600))).is_err());
    }

    #[test]
    fn a_parameter_is_known_and_given_once() {
        let uri = KeyUri::parse("awskms:///k?region=a&region=b").unwrap();
        assert!(uri.check_parameters(&["region"]).unwrap_err().to_string().contains("twice"));
        let uri = KeyUri::parse("vault://transit/k?x=1").unwrap();
        assert!(uri.check_parameters(&[]).unwrap_err().to_string().contains("`x`"));
    }
}
