//! Tasks with a payload that cannot be decoded never reach the worker.

mod causes;
mod readers;
pub(super) mod rig;
mod tasks;

use cloakroom_tests::rigs::{DevOptions, DevServer};

use super::harness::{Served, named, opened, parcel, plain_client, plain_worker};
use crate::worker::{Courier, Objects, unique};

/// The objects are gone when the worker asks for its first task. The task is failed with the cause, and
/// the workflow completes once they are back.
#[tokio::test(flavor = "multi_thread")]
async fn a_task_without_its_object_is_failed_until_the_object_is_back() {
    let (server, folder) = (DevServer::start(DevOptions::default()), tempfile::tempdir().unwrap());
    let objects = Objects::below(folder.path());
    let gateway = Served::start(&opened(&objects.folder, &server.url()).await).await;
    let queue = unique("undecodable");
    let client = plain_client(&gateway.url()).await;
    let parcel = parcel();
    let started = client.start_workflow(Courier::run, parcel.clone(), named(&queue, "undecodable"));
    let handle = started.await.unwrap();
    objects.take_away();
    let _worker = plain_worker(&gateway, &queue);
    objects.are_missed_and_found(&server, &handle, &parcel).await;
    gateway.end().await;
}
