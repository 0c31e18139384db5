//! Metrics, probes and reloads of a codec server, as an orchestrator and Prometheus see them.

use std::{
    fs,
    io::Write as _,
    net::{SocketAddr, TcpStream},
    time::Instant,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use cloakroom_tests::{PATIENCE, assert_text};
use expect_test::expect;

use super::{
    client::{announce, ask, post, read},
    command::{BEARER, Program, config},
};

fn get(address: SocketAddr, path: &str) -> super::client::Answer {
    ask(address, &format!("GET {path}"), &[], b"")
}

/// One line of what Prometheus reads.
#[track_caller]
fn value(metrics: &str, series: &str) -> f64 {
    let line = metrics.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
    line.unwrap_or_else(|| panic!("no {series} in {metrics}")).parse().unwrap()
}

#[test]
fn metrics_have_a_listener_of_their_own() {
    let folder = tempfile::tempdir().unwrap();
    config(folder.path(), "metrics_listen = \"127.0.0.1:0\"");
    let mut program = Program::start_with(folder.path(), &[], None);
    let metrics = program.says("serving metrics")["address"].as_str().unwrap().parse().unwrap();
    let address = program.address();
    post(address, "/decode", &[BEARER], "{}");
    // No token is asked for there, and there is nothing else.
    let body = get(metrics, "/metrics").body;
    assert_eq!(value(&body, "cloakroom_http_requests_total{route=\"decode\",status=\"200\"}"), 1.0);
    get(metrics, "/decode").refuses(
        404,
        &["/readyz"],
        &expect![[r#"
            unknown path: there are /metrics, /healthz and /readyz
        "#]],
    );
    post(metrics, "/decode", &[BEARER], "{}").refuses(
        404,
        &["/readyz"],
        &expect![[r#"
            unknown path: there are /metrics, /healthz and /readyz
        "#]],
    );
    ask(address, "GET /metrics", &[BEARER], b"").refuses(
        404,
        &["codec_server.metrics_listen"],
        &expect![[r#"
            metrics are served at an address of their own (`codec_server.metrics_listen`)
        "#]],
    );
    for address in [address, metrics] {
        get(address, "/healthz").says(200, "ok");
        get(address, "/readyz").says(200, "ready");
    }

    // A request in work keeps it from ending, and it says that it does.
    let mut slow = announce(address, &[BEARER], 2);
    program.signal("-TERM");
    let give_up = Instant::now() + PATIENCE;
    while TcpStream::connect(address).is_ok() {
        assert!(Instant::now() < give_up, "it does not end");
    }
    get(metrics, "/readyz").refuses(
        503,
        &[],
        &expect![[r#"
        shutting down
    "#]],
    );
    get(metrics, "/healthz").says(200, "ok");
    slow.write_all(b"{}").unwrap();
    assert_eq!(read(slow).status, 200);
    program.says("ended");
    assert!(program.child.wait().unwrap().success());
}

#[test]
fn what_was_built_and_the_process_are_seen() {
    let folder = tempfile::tempdir().unwrap();
    config(folder.path(), "");
    let mut program = Program::start_with(folder.path(), &[], None);
    let opened = program.says("opened the configuration");
    let file = folder.path().join("cloakroom.toml");
    assert_eq!(opened["configuration"], file.to_str().unwrap());
    assert_eq!((&opened["stages"], &opened["drivers"]), (&"aes-gcm".into(), &"".into()));
    assert_eq!(opened["version"], env!("CARGO_PKG_VERSION"));
    let address = program.address();
    let body = ask(address, "GET /metrics", &[BEARER], b"").body;
    let info = body.lines().find(|line| line.starts_with("cloakroom_build_info{")).unwrap();
    let version = format!("version=\"{}\",wasmtime=\"", env!("CARGO_PKG_VERSION"));
    assert!(info.contains(&version) && info.contains("codec-server,"), "{info}");
    for name in [
        "process_resident_memory_bytes",
        "process_start_time_seconds",
        "process_open_fds",
        "process_threads",
        "process_max_fds",
        "process_virtual_memory_bytes",
    ] {
        assert!(value(&body, name) > 0.0, "{name} in {body}");
    }
    assert!(value(&body, "process_cpu_seconds_total") >= 0.0);
    // What tried the key is no traffic.
    assert!(!body.contains("cloakroom_calls_total{"), "{body}");
}

/// The probes at start are sealed as well.
#[test]
fn messages_are_counted_by_ring_and_key() {
    let folder = tempfile::tempdir().unwrap();
    config(folder.path(), "");
    let file = folder.path().join("cloakroom.toml");
    let text = fs::read_to_string(&file).unwrap();
    let sealing = "ring = \"payments\", format = \"temporal\" }";
    let temporal = text.replacen("ring = \"payments\" }", sealing, 1);
    assert_ne!(temporal, text);
    fs::write(&file, temporal).unwrap();
    let mut program = Program::start_with(folder.path(), &[], None);
    let address = program.address();
    let body = ask(address, "GET /metrics", &[BEARER], b"").body;
    let messages = "cloakroom_key_messages_total{ring=\"payments\",key=\"one\"}";
    assert!(value(&body, messages) >= 1.0, "{body}");
}

/// Swapped, refused, half swapped, and what only a restart applies.
#[test]
fn reloads_are_counted_and_say_what_needs_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    config(folder.path(), "");
    let mut program = Program::start_with(folder.path(), &[], None);
    let address = program.address();
    let metrics = || ask(address, "GET /metrics", &[BEARER], b"").body;
    let reloads = |body: &str| {
        ["success", "failure", "partial"]
            .map(|result| value(body, &format!("cloakroom_reloads_total{{result=\"{result}\"}}")))
    };
    let last = "cloakroom_last_reload_success_timestamp_seconds";
    let current = |key: &str| format!("cloakroom_key_current{{ring=\"payments\",key=\"{key}\"}}");
    let before = metrics();
    assert_eq!(reloads(&before), [0.0; 3]);
    assert_eq!(value(&before, &current("one")), 1.0);

    // Another key, and settings that stay until a restart.
    fs::write(folder.path().join("key.two"), STANDARD.encode(b"another key that tests may know!"))
        .unwrap();
    let more = "requests = 7\nconnections = 9\nmetrics_listen = \"127.0.0.1:9464\"";
    // Written elsewhere first: the server looks at its files at any time.
    let aside = tempfile::tempdir().unwrap();
    config(aside.path(), more);
    let text = fs::read_to_string(aside.path().join("cloakroom.toml")).unwrap();
    let text = text.replace("current = \"one\"", "current = \"two\"").replace(
        "material.one = { file = \"key\" }",
        "material.two = { file = \"key.two\" }\n created.two = \"2026-11-05\"",
    );
    let next = folder.path().join("next.toml");
    fs::write(&next, text).unwrap();
    fs::rename(&next, folder.path().join("cloakroom.toml")).unwrap();
    let mut told = Vec::new();
    for _ in 0..3 {
        let line = program.says("applies after a restart");
        assert_eq!(line["level"], "WARN");
        told.push(["key", "old", "new"].map(|name| line[name].as_str().unwrap().to_owned()));
    }
    let expect = [
        ["codec_server.metrics_listen", "not set", "127.0.0.1:9464"],
        ["codec_server.requests", "32", "7"],
        ["codec_server.connections", "512", "9"],
    ];
    assert_eq!(told, expect);
    program.says("the configuration was swapped");
    // The listener for metrics that a restart would open is not missed until then.
    let swapped = metrics();
    let counts = reloads(&swapped);
    assert_eq!(counts, [1.0, 0.0, 0.0]);
    assert!(value(&before, last) < value(&swapped, last));
    assert_eq!((value(&swapped, &current("one")), value(&swapped, &current("two"))), (0.0, 1.0));
    let created = "cloakroom_key_created_timestamp_seconds{ring=\"payments\",key=\"two\"}";
    assert_eq!(value(&swapped, created), 1_793_836_800.0);

    // Only the server's own settings are wrong.
    config(folder.path(), "origins = [\"*\"]");
    program.says("[codec_server] stays as it was");
    let half = metrics();
    assert!(counts[0] < reloads(&half)[0] && counts[2] < reloads(&half)[2]);
    // And then all of it.
    config(folder.path(), "nonsense = 1");
    let stays = program.says("the configuration stays as it was");
    assert_text(
        stays["error"].as_str().unwrap(),
        &["`nonsense`"],
        &expect![[r#"
            [folder]/cloakroom.toml, line 15: unknown key `nonsense`; known here: `listen`, `metrics_listen`, `origins`, `credentials`, `token`, `anonymous`, `jwt`, `tls`, `body`, `requests`, `connections`, `connections_per_address`, `write_time`, `lifetime`, `time`
        "#]],
    );
    let refused = metrics();
    assert!(reloads(&half)[1] < reloads(&refused)[1]);
}

#[test]
fn one_address_does_not_serve_both() {
    let folder = tempfile::tempdir().unwrap();
    config(folder.path(), "metrics_listen = \"127.0.0.1:8799\"");
    let mut program = Program::start_with(folder.path(), &["--listen", "127.0.0.1:8799"], None);
    let refused = program.line("the refusal", |line| line.is_string());
    assert_text(
        refused.as_str().unwrap(),
        &["codec_server.metrics_listen"],
        &expect![[r#"
            error: metrics are to be served at 127.0.0.1:8799, but the codec server listens on 127.0.0.1:8799: give one of them another port (`codec_server.metrics_listen`)
        "#]],
    );
    assert_eq!(program.child.wait().unwrap().code(), Some(2));
}
