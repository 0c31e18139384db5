//! A gateway as a process, before a server of its own.

use std::sync::OnceLock;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use cloakroom_tests::{
    KEY,
    rigs::{DevOptions, DevServer, GatewayProcess},
};

use crate::{cli::binary, gateway::canary};

/// Compresses and encrypts. The fastest level: the slowest takes half of the time of these tests.
pub(super) const SEALING: &str = r#"
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

/// Stores in the folder `objects`, and caches nothing, so that each object is read from there.
pub(super) const IN_FOLDER: &str = r#"
    [storage]
    threshold = "256KiB"
    cache.memory = "0B"

    [[storage.driver]]
    name = "local.filedriver"
    plugin = "bundled:file"
    settings = { bucket = "payloads" }
    grants.buckets = ["payloads"]

    [buckets.payloads]
    url = "file:objects"
"#;

/// Starts a gateway before `server` with these tables of a configuration. `more` goes into
/// `[gateway.temporal]`.
pub(super) fn gateway(server: &DevServer, tables: &[&str], more: &str) -> GatewayProcess {
    let gateway = format!("[gateway.temporal]\nupstream = \"{}\"\n{more}\n", server.url());
    let config = tables.concat() + &gateway;
    let key = STANDARD.encode(KEY);
    GatewayProcess::start(binary(), &[("cloakroom.toml", &config), ("payments.key", &key)])
}

/// A server, and the gateway before it.
pub(super) struct Behind {
    pub(super) server: DevServer,
    pub(super) gateway: GatewayProcess,
}

impl Behind {
    /// Starts both.
    pub(super) fn start() -> Self {
        let server = DevServer::start(DevOptions::default());
        let gateway = gateway(&server, &[SEALING, IN_FOLDER], "encode_failures = true");
        Self { server, gateway }
    }

    /// Returns those that tests share.
    pub(super) fn shared() -> &'static Self {
        static SHARED: OnceLock<Behind> = OnceLock::new();
        SHARED.get_or_init(Self::start)
    }

    /// Checks that no canary is in the server's database and log, in the store, or in the gateway's
    /// log.
    pub(super) fn has_no_canary(&self) {
        let found = canary::found(&[self.server.folder(), self.gateway.folder()]);
        assert!(found.is_empty(), "{found:?}");
        let log = self.gateway.log();
        assert!(log.contains("RespondWorkflowTaskCompleted"), "is this the log? {log}");
        assert!(self.server.holds(b"temporal.api.sdk.v1.ExternalStorageReference"), "no database");
    }
}
