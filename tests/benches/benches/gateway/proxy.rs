//! The processes that stand between client and stub.

use std::{
    fs,
    net::{Ipv4Addr, SocketAddr, TcpStream},
    path::Path,
    process::{Child, Command},
    sync::Arc,
    thread::sleep,
    time::{Duration, Instant},
};

use cloakroom_benches::Process;
use cloakroom_tests::rigs::{MotoKms, free_port};

/// Time that a process may take until it listens. Cloakroom compiles plugins first.
const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) struct Proxy {
    pub(crate) name: &'static str,
    pub(crate) address: SocketAddr,
    process: Option<Child>,
    _folder: Option<tempfile::TempDir>,
    /// Service that it asks, which runs as long as it does.
    service: Option<Arc<MotoKms>>,
}

impl Proxy {
    /// Returns no proxy: calls go to the stub itself.
    pub(crate) fn none(stub: &Self) -> Self {
        Self { name: "direct", address: stub.address, process: None, _folder: None, service: None }
    }

    /// Starts a process, and waits until it listens. Its command gets a folder and the address.
    pub(crate) fn start(
        name: &'static str,
        command: impl Fn(&Path, SocketAddr) -> Command,
    ) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, free_port()));
        let path = folder.path().join("log");
        let log = fs::File::create(&path).expect("a log");
        let mut process = command(folder.path(), address).stderr(log).spawn().expect("starts");
        let started = Instant::now();
        while TcpStream::connect(address).is_err() {
            let runs = matches!(process.try_wait(), Ok(None)) && started.elapsed() < PATIENCE;
            assert!(runs, "{name}: {}", fs::read_to_string(&path).unwrap_or_default());
            sleep(Duration::from_millis(20));
        }
        Self { name, address, process: Some(process), _folder: Some(folder), service: None }
    }

    /// Keeps the service that it asks.
    pub(crate) fn with_service(mut self, service: &Arc<MotoKms>) -> Self {
        self.service = Some(service.clone());
        self
    }

    /// Returns whether it decodes payloads.
    pub(crate) fn decodes(&self) -> bool {
        !matches!(self.name, "direct" | "forwarder" | "Envoy")
    }

    /// Seconds of processor time so far. None is between a client and the stub itself.
    pub(crate) fn worked(&self) -> f64 {
        self.counted().map_or(0.0, Process::worked)
    }

    /// Most bytes in memory so far.
    pub(crate) fn peak(&self) -> f64 {
        self.counted().map_or(0.0, Process::peak)
    }

    /// Bytes in memory now.
    pub(crate) fn resident(&self) -> f64 {
        self.counted().map_or(0.0, Process::resident)
    }

    fn counted(&self) -> Option<Process> {
        self.process.as_ref().map(Process::of)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        if let Some(process) = &mut self.process {
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}
