//! Two apps, each with a sidecar and a gateway. The gateways have one store, one key and one text of rules.

use std::{fs, net::SocketAddr, os::unix::fs::DirBuilderExt as _};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use cloakroom_tests::{
    KEY, poll_until,
    rigs::{ControlPlane, GatewayProcess, Sidecar, SidecarOptions, free_port, redis},
};
use tempfile::TempDir;

use super::observer::Observer;
use crate::{cli::binary, codec_server::client::ask};

/// Encrypts for one app, and refuses anything else.
pub(super) const SEALED: &str = r#"
    [[stage]]
    plugin = "bundled:aes-gcm"
    required = true
    settings = { ring = "payments", repeatable = true, namespace = "require" }
    grants.keys = ["payments"]

    [keys.payments]
    current = "2026-11"
    material = { "2026-11" = { file = "payments.key" } }
"#;

/// Two apps by their names.
pub(super) struct Pair {
    pub(super) names: [&'static str; 2],
    pub(super) members: [Member; 2],
    _objects: TempDir,
}

/// One app's sidecar and gateway.
pub(super) struct Member {
    pub(super) gateway: GatewayProcess,
    pub(super) sidecar: Sidecar,
    /// A client behind the gateway.
    pub(super) observer: Observer,
    config: String,
    metrics: u16,
}

impl Pair {
    /// Starts both with these rules of namespaces. Payloads from `threshold` on are stored, and claims are bound
    /// to their app. Without it nothing is stored.
    pub(super) fn start(
        control: &ControlPlane,
        names: [&'static str; 2],
        threshold: Option<&str>,
        rules: &str,
    ) -> Self {
        let objects = tempfile::tempdir().unwrap();
        let folder = objects.path().join("objects");
        fs::DirBuilder::new().mode(0o700).create(&folder).unwrap();
        let storage = |threshold| {
            format!(
                "[storage]\nthreshold = \"{threshold}\"\n\
                 claims = {{ policy = \"require\", ring = \"payments\", bind_namespace = true }}\n\
                 [[storage.driver]]\nname = \"local.filedriver\"\nplugin = \"bundled:file\"\n\
                 settings = {{ bucket = \"payloads\" }}\ngrants.buckets = [\"payloads\"]\n\
                 [buckets.payloads]\nurl = \"file:{}\"\n",
                folder.display()
            )
        };
        let text = SEALED.to_owned() + &threshold.map(storage).unwrap_or_default();
        let members = names.map(|name| Member::start(control, name, &text, rules));
        Self { names, members, _objects: objects }
    }
}

impl Member {
    /// Starts one behind these stages, with these rules of namespaces.
    pub(super) fn start(control: &ControlPlane, app: &str, stages: &str, rules: &str) -> Self {
        let max_body_size = "256Ki";
        let options = SidecarOptions { app, max_body_size, redis: Some(redis()) };
        let (sidecar, metrics) = (Sidecar::start(control, options), free_port());
        let config = format!(
            "{stages}\n[gateway.dapr]\nupstream = \"http://{}\"\nmax_body_size = \"{max_body_size}\"\n\
             app_max_message = \"16Mi\"\nhold_time = \"600s\"\n\
             metrics_listen = \"127.0.0.1:{metrics}\"\n",
            sidecar.target(),
        );
        let (text, key) = (config.clone() + rules, STANDARD.encode(KEY));
        let files = [("cloakroom.toml", &*text), ("payments.key", &*key)];
        let gateway = GatewayProcess::before(binary(), "dapr", &files);
        let observer = Observer::of(&gateway.target());
        Self { gateway, sidecar, observer, config, metrics }
    }

    /// Replaces the rules of namespaces, and waits until they hold.
    pub(super) fn reload(&self, rules: &str) {
        let path = self.gateway.folder().join("cloakroom.toml");
        fs::write(path, self.config.clone() + rules).unwrap();
        poll_until("the rules hold", || {
            self.gateway.log().contains("the configuration was swapped")
        });
    }

    /// Returns what the gateway shows Prometheus.
    pub(super) fn metrics(&self) -> String {
        let address = SocketAddr::from(([127, 0, 0, 1], self.metrics));
        ask(address, "GET /metrics", &[], b"").body
    }
}

/// Returns rules by which each of these apps may read what is written for the other.
pub(super) fn sharing([one, other]: [&str; 2]) -> String {
    share(one, other) + &share(other, one)
}

/// Returns the rule by which `reader` may read what is written for `app`.
pub(super) fn share(app: &str, reader: &str) -> String {
    format!("[namespace.{app}]\nshares = [\"{reader}\"]\n")
}
