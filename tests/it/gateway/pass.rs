//! Large payloads pass through the gateway, and the server sees none.

use cloakroom_tests::rigs::{DevOptions, DevServer};
use temporalio_client::{
    WorkflowExecuteUpdateOptions, WorkflowGetResultOptions, WorkflowQueryOptions,
    WorkflowSignalOptions,
};
use temporalio_common::MemoValues;

use super::harness::{CANARY, Served, named, opened, parcel, plain_client, plain_worker};
use crate::worker::{Courier, holds, unique, until};

/// Input, memo, result, activity, child, signal, query and update, of 3 MB each, by a worker and a
/// client that have neither codec nor storage.
#[tokio::test(flavor = "multi_thread")]
async fn an_unmodified_worker_passes_large_payloads_and_the_server_sees_none() {
    let (server, folder) = (DevServer::start(DevOptions::default()), tempfile::tempdir().unwrap());
    let gateway = Served::start(&opened(folder.path(), &server.url()).await).await;
    let queue = unique("gateway");
    let _worker = plain_worker(&gateway, &queue);
    let client = plain_client(&gateway.url()).await;
    let parcel = parcel();
    let mut memo = MemoValues::new();
    memo.insert("note", parcel.clone());
    let mut options = named(&queue, "courier");
    options.memo = Some(memo);
    let handle = client.start_workflow(Courier::run, parcel.clone(), options).await.unwrap();
    let signalled = handle.signal(Courier::add, parcel.clone(), WorkflowSignalOptions::default());
    signalled.await.unwrap();
    let look = async || {
        let asked = handle.query(Courier::look, (), WorkflowQueryOptions::default());
        Some(asked.await.unwrap()).filter(|seen| !seen.is_empty()).ok_or("nothing is carried")
    };
    assert!(until(look).await == parcel);
    let (revise, options) = (Courier::revise, WorkflowExecuteUpdateOptions::default());
    let before = handle.execute_update(revise, parcel.clone(), options).await.unwrap();
    assert!(before == parcel);
    let result = handle.get_result(WorkflowGetResultOptions::default()).await.unwrap();
    assert!(result == parcel.repeat(2));
    let described = handle.describe(Default::default()).await.unwrap();
    assert!(described.memo().get::<String>("note").unwrap() == Some(parcel));

    assert!(server.holds(b"temporal.api.sdk.v1.ExternalStorageReference"), "is this the database?");
    assert!(!server.holds(CANARY.as_bytes()), "the server has it in the clear");
    assert!(!holds(folder.path(), CANARY), "the store has it in the clear");
    // Whoever does not come through the gateway sees what the server has.
    let direct = plain_client(&server.url()).await;
    let direct = direct.get_workflow_handle::<Courier>(handle.info().workflow_id.clone());
    let result = direct.get_result(WorkflowGetResultOptions::default()).await;
    assert!(result.is_err());
    gateway.end().await;
}
