//! PostgreSQL, which Debian has.

use std::{
    fs,
    os::unix::fs::{PermissionsExt as _, chown},
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
};

use super::{Certificates, Server};
use crate::poll_until;

/// The password of PostgreSQL's user `cloakroom`.
pub const POSTGRES_PASSWORD: &str = "canary-of-postgres";

/// PostgreSQL, which takes TLS alone and passwords by SCRAM-SHA-256 alone. Its certificate is for
/// `localhost`. Its database `payloads` has the table of `examples/postgres-driver`.
pub struct Postgres {
    server: Server,
    authority: Certificates,
}

impl Postgres {
    /// Its port, at `localhost`.
    pub fn port(&self) -> u16 {
        self.server.address().port()
    }

    /// The authority that signed its certificate.
    pub fn authority(&self) -> String {
        self.authority.authority()
    }

    /// Runs a statement as the owner of the database, and returns what it prints.
    pub fn run(&self, statement: &str) -> String {
        self.psql("payloads", &["--command", statement]).expect("psql")
    }

    fn psql(&self, database: &str, what: &[&str]) -> Result<String, String> {
        let mut psql = Command::new(programs().join("psql"));
        psql.arg("--host").arg(self.server.folder()).args(["--port", &self.port().to_string()]);
        psql.args(["--username", "postgres", "--dbname", database]);
        psql.args(["--no-psqlrc", "--quiet", "--tuples-only", "--no-align"]);
        psql.args(["--set", "ON_ERROR_STOP=1"]).args(what);
        let ran = psql.output().expect("psql");
        let text = |bytes| String::from_utf8_lossy(bytes).trim().to_owned();
        if ran.status.success() { Ok(text(&ran.stdout)) } else { Err(text(&ran.stderr)) }
    }
}

/// The one server of this process.
pub fn postgres() -> &'static Postgres {
    static POSTGRES: OnceLock<Postgres> = OnceLock::new();
    POSTGRES.get_or_init(|| {
        let authority = Certificates::default();
        let server = Server::start("postgres", |folder, port| command(folder, port, &authority));
        let postgres = Postgres { server, authority };
        // It listens before it takes queries.
        poll_until("PostgreSQL takes queries", || {
            postgres.psql("postgres", &["--command", "SELECT 1"]).is_ok()
        });
        let user = format!("CREATE ROLE cloakroom LOGIN PASSWORD '{POSTGRES_PASSWORD}'");
        for statement in [&*user, "CREATE DATABASE payloads"] {
            postgres.psql("postgres", &["--command", statement]).expect("set up");
        }
        let schema = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/postgres-driver/schema.sql");
        postgres.psql("payloads", &["--file", schema]).expect("the schema");
        postgres
    })
}

/// Makes an empty cluster in `folder`, and returns the command that serves it.
fn command(folder: &Path, port: u16, authority: &Certificates) -> Command {
    let data = folder.join("data");
    fs::create_dir(&data).expect("a folder");
    let pair = authority.server(&["localhost"]);
    fs::write(data.with_file_name("server.pem"), pair.certificate).expect("a file");
    let key = folder.join("server.key");
    fs::write(&key, pair.key).expect("a file");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).expect("its mode");
    // PostgreSQL does not run as root, so its files belong to the user that its package made.
    if let Some((user, group)) = other_user() {
        for path in [folder, &data, &key] {
            chown(path, Some(user), Some(group)).expect("its owner");
        }
    }
    let mut initdb = as_other_user("initdb");
    initdb.arg("--pgdata").arg(&data).args(["--username", "postgres", "--auth", "trust"]);
    initdb.args(["--no-sync", "--encoding", "UTF8", "--locale", "C"]);
    let made = initdb.output().expect("initdb");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let access = "local all postgres trust\nhostssl all all 127.0.0.1/32 scram-sha-256\n";
    fs::write(data.join("pg_hba.conf"), access).expect("a file");

    let mut server = as_other_user("postgres");
    server.arg("-D").arg(&data).args(["-h", "127.0.0.1", "-p", &port.to_string()]);
    server.arg("-k").arg(folder);
    for setting in
        ["fsync=off", "ssl=on", "max_connections=50", "password_encryption=scram-sha-256"]
    {
        server.args(["-c", setting]);
    }
    server.arg("-c").arg(format!("ssl_cert_file={}", folder.join("server.pem").display()));
    server.arg("-c").arg(format!("ssl_key_file={}", key.display()));
    server
}

/// A program of PostgreSQL, run by a user that is not root.
fn as_other_user(program: &str) -> Command {
    let program = programs().join(program);
    let Some((user, group)) = other_user() else {
        return Command::new(program);
    };
    // Not `runuser`, which stays between the server and whoever ends it.
    let mut command = Command::new("setpriv");
    command.args(["--reuid", &user.to_string(), "--regid", &group.to_string(), "--clear-groups"]);
    command.arg(program);
    command
}

/// The user and group `postgres`, if this process is root's.
fn other_user() -> Option<(u32, u32)> {
    let number = |arguments: &[&str]| -> u32 {
        let id = Command::new("id").args(arguments).output().expect("id");
        String::from_utf8_lossy(&id.stdout).trim().parse().expect("a number")
    };
    let is_root = number(&["-u"]) == 0;
    is_root.then(|| (number(&["-u", "postgres"]), number(&["-g", "postgres"])))
}

/// The folder of the newest version's programs.
fn programs() -> PathBuf {
    let versions = fs::read_dir("/usr/lib/postgresql").expect("run `cargo xtask setup` once");
    let mut versions: Vec<_> = versions.map(|version| version.expect("a folder").path()).collect();
    versions.sort();
    versions.last().expect("a version").join("bin")
}
