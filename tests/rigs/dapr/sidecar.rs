//! A sidecar: daprd, beside one app.

use std::{
    cell::Cell,
    fs,
    net::{Ipv4Addr, SocketAddr},
    path::Path,
    process::Command,
};

use super::ControlPlane;
use crate::{
    dapr, poll_until,
    rigs::{Server, free_port, http},
};

/// Options of a sidecar.
#[derive(Clone, Copy)]
pub struct SidecarOptions<'a> {
    /// The app that it serves. Its workflows and its state are under this name.
    pub app: &'a str,
    /// The option `--max-body-size`, in Dapr's notation.
    pub max_body_size: &'a str,
    /// The Redis that keeps its state. Without one the state is gone when the sidecar is.
    pub redis: Option<&'a Server>,
}

/// Starts the sidecar. The largest body is in a file, so that it is another one after a restart.
const SCRIPT: &str = r#"
    if [ -e trusted.pem ]; then
        export NAMESPACE=default DAPR_TRUST_ANCHORS="$(cat trusted.pem)"
    fi
    exec "$@" --max-body-size "$(cat max-body-size)"
"#;

/// Has histories signed, which needs TLS.
const SIGNING: &str = "apiVersion: dapr.io/v1alpha1\nkind: Configuration\nmetadata: { name: signing }\n\
                       spec: { features: [{ name: WorkflowHistorySigning, enabled: true }] }\n";

/// A sidecar, without TLS. It ends when this is dropped.
pub struct Sidecar {
    server: Server,
    http: SocketAddr,
    metrics: SocketAddr,
}

impl Sidecar {
    /// Starts one, and waits until it is healthy.
    pub fn start(control: &ControlPlane, options: SidecarOptions<'_>) -> Self {
        let ports = Cell::new((0, 0));
        let server = Server::start("daprd", |folder, port| {
            ports.set((free_port(), free_port()));
            fs::create_dir(folder.join("resources")).expect("a folder");
            fs::write(folder.join("resources/state.yaml"), component(options.redis))
                .expect("a file");
            fs::write(folder.join("max-body-size"), options.max_body_size).expect("a file");
            let mut daprd = Command::new("sh");
            daprd.args(["-c", SCRIPT, "sh"]).arg(dapr().join("go/dapr")).arg("daprd");
            daprd.args(["--app-id", options.app, "--resources-path=resources"]);
            daprd.arg("--dapr-listen-addresses=127.0.0.1");
            daprd.arg("--dapr-internal-grpc-listen-address=127.0.0.1");
            daprd.arg("--metrics-listen-address=127.0.0.1");
            daprd.arg(format!("--dapr-grpc-port={port}"));
            daprd.arg(format!("--dapr-internal-grpc-port={}", free_port()));
            daprd.arg(format!("--dapr-http-port={}", ports.get().0));
            daprd.arg(format!("--metrics-port={}", ports.get().1));
            daprd.arg(format!("--placement-host-address={}", control.placement.address()));
            daprd.arg(format!("--scheduler-host-address={}", control.scheduler.address()));
            if let Some((trusted, sentry)) = control.authority() {
                fs::write(folder.join("config.yaml"), SIGNING).expect("a file");
                fs::write(folder.join("trusted.pem"), trusted).expect("a file");
                daprd.args(["--enable-mtls", "--sentry-address", &sentry]);
                daprd.args(["--control-plane-trust-domain=localhost", "--config=config.yaml"]);
            }
            daprd
        });
        server.durable();
        let (http, metrics) = ports.get();
        let at = |port| SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let sidecar = Self { server, http: at(http), metrics: at(metrics) };
        sidecar.wait();
        sidecar
    }

    fn wait(&self) {
        poll_until("the sidecar is healthy", || http::body(self.http, "/v1.0/healthz").is_some());
    }

    /// Returns the host and port where apps find it.
    pub fn target(&self) -> String {
        self.server.address().to_string()
    }

    /// Kills it as `kill -9` does, and starts it again at the same address with another largest body.
    pub fn restart(&self, max_body_size: &str) {
        let number = || fs::read_to_string(self.folder().join("pid")).unwrap_or_default();
        let killed = number();
        fs::write(self.folder().join("max-body-size"), max_body_size).expect("a file");
        self.server.crash();
        poll_until("another sidecar runs", || {
            let runs = number();
            !runs.is_empty() && runs != killed
        });
        self.wait();
    }

    /// Returns what it shows Prometheus.
    pub fn metrics(&self) -> String {
        http::body(self.metrics, "/metrics").expect("metrics")
    }

    /// Returns the answer of its workflow API about an instance.
    pub fn workflow(&self, id: &str) -> String {
        http::body(self.http, &format!("/v1.0/workflows/dapr/{id}")).expect("a workflow")
    }

    /// Returns its log.
    pub fn log(&self) -> String {
        let log = fs::read(self.folder().join("log")).expect("its log");
        String::from_utf8_lossy(&log).into_owned()
    }

    /// Returns the folder of its log.
    pub fn folder(&self) -> &Path {
        self.server.folder()
    }
}

fn component(redis: Option<&Server>) -> String {
    let (kind, host) = match redis {
        None => ("in-memory", String::new()),
        Some(redis) => {
            let host = format!(r#", {{ name: redisHost, value: "{}" }}"#, redis.address());
            ("redis", host + r#", { name: redisPassword, value: "" }"#)
        }
    };
    format!(
        "apiVersion: dapr.io/v1alpha1\nkind: Component\nmetadata: {{ name: state }}\n\
         spec:\n  type: state.{kind}\n  version: v1\n  \
         metadata: [{{ name: actorStateStore, value: \"true\" }}{host}]\n"
    )
}
