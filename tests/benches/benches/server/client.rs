//! A connection that is kept, and asks one thing after another. It does little, so that what is
//! measured is the server.

use std::net::SocketAddr;

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

pub(crate) struct Client {
    stream: TcpStream,
    answer: Vec<u8>,
}

impl Client {
    pub(crate) async fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).await.expect("it listens");
        stream.set_nodelay(true).expect("a socket");
        Self { stream, answer: Vec::with_capacity(1 << 20) }
    }

    /// The body of the answer, which must be one of success.
    pub(crate) async fn ask(&mut self, request: &[u8]) -> &[u8] {
        self.stream.write_all(request).await.expect("it reads");
        self.answer.clear();
        let (start, length) = loop {
            self.more().await;
            if let Some(end) = self.answer.windows(4).position(|four| four == b"\r\n\r\n") {
                break (end + 4, content_length(&self.answer[..end]));
            }
        };
        while self.answer.len() < start + length {
            self.more().await;
        }
        &self.answer[start..start + length]
    }

    async fn more(&mut self) {
        self.answer.reserve(1 << 12);
        let read = self.stream.read_buf(&mut self.answer).await.expect("it answers");
        assert!(read != 0, "the server hung up");
    }
}

/// A request, head and body.
pub(crate) fn request(path: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!(
        "POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n\
         content-length: {length}\r\n\r\n{body}"
    )
    .into_bytes()
}

fn content_length(head: &[u8]) -> usize {
    let head = str::from_utf8(head).expect("a head is text");
    assert_eq!(head.split(' ').nth(1), Some("200"), "{head}");
    let mut headers = head.lines().filter_map(|line| line.split_once(':'));
    let length = headers.find(|(name, _)| name.eq_ignore_ascii_case("content-length"));
    length.and_then(|(_, value)| value.trim().parse().ok()).expect("a length")
}
