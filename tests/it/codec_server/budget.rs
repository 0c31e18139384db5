//! Requests that want more memory than they may have, and clients that keep what they have.

use std::{
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

use cloakroom::{ByteSize, CloakroomBuilder, Context, Payload, pipeline::MemoryBudget};
use cloakroom_temporal::server::ServerSettings;
use cloakroom_tests::{compile_cache, noise, plain, ring, wait_until};
use expect_test::expect;

use super::{
    Served,
    client::{announce, ask, connect, post, read},
    text,
};

/// A server that compresses and seals, within these limits.
async fn serve(limits: &str, settings: ServerSettings) -> Served {
    let text = format!(
        r#"
        [[stage]]
        plugin = "bundled:zstd"

        [[stage]]
        plugin = "bundled:aes-gcm"
        settings = {{ ring = "payments" }}
        grants.keys = ["payments"]

        [limits]
        time = "2m"
        {limits}
        "#
    );
    let opening =
        CloakroomBuilder::text(text).with_key_ring("payments", ring()).with_cache(compile_cache());
    Served::serve(opening.open().await.unwrap(), settings).await
}

/// Nothing of these tests is to fail because the machine is busy.
fn patient() -> ServerSettings {
    let mut settings = ServerSettings::default();
    settings.time = Duration::from_secs(180);
    settings
}

fn budget(served: &Served) -> MemoryBudget {
    served.cloakroom.host().memory().clone()
}

/// Waits until all that requests held was given back.
async fn nothing_is_held(served: &Served) {
    let budget = budget(served);
    wait_until("all memory is given back", || budget.used() == 0).await;
}

fn works(served: &Served) {
    let encoded = post(served.address, "/encode", &[], &text(&[plain("\"hi\"")]));
    assert_eq!(encoded.status, 200, "{encoded:?}");
}

/// A request of 132 KB of bombs took a server to 4.4 GB.
#[tokio::test(flavor = "multi_thread")]
async fn six_hundred_bombs_in_one_request_stay_within_the_memory_of_a_call() {
    let limits = "call_bytes = \"64MiB\"\nprocess_bytes = \"256MiB\"\nmemory = \"16MiB\"";
    let served = serve(limits, patient()).await;
    let zeros = plain(vec![0; 12 << 20]);
    let only_zstd = CloakroomBuilder::text("[[stage]]\nplugin = \"bundled:zstd\"\n")
        .with_cache(compile_cache());
    let only_zstd = only_zstd.open().await.unwrap();
    let bomb = only_zstd.encode(&Context::none(), vec![zeros]).await.unwrap().remove(0);
    let body = text(&vec![bomb; 600]);
    assert!(body.len() < 1 << 20, "{}", body.len());
    let refused = post(served.address, "/decode", &[], &body);
    refused.refuses(413, &["64MiB"], &expect![[r#"
        stage `zstd`, decoding payload N: the call needs more than 64MiB of memory: split the batch, or raise the limit (`limits.call_bytes`)
    "#]]);
    nothing_is_held(&served).await;
    // What the call holds, and the instances that decompress, which are small.
    let peak = budget(&served).peak();
    assert!(peak <= (64 << 20) + (64 << 20), "held {peak}");
    works(&served);
    served.end().await;
}

/// 16 MiB of these took a server to 21.7 GB, a task for each.
#[tokio::test(flavor = "multi_thread")]
async fn a_request_of_millions_of_payloads_is_refused_while_it_is_read() {
    let served = serve("", patient()).await;
    let body = format!("{{\"payloads\":[{}{{}}]}}", "{},".repeat(5 << 20));
    for path in ["/decode", "/encode", "/download"] {
        let refused = post(served.address, path, &[], &body);
        refused.refuses(413, &["16384 payloads"], &expect![[r#"
            the request has more than 16384 payloads: split it, or raise the limit (`limits.payloads`)
        "#]]);
    }
    nothing_is_held(&served).await;
    // Its body twice while it grew, and the payloads up to the one too many.
    assert!(budget(&served).peak() <= 96 << 20, "held {}", budget(&served).peak());
    let fewer = serve("payloads = 2", patient()).await;
    let three = text(&[plain("1"), plain("2"), plain("3")]);
    post(fewer.address, "/encode", &[], &three).refuses(
        413,
        &["2 payloads"],
        &expect![[r#"
            the request has more than 2 payloads: split it, or raise the limit (`limits.payloads`)
        "#]],
    );
    assert_eq!(post(fewer.address, "/encode", &[], &text(&[plain("1"), plain("2")])).status, 200);
    served.end().await;
}

/// Sends the head of a chunked request, and a first chunk.
fn chunked(server: SocketAddr, chunk: &[u8]) -> TcpStream {
    let mut stream = connect(server);
    let head = "POST /decode HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\
                transfer-encoding: chunked\r\n\r\n";
    stream.write_all(head.as_bytes()).unwrap();
    write!(stream, "{:x}\r\n", chunk.len()).unwrap();
    stream.write_all(chunk).unwrap();
    stream.write_all(b"\r\n").unwrap();
    stream
}

/// Each had reserved the whole of what it might send: 32 of them delayed others by 29 s.
#[tokio::test(flavor = "multi_thread")]
async fn slow_chunked_bodies_hold_what_they_have_sent() {
    let mut settings = patient();
    settings.requests = 2;
    let served = serve("", settings).await;
    let budget = budget(&served);
    let slow: Vec<_> = (0..40).map(|_| chunked(served.address, b"{")).collect();
    wait_until("each request has its reserve", || budget.used() >= 40 * (64 << 10)).await;
    assert_eq!(budget.used(), 40 * (64 << 10), "more than the reserve of each");
    works(&served);
    for stream in &slow {
        stream.set_nonblocking(true).unwrap();
        let answer = stream.peek(&mut [0]).map_err(|error| error.kind());
        assert_eq!(answer, Err(std::io::ErrorKind::WouldBlock), "it waited for the slow ones");
    }
    // They end as any other.
    let mut one = slow.into_iter().next().unwrap();
    one.set_nonblocking(false).unwrap();
    one.write_all(b"1\r\n}\r\n0\r\n\r\n").unwrap();
    assert_eq!(read(one).status, 200);
    nothing_is_held(&served).await;
    served.end().await;
}

/// Tiny chunks take no more memory than large ones.
#[tokio::test(flavor = "multi_thread")]
async fn a_body_in_tiny_chunks_is_one_piece() {
    let served = serve("", patient()).await;
    let before = budget(&served).peak();
    let mut stream = chunked(served.address, b"{");
    stream.write_all("1\r\n \r\n".repeat(200_000).as_bytes()).unwrap();
    stream.write_all(b"1\r\n}\r\n0\r\n\r\n").unwrap();
    assert_eq!(read(stream).status, 200);
    nothing_is_held(&served).await;
    // Old and new room while it grows, and no more than the instances that were tried at the start.
    assert!(budget(&served).peak() <= before.max(700_000), "held {}", budget(&served).peak());
    served.end().await;
}

/// Nothing but the rate can end it: the request has three minutes, and sends nothing.
#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_does_not_flow_is_ended() {
    let served = serve("", patient()).await;
    let stream = announce(served.address, &[], 1000);
    read(stream).refuses(
        408,
        &["1 KiB"],
        &expect![[r#"
            the request body arrived at less than 1 KiB a second
        "#]],
    );
    nothing_is_held(&served).await;
    works(&served);
    served.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_is_counted_until_it_is_read_or_its_peer_is_gone() {
    let served = serve("", patient()).await;
    let budget = budget(&served);
    // Foreign payloads are given back as they are.
    let foreign = Payload::new("binary/of-somebody-else", noise(11 << 20));
    let body = text(&[foreign]);
    let begin = || {
        let mut stream = announce(served.address, &[], body.len());
        stream.write_all(body.as_bytes()).unwrap();
        let mut start = [0; 12];
        stream.read_exact(&mut start).unwrap();
        assert_eq!(&start, b"HTTP/1.1 200");
        stream
    };
    let reads = begin();
    let mut leaves = begin();
    // The system's buffers hold some of each answer.
    let most = 2 * body.len() + (1 << 20);
    wait_until("only the answers are held", || budget.used() <= most).await;
    assert!(budget.used() >= 2 * body.len(), "an answer that is not read is not counted");
    leaves.read_exact(&mut [0; 1000]).unwrap();
    drop(leaves);
    wait_until("one answer is given back", || budget.used() < 2 * body.len()).await;
    let mut rest = Vec::new();
    { reads }.read_to_end(&mut rest).unwrap();
    assert!(rest.ends_with(body.as_bytes()));
    nothing_is_held(&served).await;
    served.end().await;
}

/// Small requests have their reserve, and an instance has room.
#[tokio::test(flavor = "multi_thread")]
async fn small_requests_succeed_while_large_ones_hold_the_rest() {
    let served = serve("call_bytes = \"64MiB\"\nprocess_bytes = \"256MiB\"", patient()).await;
    let budget = budget(&served);
    let mut held = Vec::new();
    let error = (0..1000).find_map(|_| match budget.call().charge(1 << 20) {
        Ok(charge) => {
            held.push(charge);
            None
        }
        Err(error) => Some(error),
    });
    let error = error.expect("a process has a limit");
    assert_eq!(error.kind(), cloakroom::ErrorKind::Busy);
    works(&served);
    let large = text(&[plain("x".repeat(3 << 20))]);
    let refused = post(served.address, "/encode", &[], &large);
    refused.refuses(503, &["256MiB"], &expect![[r#"
        all calls together need more than 256MiB of memory: try again later, or raise the limit (`limits.process_bytes`)
    "#]]);
    assert_eq!(refused.header("retry-after"), Some("1"));
    drop(held);
    assert_eq!(post(served.address, "/encode", &[], &large).status, 200);
    nothing_is_held(&served).await;
    served.end().await;
}

/// An operator sees what is held.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_held_is_a_metric() {
    let folder = tempfile::tempdir().unwrap();
    super::command::config(folder.path(), "");
    let mut program = super::command::Program::start_with(folder.path(), &[], None);
    let address = program.address();
    let bearer = super::command::BEARER;
    post(address, "/encode", &[bearer], &text(&[plain("\"hi\"")]));
    let metrics = ask(address, "GET /metrics", &[bearer], b"").body;
    let value = |name: &str| -> f64 {
        let line = metrics.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        line.unwrap_or_else(|| panic!("no {name} in {metrics}")).parse().unwrap()
    };
    assert_eq!(value("cloakroom_memory_limit_bytes"), ByteSize::mib(2048).get() as f64);
    assert!(value("cloakroom_memory_peak_bytes") >= 65_536.0);
    assert!(value("cloakroom_memory_bytes") <= value("cloakroom_memory_peak_bytes"));
}
