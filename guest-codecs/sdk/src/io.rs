//! Buffers as `std::io` knows bytes, so that any crate that reads and writes streams can be a codec.

use std::io::{self, BufRead, Read, Write};

use crate::{Buffer, Writer};

/// How many bytes cross between host and plugin at once: enough that crossing costs little, few enough
/// that a fresh instance touches little memory.
pub const CHUNK: usize = 64 << 10;

impl Buffer {
    /// Reads the bytes in pieces.
    pub fn reader(&self) -> Reader<'_> {
        Reader { buffer: self, offset: 0, chunk: Vec::new(), used: 0 }
    }

    /// The SHA-256 of all bytes as hexadecimal digits, as claims and keys have it.
    pub fn sha256_hex(&self) -> String {
        self.sha256().iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// Copies all bytes into the plugin's memory. For small payloads, or where there is no other way.
    pub fn to_vec(&self) -> Vec<u8> {
        let count = u32::try_from(self.length()).unwrap_or(u32::MAX);
        self.read(0, count)
    }
}

/// Reads a buffer in pieces of [`CHUNK`] bytes.
pub struct Reader<'a> {
    buffer: &'a Buffer,
    offset: u64,
    chunk: Vec<u8>,
    used: usize,
}

impl Reader<'_> {
    fn fetch(&mut self) -> Vec<u8> {
        let chunk = self.buffer.read(self.offset, CHUNK as u32);
        self.offset += chunk.len() as u64;
        chunk
    }
}

impl Read for Reader<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let count = self.fill_buf()?.read(out)?;
        self.consume(count);
        Ok(count)
    }
}

impl BufRead for Reader<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.used == self.chunk.len() {
            self.chunk = self.fetch();
            self.used = 0;
        }
        Ok(self.chunk.get(self.used..).unwrap_or_default())
    }

    fn consume(&mut self, count: usize) {
        self.used = self.chunk.len().min(self.used + count);
    }
}

/// Builds a buffer in the host from what is written, in pieces of [`CHUNK`] bytes.
pub struct Output {
    writer: Writer,
    chunk: Vec<u8>,
}

impl Output {
    /// Nothing yet.
    pub fn new() -> Self {
        Self { writer: Writer::new(), chunk: Vec::new() }
    }

    /// What was written.
    pub fn finish(mut self) -> Buffer {
        self.pass_on();
        Writer::finish(self.writer)
    }

    fn pass_on(&mut self) {
        if !self.chunk.is_empty() {
            self.writer.write(&self.chunk);
            self.chunk.clear();
        }
    }
}

impl Default for Output {
    fn default() -> Self {
        Self::new()
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if CHUNK <= self.chunk.len() + bytes.len() {
            self.pass_on();
        }
        if CHUNK <= bytes.len() {
            self.writer.write(bytes);
        } else {
            self.chunk.extend_from_slice(bytes);
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.pass_on();
        Ok(())
    }
}
