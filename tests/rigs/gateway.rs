//! The gateway, as an operator runs it: the command line, in a process of its own.

use std::{fs, net::SocketAddr, os::unix::fs::DirBuilderExt as _, path::Path, process::Command};

use super::{Server, http};

/// The most that an operator may turn on: `trace` of our crates, `debug` of `object_store`.
const LOG: &str = "info,cloakroom=trace,cloakroom_pipeline=trace,cloakroom_plugin=trace,\
                   cloakroom_temporal=trace,cloakroom_dapr=trace,cloakroom_stores=trace,\
                   object_store=debug";

/// A gateway that ends when this is dropped, or with this process.
pub struct GatewayProcess(Server);

impl GatewayProcess {
    /// Starts `program` before Temporal, with these files, among them `cloakroom.toml`. A folder
    /// `objects` is beside them. The configuration may name either without a path.
    ///
    /// It listens at a port of its own, whatever the configuration says.
    pub fn start(program: &Path, files: &[(&str, &str)]) -> Self {
        Self::before(program, "temporal", files)
    }

    /// The same before an engine, as the command line names it.
    pub fn before(program: &Path, engine: &str, files: &[(&str, &str)]) -> Self {
        let server = Server::start("the gateway", |folder, port| {
            let (mut objects, config) = (fs::DirBuilder::new(), folder.join("cloakroom.toml"));
            objects.mode(0o700).create(folder.join("objects")).expect("a folder");
            for (name, text) in files {
                fs::write(folder.join(name), text).expect("a file");
            }
            let mut gateway = Command::new("env");
            gateway.arg(format!("CLOAKROOM_LOG={LOG}")).arg(program);
            gateway.args(["gateway", engine, "--config"]).arg(config);
            gateway.args(["--listen", &format!("127.0.0.1:{port}")]);
            gateway
        });
        server.durable();
        Self(server)
    }

    /// Returns the host and port where workers and clients find it.
    pub fn target(&self) -> String {
        self.0.address().to_string()
    }

    /// The same as a URL.
    pub fn url(&self) -> String {
        self.0.url()
    }

    /// Returns the folder of its files, its objects and its log.
    pub fn folder(&self) -> &Path {
        self.0.folder()
    }

    /// Returns its log.
    pub fn log(&self) -> String {
        let log = fs::read(self.folder().join("log")).expect("its log");
        String::from_utf8_lossy(&log).into_owned()
    }

    /// Returns what it shows Prometheus at the address that its configuration names.
    pub fn metrics(&self, address: SocketAddr) -> String {
        http::body(address, "/metrics").expect("metrics")
    }

    /// Sends it a signal, such as `HUP`. If it ends, it is started again at the same address.
    pub fn signal(&self, name: &str) {
        self.0.signal(name);
    }

    /// Kills it as `kill -9` does. It is started again at the same address.
    pub fn crash(&self) {
        self.0.crash();
    }
}
