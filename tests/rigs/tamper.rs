//! A proxy that spoils what it hands on.

use std::{
    collections::BTreeSet,
    io::{self, BufReader, Read as _, Write as _},
    net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Condvar, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering::SeqCst},
    },
    thread,
};

/// Nothing is that far into a body.
const NEVER: u64 = u64::MAX;

/// A proxy of one test's own, in front of a server that speaks HTTP/1.1. It spoils nothing until a
/// method sets a fault. It never changes the header `host`, which is signed.
///
/// It serves one request per connection. Offsets count bytes of a body that has a length: in a
/// chunked body the framing would be spoilt.
pub struct Tamper {
    address: SocketAddr,
    does: Arc<Does>,
}

struct Does {
    upstream: SocketAddr,
    cut: AtomicU64,
    flip: AtomicU64,
    flipped: AtomicU64,
    down: AtomicBool,
    refused: AtomicU64,
    spoil_writes: AtomicBool,
    resets: AtomicU64,
    deny_overwrites: AtomicBool,
    deny_looking: AtomicBool,
    hang: Mutex<bool>,
    released: Condvar,
    /// The method of each request that came, in order.
    seen: Mutex<Vec<String>>,
    /// The path of each GET.
    wanted: Mutex<BTreeSet<String>>,
}

/// Requests that hang go on: a worker that ends after a test has failed waits for its downloads.
impl Drop for Tamper {
    fn drop(&mut self) {
        self.hang(false);
    }
}

impl Tamper {
    /// Starts one. Its thread lives as long as the process.
    pub fn new(upstream: SocketAddr) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
        let address = listener.local_addr().expect("an address");
        let (cut, flip) = (AtomicU64::new(NEVER), AtomicU64::new(NEVER));
        let does = Arc::new(Does {
            upstream,
            cut,
            flip,
            flipped: AtomicU64::default(),
            down: AtomicBool::default(),
            refused: AtomicU64::default(),
            spoil_writes: AtomicBool::default(),
            resets: AtomicU64::default(),
            deny_overwrites: AtomicBool::default(),
            deny_looking: AtomicBool::default(),
            hang: Mutex::default(),
            released: Condvar::new(),
            seen: Mutex::default(),
            wanted: Mutex::default(),
        });
        let shared = Arc::clone(&does);
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let does = Arc::clone(&shared);
                // What breaks off is what the test is about.
                thread::spawn(move || does.serve(client));
            }
        });
        Self { address, does }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The same as a URL.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// From now on the connection ends after so many bytes of the body of an answer to GET.
    pub fn cut(&self, after: Option<u64>) {
        self.does.cut.store(after.unwrap_or(NEVER), SeqCst);
    }

    /// From now on this byte of such a body is another, where the body is that long.
    pub fn flip(&self, at: Option<u64>) {
        self.does.flip.store(at.unwrap_or(NEVER), SeqCst);
    }

    /// Returns the number of bodies that were answered with such a byte.
    pub fn flipped(&self) -> u64 {
        self.does.flipped.load(SeqCst)
    }

    /// From now on every connection is closed at once, or none is.
    pub fn down(&self, down: bool) {
        self.does.down.store(down, SeqCst);
    }

    /// Returns the number of connections that were closed at once.
    pub fn refused(&self) -> u64 {
        self.does.refused.load(SeqCst)
    }

    /// From now on requests are taken and not answered, until this is switched off.
    pub fn hang(&self, hang: bool) {
        *self.does.hang.lock().expect("no panic") = hang;
        self.does.released.notify_all();
    }

    /// From now on the first byte of what is PUT is another, or none is.
    pub fn spoil_writes(&self, spoil: bool) {
        self.does.spoil_writes.store(spoil, SeqCst);
    }

    /// The connections of the next PUTs, so many of them, are reset while their body comes in.
    pub fn reset_writes(&self, count: u64) {
        self.does.resets.store(count, SeqCst);
    }

    /// Returns how many PUTs are still to be reset.
    pub fn resets(&self) -> u64 {
        self.does.resets.load(SeqCst)
    }

    /// From now on a PUT is denied that does not leave alone what is there, or none is.
    pub fn deny_overwrites(&self, deny: bool) {
        self.does.deny_overwrites.store(deny, SeqCst);
    }

    /// From now on HEAD is denied, or is not.
    pub fn deny_looking(&self, deny: bool) {
        self.does.deny_looking.store(deny, SeqCst);
    }

    /// The methods of the requests that came since this was asked last.
    pub fn seen(&self) -> Vec<String> {
        std::mem::take(&mut *self.does.seen.lock().expect("no panic"))
    }

    /// Returns the paths of all GETs so far.
    pub fn wanted(&self) -> BTreeSet<String> {
        self.does.wanted.lock().expect("no panic").clone()
    }
}

/// Answer of S3 to a request that a policy denies.
const DENIED: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>AccessDenied</Code>\
    <Message>Access Denied</Message><RequestId>17</RequestId></Error>";

impl Does {
    fn serve(&self, client: TcpStream) -> io::Result<()> {
        if self.down.load(SeqCst) {
            self.refused.fetch_add(1, SeqCst);
            return client.shutdown(Shutdown::Both);
        }
        if self.resets.load(SeqCst) > 0 && is_write_under_way(&client)? {
            self.resets.fetch_sub(1, SeqCst);
            // What is not read turns the end of the connection into a reset.
            return Ok(());
        }
        let mut request = BufReader::new(client.try_clone()?);
        let head = head(&mut request)?;
        let method = head.split(' ').next().unwrap_or_default();
        self.seen.lock().expect("no panic").push(method.to_owned());
        if method == "GET" {
            let path = head.split(' ').nth(1).unwrap_or_default();
            self.wanted.lock().expect("no panic").insert(path.to_owned());
        }
        let hangs = self.hang.lock().expect("no panic");
        drop(self.released.wait_while(hangs, |hangs| *hangs).expect("no panic"));
        if method == "HEAD" && self.deny_looking.load(SeqCst) {
            let answer = "HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
            (&client).write_all(answer.as_bytes())?;
            return client.shutdown(Shutdown::Both);
        }
        if method == "PUT" && self.deny_overwrites.load(SeqCst) && !is_conditional(&head) {
            return deny(&mut request, &client, &head);
        }
        let upstream = TcpStream::connect(self.upstream)?;
        let mut to = upstream.try_clone()?;
        to.write_all(alone(&head).as_bytes())?;
        if method == "PUT" && self.spoil_writes.load(SeqCst) {
            let mut first = Vec::new();
            (&mut request).take(body_len(&head).min(1)).read_to_end(&mut first)?;
            first.iter_mut().for_each(|byte| *byte ^= 0xff);
            to.write_all(&first)?;
        }
        thread::spawn(move || io::copy(&mut request, &mut to));
        let mut answer = BufReader::new(upstream.try_clone()?);
        let done = match head.starts_with("GET ") {
            true => self.spoil(&mut answer, &client),
            false => io::copy(&mut answer, &mut &client).map(drop),
        };
        // Both ways: the thread that copies the request ends by it.
        let _ = upstream.shutdown(Shutdown::Both);
        let _ = client.shutdown(Shutdown::Both);
        done
    }

    fn spoil(&self, answer: &mut impl io::BufRead, mut client: &TcpStream) -> io::Result<()> {
        client.write_all(head(answer)?.as_bytes())?;
        let mut body = answer.take(self.cut.load(SeqCst));
        let flip = self.flip.load(SeqCst);
        if flip == NEVER {
            return io::copy(&mut body, &mut client).map(drop);
        }
        io::copy(&mut (&mut body).take(flip), &mut client)?;
        let mut byte = Vec::new();
        (&mut body).take(1).read_to_end(&mut byte)?;
        byte.iter_mut().for_each(|byte| *byte ^= 0xff);
        client.write_all(&byte)?;
        self.flipped.fetch_add(byte.len() as u64, SeqCst);
        io::copy(&mut body, &mut client).map(drop)
    }
}

/// Waits for a request, reading nothing of it, and returns whether it is a PUT of which a part of the
/// body has come.
fn is_write_under_way(client: &TcpStream) -> io::Result<bool> {
    let mut seen = [0; 8 << 10];
    loop {
        let length = client.peek(&mut seen)?;
        let come = &seen[..length];
        if length >= 4 && !come.starts_with(b"PUT ") {
            return Ok(false);
        }
        let head = come.windows(4).position(|end| end == b"\r\n\r\n");
        if length == 0 || head.is_some_and(|head| head + 4 < length) {
            return Ok(length > 0);
        }
        thread::yield_now();
    }
}

/// Returns whether a request writes only where nothing is.
fn is_conditional(head: &str) -> bool {
    head.lines().any(|line| line.to_ascii_lowercase().starts_with("if-none-match:"))
}

fn body_len(head: &str) -> u64 {
    let length =
        |line: &str| line.to_ascii_lowercase().strip_prefix("content-length:")?.trim().parse().ok();
    head.lines().find_map(length).unwrap_or(0)
}

/// Reads the body first: a client that still writes would miss the answer.
fn deny(request: &mut impl io::Read, mut client: &TcpStream, head: &str) -> io::Result<()> {
    io::copy(&mut request.take(body_len(head)), &mut io::sink())?;
    let length = DENIED.len();
    write!(
        client,
        "HTTP/1.1 403 Forbidden\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{DENIED}"
    )?;
    client.shutdown(Shutdown::Both)
}

/// All up to the empty line, and with it.
fn head(stream: &mut impl io::BufRead) -> io::Result<String> {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if stream.read_line(&mut head)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
    Ok(head)
}

/// The same head, of a request that is the last on its connection.
fn alone(head: &str) -> String {
    let kept = |line: &&str| !line.to_ascii_lowercase().starts_with("connection:");
    let lines: Vec<_> = head.trim_end().split("\r\n").filter(kept).collect();
    format!("{}\r\nconnection: close\r\n\r\n", lines.join("\r\n"))
}
