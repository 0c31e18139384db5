//! A worker and a client whose connections encode.

use cloakroom::Cloakroom;
use cloakroom_tests::rigs::{DevOptions, DevServer};
use temporalio_client::{
    Client, ConnectionOptions, WorkflowHandle, WorkflowQueryOptions, WorkflowStartOptions,
};
use temporalio_common::data_converters::DataConverter;
use temporalio_workflow::workflows::WorkflowImplementation;

use crate::worker::{Parts, Running, Waiting, client_with, opening, unique, until};

/// Text that must not appear in the clear. Each half of it occurs nowhere else.
pub(super) const CANARY: &str = "canary-Vh2dN7qYf5Ls-violet-G9kWm3BxTc8R-marble";

/// A text of 3 MB that does not get small.
pub(super) fn parcel() -> String {
    let noise = hex::encode(cloakroom_tests::noise(1_500_000));
    format!("{CANARY}{noise}{CANARY}")
}

/// Options of a connection that encodes.
pub(super) fn hooked(cloakroom: &Cloakroom, url: &str) -> ConnectionOptions {
    cloakroom.temporal_connection().options_for_url(url).unwrap()
}

/// A worker and a client of one process, without a codec, on a server of their own.
pub(super) struct Rig {
    pub(super) server: DevServer,
    pub(super) cloakroom: Cloakroom,
    pub(super) client: Client,
    pub(super) worker: Option<Running>,
    queue: String,
}

impl Rig {
    pub(super) async fn start(storage: &str) -> Self {
        let mut rig = Self::without_worker(storage).await;
        rig.start_worker(&rig.cloakroom.clone());
        rig
    }

    pub(super) async fn without_worker(storage: &str) -> Self {
        let server = DevServer::start(DevOptions::default());
        let cloakroom = opening(storage).open().await.unwrap();
        let client = client_with(hooked(&cloakroom, &server.url()), DataConverter::default()).await;
        Self { server, cloakroom, client, worker: None, queue: unique("hook") }
    }

    /// Ends the worker, and starts one with another pipeline.
    pub(super) fn start_worker(&mut self, cloakroom: &Cloakroom) {
        self.worker.take();
        let (options, converter) =
            (hooked(cloakroom, &self.server.url()), DataConverter::default());
        self.worker = Some(Running::connected(options, &self.queue, converter, Parts::Both));
    }

    pub(super) fn named(&self, name: &str) -> WorkflowStartOptions {
        WorkflowStartOptions::new(self.queue.clone(), unique(name)).build()
    }
}

/// Waits until the workflow waits. Without a worker that knows it, this forces a replay.
pub(super) async fn wait_in_the_middle(
    handle: &WorkflowHandle<Client, <Waiting as WorkflowImplementation>::Run>,
) {
    let waits = async || {
        let asked = handle.query(Waiting::waits, (), WorkflowQueryOptions::default());
        asked.await.unwrap().then_some(()).ok_or("it does not wait")
    };
    until(waits).await;
}
