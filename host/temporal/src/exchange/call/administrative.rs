//! Calls that administer the server, rather than run workflows.

use super::service::SERVICE;

/// Methods of WorkflowService that change a namespace. No worker calls them.
const OF_NAMESPACES: [&str; 3] = ["RegisterNamespace", "UpdateNamespace", "DeprecateNamespace"];

/// Services that anybody may ask: they say whether the server is well.
const HEALTH: &str = "/grpc.health.v1.Health/";

/// Returns whether a call administers the server. `method` is the name of a known method, or the path of
/// another.
///
/// Everything outside of WorkflowService does: OperatorService deletes namespaces, CloudService manages
/// accounts and keys. Of a service that is not known, the worst is assumed.
pub(super) fn is_administrative(method: &str) -> bool {
    if method.starts_with('/') {
        return !method.starts_with(SERVICE) && !method.starts_with(HEALTH);
    }
    OF_NAMESPACES.contains(&method)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn workers_make_no_administrative_call() {
        for method in [
            "StartWorkflowExecution",
            "DescribeNamespace",
            "ListNamespaces",
            "GetSystemInfo",
            "/temporal.api.workflowservice.v1.WorkflowService/NewMethod",
            "/grpc.health.v1.Health/Check",
        ] {
            assert!(!is_administrative(method), "{method}");
        }
        for method in [
            "RegisterNamespace",
            "/temporal.api.operatorservice.v1.OperatorService/DeleteNamespace",
            "/temporal.api.cloud.cloudservice.v1.CloudService/CreateApiKey",
            "/temporal.server.api.adminservice.v1.AdminService/DescribeCluster",
            "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
            "/grpc.health.v1.HealthOther/Check",
            "/temporal.api.workflowservice.v1.WorkflowServices/X",
        ] {
            assert!(is_administrative(method), "{method}");
        }
    }
}
