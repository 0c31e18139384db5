//! Clients that show payloads to people: tools, and not workers.

use std::collections::BTreeSet;

use http::{HeaderMap, HeaderName};

/// Header with the name of the SDK or tool that calls.
const CLIENT_NAME: HeaderName = HeaderName::from_static("client-name");

/// Names of clients that read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Readers(BTreeSet<String>);

impl Readers {
    /// Returns whether the caller is a reader, by its own word. The word need not be proved: a reader
    /// gets what anybody gets, and in the place of the rest less than the payload.
    pub(super) fn has(&self, caller: &HeaderMap) -> bool {
        let name = caller.get(CLIENT_NAME).and_then(|name| name.to_str().ok());
        name.is_some_and(|name| self.0.contains(name))
    }
}

impl<S: Into<String>> FromIterator<S> for Readers {
    fn from_iter<I: IntoIterator<Item = S>>(names: I) -> Self {
        Self(names.into_iter().map(Into::into).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reader_is_known_by_its_name() {
        let readers = Readers::from_iter(["temporal-ui"]);
        let caller = |name: &str| HeaderMap::from_iter([(CLIENT_NAME, name.parse().unwrap())]);
        assert!(readers.has(&caller("temporal-ui")));
        assert!(!readers.has(&caller("temporal-go")) && !readers.has(&HeaderMap::new()));
        assert!(!Readers::default().has(&caller("temporal-ui")));
    }
}
