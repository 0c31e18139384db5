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
        Self::start(false, None)
    }

    /// Starts a registry that asks for user and password.
    pub fn with_password() -> Self {
        Self::start(true, None)
    }

    /// Starts a registry that speaks TLS with this certificate and key, both PEM.
    pub fn with_tls(certificate: &str, key: &str) -> Self {
        Self::start(false, Some([certificate, key]))
    }

    fn start(has_password: bool, tls: Option<[&str; 2]>) -> Self {
        Self(Server::start("docker-registry", |folder, port| {
            let write = |name, text: &str| fs::write(folder.join(name), text).expect("its folder");
            write("htpasswd", HTPASSWD);
            if let Some([certificate, key]) = tls {
                write("server.pem", certificate);
                write("server.key", key);
            }
            let config = folder.join("config.yml");
            write("config.yml", &configuration(folder, port, has_password, tls.is_some()));
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
fn configuration(folder: &Path, port: u16, has_password: bool, has_tls: bool) -> String {
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
    if has_tls {
        let [certificate, key] = ["server.pem", "server.key"].map(|name| folder.join(name));
        config["http"]["tls"] = serde_json::json!({ "certificate": certificate, "key": key });
    }
    config.to_string()
}
