//! The gateway for Dapr, before a server that sends what no sidecar can be made to send: items whose
//! objects are gone, items that are too large, and items whose order and time the test decides.

mod access;
mod answers;
mod caller;
mod counts;
mod items;
mod sidecar;
mod signals;
mod wire;

use std::{fs, net::SocketAddr, path::Path};

use bytes::Bytes;
use cloakroom::{
    Cloakroom,
    dapr::gateway::{Gateway, GatewaySettings},
};
use cloakroom_tests::dapr_protos::{
    ActivityRequest, ActivityResponse, CreateInstanceRequest, EventRaisedEvent, HistoryEvent,
    WorkItem, WorkflowInstance, WorkflowRequest, history_event::EventType, work_item::Request,
};
use prost::Message;
use tokio::{net::TcpListener, task::JoinHandle};

use self::{caller::Caller, sidecar::Sidecar, wire::TOKEN};
use crate::worker::{folder_driver, opened, stages};

const SERVICE: &str = "/TaskHubSidecarService";

/// Text that must not reach the sidecar.
const CANARY: &str = "canary-dapr-Lw5qT2nR-gateway";

/// One stage that is not required, so that texts of any kind pass.
const STAGE: &str = "[[stage]]\nplugin = \"bundled:zstd\"\n";

/// A gateway before a sidecar, until it is dropped.
struct Served {
    sidecar: Sidecar,
    cloakroom: Cloakroom,
    gateway: Gateway,
    settings: GatewaySettings,
    address: SocketAddr,
    app: Caller,
    serving: JoinHandle<()>,
}

impl Served {
    /// Serves with `more` in the gateway's table. Objects are in the folder, and none is cached.
    async fn start(folder: &Path, more: &str) -> Self {
        Self::limited(folder, "", more).await
    }

    /// The same with `limits` as the file's table of limits.
    async fn limited(folder: &Path, limits: &str, more: &str) -> Self {
        let storage = "[storage]\nthreshold = \"64KiB\"\ncache.memory = \"0B\"\n";
        // Texts from before the gateway pass.
        let stages = stages(false).replace("required = true", "");
        let text =
            format!("{stages}{storage}{}\n[limits]\n{limits}\n", folder_driver("local", folder));
        Self::with(&text, more).await
    }

    /// Serves with this configuration, and with `more` in the gateway's table.
    async fn with(text: &str, more: &str) -> Self {
        Self::before(Sidecar::start("orders").await, text, more).await
    }

    /// The same before this sidecar.
    async fn before(sidecar: Sidecar, text: &str, more: &str) -> Self {
        let table = format!("[gateway.dapr]\nupstream = \"{}\"\n{more}", sidecar.url());
        let cloakroom: Cloakroom = opened(format!("{text}\n{table}")).open().await.unwrap();
        let (_, settings) = cloakroom.dapr_gateway().unwrap();
        let gateway = Gateway::builder(cloakroom.clone(), settings.clone()).build();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let served = gateway.clone();
        let serving = tokio::spawn(async move {
            served.serve(listener, std::future::pending()).await.unwrap();
        });
        let app = Caller::connect(address).await;
        Self { sidecar, cloakroom, gateway, settings, address, app, serving }
    }

    /// Starts a workflow with this input, and returns the input that the sidecar got.
    async fn encoded(&mut self, input: &str) -> String {
        let start = CreateInstanceRequest {
            instance_id: "one".to_owned(),
            name: "Checkout".to_owned(),
            input: Some(input.to_owned()),
            ..Default::default()
        };
        let path = format!("{SERVICE}/StartInstance");
        let answer = self.app.call(&path, &start.encode_to_vec()).await;
        assert_eq!(answer.code, "0", "{}", answer.message);
        let got = self.sidecar.next(&path).await;
        assert!(got.message.len() < 64 << 10, "{} bytes", got.message.len());
        CreateInstanceRequest::decode(got.message).unwrap().input.unwrap()
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// A turn of a workflow that an event with this data woke.
fn turn(instance: &str, data: &str) -> WorkItem {
    let raised = EventRaisedEvent { name: "note".to_owned(), input: Some(data.to_owned()) };
    let event =
        HistoryEvent { event_type: Some(EventType::EventRaised(raised)), ..Default::default() };
    let request = WorkflowRequest {
        instance_id: instance.to_owned(),
        new_events: vec![event],
        ..Default::default()
    };
    let completion_token = format!("token-{instance}");
    WorkItem { request: Some(Request::WorkflowRequest(request)), completion_token }
}

fn activity(task_id: i32, input: &str) -> WorkItem {
    let instance = WorkflowInstance { instance_id: "one".to_owned(), ..Default::default() };
    let request = ActivityRequest {
        name: "Pay".to_owned(),
        input: Some(input.to_owned()),
        workflow_instance: Some(instance),
        task_id,
        ..Default::default()
    };
    let completion_token = format!("token-{task_id}");
    WorkItem { request: Some(Request::ActivityRequest(request)), completion_token }
}

fn item(bytes: Bytes) -> WorkItem {
    WorkItem::decode(bytes).unwrap()
}

/// A text of about `size` bytes that does not get small.
fn parcel(size: usize) -> String {
    format!("\"{CANARY}{}\"", hex::encode(cloakroom_tests::noise(size / 2)))
}

/// Moves the objects away, or back.
fn moved(from: &Path, to: &Path) {
    fs::rename(from, to).unwrap();
    if !from.exists() {
        fs::create_dir(from).unwrap();
    }
}

#[tokio::test]
async fn a_turn_that_cannot_be_decoded_waits_alone_and_comes_later() {
    let folder = tempfile::tempdir().unwrap();
    let (objects, away) = (folder.path().join("objects"), folder.path().join("away"));
    fs::create_dir(&objects).unwrap();
    let mut served = Served::start(&objects, "").await;
    let text = parcel(1_500_000);
    let encoded = served.encoded(&text).await;
    assert!(encoded.len() < 4096 && !encoded.contains(CANARY), "{encoded}");
    let mut items = served.app.stream(&format!("{SERVICE}/GetWorkItems")).await;
    let mut sent = served.sidecar.stream().await;
    moved(&objects, &away);
    sent.send(&turn("held", &encoded));
    // Text from before the gateway passes as it is, behind the item that waits.
    for at in 0..3 {
        let plain = turn(&format!("plain-{at}"), "\"as it was\"");
        sent.send(&plain);
        assert_eq!(item(items.next().await), plain);
    }
    fs::remove_dir_all(&objects).unwrap();
    fs::rename(&away, &objects).unwrap();
    assert_eq!(item(items.next().await), turn("held", &text));
    // Nothing was completed in the place of the app.
    assert!(served.sidecar.is_silent());
}

#[tokio::test]
async fn an_activity_that_cannot_be_decoded_fails_with_the_reason() {
    let folder = tempfile::tempdir().unwrap();
    let mut served = Served::start(folder.path(), "app_max_message = \"64Ki\"\n").await;
    let encoded = served.encoded(&parcel(200_000)).await;
    let _items = served.app.stream(&format!("{SERVICE}/GetWorkItems")).await;
    let mut sent = served.sidecar.stream().await;
    let path = format!("{SERVICE}/CompleteActivityTask");
    // The first is larger than the app takes. The object of the second is gone.
    for (task, remedy) in [(7, "gateway.dapr.app_max_message"), (8, "")] {
        if task == 8 {
            fs::remove_dir_all(folder.path()).unwrap();
            fs::create_dir(folder.path()).unwrap();
            let mut raised = served.settings.clone();
            raised.app_max_message = 4 << 20;
            served.gateway.swap(&raised).unwrap();
        }
        sent.send(&activity(task, &encoded));
        let got = served.sidecar.next(&path).await;
        assert_eq!(got.headers["dapr-api-token"], TOKEN);
        let failed = ActivityResponse::decode(got.message).unwrap();
        assert_eq!((&*failed.instance_id, failed.task_id), ("one", task));
        assert_eq!(failed.completion_token, format!("token-{task}"));
        assert_eq!(failed.result, None);
        let reason = failed.failure_details.unwrap().error_message;
        assert!(reason.contains(remedy) && !reason.contains(CANARY), "{reason}");
    }
}

#[tokio::test]
async fn a_turn_that_is_too_large_comes_when_the_limit_is_raised() {
    let folder = tempfile::tempdir().unwrap();
    let mut served = Served::start(folder.path(), "app_max_message = \"64Ki\"\n").await;
    let text = parcel(200_000);
    let encoded = served.encoded(&text).await;
    let mut items = served.app.stream(&format!("{SERVICE}/GetWorkItems")).await;
    let mut sent = served.sidecar.stream().await;
    sent.send(&turn("large", &encoded));
    let small = turn("small", "1");
    sent.send(&small);
    assert_eq!(item(items.next().await), small);
    let mut raised = served.settings.clone();
    raised.app_max_message = 4 << 20;
    assert!(!served.settings.needs_restart(&raised));
    served.gateway.swap(&raised).unwrap();
    assert_eq!(item(items.next().await), turn("large", &text));
    assert!(served.sidecar.is_silent());
}

#[tokio::test]
async fn every_other_call_passes_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let mut served = Served::start(folder.path(), "").await;
    // No message of Dapr, and nothing that the gateway may read.
    let (path, body) = ("/dapr.proto.runtime.v1.Dapr/InvokeActor", b"\xff\xfenot protobuf");
    let answer = served.app.call(path, body).await;
    assert_eq!((&*answer.code, &answer.body[..]), ("0", &body[..]));
    let got = served.sidecar.next(path).await;
    assert_eq!(got.headers["dapr-api-token"], TOKEN);
    assert_eq!(&got.message[..], body);
    // Of the workflow engine's own, a message that is none is refused.
    let answer = served.app.call(&format!("{SERVICE}/StartInstance"), body).await;
    assert_eq!(answer.code, "3", "{}", answer.message);
    // And the end of a stream reaches the app with its status.
    let mut items = served.app.stream(&format!("{SERVICE}/GetWorkItems")).await;
    let mut sent = served.sidecar.stream().await;
    let small = turn("small", "1");
    sent.send(&small);
    assert_eq!(item(items.next().await), small);
    sent.end("14");
    assert_eq!(items.end().await, "14");
    assert_eq!(served.app.call(path, body).await.code, "0");
}
