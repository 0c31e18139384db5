//! The caller of a method, and its rights.

use std::collections::BTreeSet;

use http::{HeaderMap, HeaderName};

use super::administrative::is_administrative;
use crate::exchange::status::{Code, Status};

/// Header with the namespace that the SDKs repeat from the message.
pub(crate) const NAMESPACE: HeaderName = HeaderName::from_static("temporal-namespace");

/// Calls that belong to no namespace and reveal nothing of one. Every SDK makes the first of them when
/// it connects.
const OF_NO_NAMESPACE: [&str; 3] =
    ["GetSystemInfo", "/grpc.health.v1.Health/Check", "/grpc.health.v1.Health/Watch"];

/// Most characters of a namespace in an error.
const SHOWN: usize = 64;

/// The caller of a method: its name, and the namespaces that it may use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Caller {
    /// Name for logs and errors.
    pub(crate) name: String,
    pub(crate) namespaces: Namespaces,
    /// True if it may make calls that administer the server.
    pub(crate) administers: bool,
    /// True if it shows payloads to people, and gets answers that are decoded in part.
    pub(crate) reads: bool,
    /// True if answers to it are decoded.
    pub(crate) decodes: bool,
}

/// Namespaces that a caller may use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Namespaces {
    /// All of them, and calls that belong to none.
    Every,
    Listed(BTreeSet<String>),
}

impl Caller {
    /// Returns a caller that gets answers decoded, as a worker does.
    pub(crate) fn new(name: impl Into<String>, namespaces: Namespaces) -> Self {
        let (administers, reads, decodes) = (false, false, true);
        Self { name: name.into(), namespaces, administers, reads, decodes }
    }

    /// Returns the caller where nobody is authenticated.
    pub(crate) fn everybody() -> Self {
        Self { administers: true, ..Self::new("everybody", Namespaces::Every) }
    }

    /// Returns this caller with the rights that the other has too.
    pub(crate) fn restricted_to(&self, other: &Self) -> Self {
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

    fn may_use(&self, namespace: &str) -> bool {
        match &self.namespaces {
            Namespaces::Every => true,
            Namespaces::Listed(listed) => listed.contains(namespace),
        }
    }

    /// Checks a call against the namespaces: the one in its message, and those in its headers, by which
    /// Temporal Cloud finds the server. `method` is the name of a known method, or the path of another.
    ///
    /// # Errors
    /// `PermissionDenied`.
    pub(crate) fn check(
        &self,
        method: &str,
        namespace: Option<&str>,
        headers: &HeaderMap,
    ) -> Result<(), Status> {
        if !self.administers && is_administrative(method) {
            return self.refuse("may not make administrative calls");
        }
        if self.namespaces == Namespaces::Every {
            return Ok(());
        }
        let named = headers.get_all(NAMESPACE).iter();
        let refused = named.map(|name| name.to_str().unwrap_or_default()).chain(namespace);
        if let Some(refused) = refused.into_iter().find(|name| !self.may_use(name)) {
            let refused = cloakroom_core::clean(refused, SHOWN);
            return self.refuse(&format!("may not use namespace `{refused}`"));
        }
        if namespace.is_none() && !OF_NO_NAMESPACE.contains(&method) {
            return self.refuse("may only make calls that name one of its namespaces");
        }
        Ok(())
    }

    fn refuse(&self, text: &str) -> Result<(), Status> {
        Err(Status::new(Code::PermissionDenied, format!("identity `{}` {text}", self.name)))
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn check(caller: &Caller, method: &str, body: Option<&str>, header: Option<&str>) -> String {
        let mut headers = HeaderMap::new();
        if let Some(header) = header {
            headers.insert(NAMESPACE, HeaderValue::from_str(header).unwrap());
        }
        match caller.check(method, body, &headers) {
            Ok(()) => String::new(),
            Err(status) => {
                assert_eq!(status.code, Code::PermissionDenied);
                status.message
            }
        }
    }

    #[test]
    fn a_caller_keeps_to_its_namespaces() {
        let namespaces = Namespaces::Listed(BTreeSet::from(["shop".to_owned()]));
        let caller = Caller::new("till", namespaces);
        for (method, body, header) in [
            ("StartWorkflowExecution", Some("shop"), None),
            ("StartWorkflowExecution", Some("shop"), Some("shop")),
            ("GetSystemInfo", None, None),
            ("GetSystemInfo", None, Some("shop")),
            ("/grpc.health.v1.Health/Check", None, None),
        ] {
            assert_eq!(check(&caller, method, body, header), "", "{method}");
            assert_eq!(check(&Caller::everybody(), method, body, header), "", "{method}");
        }
        for (method, body, header) in [
            ("StartWorkflowExecution", Some("bank"), None),
            ("StartWorkflowExecution", Some("bank"), Some("shop")),
            ("StartWorkflowExecution", Some("shop"), Some("bank")),
            ("StartWorkflowExecution", Some("*"), None),
            // With a task token alone, the server finds the namespace in the token.
            ("RespondWorkflowTaskCompleted", None, Some("shop")),
            ("DescribeNamespace", None, None),
            ("ListNamespaces", None, Some("shop")),
            ("GetSystemInfo", None, Some("bank")),
            ("/temporal.api.operatorservice.v1.OperatorService/DeleteNamespace", None, None),
            ("/grpc.reflection.v1.ServerReflection/ServerReflectionInfo", None, None),
        ] {
            let refused = check(&caller, method, body, header);
            assert!(refused.starts_with("identity `till` may "), "{method}: {refused}");
            assert_eq!(check(&Caller::everybody(), method, body, header), "", "{method}");
        }
    }
    /// All namespaces are not the right to delete one.
    #[test]
    fn administrative_calls_need_a_right_of_their_own() {
        let mut caller = Caller::new("operator", Namespaces::Every);
        let delete = "/temporal.api.operatorservice.v1.OperatorService/DeleteNamespace";
        for (method, body) in [(delete, None), ("RegisterNamespace", Some("shop"))] {
            let refused = check(&caller, method, body, None);
            assert_eq!(refused, "identity `operator` may not make administrative calls");
        }
        assert_eq!(check(&caller, "ListNamespaces", None, None), "");
        caller.administers = true;
        assert_eq!(check(&caller, delete, None, None), "");
    }

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
