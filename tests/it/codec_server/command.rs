//! The program, as an operator runs it.

use std::{
    fs,
    io::{BufRead as _, BufReader, Write as _},
    net::{SocketAddr, TcpStream},
    path::Path,
    process::{Child, ChildStderr, Command, Stdio},
    sync::mpsc,
    time::Instant,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use cloakroom_tests::{KEY, PATIENCE, assert_text, plain};
use expect_test::expect;
use serde_json::Value;

use super::{
    client::{announce, ask, post, read},
    text,
};
use crate::cli::binary;

pub(crate) const TOKEN: &str = "a secret of operators";
pub(crate) const BEARER: (&str, &str) = ("authorization", "Bearer a secret of operators");

pub(crate) fn config(folder: &Path, more: &str) {
    let text = format!(
        r#"
        [[stage]]
        plugin = "bundled:aes-gcm"
        required = true
        settings = {{ ring = "payments" }}
        grants.keys = ["payments"]

        [keys.payments]
        current = "one"
        material.one = {{ file = "key" }}

        [codec_server]
        listen = "127.0.0.1:0"
        token = {{ file = "token" }}
        {more}
        "#
    );
    fs::write(folder.join("key"), STANDARD.encode(KEY)).unwrap();
    fs::write(folder.join("token"), TOKEN).unwrap();
    fs::write(folder.join("next.toml"), text).unwrap();
    fs::rename(folder.join("next.toml"), folder.join("cloakroom.toml")).unwrap();
}

/// The program, and its log as it comes.
pub(crate) struct Program {
    pub(crate) child: Child,
    lines: mpsc::Receiver<Value>,
    pub(crate) log: Vec<Value>,
}

impl Program {
    fn start(folder: &Path, args: &[&str]) -> Self {
        Self::start_with(folder, args, None)
    }

    /// The same with a value of `CLOAKROOM_LOG`.
    pub(crate) fn start_with(folder: &Path, args: &[&str], log: Option<&str>) -> Self {
        let mut command = Command::new(binary());
        command.env_remove("CLOAKROOM_LOG").envs(log.map(|log| ("CLOAKROOM_LOG", log)));
        command.args(["codec-server", "--log", "json", "--config"]);
        command.arg(folder.join("cloakroom.toml")).args(args);
        let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
        let (send, lines) = mpsc::channel();
        let log: BufReader<ChildStderr> = BufReader::new(child.stderr.take().unwrap());
        std::thread::spawn(move || {
            for line in log.lines().map_while(Result::ok) {
                let line = serde_json::from_str(&line).unwrap_or(Value::String(line));
                if send.send(line).is_err() {
                    return;
                }
            }
        });
        Self { child, lines, log: Vec::new() }
    }

    /// Waits for a line with this message.
    pub(crate) fn says(&mut self, message: &str) -> Value {
        self.line(message, |line| {
            line["message"].as_str().is_some_and(|said| said.contains(message))
        })
    }

    /// Waits for a line that is wanted.
    pub(crate) fn line(&mut self, what: &str, is_wanted: impl Fn(&Value) -> bool) -> Value {
        let give_up = Instant::now() + PATIENCE;
        loop {
            // Other lines may come for ever.
            let line = self.lines.recv_timeout(give_up.saturating_duration_since(Instant::now()));
            let line = line.unwrap_or_else(|_| panic!("no `{what}` in {:?}", self.log));
            self.log.push(line.clone());
            if is_wanted(&line) {
                return line;
            }
        }
    }

    pub(crate) fn address(&mut self) -> SocketAddr {
        let serving = self.line("serving", |line| line["message"] == "serving");
        serving["address"].as_str().unwrap().parse().unwrap()
    }

    pub(crate) fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args([name, &pid]).status().unwrap().success());
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn it_serves_swaps_and_ends() {
    let folder = tempfile::tempdir().unwrap();
    config(folder.path(), "");
    let mut program = Program::start(folder.path(), &[]);
    let address = program.address();
    let canary = "canary-Qm7xV2kR9sLw-yellow";
    let sent = text(&[plain(canary)]);
    let encoded = post(address, "/payments/encode", &[BEARER], &sent);
    assert_eq!(encoded.status, 200, "{encoded:?}");
    assert_eq!(post(address, "/decode", &[BEARER], &encoded.body).body, sent);
    post(address, "/decode", &[BEARER], &sent).refuses(400, &[], &expect![[r#"
        stage `aes-gcm`, decoding payload N: the payload arrived unsealed, and this stage is required: if it was written before this stage was there, let such payloads pass (`required = "encode"`)
    "#]]);
    let answered = program.says("answered");
    assert_eq!(
        (&answered["route"], &answered["namespace"]),
        (&"encode".into(), &"payments".into())
    );

    // The calls that tried the key are not counted.
    let metrics = ask(address, "GET /metrics", &[BEARER], b"");
    for line in [
        "cloakroom_calls_total{part=\"stage\",name=\"aes-gcm\",direction=\"encode\"} 1",
        "cloakroom_bytes_in_total{part=\"stage\",name=\"aes-gcm\",direction=\"decode\"}",
        "cloakroom_http_requests_total{route=\"decode\",status=\"400\"} 1",
        "cloakroom_call_seconds_bucket{part=\"stage\",name=\"aes-gcm\",direction=\"encode\",le=\"0.001\"}",
        "runtime_workflow_payload_size_ratio_bucket{namespace=\"payments\",workflow_name=\"\",le=\"0.1\"} 1",
        "# HELP cloakroom_calls_total",
    ] {
        assert!(metrics.body.contains(line), "no `{line}` in {}", metrics.body);
    }

    // By a signal, and by looking; what is wrong changes nothing, and is said.
    let ui = ("origin", "http://localhost:8233");
    post(address, "/decode", &[BEARER, ui], "{}").refuses(
        403,
        &["codec_server.origins"],
        &expect![[r#"
            this page may not ask: add its origin (`codec_server.origins`)
        "#]],
    );
    config(folder.path(), "origins = [\"http://localhost:8233\"]");
    program.signal("-HUP");
    program.says("the configuration was swapped");
    assert_eq!(post(address, "/decode", &[BEARER, ui], "{}").status, 200);
    config(folder.path(), "origins = [\"*\"]");
    let stays = program.says("the pipeline was swapped, and [codec_server] stays as it was");
    assert_text(
        stays["error"].as_str().unwrap(),
        &["`*`"],
        &expect![[r#"
            `*` is not an origin: write scheme, host and port without a path, such as http://localhost:8233; there are no wildcards (`codec_server.origins`)
        "#]],
    );
    assert_eq!(post(address, "/decode", &[BEARER, ui], "{}").status, 200);

    // A request that is in work when SIGTERM arrives is answered.
    let mut slow = announce(address, &[BEARER], 2);
    // The server is ending when nobody is let in.
    program.signal("-TERM");
    let give_up = Instant::now() + PATIENCE;
    while TcpStream::connect(address).is_ok() {
        assert!(Instant::now() < give_up, "it does not end");
    }
    slow.write_all(b"{}").unwrap();
    assert_eq!(read(slow).status, 200);
    program.says("ended");
    assert!(program.child.wait().unwrap().success());
    let log = format!("{:?}", program.log);
    assert!(!log.contains(canary) && !log.contains(TOKEN), "{log}");
}

#[test]
fn what_would_serve_strangers_does_not_start() {
    let folder = tempfile::tempdir().unwrap();
    config(folder.path(), "");
    let path = folder.path().join("cloakroom.toml");
    let open = fs::read_to_string(&path).unwrap().replace("token = { file = \"token\" }", "");
    fs::write(&path, open).unwrap();
    let mut program = Program::start(folder.path(), &["--listen", "0.0.0.0:0"]);
    assert_eq!(program.child.wait().unwrap().code(), Some(2));
    let said: Vec<_> =
        program.lines.iter().filter_map(|line| Some(line.as_str()?.to_owned())).collect();
    assert_text(
        &said.join("\n"),
        &["codec_server.token"],
        &expect![[r#"
            error: everybody who reaches 0.0.0.0:0 could decode everything: ask for a token, listen on 127.0.0.1 or a Unix socket, or admit everybody if something else restricts access (`codec_server.token`, `codec_server.jwt`, `codec_server.anonymous = true`)
        "#]],
    );
}

/// Every request is answered, and memory stays what the first round took.
#[test]
fn many_connections_at_once() {
    let folder = tempfile::tempdir().unwrap();
    config(folder.path(), "");
    let mut program = Program::start(folder.path(), &[]);
    let (address, pid) = (program.address(), program.child.id());
    let sent = text(&[plain("\"hi\""), plain(cloakroom_tests::noise(50_000))]);
    let round = || {
        let one = || {
            for _ in 0..4 {
                let encoded = post(address, "/encode", &[BEARER], &sent);
                assert_eq!(encoded.status, 200, "{encoded:?}");
                assert_eq!(post(address, "/decode", &[BEARER], &encoded.body).body, sent);
            }
        };
        std::thread::scope(|scope| {
            let threads: Vec<_> = (0..64).map(|_| scope.spawn(one)).collect();
            threads.into_iter().for_each(|thread| thread.join().unwrap());
        });
    };
    round();
    let before = memory(pid);
    (0..3).for_each(|_| round());
    let grown = memory(pid).saturating_sub(before);
    assert!(grown < 48 << 20, "grew by {} MiB from {}", grown >> 20, before >> 20);
    program.signal("-INT");
    program.says("ended");
}

/// Bytes of memory that a process has.
fn memory(pid: u32) -> usize {
    let statm = fs::read_to_string(format!("/proc/{pid}/statm")).unwrap();
    statm.split(' ').nth(1).unwrap().parse::<usize>().unwrap() * 4096
}
