//! A gateway as a process, between an app and a sidecar of its own.

use std::net::{Ipv4Addr, SocketAddr};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use cloakroom_tests::{
    KEY,
    rigs::{ControlPlane, GatewayProcess, Sidecar, SidecarOptions, Tap, free_port},
};

use super::observer::Observer;
use crate::cli::binary;

/// Compresses and encrypts.
const STAGES: &str = r#"
    [[stage]]
    plugin = "bundled:zlib"
    settings = { level = 1 }

    [[stage]]
    plugin = "bundled:aes-gcm"
    settings = { ring = "payments", repeatable = true }
    grants.keys = ["payments"]

    [keys.payments]
    current = "2026-11"
    material = { "2026-11" = { file = "payments.key" } }
"#;

/// Stores in the folder `objects` what is more than a few kilobytes.
const FOLDER: &str = r#"
    [storage]
    threshold = "16KiB"

    [[storage.driver]]
    name = "local.filedriver"
    plugin = "bundled:file"
    settings = { bucket = "payloads" }
    grants.buckets = ["payloads"]

    [buckets.payloads]
    url = "file:objects"
"#;

/// The most that passes between a gateway and its sidecar in one message.
const SMALL: usize = 64 << 10;

/// A gateway, the sidecar behind it, and a tap between the two.
pub(super) struct Behind {
    pub(super) gateway: GatewayProcess,
    pub(super) sidecar: Sidecar,
    pub(super) observer: Observer,
    tap: Tap,
    metrics: SocketAddr,
}

impl Behind {
    /// Starts them. `app_max_message` is the largest message that the app receives.
    pub(super) fn start(
        control: &ControlPlane,
        options: SidecarOptions<'_>,
        app_max_message: &str,
    ) -> Self {
        Self::storing(control, options, app_max_message, FOLDER)
    }

    /// The same with other storage.
    pub(super) fn storing(
        control: &ControlPlane,
        options: SidecarOptions<'_>,
        app_max_message: &str,
        storage: &str,
    ) -> Self {
        let sidecar = Sidecar::start(control, options);
        let tap = Tap::before(&sidecar.target());
        let metrics = SocketAddr::from((Ipv4Addr::LOCALHOST, free_port()));
        let config = format!(
            "{STAGES}{storage}\n[gateway.dapr]\nupstream = \"http://{}\"\nmax_body_size = \"{}\"\n\
             app_max_message = \"{app_max_message}\"\nhold_time = \"600s\"\n\
             metrics_listen = \"{metrics}\"\n",
            tap.target(),
            options.max_body_size,
        );
        let key = STANDARD.encode(KEY);
        let files = [("cloakroom.toml", &*config), ("payments.key", &*key)];
        let gateway = GatewayProcess::before(binary(), "dapr", &files);
        let observer = Observer::of(&gateway.target());
        Self { gateway, sidecar, observer, tap, metrics }
    }

    /// Returns the host and port where an app finds the gateway.
    pub(super) fn target(&self) -> String {
        self.gateway.target()
    }

    /// Returns what the gateway shows Prometheus.
    pub(super) fn metrics(&self) -> String {
        self.gateway.metrics(self.metrics)
    }

    /// Checks that no message to the sidecar or from it was large.
    pub(super) fn has_small_messages(&self) {
        let (sent, received) = self.tap.largest();
        assert!(sent.max(received) < SMALL, "{sent} bytes sent, {received} bytes received");
        assert!(sent.min(received) > 0, "the tap has seen nothing");
    }
}
