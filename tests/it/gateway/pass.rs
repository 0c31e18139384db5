//! Large payloads pass through the gateway, and the server sees none.

use std::{collections::HashMap, time::Duration};

use cloakroom_tests::rigs::{DevOptions, DevServer};
use temporalio_client::{
    WorkflowGetResultOptions,
    schedules::{
        CreateScheduleOptions, DeleteScheduleOptions, ScheduleAction, ScheduleOverlapPolicy,
        ScheduleSpec,
    },
};
use temporalio_common::{
    MemoValues,
    protos::temporal::api::{
        common::v1::{Header, Payload},
        failure::v1::failure::FailureInfo,
        history::v1::history_event::Attributes,
    },
};
use temporalio_workflow::workflows::WorkflowImplementation;

use super::harness::{CANARY, Served, named, opened, parcel, plain_client, plain_worker};
use crate::worker::{
    Again, Courier, Failing, Helper, Stumbling, carries_everywhere, holds, unique, until,
};

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
    carries_everywhere(&handle, &parcel).await;

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

/// The ways that payloads take less often, of 3 MB each: heartbeat, local activity, continue-as-new,
/// header, schedule, and details of a failure.
#[tokio::test(flavor = "multi_thread")]
async fn an_unmodified_worker_passes_large_payloads_in_rarer_ways() {
    let (server, folder) = (DevServer::start(DevOptions::default()), tempfile::tempdir().unwrap());
    let gateway = Served::start(&opened(folder.path(), &server.url()).await).await;
    let queue = unique("rarer");
    let _worker = plain_worker(&gateway, &queue);
    let client = plain_client(&gateway.url()).await;
    let parcel = parcel();
    let started = client.start_workflow(Stumbling::run, parcel.clone(), named(&queue, "stumbling"));
    let handle = started.await.unwrap();
    assert!(handle.get_result(WorkflowGetResultOptions::default()).await.unwrap() == parcel);
    let input = (2, parcel.clone());
    let mut options = named(&queue, "again");
    let trace = Payload { data: parcel.clone().into_bytes(), ..Payload::default() };
    options.header = Some(Header { fields: HashMap::from([("trace".to_owned(), trace)]) });
    let started = client.start_workflow(Again::run, input, options).await.unwrap();
    assert!(started.get_result(WorkflowGetResultOptions::default()).await.unwrap() == parcel);

    let id = unique("scheduled");
    let action = ScheduleAction::start_workflow(Helper::run, parcel.clone(), &queue, &id);
    let often = ScheduleSpec::from_interval(Duration::from_secs(3600));
    let options = CreateScheduleOptions::builder().action(action).spec(often);
    let schedule = client.create_schedule(queue.clone(), options.build()).await.unwrap();
    schedule.trigger(ScheduleOverlapPolicy::AllowAll, Default::default()).await.unwrap();
    let recent = async || {
        let described = schedule.describe(Default::default()).await.unwrap();
        described.recent_actions().pop().ok_or("nothing was started")
    };
    let id = until(recent).await.workflow_id;
    schedule.delete(DeleteScheduleOptions::default()).await.unwrap();
    let started = client.get_workflow_handle::<<Helper as WorkflowImplementation>::Run>(id);
    assert!(started.get_result(WorkflowGetResultOptions::default()).await.unwrap() == parcel);

    // A stage is required, so that the message is encoded with the details.
    let started = client.start_workflow(Failing::run, parcel.clone(), named(&queue, "failing"));
    let handle = started.await.unwrap();
    let failed = handle.get_result(WorkflowGetResultOptions::default()).await.unwrap_err();
    let says = format!("{failed:?}");
    assert!(says.contains(&format!("cannot carry {}", &parcel[..100])), "the message is another");
    let history = handle.fetch_history(Default::default()).into_events().await.unwrap();
    let info = history.into_iter().find_map(|event| match event.attributes? {
        Attributes::ActivityTaskFailedEventAttributes(failed) => failed.failure?.failure_info,
        _ => None,
    });
    let Some(FailureInfo::ApplicationFailureInfo(info)) = info else { panic!("{info:?}") };
    let details = info.details.unwrap().payloads;
    assert!(details[0].data == format!("\"{parcel}\"").into_bytes(), "the details are others");
    assert!(!server.holds(CANARY.as_bytes()), "the server has it in the clear");
    assert!(!holds(folder.path(), CANARY), "the store has it in the clear");
    gateway.end().await;
}
