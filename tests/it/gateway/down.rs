//! The gateway or the server is gone for a while.

use cloakroom_tests::rigs::{DevOptions, DevServer};
use temporalio_client::{WorkflowGetResultOptions, WorkflowSignalOptions};

use super::harness::{Served, named, opened, parcel, plain_client, plain_worker};
use crate::worker::{Courier, unique, until};

/// A workflow that was begun before goes on afterwards: with a new gateway, and a server that crashed.
#[tokio::test(flavor = "multi_thread")]
async fn a_workflow_outlives_its_gateway_and_a_crash_of_the_server() {
    let (server, folder) = (DevServer::start(DevOptions::default()), tempfile::tempdir().unwrap());
    let cloakroom = opened(folder.path(), &server.url()).await;
    let gateway = Served::start(&cloakroom).await;
    let address = gateway.address;
    let queue = unique("outlives");
    let _worker = plain_worker(&gateway, &queue);
    let client = plain_client(&gateway.url()).await;
    let parcel = parcel();
    let started = client.start_workflow(Courier::run, parcel.clone(), named(&queue, "outlives"));
    let handle = started.await.unwrap();
    // As `kill -9`: calls are aborted, and the new gateway knows nothing of the old one.
    drop(gateway);
    let gateway = Served::start_at(&cloakroom, address).await;
    let signal = async || {
        handle.signal(Courier::add, parcel.clone(), WorkflowSignalOptions::default()).await
    };
    until(signal).await;
    server.crash();
    let revise =
        async || handle.execute_update(Courier::revise, String::new(), Default::default()).await;
    until(revise).await;
    let result = async || handle.get_result(WorkflowGetResultOptions::default()).await;
    assert!(until(result).await.ends_with(&parcel));
    gateway.end().await;
}
