//! Dapr: its control plane, and sidecars, as `tests/dapr` builds them.

mod sidecar;

pub use sidecar::{Sidecar, SidecarOptions};

use std::{fs, path::Path, process::Command, sync::OnceLock};

use super::{Server, free_port};
use crate::dapr;

/// Placement and the scheduler. Sidecars of any number of apps share them.
pub struct ControlPlane {
    placement: Server,
    scheduler: Server,
    sentry: Option<Server>,
}

impl ControlPlane {
    /// Returns the one that tests share. It has no TLS.
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<ControlPlane> = OnceLock::new();
        SHARED.get_or_init(|| Self::start(None))
    }

    /// Starts one of its own for a test.
    pub fn alone() -> Self {
        Self::start(None)
    }

    /// Starts one with sentry, which gives the others and the sidecars certificates. Only with these do
    /// sidecars sign histories.
    pub fn signing() -> Self {
        let sentry = Server::start("sentry", |folder, port| {
            fs::write(folder.join("config.yaml"), SENTRY).expect("a file");
            let mut sentry = service("sentry", port);
            sentry.arg("--config").arg(folder.join("config.yaml"));
            // It makes an authority of its own there.
            sentry.arg("--issuer-credentials").arg(folder).arg("--trust-domain=localhost");
            sentry
        });
        Self::start(Some(sentry))
    }

    fn start(sentry: Option<Server>) -> Self {
        let placement = Server::start("placement", |_, port| {
            let mut placement = service("placement", port);
            secure(&mut placement, sentry.as_ref());
            placement.arg(format!("--initial-cluster=dapr-placement-0=127.0.0.1:{}", free_port()));
            placement
        });
        let scheduler = Server::start("the scheduler", |folder, port| {
            let mut scheduler = service("scheduler", port);
            secure(&mut scheduler, sentry.as_ref());
            scheduler.arg("--id=dapr-scheduler-server-0").arg("--etcd-data-dir").arg(folder);
            let cluster = format!("dapr-scheduler-server-0=http://127.0.0.1:{}", free_port());
            scheduler.arg(format!("--etcd-initial-cluster={cluster}"));
            scheduler.arg(format!("--etcd-client-port={}", free_port()));
            scheduler.arg(format!("--override-broadcast-host-port=127.0.0.1:{port}"));
            scheduler
        });
        Self { placement, scheduler, sentry }
    }

    /// Returns the folder in which the scheduler keeps the reminders of workflows.
    pub fn reminders(&self) -> &Path {
        self.scheduler.folder()
    }

    /// Returns what sidecars trust, and where sentry is, if there is TLS.
    fn authority(&self) -> Option<(String, String)> {
        let sentry = self.sentry.as_ref()?;
        let trusted = fs::read_to_string(sentry.folder().join("ca.crt")).expect("an authority");
        Some((trusted, sentry.address().to_string()))
    }
}

/// Sentry starts only with a configuration.
const SENTRY: &str = "apiVersion: dapr.io/v1alpha1\nkind: Configuration\nmetadata: { name: sentry }\n\
                      spec: { mtls: { enabled: true } }\n";

/// Returns the command of a service of the control plane, which listens on loopback alone.
fn service(name: &str, port: u16) -> Command {
    let mut service = Command::new(dapr().join("go/dapr"));
    service.args([name, "--listen-address=127.0.0.1"]);
    service.args(["--metrics-listen-address=127.0.0.1", "--healthz-listen-address=127.0.0.1"]);
    service.arg(format!("--port={port}"));
    service.arg(format!("--healthz-port={}", free_port()));
    service.arg(format!("--metrics-port={}", free_port()));
    service
}

fn secure(service: &mut Command, sentry: Option<&Server>) {
    let Some(sentry) = sentry else {
        service.arg("--tls-enabled=false");
        return;
    };
    service.args(["--tls-enabled=true", "--trust-domain=localhost"]);
    service.arg("--trust-anchors-file").arg(sentry.folder().join("ca.crt"));
    service.arg(format!("--sentry-address={}", sentry.address()));
}
