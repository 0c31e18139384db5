//! Modes of a namespace: encoding that is introduced, or left out, beside workers that do without.

use cloakroom::Cloakroom;
use cloakroom_tests::rigs::{DevOptions, DevServer};
use temporalio_client::{WorkflowGetResultOptions, WorkflowSignalOptions, tonic::Request};
use temporalio_common::{
    data_converters::DataConverter,
    protos::temporal::api::{
        history::v1::history_event::Attributes as Event,
        workflowservice::v1::DescribeNamespaceRequest,
    },
};

use super::{
    harness::{CANARY, Served, named, plain_client, plain_worker},
    namespaces::by_hand::{Side, payloads},
};
use crate::worker::{Courier, Running, connection, folder_driver, opened, unique, until};

/// Encrypts, and lets pass what is older.
async fn cloakroom(folder: &std::path::Path, upstream: &str, namespace: &str) -> Cloakroom {
    let text = r#"
        [[stage]]
        plugin = "bundled:aes-gcm"
        required = "encode"
        settings = { ring = "payments" }
        grants.keys = ["payments"]
        [storage]
        threshold = "256KiB"
    "#;
    let gateway = format!("[gateway.temporal]\nupstream = \"{upstream}\"\n");
    let text = text.to_owned() + &folder_driver("local", folder) + &gateway + namespace;
    opened(text).open().await.unwrap()
}

/// Returns the input of the first event, as whoever asks at this address sees it.
async fn input(url: &str, id: &str) -> Event {
    let side = Side::connect(url, "default").await;
    side.history(id, "").await.unwrap().into_iter().next().unwrap()
}

fn is_plain(event: &Event, text: &str) -> bool {
    matches!(event, Event::WorkflowExecutionStartedEventAttributes(started)
        if started.input == payloads(text))
}

/// A history that began without a gateway goes on through one, and the worker beside it is not
/// disturbed.
#[tokio::test(flavor = "multi_thread")]
async fn a_history_from_before_goes_on_through_the_gateway() {
    let (server, folder) = (DevServer::start(DevOptions::default()), tempfile::tempdir().unwrap());
    let queue = unique("before");
    let worker = Running::start(&server.url(), &queue, DataConverter::default());
    let client = plain_client(&server.url()).await;
    let started = client.start_workflow(Courier::run, "old".to_owned(), named(&queue, "before"));
    let id = started.await.unwrap().info().workflow_id.clone();
    let handle = client.get_workflow_handle::<Courier>(id.clone());
    let look = async || {
        let seen = handle.query(Courier::look, (), Default::default()).await.unwrap();
        if seen.is_empty() { Err("not yet") } else { Ok(seen) }
    };
    assert_eq!(until(look).await, "old");
    drop(worker);

    let gateway = Served::start(&cloakroom(folder.path(), &server.url(), "").await).await;
    let _worker = plain_worker(&gateway, &queue);
    let client = plain_client(&gateway.url()).await;
    let handle = client.get_workflow_handle::<Courier>(id.clone());
    let text = CANARY.to_owned();
    handle.signal(Courier::add, text.clone(), WorkflowSignalOptions::default()).await.unwrap();
    handle.execute_update(Courier::revise, String::new(), Default::default()).await.unwrap();
    let result = handle.get_result(WorkflowGetResultOptions::default()).await.unwrap();
    assert_eq!(result, text);
    assert!(!server.holds(CANARY.as_bytes()));
    gateway.end().await;
}

/// The limits that a worker of this namespace is shown.
async fn blob_limit(url: &str) -> i64 {
    let mut service = connection(url).await.workflow_service();
    let request =
        DescribeNamespaceRequest { namespace: "default".to_owned(), ..Default::default() };
    let answer = service.describe_namespace(Request::new(request)).await.unwrap().into_inner();
    answer.namespace_info.unwrap().limits.unwrap().blob_size_limit_error
}

/// With `decode` a gateway reads what another encoded, and writes plaintext itself. With `off` it reads
/// nothing. Both leave the limits alone.
#[tokio::test(flavor = "multi_thread")]
async fn a_mode_says_what_is_encoded_and_what_is_decoded() {
    let (server, folder) = (DevServer::start(DevOptions::default()), tempfile::tempdir().unwrap());
    let serve = async |mode: &str| {
        let namespace = format!("[namespace.default]\nmode = \"{mode}\"\n");
        Served::start(&cloakroom(folder.path(), &server.url(), &namespace).await).await
    };
    let (on, decode, off) = (serve("on").await, serve("decode").await, serve("off").await);
    let real = blob_limit(&server.url()).await;
    assert!(blob_limit(&on.url()).await > real);
    for (gateway, decodes) in [(&decode, true), (&off, false)] {
        assert_eq!(blob_limit(&gateway.url()).await, real);
        let mut side = Side::connect(&gateway.url(), "default").await;
        let id = side.start("plain").await;
        assert!(is_plain(&input(&server.url(), &id).await, "plain"));
        // The server's limit holds, although nothing is encoded.
        let large = "x".repeat(real as usize + 1);
        let status = side.try_start(&large).await.unwrap_err();
        assert!(status.message().contains("but Temporal accepts"), "{status}");

        let id = Side::connect(&on.url(), "default").await.start("sealed").await;
        assert!(!is_plain(&input(&server.url(), &id).await, "sealed"));
        assert_eq!(is_plain(&input(&gateway.url(), &id).await, "sealed"), decodes);
    }
    for gateway in [on, decode, off] {
        gateway.end().await;
    }
}

/// A rule leaves requests of a workflow type in plaintext, and those that answer its tasks.
#[tokio::test(flavor = "multi_thread")]
async fn a_rule_leaves_a_workflow_type_in_plaintext() {
    let (server, folder) = (DevServer::start(DevOptions::default()), tempfile::tempdir().unwrap());
    let rule = "[[namespace.default.plain]]\nworkflow_type = \"By*\"\n";
    let gateway = Served::start(&cloakroom(folder.path(), &server.url(), rule).await).await;
    let mut side = Side::connect(&gateway.url(), "default").await;
    let id = side.start("in").await;
    let task = side.poll().await;
    side.complete(&task, vec![super::namespaces::result("out")]).await.unwrap();
    let direct = Side::connect(&server.url(), "default").await;
    let last = direct.history(&id, "").await.unwrap().pop().unwrap();
    let Event::WorkflowExecutionCompletedEventAttributes(completed) = last else {
        panic!("{last:?}");
    };
    assert_eq!(completed.result, payloads("out"));
    gateway.end().await;
}
