//! A server that asks for no token: it serves this machine, and not whoever a proxy lets through.

use std::{
    fs,
    io::Write as _,
    os::unix::{fs::PermissionsExt as _, net::UnixStream},
    path::Path,
};

use cloakroom_temporal::server::{Address, ServerSettings};
use cloakroom_tests::{
    PATIENCE, assert_text, plain,
    rigs::{envoy, envoy_to_socket},
};
use expect_test::expect;

use super::{
    Served,
    client::{Answer, ask, connect, post, read},
    command::{Program, config},
    text,
};

/// One request with this host.
fn for_host(stream: impl std::io::Read + std::io::Write, host: &str, more: &str) -> Answer {
    let mut stream = stream;
    let head = format!(
        "POST /decode HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n{more}content-length: 2\r\n\r\n{{}}"
    );
    stream.write_all(head.as_bytes()).unwrap();
    read(stream)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_may_come_from_elsewhere_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let served = Served::start(folder.path(), ServerSettings::default()).await;
    for (name, value, snapshot) in [
        (
            "X-Forwarded-For",
            "10.0.0.1",
            expect![[r#"
                the request came through a proxy (it has the header `x-forwarded-for`), and this server asks for no token: have it ask for one, listen on a Unix socket, or admit everybody (`Auth::with_token`, `Auth::with_key_set`, `ServerSettings::anonymous`)
            "#]],
        ),
        (
            "Forwarded",
            "for=10.0.0.1",
            expect![[r#"
                the request came through a proxy (it has the header `forwarded`), and this server asks for no token: have it ask for one, listen on a Unix socket, or admit everybody (`Auth::with_token`, `Auth::with_key_set`, `ServerSettings::anonymous`)
            "#]],
        ),
        (
            "X-Real-IP",
            "10.0.0.1",
            expect![[r#"
                the request came through a proxy (it has the header `x-real-ip`), and this server asks for no token: have it ask for one, listen on a Unix socket, or admit everybody (`Auth::with_token`, `Auth::with_key_set`, `ServerSettings::anonymous`)
            "#]],
        ),
        (
            "Via",
            "1.1 proxy",
            expect![[r#"
                the request came through a proxy (it has the header `via`), and this server asks for no token: have it ask for one, listen on a Unix socket, or admit everybody (`Auth::with_token`, `Auth::with_key_set`, `ServerSettings::anonymous`)
            "#]],
        ),
    ] {
        let refused = post(served.address, "/decode", &[(name, value)], "{}");
        refused.refuses(403, &["Auth::with_token", "ServerSettings::anonymous"], &snapshot);
        assert_eq!(ask(served.address, "GET /healthz", &[(name, value)], b"").status, 200);
        assert_eq!(ask(served.address, "GET /metrics", &[(name, value)], b"").status, 403);
    }
    // A page whose name was pointed at this machine, and a proxy as nginx is by default.
    for_host(connect(served.address), "evil.example:8081", "").refuses(
        403,
        &["`evil.example:8081`"],
        &expect![[r#"
            the request is for the host `evil.example:8081`, which is not a name of loopback, and this server asks for no token: have it ask for one, listen on a Unix socket, or admit everybody (`Auth::with_token`, `Auth::with_key_set`, `ServerSettings::anonymous`)
        "#]],
    );
    let mut old = connect(served.address);
    write!(
        old,
        "POST /decode HTTP/1.0\r\nhost: {}\r\ncontent-length: 2\r\n\r\n{{}}",
        served.address
    )
    .unwrap();
    read(old).refuses(403, &["HTTP/1.0"], &expect![[r#"
        the request came through a proxy (it is HTTP/1.0), and this server asks for no token: have it ask for one, listen on a Unix socket, or admit everybody (`Auth::with_token`, `Auth::with_key_set`, `ServerSettings::anonymous`)
    "#]]);
    for host in ["localhost", "[::1]:8081", "127.0.0.1"] {
        assert_eq!(for_host(connect(served.address), host, "").status, 200);
    }

    let mut settings = ServerSettings::default();
    settings.anonymous = true;
    served.server.swap(settings).unwrap();
    let forwarded = "X-Forwarded-For: 10.0.0.1\r\n";
    assert_eq!(for_host(connect(served.address), "codec.example", forwarded).status, 200);
    served.end().await;
}

/// A real proxy in front of it, by TCP and by a socket's file.
#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_is_let_in_by_a_socket_alone() {
    let folder = tempfile::tempdir().unwrap();
    let served = Served::start(folder.path(), ServerSettings::default()).await;
    let proxy = envoy(served.address);
    post(proxy.address(), "/decode", &[], "{}").refuses(403, &[], &expect![[r#"
        the request came through a proxy (it has the header `x-forwarded-proto`), and this server asks for no token: have it ask for one, listen on a Unix socket, or admit everybody (`Auth::with_token`, `Auth::with_key_set`, `ServerSettings::anonymous`)
    "#]]);
    let socket = folder.path().join("codec.sock");
    let behind = Served::start_at(folder.path(), ServerSettings::default(), &socket).await;
    let proxy = envoy_to_socket(&socket);
    let sent = text(&[plain("\"hi\"")]);
    let encoded = post(proxy.address(), "/encode", &[], &sent);
    assert_eq!(encoded.status, 200, "{encoded:?}");
    assert_eq!(post(proxy.address(), "/decode", &[], &encoded.body).body, sent);
    behind.end().await;
    served.end().await;
}

async fn bind_error(path: &Path) -> String {
    Address::Unix(path.to_owned()).bind().await.unwrap_err().to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_socket_is_its_owners() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("codec.sock");
    let served = Served::start_at(folder.path(), ServerSettings::default(), &socket).await;
    assert_eq!(fs::metadata(&socket).unwrap().permissions().mode() & 0o7777, 0o600);
    let answer = for_host(UnixStream::connect(&socket).unwrap(), "codec.example", "via: 1.1 p\r\n");
    assert_eq!(answer.status, 200);
    // Nobody takes it from a server that serves.
    assert_text(
        &bind_error(&socket).await,
        &["codec.sock"],
        &expect![[r#"
            another process listens at `[folder]/codec.sock`: end it, or listen elsewhere
        "#]],
    );
    assert_eq!(for_host(UnixStream::connect(&socket).unwrap(), "x", "").status, 200);
    served.end().await;
    assert!(!socket.exists());

    // What a process left behind is replaced; what is something else is not.
    drop(std::os::unix::net::UnixListener::bind(&socket).unwrap());
    assert!(socket.exists());
    let served = Served::start_at(folder.path(), ServerSettings::default(), &socket).await;
    assert_eq!(for_host(UnixStream::connect(&socket).unwrap(), "x", "").status, 200);
    served.end().await;
    fs::write(&socket, "precious").unwrap();
    assert_text(
        &bind_error(&socket).await,
        &["codec.sock"],
        &expect![[r#"
            `[folder]/codec.sock` exists and is not a socket: remove it, or listen elsewhere
        "#]],
    );
    assert_eq!(fs::read_to_string(&socket).unwrap(), "precious");
    let nowhere = folder.path().join("none/codec.sock");
    assert_text(
        &bind_error(&nowhere).await,
        &["none/codec.sock"],
        &expect![[r#"
            cannot listen at `[folder]/none/codec.sock`: its folder must exist, and let the user of this process write
        "#]],
    );
    // Nothing is left beside it.
    let left = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name());
    assert!(!left.into_iter().any(|name| name.to_string_lossy().starts_with(".cloakroom-")));
}

#[test]
fn the_program_listens_at_a_socket() {
    let folder = tempfile::tempdir().unwrap();
    config(folder.path(), "");
    let path = folder.path().join("cloakroom.toml");
    let written = fs::read_to_string(&path).unwrap();
    let written = written
        .replace("listen = \"127.0.0.1:0\"", "listen = \"unix:codec.sock\"")
        .replace("token = { file = \"token\" }", "");
    fs::write(&path, written).unwrap();
    let mut program = Program::start_with(folder.path(), &[], None);
    let socket = folder.path().join("codec.sock");
    let serving = program.line("serving", |line| line["message"] == "serving");
    assert_eq!(serving["address"], format!("unix:{}", socket.display()));
    let stream = UnixStream::connect(&socket).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    assert_eq!(for_host(stream, "codec.example", "").status, 200);
    let answered = program.says("answered");
    assert!(answered["peer"].as_str().unwrap().starts_with("unix:user="), "{answered}");
    program.signal("-TERM");
    program.says("ended");
    assert!(program.child.wait().unwrap().success());
    assert!(!socket.exists());
}

/// The setting is warned of, and refused beside a token.
#[test]
fn anonymous_is_written_by_hand() {
    let folder = tempfile::tempdir().unwrap();
    config(folder.path(), "anonymous = true");
    let mut program = Program::start_with(folder.path(), &[], None);
    let refused = program.line("the refusal", |line| line.is_string());
    assert_text(
        refused.as_str().unwrap(),
        &[],
        &expect![[r#"
            error: the server is to admit everybody, but also asks for a token: remove one of the two (`codec_server.anonymous = true`, `codec_server.token`, `codec_server.jwt`)
        "#]],
    );
    assert_eq!(program.child.wait().unwrap().code(), Some(2));
    let path = folder.path().join("cloakroom.toml");
    let written = fs::read_to_string(&path).unwrap().replace("token = { file = \"token\" }", "");
    fs::write(&path, written).unwrap();
    let mut program = Program::start_with(folder.path(), &["--listen", "0.0.0.0:0"], None);
    let warned = program.says("everybody who reaches this address may decode everything");
    assert_eq!(warned["level"], "WARN");
}
