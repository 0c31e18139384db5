//! Redis, which Debian has.

use std::{process::Command, sync::OnceLock};

use super::Server;

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
