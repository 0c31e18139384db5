//! Malformed and hostile requests: each is refused, and the server goes on serving.

use std::{
    io::{ErrorKind, Write as _},
    time::Duration,
};

use cloakroom::{ByteSize, Payload};
use cloakroom_temporal::server::ServerSettings;
use cloakroom_tests::plain;
use expect_test::expect;

use super::{
    Served,
    client::{announce, ask, connect, post, read},
    sent, text,
};

fn small() -> ServerSettings {
    let mut settings = ServerSettings::default();
    settings.body = ByteSize::mib(1);
    settings.requests = 2;
    // No honest request of these tests is to fail because the machine is busy.
    settings.time = Duration::from_secs(180);
    settings
}

/// The same, giving up soon on who sends nothing more.
fn impatient() -> ServerSettings {
    let mut settings = small();
    settings.time = Duration::from_secs(1);
    settings
}

/// It still serves, and what it holds for requests has been given back.
fn works(served: &Served) {
    let encoded = post(served.address, "/encode", &[], &text(&[plain("\"hi\"")]));
    assert_eq!(encoded.status, 200, "{encoded:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_payloads_json() {
    let folder = tempfile::tempdir().unwrap();
    let served = Served::start(folder.path(), small()).await;
    let secret = "c2VjcmV0";
    for body in [
        "".to_owned(),
        "{".to_owned(),
        "[]".to_owned(),
        "nonsense".to_owned(),
        format!("{{\"payloads\":\"{secret}\"}}"),
        format!("{{\"payloads\":[{{\"data\":\"{secret}*\"}}]}}"),
        format!("{{\"payloads\":[{{\"metadata\":{{\"encoding\":\"{secret}*\"}}}}]}}"),
        format!(
            "{{\"payloads\":[{{\"data\":\"{secret}\",\"externalPayloads\":[{{\"sizeBytes\":\"x\"}}]}}]}}"
        ),
        "[".repeat(100_000),
        "{\"payloads\":[".to_owned() + &"{},".repeat(1000),
    ] {
        let refused = post(served.address, "/decode", &[], &body);
        assert_eq!(refused.status, 400, "{refused:?}");
        assert!(refused.body.len() < 300 && !refused.body.contains(secret), "{refused:?}");
        assert_eq!(refused.body.lines().count(), 1);
    }
    works(&served);
}

/// Truncated, forged, unsealed, and of drivers that are not there.
#[tokio::test(flavor = "multi_thread")]
async fn payloads_that_cannot_be_decoded() {
    let folder = tempfile::tempdir().unwrap();
    let served = Served::start(folder.path(), small()).await;
    let encoded = served.cloakroom.encode(&cloakroom::Context::none(), sent()).await.unwrap();
    let decode = |payload: &Payload| {
        post(served.address, "/decode", &[], &text(std::slice::from_ref(payload)))
    };
    let mut cut = encoded[0].clone();
    cut.data.truncate(cut.data.len() - 1);
    decode(&cut).refuses(400, &["stage `aes-gcm`, decoding payload 0"], &expect![[r#"
        stage `aes-gcm`, decoding payload N: key `test-key` of key ring `payments`: sealed under another key, for another purpose, or changed since
    "#]]);
    decode(&plain("\"in the clear\"")).refuses(400, &[], &expect![[r#"
        stage `aes-gcm`, decoding payload N: the payload arrived unsealed, and this stage is required: if it was written before this stage was there, let such payloads pass (`required = "encode"`)
    "#]]);
    let retired = encoded[0].clone().with_metadata("sealed-key", "2026-05");
    decode(&retired).refuses(422, &["key `2026-05`"], &expect![[r#"
        stage `aes-gcm`, decoding payload N: the payload is sealed under key `2026-05`, which is not in key ring `payments`: add it to the ring, or restore it (`keys.NAME.material`)
    "#]]);
    let mut elsewhere = encoded[1].clone();
    let text = String::from_utf8(elsewhere.data.to_vec()).unwrap();
    elsewhere.data = text.replace("\"local\"", "\"unknown\"").into();
    decode(&elsewhere).refuses(400, &["[TMPRL1105]"], &expect![[r#"
        stage `storage unknown`, decoding payload N: [TMPRL1105] stored by driver `unknown`, which is not configured; there are `local`: add a driver of that name (`[[storage.driver]]`)
    "#]]);
    let mut longer = encoded[1].clone();
    longer.external_sizes = vec![1];
    decode(&longer).refuses(502, &["storage local"], &expect![[r#"
        stage `storage local`, decoding payload N: the size of the object is 415363 bytes, but its reference says 1
    "#]]);
    works(&served);
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_that_are_too_large() {
    let folder = tempfile::tempdir().unwrap();
    let served = Served::start(folder.path(), small()).await;
    let large = vec![b' '; 100 << 20];
    ask(served.address, "POST /decode", &[], &large).refuses(
        413,
        &["1MiB"],
        &expect![[r#"
            the request has more than 1MiB: send fewer payloads (`ServerSettings::body`)
        "#]],
    );
    // Who does not say how long it is is stopped on the way.
    let mut stream = connect(served.address);
    let head = "POST /decode HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\
                transfer-encoding: chunked\r\n\r\n";
    stream.write_all(head.as_bytes()).unwrap();
    let chunk = format!("10000\r\n{}\r\n", " ".repeat(0x10000));
    for _ in 0..17 {
        let _ = stream.write_all(chunk.as_bytes());
    }
    read(stream).refuses(
        413,
        &["1MiB"],
        &expect![[r#"
            the request has more than 1MiB: send fewer payloads (`ServerSettings::body`)
        "#]],
    );
    // And who only says so is not waited for longer than a moment.
    let mut stream = connect(served.address);
    let head = "POST /decode HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\
                content-length: 99999999999\r\n\r\n";
    stream.write_all(head.as_bytes()).unwrap();
    read(stream).refuses(
        413,
        &["1MiB"],
        &expect![[r#"
            the request has more than 1MiB: send fewer payloads (`ServerSettings::body`)
        "#]],
    );
    works(&served);
}

/// As many as may be in work send too slowly; others are answered all the same.
#[tokio::test(flavor = "multi_thread")]
async fn bodies_that_do_not_arrive() {
    let folder = tempfile::tempdir().unwrap();
    let served = Served::start(folder.path(), small()).await;
    let slow = |_| {
        let mut stream = announce(served.address, &[], 1000);
        stream.write_all(b"{").unwrap();
        stream
    };
    let slow: Vec<_> = (0..20).map(slow).collect();
    works(&served);
    let first = &slow[0];
    first.set_nonblocking(true).unwrap();
    let answer = first.peek(&mut [0]).map_err(|error| error.kind());
    assert_eq!(answer, Err(ErrorKind::WouldBlock), "it waited for the slow ones");
    drop(slow);
    // A body that breaks off has nobody to answer.
    drop(connect(served.address).write_all(b"POST /decode HTTP/1.1\r\ncontent-length: 9\r\n\r\n{"));
    works(&served);
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_that_arrive_too_late() {
    let folder = tempfile::tempdir().unwrap();
    let served = Served::start(folder.path(), impatient()).await;
    let mut slow = announce(served.address, &[], 1000);
    slow.write_all(b"{").unwrap();
    read(slow).refuses(
        408,
        &[],
        &expect![[r#"
            the request body did not arrive in time (`ServerSettings::time`)
        "#]],
    );
    served.server.swap(small()).unwrap();
    works(&served);
}

/// A connection that sends nothing, or never the end of its headers, is closed.
#[tokio::test(flavor = "multi_thread")]
async fn connections_that_say_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let served = Served::start(folder.path(), impatient()).await;
    let silent = [&b""[..], b"POST /decode HTTP/1.1\r\nx-header:"].map(|said| {
        let mut stream = connect(served.address);
        stream.write_all(said).unwrap();
        stream
    });
    for mut stream in silent {
        // An answer or none, and then the end; a timeout of this test's would be an error.
        std::io::copy(&mut stream, &mut std::io::sink()).unwrap();
    }
    served.server.swap(small()).unwrap();
    works(&served);
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_that_are_none() {
    let folder = tempfile::tempdir().unwrap();
    let served = Served::start(folder.path(), small()).await;
    ask(served.address, "POST /nowhere", &[], b"{}").refuses(
        404,
        &["/decode"],
        &expect![[r#"
            unknown path: there are /encode, /decode, /download, /healthz, /readyz and /metrics
        "#]],
    );
    ask(served.address, "GET /decode", &[], b"").refuses(
        405,
        &[],
        &expect![[r#"
            wrong method: this path takes POST only
        "#]],
    );
    assert_eq!(ask(served.address, "GET /decode", &[], b"").header("allow"), Some("POST"));
    ask(served.address, "DELETE /healthz", &[], b"").refuses(
        405,
        &[],
        &expect![[r#"
            wrong method: this path takes GET only
        "#]],
    );
    let mut stream = connect(served.address);
    stream.write_all(b"nonsense\r\n\r\n").unwrap();
    assert_eq!(read(stream).status, 400);
    let long = format!("GET /{} HTTP/1.1\r\n\r\n", "x".repeat(1 << 20));
    let mut stream = connect(served.address);
    let _ = stream.write_all(long.as_bytes());
    drop(stream);
    works(&served);
}
