//! Rights of a caller: the namespaces and methods of Temporal that it may use.

use cloakroom_grpc::{Caller, Code, Namespaces, Status};
use http::{HeaderMap, HeaderName};

use super::administrative::is_administrative;

/// Header with the namespace that the SDKs repeat from the message.
pub(crate) const NAMESPACE: HeaderName = HeaderName::from_static("temporal-namespace");

/// Calls that belong to no namespace and reveal nothing of one. Every SDK makes the first of them when
/// it connects.
const OF_NO_NAMESPACE: [&str; 3] =
    ["GetSystemInfo", "/grpc.health.v1.Health/Check", "/grpc.health.v1.Health/Watch"];

/// Most characters of a namespace in an error.
const SHOWN: usize = 64;

/// Checks a call against the namespaces of its caller: the one in its message, and those in its headers, by
/// which Temporal Cloud finds the server. `method` is the name of a known method, or the path of another.
///
/// # Errors
/// `PermissionDenied`.
pub(crate) fn check(
    caller: &Caller,
    method: &str,
    namespace: Option<&str>,
    headers: &HeaderMap,
) -> Result<(), Status> {
    if !caller.administers && is_administrative(method) {
        return refuse(caller, "may not make administrative calls");
    }
    if caller.namespaces == Namespaces::Every {
        return Ok(());
    }
    let named = headers.get_all(NAMESPACE).iter();
    let refused = named.map(|name| name.to_str().unwrap_or_default()).chain(namespace);
    if let Some(refused) = refused.into_iter().find(|name| !caller.may_use(name)) {
        let refused = cloakroom_core::clean(refused, SHOWN);
        return refuse(caller, &format!("may not use namespace `{refused}`"));
    }
    if namespace.is_none() && !OF_NO_NAMESPACE.contains(&method) {
        return refuse(caller, "may only make calls that name one of its namespaces");
    }
    Ok(())
}

fn refuse(caller: &Caller, text: &str) -> Result<(), Status> {
    Err(Status::new(Code::PermissionDenied, format!("identity `{}` {text}", caller.name)))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use http::HeaderValue;

    use super::*;

    fn checked(caller: &Caller, method: &str, body: Option<&str>, header: Option<&str>) -> String {
        let mut headers = HeaderMap::new();
        if let Some(header) = header {
            headers.insert(NAMESPACE, HeaderValue::from_str(header).unwrap());
        }
        match check(caller, method, body, &headers) {
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
            assert_eq!(checked(&caller, method, body, header), "", "{method}");
            assert_eq!(checked(&Caller::everybody(), method, body, header), "", "{method}");
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
            let refused = checked(&caller, method, body, header);
            assert!(refused.starts_with("identity `till` may "), "{method}: {refused}");
            assert_eq!(checked(&Caller::everybody(), method, body, header), "", "{method}");
        }
    }
    /// All namespaces are not the right to delete one.
    #[test]
    fn administrative_calls_need_a_right_of_their_own() {
        let mut caller = Caller::new("operator", Namespaces::Every);
        let delete = "/temporal.api.operatorservice.v1.OperatorService/DeleteNamespace";
        for (method, body) in [(delete, None), ("RegisterNamespace", Some("shop"))] {
            let refused = checked(&caller, method, body, None);
            assert_eq!(refused, "identity `operator` may not make administrative calls");
        }
        assert_eq!(checked(&caller, "ListNamespaces", None, None), "");
        caller.administers = true;
        assert_eq!(checked(&caller, delete, None, None), "");
    }
}
