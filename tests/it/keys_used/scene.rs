//! A namespace in which each place names a key of its own.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
    time::Duration,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use cloakroom::{Cloakroom, CloakroomBuilder, Context, Payload};
use cloakroom_tests::{
    compile_cache, noise,
    rigs::{DevOptions, DevServer, GatewayProcess, temporal},
};
use temporalio_client::{
    WorkflowGetResultOptions, WorkflowStartOptions,
    grpc::WorkflowService,
    tonic::{IntoRequest as _, Request},
};
use temporalio_common::protos::temporal::api::{
    common::v1::{self as proto, Memo, Payloads, WorkflowType},
    schedule::v1::{Schedule, ScheduleAction, ScheduleState, schedule_action::Action},
    taskqueue::v1::TaskQueue,
    workflow::v1::NewWorkflowExecutionInfo,
    workflowservice::v1::{
        CreateScheduleRequest, PollActivityTaskQueueRequest, RecordActivityTaskHeartbeatRequest,
        StartActivityExecutionRequest, StartWorkflowExecutionRequest,
    },
};

use crate::{
    cli::binary,
    worker::{Helper, Parts, Running, Waiting, client, connection, converter, unique},
};

/// Text that must not appear in what the command prints.
pub(super) const CANARY: &str = "canary-Vb3nQx8KfW5t-violet-L2yJm6RdGz9c-granite";

/// Keys of the ring `payments`.
pub(super) const KEYS: [&str; 8] =
    ["now", "closed", "object", "memo", "heartbeat", "schedule", "activity", "nowhere"];

/// Keys of the ring `proofs`, the current one first.
const PROOFS: [&str; 3] = ["newer", "older", "oldest"];

/// A server with a namespace in which each place names a key of its own.
pub(super) struct Scene {
    pub(super) server: DevServer,
    pub(super) folder: tempfile::TempDir,
    /// Id of the workflow that has ended.
    pub(super) closed: String,
    /// Number of runs.
    pub(super) runs: u64,
    _worker: Running,
}

impl Scene {
    pub(super) async fn set() -> Self {
        let server = DevServer::start(DevOptions {
            dynamic: &[("activity.enableStandalone", "true")],
            ..DevOptions::default()
        });
        let (url, folder, queue) = (server.url(), tempfile::tempdir().unwrap(), unique("used"));
        for (key, bytes) in KEYS.iter().chain(&PROOFS).zip(noise(32 * 11).chunks(32)) {
            fs::write(folder.path().join(key), STANDARD.encode(bytes)).unwrap();
        }
        let closed = unique("closed");
        let now = open(folder.path(), "now").await;
        let worker = Running::of(&url, &queue, converter(&now), Parts::Workflows);
        let scene = Self { server, folder, closed, runs: 4, _worker: worker };
        scene.write_config("cloakroom.toml", "now", &KEYS);
        scene.run_to_the_end(&queue).await;
        let mut service = connection(&url).await.workflow_service();
        scene.heartbeat(&mut *service, &queue, &now).await;
        scene.store_an_object().await;
        scene.start_with_memo(&mut *service, &now).await;
        scene.schedule(&mut *service).await;
        scene.start_activity(&mut *service).await;
        scene
    }

    /// Writes a configuration whose current key is `current`.
    pub(super) fn write_config(&self, name: &str, current: &str, keys: &[&str]) {
        fs::write(self.folder.path().join(name), config(current, PROOFS[0], keys)).unwrap();
    }

    /// Returns the one object in the store.
    pub(super) fn object(&self) -> PathBuf {
        let mut found = Vec::new();
        files(&self.folder.path().join("objects"), &mut found);
        assert_eq!(found.len(), 1, "{found:?}");
        found.remove(0)
    }

    /// Starts a gateway with two callers: one that decodes for itself, and one that does not.
    pub(super) fn gateway(&self) -> GatewayProcess {
        for token in ["auditor.token", "worker.token"] {
            fs::write(self.folder.path().join(token), token.repeat(4)).unwrap();
        }
        let identity = |name: &str, decode: bool| {
            format!(
                "[[gateway.temporal.identity]]\nname = \"{name}\"\nnamespaces = [\"default\"]\n\
                 token = {{ file = \"{name}.token\" }}\ndecode = {decode}\n"
            )
        };
        let config = config("now", PROOFS[0], &KEYS)
            + &format!("[gateway.temporal]\nupstream = \"{}\"\n", self.server.url())
            + &identity("auditor", false)
            + &identity("worker", true);
        let mut files = vec![("cloakroom.toml".to_owned(), config)];
        for name in KEYS.iter().chain(&PROOFS).chain(&["auditor.token", "worker.token"]) {
            let text = fs::read_to_string(self.folder.path().join(name)).unwrap();
            files.push(((*name).to_owned(), text));
        }
        let files: Vec<_> = files.iter().map(|(name, text)| (&**name, &**text)).collect();
        GatewayProcess::start(binary(), &files)
    }

    pub(super) fn delete_closed(&self) {
        let mut delete = temporal(&self.server.target());
        delete.args(["workflow", "delete", "--yes", "--workflow-id", &self.closed]);
        assert!(delete.status().unwrap().success());
    }

    /// A run whose input is under `closed`.
    async fn run_to_the_end(&self, queue: &str) {
        let sealing = converter(&open(self.folder.path(), "closed").await);
        let client = client(&self.server.url(), sealing).await;
        let options = WorkflowStartOptions::new(queue, self.closed.clone()).build();
        let run = client.start_workflow(Helper::run, CANARY.to_owned(), options).await.unwrap();
        let result = run.get_result(WorkflowGetResultOptions::default()).await.unwrap();
        assert_eq!(result, CANARY);
    }

    /// A run whose activity waits, with details under `heartbeat`.
    async fn heartbeat(&self, service: &mut dyn WorkflowService, queue: &str, now: &Cloakroom) {
        let client = client(&self.server.url(), converter(now)).await;
        let options = WorkflowStartOptions::new(queue, unique("beating")).build();
        client.start_workflow(Waiting::run, CANARY.to_owned(), options).await.unwrap();
        let token = loop {
            let poll = PollActivityTaskQueueRequest {
                namespace: "default".to_owned(),
                task_queue: task_queue(queue),
                ..Default::default()
            };
            let mut poll = Request::new(poll);
            poll.set_timeout(Duration::from_secs(70));
            let task = service.poll_activity_task_queue(poll).await.unwrap().into_inner();
            if !task.task_token.is_empty() {
                break task.task_token;
            }
        };
        let beat = RecordActivityTaskHeartbeatRequest {
            namespace: "default".to_owned(),
            task_token: token,
            details: self.payloads("heartbeat").await,
            ..Default::default()
        };
        service.record_activity_task_heartbeat(beat.into_request()).await.unwrap();
    }

    /// A run whose input is an object under `object`, and whose claim is signed with `older`.
    async fn store_an_object(&self) {
        let text = config("object", "older", &KEYS);
        fs::write(self.folder.path().join("storing.toml"), text).unwrap();
        let storing = open_file(&self.folder.path().join("storing.toml")).await;
        let client = client(&self.server.url(), converter(&storing)).await;
        let options = WorkflowStartOptions::new("nobody", unique("stored")).build();
        let parcel = hex::encode(noise(300_000));
        client.start_workflow(Waiting::run, parcel, options).await.unwrap();
    }

    /// A run with a note under `memo`.
    async fn start_with_memo(&self, service: &mut dyn WorkflowService, now: &Cloakroom) {
        let note = self.payload("memo").await;
        let id = unique("noted");
        let start = StartWorkflowExecutionRequest {
            namespace: "default".to_owned(),
            workflow_id: id.clone(),
            request_id: id,
            workflow_type: Some(WorkflowType { name: "Noted".to_owned() }),
            task_queue: task_queue("nobody"),
            input: Some(Payloads { payloads: vec![sealed(now).await] }),
            memo: Some(Memo { fields: [("note".to_owned(), note)].into() }),
            ..Default::default()
        };
        service.start_workflow_execution(start.into_request()).await.unwrap();
    }

    /// A schedule that waits, with an input under `schedule`.
    async fn schedule(&self, service: &mut dyn WorkflowService) {
        let start = NewWorkflowExecutionInfo {
            workflow_id: unique("scheduled"),
            workflow_type: Some(WorkflowType { name: "Scheduled".to_owned() }),
            task_queue: task_queue("nobody"),
            input: self.payloads("schedule").await,
            ..Default::default()
        };
        let schedule = Schedule {
            action: Some(ScheduleAction { action: Some(Action::StartWorkflow(start)) }),
            state: Some(ScheduleState { paused: true, ..Default::default() }),
            ..Default::default()
        };
        let create = CreateScheduleRequest {
            namespace: "default".to_owned(),
            schedule_id: unique("schedule"),
            request_id: unique("request"),
            schedule: Some(schedule),
            ..Default::default()
        };
        service.create_schedule(create.into_request()).await.unwrap();
    }

    /// An activity of no workflow, with an input under `activity`.
    async fn start_activity(&self, service: &mut dyn WorkflowService) {
        let start = StartActivityExecutionRequest {
            namespace: "default".to_owned(),
            activity_id: unique("alone"),
            request_id: unique("request"),
            activity_type: Some(proto::ActivityType { name: "Alone".to_owned() }),
            task_queue: task_queue("nobody"),
            start_to_close_timeout: Some(Duration::from_secs(600).try_into().unwrap()),
            input: self.payloads("activity").await,
            ..Default::default()
        };
        service.start_activity_execution(start.into_request()).await.unwrap();
    }

    async fn payloads(&self, key: &str) -> Option<Payloads> {
        Some(Payloads { payloads: vec![self.payload(key).await] })
    }

    async fn payload(&self, key: &str) -> proto::Payload {
        sealed(&open(self.folder.path(), key).await).await
    }
}

/// Returns a small payload under the current key.
async fn sealed(cloakroom: &Cloakroom) -> proto::Payload {
    let plain = Payload::new("json/plain", format!("\"{CANARY}\""));
    let sealed = cloakroom.encode(&Context::namespace("default"), vec![plain]).await.unwrap();
    cloakroom::temporal::payload_to_sdk(sealed.into_iter().next().unwrap())
}

/// Opens the configuration with this key as the current one.
async fn open(folder: &Path, current: &str) -> Cloakroom {
    let path = folder.join(format!("{current}.toml"));
    fs::write(&path, config(current, PROOFS[0], &KEYS)).unwrap();
    open_file(&path).await
}

async fn open_file(path: &Path) -> Cloakroom {
    CloakroomBuilder::file(path).with_cache(compile_cache()).open().await.unwrap()
}

fn config(current: &str, proof: &str, keys: &[&str]) -> String {
    let material = |keys: &[&str]| {
        let keys = keys.iter().filter(|key| !key.is_empty());
        keys.map(|key| format!("{key} = {{ file = \"{key}\" }}")).collect::<Vec<_>>().join(", ")
    };
    format!(
        r#"
        [[stage]]
        plugin = "bundled:zstd"
        [[stage]]
        plugin = "bundled:aes-gcm"
        required = true
        settings = {{ ring = "payments" }}
        grants.keys = ["payments"]
        [keys.payments]
        current = "{current}"
        material = {{ {} }}
        [keys.proofs]
        current = "{proof}"
        material = {{ {} }}
        [storage]
        threshold = "256KiB"
        claims = {{ policy = "write", ring = "proofs" }}
        [[storage.driver]]
        name = "local"
        plugin = "bundled:file"
        settings = {{ bucket = "objects" }}
        grants.buckets = ["objects"]
        [buckets.objects]
        url = "file:objects"
        "#,
        material(keys),
        material(&PROOFS)
    )
}

fn task_queue(name: &str) -> Option<TaskQueue> {
    Some(TaskQueue { name: name.to_owned(), ..TaskQueue::default() })
}

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { files(&path, found) } else { found.push(path) }
    }
}

/// Runs `cloakroom keys used-by` in a folder.
pub(super) fn used_by(folder: &Path, args: &[&str]) -> Output {
    keys(folder, &[&["used-by", "--config", "cloakroom.toml"], args].concat())
}

/// Runs `cloakroom keys` in a folder.
pub(super) fn keys(folder: &Path, args: &[&str]) -> Output {
    Command::new(binary()).arg("keys").args(args).current_dir(folder).output().unwrap()
}
