//! A WebDAV server: rclone, with a password and no token.

use std::{
    fs,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    process::Command,
    sync::OnceLock,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::{Server, server::from_python};

const USER: &str = "dav";
const PASSWORD: &str = "dav-password";

/// The server. The folder `v1` exists in it, and nothing else.
pub struct WebDav(Server);

/// Returns the server that all tests share.
pub fn webdav() -> &'static WebDav {
    static WEBDAV: OnceLock<WebDav> = OnceLock::new();
    WEBDAV.get_or_init(|| {
        WebDav(Server::start("rclone", |folder, port| {
            let served = folder.join("served");
            fs::create_dir_all(served.join("v1")).expect("a folder");
            let mut rclone: Command = from_python("rclone");
            // No configuration of whoever runs this.
            rclone.arg("--config").arg(folder.join("rclone.conf"));
            rclone.args(["serve", "webdav", "--addr", &format!("127.0.0.1:{port}")]);
            rclone.args(["--user", USER, "--pass", PASSWORD]).arg(served);
            rclone
        }))
    })
}

impl WebDav {
    /// Sends a request with the password, and returns the whole response.
    pub fn exchange(&self, method: &str, path: &str, body: &[u8]) -> Vec<u8> {
        let mut stream = TcpStream::connect(self.0.address()).expect("it listens");
        let login = STANDARD.encode(format!("{USER}:{PASSWORD}"));
        let length = body.len();
        // Without `connection: close`, after which Go resets a connection whose request it has not read.
        let head = format!(
            "{method} {path} HTTP/1.1\r\nhost: dav\r\nauthorization: Basic {login}\r\n\
             content-length: {length}\r\n\r\n"
        );
        stream.write_all(&[head.as_bytes(), body].concat()).expect("it reads");
        let (mut stream, mut response) = (BufReader::new(stream), Vec::new());
        while !response.ends_with(b"\r\n\r\n") {
            assert!(
                stream.read_until(b'\n', &mut response).expect("it answers") > 0,
                "no response"
            );
        }
        let head = String::from_utf8_lossy(&response).to_lowercase();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        let mut body = vec![0; length.map_or(0, |length| length.parse().expect("a length"))];
        stream.read_exact(&mut body).expect("it answers");
        [response, body].concat()
    }
}
