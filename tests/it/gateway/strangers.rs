//! Callers that do not keep to the protocol.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    time::Duration,
};

use prost::Message as _;
use temporalio_common::protos::temporal::api::{
    common::v1::Payload, workflowservice::v1::SignalWorkflowExecutionRequest,
};

use super::{
    harness::{Served, opened, plain_client},
    inputs::{payload, read, read_input, start},
    raw::call,
};
use crate::worker::{opening, server, unique};

/// The start of an HTTP/2 connection, without settings.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

#[tokio::test(flavor = "multi_thread")]
async fn malformed_frames_end_their_connection_and_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let gateway = Served::start(&opened(folder.path(), &server().url()).await).await;
    let client = plain_client(&gateway.url()).await;
    let noise = cloakroom_tests::noise(64 << 10);
    for begin in [&b"GET / HTTP/1.1\r\n\r\n"[..], b"", PREFACE] {
        let address = gateway.address;
        let sent = [begin, &noise[..]].concat();
        let ended = tokio::task::spawn_blocking(move || {
            let mut stream = TcpStream::connect(address).unwrap();
            stream.set_read_timeout(Some(Duration::from_secs(120))).unwrap();
            // The gateway may hang up halfway, which is an error of either.
            let _ = stream.write_all(&sent);
            let ended = stream.read_to_end(&mut Vec::new());
            ended.is_ok()
                || ended.is_err_and(|error| error.kind() != std::io::ErrorKind::WouldBlock)
        });
        assert!(ended.await.unwrap(), "the connection is still open");
    }
    client.count_workflows("", Default::default()).await.unwrap();
    plain_client(&gateway.url()).await;
    gateway.end().await;
}

/// A method of a later version could carry payloads in plaintext.
#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_method_is_refused_unless_it_is_allowed() {
    let upstream = format!("[gateway.temporal]\nupstream = \"{}\"\n", server().url());
    let gateway = Served::start(&opening(&upstream).open().await.unwrap()).await;
    let refused = call(gateway.address, "NewMethod", &[], b"").await;
    assert_eq!(refused.code, "12");
    assert!(refused.message.starts_with("the gateway does not know the method \"NewMethod\""));
    gateway.end().await;

    let text = upstream + "allow_methods = [\"NewMethod\"]\n";
    let gateway = Served::start(&opening(&text).open().await.unwrap()).await;
    // The server says that it has none.
    let allowed = call(gateway.address, "NewMethod", &[], b"").await;
    assert!(allowed.message.contains("unknown method NewMethod"), "{}", allowed.message);
    for other in ["NewMethods", "newmethod", "NewMethod/", "NewMethod%20", "%4eewMethod"] {
        let refused = call(gateway.address, other, &[], b"").await;
        assert!(refused.message.starts_with("the gateway does not know"), "{other}");
    }
    gateway.end().await;
}

/// Something on the way may have admitted the caller by the header.
#[tokio::test(flavor = "multi_thread")]
async fn a_header_with_another_namespace_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let gateway = Served::start(&opened(folder.path(), &server().url()).await).await;
    let signal =
        SignalWorkflowExecutionRequest { namespace: "default".into(), ..Default::default() };
    let signal = signal.encode_to_vec();
    let name = "temporal-namespace";
    for headers in [&[(name, "other")][..], &[(name, "default"), (name, "other")], &[(name, "")]] {
        let refused = call(gateway.address, "SignalWorkflowExecution", headers, &signal).await;
        assert_eq!(refused.code, "7", "{headers:?}: {}", refused.message);
    }
    let headers = [(name, "default")];
    let passed = call(gateway.address, "SignalWorkflowExecution", &headers, &signal).await;
    assert_eq!(passed.code, "3", "the server misses the execution: {}", passed.message);
    gateway.end().await;
}

/// Plaintext, whatever its encoding says.
fn plain(encoding: &str) -> Payload {
    payload(encoding, b"plain after all")
}

/// A label is no proof: whoever could pass plaintext by it would leave it in the history.
#[tokio::test(flavor = "multi_thread")]
async fn forged_labels_are_encoded_like_any_other_and_come_back() {
    let folder = tempfile::tempdir().unwrap();
    let gateway = Served::start(&opened(folder.path(), &server().url()).await).await;
    let mut proxied = plain("binary/encrypted");
    proxied.metadata.insert("encryption-dek".into(), "d3JhcHBlZA==".into());
    let labels = ["binary/encrypted", "binary/sealed", "binary/zstd", "json/plain"];
    let forged: Vec<_> = labels.into_iter().map(plain).chain([proxied]).collect();
    let id = unique("forged");
    start(gateway.address, &id, forged.clone()).await;
    assert_eq!(read_input(gateway.address, &id).await, forged);
    let direct = server().target().parse().unwrap();
    let kept = read_input(direct, &id).await;
    assert_eq!(kept.len(), forged.len());
    for payload in kept {
        assert!(!payload.data.windows(5).any(|part| part == b"plain"), "it is in the clear");
    }
    gateway.end().await;
}

/// Otherwise somebody who can write to the server could pass off plaintext as a worker's.
#[tokio::test(flavor = "multi_thread")]
async fn plaintext_in_an_answer_is_refused_where_a_stage_is_required() {
    let folder = tempfile::tempdir().unwrap();
    let gateway = Served::start(&opened(folder.path(), &server().url()).await).await;
    for encoding in ["json/plain", "binary/sealed"] {
        let (id, direct) = (unique("plaintext"), server().target().parse().unwrap());
        start(direct, &id, vec![plain(encoding)]).await;
        let read = read(gateway.address, &id).await;
        assert!(["3", "9"].contains(&&*read.code), "{encoding}: {} {}", read.code, read.message);
        assert!(!read.body.windows(5).any(|part| part == b"plain"));
    }
    gateway.end().await;
}
