//! One HTTP request, for what a server has to be told before a test. No test is about this client.

use std::{
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpStream},
};

/// Sends it, and fails unless the answer is one of success.
pub(super) fn tell(server: SocketAddr, method: &str, target: &str, json: &str) {
    let answer = ask(server, method, target, json);
    assert!(status(&answer).starts_with('2'), "{method} {target}: {answer}");
}

/// Sends it, and gives all of the answer.
pub(super) fn ask(server: SocketAddr, method: &str, target: &str, json: &str) -> String {
    let mut stream = TcpStream::connect(server).expect("it listens");
    let length = json.len();
    write!(
        stream,
        "{method} {target} HTTP/1.1\r\nhost: {server}\r\nconnection: close\r\n\
         content-type: application/json\r\ncontent-length: {length}\r\n\r\n{json}"
    )
    .expect("it reads");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).expect("it answers");
    String::from_utf8_lossy(&answer).into_owned()
}

/// The three digits of an answer.
pub(super) fn status(answer: &str) -> &str {
    answer.split(' ').nth(1).unwrap_or_default()
}

/// The address in a URL such as [`super::Server::url`] gives.
pub(super) fn address(url: &str) -> SocketAddr {
    let address = url.strip_prefix("http://").and_then(|address| address.parse().ok());
    address.expect("a URL of an address and nothing more")
}
