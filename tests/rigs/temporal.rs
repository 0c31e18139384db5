//! Temporal: its development server, with the Web UI, and its command line.

use std::{
    fs,
    net::{Ipv4Addr, SocketAddr, TcpStream},
    path::Path,
    process::{Command, Stdio},
    thread::sleep,
    time::{Duration, Instant},
};

use super::{Server, server::from_python};
use crate::PATIENCE;

/// Options of a development server. The default has no Web UI, and the server's own limits.
#[derive(Clone, Copy, Default)]
pub struct DevOptions<'a> {
    /// The Web UI: its port, and the codec server that it asks.
    ///
    /// The port is for the test to choose, with [`free_port`](super::free_port): a codec server
    /// wants to know the origin of those who ask before they exist.
    pub ui: Option<(u16, &'a str)>,
    /// Dynamic configuration: names, and values in JSON.
    pub dynamic: &'a [(&'a str, &'a str)],
}

/// Temporal's development server, with the namespace `default`, on a database of its own.
pub struct DevServer {
    server: Server,
    ui: Option<SocketAddr>,
}

impl DevServer {
    /// Starts one, and waits until it serves.
    pub fn start(options: DevOptions<'_>) -> Self {
        let server = Server::start("temporal", |folder, port| {
            let mut temporal = cli();
            temporal.args(["server", "start-dev", "--log-level", "warn", "--ip", "127.0.0.1"]);
            temporal.args(["--port", &port.to_string()]);
            temporal.arg("--db-filename").arg(folder.join("database"));
            match options.ui {
                None => temporal.arg("--headless"),
                Some((port, codec_server)) => temporal
                    .args(["--ui-port", &port.to_string(), "--ui-codec-endpoint", codec_server])
                    .arg("--ui-disable-news-fetch"),
            };
            for (name, value) in options.dynamic {
                temporal.args(["--dynamic-config-value", &format!("{name}={value}")]);
            }
            temporal
        });
        let ui = options.ui.map(|(port, _)| SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
        let server = Self { server, ui };
        server.wait();
        server
    }

    /// It listens before it knows the namespace, and before the Web UI does.
    fn wait(&self) {
        let started = Instant::now();
        while !self.serves() {
            assert!(started.elapsed() < PATIENCE, "temporal does not serve: {}", self.log());
            sleep(Duration::from_millis(20));
        }
        // It was gone in the middle of a run, once. Its database is in its folder.
        self.server.durable();
    }

    fn serves(&self) -> bool {
        let mut describe = temporal(&self.target());
        describe.args(["operator", "namespace", "describe", "--namespace", "default"]);
        describe.stdout(Stdio::null()).stderr(Stdio::null());
        let shown = self.ui.is_none_or(|ui| TcpStream::connect(ui).is_ok());
        shown && describe.status().expect("the command line of Temporal").success()
    }

    /// Returns the folder of its database and its log.
    pub fn folder(&self) -> &Path {
        self.server.folder()
    }

    /// Crashes it. It comes back with what it knew.
    pub fn crash(&self) {
        self.server.crash();
    }

    /// Where clients and workers find it, as a URL.
    pub fn url(&self) -> String {
        self.server.url()
    }

    /// The same as host and port.
    pub fn target(&self) -> String {
        self.server.address().to_string()
    }

    /// The Web UI, as a URL, where there is one.
    pub fn ui(&self) -> String {
        format!("http://{}", self.ui.expect("a server with a Web UI"))
    }

    /// Whether the server has kept or logged these bytes.
    ///
    /// The database cuts what it keeps where a page ends, so that one half of them is enough: each
    /// half has to be something that is nowhere else.
    pub fn holds(&self, needle: &[u8]) -> bool {
        let (one, other) = needle.split_at(needle.len() / 2);
        assert!(one.len() >= 8, "half of this may be anywhere");
        let mut files = fs::read_dir(self.server.folder()).expect("its folder");
        files.any(|file| {
            // A journal may be gone already.
            let held = fs::read(file.expect("a file").path()).unwrap_or_default();
            within(&held, one) || within(&held, other)
        })
    }

    /// Returns the server's log: warnings and errors.
    pub fn log(&self) -> String {
        let log = fs::read(self.server.folder().join("log")).expect("its log");
        String::from_utf8_lossy(&log).into_owned()
    }
}

/// Temporal's command line, for the server at this host and port.
pub fn temporal(target: &str) -> Command {
    let mut temporal = cli();
    temporal.args(["--address", target, "--color", "never"]);
    temporal
}

/// Without the environment, and so the home, of whoever runs this: both may configure it.
fn cli() -> Command {
    let mut env = Command::new("env");
    env.arg("-i").arg(from_python("temporal").get_program());
    env
}

fn within(held: &[u8], needle: &[u8]) -> bool {
    held.windows(needle.len()).any(|window| window == needle)
}
