//! An OCI registry, which Debian has as `docker-registry`.

use std::{
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::Command,
};

use super::Server;

/// User and password of a registry that asks for them.
pub const REGISTRY_USER: &str = "robot";
pub const REGISTRY_PASSWORD: &str = "s3cret-of-the-registry";

/// The same for `htpasswd`, with the cheapest bcrypt that there is.
const HTPASSWD: &str = "robot:$2b$04$abcdefghijklmnopqrstuuTF2maMdtVv8r8joBPmdX9ZGV5oqXM36\n";

/// A registry of a test's own, whose storage it may change. It ends when this is dropped.
pub struct Registry(Server);

impl Registry {
    /// Starts a registry that anybody may read and write.
    pub fn open() -> Self {
        Self::start(false)
    }

    /// Starts a registry that asks for user and password.
    pub fn with_password() -> Self {
        Self::start(true)
    }

    fn start(has_password: bool) -> Self {
        Self(Server::start("docker-registry", |folder, port| {
            fs::write(folder.join("htpasswd"), HTPASSWD).expect("its folder");
            let config = folder.join("config.yml");
            fs::write(&config, configuration(folder, port, has_password)).expect("its folder");
            let mut registry = Command::new("docker-registry");
            registry.arg("serve").arg(config);
            registry
        }))
    }

    /// Returns its host and port, as references name it.
    pub fn host(&self) -> SocketAddr {
        self.0.address()
    }

    /// Returns the file in which it keeps a blob. `hex` is the blob's SHA-256.
    pub fn blob(&self, hex: &str) -> PathBuf {
        let blobs = self.0.folder().join("storage/docker/registry/v2/blobs/sha256");
        blobs.join(&hex[..2]).join(hex).join("data")
    }
}

/// Returns the configuration, in the JSON that YAML is a superset of.
fn configuration(folder: &Path, port: u16, has_password: bool) -> String {
    let storage = folder.join("storage");
    let mut config = serde_json::json!({
        "version": 0.1,
        "log": { "level": "warn" },
        "storage": { "filesystem": { "rootdirectory": storage } },
        "http": { "addr": format!("127.0.0.1:{port}") },
    });
    if has_password {
        let path = folder.join("htpasswd");
        config["auth"] = serde_json::json!({ "htpasswd": { "realm": "r", "path": path } });
    }
    config.to_string()
}
