//! Buffers as `std::io` writes bytes.

use std::{
    fmt,
    io::{self, Write},
    mem,
};

use crate::{Buffer, CHUNK, Writer};

/// Builds a [`Buffer`] in the host from written bytes, in chunks of [`CHUNK`] bytes.
///
/// Writing never fails: the host ends a call that writes more than its limit.
///
/// ```
/// use std::io::Write;
///
/// use cloakroom_guest::BufferWriter;
///
/// let mut writer = BufferWriter::new();
/// write!(writer, "{} coats", 3)?;
/// assert_eq!(writer.finish().to_vec(), b"3 coats");
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Default)]
pub struct BufferWriter {
    /// Opened when the first chunk is full: a small buffer is made in one call instead of three.
    writer: Option<Writer>,
    chunk: Vec<u8>,
}

impl BufferWriter {
    /// Creates a writer of an empty buffer.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Appends a buffer. Its bytes do not pass through the plugin.
    pub fn append(&mut self, buffer: &Buffer) {
        self.send_chunk();
        self.writer.get_or_insert_with(Writer::new).append(buffer);
    }

    /// Returns the written bytes.
    #[must_use]
    pub fn finish(mut self) -> Buffer {
        match self.writer.take() {
            None => Buffer::new(&self.chunk),
            Some(writer) => {
                if !self.chunk.is_empty() {
                    writer.write(&self.chunk);
                }
                Writer::finish(writer)
            }
        }
    }

    fn send_chunk(&mut self) {
        if !self.chunk.is_empty() {
            let mut chunk = mem::take(&mut self.chunk);
            self.send(&chunk);
            // The chunk's memory is used again: a fresh instance pays for each page that it touches.
            chunk.clear();
            self.chunk = chunk;
        }
    }

    fn send(&mut self, bytes: &[u8]) {
        self.writer.get_or_insert_with(Writer::new).write(bytes);
    }
}

impl Write for BufferWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.chunk.len() + bytes.len() >= CHUNK {
            self.send_chunk();
        }
        if bytes.len() >= CHUNK {
            self.send(bytes);
        } else {
            self.chunk.extend_from_slice(bytes);
        }
        Ok(bytes.len())
    }

    /// Does nothing: nobody sees the buffer before it is finished.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl fmt::Debug for BufferWriter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BufferWriter").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_every_byte_in_order() {
        for piece in [1, 1000, CHUNK - 1, CHUNK, CHUNK + 1] {
            let bytes: Vec<u8> = (0..3 * CHUNK + 5).map(|index| index as u8).collect();
            let mut writer = BufferWriter::new();
            bytes.chunks(piece).for_each(|piece| writer.write_all(piece).unwrap());
            assert!(writer.finish().to_vec() == bytes, "{piece}");
        }
        assert_eq!(BufferWriter::new().finish().length(), 0);
    }

    #[test]
    fn appends_between_writes() {
        let mut writer = BufferWriter::new();
        writer.write_all(b"a").unwrap();
        writer.append(&Buffer::new(b"b"));
        writer.write_all(b"c").unwrap();
        assert_eq!(writer.finish().to_vec(), b"abc");
    }
}
