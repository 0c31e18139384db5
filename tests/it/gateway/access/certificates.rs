//! Callers with certificates, and strangers.

use std::{
    fs,
    io::{Read as _, Write as _},
    net::TcpStream,
    path::Path,
    time::Duration,
};

use cloakroom_tests::rigs::{DevOptions, DevServer};
use temporalio_client::WorkflowGetResultOptions;
use temporalio_common::data_converters::DataConverter;

use super::*;
use crate::{
    gateway::harness::{CANARY, named, parcel},
    worker::{Helper, Parts, Running, client_with, holds, server, unique},
};

const WORKER: &str = "spiffe://acme/worker";

/// A gateway that asks for a certificate. `worker` may use `default`, `tool` all namespaces, and `operator`
/// may administer them.
fn table(upstream: &str) -> String {
    format!(
        r#"
        [gateway.temporal]
        upstream = "{upstream}"
        tls = {{ certificate = "DIR/server.pem", key = "DIR/server.key", client_ca = "DIR/ca.pem" }}

        [[gateway.temporal.identity]]
        name = "worker"
        san = ["{WORKER}"]
        namespaces = ["default"]

        [[gateway.temporal.identity]]
        name = "tool"
        common_name = "tool.acme.example"
        namespaces = ["*"]

        [[gateway.temporal.identity]]
        name = "operator"
        common_name = "operator.acme.example"
        namespaces = ["*"]
        admin = true
        "#
    )
}

async fn secured(folder: &Path, upstream: &str) -> (Authority, Served) {
    let authority = Authority::new();
    authority.server().write(folder, "server");
    fs::write(folder.join("ca.pem"), authority.pem()).unwrap();
    (authority, Served::start(&opened(folder, &table(upstream)).await).await)
}

/// A worker and a client on the SDK pass 3 MB, and nothing of it is in the clear behind the gateway.
#[tokio::test(flavor = "multi_thread")]
async fn a_worker_with_a_certificate_is_served() {
    let (server, folder) = (DevServer::start(DevOptions::default()), tempfile::tempdir().unwrap());
    let (authority, gateway) = secured(folder.path(), &server.url()).await;
    let pair = authority.client(WORKER, "any");
    let (options, queue) = (tls(&gateway, &authority, Some(&pair)), unique("certificate"));
    let converter = DataConverter::default;
    let _worker = Running::connected(options.clone(), &queue, converter(), Parts::Both);
    let client = client_with(options, converter()).await;
    let parcel = parcel();
    let started = client.start_workflow(Helper::run, parcel.clone(), named(&queue, "certificate"));
    let result = started.await.unwrap().get_result(WorkflowGetResultOptions::default()).await;
    assert!(result.unwrap().contains(CANARY));
    assert!(!server.holds(CANARY.as_bytes()) && !holds(folder.path(), CANARY));
    gateway.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn strangers_are_refused_in_the_handshake() {
    let folder = tempfile::tempdir().unwrap();
    let (authority, gateway) = secured(folder.path(), &server().url()).await;
    let known = authority.client(WORKER, "any");
    let connected = Connection::connect(tls(&gateway, &authority, Some(&known))).await.unwrap();
    count(&connected, "default").await.unwrap();
    let stranger = Authority::new().client(WORKER, "any");
    let expired = authority.expired(WORKER);
    for (pair, why) in
        [(None, "none"), (Some(&stranger), "another authority"), (Some(&expired), "expired")]
    {
        let refused = Connection::connect(tls(&gateway, &authority, pair)).await;
        assert!(refused.is_err(), "served a stranger: {why}");
    }
    // Plaintext to the port of TLS.
    let plain = Connection::connect(at(&format!("http://{}", gateway.address))).await;
    assert!(plain.is_err());
    count(&connected, "default").await.unwrap();
    gateway.end().await;
}

/// The authority has signed for the certificate, but no identity has its name.
#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_name_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (authority, gateway) = secured(folder.path(), &server().url()).await;
    for pair in [
        authority.client("spiffe://acme/other", "any"),
        authority.client("spiffe://acme/worker/2", WORKER),
        authority.client("spiffe://acme/tool", "Tool.acme.example"),
    ] {
        let refused = Connection::connect(tls(&gateway, &authority, Some(&pair))).await;
        let refused = format!("{:?}", refused.map(drop).unwrap_err());
        assert!(refused.contains("present a certificate or a token"), "{refused}");
        assert!(!refused.contains("identity"), "{refused}");
    }
    gateway.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_identity_keeps_to_its_namespaces() {
    let folder = tempfile::tempdir().unwrap();
    let (authority, gateway) = secured(folder.path(), &server().url()).await;
    let connect = async |pair: Pair| {
        Connection::connect(tls(&gateway, &authority, Some(&pair))).await.unwrap()
    };
    let worker = connect(authority.client(WORKER, "any")).await;
    count(&worker, "default").await.unwrap();
    for namespace in ["other", "temporal-system", "*", ""] {
        let refused = count(&worker, namespace).await.unwrap_err();
        assert_eq!(refused.code(), Code::PermissionDenied, "{namespace}: {refused}");
        assert!(refused.message().starts_with("identity `worker` may"), "{refused}");
    }
    let list = async |connection: &Connection| {
        let request = ListNamespacesRequest::default().into_request();
        connection.workflow_service().list_namespaces(request).await
    };
    assert_eq!(list(&worker).await.unwrap_err().code(), Code::PermissionDenied);
    // By its id a namespace has another name.
    let default = DescribeNamespaceRequest { namespace: "default".into(), ..Default::default() };
    let described = worker.workflow_service().describe_namespace(default.into_request()).await;
    let id = described.unwrap().into_inner().namespace_info.unwrap().id;
    let by_id = DescribeNamespaceRequest { id, ..Default::default() };
    let refused = worker.workflow_service().describe_namespace(by_id.into_request()).await;
    assert_eq!(refused.unwrap_err().code(), Code::PermissionDenied);
    // The header would let a router of Temporal's choose another namespace.
    let mut request = ListNamespacesRequest::default().into_request();
    request.metadata_mut().insert("temporal-namespace", "default".parse().unwrap());
    let refused = worker.workflow_service().list_namespaces(request).await.unwrap_err();
    assert_eq!(refused.code(), Code::PermissionDenied);
    let operator = async |connection: &Connection| {
        let request = Default::default();
        connection.operator_service().list_search_attributes(Request::new(request)).await
    };
    assert_eq!(operator(&worker).await.unwrap_err().code(), Code::PermissionDenied);

    let tool = connect(authority.client("spiffe://acme/tool", "tool.acme.example")).await;
    count(&tool, "default").await.unwrap();
    assert!(!list(&tool).await.unwrap().into_inner().namespaces.is_empty());
    let refused = operator(&tool).await.unwrap_err();
    assert_eq!(refused.code(), Code::PermissionDenied);
    assert_eq!(refused.message(), "identity `tool` may not make administrative calls");
    let register = RegisterNamespaceRequest { namespace: "new".into(), ..Default::default() };
    let refused = tool.workflow_service().register_namespace(register.into_request()).await;
    assert_eq!(refused.unwrap_err().code(), Code::PermissionDenied);

    let administrator = authority.client("spiffe://acme/operator", "operator.acme.example");
    // Temporal's own answer: the request names no namespace.
    let answered = operator(&connect(administrator).await).await.unwrap_err();
    assert_eq!(answered.code(), Code::InvalidArgument, "{answered}");
    gateway.end().await;
}

/// More half-open handshakes than there are places: the gateway ends them by itself, and whoever has a
/// certificate is served meanwhile.
#[tokio::test(flavor = "multi_thread")]
async fn half_open_handshakes_take_no_place() {
    let folder = tempfile::tempdir().unwrap();
    let (authority, gateway) = secured(folder.path(), &server().url()).await;
    let address = gateway.address;
    let known = authority.client(WORKER, "any");
    let connected = Connection::connect(tls(&gateway, &authority, Some(&known))).await.unwrap();
    let open = move || {
        let mut stream = TcpStream::connect(address).unwrap();
        // The head of a record of a handshake, and not one byte of it.
        stream.write_all(b"\x16\x03\x01\x02\x00").unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(120))).unwrap();
        stream
    };
    let half_open: Vec<_> = (0..600).map(|_| open()).collect();
    let honest = Connection::connect(tls(&gateway, &authority, Some(&known))).await.unwrap();
    count(&honest, "default").await.unwrap();
    count(&connected, "default").await.unwrap();
    let ended = tokio::task::spawn_blocking(move || {
        half_open.into_iter().all(|mut stream| {
            let ended = stream.read_to_end(&mut Vec::new());
            ended.is_ok()
                || ended.is_err_and(|error| error.kind() != std::io::ErrorKind::WouldBlock)
        })
    });
    assert!(ended.await.unwrap(), "a half-open connection stays");
    gateway.end().await;
}

/// A reload brings another certificate and takes an identity away: connections that are open too.
#[tokio::test(flavor = "multi_thread")]
async fn a_swap_refuses_an_identity_that_is_gone() {
    let folder = tempfile::tempdir().unwrap();
    let (authority, gateway) = secured(folder.path(), &server().url()).await;
    let known = authority.client(WORKER, "any");
    let connected = Connection::connect(tls(&gateway, &authority, Some(&known))).await.unwrap();
    count(&connected, "default").await.unwrap();
    let renewed = Authority::new();
    renewed.server().write(folder.path(), "server");
    let table = table(&server().url()).replace(WORKER, "spiffe://acme/worker-2");
    let (_, settings) = opened(folder.path(), &table).await.temporal_gateway().unwrap();
    gateway.gateway.swap(&settings).unwrap();
    let refused = count(&connected, "default").await.unwrap_err();
    assert_eq!(refused.code(), Code::Unauthenticated, "{refused}");
    let other = authority.client("spiffe://acme/worker-2", "any");
    assert!(Connection::connect(tls(&gateway, &authority, Some(&other))).await.is_err());
    let connected = Connection::connect(tls(&gateway, &renewed, Some(&other))).await.unwrap();
    count(&connected, "default").await.unwrap();
    gateway.end().await;
}
