//! A TCP forwarder that measures the gRPC messages that pass, over HTTP/2 without TLS.

use std::{
    collections::HashMap,
    io::{Read, Write as _},
    net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread,
};

/// Bytes that a client sends before its first frame.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// Length, type, flags and stream of a frame.
const FRAME_HEAD: usize = 9;

/// A flag and a length stand before each message of gRPC.
const MESSAGE_HEAD: usize = 5;

/// A forwarder. It serves for as long as this process lives.
pub struct Tap {
    address: SocketAddr,
    sent: Sizes,
    received: Sizes,
}

type Sizes = Arc<Mutex<Vec<usize>>>;

impl Tap {
    /// Starts one before a server.
    pub fn before(server: &str) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
        let address = listener.local_addr().expect("an address");
        let tap = Self { address, sent: Arc::default(), received: Arc::default() };
        let (server, sent, received) = (server.to_owned(), tap.sent.clone(), tap.received.clone());
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                // A server that is down: the client sees its connection closed.
                let Ok(server) = TcpStream::connect(&server) else { continue };
                let pair = |from: &TcpStream, to: &TcpStream| {
                    (from.try_clone().expect("a handle"), to.try_clone().expect("a handle"))
                };
                forward(pair(&client, &server), PREFACE.len(), sent.clone());
                forward(pair(&server, &client), 0, received.clone());
            }
        });
        tap
    }

    /// Returns the host and port where clients find it.
    pub fn target(&self) -> String {
        self.address.to_string()
    }

    /// Returns the bytes of each message that clients sent.
    pub fn sent(&self) -> Vec<usize> {
        sizes(&self.sent).clone()
    }

    /// Returns the bytes of each message that clients were sent.
    pub fn received(&self) -> Vec<usize> {
        sizes(&self.received).clone()
    }

    /// Returns the bytes of the largest message each way: sent, and received.
    pub fn largest(&self) -> (usize, usize) {
        let largest = |all: Vec<usize>| all.into_iter().max().unwrap_or(0);
        (largest(self.sent()), largest(self.received()))
    }
}

fn sizes(sizes: &Sizes) -> MutexGuard<'_, Vec<usize>> {
    sizes.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Copies until one side ends, and measures what comes after the first bytes.
fn forward((mut from, mut to): (TcpStream, TcpStream), preface: usize, seen: Sizes) {
    thread::spawn(move || {
        let (mut meter, mut bytes) = (Meter::new(preface, seen), [0; 1 << 16]);
        while let Ok(count @ 1..) = from.read(&mut bytes) {
            meter.take(&bytes[..count]);
            if to.write_all(&bytes[..count]).is_err() {
                break;
            }
        }
        for stream in [from, to] {
            let _ = stream.shutdown(Shutdown::Both);
        }
    });
}

/// The messages of one direction of a connection.
struct Meter {
    skip: usize,
    bytes: Vec<u8>,
    streams: HashMap<u32, Message>,
    seen: Sizes,
}

/// The message of a stream that has begun.
#[derive(Default)]
struct Message {
    head: Vec<u8>,
    left: usize,
}

impl Meter {
    fn new(skip: usize, seen: Sizes) -> Self {
        Self { skip, bytes: Vec::new(), streams: HashMap::new(), seen }
    }

    fn take(&mut self, bytes: &[u8]) {
        let skipped = self.skip.min(bytes.len());
        self.skip -= skipped;
        self.bytes.extend_from_slice(&bytes[skipped..]);
        while let Some(head) = self.bytes.first_chunk::<FRAME_HEAD>() {
            let length = u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize;
            let (kind, flags) = (head[3], head[4]);
            let stream = u32::from_be_bytes([head[5], head[6], head[7], head[8]]);
            if self.bytes.len() < FRAME_HEAD + length {
                return;
            }
            let frame: Vec<u8> = self.bytes.drain(..FRAME_HEAD + length).skip(FRAME_HEAD).collect();
            // Only data, which nobody here pads.
            if kind == 0 {
                assert_eq!(flags & 8, 0, "a padded frame");
                self.data(stream, &frame);
            }
        }
    }

    fn data(&mut self, stream: u32, mut bytes: &[u8]) {
        let message = self.streams.entry(stream).or_default();
        while !bytes.is_empty() {
            let wanted =
                if message.left > 0 { message.left } else { MESSAGE_HEAD - message.head.len() };
            let (taken, rest) = bytes.split_at(wanted.min(bytes.len()));
            bytes = rest;
            if message.left > 0 {
                message.left -= taken.len();
                continue;
            }
            message.head.extend_from_slice(taken);
            if let Ok([_, length @ ..]) = <[u8; MESSAGE_HEAD]>::try_from(&*message.head) {
                message.left = u32::from_be_bytes(length) as usize;
                message.head.clear();
                sizes(&self.seen).push(message.left);
            }
        }
    }
}
