//! A gateway in this process, before a server of its own.

use std::{net::SocketAddr, path::Path};

use cloakroom::{Cloakroom, temporal::gateway::Gateway};
use cloakroom_tests::rigs::free_port;
use temporalio_client::{Client, WorkflowStartOptions};
use temporalio_common::data_converters::DataConverter;
use tokio::{net::TcpListener, sync::oneshot, task::JoinHandle};

use crate::worker::{Running, client, folder_driver, opening, unique, until};

/// Text that must not appear in the clear. Each half of it occurs nowhere else.
pub(crate) const CANARY: &str = "canary-Jw4tC8nXe2Pz-orange-M6rQb9KvHs1D-pebble";

/// A text of 3 MB that does not get small.
pub(crate) fn parcel() -> String {
    let noise = hex::encode(cloakroom_tests::noise(1_500_000));
    format!("{CANARY}{noise}{CANARY}")
}

/// Returns the configuration of a gateway that compresses, encrypts and stores in a folder. It caches
/// nothing, so that each object is read from there.
pub(crate) async fn opened(folder: &Path, upstream: &str) -> Cloakroom {
    let storage = "[storage]\nthreshold = \"256KiB\"\ncache.memory = \"0B\"\n".to_owned();
    let gateway = format!("[gateway.temporal]\nupstream = \"{upstream}\"\n");
    let text = storage + &folder_driver("local", folder) + &gateway;
    opening(&text).open().await.unwrap()
}

/// A gateway until it is dropped, which aborts every call.
pub(crate) struct Served {
    pub(crate) address: SocketAddr,
    pub(crate) gateway: Gateway,
    serving: JoinHandle<()>,
    stop: Option<oneshot::Sender<()>>,
}

impl Served {
    /// Serves at an address that is free.
    pub(crate) async fn start(cloakroom: &Cloakroom) -> Self {
        Self::start_at(cloakroom, SocketAddr::from(([127, 0, 0, 1], free_port()))).await
    }

    /// Serves at this address.
    pub(crate) async fn start_at(cloakroom: &Cloakroom, address: SocketAddr) -> Self {
        let (_, settings) = cloakroom.temporal_gateway().unwrap();
        let gateway = Gateway::builder(cloakroom.clone(), settings);
        let gateway = gateway.with_size_limits(cloakroom.clone());
        let gateway = gateway.with_namespaces(cloakroom.clone());
        let gateway = gateway.with_page_keys(cloakroom.clone()).build();
        let listener = until(async || TcpListener::bind(address).await).await;
        let (stop, stopped) = oneshot::channel();
        let served = gateway.clone();
        let serving = tokio::spawn(async move {
            let stopped = async { drop(stopped.await) };
            served.serve(listener, stopped).await.unwrap();
        });
        Self { address, gateway, serving, stop: Some(stop) }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Ends it as a signal does, and waits for that.
    pub(crate) async fn end(mut self) {
        drop(self.stop.take());
        (&mut self.serving).await.unwrap();
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// An SDK as it comes: no codec, no storage.
pub(crate) fn plain_worker(gateway: &Served, queue: &str) -> Running {
    Running::start(&gateway.url(), queue, DataConverter::default())
}

/// A client on the SDK as it comes.
pub(crate) async fn plain_client(url: &str) -> Client {
    client(url, DataConverter::default()).await
}

/// Returns options of a workflow with a name of its own.
pub(crate) fn named(queue: &str, name: &str) -> WorkflowStartOptions {
    WorkflowStartOptions::new(queue, unique(name)).build()
}
