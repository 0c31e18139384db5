//! Tasks with a payload that cannot be decoded never reach the worker.

use std::fs;

use cloakroom_tests::rigs::temporal;
use temporalio_client::{WorkflowGetResultOptions, WorkflowSignalOptions};

use super::harness::{Rig, parcel};
use crate::worker::{Courier, in_folder, opening, until};

/// The objects are gone when the worker asks for its first task. The task is failed with the cause, and
/// the workflow completes once they are back.
#[tokio::test(flavor = "multi_thread")]
async fn a_task_without_its_object_is_failed_until_the_object_is_back() {
    let folder = tempfile::tempdir().unwrap();
    let (objects, away) = (folder.path().join("objects"), folder.path().join("away"));
    let mut rig = Rig::without_worker(&in_folder("local", &objects)).await;
    let parcel = parcel();
    let started = rig.client.start_workflow(Courier::run, parcel.clone(), rig.named("undecodable"));
    let handle = started.await.unwrap();
    fs::rename(&objects, &away).unwrap();
    fs::create_dir(&objects).unwrap();
    // Without the cache of the client.
    rig.start_worker(&opening(&in_folder("local", &objects)).open().await.unwrap());
    let id = handle.info().workflow_id.clone();
    let failed = async || {
        let mut show = temporal(&rig.server.target());
        let output = show.args(["workflow", "show", "-w", &id, "-o", "json"]).output().unwrap();
        let history = String::from_utf8_lossy(&output.stdout).into_owned();
        if history.contains("CloakroomUndecodable") { Ok(()) } else { Err("no task was failed") }
    };
    until(failed).await;
    fs::remove_dir_all(&objects).unwrap();
    fs::rename(&away, &objects).unwrap();
    let signalled = handle.signal(Courier::add, parcel.clone(), WorkflowSignalOptions::default());
    signalled.await.unwrap();
    handle.execute_update(Courier::revise, String::new(), Default::default()).await.unwrap();
    let result = handle.get_result(WorkflowGetResultOptions::default()).await.unwrap();
    assert!(result.ends_with(&parcel));
}
