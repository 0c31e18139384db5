//! One HTTP request, for what a server has to be told before a test. No test is about this client.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{SocketAddr, TcpStream},
};

/// Sends it, and fails unless the answer is one of success.
///
/// It reads no further than it has to: some servers take a second until they close a connection.
pub(super) fn tell(server: SocketAddr, method: &str, target: &str, json: &str) {
    send(server, method, target, json);
}

/// Sends it, and returns the whole answer.
pub(super) fn ask(server: SocketAddr, target: &str) -> String {
    let (mut stream, mut answer) = send(server, "GET", target, "");
    stream.read_to_string(&mut answer).expect("it answers");
    answer
}

/// Returns the body of an answer of success, if there is one.
pub(super) fn body(server: SocketAddr, target: &str) -> Option<String> {
    let mut stream = TcpStream::connect(server).ok()?;
    // In this version of the protocol a body comes in one piece.
    write!(stream, "GET {target} HTTP/1.0\r\nhost: {server}\r\n\r\n").ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    let (head, body) = answer.split_once("\r\n\r\n")?;
    head.split(' ').nth(1)?.starts_with('2').then(|| body.to_owned())
}

/// Sends a request with these headers, a line each, and returns the status and the body, if it is answered.
pub(super) fn exchange(
    server: SocketAddr,
    method: &str,
    target: &str,
    headers: &str,
    body: &str,
) -> Option<(u16, String)> {
    let mut stream = TcpStream::connect(server).ok()?;
    let length = body.len();
    // In this version of the protocol a body comes in one piece.
    let head =
        format!("{method} {target} HTTP/1.0\r\nhost: {server}\r\ncontent-length: {length}\r\n");
    write!(stream, "{head}{headers}\r\n{body}").ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    let (head, body) = answer.split_once("\r\n\r\n")?;
    Some((head.split(' ').nth(1)?.parse().ok()?, body.to_owned()))
}

fn send(
    server: SocketAddr,
    method: &str,
    target: &str,
    json: &str,
) -> (BufReader<TcpStream>, String) {
    let mut stream = TcpStream::connect(server).expect("it listens");
    let length = json.len();
    write!(
        stream,
        "{method} {target} HTTP/1.1\r\nhost: {server}\r\nconnection: close\r\n\
         content-type: application/json\r\ncontent-length: {length}\r\n\r\n{json}"
    )
    .expect("it reads");
    let (mut stream, mut answer) = (BufReader::new(stream), String::new());
    stream.read_line(&mut answer).expect("it answers");
    if !answer.split(' ').nth(1).is_some_and(|status| status.starts_with('2')) {
        let _ = stream.read_to_string(&mut answer);
        panic!("{method} {target}: {answer}");
    }
    (stream, answer)
}

/// The address in a URL such as [`super::Server::url`] gives.
pub(super) fn address(url: &str) -> SocketAddr {
    let address = url.strip_prefix("http://").and_then(|address| address.parse().ok());
    address.expect("a URL of an address and nothing more")
}
