//! The caller of a method, and its rights.

use std::collections::BTreeSet;

/// The caller of a method: its name, and the namespaces that it may use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// Name for logs and errors.
    pub name: String,
    /// Namespaces that it may use.
    pub namespaces: Namespaces,
    /// True if it may make calls that administer the server.
    pub administers: bool,
    /// True if it shows payloads to people, and gets answers that are decoded in part.
    pub reads: bool,
    /// True if answers to it are decoded.
    pub decodes: bool,
}

/// Namespaces that a caller may use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Namespaces {
    /// All of them, and calls that belong to none.
    Every,
    /// These alone.
    Listed(BTreeSet<String>),
}

impl Caller {
    /// Returns a caller that gets answers decoded, as a worker does.
    #[must_use]
    pub fn new(name: impl Into<String>, namespaces: Namespaces) -> Self {
        let (administers, reads, decodes) = (false, false, true);
        Self { name: name.into(), namespaces, administers, reads, decodes }
    }

    /// Returns the caller where nobody is authenticated.
    #[must_use]
    pub fn everybody() -> Self {
        Self { administers: true, ..Self::new("everybody", Namespaces::Every) }
    }

    /// Returns this caller with the rights that the other has too.
    #[must_use]
    pub fn restricted_to(&self, other: &Self) -> Self {
        let namespaces = match (&self.namespaces, &other.namespaces) {
            (Namespaces::Every, rest) | (rest, Namespaces::Every) => rest.clone(),
            (Namespaces::Listed(one), Namespaces::Listed(other)) => {
                Namespaces::Listed(one.intersection(other).cloned().collect())
            }
        };
        Self {
            name: self.name.clone(),
            namespaces,
            administers: self.administers && other.administers,
            reads: self.reads && other.reads,
            decodes: self.decodes && other.decodes,
        }
    }

    /// Returns whether it may use a namespace.
    #[must_use]
    pub fn may_use(&self, namespace: &str) -> bool {
        match &self.namespaces {
            Namespaces::Every => true,
            Namespaces::Listed(listed) => listed.contains(namespace),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_restricted_caller_has_the_rights_of_both() {
        let listed = |names: &[&str]| {
            Namespaces::Listed(names.iter().map(|name| (*name).to_owned()).collect())
        };
        let every = Caller { administers: true, reads: true, ..Caller::everybody() };
        let till = Caller::new("till", listed(&["shop", "bank"]));
        let clerk = Caller { reads: true, ..Caller::new("clerk", listed(&["bank", "vault"])) };
        let expect = Caller { name: "everybody".to_owned(), ..till.clone() };
        assert_eq!(every.restricted_to(&till), expect);
        assert_eq!(till.restricted_to(&every), till);
        let expect = Caller::new("till", listed(&["bank"]));
        assert_eq!(till.restricted_to(&clerk), expect);
    }
}
