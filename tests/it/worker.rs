//! A Rust worker on Temporal's SDK, against a real server.

mod courier;
mod harness;
mod held;
mod python;
mod ways;
mod workflows;

pub(crate) use self::{
    courier::{Objects, carries_everywhere},
    harness::{
        Parts, Running, client, client_with, connection, converter, folder_driver, in_folder,
        opened, opening, server, stages, unique, until,
    },
    held::Held,
    workflows::{Again, Courier, Failing, Filled, Helper, Stumbling, Swollen, Waiting, swollen},
};

use std::{fs, path::Path, sync::Arc};

use cloakroom::{
    Cloakroom,
    keys::{KeyMaterial, Ring},
};
use cloakroom_temporal::SizeLimits;
use cloakroom_tests::{
    rigs::{self, DevOptions, DevServer},
    s3_storage,
};
use temporalio_client::{
    Client, WorkflowExecuteUpdateOptions, WorkflowGetResultOptions, WorkflowHandle,
    WorkflowQueryOptions, WorkflowSignalOptions, WorkflowStartOptions,
};
use temporalio_common::{
    HasWorkflowDefinition, MemoValues, data_converters::DataConverter,
    protos::temporal::api::history::v1::history_event::Attributes,
};
use temporalio_sdk::workflow_replayer::{WorkflowReplayer, WorkflowReplayerOptions};
use temporalio_workflow::workflows::WorkflowImplementation;

use self::workflows::Grown;

/// Text that must not appear in the clear. Each half of it occurs nowhere else.
const CANARY: &str = "canary-Qm7xV2kR9sLw-yellow-T4nZp8JdHb3F-feather";

/// A text of 3 MB that does not get small.
fn parcel() -> String {
    let noise = hex::encode(cloakroom_tests::noise(1_500_000));
    format!("{CANARY}{noise}{CANARY}")
}

pub(crate) fn holds(folder: &Path, needle: &str) -> bool {
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    files.into_iter().any(|path| match path.is_dir() {
        true => holds(&path, needle),
        false => {
            let held = fs::read(&path).unwrap();
            held.windows(needle.len()).any(|window| window == needle.as_bytes())
        }
    })
}

/// Returns the number of files in a folder and its subfolders.
fn count(folder: &Path) -> usize {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.map(|path| if path.is_dir() { count(&path) } else { 1 }).sum()
}

/// Input, result, activity, child, signal, query and update, of 3 MB each.
#[tokio::test(flavor = "multi_thread")]
async fn large_payloads_pass_everywhere_and_nothing_of_them_is_in_the_clear() {
    let (server, rig) = Rig::alone("large").await;
    let parcel = parcel();
    let mut memo = MemoValues::new();
    memo.insert("note", parcel.clone());
    let mut named = rig.named("courier");
    named.memo = Some(memo);
    let handle = rig.client.start_workflow(Courier::run, parcel.clone(), named).await.unwrap();
    let signalled = handle.signal(Courier::add, parcel.clone(), WorkflowSignalOptions::default());
    signalled.await.unwrap();
    // The child is done when the query has its result.
    let look = async || {
        let asked = handle.query(Courier::look, (), WorkflowQueryOptions::default());
        Some(asked.await.unwrap()).filter(|seen| !seen.is_empty()).ok_or("nothing is carried")
    };
    let seen = until(look).await;
    assert_eq!(seen, parcel);
    let (revise, options) = (Courier::revise, WorkflowExecuteUpdateOptions::default());
    let before = handle.execute_update(revise, parcel.clone(), options).await.unwrap();
    assert_eq!(before, parcel);
    let result = handle.get_result(WorkflowGetResultOptions::default()).await.unwrap();
    assert_eq!(result, parcel.repeat(2));
    let described = handle.describe(Default::default()).await.unwrap();
    assert_eq!(described.memo().get::<String>("note").unwrap(), Some(parcel));

    // Eight of them are one object, and the result is another; encryption makes each a new one.
    assert!(count(rig.folder.path()) >= 2);
    let log = rig.worker.as_ref().unwrap().log();
    assert!(log.contains("stage{stage=\"aes-gcm\""), "is this the log?");
    assert!(!log.contains(CANARY) && !log.contains(&CANARY[..20]), "the log has it in the clear");
    assert!(server.holds(b"temporal.api.sdk.v1.ExternalStorageReference"), "is this the database?");
    assert!(!holds(rig.folder.path(), CANARY), "the store has it in the clear");
    assert!(!server.holds(CANARY.as_bytes()), "the server has it in the clear");
}

/// Without Cloakroom neither is started, nor signalled, nor gives a result.
#[tokio::test(flavor = "multi_thread")]
async fn without_cloakroom_the_same_is_refused() {
    let (queue, server) = (unique("without"), server());
    let _worker = Running::start(&server.url(), &queue, DataConverter::default());
    let client = client(&server.url(), DataConverter::default()).await;
    let named = |name| WorkflowStartOptions::new(queue.clone(), unique(name)).build();
    let started = client.start_workflow(Waiting::run, parcel(), named("started")).await;
    let says = started.map(drop).unwrap_err().to_string();
    assert!(says.contains("Blob data size exceeds limit"), "{says}");
    let handle = client.start_workflow(Courier::run, String::new(), named("signalled")).await;
    let options = WorkflowSignalOptions::default();
    let signalled = handle.unwrap().signal(Courier::add, parcel(), options).await;
    let says = signalled.unwrap_err().to_string();
    assert!(says.contains("Blob data size exceeds limit"), "{says}");
    // What an activity gives, what it is given, and what a workflow gives.
    let handle = client.start_workflow(Grown::run, 3_000_000, named("grown")).await.unwrap();
    assert!(failed_task(&handle).await.contains("[TMPRL1103]"));
    for way in ["input", "result"] {
        let started = client.start_workflow(Swollen::run, way.to_owned(), named(way));
        let handle = started.await.unwrap();
        assert!(failed_task(&handle).await.contains("[TMPRL1103]"), "{way}");
    }
    let handle = client.start_workflow(Swollen::run, "query".into(), named("query")).await.unwrap();
    let asked = handle.query(Swollen::look, (), WorkflowQueryOptions::default()).await;
    let says = asked.unwrap_err().to_string();
    assert!(says.contains("Blob data size exceeds limit"), "{says}");
}

/// And with it, each of those passes.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_refused_without_cloakroom_passes_with_it() {
    let rig = Rig::start("swollen").await;
    let finish = async |way: &str| {
        let started = rig.client.start_workflow(Swollen::run, way.to_owned(), rig.named(way));
        started.await.unwrap().get_result(WorkflowGetResultOptions::default()).await.unwrap()
    };
    assert!(finish("result").await == swollen());
    assert_eq!(finish("input").await, "input");
    let started = rig.client.start_workflow(Swollen::run, "query".into(), rig.named("query"));
    let handle = started.await.unwrap();
    let asked = handle.query(Swollen::look, (), WorkflowQueryOptions::default());
    assert!(asked.await.unwrap() == swollen());
    handle.signal(Swollen::end, (), WorkflowSignalOptions::default()).await.unwrap();
    handle.get_result(WorkflowGetResultOptions::default()).await.unwrap();
    let handle = rig.client.start_workflow(Grown::run, 3_000_000, rig.named("grown")).await;
    let result = handle.unwrap().get_result(WorkflowGetResultOptions::default()).await.unwrap();
    assert_eq!(result.len(), 3_000_000);
}

/// The limits that a namespace has are asked for.
#[tokio::test(flavor = "multi_thread")]
async fn limits_of_a_namespace() {
    let small = &[("limit.blobSize.error", "65536")];
    let small = DevServer::start(DevOptions { dynamic: small, ..DevOptions::default() });
    for (url, most) in [(server().url(), 2 << 20), (small.url(), 65_536)] {
        let connection = connection(&url).await;
        let limits = SizeLimits::fetch(&connection, "default").await.unwrap();
        assert_eq!(limits.budget().most(), Some(most));
        assert!(SizeLimits::fetch(&connection, "nowhere").await.is_err());
    }
}

/// The limits that a configuration has are swapped with it.
#[tokio::test(flavor = "multi_thread")]
async fn limits_of_a_configuration() {
    let rig = Rig::with("limits", "").await;
    let start = async || {
        let few = hex::encode(cloakroom_tests::noise(4000));
        rig.client.start_workflow(Helper::run, few, rig.named("limits")).await.map(drop)
    };
    start().await.unwrap();
    rig.cloakroom.replace(opening("[temporal]\nfield = \"1KiB\"")).await.unwrap();
    let says = start().await.unwrap_err().to_string();
    assert!(says.contains("Temporal accepts 1,024 (TMPRL1103"), "{says}");
    rig.cloakroom.replace(opening("")).await.unwrap();
    start().await.unwrap();
}

/// A failure's message and details are encoded like payloads, if the converter is built so.
#[tokio::test(flavor = "multi_thread")]
async fn failures_tell_their_details_to_those_with_the_key_alone() {
    let (server, rig) = Rig::alone("failing").await;
    let named = rig.named("failing");
    let handle = rig.client.start_workflow(Failing::run, parcel(), named).await.unwrap();
    let failed = handle.get_result(WorkflowGetResultOptions::default()).await.unwrap_err();
    let says = format!("{failed:?}");
    assert!(says.contains("cannot carry canary-Qm7xV2kR"), "{}", &says[..1000.min(says.len())]);
    assert!(!server.holds(CANARY.as_bytes()), "the server has it in the clear");
    let history = handle.fetch_history(Default::default()).into_events().await.unwrap();
    let failure = history.into_iter().find_map(|event| match event.attributes? {
        Attributes::ActivityTaskFailedEventAttributes(failed) => failed.failure,
        _ => None,
    });
    assert_eq!(failure.unwrap().message, "Encoded failure");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_workflow_that_continues_as_new() {
    let rig = Rig::start("again").await;
    let parcel = parcel();
    let input = (3, parcel.clone());
    let handle = rig.client.start_workflow(Again::run, input, rig.named("again")).await.unwrap();
    assert_eq!(handle.get_result(WorkflowGetResultOptions::default()).await.unwrap(), parcel);
}

/// The worker ends while a workflow waits; another takes over from the history, and a replayer agrees.
#[tokio::test(flavor = "multi_thread")]
async fn another_worker_takes_over_and_a_replayer_agrees() {
    let mut rig = Rig::start("restart").await;
    let (parcel, handle) = rig.wait_in_the_middle().await;
    rig.worker.take();
    // No cache, no memory of before: everything comes from the history and the store.
    let fresh = opening(&in_folder("local", rig.folder.path())).open().await.unwrap();
    rig.worker = Some(Running::start(&server().url(), &rig.queue, converter(&fresh)));
    handle.signal(Waiting::go, (), WorkflowSignalOptions::default()).await.unwrap();
    assert_eq!(handle.get_result(WorkflowGetResultOptions::default()).await.unwrap(), parcel);

    let history = handle.fetch_history(Default::default());
    let options = WorkflowReplayerOptions::new().data_converter(converter(&fresh));
    let options = options.register_workflow::<Waiting>().unwrap().build();
    WorkflowReplayer::new(options).unwrap().replay_workflow(history).await.unwrap();
}

/// The server crashes while a workflow waits. The client and the worker wait until it is back.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_is_gone_for_a_while() {
    let (server, rig) = Rig::alone("gone").await;
    let (parcel, handle) = rig.wait_in_the_middle().await;
    server.crash();
    until(async || handle.signal(Waiting::go, (), WorkflowSignalOptions::default()).await).await;
    assert_eq!(handle.get_result(WorkflowGetResultOptions::default()).await.unwrap(), parcel);
}

/// Payloads sealed under the old key are opened, and new ones are sealed under the new key.
#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_rotated_while_a_workflow_waits() {
    let rig = Rig::start("rotate").await;
    let (parcel, handle) = rig.wait_in_the_middle().await;
    let ring = Ring::builder()
        .with_key("test-key", &KeyMaterial::new(cloakroom_tests::KEY))
        .with_key("next-key", &KeyMaterial::new([7; 32]))
        .with_current("next-key");
    let opening = opening(&in_folder("local", rig.folder.path()));
    let opening = opening.with_key_ring("payments", Arc::new(ring.build().unwrap()));
    rig.cloakroom.replace(opening).await.unwrap();
    handle.signal(Waiting::go, (), WorkflowSignalOptions::default()).await.unwrap();
    assert_eq!(handle.get_result(WorkflowGetResultOptions::default()).await.unwrap(), parcel);
    assert!(holds(rig.folder.path(), "test-key") && holds(rig.folder.path(), "next-key"));
}

/// Objects of before are read by the driver of before.
#[tokio::test(flavor = "multi_thread")]
async fn a_driver_is_swapped_while_a_workflow_waits() {
    let rig = Rig::start("drivers").await;
    let (parcel, handle) = rig.wait_in_the_middle().await;
    let (old, other) = (count(rig.folder.path()), tempfile::tempdir().unwrap());
    let both = in_folder("other", other.path()) + &folder_driver("local", rig.folder.path());
    rig.cloakroom.replace(opening(&both)).await.unwrap();
    handle.signal(Waiting::go, (), WorkflowSignalOptions::default()).await.unwrap();
    assert_eq!(handle.get_result(WorkflowGetResultOptions::default()).await.unwrap(), parcel);
    assert_eq!(count(rig.folder.path()), old, "the old driver was still written to");
    assert!(count(other.path()) > 0);
}

/// While the store is down, tasks fail and say where; when it is back, the workflow goes on.
#[tokio::test(flavor = "multi_thread")]
async fn a_store_is_down_for_a_while() {
    let envoy = rigs::envoy(rigs::moto().address());
    rigs::bucket(&rigs::moto().url(), "down-for-a-while");
    let storage = s3_storage(&envoy.url(), "down-for-a-while") + "patience = \"200ms\"";
    let rig = Rig::with("down", &storage).await;
    let (parcel, handle) = rig.wait_in_the_middle().await;
    envoy.abort(100);
    handle.signal(Waiting::go, (), WorkflowSignalOptions::default()).await.unwrap();
    let says = failed_task(&handle).await;
    assert!(says.contains("storage aws.s3driver"), "{says}");
    envoy.abort(0);
    assert_eq!(handle.get_result(WorkflowGetResultOptions::default()).await.unwrap(), parcel);
}

/// A payload that is too large fails the task. The error names sizes, limit and remedy. The remedy
/// works, and nothing is lost.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_too_large_says_why_and_waits_for_the_remedy() {
    let rig = Rig::with("large", "").await;
    let handle = rig.client.start_workflow(Grown::run, 6_000_000, rig.named("large")).await;
    let handle = handle.unwrap();
    let says = failed_task(&handle).await;
    for part in [
        "Temporal accepts 2,097,152 (TMPRL1103",
        "after zstd",
        "after aes-gcm",
        "add one (`[storage]`)",
    ] {
        assert!(says.contains(part), "{says} does not say `{part}`");
    }
    rig.cloakroom.replace(opening(&in_folder("local", rig.folder.path()))).await.unwrap();
    let result = handle.get_result(WorkflowGetResultOptions::default()).await.unwrap();
    assert_eq!(result.len(), 6_000_000);
    // A client gets the error at once.
    let bare = opening("").open().await.unwrap();
    let client = client(&server().url(), converter(&bare)).await;
    let started =
        client.start_workflow(Waiting::run, parcel().repeat(2), rig.named("refused")).await;
    let says = started.map(drop).unwrap_err().to_string();
    assert!(
        says.contains("Temporal accepts 2,097,152") && says.contains("add one (`[storage]`)"),
        "{says}"
    );
}

/// A worker with a pipeline of its own, and a client with the same.
struct Rig {
    queue: String,
    folder: tempfile::TempDir,
    cloakroom: Cloakroom,
    client: Client,
    worker: Option<Running>,
}

impl Rig {
    /// On a server of its own, of which everything can be looked through.
    async fn alone(name: &str) -> (DevServer, Self) {
        let server = DevServer::start(DevOptions::default());
        let rig = Self::stored(&server.url(), name).await;
        (server, rig)
    }

    async fn start(name: &str) -> Self {
        Self::stored(&server().url(), name).await
    }

    async fn with(name: &str, storage: &str) -> Self {
        Self::on(&server().url(), name, storage).await
    }

    async fn stored(url: &str, name: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let storage = in_folder("local", folder.path());
        Self { folder, ..Self::on(url, name, &storage).await }
    }

    async fn on(url: &str, name: &str, storage: &str) -> Self {
        let cloakroom = opening(storage).open().await.unwrap();
        let (queue, converter) = (unique(name), converter(&cloakroom));
        let worker = Some(Running::start(url, &queue, converter.clone()));
        let client = client(url, converter).await;
        Self { queue, folder: tempfile::tempdir().unwrap(), cloakroom, client, worker }
    }

    fn named(&self, name: &str) -> WorkflowStartOptions {
        WorkflowStartOptions::new(self.queue.clone(), unique(name)).build()
    }

    /// A workflow that has carried a parcel through one activity, and waits.
    async fn wait_in_the_middle(
        &self,
    ) -> (String, WorkflowHandle<Client, <Waiting as WorkflowImplementation>::Run>) {
        let parcel = parcel();
        let started = self.client.start_workflow(Waiting::run, parcel.clone(), self.named("waits"));
        let handle = started.await.unwrap();
        let waits = async || {
            let asked = handle.query(Waiting::waits, (), WorkflowQueryOptions::default());
            asked.await.unwrap().then_some(()).ok_or("it does not wait")
        };
        until(waits).await;
        (parcel, handle)
    }
}

/// Waits until a task of the workflow or of an activity fails, and returns the failure's text.
async fn failed_task<W: HasWorkflowDefinition>(handle: &WorkflowHandle<Client, W>) -> String {
    let failed = async || {
        let history = handle.fetch_history(Default::default()).into_events().await.unwrap();
        let failed = history.iter().find_map(|event| match event.attributes.as_ref()? {
            Attributes::WorkflowTaskFailedEventAttributes(failed) => failed.failure.clone(),
            _ => None,
        });
        let described = handle.describe(Default::default()).await.unwrap().raw_description;
        let pending = described.pending_activities.into_iter();
        failed.or_else(|| pending.filter_map(|one| one.last_failure).next())
    };
    until(async || failed().await.ok_or("no task has failed")).await.message
}
