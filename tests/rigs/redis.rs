//! Redis, which Debian has.

use std::{fs, process::Command, sync::OnceLock};

use super::{Certificates, Server};

/// Redis, without a password, and with nothing written to the disk.
pub fn redis() -> &'static Server {
    static REDIS: OnceLock<Server> = OnceLock::new();
    REDIS.get_or_init(|| {
        Server::start("redis-server", |_, port| {
            let mut redis = Command::new("redis-server");
            redis.args(["--bind", "127.0.0.1", "--port", &port.to_string()]);
            redis.args(["--save", "", "--appendonly", "no"]);
            redis
        })
    })
}

/// The password of [`redis_with_tls`], and of its user `alice`, who may do less.
pub const REDIS_PASSWORD: &str = "canary-of-redis";

/// Redis over TLS, with a password, and the authority that signed its certificate for `localhost`.
pub fn redis_with_tls() -> &'static (Server, Certificates) {
    static REDIS: OnceLock<(Server, Certificates)> = OnceLock::new();
    REDIS.get_or_init(|| {
        let authority = Certificates::default();
        let server = Server::start("redis-server", |folder, port| {
            let pair = authority.server(&["localhost"]);
            let mut redis = Command::new("redis-server");
            redis.args(["--bind", "127.0.0.1", "--port", "0", "--tls-port", &port.to_string()]);
            for (option, name, pem) in [
                ("--tls-cert-file", "server.pem", &pair.certificate),
                ("--tls-key-file", "server.key", &pair.key),
                ("--tls-ca-cert-file", "ca.pem", &authority.authority()),
            ] {
                let path = folder.join(name);
                fs::write(&path, pem).expect("a file");
                redis.arg(option).arg(path);
            }
            redis.args(["--tls-auth-clients", "no", "--requirepass", REDIS_PASSWORD]);
            let password = format!(">{REDIS_PASSWORD}");
            redis.args(["--user", "alice", "on", &password, "~alice:*", "+set", "+get"]);
            redis.args(["--save", "", "--appendonly", "no"]);
            redis
        });
        (server, authority)
    })
}
