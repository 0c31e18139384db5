//! Servers with one key: Cloakroom's program, and the sample's shape in Python.

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

/// Time that a server may take until it listens. Cloakroom compiles a plugin first.
const PATIENCE: Duration = Duration::from_secs(60);

/// Ticks of a processor's time in a second, on every Linux that there is.
const TICKS: f64 = 100.0;

/// Way in which Cloakroom's stage runs.
#[derive(Clone, Copy)]
pub(crate) enum Stages {
    /// On an instance for each call, which is the default.
    Fresh,
    /// On instances that are kept.
    Warm,
    /// Not at all: what HTTP and JSON cost.
    Off,
}

/// Configuration of Cloakroom: defaults, except for the stage, its key and the compile cache.
const CONFIG: &str = r#"
[[stage]]
plugin = "bundled:aes-gcm"
settings = { ring = "bench", format = "temporal" }
grants.keys = ["bench"]
[keys.bench]
current = "bench"
material = { bench = { file = "key" } }
[cache]
folder = "compiled"
[namespace.off]
mode = "off"
"#;

pub(crate) struct Contestant {
    pub(crate) address: SocketAddr,
    process: Child,
    folder: tempfile::TempDir,
}

impl Contestant {
    pub(crate) fn python() -> Self {
        let python = env::var_os("CLOAKROOM_PYTHON").expect("run this as `cargo xtask bench`");
        let script = repository().join("tests/python/codec_server.py");
        Self::start("Python", |_, address| {
            let mut server = Command::new(&python);
            server.arg(&script).args([&address.port().to_string(), "bench", &hex::encode(KEY)]);
            server
        })
    }

    /// Starts a built program.
    pub(crate) fn cloakroom(program: &Path, stages: Stages) -> Self {
        let config = match stages {
            Stages::Warm => CONFIG.replacen("\nsettings", "\nreuse = \"warm\"\nsettings", 1),
            Stages::Fresh | Stages::Off => CONFIG.to_owned(),
        };
        Self::start("Cloakroom", |folder, address| {
            let file = folder.join("cloakroom.toml");
            fs::write(&file, &config).expect("a configuration");
            fs::write(folder.join("key"), KEY).expect("a key");
            let mut server = Command::new(program);
            server.arg("codec-server").arg("--config").arg(file);
            server.args(["--listen", &address.to_string()]);
            server
        })
    }

    fn start(name: &'static str, command: impl Fn(&Path, SocketAddr) -> Command) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, free_port()));
        let log = fs::File::create(folder.path().join("log")).expect("a log");
        let process = command(folder.path(), address).stderr(log).spawn().expect("starts");
        let mut server = Self { address, process, folder };
        let started = Instant::now();
        while TcpStream::connect(address).is_err() {
            let runs = matches!(server.process.try_wait(), Ok(None));
            assert!(runs && started.elapsed() < PATIENCE, "{name}: {}", server.log());
            sleep(Duration::from_millis(20));
        }
        server
    }

    fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    /// Seconds of processor time so far.
    pub(crate) fn worked(&self) -> f64 {
        let stat = self.proc("stat");
        // The program's name comes first, and may hold anything.
        let (_, fields) = stat.rsplit_once(") ").expect("a name");
        let ticks = fields.split(' ').skip(11).take(2).map(|ticks| ticks.parse::<f64>());
        ticks.map(|ticks| ticks.expect("a number")).sum::<f64>() / TICKS
    }

    /// Bytes in memory.
    pub(crate) fn resident(&self) -> f64 {
        self.status("VmRSS")
    }

    /// The most that it has held since [`forget_peak`](Self::forget_peak).
    pub(crate) fn peak(&self) -> f64 {
        self.status("VmHWM")
    }

    pub(crate) fn forget_peak(&self) {
        let path = format!("/proc/{}/clear_refs", self.process.id());
        fs::write(path, "5").expect("Linux");
    }

    fn status(&self, name: &str) -> f64 {
        let status = self.proc("status");
        let line = status.lines().find(|line| line.starts_with(name)).expect("there");
        let kib: f64 = line.split_whitespace().nth(1).expect("a number").parse().expect("a number");
        kib * 1024.0
    }

    fn proc(&self, file: &str) -> String {
        fs::read_to_string(format!("/proc/{}/{file}", self.process.id())).expect("it runs")
    }
}

impl Drop for Contestant {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The program, as it is shipped.
pub(crate) fn program() -> PathBuf {
    let mut build = Command::new(env!("CARGO"));
    build.args(["build", "--quiet", "--release"]);
    // The selection of the benchmarks: another one would build all of it again.
    build.args(
        ["cloakroom-benches", "invoice", "cloakroom-cli"].map(|name| format!("--package={name}")),
    );
    build.arg("--message-format=json").current_dir(repository());
    let built = build.output().expect("cargo");
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    let messages = String::from_utf8(built.stdout).expect("text");
    let messages = messages.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let mut programs =
        messages.filter_map(|message| Some(message["executable"].as_str()?.to_owned()));
    programs.next_back().expect("a program").into()
}
