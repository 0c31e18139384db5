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

use cloakroom_tests::rigs::{MotoKms, free_port};

/// Time that a process may take until it listens. Cloakroom compiles plugins first.
const PATIENCE: Duration = Duration::from_secs(60);

/// Ticks of a processor's time in a second, on every Linux that there is.
const TICKS: f64 = 100.0;

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

    /// Seconds of processor time so far.
    pub(crate) fn worked(&self) -> f64 {
        let Some(stat) = self.proc("stat") else { return 0.0 };
        // The program's name comes first, and may hold anything.
        let (_, fields) = stat.rsplit_once(") ").expect("a name");
        let ticks = fields.split(' ').skip(11).take(2).map(|ticks| ticks.parse::<f64>());
        ticks.map(|ticks| ticks.expect("a number")).sum::<f64>() / TICKS
    }

    /// Most bytes in memory so far.
    pub(crate) fn peak(&self) -> f64 {
        self.memory("VmHWM")
    }

    /// Bytes in memory now.
    pub(crate) fn resident(&self) -> f64 {
        self.memory("VmRSS")
    }

    fn memory(&self, key: &str) -> f64 {
        let Some(status) = self.proc("status") else { return 0.0 };
        let line = status.lines().find(|line| line.starts_with(key)).expect("there");
        let kib: f64 = line.split_whitespace().nth(1).expect("a number").parse().expect("a number");
        kib * 1024.0
    }

    fn proc(&self, file: &str) -> Option<String> {
        let process = self.process.as_ref()?;
        Some(fs::read_to_string(format!("/proc/{}/{file}", process.id())).expect("it runs"))
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
