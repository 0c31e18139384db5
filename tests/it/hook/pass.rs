//! Large payloads pass, and the server sees none.

use std::collections::HashMap;

use temporalio_client::{WorkflowGetResultOptions, WorkflowQueryOptions};
use temporalio_common::{
    MemoValues,
    data_converters::DataConverter,
    protos::temporal::api::common::v1::{Header, Payload},
};

use super::harness::{CANARY, Rig, parcel};
use crate::worker::{
    Courier, Failing, Stumbling, Swollen, carries_everywhere, client, holds, in_folder, swollen,
};

/// Input, memo, header, result, activity, child, signal, query and update, of 3 MB each, with the SDK's
/// default converter.
#[tokio::test(flavor = "multi_thread")]
async fn large_payloads_pass_everywhere_and_nothing_of_them_is_in_the_clear() {
    let folder = tempfile::tempdir().unwrap();
    let rig = Rig::start(&in_folder("local", folder.path())).await;
    let parcel = parcel();
    let mut memo = MemoValues::new();
    memo.insert("note", parcel.clone());
    let trace = Payload { data: parcel.clone().into_bytes(), ..Payload::default() };
    let mut options = rig.named("courier");
    options.memo = Some(memo);
    options.header = Some(Header { fields: HashMap::from([("trace".to_owned(), trace)]) });
    let handle = rig.client.start_workflow(Courier::run, parcel.clone(), options).await.unwrap();
    carries_everywhere(&handle, &parcel).await;

    let reference = b"temporal.api.sdk.v1.ExternalStorageReference";
    assert!(rig.server.holds(reference), "is this the database?");
    assert!(!rig.server.holds(CANARY.as_bytes()), "the server has it in the clear");
    assert!(!holds(folder.path(), CANARY), "the store has it in the clear");
    let log = rig.worker.as_ref().unwrap().log();
    assert!(log.contains("RespondWorkflowTaskCompleted"), "is this the log?");
    assert!(!log.contains(&CANARY[..20]), "the log has it in the clear");
    // Whoever connects without the hook sees what the server has.
    let direct = client(&rig.server.url(), DataConverter::default()).await;
    let direct = direct.get_workflow_handle::<Courier>(handle.info().workflow_id.clone());
    assert!(direct.get_result(WorkflowGetResultOptions::default()).await.is_err());
}

/// Payloads that the SDK alone refuses for their size: an activity's input, a workflow's result, a query's result,
/// heartbeats and the result of a local activity.
#[tokio::test(flavor = "multi_thread")]
async fn what_the_sdk_refuses_for_its_size_passes() {
    let folder = tempfile::tempdir().unwrap();
    let rig = Rig::start(&in_folder("local", folder.path())).await;
    for way in ["result", "input"] {
        let started = rig.client.start_workflow(Swollen::run, way.to_owned(), rig.named(way));
        let result = started.await.unwrap().get_result(Default::default()).await.unwrap();
        assert!(result == if way == "result" { swollen() } else { way.to_owned() });
    }
    let started = rig.client.start_workflow(Swollen::run, "query".into(), rig.named("query"));
    let handle = started.await.unwrap();
    let asked = handle.query(Swollen::look, (), WorkflowQueryOptions::default());
    assert!(asked.await.unwrap() == swollen());
    let started = rig.client.start_workflow(Stumbling::run, parcel(), rig.named("stumbling"));
    let result = started.await.unwrap().get_result(Default::default()).await.unwrap();
    assert!(result == parcel());
}

/// The text of a failure is encoded where a stage is required, and a client with the hook reads it.
#[tokio::test(flavor = "multi_thread")]
async fn failures_are_read_through_the_hook_alone() {
    let folder = tempfile::tempdir().unwrap();
    let rig = Rig::start(&in_folder("local", folder.path())).await;
    let started = rig.client.start_workflow(Failing::run, parcel(), rig.named("failing"));
    let failed = started.await.unwrap().get_result(Default::default()).await.unwrap_err();
    let says = format!("{failed:?}");
    assert!(says.contains("cannot carry canary-Vh2dN7qYf5Ls"), "{}", &says[..says.len().min(1000)]);
    assert!(!rig.server.holds(CANARY.as_bytes()), "the server has it in the clear");
}
