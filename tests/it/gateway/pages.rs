//! Pages of histories that are cut to what their client receives.

mod in_a_row;

use std::{net::SocketAddr, path::Path};

use cloakroom::Cloakroom;
use cloakroom_tests::rigs::{DevOptions, DevServer};
use prost::Message as _;
use temporalio_client::{
    WorkflowExecuteUpdateOptions, WorkflowGetResultOptions, WorkflowQueryOptions,
    WorkflowSignalOptions,
};
use temporalio_common::protos::temporal::api::{
    common::v1::WorkflowExecution,
    history::v1::HistoryEvent,
    workflowservice::v1::{
        GetWorkflowExecutionHistoryRequest, GetWorkflowExecutionHistoryResponse,
    },
};

use super::{
    harness::{Served, named, plain_client, plain_worker},
    raw::{Answer, call},
};
use crate::worker::{Courier, Filled, Helper, Running, folder_driver, opening, unique};

/// Bytes that some clients receive at most: those whose user agent is `cut`, or all Rust workers.
const LIMIT: usize = 100 << 10;

const FORWARD: &str = "GetWorkflowExecutionHistory";
const REVERSE: &str = "GetWorkflowExecutionHistoryReverse";

/// Compresses, encrypts, and stores what is large: a page gets much larger when it is decoded.
async fn cutting(folder: &Path, upstream: &str, agent: &str) -> Cloakroom {
    let storage = "[storage]\nthreshold = \"16KiB\"\n".to_owned() + &folder_driver("local", folder);
    let gateway = format!(
        r#"
        [gateway.temporal]
        upstream = "{upstream}"
        [[gateway.temporal.client]]
        user_agent = "{agent}"
        answer = "100KiB"
        "#
    );
    opening(&(storage + &gateway)).open().await.unwrap()
}

/// A text of so many characters that does not get small.
fn noise(size: usize) -> String {
    hex::encode(cloakroom_tests::noise(size / 2))
}

async fn page(
    address: SocketAddr,
    method: &str,
    agent: &str,
    request: &GetWorkflowExecutionHistoryRequest,
) -> Answer {
    call(address, method, &[("user-agent", agent)], &request.encode_to_vec()).await
}

/// A workflow whose history is read.
struct Read {
    workflow_id: String,
    run_id: String,
    page_size: i32,
}

impl Read {
    fn request(&self, token: Vec<u8>) -> GetWorkflowExecutionHistoryRequest {
        GetWorkflowExecutionHistoryRequest {
            namespace: "default".to_owned(),
            execution: Some(WorkflowExecution {
                workflow_id: self.workflow_id.clone(),
                run_id: self.run_id.clone(),
            }),
            maximum_page_size: self.page_size,
            next_page_token: token,
            ..Default::default()
        }
    }

    /// Reads all pages, each from the gateway that `at` returns for its number. Returns how many events
    /// each has, and all events.
    async fn pages(
        &self,
        method: &str,
        agent: &str,
        mut at: impl AsyncFnMut(usize) -> SocketAddr,
    ) -> (Vec<usize>, Vec<HistoryEvent>) {
        let (mut pages, mut events, mut token) = (Vec::new(), Vec::new(), Vec::new());
        loop {
            let address = at(pages.len()).await;
            let answer = page(address, method, agent, &self.request(token)).await;
            assert_eq!(answer.code, "0", "{}", answer.message);
            assert!(agent == "whole" || answer.body.len() <= LIMIT, "{}", answer.body.len());
            // The reverse answer has the same fields.
            let answer = GetWorkflowExecutionHistoryResponse::decode(answer.body).unwrap();
            let more = answer.history.unwrap_or_default().events;
            pages.push(more.len());
            events.extend(more);
            token = answer.next_page_token;
            if token.is_empty() {
                return (pages, events);
            }
        }
    }
}

fn ids(events: &[HistoryEvent]) -> Vec<i64> {
    events.iter().map(|event| event.event_id).collect()
}

/// The pages come from two gateways in turn, and one is replaced by a new one for each of its pages.
#[tokio::test(flavor = "multi_thread")]
async fn a_cut_history_is_continued_by_any_gateway() {
    let (server, folder) = (DevServer::start(DevOptions::default()), tempfile::tempdir().unwrap());
    let cloakroom = cutting(folder.path(), &server.url(), "cut").await;
    let first = Served::start(&cloakroom).await;
    let queue = unique("cut");
    let _worker = plain_worker(&first, &queue);
    let client = plain_client(&first.url()).await;
    let started = client.start_workflow(Filled::run, (30, 20 << 10), named(&queue, "cut")).await;
    let started = started.unwrap();
    started.get_result(WorkflowGetResultOptions::default()).await.unwrap();
    let mut read = Read {
        workflow_id: started.info().workflow_id.clone(),
        run_id: started.info().run_id.clone().unwrap(),
        page_size: 0,
    };
    let direct = server.target().parse().unwrap();
    let (_, stored) = read.pages(FORWARD, "whole", async |_| direct).await;
    let (pages, whole) = read.pages(FORWARD, "whole", async |_| first.address).await;
    assert_eq!((pages.len(), ids(&whole)), (1, ids(&stored)));

    let mut second = None;
    for (method, size, run_id) in [
        (FORWARD, 0, read.run_id.clone()),
        (REVERSE, 0, read.run_id.clone()),
        (FORWARD, 3, read.run_id.clone()),
        (REVERSE, 0, String::new()),
        (FORWARD, 0, String::new()),
    ] {
        (read.page_size, read.run_id) = (size, run_id);
        let (pages, mut events) = read
            .pages(method, "cut", async |page| {
                if page % 2 == 0 {
                    return first.address;
                }
                second =
                    Some(Served::start(&cutting(folder.path(), &server.url(), "cut").await).await);
                second.as_ref().unwrap().address
            })
            .await;
        if method == REVERSE {
            events.reverse();
        }
        assert!(pages.len() > 5, "{pages:?}");
        assert_eq!(ids(&events), ids(&stored), "{method} {pages:?}");
        assert!(events == whole, "{method}: payloads differ");
    }
    first.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_good_for_its_history_alone() {
    let (server, folder) = (DevServer::start(DevOptions::default()), tempfile::tempdir().unwrap());
    let gateway = Served::start(&cutting(folder.path(), &server.url(), "cut").await).await;
    let queue = unique("token");
    let _worker = plain_worker(&gateway, &queue);
    let client = plain_client(&gateway.url()).await;
    let mut read = Vec::new();
    for _ in 0..2 {
        let started = client.start_workflow(Filled::run, (10, 20 << 10), named(&queue, "token"));
        let started = started.await.unwrap();
        started.get_result(WorkflowGetResultOptions::default()).await.unwrap();
        let info = started.info();
        let (workflow_id, run_id) = (info.workflow_id.clone(), info.run_id.clone().unwrap());
        read.push(Read { workflow_id, run_id, page_size: 0 });
    }
    let answer = page(gateway.address, FORWARD, "cut", &read[0].request(Vec::new())).await;
    let answer = GetWorkflowExecutionHistoryResponse::decode(answer.body).unwrap();
    let token = answer.next_page_token;
    assert!(!token.is_empty());

    let good = read[0].request(token.clone());
    assert_eq!(page(gateway.address, FORWARD, "cut", &good).await.code, "0");
    let mut changed = token.clone();
    *changed.last_mut().unwrap() ^= 1;
    for (method, request, reason) in [
        (FORWARD, read[0].request(changed), "Invalid NextPageToken"),
        (FORWARD, read[1].request(token.clone()), "belongs to another"),
        (REVERSE, good.clone(), "belongs to another"),
    ] {
        let refused = page(gateway.address, method, "cut", &request).await;
        assert_eq!(refused.code, "3", "{}", refused.message);
        assert!(refused.message.contains(reason), "{}", refused.message);
    }
    // The server does not know it, and so nobody takes it for one of its own.
    let direct = server.target().parse().unwrap();
    assert_ne!(page(direct, FORWARD, "cut", &good).await.code, "0");
    gateway.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_over_the_limit_is_named_with_its_size_and_setting() {
    let (server, folder) = (DevServer::start(DevOptions::default()), tempfile::tempdir().unwrap());
    let gateway = Served::start(&cutting(folder.path(), &server.url(), "cut").await).await;
    let queue = unique("large");
    let client = plain_client(&gateway.url()).await;
    let named = named(&queue, "large");
    let started = client.start_workflow(Helper::run, noise(150_000), named).await.unwrap();
    let info = started.info();
    let (workflow_id, run_id) = (info.workflow_id.clone(), info.run_id.clone().unwrap());
    let read = Read { workflow_id, run_id, page_size: 0 };
    let refused = page(gateway.address, FORWARD, "cut", &read.request(Vec::new())).await;
    assert_eq!(refused.code, "9");
    for part in [
        "event 1 has 150,",
        "bytes decoded, beside ",
        "cut receives no more than 102,400",
        "client.answer",
    ] {
        assert!(refused.message.contains(part), "{}", refused.message);
    }
    gateway.end().await;
}

/// A client waits for events behind those that did not fit into one answer.
#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_waits_for_events_gets_each_once() {
    let (server, folder) = (DevServer::start(DevOptions::default()), tempfile::tempdir().unwrap());
    let gateway = Served::start(&cutting(folder.path(), &server.url(), "cut").await).await;
    let client = plain_client(&gateway.url()).await;
    let options = named(&unique("nobody"), "waits");
    let handle = client.start_workflow(Courier::run, noise(60_000), options).await.unwrap();
    let signal = async || {
        let options = WorkflowSignalOptions::default();
        handle.signal(Courier::add, noise(60_000), options).await.unwrap();
    };
    signal().await;
    signal().await;
    let (info, mut seen, mut token) = (handle.info(), Vec::new(), Vec::new());
    let (workflow_id, run_id) = (info.workflow_id.clone(), info.run_id.clone().unwrap());
    let read = Read { workflow_id, run_id, page_size: 0 };
    let mut sent = 2;
    // The start, the task that nobody takes, and signals.
    while seen.len() < 6 {
        if seen.len() == 2 + sent {
            signal().await;
            sent += 1;
        }
        let request =
            GetWorkflowExecutionHistoryRequest { wait_new_event: true, ..read.request(token) };
        let answer = page(gateway.address, FORWARD, "cut", &request).await;
        assert_eq!(answer.code, "0", "{}", answer.message);
        assert!(answer.body.len() <= LIMIT);
        let answer = GetWorkflowExecutionHistoryResponse::decode(answer.body).unwrap();
        seen.extend(ids(&answer.history.unwrap_or_default().events));
        token = answer.next_page_token;
        assert!(!token.is_empty(), "the workflow runs");
    }
    assert_eq!((seen, sent), (vec![1, 2, 3, 4, 5, 6], 4));
    gateway.end().await;
}

/// A worker that caches nothing replays the history with each task. Each part of it is less than the
/// worker receives, and all together are several times as much. An update comes with events that the
/// server has not stored.
#[tokio::test(flavor = "multi_thread")]
async fn a_worker_replays_a_history_that_is_cut() {
    let (server, folder) = (DevServer::start(DevOptions::default()), tempfile::tempdir().unwrap());
    let gateway = Served::start(&cutting(folder.path(), &server.url(), "tonic").await).await;
    replays(&gateway).await;
    gateway.end().await;
}

/// Takes a courier through its steps, by a worker that caches nothing.
async fn replays(gateway: &Served) {
    let queue = unique("replayed");
    let _worker = Running::uncached(&gateway.url(), &queue);
    let client = plain_client(&gateway.url()).await;
    let parcel = noise(60_000);
    let started = client.start_workflow(Courier::run, parcel.clone(), named(&queue, "replayed"));
    let handle = started.await.unwrap();
    let update = WorkflowExecuteUpdateOptions::default();
    let before = handle.execute_update(Courier::revise, noise(20_000), update).await.unwrap();
    assert!(before == parcel);
    let query = WorkflowQueryOptions::default();
    handle.query(Courier::look, (), query).await.unwrap();
    handle.signal(Courier::add, noise(20_000), WorkflowSignalOptions::default()).await.unwrap();
    let result = handle.get_result(WorkflowGetResultOptions::default()).await.unwrap();
    assert!(result.len() >= 40_000, "{}", result.len());
}
