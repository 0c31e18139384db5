//! Servers that do not behave, behind a granted name.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    thread::{self, JoinHandle},
};

use cloakroom::{Limit, plugin::TcpTls};
use cloakroom_tests::rigs::Certificates;

use super::*;

/// Serves one connection, and returns the name to grant.
fn serve(serve: impl FnOnce(TcpStream) + Send + 'static) -> (String, JoinHandle<()>) {
    let listener = listener();
    let server = format!("localhost:{}", port(&listener));
    (server, thread::spawn(move || serve(listener.accept().unwrap().0)))
}

/// Ends when the other side does.
fn wait_for_end(mut stream: TcpStream) {
    let _ = stream.read_to_end(&mut Vec::new());
}

fn encrypted(server: &str) -> TcpGrant {
    let tls = TcpTls::default();
    let authority = Certificates::default().authority();
    grant(server).with_tls(&tls.with_authorities(authority.as_bytes()).unwrap()).unwrap()
}

/// Time that a server has which never answers. Other servers have a minute.
const SHORT: Duration = Duration::from_secs(1);
const LONG: Duration = Duration::from_secs(60);

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_never_answers_ends_with_the_calls_time() {
    // Or that never answers the handshake.
    for grant in [grant, encrypted] {
        let (server, served) = serve(wait_for_end);
        let (kind, text) = refused(&redis(&server, grant(&server), SHORT).await).await;
        // On a busy machine the time may be over while the guest computes, and not while it waits.
        let ends = [ErrorKind::Unavailable, ErrorKind::LimitExceeded(Limit::Time)];
        assert!(ends.contains(&kind), "{kind:?}: {text}");
        served.join().unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_sends_without_end_is_not_read_without_end() {
    let (server, served) = serve(|mut stream| {
        // Until the other side hangs up.
        while stream.write_all(&[b'+'; 65_536]).is_ok() {}
    });
    let (kind, text) = refused(&redis(&server, grant(&server), LONG).await).await;
    assert_eq!(kind, ErrorKind::Unavailable, "{text}");
    served.join().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_closes_midway_is_unavailable() {
    for answer in [&b""[..], b"+O", b"$100\r\nshort"] {
        let (server, served) = serve(|mut stream| {
            let _ = stream.read(&mut [0; 16]);
            stream.write_all(answer).unwrap();
        });
        let (kind, text) = refused(&redis(&server, grant(&server), LONG).await).await;
        assert_eq!(kind, ErrorKind::Unavailable, "{answer:?}: {text}");
        served.join().unwrap();
    }
}

/// A connection that was granted with TLS never sends in the clear.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_without_tls_gets_nothing_but_a_handshake() {
    let (sender, heard) = std::sync::mpsc::channel();
    let (server, served) = serve(move |mut stream| {
        let mut hello = [0; 1];
        stream.read_exact(&mut hello).unwrap();
        stream.write_all(b"+OK\r\n").unwrap();
        let mut rest = Vec::new();
        let _ = stream.read_to_end(&mut rest);
        sender.send((hello, rest)).unwrap();
    });
    let (kind, text) = refused(&redis(&server, encrypted(&server), LONG).await).await;
    assert_eq!(kind, ErrorKind::Unavailable, "{text}");
    assert!(text.contains(&format!("connection to `{server}`: no TLS connection: ")), "{text}");
    served.join().unwrap();
    let (hello, rest) = heard.recv().unwrap();
    assert_eq!(hello, [22], "no handshake");
    assert!(!rest.windows(3).any(|bytes| bytes == b"SET"));
}

/// A server, or somebody on the way, that declines TLS, or that puts bytes before the handshake.
#[tokio::test(flavor = "multi_thread")]
async fn a_postgres_server_cannot_decline_tls() {
    for (answer, expected, words) in [
        (&b"N"[..], ErrorKind::Denied, "the server offers no TLS"),
        (b"E", ErrorKind::Denied, "the server offers no TLS"),
        (b"", ErrorKind::Unavailable, "no TLS connection"),
        (b"S+OK\r\n", ErrorKind::Unavailable, "no TLS connection"),
    ] {
        let (server, served) = serve(move |mut stream| {
            let mut request = [0; 8];
            stream.read_exact(&mut request).unwrap();
            assert_eq!(request, [0, 0, 0, 8, 4, 210, 22, 47]);
            stream.write_all(answer).unwrap();
            if !answer.is_empty() {
                wait_for_end(stream);
            }
        });
        let tls = TcpTls::default().with_postgres_request();
        let authority = Certificates::default().authority();
        let tls = tls.with_authorities(authority.as_bytes()).unwrap();
        let granted = grant(&server).with_tls(&tls).unwrap();
        let (kind, text) = refused(&redis(&server, granted, LONG).await).await;
        assert_eq!(kind, expected, "{answer:?}: {text}");
        assert!(text.contains(words), "{answer:?}: {text}");
        served.join().unwrap();
    }
}
