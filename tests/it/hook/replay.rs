//! Replays: nothing is encoded or stored again, and only what the workflow reads is fetched.

use cloakroom_tests::{
    rigs::{self, Tamper},
    s3_storage,
};
use temporalio_client::{WorkflowGetResultOptions, WorkflowSignalOptions};
use temporalio_sdk::workflow_replayer::{WorkflowReplayer, WorkflowReplayerOptions};

use super::harness::{Rig, parcel, wait_in_the_middle};
use crate::worker::{Waiting, opening};

/// Returns how many objects were written and read since this was asked last.
fn requests(store: &Tamper) -> (usize, usize) {
    let seen = store.seen();
    let count = |method| seen.iter().filter(|seen| *seen == method).count();
    (count("PUT"), count("GET"))
}

/// The workflow's input is also the activity's input and result. With plain encryption these are three
/// objects, of which a replay reads two: it does not read what it once sent.
#[tokio::test(flavor = "multi_thread")]
async fn a_replay_stores_nothing_and_gets_each_object_once() {
    let (moto, bucket) = (rigs::moto(), "hook-replay");
    rigs::bucket(&moto.url(), bucket);
    let store = Tamper::new(moto.address());
    let uncached = s3_storage(&store.url(), bucket);
    let mut rig = Rig::start(&uncached).await;
    let parcel = parcel();
    let named = rig.named("replay");
    let handle = rig.client.start_workflow(Waiting::run, parcel.clone(), named).await.unwrap();
    wait_in_the_middle(&handle).await;

    // Cold: another process, whose cache is empty.
    let cached = uncached.replace("cache.memory = \"0B\"", "cache.memory = \"64MiB\"");
    let cached = opening(&cached).open().await.unwrap();
    rig.worker.take();
    assert_eq!(requests(&store).0, 3);
    rig.start_worker(&cached);
    wait_in_the_middle(&handle).await;
    assert_eq!(requests(&store), (0, 2));

    // Warm: the SDK's cache is gone, and the objects are in ours.
    rig.start_worker(&cached);
    wait_in_the_middle(&handle).await;
    assert_eq!(requests(&store), (0, 0));

    // A client reads the history whole, and a replayer with the default converter agrees with it.
    let options = WorkflowReplayerOptions::new().register_workflow::<Waiting>().unwrap().build();
    let history = handle.fetch_history(Default::default());
    WorkflowReplayer::new(options).unwrap().replay_workflow(history).await.unwrap();
    assert_eq!(requests(&store).0, 0);

    handle.signal(Waiting::go, (), WorkflowSignalOptions::default()).await.unwrap();
    let result = handle.get_result(WorkflowGetResultOptions::default()).await.unwrap();
    assert!(result == parcel);
}
