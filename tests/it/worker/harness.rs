//! A worker on the SDK, on a thread of its own, and clients.

use std::{
    fmt::Display,
    path::Path,
    sync::{
        OnceLock,
        atomic::{AtomicU32, Ordering},
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};

use cloakroom::{Cloakroom, CloakroomBuilder};
use cloakroom_tests::{
    PATIENCE, compile_cache,
    rigs::{DevOptions, DevServer},
    ring,
};
use temporalio_client::{Client, ClientOptions, Connection, ConnectionOptions};
use temporalio_common::data_converters::DataConverter;
use temporalio_sdk::{Runtime, Worker, WorkerOptions};
use tokio::sync::oneshot;
use tracing::{Dispatch, Subscriber, dispatcher};
use tracing_subscriber::fmt::format::FmtSpan;

use crate::secrets::Log;

use super::held::Held;
use super::workflows::{
    Again, Courier, Failing, Filled, Grown, Helper, Porter, Stumbling, Swollen, ToPython, Waiting,
};

/// A server that tests share.
pub(crate) fn server() -> &'static DevServer {
    static SERVER: OnceLock<DevServer> = OnceLock::new();
    SERVER.get_or_init(|| DevServer::start(DevOptions::default()))
}

/// A name that no other test has: for task queues and workflows.
pub(crate) fn unique(name: &str) -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    format!("{name}-{}", COUNT.fetch_add(1, Ordering::Relaxed))
}

/// Compresses and encrypts.
pub(crate) fn stages(repeatable: bool) -> String {
    format!(
        r#"
        [[stage]]
        plugin = "bundled:zstd"

        [[stage]]
        plugin = "bundled:aes-gcm"
        required = true
        settings = {{ ring = "payments", repeatable = {repeatable} }}
        grants.keys = ["payments"]
        "#
    )
}

/// Returns a builder with these stages and with `storage`.
pub(crate) fn opening(storage: &str) -> CloakroomBuilder {
    opened(stages(false) + storage)
}

/// Returns a builder with the configuration `text`, and with the tests' keys and compile cache.
pub(crate) fn opened(text: String) -> CloakroomBuilder {
    CloakroomBuilder::text(text).with_key_ring("payments", ring()).with_cache(compile_cache())
}

/// Storage in a folder.
pub(crate) fn in_folder(name: &str, folder: &Path) -> String {
    let storage = format!("[storage]\nthreshold = \"256KiB\"\nstore_with = \"{name}\"\n");
    storage + &folder_driver(name, folder)
}

/// A driver of a folder.
pub(crate) fn folder_driver(name: &str, folder: &Path) -> String {
    format!(
        r#"
        [[storage.driver]]
        name = "{name}"
        plugin = "bundled:file"
        settings = {{ bucket = "{name}" }}
        grants.buckets = ["{name}"]

        [buckets.{name}]
        url = "file:{}"
        "#,
        folder.display()
    )
}

/// The data converter that workers and clients of these tests have.
pub(crate) fn converter(cloakroom: &Cloakroom) -> DataConverter {
    cloakroom.converter().with_namespace("default").with_encoded_failures().build()
}

/// A client.
pub(crate) async fn client(url: &str, converter: DataConverter) -> Client {
    client_with(unhooked(url), converter).await
}

/// A client with this connection.
pub(crate) async fn client_with(connection: ConnectionOptions, converter: DataConverter) -> Client {
    let connection = connect(connection).await;
    let options = ClientOptions::new("default").data_converter(converter).build();
    Client::new(connection, options).unwrap()
}

/// Options of a connection as the SDK has it.
fn unhooked(url: &str) -> ConnectionOptions {
    ConnectionOptions::new(url::Url::parse(url).unwrap()).build()
}

/// A connection. The server may be on its way back.
pub(crate) async fn connection(url: &str) -> Connection {
    connect(unhooked(url)).await
}

async fn connect(options: ConnectionOptions) -> Connection {
    until(async || Connection::connect(options.clone()).await).await
}

/// Tries until it is done, for as long as is bearable.
pub(crate) async fn until<T, E: Display>(mut done: impl AsyncFnMut() -> Result<T, E>) -> T {
    let give_up = Instant::now() + PATIENCE;
    loop {
        match done().await {
            Ok(done) => return done,
            Err(error) => assert!(Instant::now() < give_up, "{error}"),
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Parts that a worker runs.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Parts {
    Activities,
    Both,
    Workflows,
}

/// A worker that runs until it is dropped.
pub(crate) struct Running {
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
    log: Log,
}

/// Returns a subscriber with the most that an operator may turn on: `trace` of our crates, `debug`
/// of `object_store`, and `info` of the others.
fn subscriber(log: Log) -> impl Subscriber + Send + Sync {
    let filter = "info,cloakroom=trace,cloakroom_pipeline=trace,cloakroom_plugin=trace,\
                  cloakroom_temporal=trace,cloakroom_stores=trace,object_store=debug";
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(false)
        .with_span_events(FmtSpan::CLOSE)
        .with_writer(log)
        .finish()
}

impl Running {
    /// Returns the log so far.
    pub(crate) fn log(&self) -> String {
        self.log.text()
    }

    /// Starts a worker of everything.
    pub(crate) fn start(url: &str, queue: &str, converter: DataConverter) -> Self {
        Self::of(url, queue, converter, Parts::Both)
    }

    /// Starts a worker of these parts.
    pub(crate) fn of(url: &str, queue: &str, converter: DataConverter, parts: Parts) -> Self {
        Self::connected(unhooked(url), queue, converter, parts)
    }

    /// Starts a worker that caches no workflow: each task brings a history from its start.
    pub(crate) fn uncached(url: &str, queue: &str) -> Self {
        Self::caching(unhooked(url), queue, DataConverter::default(), Parts::Both, Some(0))
    }

    /// Starts a worker with this connection.
    pub(crate) fn connected(
        connection: ConnectionOptions,
        queue: &str,
        converter: DataConverter,
        parts: Parts,
    ) -> Self {
        Self::caching(connection, queue, converter, parts, None)
    }

    /// Starts a worker that caches so many workflows. The SDK's futures stay on the thread that they
    /// began on.
    fn caching(
        connection: ConnectionOptions,
        queue: &str,
        converter: DataConverter,
        parts: Parts,
        cached: Option<usize>,
    ) -> Self {
        let (stop, stopped) = oneshot::channel();
        let queue = queue.to_owned();
        let log = Log::new();
        let logged = Dispatch::new(subscriber(log.clone()));
        let thread = std::thread::spawn(move || {
            let _logged = dispatcher::set_default(&logged);
            // All threads of the worker log to the same place, for as long as they live.
            let log = move || std::mem::forget(dispatcher::set_default(&logged));
            let mut tokio = tokio::runtime::Builder::new_multi_thread();
            let tokio = tokio.enable_all().on_thread_start(log).build().unwrap();
            tokio.block_on(async {
                let runtime = Runtime::from_current_tokio(Default::default()).unwrap();
                let mut options = WorkerOptions::new(queue).build();
                if let Some(cached) = cached {
                    options.max_cached_workflows = cached;
                }
                if parts != Parts::Activities {
                    options.register_workflow::<Again>().unwrap();
                    options.register_workflow::<Courier>().unwrap();
                    options.register_workflow::<Failing>().unwrap();
                    options.register_workflow::<Filled>().unwrap();
                    options.register_workflow::<Grown>().unwrap();
                    options.register_workflow::<Held>().unwrap();
                    options.register_workflow::<Helper>().unwrap();
                    options.register_workflow::<Stumbling>().unwrap();
                    options.register_workflow::<Swollen>().unwrap();
                    options.register_workflow::<ToPython>().unwrap();
                    options.register_workflow::<Waiting>().unwrap();
                }
                if parts != Parts::Workflows {
                    options.register_activities(Porter);
                }
                let client = client_with(connection, converter).await;
                let mut worker = Worker::new(&runtime, client, options).unwrap();
                let shut_down = worker.shutdown_handle();
                let ended = async {
                    let _ = stopped.await;
                    shut_down();
                };
                let (ran, ()) = tokio::join!(worker.run(), ended);
                ran.unwrap();
            });
        });
        Self { stop: Some(stop), thread: Some(thread), log }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.stop.take());
        let ended = self.thread.take().map(JoinHandle::join);
        if !std::thread::panicking() {
            ended.unwrap().unwrap();
        }
    }
}
