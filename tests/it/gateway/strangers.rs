//! Callers that do not keep to the protocol.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    time::Duration,
};

use super::harness::{Served, opened, plain_client};
use crate::worker::server;

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
    let described = client.list_workflows("", Default::default());
    drop(described);
    plain_client(&gateway.url()).await;
    gateway.end().await;
}
