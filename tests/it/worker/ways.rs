//! Ways that payloads take less often, and those that a codec is not asked about.

use std::{collections::HashMap, time::Duration};

use temporalio_client::{
    WorkflowGetResultOptions,
    schedules::{
        CreateScheduleOptions, DeleteScheduleOptions, ScheduleAction, ScheduleOverlapPolicy,
        ScheduleSpec,
    },
};
use temporalio_common::{
    data_converters::{PayloadCodec, SerializationContextData},
    protos::temporal::api::common::v1::{Header, Payload},
};
use temporalio_workflow::workflows::WorkflowImplementation;

use crate::secrets::Log;

use super::{
    CANARY, Rig, count, failed_task,
    harness::{in_folder, opened, stages, until},
    holds, parcel,
    workflows::{Helper, Stumbling},
};

/// An attempt finds the heartbeat details of the one before. The result of a local activity is in a
/// marker, not in an event of its own.
#[tokio::test(flavor = "multi_thread")]
async fn heartbeats_and_local_activities() {
    let (server, rig) = Rig::alone("stumbling").await;
    let named = rig.named("stumbling");
    let handle = rig.client.start_workflow(Stumbling::run, parcel(), named).await.unwrap();
    let result = handle.get_result(WorkflowGetResultOptions::default()).await.unwrap();
    assert!(result == parcel());
    assert!(server.holds(b"temporal.api.sdk.v1.ExternalStorageReference"), "is this the database?");
    assert!(!server.holds(CANARY.as_bytes()), "the server has it in the clear");
    assert!(!holds(rig.folder.path(), CANARY), "the store has it in the clear");
}

/// A schedule keeps its argument as a reference, and each run that it starts is given it.
#[tokio::test(flavor = "multi_thread")]
async fn schedules() {
    let rig = Rig::start("schedule").await;
    let id = format!("{}-started", rig.queue);
    let action = ScheduleAction::start_workflow(Helper::run, parcel(), &rig.queue, &id);
    let often = ScheduleSpec::from_interval(Duration::from_secs(3600));
    let options = CreateScheduleOptions::builder().action(action).spec(often);
    let schedule = rig.client.create_schedule(rig.queue.clone(), options.build()).await.unwrap();
    assert_eq!(count(rig.folder.path()), 1);
    schedule.trigger(ScheduleOverlapPolicy::AllowAll, Default::default()).await.unwrap();
    let started = async || {
        let described = schedule.describe(Default::default()).await.unwrap();
        described.recent_actions().pop().ok_or("nothing was started")
    };
    let started = until(started).await;
    schedule.delete(DeleteScheduleOptions::default()).await.unwrap();
    let handle = rig
        .client
        .get_workflow_handle::<<Helper as WorkflowImplementation>::Run>(started.workflow_id);
    assert!(handle.get_result(WorkflowGetResultOptions::default()).await.unwrap() == parcel());
}

/// The client sends headers as they are: a stage that is required refuses them, and says which it is.
#[tokio::test(flavor = "multi_thread")]
async fn headers_are_not_encoded_by_the_client() {
    let rig = Rig::start("headers").await;
    let trace = Payload { data: b"\"span\"".to_vec(), ..Payload::default() };
    let of = |trace| Header { fields: HashMap::from([("trace".to_owned(), trace)]) };
    let mut named = rig.named("headers");
    named.header = Some(of(trace.clone()));
    let handle = rig.client.start_workflow(Helper::run, String::new(), named).await.unwrap();
    let says = failed_task(&handle).await;
    assert!(says.contains("stage `aes-gcm`") && says.contains("arrived unsealed"), "{says}");
    // One that was encoded by hand passes.
    let codec = rig.cloakroom.converter().with_namespace("default").build_codec();
    let sealed = codec.encode(&SerializationContextData::None, vec![trace]).await.unwrap();
    let mut named = rig.named("sealed");
    named.header = Some(of(sealed.into_iter().next().unwrap()));
    let handle = rig.client.start_workflow(Helper::run, "here".to_owned(), named).await.unwrap();
    let result = handle.get_result(WorkflowGetResultOptions::default()).await.unwrap();
    assert_eq!(result, "here");
}

/// A pipeline that stores, and seals differently each time, logs a warning about replays. The test
/// has one thread, because the log is that of this thread.
#[tokio::test(flavor = "current_thread")]
async fn a_pipeline_that_replays_would_fill_the_store_with() {
    let folder = tempfile::tempdir().unwrap();
    let stored = in_folder("local", folder.path());
    for (text, repeats, told) in [
        (stages(false) + &stored, false, true),
        (stages(false), false, false),
        (stages(true) + &stored, true, false),
        (stored.clone(), true, false),
    ] {
        let cloakroom = opened(text).open().await.unwrap();
        assert_eq!(cloakroom.repeats(), repeats);
        let (log, _guard) = Log::start();
        let _ = cloakroom.converter();
        assert_eq!(log.text().contains("each replay of a workflow"), told, "{}", log.text());
    }
}
