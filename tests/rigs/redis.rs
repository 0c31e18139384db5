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

/// Collects the keys of a pattern and what they hold, of the two types that servers of the tests use.
const CONTENTS: &str = r#"
    local found = {}
    for _, key in ipairs(redis.call('KEYS', ARGV[1])) do
        found[#found + 1] = key
        if redis.call('TYPE', key).ok == 'hash' then
            for _, part in ipairs(redis.call('HGETALL', key)) do found[#found + 1] = part end
        else
            found[#found + 1] = redis.call('GET', key)
        end
    end
    return found
"#;

/// Returns the keys of a pattern, each followed by what Redis keeps under it.
pub fn redis_contents(redis: &Server, pattern: &str) -> Vec<u8> {
    let mut cli = Command::new("redis-cli");
    cli.args(["-p", &redis.address().port().to_string(), "--raw"]);
    let output = cli.args(["EVAL", CONTENTS, "0", pattern]).output().expect("redis-cli");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    output.stdout
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
