//! The processes that stand between client and stub.

use std::{
    env, fs,
    net::{Ipv4Addr, SocketAddr, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command},
    thread::sleep,
    time::{Duration, Instant},
};

use cloakroom_tests::{KEY, rigs::free_port};
use serde_json::Value;

use crate::{
    envoy,
    messages::{Messages, Story},
};

/// Time that a process may take until it listens. Cloakroom compiles plugins first.
const PATIENCE: Duration = Duration::from_secs(60);

/// Ticks of a processor's time in a second, on every Linux that there is.
const TICKS: f64 = 100.0;

pub(crate) struct Proxy {
    pub(crate) name: &'static str,
    pub(crate) address: SocketAddr,
    process: Option<Child>,
    _folder: Option<tempfile::TempDir>,
}

impl Proxy {
    /// Starts a stub that serves the page in a file.
    pub(crate) fn stub(page: &Path) -> Self {
        Self::own("stub", |address| vec![address.to_string(), page.display().to_string()])
    }

    /// Starts every proxy before this stub. None comes first: calls go to the stub itself.
    pub(crate) fn all(stub: &Self, messages: &Messages, story: &Story) -> Vec<Self> {
        let to = stub.address;
        let direct = Self { name: "direct", address: to, process: None, _folder: None };
        let forwarder = Self::own("forwarder", |address| vec![address.to_string(), to.to_string()]);
        let mut all = vec![direct, forwarder, envoy(to)];
        if !story.is_sealed {
            all.push(Self::gateway("gateway, passing on", "", to));
        }
        all.push(Self::gateway("gateway, zstd and AES-GCM", messages.stages(), to));
        all
    }

    /// Starts this program in another role.
    fn own(role: &'static str, args: impl Fn(SocketAddr) -> Vec<String>) -> Self {
        let program = env::current_exe().expect("a program");
        Self::start(role, |_, address| {
            let mut command = Command::new(&program);
            command.arg(role).args(args(address));
            command
        })
    }

    fn gateway(name: &'static str, stages: &str, to: SocketAddr) -> Self {
        let program = built();
        Self::start(name, |folder, address| {
            let config = folder.join("cloakroom.toml");
            let gateway = format!("[gateway.temporal]\nupstream = \"http://{to}\"\n");
            fs::write(&config, format!("{stages}{gateway}")).expect("a configuration");
            fs::write(folder.join("key"), KEY).expect("a key");
            let mut command = Command::new(&program);
            command.args(["gateway", "temporal", "--config"]).arg(config);
            command.args(["--listen", &address.to_string()]);
            command
        })
    }

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
        Self { name, address, process: Some(process), _folder: Some(folder) }
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
        let Some(status) = self.proc("status") else { return 0.0 };
        let line = status.lines().find(|line| line.starts_with("VmHWM")).expect("there");
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

/// Starts Envoy. Its launcher in Python becomes Envoy, and keeps its process.
fn envoy(to: SocketAddr) -> Proxy {
    let python = env::var_os("CLOAKROOM_PYTHON").expect("run this as `cargo xtask bench`");
    let program = PathBuf::from(python).with_file_name("envoy");
    Proxy::start("Envoy", |folder, address| {
        let config = folder.join("envoy.yaml");
        fs::write(&config, envoy::config(address, to)).expect("a configuration");
        let mut command = Command::new(&program);
        command.arg("-c").arg(config);
        command.args(["--concurrency", "1", "--log-level", "warn", "--disable-hot-restart"]);
        command
    })
}

/// The program, as it is shipped.
fn built() -> PathBuf {
    let mut build = Command::new(env!("CARGO"));
    build.args(["build", "--quiet", "--release", "--package", "cloakroom-cli"]);
    build.arg("--message-format=json");
    build.current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("../.."));
    let built = build.output().expect("cargo");
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    let messages = String::from_utf8(built.stdout).expect("text");
    let messages = messages.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let programs = messages.filter_map(|message| Some(message["executable"].as_str()?.to_owned()));
    programs.last().expect("a program").into()
}
