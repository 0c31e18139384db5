//! Tasks of every kind, while their objects cannot be read.

use temporalio_client::{WorkflowGetResultOptions, WorkflowQueryOptions};

use super::rig::{FAILURE, Rig, go, history, wait_for_failure};
use crate::{
    gateway::harness::parcel,
    worker::{Held, swollen, until},
};

/// The activity is tried again, and gets its input once the object can be read.
#[tokio::test(flavor = "multi_thread")]
async fn an_activity_is_tried_again_until_its_object_is_back() {
    let rig = Rig::start("tried-again").await;
    let (_worker, parcel) = (rig.worker(), parcel());
    let handle = rig.hold("activity", &parcel).await;
    rig.spoil();
    go(&handle).await;
    let failed = async || {
        let described = handle.describe(Default::default()).await.unwrap().raw_description;
        let pending = described.pending_activities.into_iter();
        let failure = pending.filter_map(|one| one.last_failure).next();
        failed(failure.map(|failure| format!("{failure:?}")))
    };
    let failure = until(failed).await;
    for part in [FAILURE, "storage aws.s3driver", "SHA-256 differs"] {
        assert!(failure.contains(part), "{failure}");
    }
    rig.mend();
    let result = handle.get_result(WorkflowGetResultOptions::default()).await.unwrap();
    assert!(result == parcel);
    rig.gateway.end().await;
}

fn failed(failure: Option<String>) -> Result<String, &'static str> {
    failure.ok_or("the activity has not failed")
}

/// An activity without an attempt left fails its workflow, also if the object is back.
#[tokio::test(flavor = "multi_thread")]
async fn an_activity_without_attempts_fails_its_workflow() {
    let rig = Rig::start("no-attempts").await;
    let _worker = rig.worker();
    let handle = rig.hold("once", "").await;
    rig.spoil();
    go(&handle).await;
    let failed = async || {
        let history = history(&handle.info().workflow_id);
        let is_failed = history.contains("EVENT_TYPE_ACTIVITY_TASK_FAILED");
        if is_failed { Ok(()) } else { Err("the activity has not failed") }
    };
    until(failed).await;
    rig.mend();
    let result = handle.get_result(WorkflowGetResultOptions::default()).await;
    let says = format!("{:?}", result.unwrap_err());
    assert!(says.contains(FAILURE), "{says}");
    rig.gateway.end().await;
}

/// A query to a worker that does not hold the workflow carries the history, and so its input.
#[tokio::test(flavor = "multi_thread")]
async fn a_query_gets_the_cause_at_once() {
    let rig = Rig::start("asked").await;
    let (worker, parcel) = (rig.worker(), parcel());
    let handle = rig.hold("return", &parcel).await;
    drop(worker);
    rig.spoil();
    let _worker = rig.worker();
    let ask = || handle.query(Held::waits, (), WorkflowQueryOptions::default());
    // The server offers it to the worker that is gone first.
    let refused = async || match ask().await.map_err(|error| error.to_string()) {
        Err(error) if error.contains("SHA-256 differs") => Ok(error),
        other => Err(format!("{other:?}")),
    };
    let error = until(refused).await;
    assert!(error.contains("storage aws.s3driver"), "{error}");
    rig.mend();
    let answered = async || ask().await.map_err(|error| error.to_string());
    assert!(until(answered).await);
    go(&handle).await;
    let result = handle.get_result(WorkflowGetResultOptions::default()).await.unwrap();
    assert!(result == parcel);
    rig.gateway.end().await;
}

/// The argument of an update is in the messages of a task, which fails as a whole.
#[tokio::test(flavor = "multi_thread")]
async fn an_update_arrives_once_its_object_is_back() {
    let rig = Rig::start("updated").await;
    let _worker = rig.worker();
    let handle = rig.hold("return", "little").await;
    rig.spoil();
    let parcel = parcel();
    let update = async || {
        let options = Default::default();
        let updated = handle.execute_update(Held::release, parcel.clone(), options).await;
        updated.map_err(|error| error.to_string())
    };
    let mending = async {
        rig.wait_for_spoilt(1).await;
        rig.mend();
    };
    // The server refuses updates while the task before has failed, as it does without a gateway.
    let (answer, ()) = tokio::join!(until(update), mending);
    assert!(answer == parcel);
    assert_eq!(handle.get_result(Default::default()).await.unwrap(), "little");
    rig.gateway.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_result_of_a_child_arrives_once_its_object_is_back() {
    let rig = Rig::start("child").await;
    let _worker = rig.worker();
    let handle = rig.hold("child", "").await;
    rig.spoil();
    go(&handle).await;
    wait_for_failure(&handle.info().workflow_id).await;
    rig.mend();
    let result = handle.get_result(WorkflowGetResultOptions::default()).await.unwrap();
    assert!(result == swollen());
    rig.gateway.end().await;
}
