//! Tasks with a payload that cannot be decoded never reach the worker.

mod causes;
mod readers;
pub(super) mod rig;
mod tasks;

use std::fs;

use cloakroom_tests::rigs::{DevOptions, DevServer, temporal};
use temporalio_client::{WorkflowGetResultOptions, WorkflowSignalOptions};

use super::harness::{Served, named, opened, parcel, plain_client, plain_worker};
use crate::worker::{Courier, unique, until};

/// The objects are gone when the worker asks for its first task. The task is failed with the cause, and
/// the workflow completes once they are back.
#[tokio::test(flavor = "multi_thread")]
async fn a_task_without_its_object_is_failed_until_the_object_is_back() {
    let (server, folder) = (DevServer::start(DevOptions::default()), tempfile::tempdir().unwrap());
    let (objects, away) = (folder.path().join("objects"), folder.path().join("away"));
    let gateway = Served::start(&opened(&objects, &server.url()).await).await;
    let queue = unique("undecodable");
    let client = plain_client(&gateway.url()).await;
    let parcel = parcel();
    let started = client.start_workflow(Courier::run, parcel.clone(), named(&queue, "undecodable"));
    let handle = started.await.unwrap();
    fs::rename(&objects, &away).unwrap();
    fs::create_dir(&objects).unwrap();
    let _worker = plain_worker(&gateway, &queue);
    let id = handle.info().workflow_id.clone();
    let failed = async || {
        let mut show = temporal(&server.target());
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
    gateway.end().await;
}
