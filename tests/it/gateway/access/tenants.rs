//! Two tenants of one gateway, of whom one wants to read what the other has stored.

use cloakroom_tests::rigs::{DevOptions, DevServer, temporal};
use temporalio_common::protos::temporal::api::common::v1::Payload;

use super::*;
use crate::{
    gateway::{
        harness::{CANARY, parcel},
        inputs::{self, history_request, payload, start_request},
    },
    worker::until,
};

const CLAIMS: &str =
    "claims = { policy = \"require\", ring = \"payments\", bind_namespace = true }\n";

async fn connect(url: &str, token: Option<&str>) -> Connection {
    let mut options = at(url);
    options.api_key = token.map(str::to_owned);
    Connection::connect(options).await.unwrap()
}

async fn start(
    connection: &Connection,
    namespace: &str,
    id: &str,
    input: Payload,
) -> Result<(), Status> {
    let request = start_request(namespace, id, vec![input]);
    let mut service = connection.workflow_service();
    service.start_workflow_execution(request.into_request()).await.map(drop)
}

/// Returns the input of a workflow.
async fn input(connection: &Connection, namespace: &str, id: &str) -> Result<Payload, Status> {
    let request = history_request(namespace, id);
    let mut service = connection.workflow_service();
    let answer = service.get_workflow_execution_history(request.into_request()).await?;
    Ok(inputs::input(answer.into_inner()).remove(0))
}

/// No store is asked for a stolen reference: its key lies in another namespace. Claims that are bound to
/// theirs do not even need the key.
#[tokio::test(flavor = "multi_thread")]
async fn a_reference_to_an_object_of_another_tenant_opens_nothing() {
    let server = DevServer::start(DevOptions::default());
    for namespace in ["shop", "bank"] {
        let create = async || {
            let mut create = temporal(&server.target());
            let created =
                create.args(["operator", "namespace", "create", "-n", namespace]).output();
            let created = created.unwrap();
            let says = String::from_utf8_lossy(&created.stderr).into_owned();
            if created.status.success() || says.contains("already") { Ok(()) } else { Err(says) }
        };
        until(create).await;
    }
    for (id, claims) in [("bound", CLAIMS), ("unbound", "")] {
        let folder = tempfile::tempdir().unwrap();
        secret(folder.path(), "till", "token-of-the-till-7Hq2");
        secret(folder.path(), "clerk", "token-of-the-clerk-Xe4");
        let tenants = [("till", "[\"shop\"]"), ("clerk", "[\"bank\"]")];
        let table = with_identities(&server.url(), &tenants);
        let cloakroom = with_storage(folder.path(), claims, &table).await;
        let gateway = Served::start(&cloakroom).await;
        let till = connect(&gateway.url(), Some("token-of-the-till-7Hq2")).await;
        let clerk = connect(&gateway.url(), Some("token-of-the-clerk-Xe4")).await;
        let direct = connect(&server.url(), None).await;
        let secret = payload("json/plain", format!("\"{}\"", parcel()).as_bytes());
        // A namespace is known everywhere some time after it was created.
        until(async || start(&clerk, "bank", id, secret.clone()).await).await;
        assert!(input(&clerk, "bank", id).await.unwrap() == secret);
        let stolen = input(&direct, "bank", id).await.unwrap();
        assert!(stolen.data.len() < 10_000, "this is no reference");

        let forged = format!("{id}-forged");
        until(async || start(&till, "shop", id, stolen.clone()).await).await;
        // Past the gateway it lies in the history of the tenant's own workflow.
        start(&direct, "shop", &forged, stolen.clone()).await.unwrap();
        let refused = input(&till, "shop", &forged).await.map(drop).unwrap_err();
        let reason =
            "the claim's key belongs to namespace `bank`, and `shop` may not read its objects";
        assert!(refused.message().contains(reason), "{refused}");
        // Through the gateway it is a payload like any other, and comes back as what was sent.
        let got = input(&till, "shop", id).await.unwrap();
        assert!(got == stolen && !String::from_utf8_lossy(&got.data).contains(CANARY));
        // A store that was asked would say that the object is gone.
        fs::remove_dir_all(folder.path().join("objects")).unwrap();
        let again = input(&till, "shop", &forged).await.map(drop).unwrap_err();
        assert_eq!(again.message(), refused.message());
        // Nor by the other tenant's name.
        let refused = input(&till, "bank", id).await.map(drop).unwrap_err();
        assert_eq!(refused.code(), Code::PermissionDenied, "{refused}");
        gateway.end().await;
    }
}
