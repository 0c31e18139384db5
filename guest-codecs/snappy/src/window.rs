//! The last bytes that a decoder wrote, which copies refer to.

use std::io::{self, Read, Write};

use super::malformed::malformed;

/// The largest offset of a copy. The format has room for 4 GiB. Known encoders stay below 64 KiB, because
/// they compress pieces of that size independently.
const REACH: usize = 1 << 20;

/// Bytes that are written at once.
const BATCH: usize = 64 << 10;

/// Writes to `output` and keeps the last bytes.
pub(crate) struct Window<W> {
    output: W,
    recent: Vec<u8>,
    /// Bytes of `recent` that are written to `output`.
    written: usize,
    /// Bytes that the block still has to hold, by its own length.
    left: u64,
}

impl<W: Write> Window<W> {
    pub(crate) fn new(output: W, length: u64) -> Self {
        Self { output, recent: Vec::new(), written: 0, left: length }
    }

    /// Writes `length` bytes of `input`.
    ///
    /// # Errors
    /// If `input` ends before, or the block would be longer than it says.
    pub(crate) fn literal(&mut self, input: &mut impl Read, mut length: u64) -> io::Result<()> {
        self.take_length(length)?;
        while length > 0 {
            let piece = length.min(BATCH as u64);
            let got = input.take(piece).read_to_end(&mut self.recent)?;
            if (got as u64) < piece {
                return Err(malformed("the snappy block is cut short"));
            }
            length -= piece;
            self.write_batch()?;
        }
        Ok(())
    }

    /// Repeats `length` bytes, at most 64, from `offset` bytes back. They may overlap the bytes that they
    /// produce: an offset of 1 repeats one byte.
    ///
    /// # Errors
    /// If there are no such bytes, or the block would be longer than it says.
    pub(crate) fn copy(&mut self, offset: u64, length: u64) -> io::Result<()> {
        self.take_length(length)?;
        let nowhere = || malformed("a snappy copy of what is not there");
        let (offset, mut length) = (offset as usize, length as usize);
        let start =
            self.recent.len().checked_sub(offset).filter(|_| offset != 0).ok_or_else(nowhere)?;
        while length > 0 {
            let piece = length.min(self.recent.len() - start);
            self.recent.extend_from_within(start..start + piece);
            length -= piece;
        }
        self.write_batch()
    }

    /// Writes the rest.
    ///
    /// # Errors
    /// If the block holds less than it says.
    pub(crate) fn finish(mut self) -> io::Result<()> {
        if self.left != 0 {
            return Err(malformed("a snappy block of another length"));
        }
        let rest = self.recent.get(self.written..).unwrap_or_default();
        self.output.write_all(rest)
    }

    fn take_length(&mut self, length: u64) -> io::Result<()> {
        let left = self.left.checked_sub(length);
        self.left = left.ok_or_else(|| malformed("a snappy block of another length"))?;
        Ok(())
    }

    /// Writes full batches, and drops bytes that no copy can refer to any more.
    fn write_batch(&mut self) -> io::Result<()> {
        let waiting = self.recent.get(self.written..).unwrap_or_default();
        if waiting.len() < BATCH {
            return Ok(());
        }
        self.output.write_all(waiting)?;
        // Twice the reach, so that bytes are moved once for each megabyte, not for each batch.
        if self.recent.len() > 2 * REACH {
            self.recent.drain(..self.recent.len() - REACH);
        }
        self.written = self.recent.len();
        Ok(())
    }
}
