//! Servers with one key: Cloakroom's program, and the sample's shape in Python.

use std::{
    env, fs,
    net::{Ipv4Addr, SocketAddr, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command},
    thread::sleep,
    time::{Duration, Instant},
};

use cloakroom_benches::Process;
use cloakroom_tests::{KEY, rigs::free_port};

/// Time that a server may take until it listens. Cloakroom compiles a plugin first.
const PATIENCE: Duration = Duration::from_secs(60);

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

    /// Returns what Linux counts of it.
    pub(crate) fn counted(&self) -> Process {
        Process::of(&self.process)
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
