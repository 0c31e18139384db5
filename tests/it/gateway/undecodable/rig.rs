//! A gateway whose store stands behind a proxy that spoils what is read.

use cloakroom::Cloakroom;
use cloakroom_tests::{
    rigs::{Tamper, bucket, moto, temporal},
    s3_storage,
};
use temporalio_client::{Client, WorkflowHandle, WorkflowQueryOptions, WorkflowSignalOptions};
use temporalio_workflow::workflows::WorkflowImplementation;

use crate::{
    gateway::harness::{Served, named, plain_client, plain_worker},
    worker::{Held, Running, opening, server, unique, until},
};

/// Type of the failure of a task that the gateway failed.
pub(crate) const FAILURE: &str = "CloakroomUndecodable";

/// Byte of an object that is spoilt.
const BYTE: u64 = 1000;

pub(crate) type HeldHandle = WorkflowHandle<Client, <Held as WorkflowImplementation>::Run>;

/// A gateway, and a client and the queue of a worker that connect to it.
pub(crate) struct Rig {
    pub(crate) tamper: Tamper,
    pub(crate) cloakroom: Cloakroom,
    pub(crate) gateway: Served,
    pub(crate) client: Client,
    pub(crate) queue: String,
}

impl Rig {
    /// Starts one on the server that tests share, with a bucket of its own.
    pub(crate) async fn start(name: &str) -> Self {
        let name = unique(name);
        bucket(&moto().url(), &name);
        Self::on(&name, "").await
    }

    /// Starts one on this bucket, with more of `[gateway.temporal]`.
    pub(crate) async fn on(bucket: &str, keys: &str) -> Self {
        let tamper = Tamper::new(moto().address());
        let cloakroom = opening(&configuration(&tamper, bucket, keys)).open().await.unwrap();
        let gateway = Served::start(&cloakroom).await;
        let client = plain_client(&gateway.url()).await;
        Self { tamper, cloakroom, gateway, client, queue: bucket.to_owned() }
    }

    pub(crate) fn worker(&self) -> Running {
        plain_worker(&self.gateway, &self.queue)
    }

    /// Starts a workflow, and waits until it waits.
    pub(crate) async fn hold(&self, way: &str, parcel: &str) -> HeldHandle {
        let input = (way.to_owned(), parcel.to_owned());
        let started = self.client.start_workflow(Held::run, input, named(&self.queue, way));
        let handle = started.await.unwrap();
        let waits = async || {
            let asked = handle.query(Held::waits, (), WorkflowQueryOptions::default());
            let waits = asked.await.map_err(|error| error.to_string())?;
            waits.then_some(()).ok_or_else(|| "it does not wait".to_owned())
        };
        until(waits).await;
        handle
    }

    /// From now on every object that is read is another than was stored.
    pub(crate) fn spoil(&self) {
        self.tamper.flip(Some(BYTE));
    }

    /// From now on objects are read as they are.
    pub(crate) fn mend(&self) {
        self.tamper.flip(None);
    }

    /// Waits until so many spoilt objects were read.
    pub(crate) async fn wait_for_spoilt(&self, most: u64) {
        let spoilt = async || match self.tamper.flipped() {
            flipped if flipped >= most => Ok(()),
            flipped => Err(format!("{flipped} objects were spoilt")),
        };
        until(spoilt).await;
    }
}

/// Returns storage in this bucket behind the proxy, and the gateway.
pub(crate) fn configuration(tamper: &Tamper, bucket: &str, keys: &str) -> String {
    let storage = s3_storage(&tamper.url(), bucket) + "patience = \"200ms\"\n";
    storage + &format!("[gateway.temporal]\nupstream = \"{}\"\n{keys}\n", server().url())
}

pub(crate) async fn go(handle: &HeldHandle) {
    handle.signal(Held::go, (), WorkflowSignalOptions::default()).await.unwrap();
}

/// Returns what the server has of a history, in JSON. It does not pass the gateway.
pub(crate) fn history(id: &str) -> String {
    show(&server().target(), id).1
}

/// Shows a history by Temporal's command line. Returns whether it could, and what it wrote.
pub(crate) fn show(target: &str, id: &str) -> (bool, String) {
    tell(target, &["workflow", "show", "-w", id, "-o", "json"])
}

/// Runs Temporal's command line. Returns whether it succeeded, and what it wrote.
pub(crate) fn tell(target: &str, arguments: &[&str]) -> (bool, String) {
    let output = temporal(target).args(arguments).output().unwrap();
    let text = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8_lossy(&text).into_owned())
}

/// Waits until a task of a workflow is failed by the gateway, and returns the history.
pub(crate) async fn wait_for_failure(id: &str) -> String {
    let failed = async || {
        let history = history(id);
        if history.contains(FAILURE) { Ok(history) } else { Err("no task was failed") }
    };
    until(failed).await
}
