//! HTTP by hand: tests send what no well-behaved client does.

use std::{
    io::{BufRead as _, BufReader, Read, Write},
    net::{SocketAddr, TcpStream},
};

use cloakroom_tests::{PATIENCE, assert_text, without_slot};
use expect_test::Expect;

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: String,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.lines().find_map(|line| {
            let (found, value) = line.split_once(':')?;
            found.eq_ignore_ascii_case(name).then_some(value.trim())
        })
    }

    /// This status, and one line that says so much.
    #[track_caller]
    pub(crate) fn says(&self, status: u16, part: &str) {
        assert_eq!(self.status, status, "{self:?}");
        assert!(self.body.contains(part), "no `{part}` in {:?}", self.body);
        assert_eq!(self.body.trim_end().lines().count(), 1, "{:?}", self.body);
    }

    /// This status, and one line of text that states these facts.
    #[track_caller]
    pub(crate) fn refuses(&self, status: u16, facts: &[&str], snapshot: &Expect) {
        assert_eq!(self.status, status, "{self:?}");
        assert_eq!(self.body.trim_end().lines().count(), 1, "{:?}", self.body);
        for fact in facts {
            assert!(self.body.contains(fact), "no `{fact}` in {:?}", self.body);
        }
        assert_text(&without_slot(&self.body), &[], snapshot);
    }
}

/// Sends a request and reads the answer to its end.
pub(crate) fn ask(
    server: SocketAddr,
    request: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> Answer {
    let mut head = format!("{request} HTTP/1.1\r\nhost: {server}\r\nconnection: close\r\n");
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str(&format!("content-length: {}\r\n\r\n", body.len()));
    let mut stream = connect(server);
    // Whoever refuses early may hang up before it has read everything.
    let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body));
    read(stream)
}

/// `POST` of Payloads JSON with these headers.
pub(crate) fn post(server: SocketAddr, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
    ask(server, &format!("POST {path}"), headers, body.as_bytes())
}

pub(crate) fn connect(server: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(server).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

/// Announces a body of so many bytes for `/decode`. It is asked for when the request is in work.
pub(crate) fn announce(server: SocketAddr, headers: &[(&str, &str)], bytes: usize) -> TcpStream {
    let mut head = format!("POST /decode HTTP/1.1\r\nhost: {server}\r\nconnection: close\r\n");
    for (name, value) in headers.iter().chain(&[("expect", "100-continue")]) {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str(&format!("content-length: {bytes}\r\n\r\n"));
    let mut stream = connect(server);
    stream.write_all(head.as_bytes()).unwrap();
    let mut asked = [0; b"HTTP/1.1 100 Continue\r\n\r\n".len()];
    stream.read_exact(&mut asked).unwrap();
    assert_eq!(&asked, b"HTTP/1.1 100 Continue\r\n\r\n");
    stream
}

/// An answer that was read to its end, if it is whole.
pub(crate) fn parse(answer: &[u8]) -> Option<Answer> {
    let answer = std::str::from_utf8(answer).ok()?;
    let (head, body) = answer.split_once("\r\n\r\n")?;
    let status = head.split(' ').nth(1)?.parse().ok()?;
    let answer = Answer { status, headers: head.to_owned(), body: body.to_owned() };
    let length: usize = answer.header("content-length")?.parse().ok()?;
    (answer.body.len() == length).then_some(answer)
}

pub(crate) fn read(stream: impl Read) -> Answer {
    let (mut stream, mut headers) = (BufReader::new(stream), String::new());
    while !headers.ends_with("\r\n\r\n") {
        assert!(stream.read_line(&mut headers).unwrap() > 0, "no whole answer: {headers:?}");
    }
    let status = headers.split(' ').nth(1).unwrap().parse().unwrap();
    let mut body = String::new();
    stream.read_to_string(&mut body).unwrap();
    Answer { status, headers, body }
}
