//! Buffers as `std::io` reads bytes.

use std::io::{self, BufRead, Read};

use crate::{Buffer, BufferWriter, CHUNK};

impl Buffer {
    /// Returns a reader of the bytes, which copies [`CHUNK`] bytes at a time.
    #[must_use]
    pub fn reader(&self) -> BufferReader<'_> {
        BufferReader { buffer: self, offset: 0, chunk: Vec::new(), used: 0, at_end: false }
    }

    /// Streams the bytes through `transform` into a new buffer. Whatever the payload's size, the plugin
    /// holds two chunks of it.
    ///
    /// ```
    /// use std::io;
    ///
    /// use cloakroom_guest::Buffer;
    ///
    /// let copy = Buffer::new(b"cloakroom").transform(|mut input, output| {
    ///     io::copy(&mut input, output).map(drop)
    /// })?;
    /// assert_eq!(copy.to_vec(), b"cloakroom");
    /// # Ok::<(), io::Error>(())
    /// ```
    ///
    /// # Errors
    /// Those of `transform`. What was written until then is discarded.
    pub fn transform(
        &self,
        transform: impl FnOnce(BufferReader<'_>, &mut BufferWriter) -> io::Result<()>,
    ) -> io::Result<Self> {
        let mut output = BufferWriter::new();
        transform(self.reader(), &mut output)?;
        Ok(output.finish())
    }

    /// Returns the SHA-256 of all bytes as hexadecimal digits, as claims and keys have it.
    #[must_use]
    pub fn sha256_hex(&self) -> String {
        self.sha256().iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// Copies all bytes into the plugin's memory. For small payloads, or where there is no other way.
    #[must_use]
    pub fn to_vec(&self) -> Vec<u8> {
        // A buffer of 4 GiB fits no plugin: the read stops at what does.
        self.read(0, u32::MAX)
    }
}

/// Reads a [`Buffer`] in chunks of [`CHUNK`] bytes.
///
/// ```
/// use std::io::{BufRead, Read};
///
/// use cloakroom_guest::Buffer;
///
/// let buffer = Buffer::new(b"first\nsecond");
/// let mut reader = buffer.reader();
/// let mut line = String::new();
/// reader.read_line(&mut line)?;
/// assert_eq!(line, "first\n");
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct BufferReader<'a> {
    buffer: &'a Buffer,
    offset: u64,
    chunk: Vec<u8>,
    used: usize,
    at_end: bool,
}

impl BufferReader<'_> {
    fn next_chunk(&mut self) -> Vec<u8> {
        let chunk = self.buffer.read(self.offset, CHUNK as u32);
        self.offset += chunk.len() as u64;
        // Fewer bytes than were asked for are the last ones: asking again would be a call for nothing.
        self.at_end = chunk.len() < CHUNK;
        chunk
    }
}

impl Read for BufferReader<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let count = self.fill_buf()?.read(out)?;
        self.consume(count);
        Ok(count)
    }
}

impl BufRead for BufferReader<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.used == self.chunk.len() && !self.at_end {
            self.chunk = self.next_chunk();
            self.used = 0;
        }
        Ok(self.chunk.get(self.used..).unwrap_or_default())
    }

    fn consume(&mut self, count: usize) {
        self.used = self.chunk.len().min(self.used + count);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_all_bytes_around_the_ends_of_chunks() {
        for length in [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK] {
            let bytes: Vec<u8> = (0..length).map(|index| index as u8).collect();
            let mut read = Vec::new();
            Buffer::new(&bytes).reader().read_to_end(&mut read).unwrap();
            assert!(read == bytes, "{length}");
        }
    }

    #[test]
    fn stays_at_the_end() {
        let buffer = Buffer::new(b"abc");
        let mut reader = buffer.reader();
        reader.read_to_end(&mut Vec::new()).unwrap();
        assert_eq!(reader.fill_buf().unwrap(), b"");
        assert_eq!(reader.read(&mut [0; 8]).unwrap(), 0);
    }
}
