//! Tasks with a payload that cannot be decoded never reach the worker.

use super::harness::{Rig, parcel};
use crate::worker::{Courier, Objects, in_folder, opening};

/// The objects are gone when the worker asks for its first task. The task is failed with the cause, and
/// the workflow completes once they are back.
#[tokio::test(flavor = "multi_thread")]
async fn a_task_without_its_object_is_failed_until_the_object_is_back() {
    let folder = tempfile::tempdir().unwrap();
    let objects = Objects::below(folder.path());
    let storage = in_folder("local", &objects.folder);
    let mut rig = Rig::without_worker(&storage).await;
    let parcel = parcel();
    let started = rig.client.start_workflow(Courier::run, parcel.clone(), rig.named("undecodable"));
    let handle = started.await.unwrap();
    objects.take_away();
    // Without the cache of the client.
    rig.start_worker(&opening(&storage).open().await.unwrap());
    objects.are_missed_and_found(&rig.server, &handle, &parcel).await;
}
