//! A codec server on loopback, and bytes sent to it as they are.

use std::{
    io::{self, ErrorKind, Read as _, Write as _},
    net::{Ipv4Addr, Shutdown, SocketAddr, TcpStream},
    sync::mpsc,
    time::Duration,
};

use cloakroom_temporal::server::{Auth, CodecServer, ServerSettings};
use cloakroom_tests::PATIENCE;
use tokio::net::TcpListener;

use crate::promise::runtime;

/// Serves until the process ends. Its pipeline has no stages.
pub(crate) fn serve(access: Auth) -> SocketAddr {
    let pipeline = cloakroom_tests::pipeline().build().expect("a pipeline");
    let mut settings = ServerSettings::default();
    settings.auth = access;
    let server = CodecServer::new(pipeline, settings);
    let (tell, told) = mpsc::channel();
    runtime().spawn(async move {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("listens");
        tell.send(listener.local_addr().expect("an address")).expect("somebody waits");
        server.serve(listener, std::future::pending()).await.expect("serves");
    });
    told.recv().expect("an address")
}

/// Time that the server gets before the client shuts down its side of the connection. The server
/// then gives up the request in work. So the pause affects coverage only, not correctness.
const PAUSE: Duration = Duration::from_millis(5);

/// Sends bytes and, after a pause, the end of them. Returns what came back until the server hung up.
pub(crate) fn exchange(server: SocketAddr, sent: &[u8]) -> Vec<u8> {
    let mut stream = connect(server, PAUSE);
    // Whoever refuses early may hang up before it has read everything.
    let _ = stream.write_all(sent);
    let mut answer = Vec::new();
    if is_late(stream.read_to_end(&mut answer)) {
        let _ = stream.shutdown(Shutdown::Write);
        stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        assert!(!is_late(stream.read_to_end(&mut answer)), "the server does not hang up");
    }
    answer
}

fn connect(server: SocketAddr, timeout: Duration) -> TcpStream {
    let stream = TcpStream::connect(server).expect("takes connections");
    stream.set_read_timeout(Some(timeout)).expect("a timeout");
    stream
}

fn is_late(read: io::Result<usize>) -> bool {
    let late = [ErrorKind::WouldBlock, ErrorKind::TimedOut];
    read.is_err_and(|error| late.contains(&error.kind()))
}

/// Asks for no payloads to be encoded, as an honest client does. Returns the status.
pub(crate) fn ask(server: SocketAddr, token: &str) -> u16 {
    let body = "{\"payloads\":[]}";
    let request = format!(
        "POST /encode HTTP/1.1\r\nhost: {server}\r\nauthorization: Bearer {token}\r\n\
         content-type: application/json\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    let mut stream = connect(server, PATIENCE);
    stream.write_all(request.as_bytes()).expect("takes a request");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).expect("answers");
    let status = answer.get(9..12).and_then(|status| std::str::from_utf8(status).ok());
    status.and_then(|status| status.parse().ok()).unwrap_or_default()
}
