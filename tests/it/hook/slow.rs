//! A store that is slow, and workflows that do not wait for those that need it.

use std::time::Duration;

use cloakroom_tests::{
    rigs::{self, Tamper},
    s3_storage,
};
use temporalio_client::{WorkflowGetResultOptions, WorkflowSignalOptions};

use super::harness::{Rig, wait_in_the_middle};
use crate::worker::{Helper, Waiting, opening, until};

/// Workflows that download at once.
const DOWNLOADS: usize = 8;

/// Eight workflows begin while the store does not answer, for a worker with the SDK's defaults, which has
/// one poll for new workflows. All their downloads are under way at once, and a ninth workflow of the
/// same worker takes its steps meanwhile.
#[tokio::test(flavor = "multi_thread")]
async fn workflows_do_not_wait_for_downloads_of_others() {
    let (moto, bucket) = (rigs::moto(), "hook-slow");
    rigs::bucket(&moto.url(), bucket);
    let mut rig = Rig::start(&s3_storage(&moto.url(), bucket)).await;
    // Dropped before the worker: if this fails, the worker's end waits for no download that hangs.
    let store = Tamper::new(moto.address());
    rig.start_worker(&opening(&s3_storage(&store.url(), bucket)).open().await.unwrap());

    let small = "no object".to_owned();
    let started = rig.client.start_workflow(Waiting::run, small.clone(), rig.named("ninth"));
    let ninth = started.await.unwrap();
    wait_in_the_middle(&ninth).await;

    store.hang(true);
    let before = store.wanted();
    let mut handles = Vec::new();
    for number in 0..DOWNLOADS {
        // Each another object.
        let parcel = hex::encode(cloakroom_tests::noise(400_000 + number));
        let mut options = rig.named("slow");
        // A download is given up after half of this time.
        options.task_timeout = Some(Duration::from_secs(120));
        let started = rig.client.start_workflow(Helper::run, parcel.clone(), options);
        handles.push((started.await.unwrap(), parcel));
    }
    // Counted by object: a download that is not answered is tried again.
    let all = async || {
        let under_way = store.wanted().difference(&before).count();
        if under_way == DOWNLOADS { Ok(()) } else { Err(format!("{under_way} are under way")) }
    };
    until(all).await;
    // None was given up for the next one.
    assert!(!rig.worker.as_ref().unwrap().log().contains("undecodable="), "one was given up");
    ninth.signal(Waiting::go, (), WorkflowSignalOptions::default()).await.unwrap();
    let result = ninth.get_result(WorkflowGetResultOptions::default()).await.unwrap();
    assert_eq!(result, small);

    store.hang(false);
    for (handle, parcel) in handles {
        let result = handle.get_result(WorkflowGetResultOptions::default()).await.unwrap();
        assert!(result == parcel);
    }
}
