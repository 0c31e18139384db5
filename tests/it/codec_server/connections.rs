//! More clients than there are places, and clients that keep what they are given.

use std::{
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    time::{Duration, Instant},
};

use cloakroom::Context;
use cloakroom_temporal::server::{Auth, ServerSettings};
use cloakroom_tests::{PATIENCE, noise, plain};
use expect_test::expect;

use super::{
    Served,
    client::{announce, ask, connect, post, read},
    command::{BEARER, Program, config},
    text,
};

/// So many places, all of which one address may have.
fn places(number: usize) -> ServerSettings {
    let mut settings = ServerSettings::default();
    settings.connections = number;
    settings.connections_per_address = Some(number);
    // No honest request of these tests is to fail because the machine is busy.
    settings.time = Duration::from_secs(180);
    settings
}

fn is_healthy(server: SocketAddr) {
    ask(server, "GET /healthz", &[], b"").says(200, "ok");
    ask(server, "GET /readyz", &[], b"").says(200, "ready");
}

/// Tries until it is served: as often as it takes until the places are free.
fn works_again(server: SocketAddr) {
    let give_up = Instant::now() + PATIENCE;
    loop {
        let answer = post(server, "/decode", &[], "{}");
        if answer.status == 200 {
            return;
        }
        assert_eq!(answer.header("retry-after"), Some("1"), "{answer:?}");
        // No snapshot: an update would miss it, because a fast server is never seen full.
        answer.says(503, "ServerSettings::connections");
        assert!(Instant::now() < give_up, "no place came free");
        is_healthy(server);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn probes_are_answered_when_all_places_are_taken() {
    let folder = tempfile::tempdir().unwrap();
    let served = Served::start(folder.path(), places(2)).await;
    let mut slow = [0, 1].map(|_| announce(served.address, &[], 2));
    for _ in 0..100 {
        is_healthy(served.address);
    }
    post(served.address, "/decode", &[], "{}").refuses(
        503,
        &["ServerSettings::connections"],
        &expect![[r#"
            too many connections: retry (`ServerSettings::connections`)
        "#]],
    );
    // Who is in work is not disturbed.
    for stream in &mut slow {
        stream.write_all(b"{}").unwrap();
        assert_eq!(read(stream).status, 200);
    }
    works_again(served.address);
    served.end().await;
}

/// Idle connections are the first to be closed, and others are served at once.
#[tokio::test(flavor = "multi_thread")]
async fn silent_connections_make_room() {
    let folder = tempfile::tempdir().unwrap();
    let served = Served::start(folder.path(), places(4)).await;
    let mut crowd: Vec<_> = (0..40).map(|_| connect(served.address)).collect();
    for stream in crowd.iter_mut().step_by(2) {
        // Half of a head is not a request.
        let _ = stream.write_all(b"POST /decode HTTP/1.1\r\nhost: localhost\r\nx-");
    }
    for _ in 0..10 {
        assert_eq!(post(served.address, "/decode", &[], "{}").status, 200);
    }
    // The first ones have left; nothing else ends a connection within the time for a head.
    let mut first = crowd.remove(0);
    assert!(!matches!(first.read(&mut [0]), Ok(1..)), "it was answered");
}

/// Asks for an answer of more than sockets hold, and reads nothing of it.
fn never_read(server: SocketAddr, request: &str) -> TcpStream {
    let mut stream = announce(server, &[], request.len());
    stream.write_all(request.as_bytes()).unwrap();
    // The answer has begun, and cannot end.
    let mut start = [0; 12];
    stream.read_exact(&mut start).unwrap();
    assert_eq!(&start, b"HTTP/1.1 200");
    stream
}

/// Nothing but the time for writing frees their places: an answer that is being written is work.
#[tokio::test(flavor = "multi_thread")]
async fn clients_that_never_read_give_their_places_back() {
    let folder = tempfile::tempdir().unwrap();
    let mut settings = places(3);
    settings.write_time = Duration::from_secs(1);
    let served = Served::start(folder.path(), settings).await;
    let large = plain(noise(40 << 20));
    let kept = served.cloakroom.encode(&Context::none(), vec![large]).await.unwrap();
    let request = text(&kept);
    let crowd = [0; 3].map(|_| never_read(served.address, &request));
    for _ in 0..20 {
        is_healthy(served.address);
    }
    works_again(served.address);
    // It ends although they still read nothing.
    served.end().await;
    drop(crowd);
}

/// A client that sends the same again and again hears one refusal, and has to connect anew.
#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_ends_the_connection() {
    let folder = tempfile::tempdir().unwrap();
    let mut settings = places(4);
    settings.auth = Auth::default().with_token("a secret of operators").unwrap();
    let served = Served::start(folder.path(), settings).await;
    let good = "authorization: Bearer a secret of operators\r\n";
    for (request, status) in [
        ("GET /nowhere HTTP/1.1\r\nhost: x\r\n\r\n".to_owned(), 401),
        (format!("GET /nowhere HTTP/1.1\r\nhost: x\r\n{good}\r\n"), 404),
        (format!("GET /decode HTTP/1.1\r\nhost: x\r\n{good}\r\n"), 405),
        (format!("POST /decode HTTP/1.1\r\nhost: x\r\n{good}content-length: 1\r\n\r\n{{"), 400),
    ] {
        let mut stream = connect(served.address);
        let _ = stream.write_all(request.repeat(100).as_bytes());
        let mut answers = Vec::new();
        // Requests that are not read make the end abrupt.
        let _ = stream.read_to_end(&mut answers);
        let answers = String::from_utf8(answers).unwrap();
        assert_eq!(answers.matches("HTTP/1.1 ").count(), 1, "{answers}");
        assert!(answers.starts_with(&format!("HTTP/1.1 {status} ")), "{answers}");
        assert!(answers.contains("connection: close"), "{answers}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_has_a_life() {
    let folder = tempfile::tempdir().unwrap();
    let mut settings = places(4);
    settings.lifetime = Duration::ZERO;
    let served = Served::start(folder.path(), settings).await;
    let mut stream = connect(served.address);
    let request = "POST /decode HTTP/1.1\r\nhost: localhost\r\ncontent-length: 2\r\n\r\n{}";
    stream.write_all(request.repeat(2).as_bytes()).unwrap();
    let mut answers = String::new();
    let _ = stream.read_to_string(&mut answers);
    assert_eq!(answers.matches("HTTP/1.1 200 ").count(), 1, "{answers}");
}

/// One address has its share, and another is served.
#[tokio::test(flavor = "multi_thread")]
async fn an_address_does_not_take_all_places() {
    let folder = tempfile::tempdir().unwrap();
    let mut settings = places(4);
    settings.connections_per_address = None;
    let served = Served::start(folder.path(), settings).await;
    let slow = [0, 1].map(|_| announce(served.address, &[], 2));
    post(served.address, "/decode", &[], "{}").refuses(
        503,
        &["ServerSettings::connections"],
        &expect![[r#"
            too many connections: retry (`ServerSettings::connections`)
        "#]],
    );
    let other = tokio::net::TcpSocket::new_v4().unwrap();
    other.bind("127.0.0.2:0".parse().unwrap()).unwrap();
    let other = other.connect(served.address).await.unwrap().into_std().unwrap();
    other.set_nonblocking(false).unwrap();
    let request = "POST /decode HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\
                   content-length: 2\r\n\r\n{}";
    (&other).write_all(request.as_bytes()).unwrap();
    assert_eq!(read(&other).status, 200);
    drop(slow);
}

#[test]
fn a_client_that_fails_again_and_again_does_not_fill_the_log() {
    let folder = tempfile::tempdir().unwrap();
    config(folder.path(), "");
    let mut program = Program::start_with(folder.path(), &[], None);
    let address = program.address();
    let sent = 250;
    for _ in 0..sent {
        post(address, "/encode", &[BEARER], "{").refuses(400, &[], &expect![[r#"
            not Payloads JSON (line 1, column 1): expected {"payloads":[{"metadata":{…},"data":"…"}]}
        "#]]);
    }
    post(address, "/encode", &[BEARER, ("x-request-id", "last")], "{}");
    program.line("the last", |line| line["request"] == "last");
    let failed = program.log.iter().filter(|line| line["message"] == "a request failed").count();
    assert!((100..sent).contains(&failed), "{failed} of {sent} were logged");
    // All are counted.
    let metrics = ask(address, "GET /metrics", &[BEARER], b"").body;
    let counted =
        format!("cloakroom_http_requests_total{{route=\"encode\",status=\"400\"}} {sent}");
    assert!(metrics.contains(&counted), "{metrics}");
}
